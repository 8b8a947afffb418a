"""The front desk's quick actions that only look: what is not ready on a day, and what to say on the telephone."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.auth.permissions import allows_action, hidden_fields
from shared.db.selector import DatabaseSelector
from shared.domain.visit.call_script import Numbers, script
from shared.domain.visit.clearing import clearings, reasons_of
from shared.errors import FieldError, NotFoundError, ValidationFailedError
from shared.models.api.front_desk_actions import CallScriptParams, ReadinessListParams
from shared.models.api.modes import QuickActionResult
from shared.models.caller import Caller
from shared.models.firestore.documents import ContextDocument
from shared.models.guidance import GuidanceAction
from shared.repositories.front_desk_day_protocols import CallNumbers, VisitAtRisk
from shared.repositories.visit_protocols import VisitCase
from shared.services.access_log import AccessLog
from shared.services.clock import Clock
from shared.services.front_desk_guidance import MODE, FrontDeskGuidance, ground_in


class FrontDeskDay:
    """See DAY_ACTIONS."""

    def __init__(self, db: DatabaseSelector, access_log: AccessLog, desk: FrontDeskGuidance, *, now: Clock) -> None:
        self._db = db
        self._access_log = access_log
        self._desk = desk
        self._now = now

    def readiness_list(
        self, caller: Caller, context: ContextDocument, params: ReadinessListParams
    ) -> QuickActionResult:
        """List a day's visits that are not ready, the most money at risk first, each with what clears it."""
        day = params.date or caller.today(self._now()) + timedelta(days=1)
        event = caller.changed("visit", mode=MODE, resource_ref=context.id, metadata={"date": day.isoformat()})
        with self._access_log.in_transaction(event) as seen:
            found = self._db.postgres.front_desk_day.at_risk(caller.client_id, day, limit=params.limit, seen=seen)
        data: dict[str, Any] = {
            "status": context.status,
            "date": day.isoformat(),
            "visits": [_line(caller, one) for one in found.visits],
            "atRiskCents": int(found.amount * 100),
            "withoutAmount": found.without_amount,
        }
        return QuickActionResult(success=True, data=data, guidance_actions=())

    def call_script(self, caller: Caller, context: ContextDocument, params: CallScriptParams) -> QuickActionResult:
        """Say what to say to the patient or the payer about a visit."""
        now = self._now().astimezone(ZoneInfo(caller.time_zone))
        case = visit_for(self._db, self._desk, caller, context, params.visit_id, now=now)
        event = caller.changed("visit", mode=MODE, resource_ref=context.id, metadata={"call": params.whom})
        with self._access_log.in_transaction(event) as seen:
            found = self._db.postgres.front_desk_day.numbers(caller.client_id, case.visit.id, seen=seen)
        if found is None:
            raise NotFoundError("There is no such record")
        lines = script(ground_in(case, now), params.whom, _seen_by(caller, found), ZoneInfo(caller.time_zone))
        told = [line.model_dump(mode="json", by_alias=True) for line in lines]
        data = {"status": context.status, "visitId": str(case.visit.id), "whom": params.whom, "lines": told}
        return QuickActionResult(success=True, data=data, guidance_actions=())


def visit_for(
    db: DatabaseSelector,
    desk: FrontDeskGuidance,
    caller: Caller,
    context: ContextDocument,
    visit_id: str | None,
    *,
    now: datetime,
) -> VisitCase:
    """The visit that is named, else the context's. Raises ValidationFailedError naming what is wrong with it."""
    if visit_id is None:
        case = desk.case_of(context, caller.client_id, now)
        if case is None:
            raise _refused("no_visit_today", "is needed: the record has no visit today")
        return case
    case = db.postgres.visits.get(caller.client_id, visit_id)
    if case is None:
        raise NotFoundError("There is no such record")
    if context.patient_uuid is not None and case.visit.patient_id != UUID(context.patient_uuid):
        raise _refused("other_patient", "is another patient's visit than the context's")
    return case


def _line(caller: Caller, one: VisitAtRisk) -> dict[str, Any]:
    visit, patient, money = one.visit, one.patient, one.at_risk
    reasons = reasons_of(visit.readiness, visit.readiness_reasons)
    return {
        "visitId": str(visit.id),
        "visitNumber": visit.visit_number,
        "patient": {"id": str(patient.id), "mrn": patient.mrn, "name": f"{patient.first_name} {patient.last_name}"},
        "startsAt": None if visit.starts_at is None else visit.starts_at.isoformat().replace("+00:00", "Z"),
        "provider": one.provider_name,
        "readiness": visit.readiness,
        "atRisk": None
        if money is None
        else {"cents": int(money.amount * 100), "basis": money.basis, "source": money.source},
        "reasons": [
            {
                "code": reason.code,
                "text": reason.text,
                "ruleId": reason.rule_id,
                "clear": _offer(caller, clearing.action, clearing.label, clearing.params_of(visit)),
            }
            for reason, clearing in clearings(reasons)
        ],
    }


def _offer(caller: Caller, action: str, label: str, params: dict[str, Any]) -> dict[str, Any] | None:
    """The action that clears a reason; None for a role that may not run it."""
    if not allows_action(caller.role, action):
        return None
    return GuidanceAction(label=label, action=action, params=params).model_dump(mode="json", by_alias=True)


def _seen_by(caller: Caller, found: CallNumbers) -> Numbers:
    """Leave out what the caller's role does not see of patients and coverages."""
    patient, coverage = hidden_fields(caller.role, "patient"), hidden_fields(caller.role, "coverage")
    return Numbers(
        None if "phone" in patient else found.patient_phone,
        found.payer_name,
        found.payer_phone,
        None if "memberId" in coverage else found.member_id,
    )


def _refused(code: str, message: str) -> ValidationFailedError:
    name = "params.visitId"
    return ValidationFailedError(f"{name} {message}", errors=(FieldError(name, code, message),))
