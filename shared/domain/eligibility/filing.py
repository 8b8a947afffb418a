"""E22: until when a claim must be filed, and when to warn."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from shared.domain.eligibility.registry import found, rule
from shared.models.records import Payer
from shared.models.verdict import Evidence

UNKNOWN_DAYS = 90
FilingLevel = Literal["in_time", "80_percent", "14_days", "7_days", "3_days", "1_day", "past"]
WARN_DAYS: dict[FilingLevel, int] = {"14_days": 14, "7_days": 7, "3_days": 3, "1_day": 1}
_LEVELS: tuple[FilingLevel, ...] = ("80_percent", *WARN_DAYS)


@dataclass(frozen=True, slots=True)
class FilingDeadline:
    """The last day on which a claim can be filed, counted from `start`. Unconfirmed: the payer's time is not known."""

    start: date
    due: date
    counted_from: Literal["date_of_service", "primary_eob"]
    confirmed: bool
    evidence: Evidence

    @property
    def warnings(self) -> tuple[tuple[FilingLevel, date], ...]:
        """The day on which each warning begins, soonest first; a short time leaves some of them out."""
        eighty = self.start + timedelta(days=-(-(self.due - self.start).days * 4 // 5))
        days: dict[FilingLevel, date] = {"80_percent": eighty}
        days |= {name: self.due - timedelta(days=before) for name, before in WARN_DAYS.items()}
        return tuple(sorted(((name, day) for name, day in days.items() if day > self.start), key=lambda one: one[1]))


@dataclass(frozen=True, slots=True)
class FilingState:
    """How near the deadline is. Past it, submitting needs an override with proof of timely filing."""

    level: FilingLevel
    days_left: int
    needs_proof: bool


@rule("E22", source="42 CFR 424.44; Medicare Claims Processing Manual, chapter 1, section 70")
def filing_deadline(
    service_date: date, payer: Payer | None, *, secondary: bool = False, primary_eob: date | None = None
) -> FilingDeadline:
    """E22: the date of service and the payer's days; Medicare one calendar year, an unknown payer 90, unconfirmed.

    A secondary payer's time counts from the primary's explanation of benefits, but not Medicare's: there a primary
    payer extends nothing. Before that explanation is there, it counts from the service, unconfirmed.
    """
    source = None if payer is None else f"payers/{payer.id}"
    if payer is not None and payer.program == "medicare" and payer.filing_days is None:
        due = filing_due(service_date, payer.program, None)
        evidence = found("E22", "filing_medicare", "Medicare: one calendar year after the service", source, "program")
        return FilingDeadline(service_date, due, "date_of_service", confirmed=True, evidence=evidence)
    days = payer.filing_days if payer is not None else None
    from_eob = secondary and primary_eob is not None
    start = primary_eob if from_eob and primary_eob is not None else service_date
    after = "the primary payer's explanation of benefits" if from_eob else "the service"
    if days is None:
        text = f"The payer's filing time is not known: {UNKNOWN_DAYS} days after {after}, unconfirmed"
        evidence = found("E22", "filing_unconfirmed", text, source, "filing_days", days=UNKNOWN_DAYS)
    else:
        evidence = found("E22", "filing_days", f"{days} days after {after}", source, "filing_days", days=days)
    return FilingDeadline(
        start,
        filing_due(start, None if payer is None else payer.program, days),
        "primary_eob" if from_eob else "date_of_service",
        confirmed=days is not None and (from_eob or not secondary),
        evidence=evidence,
    )


@rule("E22")
def filing_state(deadline: FilingDeadline, today: date) -> FilingState:
    """E22: warn at 80 % of the time and 14, 7, 3 and 1 days before its end; after it, filing needs proof."""
    left = (deadline.due - today).days
    if left < 0:
        return FilingState("past", left, needs_proof=True)
    reached = {name for name, day in deadline.warnings if day <= today}
    level: FilingLevel = next((name for name in reversed(_LEVELS) if name in reached), "in_time")
    return FilingState(level, left, needs_proof=False)


def filing_due(served: date, program: str | None, days: int | None) -> date:
    """The last day of filing for a service of `served` with a payer of this program and time; `None` where unknown."""
    if program == "medicare" and days is None:
        return _year_after(served)
    return served + timedelta(days=UNKNOWN_DAYS if days is None else days)


def _year_after(on: date) -> date:
    """The same day a year later; for the 29th of February the 28th, as Medicare counts."""
    try:
        return on.replace(year=on.year + 1)
    except ValueError:
        return on.replace(year=on.year + 1, day=28)
