"""The email drafter mode: `/api/v1/modes/email-drafter`."""

from __future__ import annotations

import functions_framework
from flask import Request, Response

from shared import bootstrap
from shared.auth.permissions import Permission
from shared.models.api.modes import ContextQuery, ContextView, QuickAction, QuickActionResult, SetContext, SummaryView
from shared.models.audit import AuditAction
from shared.models.caller import Caller
from shared.web import Operations, Reply, function_app

MODE = "email-drafter"
operations = Operations(tag="email-drafter", prefix="/api/v1/modes/email-drafter", mode=MODE)

_CONTEXT = {
    "mode": "email-drafter",
    "contextId": "ctx_7c1e",
    "recordType": "Patient ID",
    "recordId": "MRN553",
    "status": "proceed",
    "summary": "Email Drafter: working on patient MRN553…",
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
    summary="What is known about the record",
    permission=Permission.MODE_READ,
    audit=AuditAction.SUMMARY_READ,
    example={"mode": "email-drafter", "contextId": "ctx_7c1e", "summary": _CONTEXT["summary"], "status": "proceed"},
)
def get_summary(caller: Caller, query: ContextQuery) -> SummaryView:
    return bootstrap.mode_service().get_summary(caller, MODE, query.context_id)


@operations.post(
    "/quick-action",
    summary="Run a quick action on the current context",
    permission=Permission.QUICK_ACTION,
    audit=AuditAction.QUICK_ACTION,
    request_example={"action": "view_record", "params": {}},
    example={"success": True, "data": {"status": "proceed", "record": _CONTEXT}, "guidanceActions": []},
)
def quick_action(caller: Caller, body: QuickAction) -> QuickActionResult:
    return bootstrap.mode_service().execute_quick_action(caller, MODE, body)


_app = function_app(operations)


@functions_framework.http
def email_drafter(request: Request) -> Response:
    return _app(request)
