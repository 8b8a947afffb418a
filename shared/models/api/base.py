"""What every request and answer has in common."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


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
