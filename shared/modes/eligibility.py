"""The eligibility mode: is this patient covered on that day, and what must happen next."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from shared.auth.permissions import hidden_fields
from shared.db.selector import DatabaseSelector
from shared.domain import eligibility as rules
from shared.errors import FieldError, NotFoundError, ValidationFailedError
from shared.models.api.eligibility import action_data, claim_view, patient_view
from shared.models.api.modes import (
    CheckEligibilityParams,
    ClaimList,
    ClaimQuery,
    ContextView,
    NoParams,
    PatientEligibility,
    QuickActionResult,
    SummaryView,
)
from shared.models.caller import Caller
from shared.models.cursor import decode_cursor, encode_cursor
from shared.models.firestore.documents import ContextDocument
from shared.models.identifiers import uuid7
from shared.models.records import EligibilityFile
from shared.models.verdict import VerdictReceipt
from shared.modes.base import BaseModeHandler, QuickActionRule
from shared.repositories.protocols import Change, KeptAnswer, NewCheck
from shared.services.access_log import AccessLog

_NO_DATE = "0001-01-01"


class EligibilityModeHandler(BaseModeHandler):
    """See BaseModeHandler. Its answers come from what is on file in the database."""

    mode: ClassVar[str] = "eligibility"
    label: ClassVar[str] = "Eligibility"
    quick_actions: ClassVar[tuple[QuickActionRule, ...]] = (
        QuickActionRule("check_eligibility", "Check Eligibility", CheckEligibilityParams, "check_eligibility"),
        QuickActionRule("view_record", "View Full Record", NoParams, "view_record"),
    )

    def __init__(self, db_selector: DatabaseSelector, access_log: AccessLog, *, now: Callable[[], datetime]) -> None:
        self._db = db_selector
        self._access_log = access_log
        self._now = now

    @classmethod
    def fresh_summary(cls, record_number: str) -> str:
        """See BaseModeHandler.fresh_summary."""
        return f"Reviewing eligibility for patient {record_number}…"

    def get_summary(self, caller: Caller, context: ContextDocument) -> SummaryView:
        """Make the summary from the records as they are now."""
        if context.patient_uuid is None:
            return super().get_summary(caller, context)
        event = caller.seen("patient", mode=self.mode, resource_ref=context.id)
        file = self._db.postgres.eligibility.file_of(
            caller.client_id,
            context.patient_uuid,
            visit_id=_visit_of(context),
            today=caller.today(self._now()),
            seen=None if self._access_log.is_recent(event) else event,
        )
        if file is None:
            raise NotFoundError("There is no such record")
        self._access_log.remember(event)
        receipt = rules.decide(file, today=caller.today(self._now()))
        check = file.newest_check
        return SummaryView(
            mode=self.mode,
            context_id=context.id,
            summary=rules.summary(file, receipt),
            status=receipt.status if check else context.status,
            facts=rules.facts(file, receipt, checked_at=check.checked_at if check else None),
            updated_at=check.checked_at if check else context.updated_at,
        )

    def check_eligibility(
        self, caller: Caller, context: ContextDocument, params: CheckEligibilityParams
    ) -> QuickActionResult:
        """Decide, store the check with its audit event, and bring the context up to date."""
        patient = _patient_of(context)
        made: list[tuple[EligibilityFile, VerdictReceipt]] = []

        def decide(file: EligibilityFile) -> NewCheck:
            receipt = rules.decide(
                file,
                asked_date=params.date_of_service,
                asked_service=params.service_type,
                today=caller.today(self._now()),
            )
            made.append((file, receipt))
            check_id = uuid7()
            answer = QuickActionResult(
                success=True, data=action_data(receipt, check_id), guidance_actions=rules.guidance(receipt)
            )
            body = answer.model_dump_json(by_alias=True, exclude_none=False)
            event = caller.changed(
                "eligibility_check",
                resource_id=check_id,
                resource_ref=context.id,
                patient_ref=patient,
                mode=self.mode,
                metadata={"action": "check_eligibility", "verdict": receipt.verdict},
            )
            return NewCheck(
                id=check_id,
                patient_id=file.patient.id,
                verdict=receipt,
                checked_by=caller.user_id,
                event=event,
                kept=KeptAnswer(caller.idempotency, 200, body) if caller.idempotency else None,
                answer=body,
            )

        new = self._db.postgres.eligibility.check(
            caller.client_id,
            patient,
            visit_id=_visit_of(context),
            today=caller.today(self._now()),
            key=caller.idempotency,
            decide=decide,
        )
        if new is None:
            raise NotFoundError("There is no such record")
        file, receipt = made[-1]
        with self._access_log.handing_on(new.event):
            self._project(caller, context, file, receipt)
        return QuickActionResult.model_validate_json(new.answer)

    def view_record(self, caller: Caller, context: ContextDocument, params: NoParams) -> QuickActionResult:
        """Show the full record behind the context."""
        del params
        if context.patient_uuid is None:
            data = ContextView.of(context).model_dump(mode="json", by_alias=True)
            return QuickActionResult(success=True, data={"record": data}, guidance_actions=())
        patient = self.patient(caller, context.patient_uuid, asked=None)
        return QuickActionResult(
            success=True,
            data={
                "status": patient.verdict.status,
                "record": patient.model_dump(mode="json", by_alias=True),
            },
            guidance_actions=rules.guidance(None),
        )

    def patient(self, caller: Caller, reference: str, *, asked: date | None) -> PatientEligibility:
        """Show a patient by MRN or uuid: coverages, the verdict for a day (today), the newest check, authorizations."""
        event = caller.seen("patient", mode=self.mode, same=reference)
        today = caller.today(self._now())
        file = self._db.postgres.eligibility.file_of(
            caller.client_id,
            reference,
            today=today,
            seen=None if self._access_log.is_recent(event) else event,
        )
        if file is None:
            raise NotFoundError("There is no such record")
        self._access_log.remember(event)
        receipt = rules.decide(file, asked_date=asked or today, today=today)
        return patient_view(
            file, receipt, hidden_fields(caller.role, "patient"), hidden_fields(caller.role, "coverage")
        )

    def claims(self, caller: Caller, reference: str, query: ClaimQuery) -> ClaimList:
        """List a patient's claims, newest service date first."""
        filters = (caller.client_id, reference, query.status)
        after = None
        if query.cursor is not None:
            given = decode_cursor(query.cursor, filters)
            after = (given[0], given[1])
            _check_position(given)
        event = caller.seen("claim_list", mode=self.mode, same=reference)
        found = self._db.postgres.eligibility.claims_of(
            caller.client_id,
            reference,
            status=query.status,
            after=after,
            limit=query.limit + 1,
            seen=None if self._access_log.is_recent(event) else event,
        )
        if found is None:
            raise NotFoundError("There is no such record")
        self._access_log.remember(event)
        patient, claims = found
        shown = claims[: query.limit]
        cursor = None
        if len(claims) > query.limit:
            last = shown[-1]
            on = last.service_date.isoformat() if last.service_date else _NO_DATE
            cursor = encode_cursor(filters, on, str(last.id))
        return ClaimList(
            patient_id=str(patient.id),
            mrn=patient.mrn,
            claims=tuple(claim_view(claim) for claim in shown),
            next_cursor=cursor,
        )

    def _project(
        self, caller: Caller, context: ContextDocument, file: EligibilityFile, receipt: VerdictReceipt
    ) -> None:
        """Bring the context's status, summary and facts up to date; the check itself is audited with its row."""
        now = self._now()

        def decide(stored: ContextDocument) -> Change[ContextDocument]:
            changed = stored.model_copy(
                update={
                    "status": receipt.status,
                    "summary": rules.summary(file, receipt),
                    "facts": rules.facts(file, receipt, checked_at=now),
                    "facts_version": stored.facts_version + 1,
                    "as_of": now,
                    "updated_at": now,
                    "version": stored.version + 1,
                }
            )
            return Change(changed, None)

        self._db.firestore.contexts.change(caller.client_id, context.id, decide)


def _patient_of(context: ContextDocument) -> str:
    if context.patient_uuid is None:
        message = "This context is not about a patient"
        raise ValidationFailedError(message, errors=(FieldError("contextId", "no_patient", message),))
    return context.patient_uuid


def _visit_of(context: ContextDocument) -> UUID | None:
    return UUID(context.record_uuid) if context.record_type == "visit" else None


def _check_position(position: tuple[str, ...]) -> None:
    try:
        date.fromisoformat(position[0])
        UUID(position[1])
    except ValueError as exc:
        message = "Not a cursor of this list: leave it out to start again"
        raise ValidationFailedError(message, errors=(FieldError("cursor", "invalid_cursor", message),)) from exc
