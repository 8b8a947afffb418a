"""Cross-origin requests from configured origins only. A preflight is answered before any client is made."""

from __future__ import annotations

from flask import Request, Response

from shared.config import settings

ALLOWED_HEADERS = "Authorization, Content-Type, Idempotency-Key, If-Match, Last-Event-ID, X-Request-Id"
EXPOSED_HEADERS = "ETag, Location, Retry-After, X-Request-Id"
MAX_AGE_SECONDS = 7200


def preflight(methods: list[str]) -> Response:
    """Answer an OPTIONS request for a path that has `methods`."""
    return Response(
        status=204,
        headers={
            "Access-Control-Allow-Methods": ", ".join(methods),
            "Access-Control-Allow-Headers": ALLOWED_HEADERS,
            "Access-Control-Max-Age": str(MAX_AGE_SECONDS),
            "Allow": ", ".join(methods),
        },
    )


def add_origin(request: Request, response: Response) -> None:
    """Name the caller's origin when it is a configured one."""
    response.headers["Vary"] = "Origin"
    origin = request.headers.get("Origin")
    if origin and origin in settings().cors_origins:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Expose-Headers"] = EXPOSED_HEADERS
