"""Dates, instants and money as senders write them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from zoneinfo import ZoneInfo

CENT = Decimal("0.01")
LARGEST_AMOUNT = Decimal("99999999.99")  # numeric(10,2)
FIRST_YEAR, LAST_YEAR = 1000, 9998  # so that an instant has a day in every time zone
_PARTIAL_DATE = re.compile(r"\d{4}(-(0[1-9]|1[0-2]))?")
_FULL_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIME_OF_DAY = re.compile(r"\d{2}:\d{2}(:\d{2})?")
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})")


def is_partial_date(text: str) -> bool:
    """Whether `text` is only a year or a month, which is a date to FHIR and no day to us."""
    return _PARTIAL_DATE.fullmatch(text) is not None and int(text[:4]) > 0


def day(text: str) -> date:
    """`YYYY-MM-DD` as written. Raises ValueError."""
    if not _FULL_DATE.fullmatch(text):
        raise ValueError(text)
    return date.fromisoformat(text)


def time_of_day(text: str) -> time:
    """`HH:MM` or `HH:MM:SS` as written. Raises ValueError."""
    if not _TIME_OF_DAY.fullmatch(text):
        raise ValueError(text)
    return time.fromisoformat(text)


def instant(text: str) -> datetime:
    """An RFC 3339 instant with its offset, in UTC. Raises ValueError."""
    if not _INSTANT.fullmatch(text):
        raise ValueError(text)
    if not FIRST_YEAR <= int(text[:4]) <= LAST_YEAR:
        raise ValueError(text)
    # Finer than a microsecond is cut by `fromisoformat`; :60, a leap second, is not a time of day to Python.
    return datetime.fromisoformat(text).astimezone(UTC)


def local_day(moment: datetime, zone: ZoneInfo) -> date:
    """The day that `moment` falls on in the client's time zone."""
    return moment.astimezone(zone).date()


def decimal(value: object) -> Decimal:
    """A JSON number or a CSV text as an exact number. Raises ValueError; NaN and infinities are no amounts."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        value = "not a number"
    try:
        # A float that came through an ordinary JSON parser: its shortest form is what the sender wrote.
        number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    except InvalidOperation as exc:
        raise ValueError("number") from exc
    if not number.is_finite():
        raise ValueError("number")
    return number


def amount_fault(number: Decimal) -> str | None:
    """Why `number` cannot be stored to the cent: `amount_negative`, `amount_out_of_range`, `amount_not_exact`."""
    if number < 0:
        return "amount_negative"
    if number > LARGEST_AMOUNT:
        return "amount_out_of_range"
    return None if number == number.quantize(CENT) else "amount_not_exact"


def to_cents(number: Decimal) -> Decimal:
    """`number` with two decimals, halves away from zero."""
    return number.quantize(CENT, rounding=ROUND_HALF_UP)


def slug(name: str) -> str:
    """A name as a stable key: `Blue Cross Blue Shield` is `blue-cross-blue-shield`."""
    return "-".join(re.findall(r"\w+", name.casefold()))
