"""The record in hand, in whatever mode the session is in: `/api/v1/components/context`."""

from __future__ import annotations

import functions_framework
from flask import Request, Response

from shared import bootstrap
from shared.auth.permissions import Permission
from shared.models.api.current_context import ContextHistory, ContextUpdate
from shared.models.api.modes import ContextQuery, ContextView, QuickAction, QuickActionResult, SummaryView
from shared.models.audit import AuditAction
from shared.models.caller import Caller
from shared.web import Operations, Reply, function_app

operations = Operations(tag="context", prefix="/api/v1/components/context")

_CONTEXT = {
    "mode": "eligibility",
    "contextId": "ctx_7c1e",
    "recordType": "Patient ID",
    "recordId": "MRN553",
    "status": "proceed",
    "summary": "Reviewing eligibility for patient MRN553…",
}


@operations.get(
    "/current",
    summary="The session's current context",
    permission=Permission.MODE_READ,
    audit=AuditAction.CONTEXT_READ,
    example=_CONTEXT,
)
def get_current_context(caller: Caller, query: ContextQuery) -> Reply[ContextView]:
    context = bootstrap.current_context_service().get(caller, query.context_id)
    return Reply(context, version=context.version)


@operations.post(
    "/update",
    summary="Work on another record, in another mode, or both; a mode alone takes the record in hand along",
    permission=Permission.CONTEXT_OPEN,
    audit=AuditAction.CONTEXT_SET,
    status=201,
    request_example={"mode": "eligibility", "recordType": "Patient ID", "recordId": "MRN553"},
    example=_CONTEXT,
)
def update_context(caller: Caller, body: ContextUpdate) -> Reply[ContextView]:
    context, new = bootstrap.current_context_service().update(caller, body)
    return Reply(context, status=201 if new else 200, version=context.version)


@operations.get(
    "/summary",
    summary="What is known about the record in hand, each sentence backed by a fact",
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
    return bootstrap.current_context_service().summary(caller, query.context_id)


@operations.post(
    "/quick-action",
    summary="Run a quick action of the session's mode on the record in hand",
    permission=Permission.QUICK_ACTION,
    audit=AuditAction.QUICK_ACTION,
    request_example={"action": "check_eligibility", "params": {"dateOfService": "2026-12-01"}},
    example={
        "success": True,
        "data": {"eligible": True, "requiresAuth": True, "status": "pending"},
        "guidanceActions": [{"label": "Request Authorization", "action": "request_auth"}],
    },
)
def quick_action(caller: Caller, body: QuickAction) -> Reply[QuickActionResult]:
    result = bootstrap.current_context_service().execute(caller, body)
    return Reply(result, status=result.status)


@operations.get(
    "/history",
    summary="The records opened in this sign-in, newest first",
    permission=Permission.MODE_READ,
    audit=AuditAction.CONTEXT_LIST,
    example={"contexts": [_CONTEXT]},
)
def get_history(caller: Caller) -> ContextHistory:
    return bootstrap.current_context_service().history(caller)


_app = function_app(operations)


@functions_framework.http
def context(request: Request) -> Response:
    return _app(request)
