"""Full dates as people write them in a text, read both ways where day and month could be either."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_YEAR = r"(?P<year>(?:1[89]|20)\d\d|'?\d\d)"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_EDGE, _END = r"(?<!\w)(?<!\d[-./])", r"(?![\w])(?![-/.]\d)"
_SEPARATOR, _AGAIN = r" ?(?P<by>[-/.]) ?", r" ?(?P=by) ?"
_SHAPES = tuple(
    re.compile(_EDGE + shape + _END, re.IGNORECASE)
    for shape in (
        rf"(?P<year>(?:1[89]|20)\d\d){_SEPARATOR}(?P<first>\d{{1,2}}){_AGAIN}(?P<second>\d{{1,2}})",
        rf"(?P<first>\d{{1,2}}){_SEPARATOR}(?P<second>\d{{1,2}}){_AGAIN}{_YEAR}",
        rf"{MONTH},? *{_DAY}(?:,? *|,? of ){_YEAR}",
        r"(?P<first>\d{1,2})(?P<by>[ _])(?P<second>\d{1,2})(?P=by)(?P<year>(?:1[89]|20)\d\d)",
        r"(?P<year>(?:1[89]|20)\d\d)(?P<by>[ _])(?P<first>\d{1,2})(?P=by)(?P<second>\d{1,2})",
        rf"{_DAY}[ -]*(?:day )?(?:of )?{MONTH}[ ,-]*{_YEAR}",
        rf"(?P<year>(?:1[89]|20)\d\d)[ ,-]{{1,3}}{MONTH}[ ,-]{{1,3}}{_DAY}",
        r"(?P<year>(?:19|20)\d\d)(?P<first>\d\d)(?P<second>\d\d)",
        r"(?P<first>\d\d)(?P<second>\d\d)(?P<year>(?:19|20)\d\d)",
    )
)
_COMPACT = 8


@dataclass(frozen=True, slots=True)
class WrittenDate:
    """A date from `start` to `end`. `days` are those that it can mean; `compact` is written in digits alone."""

    days: frozenset[date]
    start: int
    end: int
    compact: bool


def written_dates(text: str) -> Iterator[WrittenDate]:
    """Every full date in a text that was made plain; day and month without a year are none."""
    for shape in _SHAPES:
        for match in shape.finditer(text):
            days = frozenset(_days(match))
            if days:
                yield WrittenDate(days, match.start(), match.end(), match[0].isdigit())


def _days(match: re.Match[str]) -> Iterator[date]:
    told = match.groupdict()
    written = told["year"].lstrip("'")
    years = [int(written)] if len(written) > 2 else [1900 + int(written), 2000 + int(written)]  # noqa: PLR2004
    if told.get("month"):
        pairs = {(_MONTHS.index(told["month"][:3].lower()) + 1, int(told["day"]))}
    else:
        first, second = int(told["first"]), int(told["second"])
        pairs = {(first, second), (second, first)}
    for year in years:
        for month, day in pairs:
            with suppress(ValueError):
                yield date(year, month, day)
