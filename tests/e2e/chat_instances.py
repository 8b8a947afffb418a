"""Instances of the chat behind gateways of their own: what several instances in production are to each other."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx

from infra.local.gateway import Gateway, upstream_client
from infra.local.gateway_routes import RouteTable
from infra.local.parts_file import Parts
from shared.catalog import load_catalog
from tests.e2e.chat_instance import NAMES
from tests.e2e.person import CHAT, Person, until
from tests.integration.serving import free_port, served
from tests.stack import ROOT, RunningStack

START_SECONDS = 30.0


@dataclass(frozen=True)
class Instance:
    """One process; `gateway` stands before it, and before the rest of the stack's functions."""

    process: subprocess.Popen[bytes]
    gateway: str
    log: Path

    def person(self, like: Person) -> Person:
        """The same person, at this instance's gateway."""
        described = {**like.stack.described, "gateway": self.gateway}
        return Person(replace(like.stack, described=described), like.http, role=like.role, client=like.client)

    def kill(self) -> None:
        """End the process as a crash does."""
        self.process.kill()
        self.process.wait(10)


@contextmanager
def chat_instance(stack: RunningStack, folder: Path, **environment: str) -> Iterator[Instance]:
    """An instance for as long as the block lasts."""
    settings = (stack.file.parent / "functions.env").read_text()
    given = dict(line.partition("=")[::2] for line in shlex.split(settings, comments=True))
    port = free_port()
    log = folder / f"chat-{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.e2e.chat_instance", "--port", str(port)],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], **given, "PYTHONPATH": str(ROOT), **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        until(lambda: _answers(port, process, log), seconds=START_SECONDS, what="an instance of the chat")
        with served(_gateway(stack, f"http://127.0.0.1:{port}")) as gateway:
            yield Instance(process, gateway, log)
    finally:
        process.terminate()
        process.wait(20)


def _answers(port: int, process: subprocess.Popen[bytes], log: Path) -> bool:
    assert process.poll() is None, log.read_text()
    try:
        return httpx.get(f"http://127.0.0.1:{port}/", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def _gateway(stack: RunningStack, base: str) -> Gateway:
    functions = stack.functions | {name: f"{base}/{name.replace('_', '-')}" for name in NAMES}
    parts = Parts(stack.project, stack.firestore, stack.pubsub, functions, load_catalog(), stack.file.parent)
    return Gateway(RouteTable(parts), project=stack.project, client=upstream_client())


@dataclass(frozen=True, slots=True)
class Part:
    """One event of a stream: its chunk (None at the end), its id, and when it came (seconds)."""

    chunk: Any
    id: int | None
    at: float

    @property
    def type(self) -> str:
        return "[DONE]" if self.chunk is None else str(self.chunk["type"])


def parts(answer: httpx.Response) -> Iterator[Part]:
    """The events of a stream as they come."""
    position: int | None = None
    for line in answer.iter_lines():
        if line.startswith("id: "):
            position = int(line[4:])
        elif line.startswith("data: "):
            yield Part(None if line == "data: [DONE]" else json.loads(line[6:]), position, time.monotonic())
            position = None


@contextmanager
def streaming(person: Person, context: str, content: str, **headers: str) -> Iterator[Iterator[Part]]:
    """Ask, and read the answer's parts."""
    body = {"contextId": context, "content": content}
    with _opened(person, "POST", f"{CHAT}/stream", body, headers) as read:
        yield read


@contextmanager
def resumed(person: Person, message_id: str, after: int = 0) -> Iterator[Iterator[Part]]:
    """Go on with a stream."""
    with _opened(person, "GET", f"{CHAT}/stream/{message_id}?after={after}", None, {}) as read:
        yield read


@contextmanager
def _opened(person: Person, method: str, path: str, body: Any, headers: dict[str, str]) -> Iterator[Iterator[Part]]:
    signed = {"Authorization": f"Bearer {person.token}"}
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    with person.http.stream(method, person.stack.gateway + path, json=body, headers=signed | given) as answer:
        assert answer.status_code == 200, answer.read()
        assert answer.headers["x-vercel-ai-ui-message-stream"] == "v1"
        yield parts(answer)


def text_of(read: list[Part]) -> str:
    """What the text deltas say together."""
    return "".join(one.chunk["delta"] for one in read if one.type == "text-delta")


def newest(person: Person, context: str) -> dict[str, Any]:
    """The newest message of the person's own thread."""
    found: dict[str, Any] = person.done("GET", f"{CHAT}/messages", contextId=context)["messages"][0]
    return found
