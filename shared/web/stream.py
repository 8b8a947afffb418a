"""The app of a stream function: the same routes, sign-in, checks and refusals as everywhere, on ASGI.

A request is decided by the function's Flask app, in a thread, exactly as that of any other function. Only what it
answers with an EventStream goes on here, on the event loop, where one instance holds a thousand of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import flask
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from shared.config import settings
from shared.web.app import function_app
from shared.web.operations import Operations
from shared.web.sse import HEARTBEAT, EventStream, ServerSentEvent

LARGEST_BODY = 1_000_000


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """In seconds: between heartbeats, until a client that reads nothing is dropped, until a stream ends by itself.

    `patience` is how long a finite answer waits for its first event; `retry_ms` is when its client comes back.
    """

    heartbeat: float = 15.0
    slow: float = 10.0
    length: float = 3500.0
    patience: float = 10.0
    retry_ms: int = 500


def stream_app(operations: Operations, limits: StreamLimits | None = None) -> Callable[[Request], Awaitable[Response]]:
    """Make the function's app; await the result with functions-framework's request."""
    decide = function_app(operations)
    given = limits or StreamLimits()

    async def answer(incoming: Request) -> Response:
        try:
            environ = _environ(incoming.scope, await _body(incoming))
        except ClientDisconnect:
            return Response(status_code=499)
        decided = await asyncio.to_thread(decide, flask.Request(environ))
        if isinstance(decided, EventStream) and incoming.method != "HEAD":
            return StreamingAnswer(decided, given, finite=settings().finite_streams)
        plain = Response(decided.get_data(), status_code=decided.status_code)
        plain.raw_headers = _raw_headers(decided)
        decided.close()  # what an answer to HEAD has opened
        return plain

    return answer


class StreamingAnswer(Response):
    """Sends the events of a stream until it ends, its time is over, or its client has gone or does not read."""

    def __init__(self, stream: EventStream, limits: StreamLimits, *, finite: bool) -> None:
        super().__init__(status_code=stream.status_code)
        self.raw_headers = [pair for pair in _raw_headers(stream) if pair[0] != b"content-length"]
        self._stream = stream
        self._events = stream.whole if finite and stream.whole is not None else stream.events
        self._is_whole = self._events is stream.whole
        self._limits = limits
        self._finite = finite

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until one of the two ends: the events, or the client."""
        del scope
        tasks = [asyncio.create_task(self._send(send)), asyncio.create_task(_gone(receive))]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._stream.close()
        if tasks[0].done() and not tasks[0].cancelled() and (failure := tasks[0].exception()) is not None:
            raise failure

    async def _send(self, send: Send) -> None:
        head = {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        events = self._events()
        sequence = self._ending(events) if self._finite else self._open(events)
        async with aclosing(events), aclosing(sequence):
            if not self._finite:  # an open stream begins at once: the client sees that it is connected
                await self._within(send(head))
                head = {}
            async for chunk in sequence:
                if head:
                    await self._within(send(head))
                    head = {}
                await self._within(send({"type": "http.response.body", "body": chunk, "more_body": True}))
            await self._within(send({"type": "http.response.body", "body": b"", "more_body": False}))

    async def _within(self, sending: Awaitable[None]) -> None:
        """Wait for the client to take what was sent. Raises TimeoutError for one that does not read."""
        async with asyncio.timeout(self._limits.slow):
            await sending

    async def _open(self, events: AsyncGenerator[ServerSentEvent, None]) -> AsyncGenerator[bytes, None]:
        """The events as they come, a heartbeat where none comes, until the time is over."""
        over = asyncio.get_running_loop().time() + self._limits.length
        async with aclosing(_patiently(events, self._limits.heartbeat, self._limits.heartbeat)) as patient:
            async for event in patient:
                yield HEARTBEAT if event is None else event.encoded()
                if asyncio.get_running_loop().time() >= over:
                    return

    async def _ending(self, events: AsyncGenerator[ServerSentEvent, None]) -> AsyncGenerator[bytes, None]:
        """What is there, or the first that comes, and when to come back; of a whole answer, all of it."""
        if self._is_whole:
            async for every in events:
                yield every.encoded()
            return
        yield f"retry: {self._limits.retry_ms}\n\n".encode()
        async with aclosing(_patiently(events, self._limits.patience, 0.0)) as patient:
            async for event in patient:
                if event is None:
                    return
                yield event.encoded()


async def _patiently(
    events: AsyncGenerator[ServerSentEvent, None], first: float, then: float
) -> AsyncGenerator[ServerSentEvent | None, None]:
    """The events, and None whenever none has come for that many seconds; what is awaited is not lost by that.

    Close it: until then it may be asking `events`, which cannot be closed meanwhile.
    """
    ended, seconds = False, first

    async def following() -> ServerSentEvent | None:
        nonlocal ended
        try:
            return await anext(events)
        except StopAsyncIteration:
            ended = True
            return None

    pending = asyncio.ensure_future(following())
    try:
        while True:
            await asyncio.wait({pending}, timeout=seconds)
            if not pending.done():
                yield None
                continue
            event = pending.result()
            if ended:
                return
            pending, seconds = asyncio.ensure_future(following()), then
            yield event
    finally:
        pending.cancel()
        await asyncio.gather(pending, return_exceptions=True)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _body(request: Request) -> bytes:
    """The body, as far as it may go: one byte over the limit is enough to be refused."""
    content = b""
    async for chunk in request.stream():
        content += chunk
        if len(content) > LARGEST_BODY:
            break
    return content


def _environ(scope: Scope, body: bytes) -> dict[str, Any]:
    """The request in the terms of WSGI (PEP 3333)."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": scope["path"].encode().decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.input": BytesIO(body),
        "wsgi.input_terminated": True,
        "wsgi.multithread": True,
    }
    for name, value in scope["headers"]:
        key = name.decode("latin-1").upper().replace("-", "_")
        key = key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"
        text = value.decode("latin-1")
        environ[key] = f"{environ[key]},{text}" if key in environ else text
    environ["CONTENT_LENGTH"] = str(len(body))
    return environ


def _raw_headers(response: flask.Response) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in response.headers]
