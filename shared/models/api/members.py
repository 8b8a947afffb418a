"""What members of records may hold, as bodies and queries take them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from shared.models.api.base import Day

NUMBER_PATTERN = r"^[^\x00-\x20\x7f/\\]([^\x00-\x1f\x7f/\\]{0,98}[^\x00-\x20\x7f/\\])?$"
LARGEST_CENTS = 9_999_999_999  # numeric(10,2)
FIRST_DAY, LAST_DAY = date(1800, 1, 1), date(2200, 12, 31)

Number = Annotated[str, StringConstraints(pattern=NUMBER_PATTERN, max_length=100)]
Reference = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{1,200}$")]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
LongText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,40}$")]
Procedure = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{5}$")]  # CPT or HCPCS
Npi = Annotated[str, StringConstraints(pattern=r"^[0-9]{10}$")]
Money = Annotated[Decimal, Field(ge=0, max_digits=10, decimal_places=2, allow_inf_nan=False)]
Cents = Annotated[int, Field(ge=0, le=LARGEST_CENTS)]
Count = Annotated[int, Field(ge=0, le=1_000_000)]


def _on_a_calendar(day: date) -> date:
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError(f"must lie from {FIRST_DAY} to {LAST_DAY}")
    return day


RecordDay = Annotated[Day, AfterValidator(_on_a_calendar)]  # not ge, le: JSON Schema has no such words for days
