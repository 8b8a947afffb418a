"""What every request and answer has in common."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel


def _in_utc(time: datetime) -> datetime:
    try:
        return time.astimezone(UTC)
    except OverflowError as exc:
        raise ValueError("lies outside the calendar") from exc


def _written_day(value: Any) -> Any:
    """Read a day, and refuse the numbers and times that pydantic would take for one."""
    if not isinstance(value, str):
        return value
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise ValueError("must be a day written YYYY-MM-DD")
    return date.fromisoformat(value)


def faults_of(error: ValidationError) -> list[tuple[tuple[int | str, ...], str, str]]:
    """What a model refused: (location, code, message) each, without the value and without pydantic's own words."""
    found = error.errors(include_input=False, include_url=False, include_context=False)
    return [(fault["loc"], fault["type"], fault["msg"].removeprefix("Value error, ")) for fault in found]


UtcTime = Annotated[AwareDatetime, AfterValidator(_in_utc)]
Day = Annotated[date, BeforeValidator(_written_day)]


# `defer_build`: a model is built when it is first used, so a cold start pays for the models of its first request only.
class RequestModel(BaseModel):
    """A body or a query: camelCase, unknown members refused; `read_only` members that come back to us are dropped."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True, defer_build=True
    )
    read_only: ClassVar[frozenset[str]] = frozenset()


class AnswerModel(BaseModel):
    """An answer: camelCase, written with its aliases."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, defer_build=True)


class Page(RequestModel):
    """`limit` (1 to 100, 25 by default) and an opaque `cursor` from the page before."""

    limit: int = 25
    cursor: str | None = None
