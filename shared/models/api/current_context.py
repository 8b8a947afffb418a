"""Requests and answers of the context component: the record in hand, in whatever mode the session is in."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints, model_validator

from shared.models.api.base import AnswerModel, RequestModel
from shared.models.api.modes import ContextView, RecordId, RecordType

ModeName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z-]{1,60}$")]


class ContextUpdate(RequestModel):
    """Which record to work on, in which mode.

    Without `mode` it stays the session's; without a record the one in hand goes along into `mode`.
    """

    mode: ModeName | None = None
    record_type: RecordType | None = None
    record_id: RecordId | None = None

    @model_validator(mode="after")
    def _is_complete(self) -> ContextUpdate:
        if (self.record_type is None) != (self.record_id is None):
            raise ValueError("recordType and recordId go together")
        if self.mode is None and self.record_id is None:
            raise ValueError("name a mode, a record, or both")
        return self


class ContextHistory(AnswerModel):
    """The records that were opened in this sign-in, newest first, each once a mode."""

    contexts: tuple[ContextView, ...]
