"""The eligibility mode's quick actions that check coverages one by one, or record what a payer said of one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from shared.db.selector import DatabaseSelector
from shared.domain import eligibility as rules
from shared.models.api.eligibility import reason_view, verdict_view
from shared.models.api.eligibility_actions import CoordinationParams, PhoneVerificationParams, RecheckParams
from shared.models.api.modes import QuickActionResult
from shared.models.caller import Caller
from shared.models.coverage_changes import CoverageChanges, NamedPayer
from shared.models.firestore.documents import ContextDocument
from shared.models.payer_answer import PayerAnswer
from shared.models.records import CheckSource, EligibilityFile
from shared.models.verdict import GivenAnswer, VerdictReceipt
from shared.repositories.eligibility_protocols import Answered, NewCheck, PreviousCheck
from shared.repositories.protocols import KeptAnswer
from shared.services.access_log import AccessLog
from shared.services.contexts import patient_of
from shared.services.eligibility_checks import MODE, CheckDesk, carried_out, new_check
from shared.services.eligibility_situations import coverage_of, coverages_told, offered, refused, visit_of

_WHO_PAYS = frozenset({"E17", "E18", "E25"})


@dataclass(frozen=True, slots=True)
class _Decided:
    """A verdict to store as a check, and what about it the verdict itself does not say."""

    receipt: VerdictReceipt
    told: dict[str, Any]
    source: CheckSource = "on_file"
    asked_coverage: UUID | None = None
    answer: PayerAnswer | None = None


Decide = Callable[[EligibilityFile, datetime], _Decided]


class CoverageChecks:
    """See COVERAGE_ACTIONS. What decides anew stores one check, as check_eligibility does."""

    def __init__(self, desk: CheckDesk, db: DatabaseSelector, access_log: AccessLog) -> None:
        self._desk = desk
        self._db = db
        self._access_log = access_log

    def recheck(self, caller: Caller, context: ContextDocument, params: RecheckParams) -> QuickActionResult:
        """Decide anew from the records alone, and tell of every coverage what it says of the day."""

        def decide(file: EligibilityFile, now: datetime) -> _Decided:
            receipt = rules.decide(file, asked_date=params.date_of_service, answers=(), today=now.date())
            return _Decided(receipt, {"coverages": coverages_told(receipt)})

        return self._stored(caller, context, "recheck_all_coverages", decide)

    def coordination(self, caller: Caller, context: ContextDocument, params: CoordinationParams) -> QuickActionResult:
        """Tell which coverages are active on the day and what speaks against their order; rank them as it was asked."""
        if params.order is not None:
            return self._ranked(caller, context, params, params.order)
        event = caller.seen("patient", mode=MODE, resource_ref=context.id)
        with self._access_log.in_transaction(event) as seen:
            file = self._desk.file_for(caller, context, seen=seen)
        return self._who_pays(caller, file, params)

    def _ranked(
        self, caller: Caller, context: ContextDocument, params: CoordinationParams, order: tuple[UUID, ...]
    ) -> QuickActionResult:
        """Rank the active coverages in this order, the others behind them in theirs."""

        def decide(file: EligibilityFile, _payer: NamedPayer | None) -> CoverageChanges:
            readings = rules.readings_of(self._desk.verdict_on(caller, file, asked_date=params.date_of_service))
            if sorted(order) != sorted(_active(readings)):
                raise refused("order", "not_the_active", "Name each coverage that is active on the day once, no other")
            others = [one.coverage.id for one in readings if one.coverage.id not in order]
            ranks = {identity: rank for rank, identity in enumerate((*order, *others), start=1)}
            return CoverageChanges(tuple(replace(one, rank=ranks.get(one.id, one.rank)) for one in file.coverages))

        def conclude(file: EligibilityFile, _previous: PreviousCheck | None) -> Answered:
            answer = self._who_pays(caller, file, params).model_dump_json(by_alias=True)
            metadata = {"action": "verify_cob", "coverages": len(order)}
            patient = str(file.patient.id)
            event = caller.changed(
                "coverage", resource_ref=context.id, patient_ref=patient, mode=MODE, metadata=metadata
            )
            key = caller.idempotency
            return Answered(event, KeptAnswer(key, 200, answer) if key else None, answer)

        def store() -> NewCheck | Answered | None:
            return self._db.postgres.eligibility.change_coverages(
                caller.client_id,
                patient_of(context),
                visit_id=visit_of(context),
                today=self._desk.local_time(caller).date(),
                changed_by=caller.user_id,
                key=caller.idempotency,
                decide=decide,
                conclude=conclude,
            )

        return carried_out(self._desk, self._access_log, caller, context, store)

    def _who_pays(self, caller: Caller, file: EligibilityFile, params: CoordinationParams) -> QuickActionResult:
        receipt = self._desk.verdict_on(caller, file, asked_date=params.date_of_service)
        fired = [one for one in (*receipt.evidence, *receipt.suggestions) if one.rule in _WHO_PAYS]
        told = {
            "coverages": coverages_told(receipt),
            "activeCoverageIds": [str(one) for one in _active(rules.readings_of(receipt))],
            "coordination": [reason_view(one).model_dump(mode="json", by_alias=True) for one in fired],
        }
        situation = rules.situation_of(file, receipt, now=self._desk.local_time(caller))
        data = verdict_view(receipt).model_dump(mode="json", by_alias=True) | told
        return QuickActionResult(success=True, data=data, guidance_actions=offered(caller, rules.guidance(situation)))

    def phoned(self, caller: Caller, context: ContextDocument, params: PhoneVerificationParams) -> QuickActionResult:
        """Record what the payer said of a coverage, and decide with it."""
        told = rules.Told(params.outcome, params.copay, params.reference, params.spoke_with)

        def decide(file: EligibilityFile, now: datetime) -> _Decided:
            coverage = coverage_of(file, params.coverage_id, "coverageId")

            def receipt_of(answers: tuple[GivenAnswer, ...]) -> VerdictReceipt:
                return rules.decide(file, asked_date=params.date_of_service, answers=answers, today=now.date())

            asked = receipt_of(())
            answer = rules.answer_told(file, coverage, told, asked.date_of_service, asked.service_type)
            receipt = receipt_of((GivenAnswer(coverage.id, "phone", now.astimezone(UTC), answer),))
            return _Decided(receipt, {"coverages": coverages_told(receipt)}, "phone", coverage.id, answer)

        return self._stored(caller, context, "record_phone_verification", decide)

    def _stored(self, caller: Caller, context: ContextDocument, action: str, decide: Decide) -> QuickActionResult:
        """Store the check with its audit event, then bring the context up to date."""
        now = self._desk.local_time(caller)

        def check(file: EligibilityFile, previous: PreviousCheck | None) -> NewCheck:
            decided = decide(file, now)
            return new_check(
                caller,
                context,
                file.patient.id,
                rules.situation_after(decided.receipt, now=now),
                previous,
                action=action,
                told=decided.told,
                source=decided.source,
                payer_answer=decided.answer,
                asked_coverage=decided.asked_coverage,
            )

        def store() -> NewCheck | None:
            return self._db.postgres.eligibility.check(
                caller.client_id,
                patient_of(context),
                visit_id=visit_of(context),
                today=now.date(),
                key=caller.idempotency,
                decide=check,
            )

        return carried_out(self._desk, self._access_log, caller, context, store)


def _active(readings: list[rules.Reading]) -> list[UUID]:
    """The insurances that are active, in the order of their rank."""
    return [one.coverage.id for one in readings if one.state == "active" and not one.is_self_pay]
