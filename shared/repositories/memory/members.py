"""Members, kept answers, the outbox and the audit topic in memory."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future

from shared.errors import StoreUnavailableError
from shared.models.audit import AuditEvent
from shared.models.caller import IdempotencyKey
from shared.models.firestore.documents import MemberDocument
from shared.models.identifiers import DOCUMENT_ID
from shared.repositories.memory.documents import InMemoryDocuments


class InMemoryMemberRepository:
    """See MemberRepository. `members` is by Firebase uid and may be changed at any time."""

    def __init__(self, members: Mapping[str, MemberDocument]) -> None:
        self.members = dict(members)

    def get(self, uid: str) -> MemberDocument | None:
        """See MemberRepository.get."""
        return self.members.get(uid) if DOCUMENT_ID.match(uid) else None


class InMemoryKeptAnswers:
    """See KeptAnswers."""

    def __init__(self, documents: InMemoryDocuments) -> None:
        self._documents = documents

    def recall(self, key: IdempotencyKey | None) -> None:
        """See KeptAnswers.recall."""
        with self._documents.lock:
            self._documents.answers.recall(key)


class InMemoryAuditOutbox:
    """See AuditOutbox. `available` false is a store that does not answer."""

    def __init__(self, documents: InMemoryDocuments) -> None:
        self._documents = documents
        self.available = True

    def add(self, event: AuditEvent) -> None:
        """See AuditOutbox.add."""
        if not self.available:
            raise StoreUnavailableError("The live store did not answer in time", retry_after=5)
        with self._documents.lock:
            if all(known.id != event.id for known in self._documents.events):
                self._documents.events.append(event)


class InMemoryAuditPublisher:
    """See AuditPublisher. `events` is what the topic has acknowledged; `available` false is a topic that does not."""

    def __init__(self) -> None:
        self.events: list[AuditEvent] = []
        self.available = True

    def begin(self, event: AuditEvent) -> Future[str]:
        """See AuditPublisher.begin."""
        publication: Future[str] = Future()
        if self.available:
            self.events.append(event)
            publication.set_result(str(event.id))
        else:
            publication.set_exception(TimeoutError())
        return publication

    def confirm(self, publication: Future[str]) -> None:
        """See AuditPublisher.confirm."""
        if publication.exception() is not None:
            raise StoreUnavailableError("The audit topic did not answer in time", retry_after=5)
