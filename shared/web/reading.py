"""Reading a request: its id, query, body and conditions, each refused with the member's name."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from typing import Any

from flask import Request
from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import HTTPException

from shared.errors import FieldError, PayloadTooLargeError, UnsupportedMediaTypeError, ValidationFailedError
from shared.models.api.base import faults_of
from shared.models.caller import Caller, IdempotencyKey
from shared.web import strict_json
from shared.web.operations import Operation
from shared.web.problem import validation_failed

_REQUEST_ID = re.compile(r"^[A-Za-z0-9._:-]{1,128}\Z")
_IDEMPOTENCY_KEY = re.compile(r"^[\x21-\x7e]{1,255}\Z")
_VERSION = re.compile(r'^(?:W/)?"?([1-9][0-9]{0,8})"?$')
_NOT_OURS = frozenset({"key"})  # API Gateway's own API key parameter


def request_id(request: Request) -> str | None:
    """Return the caller's `X-Request-Id` when it is one."""
    given = request.headers.get("X-Request-Id", "")
    return given if _REQUEST_ID.match(given) else None


def query(request: Request, model: type[BaseModel]) -> BaseModel:
    """Parse the query string into `model`. Raises ValidationFailedError."""
    values: dict[str, str] = {}
    for name, given in request.args.lists():
        if name in _NOT_OURS:
            continue
        if len(given) > 1:
            raise validation_failed([((name,), "duplicate", "given more than once")])
        if not given[0].isprintable():
            raise validation_failed([((name,), "unprintable", "holds control characters")])
        values[name] = given[0]
    try:
        return model.model_validate(values, by_alias=True, by_name=False)
    except ValidationError as exc:
        raise _invalid(exc) from exc


def no_query(request: Request) -> None:
    """Refuse parameters of an operation that takes none: a misspelt filter must not be ignored."""
    unknown = [name for name in request.args if name not in _NOT_OURS]
    if unknown:
        raise validation_failed([((name,), "extra_forbidden", "not a parameter of this operation") for name in unknown])


def body(request: Request, model: Any) -> tuple[Any, dict[str, Any]]:
    """Parse the body; return it as `model` and as parsed JSON. Raises a 413, 415 or 422 error."""
    raw = request.get_data(cache=False)
    limit = request.max_content_length
    if request.content_length is None and limit is not None and len(raw) >= limit:  # werkzeug cuts it there, silently
        raise PayloadTooLargeError("The body is over the limit of this operation")
    if not raw and model is not dict and not _required(model):
        raw = b"{}"
    elif request.mimetype != "application/json" and not request.mimetype.endswith("+json"):
        raise UnsupportedMediaTypeError("Send the body as application/json")
    free = not (isinstance(model, type) and issubclass(model, BaseModel))
    parsed = strict_json.parse(raw, decimals=free)
    if free:
        return parsed, parsed
    read_only: frozenset[str] = getattr(model, "read_only", frozenset())
    kept = {name: value for name, value in parsed.items() if name not in read_only}
    try:
        return model.model_validate_json(json.dumps(kept), strict=True, by_alias=True, by_name=False), parsed
    except ValidationError as exc:
        raise _invalid(exc) from exc


def with_conditions(
    request: Request, caller: Caller, operation: Operation, path: dict[str, str], parsed: Any
) -> Caller:
    """Add `Idempotency-Key` (POST) and `If-Match` to the caller. Raises ValidationFailedError."""
    key = request.headers.get("Idempotency-Key") if operation.method == "POST" else None
    match = request.headers.get("If-Match")
    changes: dict[str, Any] = {}
    if key is not None:
        if not _IDEMPOTENCY_KEY.match(key):
            raise validation_failed([(("Idempotency-Key",), "malformed", "must be 1 to 255 visible ASCII characters")])
        route = f"{operation.method} {request.url_rule}"
        scope = "\x1f".join((str(caller.client_id), str(caller.user_id), route, key))
        asked = json.dumps([route, path, parsed], sort_keys=True, default=str)
        changes["idempotency"] = IdempotencyKey(
            id=hashlib.sha256(scope.encode()).hexdigest()[:40], request=hashlib.sha256(asked.encode()).hexdigest()
        )
    if match is not None and match.strip() != "*":
        version = _VERSION.match(match.strip())
        if version is None:
            raise validation_failed([(("If-Match",), "malformed", 'must be a version such as "3"')])
        changes["if_match"] = int(version.group(1))
    return dataclasses.replace(caller, **changes) if changes else caller


def bad_request(error: HTTPException) -> ValidationFailedError:
    """Turn werkzeug's refusal of a malformed request into ours; its text may echo input and stays out."""
    message = "The request cannot be read"
    return ValidationFailedError(message, errors=(FieldError("", type(error).__name__, message),))


def _required(model: type[BaseModel]) -> bool:
    return any(member.is_required() for member in model.model_fields.values())


def _invalid(error: ValidationError) -> ValidationFailedError:
    return validation_failed(faults_of(error))
