"""Sessions in Firestore."""

from __future__ import annotations

import time
from datetime import datetime
from threading import Lock
from typing import Any

from google.api_core import exceptions
from google.cloud import firestore
from google.cloud.firestore_v1.base_query import FieldFilter

from shared.db.firestore import READ_RETRY, TIMEOUT_SECONDS, firestore_errors
from shared.models.audit import AuditEvent
from shared.models.firestore.documents import SessionDocument
from shared.models.identifiers import DOCUMENT_ID
from shared.repositories.firestore.changing import reference
from shared.repositories.firestore.committing import Commit, Prepared
from shared.repositories.firestore.contexts import SESSIONS
from shared.repositories.firestore.creating import marked
from shared.repositories.firestore.members import MEMBERS

CACHE_SECONDS = 60.0
CACHE_SIZE = 10_000


class FirestoreSessionRepository:
    """See SessionRepository. A session is kept for 60 s, so that its end shows within that time on every instance."""

    def __init__(self, client: firestore.Client) -> None:
        self._client = client
        self._kept: dict[str, tuple[float, SessionDocument | None]] = {}
        self._lock = Lock()

    def get(self, session_id: str) -> SessionDocument | None:
        """See SessionRepository.get."""
        kept = self._kept.get(session_id)
        if kept is not None and kept[0] > time.monotonic():
            return kept[1]
        return self.latest(session_id)

    def latest(self, session_id: str) -> SessionDocument | None:
        """See SessionRepository.latest."""
        if not DOCUMENT_ID.match(session_id):
            return None
        with firestore_errors():
            snapshot = reference(self._client, SESSIONS, session_id).get(timeout=TIMEOUT_SECONDS, retry=READ_RETRY)
        session = _typed(snapshot) if snapshot.exists else None
        self._keep(session_id, session)
        return session

    def start(self, session: SessionDocument, event: AuditEvent) -> SessionDocument:
        """See SessionRepository.start. A sign-in that has its session keeps it: only the event is stored."""
        at = reference(self._client, SESSIONS, session.id)
        commit: Commit[SessionDocument] = Commit(self._client)

        def prepare() -> Prepared[SessionDocument]:
            with firestore_errors():
                snapshot = at.get(timeout=TIMEOUT_SECONDS, retry=READ_RETRY)
            if (landed := commit.landed([snapshot])) is not None:
                return landed
            batch = self._client.batch()
            if snapshot.exists:
                return Prepared(_typed(snapshot), batch, event)
            batch.create(at, marked(session.fields(), event))
            return Prepared(session, batch, event)

        started = commit.run(prepare)
        self._keep(started.id, started)
        return started

    def touch(self, session: SessionDocument) -> None:
        """See SessionRepository.touch."""
        at = reference(self._client, SESSIONS, session.id)
        active = {"lastActivityAt": session.last_activity_at, "idleUntil": session.idle_until}
        try:
            with firestore_errors():
                at.update(active, timeout=TIMEOUT_SECONDS, retry=READ_RETRY)
        except exceptions.NotFound:
            try:
                with firestore_errors():
                    at.create(session.fields(), timeout=TIMEOUT_SECONDS, retry=READ_RETRY)
            except exceptions.AlreadyExists:  # opened or touched by another request just now
                self._forget(session.id)
                return
        self._keep(session.id, session)

    def end_all(self, uid: str, *, at: datetime, event: AuditEvent) -> int:
        """See SessionRepository.end_all."""
        ended: list[Any] = []
        commit: Commit[None] = Commit(self._client)

        def prepare() -> Prepared[None]:
            with firestore_errors():
                member = member_at.get(timeout=TIMEOUT_SECONDS, retry=READ_RETRY)
            if (landed := commit.landed([member])) is not None:
                return landed
            ended[:] = going_on(self._client, uid)
            batch = self._client.batch()
            batch.update(member_at, marked({"tokensValidAfter": at}, event))
            for snapshot in ended:
                add_end(batch, snapshot, at)
            return Prepared(None, batch, event)

        member_at = reference(self._client, MEMBERS, uid)
        commit.run(prepare)
        for snapshot in ended:
            self._forget(snapshot.id)
        return len(ended)

    def _keep(self, session_id: str, session: SessionDocument | None) -> None:
        with self._lock:
            if len(self._kept) >= CACHE_SIZE:
                self._kept.clear()
            self._kept[session_id] = (time.monotonic() + CACHE_SECONDS, session)

    def _forget(self, session_id: str) -> None:
        with self._lock:
            self._kept.pop(session_id, None)


def going_on(client: firestore.Client, uid: str) -> list[Any]:
    """Snapshots of the person's sessions that have not ended."""
    query = client.collection(SESSIONS).where(filter=FieldFilter("uid", "==", uid))
    query = query.where(filter=FieldFilter("endedAt", "==", None))
    with firestore_errors():
        return list(query.get(timeout=TIMEOUT_SECONDS, retry=READ_RETRY))


def add_end(batch: Any, snapshot: Any, at: datetime) -> None:
    """Put a session's end into the batch; see shared.domain.session.ended."""
    batch.update(snapshot.reference, {"endedAt": at, "updatedAt": at, "version": firestore.Increment(1)})


def _typed(snapshot: Any) -> SessionDocument:
    return SessionDocument.model_validate({**snapshot.to_dict(), "id": snapshot.id})
