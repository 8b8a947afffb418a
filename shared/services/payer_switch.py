"""The eligibility mode's quick action that lets another payer's coverage take the place of one on file."""

from __future__ import annotations

from uuid import UUID

from shared.db.selector import DatabaseSelector
from shared.domain import eligibility as rules
from shared.errors import ConflictError, FieldError, ValidationFailedError
from shared.models.api.eligibility_actions import SwitchPayerParams
from shared.models.api.modes import QuickActionResult
from shared.models.caller import Caller
from shared.models.coverage_changes import AskedCoverage, CoverageChanges, NamedPayer
from shared.models.firestore.documents import ContextDocument
from shared.models.identifiers import uuid7
from shared.models.records import Coverage, EligibilityFile
from shared.repositories.eligibility_protocols import Answered, NewCheck, PreviousCheck
from shared.services.access_log import AccessLog
from shared.services.contexts import patient_of
from shared.services.eligibility_checks import CheckDesk, carried_out, new_check
from shared.services.eligibility_situations import coverage_of, coverages_told, refused, visit_of


class PayerSwitch:
    """See SwitchPayerParams. The change of the coverages and the check that follows it are one commit."""

    def __init__(self, desk: CheckDesk, db: DatabaseSelector, access_log: AccessLog) -> None:
        self._desk = desk
        self._db = db
        self._access_log = access_log

    def switch(self, caller: Caller, context: ContextDocument, params: SwitchPayerParams) -> QuickActionResult:
        """End the coverage, let another one take over, and decide anew from the records.

        Raises ValidationFailedError naming what is wrong, ConflictError (`stale_coverage`) for another version.
        """
        asked = _asked(params)
        now = self._desk.local_time(caller)
        taking_over = params.replacement_coverage_id or uuid7()

        def decide(file: EligibilityFile, payer: NamedPayer | None) -> CoverageChanges:
            switch = _switch(file, params, payer)
            against = rules.against_switch(switch, file.coverages)
            if against is not None:
                raise refused(against.field, against.code, against.message)
            return rules.switched(switch, taking_over)

        def conclude(file: EligibilityFile, previous: PreviousCheck | None) -> NewCheck:
            receipt = rules.decide(file, asked_date=params.date_of_service, answers=(), today=now.date())
            return new_check(
                caller,
                context,
                file.patient.id,
                rules.situation_after(receipt, now=now),
                previous,
                action="switch_payer",
                told=_told(params.coverage_id, taking_over) | {"coverages": coverages_told(receipt)},
                audited={"replaced": str(params.coverage_id)},
                changed=("coverage", taking_over),
                asked_coverage=taking_over,
            )

        def store() -> NewCheck | Answered | None:
            return self._db.postgres.eligibility.change_coverages(
                caller.client_id,
                patient_of(context),
                visit_id=visit_of(context),
                today=now.date(),
                changed_by=caller.user_id,
                key=caller.idempotency,
                decide=decide,
                conclude=conclude,
                asked=asked,
            )

        return carried_out(self._desk, self._access_log, caller, context, store)


def _asked(params: SwitchPayerParams) -> AskedCoverage | None:
    """The coverage that shall begin, None when one on file takes over. Raises ValidationFailedError for half of it."""
    given = {"payerId": params.payer_id, "memberId": params.member_id, "planName": params.plan_name}
    if params.replacement_coverage_id is not None:
        for name, value in given.items():
            if value is not None:
                raise refused(name, "not_both", "say it of a coverage that begins, not beside replacementCoverageId")
        return None
    missing = [FieldError(f"params.{name}", "missing", "Field required") for name in list(given)[:2] if not given[name]]
    if params.payer_id is None or params.member_id is None:
        message = "Name the payer and the member id, or a replacementCoverageId that is on file"
        raise ValidationFailedError(message, errors=tuple(missing))
    return AskedCoverage(params.payer_id, params.member_id, params.start_date)


def _switch(file: EligibilityFile, params: SwitchPayerParams, payer: NamedPayer | None) -> rules.Switch:
    """What is asked for, from what is on file. Raises ValidationFailedError, ConflictError."""
    replaced = coverage_of(file, params.coverage_id, "coverageId")
    if replaced.version != params.version:
        raise _stale(replaced)
    if params.replacement_coverage_id is not None:
        instead = coverage_of(file, params.replacement_coverage_id, "replacementCoverageId")
        return rules.Switch(replaced, params.start_date, instead.payer_id, instead.payer_kind, instead)
    if payer is None:
        raise refused("payerId", "unknown_payer", "There is no such payer")
    return rules.Switch(
        replaced,
        params.start_date,
        payer.id,
        payer.kind,
        member_id=params.member_id or "",
        plan_name=params.plan_name,
    )


def _stale(current: Coverage) -> ConflictError:
    message = "The coverage has changed since you read it"
    place = {"coverageId": str(current.id), "version": current.version}
    errors = (FieldError("params.version", "stale", message),)
    return ConflictError(message, code="stale_coverage", errors=errors, current=place)


def _told(replaced: UUID, taking_over: UUID) -> dict[str, str]:
    return {"replacedCoverageId": str(replaced), "replacementCoverageId": str(taking_over)}
