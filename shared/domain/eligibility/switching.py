"""E17: another payer's coverage takes the place of one: what becomes of both, and what speaks against it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from uuid import UUID

from shared.domain.eligibility.dates import is_active
from shared.domain.eligibility.registry import rule
from shared.errors import FieldError
from shared.models.coverage_changes import CoverageChanges, NewCoverage
from shared.models.records import Coverage

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Switch:
    """`replaced` ends before `start`; from then on a coverage on file pays (`replacement`), else one that begins."""

    replaced: Coverage
    start: date
    payer_id: UUID
    payer_kind: str
    replacement: Coverage | None = None
    member_id: str = ""
    plan_name: str | None = None


@rule("E17")
def switched(switch: Switch, new_id: UUID) -> CoverageChanges:
    """E17: the coverage before ends the day before, and stays on file; what pays instead takes over its rank."""
    replaced, rank = replace(switch.replaced, period_end=switch.start - _DAY), switch.replaced.rank
    if switch.replacement is not None:
        taking_over = replace(switch.replacement, rank=min(rank, switch.replacement.rank))
        return CoverageChanges((replaced, taking_over))
    begins = NewCoverage(
        id=new_id,
        replaces=replaced.id,
        payer_id=switch.payer_id,
        member_id=switch.member_id,
        plan_name=switch.plan_name,
        rank=rank,
        period_start=switch.start,
    )
    return CoverageChanges((replaced,), begins)


@rule("E17")
def against_switch(switch: Switch, coverages: Iterable[Coverage]) -> FieldError | None:
    """E17: what speaks against it, by the member of the request that is wrong; None when nothing does."""
    return _against_replaced(switch) or _against_instead(switch) or _against_beside(switch, coverages)


def _against_replaced(switch: Switch) -> FieldError | None:
    old = switch.replaced
    if old.status != "active":
        return FieldError("coverageId", "not_in_force", f"The coverage is {old.status}: there is nothing to replace")
    if old.period_start is not None and switch.start <= old.period_start:
        return FieldError("startDate", "not_after_start", "must lie after the first day of the coverage it replaces")
    if old.period_end is not None and switch.start > old.period_end:
        return FieldError("startDate", "coverage_ended", "must not lie after the last day of the coverage it replaces")
    return None


def _against_instead(switch: Switch) -> FieldError | None:
    member = "payerId" if switch.replacement is None else "replacementCoverageId"
    if switch.payer_id == switch.replaced.payer_id:
        return FieldError(member, "same_payer", "is of the payer that the coverage is of already")
    if switch.payer_kind == "self_pay":
        return FieldError(member, "self_pay", "stands for patients without insurance; it pays nothing")
    instead = switch.replacement
    if instead is not None and (instead.status != "active" or not is_active(instead, switch.start)):
        return FieldError(member, "not_in_force", "is not in force on the start date")
    return None


def _against_beside(switch: Switch, coverages: Iterable[Coverage]) -> FieldError | None:
    """A coverage that begins must not lie beside one of its payer, nor be one that is on file."""
    if switch.replacement is not None:
        return None
    for one in coverages:
        if one.payer_id != switch.payer_id or one.status == "removed":
            continue
        same = (one.member_id, one.period_start) == (switch.member_id, switch.start)
        if same or (one.status == "active" and (one.period_end is None or one.period_end >= switch.start)):
            text = "A coverage of this payer is on file for then: name it in replacementCoverageId"
            return FieldError("payerId", "overlapping_coverage", text)
    return None
