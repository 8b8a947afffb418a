"""Feedback kept for analytics in PostgreSQL."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError

from shared.db.postgres import Postgres, sqlstate
from shared.errors import PermanentEventError
from shared.models.firestore.conversation import FeedbackDocument
from shared.models.postgres import feedback_facts
from shared.repositories.projection_protocols import FeedbackAsRead

_NEVER = ("22", "23")  # data exceptions and broken constraints: no retry helps


class PostgresFeedbackFacts:
    """See FeedbackFacts. Works as the role `analytics`, bound to the organisation whose feedback it is."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    def keep(self, client_id: UUID, feedback_id: str, read: FeedbackAsRead) -> bool:
        """See FeedbackFacts.keep."""
        row = {"client_id": client_id, "feedback_id": feedback_id, "as_of": read.at, **_said(read.feedback)}
        statement = insert(feedback_facts).values(row)
        renewed = {name: statement.excluded[name] for name in row if name not in {"client_id", "feedback_id"}}
        statement = statement.on_conflict_do_update(
            index_elements=[feedback_facts.c.client_id, feedback_facts.c.feedback_id],
            set_=renewed,
            where=feedback_facts.c.as_of < statement.excluded.as_of,
        )
        try:
            with self._postgres.tenant(client_id) as connection:
                return connection.execute(statement).rowcount == 1
        except DBAPIError as exc:
            if sqlstate(exc).startswith(_NEVER):
                raise PermanentEventError(f"the database does not take the feedback: {sqlstate(exc)}") from exc
            raise


def _said(feedback: FeedbackDocument | None) -> dict[str, Any]:
    """What is kept of the document; nothing of one that is gone but that it is."""
    if feedback is None:
        return {"deleted": True, "mode": None, "day": None, "rating": None, "reasons": [], "rules": []}
    return {
        "deleted": False,
        "mode": feedback.mode,
        "day": date.fromisoformat(feedback.day) if feedback.day else feedback.created_at.date(),
        "rating": feedback.rating,
        "reasons": list(feedback.reasons),
        "rules": list(feedback.rules),
    }
