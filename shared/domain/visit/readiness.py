"""Whether a visit is ready, as its own axis beside the status: what the records say, and what people put aside."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from shared.domain import eligibility
from shared.models.records import EligibilityCheck, EligibilityFile, Visit
from shared.models.verdict import Evidence
from shared.models.visit import Readiness, ReadinessReason, ReadinessSource

RULE = "E21"
# What makes a check worthless, and not merely older than 72 hours.
_OVERTAKEN = frozenset({"coverage_edited", "plan_year_turned", "month_turned"})


@dataclass(frozen=True, slots=True)
class HeldReadiness:
    """What a visit holds: see DeskVisit's members of the same names; `unsure` of what no check could decide."""

    readiness: Readiness = "pending"
    reasons: tuple[ReadinessReason, ...] = ()
    source: ReadinessSource = "machine"
    unsure: bool = field(default=False, compare=False)


def readiness_in(situation: eligibility.Situation) -> HeldReadiness:
    """E21: what the newest check about a visit's day says of its readiness. It sets the readiness and blocks nothing.

    Source: the design's rules E04 and E21. The evidence becomes the reasons. Without a check, while one is on its way,
    and when the coverage was edited (or a month or plan year has begun) since, nobody knows: pending. That 72 hours
    have passed changes nothing by itself: it would depend on when somebody looks.
    """
    if situation.in_flight or situation.checked_at is None:
        return HeldReadiness()
    if situation.stale is not None and situation.stale.code in _OVERTAKEN:
        return HeldReadiness("pending", (_reason(situation.stale),))
    found = eligibility.readiness_of(situation.receipt)
    unsure = situation.receipt is not None and situation.receipt.verdict == "undetermined"
    return HeldReadiness(found.state, _reasons(found.reasons), unsure=unsure)


def asked_of(file: EligibilityFile, visit: Visit | None, check: EligibilityCheck | None) -> EligibilityFile:
    """The file as the question of this visit sees it: with the newest check about its day."""
    return replace(file, newest_check=check, context_visit=visit)


def settled(held: HeldReadiness, found: HeldReadiness) -> HeldReadiness | None:
    """What a visit holds after the records say `found`; None when nothing changes.

    An override stands as long as it puts aside what stands in the way: the same reasons, in any order and words. It
    falls when other reasons come, when one of them goes, and when the records find the visit ready by themselves.
    """
    found = _remembering(held, found)
    if held.source == "manual" and found.readiness != "ready" and _codes(held.reasons) == _codes(found.reasons):
        return None
    return None if held == found else found


def _remembering(held: HeldReadiness, found: HeldReadiness) -> HeldReadiness:
    """What is found, with the authorization that is known to lack: it stays known until a check decides again.

    Else editing the coverage, or asking for another check, would make a manager's override anybody's.
    """
    decided = found.readiness != "pending" and not found.unsure
    if decided or any(one.about_authorization for one in found.reasons):
        return found
    known = tuple(one for one in held.reasons if one.about_authorization)
    return replace(found, reasons=(*found.reasons, *known))


def _codes(reasons: Iterable[ReadinessReason]) -> frozenset[tuple[str, str | None]]:
    return frozenset((one.code, one.rule_id) for one in reasons)


def _reasons(evidence: Iterable[Evidence]) -> tuple[ReadinessReason, ...]:
    return tuple({one.code: _reason(one) for one in evidence}.values())


def _reason(one: Evidence) -> ReadinessReason:
    return ReadinessReason(one.code, one.text, one.rule)
