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
from shared.models.audit import AuditAction, own_act
from shared.models.caller import Caller
from shared.models.firestore.documents import ContextDocument, SessionDocument
from shared.models.records import Patient, RecordReference
from shared.models.snapshot import Snapshot
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

    def of_patient(
        self, client_id: UUID, mode: str, patient: Patient, snapshot: Snapshot, *, cause: str
    ) -> ContextDocument:
        """Return the context of a patient in `mode`; one that nobody has opened is made, so that work finds its place.

        `snapshot` is what a new one says of its record, `cause` the function that needs it.
        """
        record = RecordReference("patient", patient.id, patient.mrn, patient.id)
        known = self.db.firestore.contexts.get(client_id, self._context_id(client_id, mode, record))
        if known is not None:
            return known
        now = self._now()
        empty = self._new(client_id, mode, record, "", now)
        made = empty.model_copy(
            update={name: getattr(snapshot, name) for name in ("status", "summary", "facts", "payer_uuids")}
        )
        event = own_act(
            client_id,
            AuditAction.CONTEXT_SET,
            "context",
            cause=cause,
            resource_ref=made.id,
            patient_ref=made.patient_uuid,
            mode=mode,
            metadata={"recordType": record.type},
        )
        return self.db.firestore.contexts.make(made, event)

    def open(
        self, caller: Caller, mode: str, wanted: SetContext, fresh: Callable[[str], str]
    ) -> tuple[ContextDocument, bool]:
        """Make a record the caller's current context in `mode`; tell whether the context is new.

        `fresh` words the summary of a context that has seen no check yet, from the record's number.
        """
        self.db.firestore.kept_answers.recall(caller.idempotency)
        found = self._resolve(caller, wanted)
        now = self._now()
        context = self._new(caller.client_id, mode, found, fresh(found.number), now)
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

    def _new(self, client_id: UUID, mode: str, record: RecordReference, summary: str, now: datetime) -> ContextDocument:
        return ContextDocument(
            id=self._context_id(client_id, mode, record),
            client_id=str(client_id),
            created_at=now,
            updated_at=now,
            mode=mode,
            record_type=record.type,
            record_id=record.number,
            record_uuid=str(record.id),
            patient_uuid=None if record.patient_id is None else str(record.patient_id),
            summary=summary,
            as_of=now,
        )

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
