"""Days as people say them, read by an organisation's calendar. What can be read in two ways is never decided here.

`spoken_days` finds the expressions in a sentence; `resolve` makes days of one. A day without a year, and a weekday, are
looked for in the direction that the question points to. Slashes are read as in the United States: month first.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Literal

from shared.domain.questions.day_readers import (
    COUNTS,
    MONTHS,
    SHORT_MONTHS,
    SHORT_WEEKDAYS,
    WEEKDAYS,
    Days,
    Direction,
    Make,
    Period,
    Reader,
    Unclear,
    calendar_unit,
    day_of_month,
    distance,
    edge_of,
    fixed,
    month_name,
    named,
    shift,
    slashed,
    stretch,
    weekday_name,
    weekday_of_week,
    whole_year,
)
from shared.domain.questions.words import Word

__all__ = ["Days", "Direction", "Period", "SpokenDays", "Unclear", "resolve", "spoken_days"]

_M = "(?:" + "|".join(sorted({*MONTHS, *SHORT_MONTHS}, key=len, reverse=True)) + ")"
_LONG_M = "(?:" + "|".join(MONTHS) + ")"
_W = "(?:" + "|".join(sorted(WEEKDAYS, key=len, reverse=True)) + ")"
_ANY_W = "(?:" + "|".join(sorted({*WEEKDAYS, *SHORT_WEEKDAYS}, key=len, reverse=True)) + ")"
_N = r"(?:\d{1,3}|" + "|".join(COUNTS) + ")"
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
_YEAR = r"(?:19|20|21)\d\d"
_UNIT = "(?:days?|weeks?|months?|years?)"
_WHICH = "(?:this|next|last|coming|this coming|past|previous|following)"
_NOW = "now|right now|currently|at the moment|as of now|at present"
_WEAK = frozenset(_NOW.split("|"))


@dataclass(frozen=True, slots=True)
class SpokenDays:
    """An expression for days: the words from `start` to before `end`, and what makes days of it."""

    start: int
    end: int
    said: str
    read: Reader
    weak: bool = False  # "right now" beside another day says nothing


def spoken_days(words: Sequence[Word], begin: int = 0) -> list[SpokenDays]:
    """Find the expressions for days from the word `begin` on, leftmost first, each as long as possible."""
    text, starts = "", []
    for word in words:
        starts.append(len(text))
        text += word.plain.replace(" ", "") + " "
    found, at = [], begin
    while at < len(words):
        best = _longest(text, starts[at])
        if best is None:
            at += 1
            continue
        end, read = best
        after = next((n for n, start in enumerate(starts) if start >= end), len(words))
        said = text[starts[at] : end].strip()
        found.append(SpokenDays(at, after, said, read, weak=said in _WEAK))
        at = after
    return found


def resolve(spoken: SpokenDays, today: date, direction: Direction) -> Days:
    """Make days of an expression on the day `today`; what lies outside the calendar is no day."""
    try:
        return spoken.read(today, direction)
    except (ValueError, OverflowError):
        return Unclear(spoken.said)


def _longest(text: str, at: int) -> tuple[int, Reader] | None:
    """The end and the reader of the longest expression that begins at `at`."""
    best: tuple[re.Match[str], Make] | None = None
    for pattern, make in _patterns():
        match = pattern.match(text, at)
        if match and (best is None or match.end() > best[0].end()):
            best = match, make
    return None if best is None else (best[0].end(), best[1](best[0]))


_BASIC: tuple[tuple[str, Make], ...] = (
    (r"(\d{4})[-/](\d{1,2})[-/](\d{1,2}) ", fixed(1, 2, 3)),
    (r"(\d{1,2})\.(\d{1,2})\.(\d{4}) ", fixed(3, 2, 1)),
    (r"(\d{1,2})/(\d{1,2})(?:/(\d{4}|\d{2}))? ", slashed),
    (rf"({_M}) (?:the )?({_DAY}) (?:, )?(?:({_YEAR}) )?", named(1, 2, 3)),
    (rf"(?:the )?({_DAY}) (?:of )?({_M}) (?:, )?(?:({_YEAR}) )?", named(2, 1, 3)),
    (rf"(?:today|tonight|this morning|this afternoon|{_NOW}) ", shift(0)),
    (r"tomorrow ", shift(1)),
    (r"yesterday ", shift(-1)),
    (r"(?:the )?day after tomorrow ", shift(2)),
    (r"(?:the )?day before yesterday ", shift(-2)),
    (rf"in ({_N}) ({_UNIT}) (?:time )?", distance(1)),
    (rf"({_N}) ({_UNIT}) from (?:now|today) ", distance(1)),
    (rf"({_N}) ({_UNIT}) ago ", distance(-1)),
    (rf"(?:the )?(next|coming|last|past|previous) ({_N}) ({_UNIT}) ", stretch),
    (r"the (past)()? (week|month|year) ", stretch),
    (r"(?:the )?(this|current|next|following|coming|last|previous|past) (week|month|year|quarter) ", calendar_unit),
    (rf"(?:({_WHICH}) )?({_W}) ", weekday_name),
    (rf"({_WHICH}) ({_ANY_W}) ", weekday_name),
    (rf"({_ANY_W}) (?:of )?(this|next|last) week ", weekday_of_week(1, 2)),
    (rf"(this|next|last) week (?:on )?({_ANY_W}) ", weekday_of_week(2, 1)),
    (rf"(?:(this|next|last|past|previous) )({_M}) ", month_name(1, 2, None)),
    (rf"({_M}) (?:of )?({_YEAR}) ", month_name(None, 1, 2)),
    (rf"the ({_DAY}) (?:of (?:the |(this|next|last) )month )?", day_of_month),
    (r"(?:the )?(end|first day|last day|beginning|start) of (?:the |(this|next|last) )?(month|year|week) ", edge_of),
)  # fmt: skip
# What is a day or a span only behind one of these words: "may" and "march" are verbs too, 2026 is a number.
_AFTER_PREPOSITION: tuple[tuple[str, Make], ...] = (
    (rf"({_LONG_M}) ", month_name(None, 1, None)),
    (rf"({_YEAR}) ", lambda m: lambda _today, _to: whole_year(int(m[1]), m.group().strip())),
    (rf"()?({_ANY_W}) ", weekday_name),
)


def _preposed(match: re.Match[str]) -> Reader:
    return _inner(match[1])


def _inner(text: str) -> Reader:
    """Read an expression that stands alone."""
    matches = ((re.fullmatch(pattern, text), make) for pattern, make in (*_BASIC, *_AFTER_PREPOSITION))
    return next(make(match) for match, make in matches if match)


def _ends(low: Days, high: Days, said: str) -> Days:
    for one in (low, high):
        if isinstance(one, Unclear):
            return one
    if isinstance(low, Period) and isinstance(high, Period) and low.first and high.last and low.first <= high.last:
        return Period(low.first, high.last, said)
    return Unclear(said)


def _between(match: re.Match[str]) -> Reader:
    first, second, said = _inner(match[1]), _inner(match[2]), match.group().strip()

    def read(today: date, to: Direction) -> Days:
        low = first(today, to)
        anchor = low.first if isinstance(low, Period) and low.first else today
        high = second(anchor if to == "future" else today, to)
        if isinstance(low, Period) and isinstance(high, Period) and low.first and high.last and low.first > high.last:
            low = first(high.last, "past")  # "from December to January", looking back
        return _ends(low, high, said)

    return read


def _open(side: Literal["since", "after", "until", "before"]) -> Make:
    def make(match: re.Match[str]) -> Reader:
        inner, said = _inner(match[1]), match.group().strip()
        one = timedelta(days=1)

        def read(today: date, to: Direction) -> Days:
            found = inner(today, "past" if side == "since" else to)
            if isinstance(found, Unclear):
                return found
            if side == "since":
                return Period(found.first, None, said)
            if side == "after":
                return Period(found.last + one if found.last else None, None, said)
            return Period(None, found.last if side == "until" else found.first and found.first - one, said)

        return read

    return make


def _any(patterns: Sequence[tuple[str, object]]) -> str:
    return "(?:" + "|".join(_uncaptured(pattern) for pattern, _ in patterns) + ")"


def _uncaptured(pattern: str) -> str:
    return re.sub(r"(?<!\\)\((?!\?)", "(?:", pattern)


_ONE = _any((*_BASIC, *_AFTER_PREPOSITION))
_COMBINED: tuple[tuple[str, Make], ...] = (
    (rf"between ({_ONE})and ({_ONE})", _between),
    (rf"from ({_ONE})(?:to|until|till|through) ({_ONE})", _between),
    (rf"since ({_ONE})", _open("since")),
    (rf"from ({_ONE})(?:on|onwards|onward) ", _open("since")),
    (rf"after ({_ONE})", _open("after")),
    (rf"(?:until|till|through|by|up to) ({_ONE})", _open("until")),
    (rf"before ({_ONE})", _open("before")),
    (rf"(?:as of |on |in |for |during |throughout |of |from )({_ONE})", _preposed),
)


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], Make], ...]:
    """Compiled on the first question: a cold start does not pay for them."""
    return tuple((re.compile(pattern), make) for pattern, make in (*_BASIC, *_COMBINED))
