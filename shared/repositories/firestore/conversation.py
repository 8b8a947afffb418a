"""Messages and feedback in Firestore."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from google.cloud import firestore
from google.cloud.firestore_v1.base_query import BaseQuery, FieldFilter

from shared.db.firestore import READ_RETRY, TIMEOUT_SECONDS, firestore_errors
from shared.errors import ConflictError
from shared.models.audit import AuditEvent
from shared.models.firestore.conversation import FeedbackDocument, MessageDocument, ThreadDocument
from shared.repositories.changes import Position
from shared.repositories.firestore.changing import add_update, difference, parse, read, reference
from shared.repositories.firestore.collection import FirestoreCollection, documents_of, equal
from shared.repositories.firestore.committing import Commit, Prepared
from shared.repositories.firestore.creating import marked

THREADS = "threads"
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

    def begin(
        self,
        thread: ThreadDocument,
        question: MessageDocument,
        reply: MessageDocument,
        event: AuditEvent,
        make_way: Callable[[MessageDocument], MessageDocument],
    ) -> MessageDocument | None:
        """See MessageRepository.begin."""
        thread_at, question_at = reference(self._client, THREADS, thread.id), self._at(question.id)
        commit: Commit[MessageDocument | None] = Commit(self._client)

        def prepare() -> Prepared[MessageDocument | None]:
            with firestore_errors():
                found = self._client.get_all([thread_at, question_at], timeout=TIMEOUT_SECONDS, retry=READ_RETRY)
                snapshots = {snapshot.reference.path: snapshot for snapshot in found}
            asked = snapshots[question_at.path]
            if (landed := commit.landed([asked])) is not None:
                return landed
            if asked.exists:
                return Prepared(self._own(asked, question))
            batch = self._client.batch()
            self._take_over(batch, snapshots[thread_at.path], thread, event, make_way)
            batch.create(question_at, marked(question.fields(), event))
            batch.create(self._at(reply.id), marked(reply.fields(), event))
            return Prepared(None, batch, event)

        return commit.run(prepare)

    def _take_over(
        self,
        batch: Any,
        snapshot: Any,
        wanted: ThreadDocument,
        event: AuditEvent,
        make_way: Callable[[MessageDocument], MessageDocument],
    ) -> None:
        """Put the thread's next reply into the batch, and the one before it as `make_way` leaves it."""
        if not snapshot.exists:
            batch.create(snapshot.reference, marked(wanted.fields(), event))
            return
        client_id = UUID(wanted.client_id)
        found = parse(snapshot, ThreadDocument, client_id)
        if found is None:
            raise ConflictError("This id is taken")
        stored = found[0]
        newest = read(self._at(stored.reply_id), MessageDocument, client_id)
        if newest is not None:
            add_update(self._client, batch, newest[1], difference(newest[0], make_way(newest[0])), event)
        renewed = wanted.model_copy(update={"created_at": stored.created_at, "version": stored.version + 1})
        add_update(self._client, batch, snapshot, difference(stored, renewed), event)


class FirestoreRunningReplies:
    """See RunningReplies."""

    def __init__(self, client: firestore.Client) -> None:
        self._client = client

    def silent_since(self, moment: datetime, *, limit: int) -> list[MessageDocument]:
        """See RunningReplies.silent_since."""
        query = equal(self._client.collection(FirestoreMessageRepository.name), isRunning=True)
        query = query.where(filter=FieldFilter("lastSignAt", "<=", moment)).order_by("lastSignAt").limit(limit)
        return documents_of(query, MessageDocument)


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
