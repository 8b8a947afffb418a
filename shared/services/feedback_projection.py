"""Carries feedback to the database for analytics: recomputed from the document as it is, never incremented."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from shared.errors import PermanentEventError
from shared.models.outcome import Outcome
from shared.repositories.projection_protocols import FeedbackFacts, FeedbackReader

COUNTED = ("clientId", "mode", "day", "rating", "reasons", "rules")


class FeedbackProjection:
    """Keeps one row for each feedback document."""

    def __init__(self, reader: FeedbackReader, facts: FeedbackFacts) -> None:
        self._reader = reader
        self._facts = facts

    def feedback_written(
        self, feedback_id: str, *, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
    ) -> Outcome:
        """Read the document and keep what it says, at a moment that the store names, over anything older.

        What the event itself carries only says whether anything that is counted changed. So an event that comes twice,
        late or after a deletion leaves the newest state standing.
        """
        if before is not None and after is not None and _counted(before) == _counted(after):
            return Outcome.UNCHANGED
        read = self._reader.read(feedback_id)
        owner = (after or before or {}).get("clientId") if read.feedback is None else read.feedback.client_id
        return Outcome.DONE if self._facts.keep(_client(owner), feedback_id, read) else Outcome.UNCHANGED


def _counted(fields: Mapping[str, Any]) -> list[Any]:
    return [fields.get(name) for name in COUNTED]


def _client(client_id: object) -> UUID:
    try:
        return UUID(str(client_id))
    except ValueError as exc:
        raise PermanentEventError("the feedback belongs to no organisation") from exc
