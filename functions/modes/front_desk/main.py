"""The front desk mode: `/api/v1/modes/front-desk`."""

from __future__ import annotations

import functions_framework
from flask import Request, Response

from shared import bootstrap_modes
from shared.auth.permissions import Permission
from shared.models.api.visits import AppointmentList, AppointmentQuery, CheckInRequest, VisitView
from shared.models.audit import AuditAction
from shared.models.caller import Caller
from shared.web import Operations, Reply, function_app
from shared.web.mode_routes import add_mode_routes

MODE = "front-desk"
operations = Operations(tag="front-desk", prefix="/api/v1/modes/front-desk", mode=MODE)

_CONTEXT = {
    "mode": "front-desk",
    "contextId": "ctx_7c1e",
    "recordType": "Patient ID",
    "recordId": "MRN553",
    "status": "proceed",
    "summary": "Front Desk: working on patient MRN553…",
}
_LINE = {
    "id": "01975f3c-0000-7000-8000-000000002041",
    "visitNumber": "VIS-2041",
    "patient": {"id": "01975f3c-0000-7000-8000-000000000553", "mrn": "MRN553", "firstName": "Ana", "lastName": "Ortiz"},
    "visitDate": "2026-12-01",
    "startsAt": "2026-12-01T15:00:00Z",
    "status": "arrived",
    "since": "2026-12-01T14:52:00Z",
    "arrivedAt": "2026-12-01T14:52:00Z",
    "wait": {"minutes": 12, "limit": 10, "tooLong": True},
    "minutesLate": 0,
    "readiness": "ready",
    "readinessSource": "machine",
    "readinessReasons": [],
    "walkIn": False,
    "allowed": ["start_check_in", "cancel_visit", "reschedule_visit", "left_without_being_seen"],
    "version": 2,
}
_VISIT = _LINE | {"history": [], "facts": [], "missing": [], "copayDueCents": 2500, "rescheduledTo": None}

add_mode_routes(
    operations,
    MODE,
    context=_CONTEXT,
    summary={"mode": "front-desk", "contextId": "ctx_7c1e", "summary": _CONTEXT["summary"], "status": "proceed"},
    action={"action": "mark_arrived", "params": {"visitId": "VIS-2041"}},
    result={
        "success": True,
        "data": {"status": "proceed", "visit": _VISIT},
        "guidanceActions": [{"label": "Start Check-In", "action": "start_check_in"}],
    },
)


@operations.get(
    "/appointments",
    summary="A day's board (today's at the organisation): who comes, who waits, who is ready",
    permission=Permission.MODE_READ,
    audit=AuditAction.VISIT_LIST,
    example={"date": "2026-12-01", "appointments": [_LINE], "nextCursor": None},
)
def list_appointments(caller: Caller, query: AppointmentQuery) -> AppointmentList:
    return bootstrap_modes.front_desk_mode().visit_service.board(caller, query)


@operations.get(
    "/appointments/<reference>",
    summary="A visit by uuid or number: its history, its check-in, and what that lacks",
    permission=Permission.MODE_READ,
    audit=AuditAction.VISIT_READ,
    example=_VISIT,
)
def get_appointment(caller: Caller, reference: str) -> Reply[VisitView]:
    view = bootstrap_modes.front_desk_mode().visit_service.get(caller, reference)
    return Reply(view, version=view.version)


@operations.post(
    "/check-in",
    summary="Check a visit in, at once or in two steps; 409 with what is `missing`",
    permission=Permission.VISIT_MOVE,
    audit=AuditAction.VISIT_MOVE,
    request_example={
        "visitId": "VIS-2041",
        "identifiers": ["full_name", "date_of_birth"],
        "demographicsReviewed": True,
        "coverageVerified": True,
        "forms": ["privacy_notice", "consent_to_treat", "financial_responsibility"],
        "copay": {"amountCents": 2500, "method": "card"},
    },
    example=_VISIT | {"status": "checked_in", "allowed": ["room_patient"], "version": 3},
)
def check_in(caller: Caller, body: CheckInRequest) -> Reply[VisitView]:
    view = bootstrap_modes.front_desk_mode().desk.check_in(caller, body)
    return Reply(view, version=view.version)


_app = function_app(operations)


@functions_framework.http
def front_desk(request: Request) -> Response:
    return _app(request)
