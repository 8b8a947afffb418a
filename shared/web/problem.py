"""Errors as `application/problem+json` (RFC 9457): the one place that maps the error family to answers."""

from __future__ import annotations

import json
from typing import Any

from flask import Response

from shared.errors import FieldError, MobiusError, ValidationFailedError


def problem(error: MobiusError, request_id: str) -> Response:
    """Answer for `error`. `error` repeats the detail as a short string for clients that read only that."""
    body: dict[str, Any] = {
        "type": f"urn:mobius:error:{error.code}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "code": error.code,
        "requestId": request_id,
        "errors": [{"field": fault.field, "code": fault.code, "message": fault.message} for fault in error.errors],
        "error": error.detail,
    }
    headers = {}
    for name, value in error.extra.items():
        if name == "retry_after":
            body["retryAfter"] = value
            headers["Retry-After"] = str(value)
        else:
            body[name] = value
    if error.status == 401:  # noqa: PLR2004 (HTTP)
        headers["WWW-Authenticate"] = "Bearer"
    if error.status == 405:  # noqa: PLR2004 (HTTP)
        headers["Allow"] = ", ".join(error.extra.get("allowed", ()))
    return Response(
        json.dumps(body, ensure_ascii=False, default=str),
        status=error.status,
        headers=headers,
        content_type="application/problem+json",
    )


def validation_failed(faults: list[tuple[tuple[int | str, ...], str, str]]) -> ValidationFailedError:
    """Build a 422 from (location, code, message) triples; the first one is also its detail."""
    errors = tuple(FieldError(field_name(location), code, message) for location, code, message in faults)
    first = errors[0]
    return ValidationFailedError(f"{first.field}: {first.message}" if first.field else first.message, errors=errors)


def field_name(location: tuple[int | str, ...]) -> str:
    """Write a location as a JSON path: ('items', 0, 'label') is `items[0].label`."""
    name = ""
    for part in location:
        name += f"[{part}]" if isinstance(part, int) else f".{part}" if name else part
    return name
