"""One HTTP call to an identity service: a time-out, no redirects, an answer of limited size.

Addresses come from settings and from what configured issuers publish, never from a request.
"""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from shared.errors import StoreUnavailableError

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


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer like any other: following it would fetch an address that nobody configured."""

    def redirect_request(self, *_: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirect())


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
    deadline = time.monotonic() + seconds
    content: bytes | None = None
    given = {"Accept": "application/json", **(headers or {})}
    if json_body is not None:
        content = json.dumps(json_body).encode()
        given["Content-Type"] = "application/json"
    elif form is not None:
        content = urlencode(form).encode()
        given["Content-Type"] = "application/x-www-form-urlencoded"
    request = urllib.request.Request(url, data=content, headers=given)  # noqa: S310 (see the module: configured)
    try:
        with _OPENER.open(request, timeout=seconds) as answer:
            return WebAnswer(int(answer.status), _object(_content(answer, deadline)))
    except urllib.error.HTTPError as refused:
        with refused:
            if refused.code >= SERVER_ERRORS:
                raise StoreUnavailableError("The identity service is not available", retry_after=5) from refused
            return WebAnswer(refused.code, _object(_content(refused, deadline)))
    except (OSError, http.client.HTTPException) as exc:
        raise StoreUnavailableError("The identity service did not answer in time", retry_after=5) from exc


def _content(answer: Any, deadline: float) -> bytes:
    """Read the answer, piece by piece, so that one that comes in drops ends in time. Raises TimeoutError."""
    content = b""
    while len(content) < MAX_ANSWER_BYTES and (piece := answer.read1(65_536)):
        content += piece
        if time.monotonic() > deadline:
            raise TimeoutError
    return content


def _object(raw: bytes) -> dict[str, Any]:
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
