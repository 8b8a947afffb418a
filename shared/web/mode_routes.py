"""The routes that every mode has: its context, its summary and its quick actions."""

from __future__ import annotations

from typing import Any

from shared import bootstrap
from shared.auth.permissions import Permission
from shared.models.api.modes import ContextQuery, ContextView, QuickAction, QuickActionResult, SetContext, SummaryView
from shared.models.audit import AuditAction
from shared.models.caller import Caller
from shared.web.operations import Operations, Reply


def add_mode_routes(
    operations: Operations,
    mode: str,
    *,
    context: dict[str, Any],
    summary: dict[str, Any],
    action: dict[str, Any],
    result: dict[str, Any],
    about: str = "What is known about the record",
) -> None:
    """Declare the four routes for `mode`; the dictionaries are the examples of what is answered and, `action`, asked.

    `about` says what the summary tells. A quick action answers with the status that its result has.
    """

    @operations.get(
        "/context",
        summary="The caller's current context in this mode",
        permission=Permission.MODE_READ,
        audit=AuditAction.CONTEXT_READ,
        example=context,
    )
    def get_context(caller: Caller, query: ContextQuery) -> Reply[ContextView]:
        found = bootstrap.mode_service().get_context(caller, mode, query.context_id)
        return Reply(found, version=found.version)

    @operations.post(
        "/context",
        summary="Work on a record: 201 when its context is new, 200 when it existed",
        permission=Permission.CONTEXT_OPEN,
        audit=AuditAction.CONTEXT_SET,
        status=201,
        request_example={"recordType": "Patient ID", "recordId": "MRN553"},
        example=context,
    )
    def set_context(caller: Caller, body: SetContext) -> Reply[ContextView]:
        opened, new = bootstrap.mode_service().set_context(caller, mode, body)
        return Reply(opened, status=201 if new else 200, version=opened.version)

    @operations.get(
        "/summary",
        summary=about,
        permission=Permission.MODE_READ,
        audit=AuditAction.SUMMARY_READ,
        example=summary,
    )
    def get_summary(caller: Caller, query: ContextQuery) -> SummaryView:
        return bootstrap.mode_service().get_summary(caller, mode, query.context_id)

    @operations.post(
        "/quick-action",
        summary="Run a quick action on the current context",
        permission=Permission.QUICK_ACTION,
        audit=AuditAction.QUICK_ACTION,
        request_example=action,
        example=result,
    )
    def quick_action(caller: Caller, body: QuickAction) -> Reply[QuickActionResult]:
        done = bootstrap.mode_service().execute_quick_action(caller, mode, body)
        return Reply(done, status=done.status)
