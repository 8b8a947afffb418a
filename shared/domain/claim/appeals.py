"""Appeals: the levels there are, until when each is filed, until when the payer decides on it, what ends one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from shared.domain.claim.standing import balance
from shared.domain.eligibility.registry import found
from shared.errors import ConflictError
from shared.models.claim import Appeal, AppealStatus, ClaimFile
from shared.models.identifiers import uuid7
from shared.models.records import Payer
from shared.models.verdict import Evidence

# Payers hold peer-to-peer reviews shortly after a denial only; what a payer's own time is stands in its contract.
PEER_TO_PEER_DAYS = 14


@dataclass(frozen=True, slots=True)
class AppealLevel:
    """A level: within how many days after the decision before it is filed, and how many the payer has to decide."""

    name: str
    days: int
    decided_in: int


# 42 CFR 405.942 (120 days), 405.962 (180), 405.1014 (60), 405.1102 (60), 405.1136 (60). The days are counted from the
# date of the decision; the five that Medicare allows for its mail are left as a reserve.
MEDICARE: tuple[AppealLevel, ...] = (
    AppealLevel("redetermination", 120, 60),
    AppealLevel("reconsideration", 180, 60),
    AppealLevel("administrative law judge", 60, 90),
    AppealLevel("appeals council", 60, 90),
    AppealLevel("federal court", 60, 365),
)
# 45 CFR 147.136 and 29 CFR 2560.503-1: 180 days, decided in 60; external review within four months, decided in 45. The
# time between two levels is the plan's own.
OTHERS: tuple[AppealLevel, ...] = (
    AppealLevel("first level", 180, 60),
    AppealLevel("second level", 60, 60),
    AppealLevel("external review", 120, 45),
)


def levels(payer: Payer | None) -> tuple[AppealLevel, ...]:
    """The levels of appeal with a payer."""
    return MEDICARE if payer is not None and payer.program == "medicare" else OTHERS


def appeal_due(level: int, decided_on: date, payer: Payer | None) -> tuple[date, Evidence]:
    """Until when a level (from 1) is filed after the decision of `decided_on`. Raises IndexError for none."""
    step = levels(payer)[level - 1]
    due, source = decided_on + timedelta(days=step.days), None if payer is None else f"payers/{payer.id}"
    own = None if payer is None else payer.appeal_days
    if level == 1 and own is not None and levels(payer) is not MEDICARE:
        text = f"{own} days after the decision, as the payer's contract says"
        return decided_on + timedelta(days=own), found("A01", "appeal_days", text, source, "appeal_days", days=own)
    if levels(payer) is MEDICARE:
        text = f"Medicare, {step.name}: {step.days} days after the decision"
        return due, found("A01", "appeal_medicare", text, source, "program", days=step.days)
    text = f"{step.name.capitalize()}: {step.days} days after the decision, unconfirmed"
    return due, found("A01", "appeal_unconfirmed", text, source, None, days=step.days)


def decision_due(level: int, filed_on: date, payer: Payer | None) -> date:
    """Until when the payer should have decided on a level."""
    return filed_on + timedelta(days=levels(payer)[level - 1].decided_in)


def next_level(appeals: Iterable[Appeal], payer: Payer | None, decided_on: date | None) -> int | None:
    """The level that comes next, from 1; None when one is open, or the last was decided.

    Appeals against what the payer decided before `decided_on`, its present decision, do not count.
    """
    known = [one for one in appeals if one.decided_on is None or decided_on is None or one.decided_on >= decided_on]
    if any(one.status == "open" for one in known):
        return None
    level = max((one.level for one in known), default=0) + 1
    return level if level <= len(levels(payer)) else None


def against(file: ClaimFile, on: date) -> Evidence | None:
    """What keeps a claim from being appealed on a day: no level is left, or its time has passed."""
    claim, source = file.claim, f"claims/{file.claim.id}"
    if next_level(file.appeals, file.payer, claim.adjudicated_on) is None:
        return found("A01", "no_level_left", "No level of appeal is left, or one is open", source)
    if claim.appeal_due_on is not None and claim.appeal_due_on < on:
        text = f"The time to appeal ended on {claim.appeal_due_on}"
        return found("A01", "appeal_past", text, source, "appeal_due_on", due=claim.appeal_due_on)
    return None


def filed(file: ClaimFile, on: date, ground: str | None, reference: str | None = None) -> Appeal:
    """The appeal at the level that comes next, filed on a day, about what is open of the claim.

    Raises ConflictError with what keeps the claim from being appealed.
    """
    hindrance = against(file, on)
    level = next_level(file.appeals, file.payer, file.claim.adjudicated_on)
    if hindrance is not None or level is None:
        raise ConflictError(
            hindrance.text if hindrance else "No level of appeal is left",
            code=hindrance.code if hindrance else "no_level_left",
        )
    return Appeal(
        id=uuid7(),
        level=level,
        status="open",
        filed_on=on,
        due_on=decision_due(level, on, file.payer),
        reason=ground,
        reference=reference,
        amount=balance(file.claim),
    )


def ended(file: ClaimFile, status: AppealStatus, on: date) -> Appeal | None:
    """The open appeal as the payer's decision of a day ends it; None when none is open."""
    appeal = next((one for one in file.appeals if one.status == "open"), None)
    if appeal is None or file.claim.status != "appealed":
        return None
    return replace(appeal, status=status, decided_on=max(on, appeal.filed_on))


def peer_to_peer_due(decided_on: date) -> date:
    """Until when a peer-to-peer review is usually asked for, unconfirmed."""
    return decided_on + timedelta(days=PEER_TO_PEER_DAYS)
