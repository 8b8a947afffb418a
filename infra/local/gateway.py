"""The local gateway: one port in front of all HTTP functions, behaving like Google API Gateway.

    python -m infra.local.gateway --port PORT --stack FILE

The caller's token is checked and moved to `X-Forwarded-Authorization`; `Authorization` carries the gateway's own
service-account token, which a function must not mistake for a person. What a client sends under the gateway's own
header names never gets through. Bodies are streamed both ways. The gateway's own answers are API Gateway's.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import httpx
import uvicorn
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.types import Message, Receive, Scope, Send

from infra.local.gateway_routes import DEADLINE_SECONDS, RouteTable, Target
from infra.local.gateway_tokens import BAD_FORMAT, MISSING, MULTIPLE, Refusal, check_token
from infra.local.log_line import log
from infra.local.parts_file import read_parts

MAX_BODY_BYTES = 32 * 1024 * 1024
CONNECT_SECONDS = 5.0
NOT_DEFINED = "The current request is not defined by this API."
TOO_LARGE = "Payload Too Large"
TIMED_OUT = "upstream request timeout"
UNREACHABLE = "upstream connect error or disconnect/reset before headers. reset reason: connection failure"

_HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
_OURS = frozenset({b"host", b"authorization", b"forwarded", b"expect"})
_OUR_PREFIXES = (b"x-forwarded-", b"x-apigateway-", b"x-endpoint-", b"x-serverless-", b"x-envoy-")
_ANSWERS_OURS = frozenset({b"date", b"server"})


class BodyTooLargeError(Exception):
    """The request's body is over the gateway's limit."""


@dataclass
class Progress:
    """How far an answer has gone: once it has begun, a fault can only cut it short."""

    begun: bool = False


class Gateway:
    """The gateway as an ASGI application. `client` keeps the connections to the functions."""

    def __init__(self, routes: RouteTable, *, project: str, client: httpx.AsyncClient) -> None:
        self._routes = routes
        self._project = project
        self._client = client
        self._own_token = _service_account_token(project)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        started = time.monotonic()
        progress, statuses = Progress(), [499]

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                progress.begun = True
                statuses[0] = message["status"]
            await send(message)

        target = self._routes.find(_raw_path(scope))
        try:
            await self._answer(request, target, sending, progress)
        finally:
            log(
                "INFO",
                "request",
                function=target.name if target else None,
                method=request.method,
                status=statuses[0],
                milliseconds=round((time.monotonic() - started) * 1000, 1),
            )

    async def _answer(self, request: Request, target: Target | None, send: Send, progress: Progress) -> None:
        if target is None:
            await _refuse(request, send, 404, NOT_DEFINED)
            return
        try:
            headers = self._upstream_headers(request, target)
            async with asyncio.timeout(target.deadline):
                await self._forward(request, target, headers, send)
        except ClientDisconnect:
            return
        except Refusal as refusal:
            await _refuse(request, send, refusal.status, refusal.message)
        except BodyTooLargeError:
            await _unless_begun(progress, request, send, 413, TOO_LARGE)
        except (TimeoutError, httpx.TimeoutException):
            await _unless_begun(progress, request, send, 504, TIMED_OUT)
        except httpx.TransportError as exc:
            log("WARNING", "function out of reach", function=target.name, error=type(exc).__name__)
            await _unless_begun(progress, request, send, 503, UNREACHABLE)

    def _upstream_headers(self, request: Request, target: Target) -> list[tuple[bytes, bytes]]:
        """The headers that go to the function. Raises Refusal when the caller may not pass."""
        tokens = [value for name, value in request.headers.raw if name == b"authorization"]
        if any(unquote_plus(pair.partition("=")[0]) == "access_token" for pair in request.url.query.split("&")):
            raise Refusal(MULTIPLE if tokens else MISSING)
        if len(tokens) > 1:
            raise Refusal(BAD_FORMAT)
        if int(request.headers.get("content-length", "0")) > MAX_BODY_BYTES:
            raise Refusal(TOO_LARGE, status=413)
        dropped = _HOP_BY_HOP | _OURS | _named_in_connection(request)
        if "transfer-encoding" in request.headers:
            dropped |= {b"content-length"}
        headers = [
            (name, value)
            for name, value in request.headers.raw
            if name not in dropped and not name.startswith(_OUR_PREFIXES)
        ]
        headers += [
            (b"authorization", b"Bearer " + self._own_token),
            (b"x-forwarded-for", (request.client.host if request.client else "unknown").encode()),
            (b"x-forwarded-host", request.headers.get("host", "").encode("latin-1")),
            (b"x-forwarded-proto", request.url.scheme.encode()),
        ]
        if request.method == "OPTIONS":  # a preflight carries nobody's token, and the function answers it
            return headers
        if not target.is_public(request.method, _raw_path(request.scope)):
            headers.append((b"x-apigateway-api-userinfo", self._caller(tokens).encode()))
        if tokens:
            headers.append((b"x-forwarded-authorization", tokens[0]))
        return headers

    def _caller(self, tokens: list[bytes]) -> str:
        """The payload of the caller's token. Raises Refusal."""
        scheme, _, token = (tokens[0].decode("latin-1") if tokens else "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Refusal(MISSING)
        return check_token(token.strip(), self._project)

    async def _forward(self, request: Request, target: Target, headers: list[tuple[bytes, bytes]], send: Send) -> None:
        base = httpx.URL(target.url)
        query = request.scope.get("query_string", b"")
        path = (
            base.raw_path.rstrip(b"/") + _raw_path(request.scope).encode("latin-1") + (b"?" + query if query else b"")
        )
        has_body = "content-length" in request.headers or "transfer-encoding" in request.headers
        upstream = self._client.build_request(
            request.method,
            base.copy_with(raw_path=path),
            headers=headers,
            content=_limited(request) if has_body else None,
            timeout=httpx.Timeout(target.deadline, connect=CONNECT_SECONDS),
        )
        answer = await self._client.send(upstream, stream=True)
        try:
            await send(
                {
                    "type": "http.response.start",
                    "status": answer.status_code,
                    "headers": [
                        (name.lower(), value)
                        for name, value in answer.headers.raw
                        if name.lower() not in _HOP_BY_HOP | _ANSWERS_OURS
                    ],
                }
            )
            if target.streams:
                await _until_gone(request, _pump(answer, send))
            else:
                await _pump(answer, send)
        finally:
            await answer.aclose()

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                await self._client.aclose()
                await send({"type": "lifespan.shutdown.complete"})
                return
            await send({"type": "lifespan.startup.complete"})


async def _pump(answer: httpx.Response, send: Send) -> None:
    """Pass the answer's body on as it comes."""
    async for chunk in answer.aiter_raw():
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _until_gone(request: Request, work: Coroutine[Any, Any, None]) -> None:
    """Do `work` until it is done or the client has gone: a long-lived stream must end with its reader."""

    async def gone() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    tasks = [asyncio.create_task(work), asyncio.create_task(gone())]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if tasks[0].done():
            tasks[0].result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _limited(request: Request) -> AsyncIterator[bytes]:
    """The request's body as it comes. Raises BodyTooLargeError."""
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MAX_BODY_BYTES:
            raise BodyTooLargeError
        if chunk:
            yield chunk


async def _refuse(request: Request, send: Send, status: int, message: str) -> None:
    """Answer as API Gateway does when it answers by itself."""
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}  # noqa: PLR2004 (the status is the point)
    answer = JSONResponse({"code": status, "message": message}, status_code=status, headers=headers)
    await answer(request.scope, request.receive, send)


