"""Feedback as the projection reads it, and what is kept for analytics, in memory."""

from __future__ import annotations

from datetime import UTC, datetime
from threading import Lock
from uuid import UUID

from shared.repositories.memory.documents import InMemoryDocuments
from shared.repositories.projection_protocols import FeedbackAsRead


class InMemoryFeedbackReader:
    """See FeedbackReader."""

    def __init__(self, documents: InMemoryDocuments) -> None:
        self._documents = documents

    def read(self, feedback_id: str) -> FeedbackAsRead:
        """See FeedbackReader.read."""
        with self._documents.lock:
            return FeedbackAsRead(self._documents.feedback.get(feedback_id), datetime.now(UTC))


class InMemoryFeedbackFacts:
    """See FeedbackFacts. `kept` is what was read last, by organisation and feedback."""

    def __init__(self) -> None:
        self.kept: dict[tuple[UUID, str], FeedbackAsRead] = {}
        self._lock = Lock()

    def keep(self, client_id: UUID, feedback_id: str, read: FeedbackAsRead) -> bool:
        """See FeedbackFacts.keep."""
        with self._lock:
            held = self.kept.get((client_id, feedback_id))
            if held is not None and held.at >= read.at:
                return False
            self.kept[client_id, feedback_id] = read
            return True
