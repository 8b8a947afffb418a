"""What every request and answer has in common."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, ClassVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


def _in_utc(time: datetime) -> datetime:
    try:
        return time.astimezone(UTC)
    except OverflowError as exc:
        raise ValueError("lies outside the calendar") from exc


UtcTime = Annotated[AwareDatetime, AfterValidator(_in_utc)]


class RequestModel(BaseModel):
    """A body or a query: camelCase, unknown members refused; `read_only` members that come back to us are dropped."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True)
    read_only: ClassVar[frozenset[str]] = frozenset()


class AnswerModel(BaseModel):
    """An answer: camelCase, written with its aliases."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class Page(RequestModel):
    """`limit` (1 to 100, 25 by default) and an opaque `cursor` from the page before."""

    limit: int = 25
    cursor: str | None = None