async def _unless_begun(progress: Progress, request: Request, send: Send, status: int, message: str) -> None:
    """Answer, or cut an answer short that has begun: the client must not take it for a whole one."""
    if progress.begun:
        raise ConnectionAbortedError(message)
    await _refuse(request, send, status, message)


def _raw_path(scope: Scope) -> str:
    """The path as the client sent it, percent-encoded."""
    return bytes(scope.get("raw_path") or scope["path"].encode()).partition(b"?")[0].decode("latin-1")


def _named_in_connection(request: Request) -> frozenset[bytes]:
    """Header names that the client's `Connection` header declares to be for the next hop only."""
    named = ",".join(request.headers.getlist("connection"))
    return frozenset(name.strip().lower().encode("latin-1") for name in named.split(",") if name.strip())


def upstream_client() -> httpx.AsyncClient:
    """The pool of connections to the functions: it adds no header and keeps no connection as long as a server does."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=100, keepalive_expiry=1.5)
    client = httpx.AsyncClient(trust_env=False, limits=limits, follow_redirects=False)
    for name in list(client.headers):
        del client.headers[name]
    return client


def _service_account_token(project: str) -> bytes:
    """The gateway's own identity: unsigned here, an OIDC token of its service account in production."""
    payload = {"iss": "https://accounts.google.com", "email": f"gateway@{project}.iam.gserviceaccount.com"}
    segments = (json.dumps(part).encode() for part in ({"alg": "none", "typ": "JWT"}, payload))
    return b".".join([*(base64.urlsafe_b64encode(part).rstrip(b"=") for part in segments), b""])


def main() -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="infra.local.gateway", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--stack", type=Path, required=True, help="the parts file")
    arguments = parser.parse_args()
    parts = read_parts(arguments.stack)
    deadline = float(os.environ.get("MOBIUS_GATEWAY_DEADLINE_SECONDS", str(DEADLINE_SECONDS)))
    streams = os.environ.get("MOBIUS_STREAMS", "open") == "open"
    gateway = Gateway(
        RouteTable(parts, deadline=deadline, streams=streams), project=parts.project, client=upstream_client()
    )
    # Uvicorn would believe what a client on this machine says in X-Forwarded-For.
    uvicorn.run(
        gateway,
        host=arguments.host,
        port=arguments.port,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
