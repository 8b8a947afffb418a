"""The function app: one Flask app a function, with everything cross-cutting around each declared route.

Order of a request: route, sign-in, rate, session, permission, query and body, handler, answer. Refusals of a known
caller are audited; those of a burst are one event.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from io import BytesIO
from typing import Any
from uuid import uuid4

from flask import Flask, Request, Response, g, request
from flask.ctx import RequestContext
from pydantic import BaseModel
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound, RequestEntityTooLarge

from shared import bootstrap, log_line
from shared.auth.membership import caller_for
from shared.auth.permissions import Permission, allows, allows_mode
from shared.config import refuse_unsafe_start, settings
from shared.errors import (
    ForbiddenError,
    MethodNotAllowedError,
    MobiusError,
    NotFoundError,
    PayloadTooLargeError,
    RouteNotFoundError,
    TooManyRequestsError,
    UnauthenticatedError,
)
from shared.models.audit import AuditAction, AuditOutcome
from shared.models.caller import Caller
from shared.models.replay import Replayed
from shared.models.sign_in import Visitor
from shared.web import cors, identity, reading
from shared.web.operations import Operation, Operations, Reply
from shared.web.problem import problem
from shared.web.redirect import SIGN_IN_COOKIE
from shared.web.request_log import log_request

API = "/api/v1"
MAX_PATH_PARAMETER = 200


def function_app(operations: Operations) -> Callable[[Request], Response]:
    """Make the function's app; call the result with functions-framework's request."""
    refuse_unsafe_start()
    app = Flask(operations.tag, static_folder=None)
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the default provider has it
    for operation in operations.declared:
        app.add_url_rule(
            operations.prefix + operation.path,
            endpoint=f"{operation.method} {operation.path}",
            view_func=_view(operation),
            methods=[operation.method],
            provide_automatic_options=False,
        )
    app.before_request(_start)
    app.after_request(_finish)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(MobiusError, _mobius_error)
    app.register_error_handler(Replayed, _replayed)
    app.register_error_handler(Exception, _unexpected)

    def answer(incoming: Request) -> Response:
        # The same request object, so that the framework, which reads what is left of the body, finds it read.
        with RequestContext(app, incoming.environ, request=incoming):
            response = app.full_dispatch_request()
        incoming.max_content_length = None  # our limit is answered; the framework drains what is left
        if "stream" in vars(incoming):  # read, up to the limit at most: to read on would be over the limit again
            incoming.stream = BytesIO()
        return response

    answer.app = app  # type: ignore[attr-defined]  # tests reach the routes through it
    return answer


def _start() -> None:
    g.started = time.perf_counter()
    g.request_id = reading.request_id(request) or uuid4().hex
    g.caller = None
    g.operation = None


def _view(operation: Operation) -> Callable[..., Response]:
    def view(**path: str) -> Response:
        g.operation = operation
        request.max_content_length = operation.max_bytes
        arguments: dict[str, Any] = {}
        if operation.permission is not Permission.PUBLIC:
            g.caller = _sign_in(operation)
            _limit(g.caller)
            bootstrap.session_service().check(g.caller)
            _permit(g.caller, operation)
        for value in path.values():
            if len(value) > MAX_PATH_PARAMETER or not value.isprintable():
                raise NotFoundError("There is no such record")
        if operation.query is not None:
            arguments["query"] = reading.query(request, operation.query)
        elif operation.permission is not Permission.PUBLIC:
            reading.no_query(request)
        parsed: Any = None
        if operation.body is not None:
            arguments["body"], parsed = reading.body(request, operation.body)
        if operation.wants_caller:
            arguments["caller"] = reading.with_conditions(request, g.caller, operation, path, parsed)
        arguments |= _of_request(operation)
        return _answer(operation, operation.handler(**path, **arguments))

    return view


def _of_request(operation: Operation) -> dict[str, Any]:
    """What a handler may ask for besides its caller, query and body."""
    arguments: dict[str, Any] = {}
    if operation.wants_visitor:
        arguments["visitor"] = Visitor(g.request_id, operation.audit, request.cookies.get(SIGN_IN_COOKIE))
    if operation.wants_last_event_id:
        arguments["last_event_id"] = request.headers.get("Last-Event-ID")
    return arguments


def _sign_in(operation: Operation) -> Caller:
    token = identity.bearer_token(request)
    claims = bootstrap.token_verifier().verify(token)
    identity.check_userinfo(request, claims.uid)
    member = bootstrap.members().get(claims.uid)
    return caller_for(claims, member, request_id=g.request_id, action=operation.audit)


def _limit(caller: Caller) -> None:
    """Refuse who asks too much of this instance, before a store is asked (memberships are cached)."""
    wait = bootstrap.rate_limit().take(caller.uid)
    if wait:
        raise TooManyRequestsError("Too many requests: slow down", retry_after=wait)


def _permit(caller: Caller, operation: Operation) -> None:
    if not allows(caller.role, operation.permission):
        raise ForbiddenError("Your role does not allow this")
    if operation.mode is not None and not allows_mode(caller.role, operation.mode):
        raise ForbiddenError("Your role does not work in this mode")


def _answer(operation: Operation, result: Any) -> Response:
    if isinstance(result, Response):
        return result
    reply = result if isinstance(result, Reply) else Reply(result, operation.status)
    body: BaseModel = reply.body
    response = Response(
        body.model_dump_json(by_alias=True), status=reply.status, content_type="application/json; charset=utf-8"
    )
    if reply.version is not None:
        response.headers["ETag"] = f'"{reply.version}"'
    return response


def _finish(response: Response) -> Response:
    response.headers["X-Request-Id"] = g.request_id
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers["X-Content-Type-Options"] = "nosniff"
    cors.add_origin(request, response)
    caller: Caller | None = g.caller
    log_request(
        settings().project,
        "ERROR" if response.status_code >= 500 else "INFO",  # noqa: PLR2004 (HTTP)
        request.headers.get("traceparent") or request.headers.get("X-Cloud-Trace-Context", ""),
        requestId=g.request_id,
        method=request.method,
        route=request.url_rule.rule if request.url_rule else None,
        status=response.status_code,
        durationMs=round((time.perf_counter() - g.started) * 1000, 1),
        clientId=caller.client_id if caller else None,
        userId=caller.user_id if caller else None,
    )
    return response


def _http_error(error: HTTPException) -> Response:
    """Answer what routing and werkzeug refuse before a handler runs."""
    known: MobiusError
    if isinstance(error, MethodNotAllowed):
        allowed = sorted({*(error.valid_methods or ()), "OPTIONS"})
        if request.method == "OPTIONS":
            return cors.preflight(allowed)
        known = MethodNotAllowedError("This path does not take this method", allowed=allowed)
    elif isinstance(error, NotFound):
        known = RouteNotFoundError("No operation has this path")
    elif isinstance(error, RequestEntityTooLarge):
        known = PayloadTooLargeError("The body is over the limit of this operation")
    else:
        known = reading.bad_request(error)
    return _mobius_error(known)


def _mobius_error(error: MobiusError) -> Response:
    caller: Caller | None = g.caller
    operation: Operation | None = g.operation
    if caller and operation and operation.audit is not AuditAction.NONE and error.status < 500:  # noqa: PLR2004 (HTTP)
        denied = isinstance(error, (ForbiddenError, UnauthenticatedError)) or error.code == NotFoundError.code
        outcome = AuditOutcome.DENIED if denied else AuditOutcome.REFUSED
        route = f"{operation.method} {request.url_rule.rule if request.url_rule else operation.path}"
        burst = isinstance(error, TooManyRequestsError)
        event = caller.refused(outcome, route=route, code=error.code, once=burst)
        try:
            bootstrap.access_log().publish(event)
        except MobiusError as failure:
            return problem(failure, g.request_id)
    return problem(error, g.request_id)


def _replayed(answer: Replayed) -> Response:
    """Answer as the first time, with the version that the record had then."""
    response = Response(answer.body, status=answer.status, content_type="application/json; charset=utf-8")
    version = json.loads(answer.body).get("version")
    if isinstance(version, int):
        response.headers["ETag"] = f'"{version}"'
    return response


def _unexpected(error: Exception) -> Response:
    log_line.failure(error, g.request_id)
    return problem(MobiusError("Something went wrong on our side; nothing was lost"), g.request_id)
