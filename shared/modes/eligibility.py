"""The eligibility mode: is this patient covered on that day, and what must happen next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

from shared.auth.permissions import allows_action, hidden_fields
from shared.db.selector import DatabaseSelector
from shared.domain import eligibility as rules
from shared.domain.authorization.states import as_of
from shared.errors import FieldError, NotFoundError, ValidationFailedError
from shared.models.api.eligibility import action_data, claim_view, patient_view
from shared.models.api.modes import (
    LABELS,
    CheckEligibilityParams,
    ClaimList,
    ClaimQuery,
    ContextView,
    NoParams,
    PatientEligibility,
    QuickActionResult,
    SummaryView,
)
from shared.models.audit import AuditEvent
from shared.models.caller import Caller
from shared.models.cursor import decode_cursor, encode_cursor
from shared.models.firestore.documents import ContextDocument
from shared.models.guidance import GuidanceAction
from shared.models.identifiers import uuid7
from shared.models.records import EligibilityFile
from shared.models.replay import Replayed
from shared.models.verdict import VerdictReceipt
from shared.modes.base import BaseModeHandler, QuickActionRule
from shared.repositories.protocols import Change, KeptAnswer, NewCheck
from shared.services.access_log import AccessLog
from shared.services.authorization_action_table import AUTHORIZATION_ACTIONS
from shared.services.contexts import patient_of

if TYPE_CHECKING:
    from shared.services.authorization_actions import AuthorizationActions
    from shared.services.authorizations import AuthorizationService

_NO_DATE = "0001-01-01"


class EligibilityModeHandler(BaseModeHandler):
    """See BaseModeHandler. Its answers come from what is on file in the database."""

    mode: ClassVar[str] = "eligibility"
    label: ClassVar[str] = "Eligibility"
    quick_actions: ClassVar[tuple[QuickActionRule, ...]] = (
        QuickActionRule("check_eligibility", "Check Eligibility", CheckEligibilityParams, "check_eligibility"),
        QuickActionRule("view_record", "View Full Record", NoParams, "view_record"),
        *AUTHORIZATION_ACTIONS,
    )

    def __init__(self, db_selector: DatabaseSelector, access_log: AccessLog, *, now: Callable[[], datetime]) -> None:
        self._db = db_selector
        self._access_log = access_log
        self._now = now

    @cached_property
    def authorizations(self) -> AuthorizationActions:
        """The quick actions about authorizations."""
        from shared.services.authorization_actions import AuthorizationActions

        return AuthorizationActions(self, self.authorization_service, self._access_log, now=self._now)

    @cached_property
    def authorization_service(self) -> AuthorizationService:
        """Authorizations, for the routes that only this mode has."""
        from shared.services.authorization_answers import AnswerReader
        from shared.services.authorization_contexts import AuthorizationContexts
        from shared.services.authorizations import AuthorizationService

        contexts = AuthorizationContexts(self.contexts, self.bring_up_to_date)
        return AuthorizationService(
            lambda: self._db.postgres, self._access_log, AnswerReader(None), contexts, now=self._now
        )

    def file_for(self, caller: Caller, context: ContextDocument, *, seen: AuditEvent | None) -> EligibilityFile:
        """See PatientDesk.file_for."""
        return self._file(caller, patient_of(context), visit_id=_visit_of(context), seen=seen)

    def verdict_on(
        self, caller: Caller, file: EligibilityFile, *, asked_date: date | None = None, asked_service: str | None = None
    ) -> VerdictReceipt:
        """See PatientDesk.verdict_on."""
        check = file.newest_check
        return rules.decide(
            file,
            asked_date=asked_date or (check.date_of_service if check else None),
            asked_service=asked_service or (check.service_type if check else None),
            today=caller.today(self._now()),
        )

    def bring_up_to_date(self, caller: Caller, context: ContextDocument) -> None:
        """See PatientDesk.bring_up_to_date."""
        decided_at = self._now()
        file = self.file_for(caller, context, seen=None)
        check = file.newest_check
        decided = (file, self.verdict_on(caller, file))
        self._project(caller, context, decided, decided_at, checked_at=check.checked_at if check else None)

    @classmethod
    def fresh_summary(cls, record_type: str, number: str) -> str:
        """See BaseModeHandler.fresh_summary."""
        what = number if record_type == "other" else f"{record_type} {number}"
        return f"Reviewing eligibility for {what}…"

    def get_summary(self, caller: Caller, context: ContextDocument) -> SummaryView:
        """Make the summary from the records as they are now, for the day of the newest check when there is one."""
        if context.patient_uuid is None:
            return super().get_summary(caller, context)
        event = caller.seen("patient", mode=self.mode, resource_ref=context.id)
        with self._access_log.in_transaction(event) as seen:
            file = self._file(caller, context.patient_uuid, visit_id=_visit_of(context), seen=seen)
        check, receipt = file.newest_check, self.verdict_on(caller, file)
        return SummaryView(
            mode=self.mode,
            context_id=context.id,
            summary=rules.summary(file, receipt),
            status=receipt.status,
            facts=rules.facts(file, receipt, checked_at=check.checked_at if check else None),
            updated_at=check.checked_at if check else context.updated_at,
        )

    def check_eligibility(
        self, caller: Caller, context: ContextDocument, params: CheckEligibilityParams
    ) -> QuickActionResult:
        """Decide, store the check with its audit event, and bring the context up to date.

        A repetition brings the context up to date once more: the first try may have ended between the two stores.
        """
        patient = patient_of(context)
        decided_at = self._now()
        today = caller.today(decided_at)
        made: list[tuple[EligibilityFile, VerdictReceipt]] = []

        def decide(file: EligibilityFile) -> NewCheck:
            receipt = rules.decide(
                file, asked_date=params.date_of_service, asked_service=params.service_type, today=today
            )
            made.append((file, receipt))
            return self._new_check(caller, context, file, receipt)

        try:
            new = self._db.postgres.eligibility.check(
                caller.client_id,
                patient,
                visit_id=_visit_of(context),
                today=today,
                key=caller.idempotency,
                decide=decide,
            )
        except Replayed:
            file = self._file(caller, patient, visit_id=_visit_of(context), seen=None)
            decide(file)
            self._project(caller, context, made[-1], decided_at, checked_at=decided_at)
            raise
        if new is None:
            raise NotFoundError("There is no such record")
        with self._access_log.handing_on(new.event):
            self._project(caller, context, made[-1], decided_at, checked_at=decided_at)
        return QuickActionResult.model_validate_json(new.answer)

    def view_record(self, caller: Caller, context: ContextDocument, params: NoParams) -> QuickActionResult:
        """Show the full record behind the context: the patient's file, beside the claim or visit it is about."""
        del params
        event = caller.changed(
            context.record_type, resource_ref=context.id, patient_ref=context.patient_uuid, mode=self.mode
        )
        with self._access_log.reading(event):
            if context.patient_uuid is None:
                shown = {"record": ContextView.of(context).model_dump(mode="json", by_alias=True)}
                return QuickActionResult(success=True, data=shown, guidance_actions=())
            file = self._file(caller, context.patient_uuid, visit_id=_visit_of(context), seen=None)
        receipt = rules.decide(file, today=caller.today(self._now()))
        return QuickActionResult(
            success=True,
            data={
                "status": receipt.status,
                "recordType": LABELS[context.record_type],
                "recordId": context.record_id,
                "record": self._shown(caller, file, receipt).model_dump(mode="json", by_alias=True),
            },
            guidance_actions=_offered(caller, rules.guidance(receipt)),
        )

    def patient(self, caller: Caller, reference: str, *, asked: date | None) -> PatientEligibility:
        """Show a patient by MRN or uuid: coverages, the verdict for a day (today), the newest check, authorizations."""
        event = caller.seen("patient", mode=self.mode, same=reference)
        with self._access_log.in_transaction(event) as seen:
            file = self._file(caller, reference, seen=seen)
        today = caller.today(self._now())
        return self._shown(caller, file, rules.decide(file, asked_date=asked or today, today=today))

    def claims(self, caller: Caller, reference: str, query: ClaimQuery) -> ClaimList:
        """List a patient's claims, newest service date first."""
        filters = (caller.client_id, reference, query.status)
        after = None if query.cursor is None else _position(decode_cursor(query.cursor, filters))
        event = caller.seen("claim_list", mode=self.mode, same=reference)
        with self._access_log.in_transaction(event) as seen:
            found = self._db.postgres.eligibility.claims_of(
                caller.client_id, reference, status=query.status, after=after, limit=query.limit + 1, seen=seen
            )
            if found is None:
                raise NotFoundError("There is no such record")
        patient, claims = found
        hidden = hidden_fields(caller.role, "claim")
        shown = claims[: query.limit]
        cursor = None
        if len(claims) > query.limit:
            last = shown[-1]
            on = last.service_date.isoformat() if last.service_date else _NO_DATE
            cursor = encode_cursor(filters, on, str(last.id))
        return ClaimList(
            patient_id=str(patient.id),
            mrn=patient.mrn,
            claims=tuple(claim_view(claim, hidden) for claim in shown),
            next_cursor=cursor,
        )

    def _file(
        self, caller: Caller, reference: str, *, visit_id: UUID | None = None, seen: AuditEvent | None
    ) -> EligibilityFile:
        today = caller.today(self._now())
        file = self._db.postgres.eligibility.file_of(
            caller.client_id, reference, visit_id=visit_id, today=today, seen=seen
        )
        if file is None:
            raise NotFoundError("There is no such record")
        return file

    def _shown(self, caller: Caller, file: EligibilityFile, receipt: VerdictReceipt) -> PatientEligibility:
        today = caller.today(self._now())
        shown = replace(file, authorizations=tuple(as_of(held, today) for held in file.authorizations))
        hidden, hidden_of_coverage = (hidden_fields(caller.role, kind) for kind in ("patient", "coverage"))
        return patient_view(shown, receipt, hidden, hidden_of_coverage)

    def _new_check(
        self, caller: Caller, context: ContextDocument, file: EligibilityFile, receipt: VerdictReceipt
    ) -> NewCheck:
        check_id = uuid7()
        answer = QuickActionResult(
            success=True,
            data=action_data(receipt, check_id),
            guidance_actions=_offered(caller, rules.guidance(receipt)),
        ).model_dump_json(by_alias=True)
        event = caller.changed(
            "eligibility_check",
            resource_id=check_id,
            resource_ref=context.id,
            patient_ref=str(file.patient.id),
            mode=self.mode,
            metadata={"action": "check_eligibility", "verdict": receipt.verdict},
        )
        return NewCheck(
            id=check_id,
            patient_id=file.patient.id,
            verdict=receipt,
            checked_by=caller.user_id,
            event=event,
            kept=KeptAnswer(caller.idempotency, 200, answer) if caller.idempotency else None,
            answer=answer,
        )

    def _project(
        self,
        caller: Caller,
        context: ContextDocument,
        decided: tuple[EligibilityFile, VerdictReceipt],
        decided_at: datetime,
        *,
        checked_at: datetime | None,
    ) -> None:
        """Bring the context up to date, unless a later check has; the check itself is audited with its row."""
        file, receipt = decided
        facts = rules.facts(file, receipt, checked_at=checked_at)

        def decide(stored: ContextDocument) -> Change[ContextDocument] | None:
            if stored.as_of > decided_at:
                return None
            changed = stored.model_copy(
                update={
                    "status": receipt.status,
                    "summary": rules.summary(file, receipt),
                    "facts": facts,
                    "facts_version": stored.facts_version + 1,
                    "as_of": decided_at,
                    "updated_at": self._now(),
                    "version": stored.version + 1,
                }
            )
            return Change(changed, None)

        self._db.firestore.contexts.change(caller.client_id, context.id, decide)


def _offered(caller: Caller, actions: tuple[GuidanceAction, ...]) -> tuple[GuidanceAction, ...]:
    """Leave out what the caller's role may not do."""
    return tuple(action for action in actions if allows_action(caller.role, action.action))


def _visit_of(context: ContextDocument) -> UUID | None:
    return UUID(context.record_uuid) if context.record_type == "visit" else None


def _position(given: tuple[str, ...]) -> tuple[date, UUID]:
    try:
        return date.fromisoformat(given[0]), UUID(given[1])
    except ValueError as exc:
        message = "Not a cursor of this list: leave it out to start again"
        raise ValidationFailedError(message, errors=(FieldError("cursor", "invalid_cursor", message),)) from exc
