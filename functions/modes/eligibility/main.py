"""The eligibility mode: `/api/v1/modes/eligibility`."""

from __future__ import annotations

import functions_framework
from flask import Request, Response

from shared import bootstrap_modes
from shared.auth.permissions import Permission
from shared.domain.authorization.states import BY_HAND
from shared.models.api.authorizations import (
    AuthorizationRecord,
    AuthorizationRequest,
    AuthorizationStep,
    AuthorizationSubmit,
    DecisionRequest,
    ExtensionMembers,
    MatchQuery,
    MatchView,
    ReleaseRequest,
    ReserveRequest,
)
from shared.models.api.modes import (
    ClaimList,
    ClaimQuery,
    PatientEligibility,
    PatientQuery,
)
from shared.models.audit import AuditAction
from shared.models.caller import Caller
from shared.web import Operations, Reply, function_app
from shared.web.mode_routes import add_mode_routes

MODE = "eligibility"
operations = Operations(tag="eligibility", prefix="/api/v1/modes/eligibility", mode=MODE)

_CONTEXT = {
    "mode": "eligibility",
    "contextId": "ctx_7c1e",
    "recordType": "Patient ID",
    "recordId": "MRN553",
    "status": "proceed",
    "summary": "Reviewing eligibility for patient MRN553…",
}
_ACTION = {
    "success": True,
    "data": {"eligible": True, "requiresAuth": True, "status": "pending", "dateOfService": "2026-12-01"},
    "guidanceActions": [
        {"label": "Request Authorization", "action": "request_auth"},
        {"label": "View Full Record", "action": "view_record"},
    ],
}
_AUTHORIZATION = {
    "id": "01975f3c-0000-7000-8000-000000000077",
    "authNumber": "AUTH-7K2M9QXW4B",
    "patientId": "01975f3c-0000-7000-8000-000000000553",
    "status": "submitted",
    "serviceType": "98",
    "urgency": "standard",
    "submittedAt": "2026-11-23T09:00:00Z",
    "decisionDueAt": "2026-11-30T09:00:00Z",
    "periodStart": "2026-12-01",
    "periodEnd": "2027-01-31",
    "units": {"requested": 6, "approved": None, "used": 0, "reserved": 0, "remaining": None, "overused": 0},
    "flags": [],
    "allowed": ["pend", "approve", "deny", "cancel"],
    "version": 1,
}
_GRANTED = _AUTHORIZATION | {
    "status": "approved",
    "certificationNumber": "C-10442",
    "units": {"requested": 6, "approved": 6, "used": 0, "reserved": 0, "remaining": 6, "overused": 0},
    "allowed": ["exhaust", "expire", "revoke", "extend"],
    "version": 2,
}

add_mode_routes(
    operations,
    MODE,
    context=_CONTEXT,
    summary={
        "mode": "eligibility",
        "contextId": "ctx_7c1e",
        "summary": "Aetna: active for 2026-12-01. Authorization needed. Next: Request Authorization.",
        "status": "pending",
        "facts": [{"label": "Authorization", "value": "needed", "source": "rule:E09"}],
        "updatedAt": "2026-11-23T09:00:00Z",
    },
    action={"action": "check_eligibility", "params": {"dateOfService": "2026-12-01"}},
    result=_ACTION,
    about="What is known about the record, each sentence backed by a fact",
)


@operations.get(
    "/patient/<reference>",
    summary="A patient by MRN or uuid: coverages, verdict, newest check, authorizations",
    permission=Permission.MODE_READ,
    audit=AuditAction.PATIENT_READ,
    example={
        "patient": {"id": "0192…", "mrn": "MRN553", "firstName": "Ana", "lastName": "Ortiz", "version": 1},
        "coverages": [],
        "verdict": {"eligible": None, "verdict": "undetermined", "reasons": []},
        "newestCheck": None,
        "authorizations": [],
    },
)
def get_patient(caller: Caller, reference: str, query: PatientQuery) -> PatientEligibility:
    return bootstrap_modes.eligibility_mode().patient(caller, reference, asked=query.date_of_service)


@operations.get(
    "/claims/<reference>",
    summary="Claims of a patient (MRN or uuid), newest service date first",
    permission=Permission.MODE_READ,
    audit=AuditAction.CLAIM_LIST,
    example={"patientId": "0192…", "mrn": "MRN553", "claims": [], "nextCursor": None},
)
def list_claims(caller: Caller, reference: str, query: ClaimQuery) -> ClaimList:
    return bootstrap_modes.eligibility_mode().claims(caller, reference, query)


@operations.post(
    "/authorization",
    summary="Request an authorization, for a patient or for a context's patient; `draft` keeps it unsent",
    permission=Permission.AUTHORIZATION_WRITE,
    audit=AuditAction.AUTHORIZATION_REQUEST,
    status=201,
    request_example={
        "patientId": "MRN553",
        "serviceType": "98",
        "providerId": "PRV-11",
        "periodStart": "2026-12-01",
        "periodEnd": "2027-01-31",
        "units": 6,
        "urgency": "standard",
    },
    example=_AUTHORIZATION,
)
def request_authorization(caller: Caller, body: AuthorizationRequest) -> Reply[AuthorizationRecord]:
    view = bootstrap_modes.authorization_service().ask(caller, body).view
    return Reply(view, status=201, version=view.version)


