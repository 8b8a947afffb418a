"""The eligibility mode: is this patient covered on that day, and what must happen next."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

from shared.auth.permissions import hidden_fields
from shared.domain import eligibility as rules
from shared.domain.authorization.states import as_of
from shared.errors import NotFoundError
from shared.models.api.eligibility import patient_view
from shared.models.api.modes import (
    LABELS,
    BatchCheckParams,
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
from shared.models.firestore.documents import ContextDocument
from shared.models.guidance import GuidanceAction, GuidanceReason
from shared.models.records import EligibilityFile
from shared.models.replay import Replayed
from shared.models.snapshot import GONE, Snapshot
from shared.models.verdict import GivenAnswer, VerdictReceipt
from shared.modes.base import BaseModeHandler, QuickActionRule
from shared.repositories.eligibility_protocols import NewCheck, PreviousCheck
from shared.repositories.protocols import Change
from shared.services.authorization_action_table import AUTHORIZATION_ACTIONS
from shared.services.claim_pages import begins_after, page_of
from shared.services.contexts import patient_of
from shared.services.coverage_action_table import COVERAGE_ACTIONS
from shared.services.eligibility_checks import new_check
from shared.services.eligibility_reading_table import READING_ACTIONS
from shared.services.eligibility_situations import brought, disclosed, newest_situation, offered, snapshot_of, visit_of
from shared.services.snapshots import refresh, taken

if TYPE_CHECKING:
    from shared.services.authorization_actions import AuthorizationActions
    from shared.services.authorizations import AuthorizationService
    from shared.services.coverage_checks import CoverageChecks
    from shared.services.eligibility_readings import EligibilityReadings
    from shared.services.payer_inquiries import PayersAsked
    from shared.services.payer_switch import PayerSwitch
    from shared.services.schedule_check import ScheduleCheck


class EligibilityModeHandler(BaseModeHandler):
    """See BaseModeHandler. Payers answer where there is a connection to them, else what is on file."""

    mode: ClassVar[str] = "eligibility"
    label: ClassVar[str] = "Eligibility"
    quick_actions: ClassVar[tuple[QuickActionRule, ...]] = (
        QuickActionRule("check_eligibility", "Check Eligibility", CheckEligibilityParams, "check_eligibility"),
        QuickActionRule("batch_check_schedule", "Check the Schedule", BatchCheckParams, "schedule.begin"),
        QuickActionRule("view_record", "View Full Record", NoParams, "view_record", only_reads=True),
        *READING_ACTIONS,
        *COVERAGE_ACTIONS,
        *AUTHORIZATION_ACTIONS,
    )

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
            lambda: self._db.postgres, self._access_log, AnswerReader(), contexts, now=self._now
        )

    @cached_property
    def schedule(self) -> ScheduleCheck:
        """The check of a day's visits."""
        from shared.services.schedule_check import ScheduleCheck

        def check(caller: Caller, patient: str, visit_id: UUID, context: ContextDocument | None) -> QuickActionResult:
            return self._check(caller, CheckEligibilityParams(), patient=patient, visit_id=visit_id, context=context)

        return ScheduleCheck(self._db, lambda: self.contexts, check, now=self._now)

    @cached_property
    def readings(self) -> EligibilityReadings:
        """The quick actions that only look."""
        from shared.services.eligibility_readings import EligibilityReadings

        return EligibilityReadings(self, self._db, self._access_log)

    @cached_property
    def coverage_checks(self) -> CoverageChecks:
        """The quick actions that check the patient's coverages one by one."""
        from shared.services.coverage_checks import CoverageChecks

        return CoverageChecks(self, self._db, self._access_log)

    @cached_property
    def payer_switch(self) -> PayerSwitch:
        """The quick action that lets another payer's coverage take the place of one."""
        from shared.services.payer_switch import PayerSwitch

        return PayerSwitch(self, self._db, self._access_log)

    def situation_on(self, caller: Caller, file: EligibilityFile) -> rules.Situation:
        """See ReadingDesk.situation_on."""
        return newest_situation(file, now=self.local_time(caller))

    def file_for(self, caller: Caller, context: ContextDocument, *, seen: AuditEvent | None) -> EligibilityFile:
        """See PatientDesk.file_for."""
        return self._file(caller, patient_of(context), visit_id=visit_of(context), seen=seen)

    def verdict_on(
        self, caller: Caller, file: EligibilityFile, *, asked_date: date | None = None, asked_service: str | None = None
    ) -> VerdictReceipt:
        """See PatientDesk.verdict_on."""
        return newest_situation(
            file, now=self.local_time(caller), asked_date=asked_date, asked_service=asked_service
        ).receipt

    def bring_up_to_date(self, caller: Caller, context: ContextDocument) -> None:
        """See PatientDesk.bring_up_to_date."""
        now = self.local_time(caller)
        file = self.file_for(caller, context, seen=None)
        self._project(caller, context, file, newest_situation(file, now=now))

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
            file = self._file(caller, context.patient_uuid, visit_id=visit_of(context), seen=seen)
        situation, check = self.situation_on(caller, file), file.newest_check
        sentences = rules.summary(situation)
        return SummaryView(
            mode=self.mode,
            context_id=context.id,
            summary=rules.in_words(sentences),
            status=situation.receipt.status,
            facts=rules.facts(situation),
            sentences=sentences,
            updated_at=check.checked_at if check else context.updated_at,
        )

    def snapshot(self, client_id: UUID, context: ContextDocument, *, now: datetime) -> Snapshot | None:
        """See BaseModeHandler.snapshot. Before its first check a context says nothing of the records."""
        return self._snapshot(client_id, context, now=now) if context.facts else None

    def guidance(self, caller: Caller, context: ContextDocument) -> tuple[GuidanceAction, ...]:
        """See BaseModeHandler.guidance. It costs one read of the patient's file."""
        if context.patient_uuid is None:
            return tuple(one for one in super().guidance(caller, context) if one.action == "view_record")
        return rules.guidance(self.situation_on(caller, self.file_for(caller, context, seen=None)))

    def why_not(self, caller: Caller, context: ContextDocument, action: str) -> GuidanceReason | None:
        """See BaseModeHandler.why_not."""
        if context.patient_uuid is not None:
            return rules.why_not(self.situation_on(caller, self.file_for(caller, context, seen=None)), action)
        if action == "view_record":
            return None
        return GuidanceReason(rule_id="guidance", code="no_patient", text="This context is not about a patient")

    def recall(self, caller: Caller) -> None:
        """See BaseModeHandler.recall."""
        self._db.postgres.eligibility.recall(caller.client_id, caller.idempotency)

    def _snapshot(self, client_id: UUID, context: ContextDocument, *, now: datetime) -> Snapshot:
        eligibility, visit_id = self._db.postgres.eligibility, visit_of(context)
        file = eligibility.file_of(client_id, patient_of(context), visit_id=visit_id, today=now.date())
        return GONE if file is None else snapshot_of(file, newest_situation(file, now=now))

    def check_eligibility(
        self, caller: Caller, context: ContextDocument, params: CheckEligibilityParams
    ) -> QuickActionResult:
        """Check the context's patient, for its visit when it is about one."""
        return self._check(caller, params, patient=patient_of(context), visit_id=visit_of(context), context=context)

    def _check(
        self,
        caller: Caller,
        params: CheckEligibilityParams,
        *,
        patient: str,
        visit_id: UUID | None,
        context: ContextDocument | None,
    ) -> QuickActionResult:
        """Decide, store the check with its audit event, and bring the context up to date, where there is one.

        A repetition brings the context up to date once more: the first try may have ended between the two stores.
        """
        made: list[tuple[EligibilityFile, rules.Situation]] = []
        asked: PayersAsked | None = None
        kept: tuple[GivenAnswer, ...] | None = ()
        now = self.local_time(caller)

        def decide(file: EligibilityFile, previous: PreviousCheck | None) -> NewCheck:
            answers = kept if asked is None else asked.about(file, at=now)
            on, service = params.date_of_service, params.service_type
            receipt = rules.decide(file, asked_date=on, asked_service=service, answers=answers, today=now.date())
            situation = rules.situation_after(receipt, now=now)
            made.append((file, situation))
            return new_check(
                caller,
                context,
                file.patient.id,
                situation,
                previous,
                action="check_eligibility",
                audited=disclosed(answers or ()),
                **brought(receipt, answers or ()),
            )

        try:
            with self._asking(caller) as ask:
                asked = None if ask is None else ask(params, patient, visit_id)
                now = self.local_time(caller)
                new = self._db.postgres.eligibility.check(
                    caller.client_id,
                    patient,
                    visit_id=visit_id,
                    today=now.date(),
                    key=caller.idempotency,
                    decide=decide,
                )
        except Replayed:
            asked = kept = None  # what the stored check brought counts
            decide(self._file(caller, patient, visit_id=visit_id, seen=None), None)
            if context is not None:
                self._project(caller, context, *made[-1])
            raise
        if new is None:
            raise NotFoundError("There is no such record")
        with self._access_log.handing_on(new.event):
            if context is not None:
                self._project(caller, context, *made[-1])
        return QuickActionResult.model_validate_json(new.answer)

    @contextmanager
    def _asking(
        self, caller: Caller
    ) -> Iterator[Callable[[CheckEligibilityParams, str, UUID | None], PayersAsked] | None]:
        """How to ask the payers, where there is a connection to them; no transaction is open meanwhile."""
        clearinghouse = self.clearinghouse()
        if clearinghouse is None:
            yield None
            return
        from shared.services.payer_inquiries import PayerInquiries, one_inquiry

        with one_inquiry(self._db.postgres.eligibility, caller) as seconds:

            def ask(params: CheckEligibilityParams, patient: str, visit_id: UUID | None) -> PayersAsked:
                file = self._file(caller, patient, visit_id=visit_id, seen=None)
                inquiries = PayerInquiries(clearinghouse, seconds=seconds)
                return inquiries.ask(file, params, now=lambda: self.local_time(caller))

            yield ask

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
            file = self._file(caller, context.patient_uuid, visit_id=visit_of(context), seen=None)
        now = self.local_time(caller)
        receipt = rules.decide(file, today=now.date())
        situation = rules.situation_of(file, receipt, now=now)
        return QuickActionResult(
            success=True,
            data={
                "status": receipt.status,
                "recordType": LABELS[context.record_type],
                "recordId": context.record_id,
                "record": self._shown(caller, file, receipt).model_dump(mode="json", by_alias=True),
            },
            guidance_actions=offered(caller, rules.guidance(situation)),
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
        after = begins_after(query.cursor, filters)
        event = caller.seen("claim_list", mode=self.mode, same=reference)
        with self._access_log.in_transaction(event) as seen:
            found = self._db.postgres.eligibility.claims_of(
                caller.client_id, reference, status=query.status, after=after, limit=query.limit + 1, seen=seen
            )
            if found is None:
                raise NotFoundError("There is no such record")
        patient, claims = found
        return page_of(patient, claims, query.limit, filters, hidden_fields(caller.role, "claim"))

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

    def _project(
        self, caller: Caller, context: ContextDocument, file: EligibilityFile, situation: rules.Situation
    ) -> None:
        """Bring the context up to date; the check itself is audited with its row.

        Where somebody brought it up to date from what they read after this check was decided, that may still have been
        before it was stored: then the records are read once more.
        """
        contexts = self._db.firestore.contexts
        made = snapshot_of(file, situation)
        decided_at = situation.now.astimezone(UTC)
        late = False

        def decide(stored: ContextDocument) -> Change[ContextDocument] | None:
            nonlocal late
            late = stored.as_of > decided_at
            if late:
                return None
            changed = taken(stored, made, read_at=decided_at)
            changes = {"facts_version": stored.facts_version + 1, "version": stored.version + 1}
            return Change(changed.model_copy(update=changes | {"updated_at": self._now()}), None)

        contexts.change(caller.client_id, context.id, decide)
        if late:
            refresh(
                contexts,
                caller.client_id,
                context.id,
                lambda: self._snapshot(caller.client_id, context, now=self.local_time(caller)),
                now=self._now,
            )
