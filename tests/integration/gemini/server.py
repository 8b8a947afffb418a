"""A server that speaks the Gemini protocol on a real socket: it says what a test has written, and breaks as it says.

It checks what the API checks: the path, the key, that each function call is followed by as many results of the same
names, and that signed parts come back with their signatures. What does not fit is answered with 400.
"""

from __future__ import annotations

import json
import re
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

MODEL, KEY = "gemini-test", "canary-key-4711"
PATH = re.compile(rf"/v1beta/models/{MODEL}:streamGenerateContent\?alt=sse")
VERTEX = re.compile(
    rf"/v1beta1/projects/practice-42/locations/us-east1/publishers/google/models/{MODEL}:streamGenerateContent\?alt=sse"
)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
SIGNATURE = "c2lnbmVk"  # base64, as the API sends it


@dataclass(frozen=True)
class Asked:
    """A request: its path, its headers in lower case, and its body."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def contents(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.body["contents"]
        return found

    @property
    def results(self) -> list[dict[str, Any]]:
        """The function results that it ends with."""
        return [part["functionResponse"] for part in self.contents[-1]["parts"] if "functionResponse" in part]

    @property
    def functions(self) -> dict[str, Any]:
        """The functions that it declares, by name; the API reads members of both spellings, and the SDK sends both."""
        return {one["name"]: one for tool in self.body["tools"] for one in tool["functionDeclarations"]}

    @property
    def instruction(self) -> str:
        return "".join(part["text"] for part in self.body["systemInstruction"]["parts"])


Reply = Callable[[socket.socket, Asked, threading.Event], None]


def text(said: str, **members: Any) -> dict[str, Any]:
    return {"text": said, **members}


def call(name: str, *, identity: str | None = None, signed: bool = True, **params: Any) -> dict[str, Any]:
    function = {"name": name, "args": params} | ({"id": identity} if identity else {})
    return {"functionCall": function} | ({"thoughtSignature": SIGNATURE} if signed else {})


def chunk(*parts: dict[str, Any], finish: str | None = None) -> bytes:
    """One event of the stream."""
    candidate: dict[str, Any] = {"index": 0, "content": {"role": "model", "parts": list(parts)}}
    if finish is not None:
        candidate["finishReason"] = finish
    return event({"candidates": [candidate], "modelVersion": MODEL, "usageMetadata": {"promptTokenCount": 7}})


def event(data: Any) -> bytes:
    return f"data: {json.dumps(data)}\r\n\r\n".encode()


def framed(piece: bytes) -> bytes:
    return f"{len(piece):x}\r\n".encode() + piece + b"\r\n"


def says(*events: bytes, pause: float = 0.0, ends: bool = True) -> Reply:
    """Stream events; without `ends` the connection breaks behind them."""

    def reply(connection: socket.socket, _asked: Asked, stop: threading.Event) -> None:
        connection.sendall(HEAD)
        for one in events:
            connection.sendall(framed(one))
            if stop.wait(pause):
                return
        if ends:
            connection.sendall(b"0\r\n\r\n")

    return reply


def answers(*deltas: str, finish: str = "STOP") -> Reply:
    """Stream a text."""
    return says(*(chunk(text(one)) for one in deltas), chunk(finish=finish))


def calls(*parts: dict[str, Any]) -> Reply:
    """Call functions."""
    return says(chunk(*parts, finish="STOP"))


def fails(status: int, *headers: str, body: Any = None) -> Reply:
    """Answer with a status, as the API words it."""
    told = {"error": {"code": status, "message": f"no, {KEY}", "status": "NO"}} if body is None else body

    def reply(connection: socket.socket, _asked: Asked, _stop: threading.Event) -> None:
        raw = json.dumps(told).encode()
        head = [f"HTTP/1.1 {status} No", "Content-Type: application/json", f"Content-Length: {len(raw)}", *headers]
        connection.sendall("\r\n".join([*head, "", ""]).encode() + raw)

    return reply


def sends(*pieces: bytes, pause: float = 0.0, again: bytes = b"") -> Reply:
    """Send bytes as they are, and then `again` for ever; with neither, hang up."""

    def reply(connection: socket.socket, _asked: Asked, stop: threading.Event) -> None:
        for one in pieces:
            connection.sendall(one)
            if stop.wait(pause):
                return
        while again and not stop.wait(pause):
            connection.sendall(again)

    return reply


def silent(connection: socket.socket, _asked: Asked, stop: threading.Event) -> None:
    """Take the request and say nothing until the client has gone."""
    connection.settimeout(0.05)
    while not stop.is_set():
        try:
            if not connection.recv(1):
                return
        except TimeoutError:
            continue


@dataclass
class GeminiServer:
    """Where it listens, what it will say (the last for ever), what it was asked, and how many clients hung up early."""

    url: str
    script: list[Reply] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    left: threading.Event = field(default_factory=threading.Event)
    stop: threading.Event = field(default_factory=threading.Event)
    token: str | None = None

    def plays(self, *replies: Reply) -> None:
        """Answer with these, one after the other."""
        self.script = list(replies)
        self.asked.clear()

    def next_reply(self, asked: Asked) -> Reply:
        self.asked.append(asked)
        complaint = self._complaint(asked)
        if complaint is not None:
            self.complaints.append(complaint)
            return fails(400, body={"error": {"code": 400, "message": complaint, "status": "INVALID_ARGUMENT"}})
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]

    def _complaint(self, asked: Asked) -> str | None:
        if self.token is None:
            right = PATH.fullmatch(asked.path) and asked.headers.get("x-goog-api-key") == KEY
        else:
            right = VERTEX.fullmatch(asked.path) and asked.headers.get("authorization") == f"Bearer {self.token}"
        if not right:
            return "path or key"
        waiting: list[str] = []
        for content in asked.contents:
            if waiting:
                given = [one["functionResponse"]["name"] for one in content["parts"] if "functionResponse" in one]
                if given != waiting or content["role"] != "user":
                    return f"results of {waiting} are missing"
            called = [one for one in content["parts"] if "functionCall" in one]
            if called and called[0].get("thoughtSignature") != SIGNATURE:
                return "missing thought_signature"
            waiting = [one["functionCall"]["name"] for one in called]
        return "a call without its results" if waiting or asked.contents[0]["role"] != "user" else None


@contextmanager
def gemini_server() -> Iterator[GeminiServer]:
    """A server on a free port of this machine."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            try:
                asked = _read(self.request)
                if asked is not None:
                    model.next_reply(asked)(self.request, asked, model.stop)
            except OSError:
                pass  # the client hung up, which is what many of these tests want
            model.left.set()

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        request_queue_size = 20

    with Server(("127.0.0.1", 0), Handler) as server:
        model = GeminiServer(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield model
        finally:
            model.stop.set()
            server.shutdown()
            thread.join(5)


def _read(connection: socket.socket) -> Asked | None:
    received = b""
    while b"\r\n\r\n" not in received:
        some = connection.recv(65536)
        if not some:
            return None
        received += some
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers["content-length"]):
        body += connection.recv(65536)
    return Asked(first.split(" ")[1], headers, json.loads(body))
