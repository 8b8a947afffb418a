"""The eligibility mode: is this patient covered on that day, and what must happen next."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import ClassVar
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.auth.permissions import ROLES_BY_QUICK_ACTION, allows_action, hidden_fields
from shared.db.selector import DatabaseSelector
from shared.domain import eligibility as rules
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
from shared.models.guidance import GuidanceAction, GuidanceReason
from shared.models.identifiers import uuid7
from shared.models.records import EligibilityFile
from shared.models.replay import Replayed
from shared.models.snapshot import GONE, Snapshot
from shared.models.verdict import VerdictReceipt
from shared.modes.base import BaseModeHandler, QuickActionRule
from shared.repositories.eligibility_protocols import NewCheck, PreviousCheck
from shared.repositories.protocols import Change, KeptAnswer
from shared.services.access_log import AccessLog
from shared.services.snapshots import refresh, taken

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
        situation = _newest(file, now=self._local(caller))
        sentences = rules.summary(situation)
        check = file.newest_check
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
        return rules.guidance(self._situation(caller, context))

    def why_not(self, caller: Caller, context: ContextDocument, action: str) -> GuidanceReason | None:
        """See BaseModeHandler.why_not."""
        if context.patient_uuid is not None:
            return rules.why_not(self._situation(caller, context), action)
        if action == "view_record":
            return None
        return GuidanceReason(rule_id="guidance", code="no_patient", text="This context is not about a patient")

    def recall(self, caller: Caller) -> None:
        """See BaseModeHandler.recall."""
        self._db.postgres.eligibility.recall(caller.client_id, caller.idempotency)

    def _situation(self, caller: Caller, context: ContextDocument) -> rules.Situation:
        file = self._file(caller, _patient_of(context), visit_id=_visit_of(context), seen=None)
        return _newest(file, now=self._local(caller))

    def _snapshot(self, client_id: UUID, context: ContextDocument, *, now: datetime) -> Snapshot:
        file = self._db.postgres.eligibility.file_of(
            client_id, _patient_of(context), visit_id=_visit_of(context), today=now.date()
        )
        return GONE if file is None else _snapshot_of(file, _newest(file, now=now))

    def check_eligibility(
        self, caller: Caller, context: ContextDocument, params: CheckEligibilityParams
    ) -> QuickActionResult:
        """Decide, store the check with its audit event, and bring the context up to date.

        A repetition brings the context up to date once more: the first try may have ended between the two stores.
        """
        patient = _patient_of(context)
        now = self._local(caller)
        made: list[tuple[EligibilityFile, rules.Situation]] = []

        def decide(file: EligibilityFile, previous: PreviousCheck | None) -> NewCheck:
            receipt = rules.decide(
                file, asked_date=params.date_of_service, asked_service=params.service_type, answers=(), today=now.date()
            )
            made.append((file, rules.situation_after(receipt, now=now)))
            return self._new_check(caller, context, made[-1][1], previous)

        try:
            new = self._db.postgres.eligibility.check(
                caller.client_id,
                patient,
                visit_id=_visit_of(context),
                today=now.date(),
                key=caller.idempotency,
                decide=decide,
            )
        except Replayed:
            decide(self._file(caller, patient, visit_id=_visit_of(context), seen=None), None)
            self._project(caller, context, *made[-1])
            raise
        if new is None:
            raise NotFoundError("There is no such record")
        with self._access_log.handing_on(new.event):
            self._project(caller, context, *made[-1])
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
        now = self._local(caller)
        receipt = rules.decide(file, today=now.date())
        situation = rules.situation_of(file, receipt, now=now)
        return QuickActionResult(
            success=True,
            data={
                "status": receipt.status,
                "recordType": LABELS[context.record_type],
                "recordId": context.record_id,
                "record": _shown(caller, file, receipt).model_dump(mode="json", by_alias=True),
            },
            guidance_actions=_offered(caller, rules.guidance(situation)),
        )

    def patient(self, caller: Caller, reference: str, *, asked: date | None) -> PatientEligibility:
        """Show a patient by MRN or uuid: coverages, the verdict for a day (today), the newest check, authorizations."""
        event = caller.seen("patient", mode=self.mode, same=reference)
        with self._access_log.in_transaction(event) as seen:
            file = self._file(caller, reference, seen=seen)
        today = caller.today(self._now())
        return _shown(caller, file, rules.decide(file, asked_date=asked or today, today=today))

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

    def _new_check(
        self, caller: Caller, context: ContextDocument, situation: rules.Situation, previous: PreviousCheck | None
    ) -> NewCheck:
        check_id, receipt = uuid7(), situation.receipt
        changed = None
        if previous is not None and previous.receipt is not None:
            changed = rules.difference(previous.id, previous.receipt, receipt)
        answer = QuickActionResult(
            success=True,
            data=action_data(receipt, check_id, changed),
            guidance_actions=_offered(caller, rules.guidance(situation)),
        ).model_dump_json(by_alias=True)
        event = caller.changed(
            "eligibility_check",
            resource_id=check_id,
            resource_ref=context.id,
            patient_ref=context.patient_uuid,
            mode=self.mode,
            metadata={"action": "check_eligibility", "verdict": receipt.verdict},
        )
        return NewCheck(
            id=check_id,
            patient_id=UUID(_patient_of(context)),
            verdict=receipt,
            checked_by=caller.user_id,
            event=event,
            kept=KeptAnswer(caller.idempotency, 200, answer) if caller.idempotency else None,
            answer=answer,
            previous=previous,
            difference=changed,
        )

    def _local(self, caller: Caller) -> datetime:
        """The time at the organisation."""
        return self._now().astimezone(ZoneInfo(caller.time_zone))

    def _project(
        self, caller: Caller, context: ContextDocument, file: EligibilityFile, situation: rules.Situation
    ) -> None:
        """Bring the context up to date; the check itself is audited with its row.

        Where somebody brought it up to date from what they read after this check was decided, that may still have been
        before it was stored: then the records are read once more.
        """
        contexts = self._db.firestore.contexts
        made = _snapshot_of(file, situation)
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
                lambda: self._snapshot(caller.client_id, context, now=self._local(caller)),
                now=self._now,
            )


def _newest(file: EligibilityFile, *, now: datetime) -> rules.Situation:
    """What the records say, for the day of the newest check when there is one."""
    check = file.newest_check
    receipt = rules.decide(
        file,
        asked_date=check.date_of_service if check else None,
        asked_service=check.service_type if check else None,
        today=now.date(),
    )
    return rules.situation_of(file, receipt, now=now)


def _snapshot_of(file: EligibilityFile, situation: rules.Situation) -> Snapshot:
    return Snapshot(
        status=situation.receipt.status,
        summary=rules.in_words(rules.summary(situation, stored=True)),
        facts=rules.facts(situation),
        payer_uuids=tuple(sorted({str(coverage.payer_id) for coverage in file.coverages})),
    )


def _shown(caller: Caller, file: EligibilityFile, receipt: VerdictReceipt) -> PatientEligibility:
    return patient_view(file, receipt, hidden_fields(caller.role, "patient"), hidden_fields(caller.role, "coverage"))


def _offered(caller: Caller, actions: tuple[GuidanceAction, ...]) -> tuple[GuidanceAction, ...]:
    """Leave out what the caller's role may not do, and what no mode declares."""
    return tuple(
        one for one in actions if one.action in ROLES_BY_QUICK_ACTION and allows_action(caller.role, one.action)
    )


def _patient_of(context: ContextDocument) -> str:
    if context.patient_uuid is None:
        message = "This context is not about a patient"
        raise ValidationFailedError(message, errors=(FieldError("contextId", "no_patient", message),))
    return context.patient_uuid


def _visit_of(context: ContextDocument) -> UUID | None:
    return UUID(context.record_uuid) if context.record_type == "visit" else None


def _position(given: tuple[str, ...]) -> tuple[date, UUID]:
    try:
        return date.fromisoformat(given[0]), UUID(given[1])
    except ValueError as exc:
        message = "Not a cursor of this list: leave it out to start again"
        raise ValidationFailedError(message, errors=(FieldError("cursor", "invalid_cursor", message),)) from exc
