"""Contexts: one record in one mode, shared by everybody who works on it; sessions point at them."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime
from uuid import UUID, uuid5

from shared.auth.permissions import may_read
from shared.db.selector import DatabaseSelector
from shared.domain.session import SessionLimits, new_session
from shared.errors import FieldError, NotFoundError, ValidationFailedError
from shared.models.api.modes import MACHINE_NAMES, ContextView, SetContext
from shared.models.caller import Caller
from shared.models.firestore.documents import ContextDocument, SessionDocument
from shared.models.records import RecordReference
from shared.repositories.protocols import KeptAnswer
from shared.services.access_log import AccessLog
from shared.services.clock import Clock
from shared.services.component import ComponentService

_FREE_RECORDS = UUID("6f0a4f1c-6d0b-5f0e-9d55-0f3f6f5a7b21")


class ContextService(ComponentService):
    """Opening and reading contexts."""

    def __init__(
        self,
        db_selector: DatabaseSelector,
        access_log: AccessLog,
        key: bytes,
        *,
        now: Clock,
        limits: SessionLimits,
    ) -> None:
        """Take the secret `key` from which context ids are derived, and how long the sessions last that point there."""
        super().__init__(db_selector)
        self._access_log = access_log
        self._key = key
        self._now = now
        self._limits = limits

    def current(self, caller: Caller, mode: str, context_id: str | None = None) -> ContextDocument:
        """Return the caller's current context in `mode` (or the one named); the read is audited."""
        context = self.context_in(caller, mode, context_id)
        event = caller.seen("context", resource_ref=context.id, patient_ref=context.patient_uuid, mode=mode)
        with self._access_log.reading(event):
            return context

    def context_in(self, caller: Caller, mode: str, context_id: str | None = None) -> ContextDocument:
        """Return the caller's current context in `mode` (or the one named) for a service that audits what it does."""
        context = self.context_of(caller, context_id, mode)
        if context.mode != mode:
            raise NotFoundError("There is no such record")
        return context

    def known(self, client_id: UUID, mode: str, record_type: str, record_id: UUID) -> ContextDocument | None:
        """Return the context of a record in `mode`, None when nobody has opened it."""
        record = RecordReference(record_type, record_id, str(record_id), None)
        return self.db.firestore.contexts.get(client_id, self._context_id(client_id, mode, record))

    def open(
        self, caller: Caller, mode: str, wanted: SetContext, fresh: Callable[[str], str]
    ) -> tuple[ContextDocument, bool]:
        """Make a record the caller's current context in `mode`; tell whether the context is new.

        `fresh` words the summary of a context that has seen no check yet, from the record's number.
        """
        self.db.firestore.kept_answers.recall(caller.idempotency)
        found = self._resolve(caller, wanted)
        now = self._now()
        context = ContextDocument(
            id=self._context_id(caller.client_id, mode, found),
            client_id=str(caller.client_id),
            created_at=now,
            updated_at=now,
            mode=mode,
            record_type=found.type,
            record_id=found.number,
            record_uuid=str(found.id),
            patient_uuid=None if found.patient_id is None else str(found.patient_id),
            summary=fresh(found.number),
            as_of=now,
        )
        event = caller.changed(
            "context",
            resource_ref=context.id,
            patient_ref=context.patient_uuid,
            mode=mode,
            metadata={"recordType": found.type},
        )

        def kept(opened: ContextDocument, new: bool) -> KeptAnswer | None:
            if caller.idempotency is None:
                return None
            body = ContextView.of(opened).model_dump_json(by_alias=True)
            return KeptAnswer(caller.idempotency, 201 if new else 200, body)

        return self.db.firestore.contexts.open(context, self._session(caller, context, now), event, kept)

    def _resolve(self, caller: Caller, wanted: SetContext) -> RecordReference:
        record_type = MACHINE_NAMES.get(wanted.record_type, wanted.record_type)
        if record_type == "other":
            free = uuid5(_FREE_RECORDS, f"{caller.client_id}/{wanted.record_id}")
            return RecordReference("other", free, wanted.record_id, None)
        readable = may_read(caller.role, record_type)
        found = self.db.postgres.records.resolve(caller.client_id, record_type, wanted.record_id) if readable else None
        if found is None:
            raise NotFoundError("There is no such record")
        return found

    def _context_id(self, client_id: UUID, mode: str, record: RecordReference) -> str:
        parts = "\x1f".join((str(client_id), mode, record.type, str(record.id)))
        return "ctx_" + hmac.new(self._key, parts.encode(), hashlib.sha256).hexdigest()[:32]

    def _session(self, caller: Caller, context: ContextDocument, now: datetime) -> SessionDocument:
        pointers = {
            "current_mode": context.mode,
            "current_contexts": {context.mode: context.id},
            "open_contexts": (context.id,),
        }
        return new_session(caller, self._limits, now=now).model_copy(update=pointers)


def patient_of(context: ContextDocument) -> str:
    """The uuid of the context's patient. Raises ValidationFailedError for a context that is about none."""
    if context.patient_uuid is None:
        message = "This context is not about a patient"
        raise ValidationFailedError(message, errors=(FieldError("contextId", "no_patient", message),))
    return context.patient_uuid