@operations.get(
    "/authorization/<reference>",
    summary="An authorization by uuid or number: state, deadline, units, flags",
    permission=Permission.MODE_READ,
    audit=AuditAction.AUTHORIZATION_READ,
    example=_GRANTED,
)
def get_authorization(caller: Caller, reference: str) -> Reply[AuthorizationRecord]:
    view = bootstrap_modes.authorization_service().get(caller, reference)
    return Reply(view, version=view.version)


@operations.get(
    "/authorization/<reference>/match",
    summary="Whether an authorization fits a visit or a claim, and everything that does not",
    permission=Permission.MODE_READ,
    audit=AuditAction.AUTHORIZATION_READ,
    example={
        "authorizationId": _GRANTED["id"],
        "matches": False,
        "mismatches": [{"code": "provider", "text": "It is for another provider"}],
        "notCompared": ["procedure"],
    },
)
def match_authorization(caller: Caller, reference: str, query: MatchQuery) -> MatchView:
    return bootstrap_modes.authorization_service().match(caller, reference, query)


@operations.post(
    "/authorization/<reference>/submit",
    summary="Send a draft to the payer, with what it lacked",
    permission=Permission.AUTHORIZATION_WRITE,
    audit=AuditAction.AUTHORIZATION_MOVE,
    request_example={"units": 6, "version": 1},
    example=_AUTHORIZATION | {"version": 2},
)
def submit_authorization(caller: Caller, reference: str, body: AuthorizationSubmit) -> Reply[AuthorizationRecord]:
    view = bootstrap_modes.authorization_service().submit(caller, reference, body).view
    return Reply(view, version=view.version)


@operations.post(
    "/authorization/<reference>/decision",
    summary="Record a payer's answer: a person's entry, an X12 278 or a FHIR ClaimResponse; the same one twice is one",
    permission=Permission.AUTHORIZATION_WRITE,
    audit=AuditAction.AUTHORIZATION_DECIDE,
    request_example={"manual": {"outcome": "approved", "certificationNumber": "C-10442", "units": 6}},
    example=_GRANTED | {"answer": "applied"},
)
def decide_authorization(caller: Caller, reference: str, body: DecisionRequest) -> Reply[AuthorizationRecord]:
    view = bootstrap_modes.authorization_service().decide(caller, reference, body).view
    return Reply(view, version=view.version)


@operations.post(
    "/authorization/<reference>/extend",
    summary="Ask for more units or a later end",
    permission=Permission.AUTHORIZATION_WRITE,
    audit=AuditAction.AUTHORIZATION_MOVE,
    request_example={"units": 4, "periodEnd": "2027-03-31"},
    example=_GRANTED | {"status": "extension_requested", "version": 3},
)
def extend_authorization(caller: Caller, reference: str, body: ExtensionMembers) -> Reply[AuthorizationRecord]:
    view = bootstrap_modes.authorization_service().extend(caller, reference, body).view
    return Reply(view, version=view.version)


@operations.post(
    "/authorization/<reference>/reserve",
    summary="Hold units for a visit; 409 when the last one is taken",
    permission=Permission.AUTHORIZATION_WRITE,
    audit=AuditAction.AUTHORIZATION_RESERVE,
    request_example={"visitId": "VIS-2041", "units": 1},
    example=_GRANTED | {"version": 3},
)
def reserve_units(caller: Caller, reference: str, body: ReserveRequest) -> Reply[AuthorizationRecord]:
    view = bootstrap_modes.authorization_service().reserve(caller, reference, body).view
    return Reply(view, version=view.version)


@operations.post(
    "/authorization/<reference>/release",
    summary="Give back the units that are held for a visit",
    permission=Permission.AUTHORIZATION_WRITE,
    audit=AuditAction.AUTHORIZATION_RESERVE,
    request_example={"visitId": "VIS-2041"},
    example=_GRANTED | {"version": 4},
)
def release_units(caller: Caller, reference: str, body: ReleaseRequest) -> Reply[AuthorizationRecord]:
    view = bootstrap_modes.authorization_service().release(caller, reference, body).view
    return Reply(view, version=view.version)


@operations.each_of(
    "POST",
    "/authorization/<reference>/{}",
    tuple(BY_HAND),
    summary="{} an authorization; a reason where the step needs one",
    permission=Permission.AUTHORIZATION_WRITE,
    audit=AuditAction.AUTHORIZATION_MOVE,
    request_example={"reason": "The visit was called off"},
    example=_AUTHORIZATION | {"status": "cancelled", "version": 2},
)
def move_authorization(
    caller: Caller, reference: str, choice: str, body: AuthorizationStep
) -> Reply[AuthorizationRecord]:
    view = bootstrap_modes.authorization_service().move(caller, reference, choice, body).view
    return Reply(view, version=view.version)


_app = function_app(operations)


@functions_framework.http
def eligibility(request: Request) -> Response:
    return _app(request)
