"""What the in-memory live repositories share: documents, outbox and kept answers behind one lock.

Whatever happens while the lock is held is one commit: it is seen whole or not at all.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import RLock
from uuid import UUID

from shared.domain.session import ended
from shared.errors import NotFoundError
from shared.models.audit import AuditEvent
from shared.models.caller import IdempotencyKey
from shared.models.firestore.alerts import AlertDocument, InboxEntryDocument
from shared.models.firestore.conversation import FeedbackDocument, MessageDocument, ThreadDocument
from shared.models.firestore.devices import DeviceDocument
from shared.models.firestore.documents import ContextDocument, Document, SessionDocument, TaskDocument
from shared.models.firestore.drafts import DraftDocument
from shared.models.firestore.jobs import JobDocument
from shared.models.firestore.rosters import RosterDocument
from shared.models.identifiers import DOCUMENT_ID
from shared.models.replay import CLAIMED_SECONDS, KEPT_SECONDS, replay
from shared.repositories.protocols import D, KeptAnswer


@dataclass(frozen=True, slots=True)
class _Kept:
    """An answer, and until when (seconds since 1970) it is replayed."""

    answer: KeptAnswer
    until: float


@dataclass(slots=True)
class InMemoryAnswers:
    """Kept answers by the id of their key."""

    answers: dict[str, _Kept] = field(default_factory=dict)
    claims: dict[str, float] = field(default_factory=dict)

    def recall(self, key: IdempotencyKey | None) -> None:
        """See KeptAnswers.recall."""
        kept = self.answers.get(key.id) if key else None
        if key is None or kept is None or kept.until <= time.time():
            return
        answer = kept.answer
        raise replay(kept_request=answer.key.request, request=key.request, status=answer.status, body=answer.body)

    def keep(self, kept: KeptAnswer | None) -> None:
        """Keep an answer; the first one of a key wins. Raises as `recall` does."""
        if kept is not None:
            self.recall(kept.key)
            self.answers[kept.key.id] = _Kept(kept, time.time() + KEPT_SECONDS)
            self.claims.pop(kept.key.id, None)

    def claim(self, key: IdempotencyKey) -> bool:
        """Take the key for a request; False while another is at work with it. Raises as `recall` does."""
        self.recall(key)
        if self.claims.get(key.id, 0.0) > time.time():
            return False
        self.claims[key.id] = time.time() + CLAIMED_SECONDS
        return True


@dataclass(slots=True)
class InMemoryDocuments:
    """Every collection by document id. `events` is the audit outbox in the order of the commits."""

    tasks: dict[str, TaskDocument] = field(default_factory=dict)
    contexts: dict[str, ContextDocument] = field(default_factory=dict)
    sessions: dict[str, SessionDocument] = field(default_factory=dict)
    messages: dict[str, MessageDocument] = field(default_factory=dict)
    threads: dict[str, ThreadDocument] = field(default_factory=dict)
    feedback: dict[str, FeedbackDocument] = field(default_factory=dict)
    alerts: dict[str, AlertDocument] = field(default_factory=dict)
    inboxes: dict[str, dict[str, InboxEntryDocument]] = field(default_factory=dict)
    devices: dict[str, DeviceDocument] = field(default_factory=dict)
    drafts: dict[str, DraftDocument] = field(default_factory=dict)
    jobs: dict[str, JobDocument] = field(default_factory=dict)
    rosters: dict[str, RosterDocument] = field(default_factory=dict)
    events: list[AuditEvent] = field(default_factory=list)
    answers: InMemoryAnswers = field(default_factory=InMemoryAnswers)
    lock: RLock = field(default_factory=RLock)

    def end_sessions(self, uid: str, *, at: datetime, over: Callable[[str], bool] = lambda _: True) -> int:
        """End the person's sessions whose ids are `over`; returns how many ended."""
        with self.lock:
            going = [one for one in self.sessions.values() if one.uid == uid and one.ended_at is None and over(one.id)]
            self.sessions |= {session.id: ended(session, at) for session in going}
            return len(going)

    def record(self, event: AuditEvent | None, kept: KeptAnswer | None, new: tuple[Document, ...] = ()) -> None:
        """Put the event, the answer and the new documents of a commit away; raises before anything is stored."""
        self.answers.keep(kept)
        if event is not None:
            self.events.append(event)
        for document in new:
            if isinstance(document, AlertDocument):
                self.alerts.setdefault(document.id, stamped(document))
            elif isinstance(document, TaskDocument):
                self.tasks.setdefault(document.id, document)
            elif isinstance(document, DraftDocument):
                self.drafts.setdefault(document.id, document)


def stamped(document: D) -> D:
    """The document as written now by the store's clock."""
    return document.model_copy(update={"updated_at": datetime.now(UTC)})


def checked_id(document_id: str) -> str:
    """Return the id. Raises NotFoundError for one that no document can have (it could be a deeper path)."""
    if not DOCUMENT_ID.match(document_id):
        raise NotFoundError("There is no such record")
    return document_id


def of_client(documents: Mapping[str, D], document_id: str, client_id: UUID) -> D | None:
    """Return the document; None when it is missing or another client's."""
    found = documents.get(checked_id(document_id))
    return found if found is not None and found.client_id == str(client_id) else None
