"""Contexts and sessions in memory."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from uuid import UUID

from shared.domain.session import pointed
from shared.errors import ConflictError, NotFoundError
from shared.models.audit import AuditEvent
from shared.models.firestore.documents import ContextDocument, SessionDocument
from shared.repositories.memory.documents import InMemoryDocuments, checked_id, of_client
from shared.repositories.protocols import Change, KeptAnswer


class InMemoryContextRepository:
    """See ContextRepository."""

    def __init__(self, documents: InMemoryDocuments) -> None:
        self._documents = documents

    def get(self, client_id: UUID, context_id: str) -> ContextDocument | None:
        """See ContextRepository.get."""
        return of_client(self._documents.contexts, context_id, client_id)

    def several(self, client_id: UUID, context_ids: Sequence[str]) -> dict[str, ContextDocument]:
        """See ContextRepository.several."""
        found = ((context_id, self.get(client_id, context_id)) for context_id in context_ids)
        return {context_id: context for context_id, context in found if context is not None}

    def session(self, session_id: str) -> SessionDocument | None:
        """See ContextRepository.session."""
        return self._documents.sessions.get(checked_id(session_id))

    def open(
        self,
        context: ContextDocument,
        session: SessionDocument,
        event: AuditEvent,
        kept: Callable[[ContextDocument, bool], KeptAnswer | None],
    ) -> tuple[ContextDocument, bool]:
        """See ContextRepository.open."""
        with self._documents.lock:
            known = self.get(UUID(context.client_id), context.id)
            if known is None and context.id in self._documents.contexts:
                raise ConflictError("This id is taken")
            before = self.session(session.id)
            after = session if before is None else pointed(before, session)
            opened = known or context
            self._documents.record(event, kept(opened, known is None))
            self._documents.contexts[context.id] = opened
            self._documents.sessions[session.id] = after
            return opened, known is None

    def make(self, context: ContextDocument, event: AuditEvent) -> ContextDocument:
        """See ContextRepository.make."""
        with self._documents.lock:
            known = self.get(UUID(context.client_id), context.id)
            if known is None and context.id in self._documents.contexts:
                raise ConflictError("This id is taken")
            if known is None:
                self._documents.record(event, None)
                self._documents.contexts[context.id] = context
            return known or context

    def about(
        self, client_id: UUID, *, patients: Collection[str], payers: Collection[str]
    ) -> Iterator[ContextDocument]:
        """See ContextsOfRecords.about."""
        with self._documents.lock:
            mine = [one for one in self._documents.contexts.values() if one.client_id == str(client_id)]
        wanted = set(payers)
        return (one for one in mine if one.patient_uuid in patients or wanted.intersection(one.payer_uuids))

    def change(
        self, client_id: UUID, context_id: str, decide: Callable[[ContextDocument], Change[ContextDocument] | None]
    ) -> ContextDocument:
        """See ContextRepository.change."""
        with self._documents.lock:
            context = self.get(client_id, context_id)
            if context is None:
                raise NotFoundError("There is no such record")
            decided = decide(context)
            if decided is None:
                return context
            self._documents.record(decided.event, decided.kept)
            self._documents.contexts[context_id] = decided.document
            return decided.document
