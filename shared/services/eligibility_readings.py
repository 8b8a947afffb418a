"""The eligibility mode's quick actions that only look: each explains, compares or lists, and changes nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

from shared.auth.permissions import ROLES_BY_QUICK_ACTION, allows_action
from shared.db.selector import DatabaseSelector
from shared.domain import eligibility as rules
from shared.errors import FieldError, NotFoundError, ValidationFailedError
from shared.models.api.eligibility import difference_view, reason_view, verdict_view
from shared.models.api.eligibility_actions import ClaimsParams, EstimateParams, ExplainParams, WhyNotParams
from shared.models.api.modes import ClaimList, ClaimQuery, NoParams, QuickActionResult
from shared.models.audit import AuditEvent
from shared.models.caller import Caller
from shared.models.firestore.documents import ContextDocument
from shared.models.guidance import GuidanceAction
from shared.models.records import EligibilityFile
from shared.models.verdict import Estimate, VerdictReceipt
from shared.repositories.eligibility_protocols import StoredCheck
from shared.services.access_log import AccessLog
from shared.services.contexts import patient_of

MODE = "eligibility"
_CHECK = GuidanceAction(label="Check Eligibility", action="check_eligibility")
_VIEW = GuidanceAction(label="View Full Record", action="view_record")


class ReadingDesk(Protocol):
    """What these actions need of the mode that they are part of."""

    def file_for(self, caller: Caller, context: ContextDocument, *, seen: AuditEvent | None) -> EligibilityFile:
        """Read the file of the context's patient."""
        ...

    def local_time(self, caller: Caller) -> datetime:
        """The time at the organisation."""
        ...

    def situation_on(self, caller: Caller, file: EligibilityFile) -> rules.Situation:
        """What the records say now, for the day of the newest check when there is one."""
        ...

    def claims(self, caller: Caller, reference: str, query: ClaimQuery) -> ClaimList:
        """List a patient's claims."""
        ...


class EligibilityReadings:
    """See READING_ACTIONS."""

    def __init__(self, desk: ReadingDesk, db: DatabaseSelector, access_log: AccessLog) -> None:
        self._desk = desk
        self._db = db
        self._access_log = access_log

    def explain(self, caller: Caller, context: ContextDocument, params: ExplainParams) -> QuickActionResult:
        """Explain a stored check from its receipt, rule by rule; what is on file now where nothing was checked yet."""
        file = self._read(caller, context)
        check = self._check(caller, file, params)
        receipt = self._desk.situation_on(caller, file).receipt if check is None else check.receipt
        if receipt is None:
            raise NotFoundError("This check has no receipt that can be read")
        steps = [
            {"title": one.title, "ruleSource": one.rule_source, **_dumped(reason_view(one.evidence))}
            for one in rules.explain(receipt)
        ]
        told = {"checkId": None if check is None else str(check.id), "steps": steps}
        return _result(caller, _dumped(verdict_view(receipt)) | told, () if check else (_CHECK,))

    def compare(self, caller: Caller, context: ContextDocument, params: NoParams) -> QuickActionResult:
        """Compare what the records say now with the newest completed check."""
        del params
        file = self._read(caller, context)
        check = self._check(caller, file, ExplainParams())
        receipt = self._desk.situation_on(caller, file).receipt
        difference = None
        if check is not None and check.receipt is not None:
            difference = _dumped(difference_view(rules.difference(check.id, check.receipt, receipt)))
        material = difference is None or difference["material"]
        told = {"checkId": None if check is None else str(check.id), "difference": difference}
        return _result(caller, _dumped(verdict_view(receipt)) | told, (_CHECK,) if material else ())

    def why_not(self, caller: Caller, context: ContextDocument, params: WhyNotParams) -> QuickActionResult:
        """Say why an action is not offered: the role, what stands in its way, or when it would be; null when it is."""
        if params.action not in ROLES_BY_QUICK_ACTION:
            message = "This mode has no such action"
            raise ValidationFailedError(message, errors=(FieldError("params.action", "unknown_action", message),))
        situation = self._desk.situation_on(caller, self._read(caller, context))
        allowed = allows_action(caller.role, params.action)
        reason = rules.why_not(situation, params.action)
        told = {
            "action": params.action,
            "allowed": allowed,
            "reason": None if reason is None else _dumped(reason),
            "roles": sorted(ROLES_BY_QUICK_ACTION[params.action]),
        }
        return _result(caller, told)

    def estimate(self, caller: Caller, context: ContextDocument, params: EstimateParams) -> QuickActionResult:
        """Estimate what the patient pays when the payer allows an amount; never a price."""
        file = self._read(caller, context)
        check = file.newest_check
        receipt = rules.decide(
            file,
            asked_date=params.date_of_service or (check.date_of_service if check else None),
            asked_service=params.service_type or (check.service_type if check else None),
            allowed=params.allowed_amount,
            today=self._desk.local_time(caller).date(),
        )
        return _result(caller, _dumped(verdict_view(receipt)) | _estimated(receipt))

    def claims(self, caller: Caller, context: ContextDocument, params: ClaimsParams) -> QuickActionResult:
        """List the claims of the context's patient, newest service date first."""
        found = self._desk.claims(caller, patient_of(context), ClaimQuery(status=params.status))
        return _result(caller, _dumped(found))

    def _read(self, caller: Caller, context: ContextDocument) -> EligibilityFile:
        event = caller.seen("patient", mode=MODE, resource_ref=context.id)
        with self._access_log.in_transaction(event) as seen:
            return self._desk.file_for(caller, context, seen=seen)

    def _check(self, caller: Caller, file: EligibilityFile, params: ExplainParams) -> StoredCheck | None:
        check = self._db.postgres.eligibility.check_of(caller.client_id, file.patient.id, params.check_id, seen=None)
        if check is None and params.check_id is not None:
            message = "The patient has no such check"
            raise ValidationFailedError(message, errors=(FieldError("params.checkId", "unknown_check", message),))
        return check


def _estimated(receipt: VerdictReceipt) -> dict[str, Any]:
    estimate: Estimate | None = receipt.figures.estimate
    alone = receipt.figures.self_pay_estimate
    return {
        "isEstimate": True,
        "estimate": None
        if estimate is None
        else {
            "low": float(estimate.low),
            "high": float(estimate.high),
            "copay": float(estimate.copay),
            "deductible": float(estimate.deductible),
            "coinsurance": float(estimate.coinsurance),
            "capped": estimate.capped,
            "missing": list(estimate.missing),
            "needsReview": estimate.needs_review,
        },
        "selfPayEstimate": None if alone is None else float(alone),
    }


def _dumped(view: Any) -> dict[str, Any]:
    dumped: dict[str, Any] = view.model_dump(mode="json", by_alias=True)
    return dumped


def _result(caller: Caller, data: dict[str, Any], steps: tuple[GuidanceAction, ...] = ()) -> QuickActionResult:
    offered = tuple(one for one in (*steps, _VIEW) if allows_action(caller.role, one.action))
    return QuickActionResult(success=True, data=data, guidance_actions=offered)
