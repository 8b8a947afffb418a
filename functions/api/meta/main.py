"""Health, API description, documentation, the list of modes and how far long work is."""

from __future__ import annotations

import functions_framework
from flask import Request, Response

from shared import bootstrap
from shared.auth.permissions import Permission
from shared.errors import RouteNotFoundError
from shared.models.api.jobs import JobView
from shared.models.api.meta import Health, ModeList
from shared.models.audit import AuditAction
from shared.models.caller import Caller
from shared.web import Operations, documentation, function_app

operations = Operations(tag="meta", prefix="/api/v1")


@operations.get(
    "/health",
    summary="Whether the API answers",
    permission=Permission.PUBLIC,
    audit=AuditAction.NONE,
    example={"status": "ok"},
)
def health() -> Health:
    return Health(status="ok")


@operations.get(
    "/openapi.json",
    summary="The API's description (OpenAPI 3.1)",
    permission=Permission.PUBLIC,
    audit=AuditAction.NONE,
    example={"openapi": "3.1.0"},
)
def openapi() -> Response:
    return documentation.description()


@operations.get(
    "/docs",
    summary="The API's description as a page",
    permission=Permission.PUBLIC,
    audit=AuditAction.NONE,
)
def docs() -> Response:
    return documentation.page()


@operations.get(
    "/docs/<asset>",
    summary="What the page loads",
    permission=Permission.PUBLIC,
    audit=AuditAction.NONE,
)
def docs_asset(asset: str) -> Response:
    return documentation.asset(asset)


@operations.get(
    "/modes",
    summary="The modes that the caller may use",
    permission=Permission.SIGNED_IN,
    audit=AuditAction.NONE,
    example={"modes": [{"mode": "eligibility", "label": "Eligibility", "recordTypes": [], "quickActions": []}]},
)
def list_modes(caller: Caller) -> ModeList:
    return bootstrap.mode_list().list_modes(caller)


@operations.get(
    "/jobs/<job_id>",
    summary="How far long work is: for who began it, and for leads",
    permission=Permission.SIGNED_IN,
    audit=AuditAction.NONE,
    example={"jobId": "job_4f9a", "kind": "batch_check_schedule", "state": "running", "total": 40, "done": 12},
)
def get_job(caller: Caller, job_id: str) -> JobView:
    return bootstrap.job_service().get(caller, job_id)


def unknown_mode(mode: str, rest: str = "") -> ModeList:
    """Answer for a path under `/modes` that no deployed mode owns: name the modes there are."""
    del rest
    bootstrap.mode_list().handler_class(mode)
    raise RouteNotFoundError("No operation has this path")


for _method in ("GET", "POST", "PUT", "DELETE"):
    for _path in ("/modes/<mode>", "/modes/<mode>/<path:rest>"):
        operations.route(
            _method,
            _path,
            summary="A mode that does not exist: 404 naming those that do",
            permission=Permission.SIGNED_IN,
            audit=AuditAction.NONE,
            listed=False,
        )(unknown_mode)


_app = function_app(operations)


@functions_framework.http
def meta(request: Request) -> Response:
    return _app(request)
