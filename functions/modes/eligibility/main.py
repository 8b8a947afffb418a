"""The eligibility mode: `/api/v1/modes/eligibility`."""

from __future__ import annotations

import functions_framework
from flask import Request, Response

from shared import bootstrap
from shared.auth.permissions import Permission
from shared.models.api.modes import (
    ClaimList,
    ClaimQuery,
    ContextQuery,
    ContextView,
    PatientEligibility,
    PatientQuery,
    QuickAction,
    QuickActionResult,
    SetContext,
    SummaryView,
)
from shared.models.audit import AuditAction
from shared.models.caller import Caller
from shared.web import Operations, Reply, function_app

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


@operations.get(
    "/context",
    summary="The caller's current context in this mode",
    permission=Permission.MODE_READ,
    audit=AuditAction.CONTEXT_READ,
    example=_CONTEXT,
)
def get_context(caller: Caller, query: ContextQuery) -> Reply[ContextView]:
    context = bootstrap.mode_service().get_context(caller, MODE, query.context_id)
    return Reply(context, version=context.version)


@operations.post(
    "/context",
    summary="Work on a record: 201 when its context is new, 200 when it existed",
    permission=Permission.CONTEXT_OPEN,
    audit=AuditAction.CONTEXT_SET,
    status=201,
    request_example={"recordType": "Patient ID", "recordId": "MRN553"},
    example=_CONTEXT,
)
def set_context(caller: Caller, body: SetContext) -> Reply[ContextView]:
    context, new = bootstrap.mode_service().set_context(caller, MODE, body)
    return Reply(context, status=201 if new else 200, version=context.version)


@operations.get(
    "/summary",
    summary="What is known about the record, each sentence backed by a fact",
    permission=Permission.MODE_READ,
    audit=AuditAction.SUMMARY_READ,
    example={
        "mode": "eligibility",
        "contextId": "ctx_7c1e",
        "summary": "Aetna: active for 2026-12-01. Authorization needed. Next: Request Authorization.",
        "status": "pending",
        "facts": [{"label": "Authorization", "value": "needed", "source": "rule:E09"}],
        "updatedAt": "2026-11-23T09:00:00Z",
    },
)
def get_summary(caller: Caller, query: ContextQuery) -> SummaryView:
    return bootstrap.mode_service().get_summary(caller, MODE, query.context_id)


@operations.post(
    "/quick-action",
    summary="Run a quick action on the current context",
    permission=Permission.QUICK_ACTION,
    audit=AuditAction.QUICK_ACTION,
    request_example={"action": "check_eligibility", "params": {"dateOfService": "2026-12-01"}},
    example=_ACTION,
)
def quick_action(caller: Caller, body: QuickAction) -> QuickActionResult:
    return bootstrap.mode_service().execute_quick_action(caller, MODE, body)


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
    return bootstrap.eligibility_mode().patient(caller, reference, asked=query.date_of_service)


@operations.get(
    "/claims/<reference>",
    summary="Claims of a patient (MRN or uuid), newest service date first",
    permission=Permission.MODE_READ,
    audit=AuditAction.CLAIM_LIST,
    example={"patientId": "0192…", "mrn": "MRN553", "claims": [], "nextCursor": None},
)
def list_claims(caller: Caller, reference: str, query: ClaimQuery) -> ClaimList:
    return bootstrap.eligibility_mode().claims(caller, reference, query)


_app = function_app(operations)


@functions_framework.http
def eligibility(request: Request) -> Response:
    return _app(request)
