"""Requests exactly as written, header by header: what no well-meaning client sends."""

from __future__ import annotations

import http.client
import json
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

SECONDS = 30
CANARY = "Zyxwvut5550199"  # stands where people put names and numbers
OWN_BODY = {"type", "title", "status", "detail", "code", "requestId", "errors", "error"}


@dataclass(frozen=True, slots=True)
class Sent:
    """A request: `body` is sent as it is, `headers` in this order and as often as they stand here."""

    method: str
    path: str
    body: bytes = b""
    headers: Sequence[tuple[str, str]] = ()
    content_type: str | None = "application/json"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes


def send(base: str, request: Sent, token: str | None) -> Answer:
    """Send it to `base`, with the token as the first `Authorization` header if there is one."""
    parts = urlsplit(base)
    with closing(http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=SECONDS)) as connection:
        connection.putrequest(request.method, request.path, skip_accept_encoding=True)
        given: list[tuple[str, Any]] = [] if token is None else [("Authorization", f"Bearer {token}")]
        if request.body or request.method in {"POST", "PUT"}:
            given.append(("Content-Length", str(len(request.body))))
            if request.content_type is not None:
                given.append(("Content-Type", request.content_type))
        for name, value in [*given, *request.headers]:
            connection.putheader(name, value)
        connection.endheaders(request.body or None)
        answer = connection.getresponse()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, headers, answer.read())


def post(path: str, body: Any, *headers: tuple[str, str], content_type: str | None = "application/json") -> Sent:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Sent("POST", path, raw, headers, content_type)


def get(path: str, *headers: tuple[str, str]) -> Sent:
    return Sent("GET", path, headers=headers)


def refused(answer: Answer, status: int) -> None:
    """A documented refusal that holds nothing of the request."""
    assert answer.status == status, answer.body[:500]
    kind = answer.headers["content-type"]
    body = json.loads(answer.body)
    if kind == "application/problem+json":
        assert set(body) >= OWN_BODY
        assert body["status"] == status
        assert body["requestId"] == answer.headers["x-request-id"]
    else:
        assert (kind, set(body), body["code"]) == ("application/json", {"code", "message"}, status)
    assert CANARY.encode() not in answer.body
    assert b"Traceback" not in answer.body
    assert not any(CANARY in value for value in answer.headers.values())
    assert "x-bad" not in answer.headers
    if status == 405:
        assert answer.headers["allow"]
