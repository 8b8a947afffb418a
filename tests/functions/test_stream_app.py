"""A stream function's app, served by uvicorn on real sockets: refusals, heartbeats, readers that leave or are stuck."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import functions_framework.aio
import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from shared.auth.permissions import Permission
from shared.config import settings
from shared.models.api.base import AnswerModel, RequestModel
from shared.models.audit import AuditAction
from shared.models.caller import Caller
from shared.models.roles import Role
from shared.web.operations import Operations
from shared.web.sse import EventStream, ServerSentEvent
from shared.web.stream import StreamLimits, stream_app
from tests.functions.in_memory import InMemoryProduct, account, token

LIMITS = StreamLimits(heartbeat=0.1, slow=0.5, length=1.0, patience=0.4, retry_ms=50)
PATH = "/api/v1/components/ticks"


class Asked(RequestModel):
    """What the stream of this test is asked."""

    count: int = 3
    then: str = "end"


class Said(AnswerModel):
    """What was said."""

    text: str


@dataclass
class Source:
    """Makes events, and tells how its streams ended."""

    open: int = 0
    closed: threading.Event = field(default_factory=threading.Event)
    made: int = 0

    async def events(self, asked: Asked) -> AsyncGenerator[ServerSentEvent, None]:
        self.open += 1
        try:
            for number in range(asked.count):
                self.made += 1
                text = "x" * 65_536 if asked.then == "flood" else f"tick {number}"
                yield ServerSentEvent(text, event="tick", id=str(number))
            if asked.then == "wait":
                await asyncio.Event().wait()
            if asked.then == "break":
                raise RuntimeError("it broke")
        finally:
            self.open -= 1
            self.closed.set()


def operations_of(source: Source) -> Operations:
    operations = Operations(tag="ticks", prefix=PATH)

    @operations.get("/live", summary="Ticks", permission=Permission.TASK_WRITE, audit=AuditAction.TASK_LIST)
    def live(caller: Caller, query: Asked) -> EventStream:
        assert caller.client_id
        return EventStream(lambda: source.events(query))

    @operations.post("/say", summary="Say", permission=Permission.TASK_READ, audit=AuditAction.NONE)
    def say(caller: Caller, body: Said) -> Said:
        assert caller.client_id
        return body

    return operations


@contextmanager
def serving(source: Source) -> Iterator[str]:
    """The app behind uvicorn; its address."""
    app = stream_app(operations_of(source), LIMITS)

    @functions_framework.aio.http
    async def ticks(request: Request) -> Response:
        return await app(request)

    methods = ["GET", "HEAD", "POST", "PUT", "OPTIONS"]
    asgi = Starlette(routes=[Route("/{path:path}", endpoint=ticks, methods=methods)])
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        server = uvicorn.Server(uvicorn.Config(asgi, log_level="critical", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}{PATH}"
        finally:
            server.should_exit = True
            thread.join(10)


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def url(product: InMemoryProduct, source: Source) -> Iterator[str]:
    assert product.clients
    with serving(source) as address:
        yield address


def signed_in(role: Role = Role.BILLER) -> dict[str, str]:
    return {"Authorization": f"Bearer {token(account(role))}"}


def test_a_stream_sends_its_events_and_ends(url: str, source: Source) -> None:
    answer = httpx.get(f"{url}/live", headers=signed_in())
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    assert answer.headers["cache-control"] == "no-cache, no-transform"
    assert answer.headers["x-accel-buffering"] == "no"
    assert answer.text.split("\n\n")[:2] == [f"id: {n}\nevent: tick\ndata: tick {n}" for n in (0, 1)]
    assert source.open == 0


def test_a_quiet_stream_sends_heartbeats_and_ends_with_its_time(url: str, source: Source) -> None:
    with httpx.stream("GET", f"{url}/live?count=1&then=wait", headers=signed_in()) as answer:
        lines = list(answer.iter_lines())
    assert lines[:3] == ["id: 0", "event: tick", "data: tick 0"]
    assert lines.count(":") >= 5
    assert source.closed.wait(5)
    assert source.open == 0


def test_a_reader_that_leaves_ends_its_stream(url: str, source: Source) -> None:
    with httpx.stream("GET", f"{url}/live?count=1&then=wait", headers=signed_in()) as answer:
        received = answer.iter_bytes()
        next(received)
        assert source.open == 1
    assert source.closed.wait(5)
    assert source.open == 0


def test_a_reader_that_does_not_read_is_dropped_and_others_go_on(url: str, source: Source) -> None:
    host, port = httpx.URL(url).host, httpx.URL(url).port
    with socket.create_connection((host, port or 0)) as stuck:
        headers = "".join(f"{name}: {value}\r\n" for name, value in signed_in().items())
        stuck.sendall(f"GET {PATH}/live?count=1000&then=flood HTTP/1.1\r\nHost: x\r\n{headers}\r\n".encode())
        assert source.closed.wait(20)
        assert source.made < 1000
        assert httpx.get(f"{url}/live", headers=signed_in()).text.count("tick") == 6


def test_a_stream_that_breaks_is_cut_short_and_not_taken_for_whole(url: str, source: Source) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"{url}/live?then=break", headers=signed_in())
    assert source.open == 0


def test_refusals_are_those_of_every_function(product: InMemoryProduct, url: str, source: Source) -> None:
    nobody = httpx.get(f"{url}/live")
    assert (nobody.status_code, nobody.json()["code"]) == (401, "unauthenticated")
    auditor = httpx.get(f"{url}/live", headers=signed_in(Role.AUDITOR) | {"X-Request-Id": "req-9"})
    assert (auditor.status_code, auditor.json()["requestId"]) == (403, "req-9")
    assert auditor.headers["content-type"] == "application/problem+json"
    assert [event.outcome.value for event in product.events] == ["denied"]
    assert httpx.get(f"{url}/live?count=many", headers=signed_in()).status_code == 422
    assert httpx.put(f"{url}/live", headers=signed_in()).headers["allow"] == "GET, HEAD, OPTIONS"
    assert httpx.get(f"{url}/nothing", headers=signed_in()).json()["code"] == "route_not_found"
    assert httpx.head(f"{url}/live", headers=signed_in()).headers["content-type"].startswith("text/event-stream")
    assert source.made == 0


def ports_of(url: str, query: str) -> list[object]:
    """From which port each of some answers in a row was read: one that was kept is used again."""
    ports = []
    with httpx.Client(headers=signed_in()) as http:
        for _ in range(4):
            with http.stream("GET", f"{url}/live?{query}") as answer:
                ports.append(answer.extensions["network_stream"].get_extra_info("client_addr")[1])
                answer.read()
    return ports


def test_an_answer_that_ends_while_more_could_come_leaves_its_connection_open(
    product: InMemoryProduct, url: str, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert product.clients
    assert len(set(ports_of(url, "count=1&then=wait"))) == 1
    monkeypatch.setenv("MOBIUS_STREAMS", "finite")
    settings.cache_clear()
    assert len(set(ports_of(url, "count=1&then=wait"))) == 1
    assert source.open == 0


def test_two_identity_headers_are_refused(url: str) -> None:
    twice = [*signed_in().items(), ("Authorization", "Bearer a.b.c")]
    assert httpx.get(f"{url}/live", headers=twice).status_code == 401


def test_a_body_is_read_as_everywhere(url: str) -> None:
    said = {"text": "Grüße 👋"}
    assert httpx.post(f"{url}/say", json=said, headers=signed_in()).json() == said
    doubled = httpx.post(f"{url}/say", content='{"text":"a","text":"b"}', headers=signed_in())
    assert doubled.status_code in (415, 422)
    large = httpx.post(f"{url}/say", json={"text": "x" * 1_000_001}, headers=signed_in())
    assert large.status_code == 413
    chunked = httpx.post(
        f"{url}/say",
        content=iter([json.dumps(said).encode()]),
        headers=signed_in() | {"Content-Type": "application/json"},
    )
    assert chunked.json() == said


def test_a_finite_answer_ends_with_what_there_is(
    product: InMemoryProduct, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert product.clients
    monkeypatch.setenv("MOBIUS_STREAMS", "finite")
    settings.cache_clear()
    with serving(source) as url:
        answer = httpx.get(f"{url}/live?count=2&then=wait", headers=signed_in())
        assert answer.text.split("\n\n")[0] == "retry: 50"
        assert answer.text.count("event: tick") == 2
        empty = httpx.get(f"{url}/live?count=0&then=wait", headers=signed_in())
        assert empty.text == "retry: 50\n\n"
    assert source.open == 0
