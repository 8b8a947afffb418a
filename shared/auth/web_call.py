"""One call of an identity service: JSON out of whatever it answers.

Addresses come from settings and from what configured issuers publish, never from a request.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from shared.errors import StoreUnavailableError
from shared.http_exchange import ExchangeError, Limits, exchange

LIMITS = Limits(connect_seconds=5.0, total_seconds=5.0, max_bytes=1_000_000)
SERVER_ERRORS = 500


@dataclass(frozen=True, slots=True)
class WebAnswer:
    """The status and the JSON object of an answer; an empty object when it is none."""

    status: int
    body: dict[str, Any]


def call(
    url: str,
    *,
    json_body: dict[str, Any] | None = None,
    form: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
) -> WebAnswer:
    """GET `url`, or POST a JSON object or a form to it.

    Raises StoreUnavailableError when there is no answer in 5 s, or one that says the service is down.
    """
    content: bytes | None = None
    given = {"Accept": "application/json", **(headers or {})}
    if json_body is not None:
        content = json.dumps(json_body).encode()
        given["Content-Type"] = "application/json"
    elif form is not None:
        content = urlencode(form).encode()
        given["Content-Type"] = "application/x-www-form-urlencoded"
    method = "GET" if content is None else "POST"
    try:
        answer = exchange(url, method=method, body=content, headers=given, limits=LIMITS)
    except ExchangeError as exc:
        raise StoreUnavailableError("The identity service did not answer in time", retry_after=5) from exc
    if answer.status >= SERVER_ERRORS:
        raise StoreUnavailableError("The identity service is not available", retry_after=5)
    return WebAnswer(answer.status, _object(answer.body))


def _object(raw: bytes) -> dict[str, Any]:
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
