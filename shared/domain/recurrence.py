"""When something that repeats comes again: on the clocks of the organisation, whatever summer time does to them.

A series is counted from its anchor, never from the occurrence before, so that the 31st comes back after a February and
09:00 after a change of the clocks. A local time that a change of the clocks leaves out is taken as much later; one that
comes twice is its first.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import MAXYEAR, UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from shared.models.firestore.documents import Repeat, RepeatUnit

_DAYS: dict[RepeatUnit, int] = {"day": 1, "week": 7}
_MONTHS: dict[RepeatUnit, int] = {"month": 1, "year": 12}


def local_time(at: datetime, zone: ZoneInfo) -> datetime:
    """What the clocks show at `at`, without a zone."""
    return at.astimezone(zone).replace(tzinfo=None, fold=0)


def instant(local: datetime, zone: ZoneInfo) -> datetime:
    """The moment (UTC) at which the clocks show `local`."""
    return local.replace(tzinfo=zone).astimezone(UTC)


def occurrence(repeat: Repeat, index: int) -> datetime:
    """The local time of the occurrence `index` steps after the anchor. Raises OverflowError past the year 9999."""
    anchor = datetime.fromisoformat(repeat.anchor)
    if repeat.unit in _DAYS:
        return anchor + timedelta(days=repeat.every * _DAYS[repeat.unit] * index)
    months = anchor.year * 12 + anchor.month - 1 + repeat.every * _MONTHS[repeat.unit] * index
    year, month = divmod(months, 12)
    if year > MAXYEAR:
        raise OverflowError("past the end of the calendar")
    return anchor.replace(year=year, month=month + 1, day=min(anchor.day, monthrange(year, month + 1)[1]))


def next_index(repeat: Repeat, after: datetime, zone: ZoneInfo) -> int | None:
    """Which occurrence is the first behind the present one that lies after `after`; None when the series is over."""
    try:
        index = max(repeat.index + 1, _steps_until(repeat, local_time(after, zone)) - 1)
        while instant(occurrence(repeat, index), zone) <= after:
            index += 1
        last = None if repeat.until is None else date.fromisoformat(repeat.until)
        return index if last is None or occurrence(repeat, index).date() <= last else None
    except OverflowError:
        return None


def _steps_until(repeat: Repeat, local: datetime) -> int:
    """About how many steps lead from the anchor to `local`: right to one step."""
    anchor = datetime.fromisoformat(repeat.anchor)
    if repeat.unit in _DAYS:
        return (local - anchor).days // (repeat.every * _DAYS[repeat.unit])
    months = (local.year - anchor.year) * 12 + local.month - anchor.month
    return months // (repeat.every * _MONTHS[repeat.unit])
