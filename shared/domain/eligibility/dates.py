"""E02 to E05: for which day and which service, whether a period covers it, and whether a check is still good."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from shared.domain.check_schedule import answered_from, payer_window
from shared.domain.eligibility.registry import found, rule
from shared.models.payer_answer import AnswerPeriod, CheckFailure
from shared.models.records import GENERAL_SERVICE, Coverage, EligibilityFile, Payer
from shared.models.verdict import DateSource, Evidence

FRESH = timedelta(hours=72)
# X12 service type codes (data element 1365) by visit type.
SERVICE_TYPES = {
    "office": "98",
    "general": GENERAL_SERVICE,
    "mental_health": "MH",
    "urgent": "UC",
    "physical_therapy": "PT",
    "chiropractic": "33",
    "emergency": "86",
    "pharmacy": "88",
    "dental": "35",
    "vision": "AL",
}
# DTP01 of a 271: dates of the plan, the eligibility or the benefit; others (a death, an admission) bound nothing.
_BOUNDING = frozenset({"193", "194", "291", "292", "307", "346", "347", "348", "349", "356", "357"})


@rule("E02")
def service_date(file: EligibilityFile, *, asked: date | None, today: date) -> tuple[date, DateSource]:
    """E02: active on the date of service: the date asked for, the visit in context, the next booked visit, or today."""
    if asked is not None:
        return asked, "params"
    if file.context_visit is not None:
        return file.context_visit.visit_date, "context_visit"
    if file.next_visit is not None:
        return file.next_visit.visit_date, "next_visit"
    return today, "today"


@rule("E02")
def is_active(coverage: Coverage, on: date) -> bool:
    """E02: start <= date <= end; no end is open, no start is not known to be active."""
    if coverage.period_start is None or coverage.period_start > on:
        return False
    return coverage.period_end is None or on <= coverage.period_end


@rule("E02")
def in_periods(periods: Sequence[AnswerPeriod], on: date) -> bool | None:
    """E02: whether the periods of an answer cover the day; several periods are alternatives. None when none is given.

    Single dates that only begin (346) or only end (347) something bound every period together.
    """
    bounding = [period for period in periods if period.qualifier in _BOUNDING]
    if not bounding:
        return None
    starts = [p for p in bounding if p.end is None]
    ends = [p for p in bounding if p.start is None]
    spans = [p for p in bounding if p.start is not None and p.end is not None]
    if any(p.end is not None and on > p.end for p in ends):
        return False
    if starts and not any(p.start is not None and p.start <= on for p in starts):
        return False
    return not spans or any(p.start <= on <= p.end for p in spans if p.start and p.end)


@rule("E03")
def outside_window(on: date, *, now: datetime) -> CheckFailure | None:
    """E03: a payer connection answers for 12 months back to the end of this month; other days are not asked about.

    `now` is the organisation's local time. A day to come is asked about on the 1st of its month; a day too long ago
    never.
    """
    start, end = payer_window(now.date())
    if start <= on <= end:
        return None
    return CheckFailure("date_window", "outside_window", retry_at=answered_from(on, now))


@rule("E04")
def stale_because(
    checked_at: datetime, *, now: datetime, coverage: Coverage | None, payer: Payer | None
) -> Evidence | None:
    """E04: a check is good for 72 hours, unless a month or plan year began since, or the coverage was edited.

    Days and months are the organisation's: `now` carries its time zone. None while the check is fresh.
    """
    checked = checked_at.astimezone(now.tzinfo)
    source = None if coverage is None else f"coverages/{coverage.id}"
    if coverage is not None and coverage.updated_at is not None and coverage.updated_at > checked_at:
        return found("E04", "coverage_edited", "The coverage was edited since the check", source, "updated_at")
    month = payer.plan_year_month if payer is not None else 1
    if plan_year(checked.date(), month) != plan_year(now.date(), month):
        payers = None if payer is None else f"payers/{payer.id}"
        return found("E04", "plan_year_turned", "A new plan year began since the check", payers, "plan_year_month")
    if (checked.year, checked.month) != (now.year, now.month):
        return found("E04", "month_turned", "A new month began since the check")
    if now - checked_at > FRESH:
        return found(
            "E04", "check_too_old", "The check is older than 72 hours", hours=int(FRESH.total_seconds() // 3600)
        )
    return None


@rule("E05", source="X12 005010X279A1, data element 1365")
def service_type(file: EligibilityFile, *, asked: str | None) -> str:
    """E05: the service type asked for, else that of the visit's type, else the general one (30)."""
    visit = file.context_visit or file.next_visit
    return asked or service_of(visit.visit_type if visit else None)


@rule("E05")
def service_of(visit_type: str | None) -> str:
    """E05: the service type of a visit's type; what is not known is general."""
    return SERVICE_TYPES.get(visit_type or "general", GENERAL_SERVICE)


def plan_year(on: date, first_month: int) -> int:
    """The year in which the plan year of `on` began."""
    return on.year if on.month >= first_month else on.year - 1
