"""Messages, feedback, alerts, drafts, jobs and rosters in memory."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import ClassVar, Generic
from uuid import UUID

from shared.errors import ConflictError, NotFoundError
from shared.models.audit import AuditEvent
from shared.models.firestore.alerts import AlertDocument
from shared.models.firestore.conversation import FeedbackDocument, MessageDocument, ThreadDocument
from shared.models.firestore.documents import Document
from shared.models.firestore.drafts import DraftDocument
from shared.models.firestore.jobs import JobDocument
from shared.models.firestore.rosters import RosterDocument
from shared.repositories.changes import Change, D, KeptAnswer, Position
from shared.repositories.document_protocols import DraftFilter
from shared.repositories.memory.documents import InMemoryDocuments, checked_id, of_client, stamped


class InMemoryCollection(Generic[D]):
    """See DocumentRepository."""

    store_times: ClassVar[bool] = False

    def __init__(self, stored: InMemoryDocuments, held: dict[str, D]) -> None:
        self._stored = stored
        self._held = held

    def get(self, client_id: UUID, document_id: str) -> D | None:
        """See DocumentRepository.get."""
        return of_client(self._held, document_id, client_id)

    def create(
        self,
        document: D,
        event: AuditEvent | None,
        kept: KeptAnswer | None = None,
        new: tuple[Document, ...] = (),
    ) -> tuple[D, bool]:
        """See DocumentRepository.create."""
        with self._stored.lock:
            if checked_id(document.id) in self._held:
                self._stored.answers.recall(kept.key if kept else None)
                existing = self.get(UUID(document.client_id), document.id)
                if existing is None:
                    raise ConflictError("This id is taken")
                return existing, False
            self._stored.record(event, kept, new)
            return self._put(document), True

    def change(self, client_id: UUID, document_id: str, decide: Callable[[D], Change[D] | None]) -> D:
        """See DocumentRepository.change."""
        with self._stored.lock:
            document = self.get(client_id, document_id)
            if document is None:
                raise NotFoundError("There is no such record")
            decided = decide(document)
            if decided is None:
                return document
            self._stored.record(decided.event, decided.kept, decided.new)
            return document if decided.document == document else self._put(decided.document)

    def _put(self, document: D) -> D:
        self._held[document.id] = document = stamped(document) if self.store_times else document
        return document

    def _of(self, client_id: UUID) -> list[D]:
        with self._stored.lock:
            return [document for document in self._held.values() if document.client_id == str(client_id)]


def page(
    documents: list[D], key: Callable[[D], tuple[datetime, str]], after: Position | None, limit: int, *, newest: bool
) -> list[D]:
    """At most `limit` documents in the order of `key`, starting behind `after`."""
    ordered = sorted(documents, key=key, reverse=newest)
    if after is not None:
        place = (after.sort_at, after.id)
        ordered = [one for one in ordered if (key(one) < place if newest else key(one) > place)]
    return ordered[:limit]


def by_change(document: D) -> tuple[datetime, str]:
    """The order of lists by change."""
    return document.updated_at, document.id


class InMemoryMessageRepository(InMemoryCollection[MessageDocument]):
    """See MessageRepository."""

    def of_thread(
        self, client_id: UUID, context_id: str, thread_id: str, *, before: Position | None, limit: int
    ) -> list[MessageDocument]:
        """See MessageRepository.of_thread."""
        found = [one for one in self._of(client_id) if (one.context_id, one.thread_id) == (context_id, thread_id)]
        return page(found, lambda one: (one.sort_at, one.id), before, limit, newest=True)

    def begin(
        self,
        thread: ThreadDocument,
        question: MessageDocument,
        reply: MessageDocument,
        event: AuditEvent,
        make_way: Callable[[MessageDocument], MessageDocument],
    ) -> MessageDocument | None:
        """See MessageRepository.begin."""
        client_id = UUID(thread.client_id)
        with self._stored.lock:
            if checked_id(question.id) in self._held:
                asked = self.get(client_id, question.id)
                if asked is None:
                    raise ConflictError("This id is taken")
                return asked
            stored = self._stored.threads.get(checked_id(thread.id))
            if stored is not None and stored.client_id != thread.client_id:
                raise ConflictError("This id is taken")
            newest = self.get(client_id, stored.reply_id) if stored else None
            over = () if newest is None else (make_way(newest),)
            self._stored.record(event, None)
            for message in (*over, question, reply):
                self._put(message)
            renewed = {"created_at": stored.created_at, "version": stored.version + 1} if stored else {}
            self._stored.threads[thread.id] = thread.model_copy(update=renewed)
            return None

    def silent_since(self, moment: datetime, *, limit: int) -> list[MessageDocument]:
        """See RunningReplies.silent_since."""
        with self._stored.lock:
            found = [one for one in self._held.values() if one.is_running and one.last_sign_at is not None]
        found = [one for one in found if one.last_sign_at is not None and one.last_sign_at <= moment]
        return sorted(found, key=lambda one: (one.last_sign_at or one.created_at, one.id))[:limit]


class InMemoryFeedbackRepository(InMemoryCollection[FeedbackDocument]):
    """See FeedbackRepository."""

    def of_message(self, client_id: UUID, message_id: str, *, after: str | None, limit: int) -> list[FeedbackDocument]:
        """See FeedbackRepository.of_message."""
        found = [one for one in self._of(client_id) if one.message_id == message_id and one.id > (after or "")]
        return sorted(found, key=lambda one: one.id)[:limit]

    def of_person(
        self, client_id: UUID, context_id: str, user_id: str, *, after: str | None, limit: int
    ) -> list[FeedbackDocument]:
        """See FeedbackRepository.of_person."""
        mine = [one for one in self._of(client_id) if (one.context_id, one.user_id) == (context_id, user_id)]
        return sorted((one for one in mine if one.id > (after or "")), key=lambda one: one.id)[:limit]


class InMemoryAlertRepository(InMemoryCollection[AlertDocument]):
    """See AlertRepository."""

    store_times = True

    def latest_with_key(self, client_id: UUID, dedupe_key: str) -> AlertDocument | None:
        """See AlertRepository.latest_with_key."""
        found = [one for one in self._of(client_id) if one.dedupe_key == dedupe_key]
        return max(found, key=lambda one: one.created_at, default=None)

    def active(self, client_id: UUID, *, after: Position | None, limit: int) -> list[AlertDocument]:
        """See AlertRepository.active."""
        return page([one for one in self._of(client_id) if one.is_active], by_change, after, limit, newest=True)


class InMemoryAlertSweep:
    """See AlertSweepStore."""

    def __init__(self, stored: InMemoryDocuments) -> None:
        self._stored = stored

    def due(self, at: datetime, *, limit: int) -> list[AlertDocument]:
        """See AlertSweepStore.due."""
        return self._until(lambda one: one.escalate_at, at, limit)

    def over(self, at: datetime, *, limit: int) -> list[AlertDocument]:
        """See AlertSweepStore.over."""
        return self._until(lambda one: one.expires_at, at, limit)

    def of_source(self, source: str, *, after: str | None, limit: int) -> list[AlertDocument]:
        """See AlertSweepStore.of_source."""
        with self._stored.lock:
            active = [one for one in self._stored.alerts.values() if one.is_active and one.source == source]
        behind = [one for one in active if after is None or one.id > after]
        return sorted(behind, key=lambda one: one.id)[:limit]

    def _until(
        self, time_of: Callable[[AlertDocument], datetime | None], at: datetime, limit: int
    ) -> list[AlertDocument]:
        with self._stored.lock:
            active = [one for one in self._stored.alerts.values() if one.is_active]
        timed = [(time, one.id, one) for one in active if (time := time_of(one)) is not None and time <= at]
        return [one for _, _, one in sorted(timed, key=lambda place: place[:2])][:limit]


class InMemoryDraftRepository(InMemoryCollection[DraftDocument]):
    """See DraftRepository and DraftsUnderWay."""

    def find(self, client_id: UUID, wanted: DraftFilter, *, after: Position | None, limit: int) -> list[DraftDocument]:
        """See DraftRepository.find."""
        found = [
            one
            for one in self._of(client_id)
            if wanted.state in {None, one.state}
            and wanted.author_id in {None, one.author_id}
            and wanted.context_id in {None, one.context_id}
        ]
        return page(found, lambda one: (one.sort_at, one.id), after, limit, newest=True)

    def of_message(self, client_id: UUID, message_id: str) -> DraftDocument | None:
        """See DraftRepository.of_message."""
        return next((one for one in self._of(client_id) if message_id in one.message_ids), None)

    def due(self, at: datetime, *, limit: int, after: DraftDocument | None = None) -> list[DraftDocument]:
        """See DraftsUnderWay.due."""
        with self._stored.lock:
            waiting = [(one.attend_at, one.id, one) for one in self._held.values() if one.attend_at is not None]
        placed = sorted((one for one in waiting if one[0] <= at), key=lambda place: place[:2])
        if after is not None and after.attend_at is not None:
            placed = [one for one in placed if one[:2] > (after.attend_at, after.id)]
        return [one for *_, one in placed[:limit]]


class InMemoryJobRepository(InMemoryCollection[JobDocument]):
    """See JobRepository and OpenJobs."""

    def unmoved_since(self, moment: datetime, *, limit: int) -> list[JobDocument]:
        """See OpenJobs.unmoved_since."""
        with self._stored.lock:
            found = [one for one in self._held.values() if one.is_open and one.updated_at <= moment]
        return sorted(found, key=by_change)[:limit]


class InMemoryRosterRepository:
    """See RosterRepository."""

    def __init__(self, stored: InMemoryDocuments) -> None:
        self._stored = stored

    def get(self, client_id: UUID) -> RosterDocument | None:
        """See RosterRepository.get."""
        return of_client(self._stored.rosters, str(client_id), client_id)

    def put(self, roster: RosterDocument) -> bool:
        """See RosterRepository.put."""
        with self._stored.lock:
            held = self._stored.rosters.get(checked_id(roster.client_id))
            if held is not None and held.version >= roster.version:
                return False
            self._stored.rosters[roster.client_id] = roster
            return True
