"""A payer's endpoint on a real socket: it keeps what it was asked and answers as a test says."""

from __future__ import annotations

import socket
import socketserver
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

Respond = Callable[[socket.socket], None]


@dataclass
class Endpoint:
    """Where it listens, what it was asked (head and body), and how it answers the next request."""

    url: str
    respond: Respond = lambda connection: connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
    heads: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)
    _asked: threading.local = field(default_factory=threading.local)

    @property
    def asked(self) -> bytes:
        """The body that is just being answered, on the thread of its connection."""
        body: bytes = self._asked.body
        return body

    def takes(self, head: str, body: bytes) -> None:
        """Keep what was asked."""
        self._asked.body = body
        self.heads.append(head)
        self.bodies.append(body)

    def answers(
        self, body: bytes | str, *, status: str = "200 OK", content_type: str = "application/EDI-X12", headers: str = ""
    ) -> None:
        """Answer every request with `body`."""
        raw = body.encode() if isinstance(body, str) else body
        head = f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(raw)}\r\n{headers}\r\n"
        self.respond = lambda connection: connection.sendall(head.encode() + raw)

    def sends(self, *pieces: bytes, pause: float = 0.0) -> None:
        """Send raw pieces with a pause after each, then hang up."""

        def respond(connection: socket.socket) -> None:
            for piece in pieces:
                connection.sendall(piece)
                if self.stop.wait(pause):
                    return

        self.respond = respond

    def drips(self, piece: bytes, *, pause: float) -> None:
        """Send `piece` again and again, for ever."""

        def respond(connection: socket.socket) -> None:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
            while not self.stop.wait(pause):
                connection.sendall(piece)

        self.respond = respond

    def says_nothing(self) -> None:
        """Take the request and stay silent."""

        def respond(_: socket.socket) -> None:
            self.stop.wait(30)

        self.respond = respond

    def resets(self) -> None:
        """Reset the connection."""

        def respond(connection: socket.socket) -> None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

        self.respond = respond


@contextmanager
def payer_endpoint(tls: ssl.SSLContext | None = None) -> Iterator[Endpoint]:
    """An endpoint on a free port of this machine."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            try:
                connection = tls.wrap_socket(self.request, server_side=True) if tls else self.request
                head, _, body = _request(connection).partition(b"\r\n\r\n")
                endpoint.takes(head.decode("latin-1"), body)
                endpoint.respond(connection)
                connection.close()
            except OSError:
                return  # the client hung up, which is what many of these tests want

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        request_queue_size = 20

    with Server(("127.0.0.1", 0), Handler) as server:
        name = "localhost" if tls else "127.0.0.1"
        endpoint = Endpoint(f"{'https' if tls else 'http'}://{name}:{server.server_address[1]}/270?mode=real%20time")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield endpoint
        finally:
            endpoint.stop.set()
            server.shutdown()
            thread.join(5)


def _request(connection: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        received += _some(connection)
    head, _, body = received.partition(b"\r\n\r\n")
    length = next(
        (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")), 0
    )
    while len(body) < length:
        body += _some(connection)
    return head + b"\r\n\r\n" + body


def _some(connection: socket.socket) -> bytes:
    some = connection.recv(65536)
    if not some:
        raise ConnectionError
    return some
