"""Contexts and sessions in Firestore."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from google.api_core import exceptions
from google.cloud import firestore

from shared.db.firestore import READ_RETRY, TIMEOUT_SECONDS, firestore_errors
from shared.domain.session import pointed
from shared.errors import ConflictError, StoreUnavailableError
from shared.models.audit import AuditEvent
from shared.models.firestore.documents import ContextDocument, SessionDocument
from shared.repositories.firestore.changing import (
    add_event,
    add_kept,
    attempts,
    change,
    difference,
    parse,
    read,
    recall,
    reference,
)
from shared.repositories.protocols import Change, KeptAnswer

CONTEXTS = "contexts"
SESSIONS = "sessions"


class FirestoreContextRepository:
    """See ContextRepository."""

    def __init__(self, client: firestore.Client) -> None:
        self._client = client

    def get(self, client_id: UUID, context_id: str) -> ContextDocument | None:
        """See ContextRepository.get."""
        found = read(reference(self._client, CONTEXTS, context_id), ContextDocument, client_id)
        return found[0] if found else None

    def session(self, session_id: str) -> SessionDocument | None:
        """See ContextRepository.session."""
        with firestore_errors():
            snapshot = reference(self._client, SESSIONS, session_id).get(timeout=TIMEOUT_SECONDS, retry=READ_RETRY)
        return SessionDocument.model_validate({**snapshot.to_dict(), "id": snapshot.id}) if snapshot.exists else None

    def open(
        self,
        context: ContextDocument,
        session: SessionDocument,
        event: AuditEvent,
        kept: Callable[[ContextDocument, bool], KeptAnswer | None],
    ) -> tuple[ContextDocument, bool]:
        """See ContextRepository.open."""
        client_id = UUID(context.client_id)
        context_at = reference(self._client, CONTEXTS, context.id)
        session_at = reference(self._client, SESSIONS, session.id)
        for _ in attempts():
            with firestore_errors():
                snapshots = {
                    snapshot.reference.path: snapshot
                    for snapshot in self._client.get_all(
                        [context_at, session_at], timeout=TIMEOUT_SECONDS, retry=READ_RETRY
                    )
                }
            stored = parse(snapshots[context_at.path], ContextDocument, client_id)
            if stored is None and snapshots[context_at.path].exists:
                raise ConflictError("This id is taken")
            batch = self._client.batch()
            if stored is None:
                batch.create(context_at, context.fields())
            self._point(batch, session_at, snapshots[session_at.path], session)
            add_event(self._client, batch, event)
            opened = context if stored is None else stored[0]
            answer = kept(opened, stored is None)
            add_kept(self._client, batch, answer)
            try:
                with firestore_errors():
                    batch.commit(timeout=TIMEOUT_SECONDS)
            except (exceptions.AlreadyExists, exceptions.FailedPrecondition, exceptions.Aborted):
                recall(self._client, answer.key if answer else None)
                continue
            return opened, stored is None
        raise StoreUnavailableError("Too many people open this at once", retry_after=1)

    def _point(self, batch: Any, session_at: Any, snapshot: Any, wanted: SessionDocument) -> None:
        """Let the session point at what `wanted` points at, beside what it has open already."""
        if not snapshot.exists:
            batch.create(session_at, wanted.fields())
            return
        stored = SessionDocument.model_validate({**snapshot.to_dict(), "id": snapshot.id})
        option = self._client.write_option(last_update_time=snapshot.update_time)
        batch.update(session_at, difference(stored, pointed(stored, wanted)), option=option)

    def change(
        self, client_id: UUID, context_id: str, decide: Callable[[ContextDocument], Change[ContextDocument] | None]
    ) -> ContextDocument:
        """See ContextRepository.change."""
        return change(self._client, reference(self._client, CONTEXTS, context_id), ContextDocument, client_id, decide)
