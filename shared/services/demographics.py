"""Correcting a patient at the desk: the quick action around the one way in which records are written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

from shared.errors import NotFoundError, ValidationFailedError
from shared.models.api.modes import QuickActionResult
from shared.models.api.record_writes import RecordWrite, WrittenRecord
from shared.models.api.visits import DemographicsParams
from shared.models.caller import Caller
from shared.models.firestore.documents import ContextDocument
from shared.models.replay import Replayed
from shared.repositories.protocols import RecordStore
from shared.services.contexts import patient_of
from shared.services.record_writes import RecordWriteService


class Demographics:
    """Changes the context's patient."""

    def __init__(self, store: Callable[[], RecordStore], writes: RecordWriteService) -> None:
        self._store = store
        self._writes = writes

    def update(self, caller: Caller, context: ContextDocument, params: DemographicsParams) -> QuickActionResult:
        """Change what was sent. Raises ValidationFailedError, PreconditionFailedError for a version that is stale."""
        patient = self._store().records.find_patient(caller.client_id, str(UUID(patient_of(context))))
        if patient is None:
            raise NotFoundError("There is no such record")
        given = params.model_dump(mode="json", by_alias=True, exclude={"version"}, exclude_unset=True)
        body = RecordWrite(type="patient", data={"mrn": patient.mrn, **given}, version=params.version)
        try:
            written, _ = self._writes.write(caller, body)
        except ValidationFailedError as exc:
            raise _named_as_params(exc) from exc
        except Replayed as again:
            body_then = _result(context, WrittenRecord.model_validate_json(again.body)).model_dump_json(by_alias=True)
            raise Replayed(status=again.status, body=body_then) from again
        return _result(context, written)


def _result(context: ContextDocument, written: WrittenRecord) -> QuickActionResult:
    data = {"status": context.status, "patient": written.model_dump(mode="json", by_alias=True)}
    return QuickActionResult(success=True, data=data, guidance_actions=())


def _named_as_params(error: ValidationFailedError) -> ValidationFailedError:
    errors = tuple(replace(one, field=f"params.{one.field.removeprefix('data.')}") for one in error.errors)
    detail = f"{errors[0].field}: {errors[0].message}" if errors else error.detail
    return ValidationFailedError(detail, errors=errors, code=error.code)
