"""Answers about what changed in a record."""

from __future__ import annotations

from datetime import datetime

from shared.models.api.base import AnswerModel


class FieldChange(AnswerModel):
    """One member: what it held before and holds since. Both are null when the caller's role does not see it."""

    field: str
    before: str | int | float | tuple[str, ...] | None = None
    now: str | int | float | tuple[str, ...] | None = None
    hidden: bool = False


class RecordChange(AnswerModel):
    """One change: the version that it made, when, and by which user."""

    version: int
    changed_at: datetime
    changed_by: str
    fields: tuple[FieldChange, ...]


class RecordHistory(AnswerModel):
    """A record's changes, newest first; at most 200."""

    type: str
    id: str
    changes: tuple[RecordChange, ...]
