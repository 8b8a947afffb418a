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

TIMEOUT_SECONDS = 5.0
MAX_ANSWER_BYTES = 1_000_000
SERVER_ERRORS = 500


@dataclass(frozen=True, slots=True)
class WebAnswer:
    """The status and the JSON object of an answer; an empty object when it is none."""

    status: int
    body: dict[str, Any]

    @property
    def google_reason(self) -> str:
        """The machine word of a refusal by Google's Identity Toolkit, such as USER_DISABLED; else nothing."""
        error = self.body.get("error")
        message = str(error.get("message", "")) if isinstance(error, dict) else ""
        return message.partition(" ")[0]  # "TOO_MANY_ATTEMPTS_TRY_LATER : Access to this account has been …"


def call(
    url: str,
    *,
    json_body: dict[str, Any] | None = None,
    form: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
    seconds: float = TIMEOUT_SECONDS,
) -> WebAnswer:
    """GET `url`, or POST a JSON object or a form to it.

    Raises StoreUnavailableError when there is no answer in time, or one that says the service is down.
    """
    content: bytes | None = None
    given = {"Accept": "application/json", **(headers or {})}
    if json_body is not None:
        content = json.dumps(json_body).encode()
        given["Content-Type"] = "application/json"
    elif form is not None:
        content = urlencode(form).encode()
        given["Content-Type"] = "application/x-www-form-urlencoded"
    limits = Limits(connect_seconds=seconds, total_seconds=seconds, max_bytes=MAX_ANSWER_BYTES)
    method = "GET" if content is None else "POST"
    try:
        answer = exchange(url, method=method, body=content, headers=given, limits=limits)
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
