"""Contexts and sessions in Firestore."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any
from uuid import UUID

from google.cloud import firestore
from google.cloud.firestore_v1.base_query import FieldFilter

from shared.db.firestore import READ_RETRY, TIMEOUT_SECONDS, firestore_errors
from shared.domain.session import pointed
from shared.errors import ConflictError
from shared.models.audit import AuditEvent
from shared.models.firestore.documents import ContextDocument, SessionDocument
from shared.repositories.firestore.changing import add_update, change, difference, parse, read, reference
from shared.repositories.firestore.collection import documents_of, of_client
from shared.repositories.firestore.committing import Commit, Prepared
from shared.repositories.firestore.creating import marked
from shared.repositories.protocols import Change, KeptAnswer

CONTEXTS = "contexts"
SESSIONS = "sessions"
AT_ONCE = 30  # values that Firestore takes in one disjunction


class FirestoreContextRepository:
    """See ContextRepository."""

    def __init__(self, client: firestore.Client) -> None:
        self._client = client

    def get(self, client_id: UUID, context_id: str) -> ContextDocument | None:
        """See ContextRepository.get."""
        found = read(reference(self._client, CONTEXTS, context_id), ContextDocument, client_id)
        return found[0] if found else None

    def several(self, client_id: UUID, context_ids: Sequence[str]) -> dict[str, ContextDocument]:
        """See ContextRepository.several."""
        if not context_ids:
            return {}
        snapshots = self._get(*(reference(self._client, CONTEXTS, context_id) for context_id in context_ids))
        found = (parse(snapshot, ContextDocument, client_id) for snapshot in snapshots.values())
        return {context.id: context for context, _ in filter(None, found)}

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
        commit: Commit[tuple[ContextDocument, bool]] = Commit(self._client)

        def prepare() -> Prepared[tuple[ContextDocument, bool]]:
            found = self._get(context_at, session_at)
            if (landed := commit.landed([found[session_at.path]])) is not None:
                return landed
            stored = parse(found[context_at.path], ContextDocument, client_id)
            if stored is None and found[context_at.path].exists:
                raise ConflictError("This id is taken")
            batch = self._client.batch()
            if stored is None:
                batch.create(context_at, marked(context.fields(), event))
            self._point(batch, found[session_at.path], session, event)
            opened = context if stored is None else stored[0]
            return Prepared((opened, stored is None), batch, event, kept(opened, stored is None))

        return commit.run(prepare)

    def _get(self, *references: Any) -> dict[str, Any]:
        """Return the documents' snapshots by path, missing ones too."""
        with firestore_errors():
            found = self._client.get_all(list(references), timeout=TIMEOUT_SECONDS, retry=READ_RETRY)
            return {snapshot.reference.path: snapshot for snapshot in found}

    def _point(self, batch: Any, snapshot: Any, wanted: SessionDocument, event: AuditEvent) -> None:
        """Let the session point at what `wanted` points at, beside what it has open already."""
        if not snapshot.exists:
            batch.create(snapshot.reference, marked(wanted.fields(), event))
            return
        stored = SessionDocument.model_validate({**snapshot.to_dict(), "id": snapshot.id})
        add_update(self._client, batch, snapshot, difference(stored, pointed(stored, wanted)), event)

    def about(
        self, client_id: UUID, *, patients: Collection[str], payers: Collection[str]
    ) -> Iterator[ContextDocument]:
        """See ContextsOfRecords.about."""
        own = of_client(self._client.collection(CONTEXTS), client_id)
        seen: set[str] = set()
        for name, operator, wanted in (
            ("patientUuid", "in", sorted(patients)),
            ("payerUuids", "array_contains_any", sorted(payers)),
        ):
            for start in range(0, len(wanted), AT_ONCE):
                condition = FieldFilter(name, operator, wanted[start : start + AT_ONCE])
                for context in documents_of(own.where(filter=condition), ContextDocument):
                    if context.id not in seen:
                        seen.add(context.id)
                        yield context

    def change(
        self, client_id: UUID, context_id: str, decide: Callable[[ContextDocument], Change[ContextDocument] | None]
    ) -> ContextDocument:
        """See ContextRepository.change."""
        return change(self._client, reference(self._client, CONTEXTS, context_id), ContextDocument, client_id, decide)
