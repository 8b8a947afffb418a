"""How long a patient has been waiting, how late a visit is, and from when on somebody who did not come is a no-show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from shared.models.front_desk import FrontDeskSettings
from shared.models.visit import DeskVisit, VisitStatus

WAITING: frozenset[VisitStatus] = frozenset({"arrived", "checking_in", "checked_in", "roomed"})
_AWAITED: frozenset[VisitStatus] = frozenset({"scheduled", "confirmed"})


@dataclass(frozen=True, slots=True)
class Wait:
    """Whole minutes in the present state; `limit` is None where somebody is with the patient."""

    minutes: int
    limit: int | None
    too_long: bool


def wait_of(visit: DeskVisit, settings: FrontDeskSettings, now: datetime) -> Wait | None:
    """How long the patient has been waiting in the present state; None for one who does not wait here."""
    if visit.status not in WAITING:
        return None
    limits = {
        "arrived": settings.arrived_minutes,
        "checked_in": settings.checked_in_minutes,
        "roomed": settings.roomed_minutes,
    }
    minutes, limit = minutes_between(visit.status_since, now), limits.get(visit.status)
    return Wait(minutes, limit, too_long=limit is not None and minutes >= limit)


def minutes_late(visit: DeskVisit, now: datetime) -> int:
    """How many minutes behind the start the patient came, or is by now; 0 when in time, or when nothing was agreed."""
    if visit.starts_at is None or visit.walk_in:
        return 0
    if visit.arrived_at is not None:
        return minutes_between(visit.starts_at, visit.arrived_at)
    return minutes_between(visit.starts_at, now) if visit.status in _AWAITED else 0


def no_show_from(visit: DeskVisit, settings: FrontDeskSettings, zone: ZoneInfo) -> datetime:
    """From when on the patient has not come: behind the start and its grace, without a start when the day is over."""
    if visit.starts_at is not None:
        return visit.starts_at + timedelta(minutes=settings.grace_minutes)
    return datetime.combine(visit.visit_date + timedelta(days=1), time.min, zone)


def minutes_between(since: datetime, until: datetime) -> int:
    """Whole minutes from one moment to another; 0 when it has not come."""
    return max(0, int((until - since).total_seconds() // 60))
