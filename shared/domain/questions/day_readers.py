"""What makes days of a matched expression: each reader gets the day it is said on and where the question looks."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

Direction = Literal["past", "future"]
MONTHS = {name.casefold(): number for number, name in enumerate(calendar.month_name) if name}
SHORT_MONTHS = {name[:3]: number for name, number in MONTHS.items()} | {"sept": 9}
WEEKDAYS = {name.casefold(): number for number, name in enumerate(calendar.day_name)}
SHORT_WEEKDAYS = {
    "mon": 0,
    "tue": 1,
    "tues": 1,
    "wed": 2,
    "thu": 3,
    "thur": 3,
    "thurs": 3,
    "fri": 4,
    "sat": 5,
    "sun": 6,
}
_FIRST_NUMBERS = "zero one two three four five six seven eight nine ten eleven twelve"
COUNTS = {word: n for n, word in enumerate(_FIRST_NUMBERS.split())}
COUNTS |= {"a": 1, "an": 1, "thirty": 30, "sixty": 60, "ninety": 90}
_EARLIEST, _LATEST = date(1900, 1, 1), date(2199, 12, 31)
SUNDAY = 6


@dataclass(frozen=True, slots=True)
class Period:
    """Days from `first` to `last`, both included; None is open. `said` is how it was put."""

    first: date | None
    last: date | None
    said: str

    @property
    def day(self) -> date | None:
        """The day, when it is one."""
        return self.first if self.first == self.last else None


@dataclass(frozen=True, slots=True)
class Unclear:
    """Something that can be read in more than one way (`choices`), or is no day at all (no choices)."""

    said: str
    choices: tuple[Period, ...] = ()


Days = Period | Unclear
Reader = Callable[[date, Direction], Days]
Make = Callable[[re.Match[str]], Reader]


def on(day: date, said: str) -> Period:
    """One day. Raises ValueError for one that no record can have."""
    if not _EARLIEST <= day <= _LATEST:
        raise ValueError("outside the calendar")
    return Period(day, day, said)


def fixed(year: int, month: int, day: int) -> Make:
    """A date whose parts stand in these groups."""
    return lambda m: lambda _today, _to: on(date(_year(m[year]), int(m[month]), int(m[day])), m.group().strip())


def _year(written: str) -> int:
    return int(written) + (2000 if len(written) <= 2 else 0)  # noqa: PLR2004 (two digits)


def _month(name: str) -> int:
    return MONTHS.get(name) or SHORT_MONTHS[name]


def _count(word: str) -> int:
    return int(word) if word.isdecimal() else COUNTS[word]


def slashed(match: re.Match[str]) -> Reader:
    """3/15, 3/15/2026 or 3/15/26: month first; where that is no month, ask."""
    month, day, year = int(match[1]), int(match[2]), match[3]
    said = match.group().strip()

    def read(today: date, to: Direction) -> Days:
        if month > 12:  # noqa: PLR2004 (no month: day first, or a slip; ask)
            turned = _month_day(day, month, None if year is None else _year(year), said, today, to)
            return Unclear(said, (turned,) if isinstance(turned, Period) else turned.choices)
        return _month_day(month, day, None if year is None else _year(year), said, today, to)

    return read


def named(month: int, day: int, year: int) -> Make:
    """March 15, 15 March, the 15th of March 2026: the groups of its parts."""

    def make(match: re.Match[str]) -> Reader:
        number = int(re.sub(r"\D", "", match[day]))
        written = None if match[year] is None else int(match[year])
        said = match.group().strip()
        return lambda today, to: _month_day(_month(match[month]), number, written, said, today, to)

    return make


def _month_day(month: int, day: int, year: int | None, said: str, today: date, to: Direction) -> Days:
    """A day of a month; without a year the next one, or for what is past the latest one."""
    if year is not None:
        return on(date(year, month, day), said)
    years = (today.year, today.year + 1) if to == "future" else (today.year, today.year - 1)
    for candidate in years:
        try:
            found = date(candidate, month, day)
        except ValueError:
            continue
        if found >= today if to == "future" else found <= today:
            return on(found, said)
    return Unclear(said)


def shift(days: int) -> Make:
    """A day that is so many days from today."""
    return lambda m: lambda today, _to: on(today + timedelta(days=days), m.group().strip())


def distance(sign: int) -> Make:
    """So many days, weeks, months or years from today."""
    return lambda m: lambda today, _to: on(_moved(today, sign * _count(m[1]), m[2]), m.group().strip())


def _moved(day: date, count: int, unit: str) -> date:
    unit = unit.rstrip("s")
    if unit in {"day", "week"}:
        return day + timedelta(days=count * (7 if unit == "week" else 1))
    months = day.year * 12 + day.month - 1 + count * (12 if unit == "year" else 1)
    year, month = divmod(months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def stretch(match: re.Match[str]) -> Reader:
    """The next or last so many days."""
    ahead, count, unit = match[1] in {"next", "coming"}, _count(match[2] or "one"), match[3]
    said = match.group().strip()

    def read(today: date, _to: Direction) -> Days:
        other = _moved(today, count if ahead else -count, unit)
        return Period(today, other, said) if ahead else Period(other, today, said)

    return read


def calendar_unit(match: re.Match[str]) -> Reader:
    """A week, month, quarter or year: this one, the next, the last."""
    step = {"this": 0, "current": 0, "next": 1, "following": 1, "coming": 1}.get(match[1], -1)
    unit, said = match[2], match.group().strip()

    def read(today: date, _to: Direction) -> Days:
        if unit == "week":
            return _week(today, step, said)
        if unit == "year":
            return whole_year(today.year + step, said)
        months = {"month": 1, "quarter": 3}[unit]
        first = today.replace(month=(today.month - 1) // months * months + 1, day=1)
        first = _moved(first, step * months, "months")
        return Period(first, _moved(first, months, "months") - timedelta(days=1), said)

    return read


def _week(today: date, step: int, said: str) -> Days:
    """A week from Monday to Sunday. On a Sunday people mean the week that ends, or the one that begins: ask."""
    monday = today - timedelta(days=today.weekday()) + timedelta(weeks=step)
    week = Period(monday, monday + timedelta(days=6), said)
    if today.weekday() == SUNDAY:
        return Unclear(said, (week, Period(monday + timedelta(weeks=1), monday + timedelta(days=13), said)))
    return week


def whole_year(year: int, said: str) -> Period:
    """A whole year."""
    return Period(date(year, 1, 1), date(year, 12, 31), said)


def _whole_month(year: int, month: int, said: str) -> Period:
    return Period(date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1]), said)


def month_name(which: int | None, month: int, year: int | None) -> Make:
    """A whole month by its name: the groups of "next", the name and the year."""

    def make(match: re.Match[str]) -> Reader:
        number, said = _month(match[month]), match.group().strip()
        word = match[which] if which is not None else None
        written = match[year] if year is not None else None

        def read(today: date, to: Direction) -> Days:
            if written is not None:
                return _whole_month(int(written), number, said)
            later = _whole_month(today.year + (number < today.month), number, said)
            earlier = _whole_month(today.year - (number > today.month), number, said)
            if word == "next" and number > today.month:  # this year's, or next year's?
                return Unclear(said, (later, _whole_month(today.year + 1, number, said)))
            if word == "next":
                return _whole_month(today.year + 1, number, said)
            if word in {"last", "past", "previous"}:
                return earlier if number != today.month else _whole_month(today.year - 1, number, said)
            if word == "this":
                return _whole_month(today.year, number, said)
            return later if to == "future" else earlier

        return read

    return make


def weekday_name(match: re.Match[str]) -> Reader:
    """Friday, this Friday, next Friday, last Friday."""
    word, name = match[1], match[2]
    wanted = WEEKDAYS.get(name, SHORT_WEEKDAYS.get(name, 0))
    said = match.group().strip()
    return lambda today, to: _weekday(word, wanted, said, today, to)


def _weekday(word: str | None, wanted: int, said: str, today: date, to: Direction) -> Days:
    """A weekday. "Next" and "last" are clear only where both ways of counting meet; today's own name never is."""
    ahead, back = (wanted - today.weekday()) % 7, (today.weekday() - wanted) % 7
    coming, before = today + timedelta(days=ahead or 7), today - timedelta(days=back or 7)
    week = timedelta(days=7)
    days: tuple[date, ...]
    if word is None and ahead == 0:
        days = (today, today + week if to == "future" else today - week)
    elif word is None:
        days = (coming if to == "future" else before,)
    elif word == "this":
        days = (today,) if ahead == 0 else (before, coming) if wanted < today.weekday() else (coming,)
    elif word == "next":
        this_week = wanted > today.weekday() or today.weekday() == SUNDAY
        days = (coming, coming + week) if this_week else (coming,)
    elif word == "last":
        days = (before, before - week) if wanted < today.weekday() else (before,)
    else:
        days = (before,) if word in {"past", "previous"} else (coming,)
    return on(days[0], said) if len(days) == 1 else _either(said, *days)


