"""Messages and feedback in Firestore."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from google.cloud.firestore_v1.base_query import BaseQuery

from shared.models.firestore.conversation import FeedbackDocument, MessageDocument
from shared.repositories.changes import Position
from shared.repositories.firestore.collection import FirestoreCollection, documents_of, equal

NEWEST_FIRST = BaseQuery.DESCENDING


class FirestoreMessageRepository(FirestoreCollection[MessageDocument]):
    """See MessageRepository."""

    name = "messages"
    model = MessageDocument

    def of_thread(
        self, client_id: UUID, context_id: str, thread_id: str, *, before: Position | None, limit: int
    ) -> list[MessageDocument]:
        """See MessageRepository.of_thread."""
        query = equal(self._of(client_id), contextId=context_id, threadId=thread_id)
        query = query.order_by("sortAt", direction=NEWEST_FIRST).order_by("__name__", direction=NEWEST_FIRST)
        if before is not None:
            query = query.start_after({"sortAt": before.sort_at, "__name__": self._at(before.id)})
        return documents_of(query.limit(limit), MessageDocument)


class FirestoreFeedbackRepository(FirestoreCollection[FeedbackDocument]):
    """See FeedbackRepository."""

    name = "feedback"
    model = FeedbackDocument

    def of_message(self, client_id: UUID, message_id: str, *, after: str | None, limit: int) -> list[FeedbackDocument]:
        """See FeedbackRepository.of_message."""
        return self._by_id(equal(self._of(client_id), messageId=message_id), after, limit)

    def of_person(
        self, client_id: UUID, context_id: str, user_id: str, *, after: str | None, limit: int
    ) -> list[FeedbackDocument]:
        """See FeedbackRepository.of_person."""
        return self._by_id(equal(self._of(client_id), contextId=context_id, userId=user_id), after, limit)

    def _by_id(self, query: Any, after: str | None, limit: int) -> list[FeedbackDocument]:
        query = query.order_by("__name__")
        if after is not None:
            query = query.start_after({"__name__": self._at(after)})
        return documents_of(query.limit(limit), FeedbackDocument)
