"""What to do next with a record, and doing it: `/api/v1/components/guidance`."""

from __future__ import annotations

import functions_framework
from flask import Request, Response

from shared import bootstrap
from shared.auth.permissions import Permission
from shared.models.api.guidance import DynamicGuidance, GuidanceExecution, GuidanceList
from shared.models.api.modes import ContextQuery, QuickActionResult
from shared.models.audit import AuditAction
from shared.models.caller import Caller
from shared.web import Operations, function_app

operations = Operations(tag="guidance", prefix="/api/v1/components/guidance")

_BUTTON = {"label": "Check Eligibility", "action": "check_eligibility", "id": "eligibility.check", "contextVersion": 1}


@operations.get(
    "/dynamic",
    summary="The same as buttons and JSON Schema forms, of the current context or the one named",
    permission=Permission.MODE_READ,
    audit=AuditAction.GUIDANCE_READ,
    example={
        "buttons": [_BUTTON],
        "forms": [
            {
                "id": "everywhere.create_task",
                "title": "Create Task",
                "schema": {"type": "object", "properties": {"label": {"type": "string"}}, "required": ["label"]},
                "submitAction": "create_task",
                "contextVersion": 1,
            }
        ],
    },
)
def get_dynamic_guidance(caller: Caller, query: ContextQuery) -> DynamicGuidance:
    return bootstrap.guidance_service().dynamic(caller, query.context_id)


@operations.get(
    "/<context_id>",
    summary="What to do next with a record, for its mode, the caller's role and the available data",
    permission=Permission.MODE_READ,
    audit=AuditAction.GUIDANCE_READ,
    example={"guidanceActions": [_BUTTON, {"label": "View Full Record", "action": "view_record"}]},
)
def get_guidance(caller: Caller, context_id: str) -> GuidanceList:
    return bootstrap.guidance_service().get_guidance_actions(caller, context_id)


@operations.post(
    "/execute",
    summary="Run an action that guidance offers, unless what it rests on has changed (409 stale_context)",
    permission=Permission.QUICK_ACTION,
    audit=AuditAction.GUIDANCE_EXECUTE,
    request_example={
        "contextId": "ctx_7c1e",
        "action": "check_eligibility",
        "params": {"dateOfService": "2026-12-01"},
        "contextVersion": 1,
    },
    example={
        "success": True,
        "data": {"eligible": True, "requiresAuth": True, "status": "pending"},
        "guidanceActions": [{"label": "Request Authorization", "action": "request_auth"}],
    },
)
def execute_guidance(caller: Caller, body: GuidanceExecution) -> QuickActionResult:
    return bootstrap.guidance_service().execute(caller, body)


_app = function_app(operations)


@functions_framework.http
def guidance(request: Request) -> Response:
    return _app(request)