def _either(said: str, *days: date) -> Unclear:
    return Unclear(said, tuple(on(day, said) for day in days))


def weekday_of_week(name: int, which: int) -> Make:
    """Friday of next week: the groups of the name and of "next"."""

    def make(match: re.Match[str]) -> Reader:
        step = {"this": 0, "next": 1, "last": -1}[match[which]]
        wanted, said = WEEKDAYS.get(match[name], SHORT_WEEKDAYS.get(match[name], 0)), match.group().strip()

        def read(today: date, _to: Direction) -> Days:
            week = _week(today, step, said)
            if isinstance(week, Unclear):
                return _either(said, *(one.first + timedelta(days=wanted) for one in week.choices if one.first))
            return on((week.first or today) + timedelta(days=wanted), said)

        return read

    return make


def day_of_month(match: re.Match[str]) -> Reader:
    """The 15th, the 15th of next month."""
    number, which, said = int(re.sub(r"\D", "", match[1])), match[2], match.group().strip()

    def read(today: date, to: Direction) -> Days:
        first = today.replace(day=1)
        if which is None and (number < today.day if to == "future" else number > today.day):
            first = _moved(first, 1 if to == "future" else -1, "months")
        elif which in {"next", "last"}:
            first = _moved(first, 1 if which == "next" else -1, "months")
        return on(first.replace(day=number), said)

    return read


def edge_of(match: re.Match[str]) -> Reader:
    """The first or last day of a month or year."""
    edge, which, unit, said = match[1], match[2], match[3], match.group().strip()

    def read(today: date, _to: Direction) -> Days:
        step = {"next": 1, "last": -1}.get(which or "", 0)
        if unit == "year":
            whole: Days = whole_year(today.year + step, said)
        elif unit == "week":
            whole = _week(today, step, said)
        else:
            first = _moved(today.replace(day=1), step, "months")
            whole = _whole_month(first.year, first.month, said)
        if isinstance(whole, Unclear):
            return whole
        return on((whole.last if edge in {"end", "last day"} else whole.first) or today, said)

    return read
