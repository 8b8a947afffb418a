"""Cron expressions as Cloud Scheduler takes them: five fields with `*`, numbers, ranges, steps and lists, in UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_LONGEST_SEARCH = timedelta(days=366 * 8)  # 29 February comes at least every eight years


@dataclass(frozen=True, slots=True)
class Cron:
    """A schedule: the minutes, hours, days, months and weekdays (0 is Sunday) it names."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either_day: bool

    def next_after(self, moment: datetime) -> datetime:
        """The first matching minute after `moment`. Raises ValueError for a schedule that never comes."""
        candidate = moment.replace(second=0, microsecond=0) + timedelta(minutes=1)
        end = candidate + _LONGEST_SEARCH
        while candidate < end:
            if candidate.month not in self.months or not self._is_day(candidate):
                candidate = candidate.replace(hour=0, minute=0) + timedelta(days=1)
            elif candidate.hour not in self.hours:
                candidate = candidate.replace(minute=0) + timedelta(hours=1)
            elif candidate.minute not in self.minutes:
                candidate += timedelta(minutes=1)
            else:
                return candidate
        raise ValueError("the schedule never comes")

    def _is_day(self, moment: datetime) -> bool:
        """Day of month and weekday: both, or either of them when both are restricted, as cron has it."""
        day, weekday = moment.day in self.days, moment.isoweekday() % 7 in self.weekdays
        return day or weekday if self.either_day else day and weekday


def parse_cron(text: str) -> Cron:
    """Read five fields. Raises ValueError naming the field that is wrong."""
    fields = text.split()
    if len(fields) != len(_RANGES):
        raise ValueError(f"a schedule has five fields: {text!r}")
    minutes, hours, days, months, weekdays = (
        _field(field, *bounds) for field, bounds in zip(fields, _RANGES, strict=True)
    )
    return Cron(
        minutes=minutes,
        hours=hours,
        days=days,
        months=months,
        weekdays=frozenset(day % 7 for day in weekdays),
        either_day=not fields[2].startswith("*") and not fields[4].startswith("*"),
    )


def _field(text: str, low: int, high: int) -> frozenset[int]:
    values: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        try:
            start = low if first == "*" else int(first)
            end = high if first == "*" or (step and not last) else int(last or first)
            chosen = range(start, end + 1, int(step or 1))
        except ValueError as exc:
            raise ValueError(f"{part!r} is no part of a schedule") from exc
        if not chosen or start < low or end > high:
            raise ValueError(f"{part!r} is outside {low}-{high}")
        values.update(chosen)
    return frozenset(values)
