"""One HTTP exchange with a configured service: time-outs that hold in total, no redirects, an answer of limited size.

`exchange` reads the whole answer, `open_exchange` lets it be read as it comes.

Addresses come from settings and from what configured issuers publish, never from a request. Proxies of the environment
are not used. A socket's own time-out starts anew with every byte, so that a server could drip for ever: each wait here
gets what is left of the whole.
"""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Literal, cast
from urllib.parse import SplitResult, urlsplit

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

ExchangeFault = Literal["timeout", "unreachable", "broken", "too_large", "given_up"]
LOOK_SECONDS = 0.25  # how long is waited for bytes before `given_up` is asked again


class ExchangeError(Exception):
    """There is no answer, or no more of it.

    `fault`: timeout, unreachable (never connected), broken (ended early), too_large, given_up (by who asked).
    """

    def __init__(self, fault: ExchangeFault) -> None:
        super().__init__(fault)
        self.fault: ExchangeFault = fault


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds to connect (to each address of the host), seconds in total, and the bytes of an answer's body.

    `idle_seconds` is how long nothing may come; without it, only the total counts.
    """

    connect_seconds: float
    total_seconds: float
    max_bytes: int
    idle_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class ExchangeAnswer:
    """An answer of any status, a redirect included."""

    status: int
    content_type: str
    body: bytes = field(repr=False)


class OpenExchange:
    """An answer of any status whose body is read as it comes. Whoever opened it closes it."""

    def __init__(self, dialled: socket.socket, answer: http.client.HTTPResponse, max_bytes: int) -> None:
        self.status = answer.status
        self.headers = answer.headers
        self._dialled = dialled
        self._answer = answer
        self._left = max_bytes

    def pieces(self) -> Iterator[bytes]:
        """The body as it comes. Raises ExchangeError within the limits, also where it is shorter than announced."""
        try:
            while piece := self._answer.read1(65_536):
                self._left -= len(piece)
                if self._left < 0:
                    raise ExchangeError("too_large")
                yield piece
        except (OSError, http.client.HTTPException, ValueError) as exc:
            raise ExchangeError("timeout" if isinstance(exc, TimeoutError) else "broken") from exc
        if self._answer.length:
            raise ExchangeError("broken")  # fewer bytes than announced

    def close(self) -> None:
        """Hang up."""
        self._dialled.close()


def exchange(
    url: str,
    *,
    method: str = "GET",
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    limits: Limits,
) -> ExchangeAnswer:
    """Send one request and read its whole answer. Raises ExchangeError within the limits, whatever the server does."""
    opened = open_exchange(url, method=method, body=body, headers=headers, limits=limits)
    try:
        return ExchangeAnswer(opened.status, opened.headers.get("Content-Type", ""), b"".join(opened.pieces()))
    finally:
        opened.close()


def open_exchange(
    url: str,
    *,
    method: str = "GET",
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    limits: Limits,
    given_up: Callable[[], bool] | None = None,
) -> OpenExchange:
    """Send one request and read the head of its answer. Raises ExchangeError within the limits.

    `given_up` is asked while nothing comes; once it says so, the exchange is over.
    """
    deadline = time.monotonic() + limits.total_seconds
    dialled: socket.socket | None = None
    try:
        parts = urlsplit(url)
        dialled = _dial(parts, deadline, limits.connect_seconds)
        connection = http.client.HTTPConnection(parts.hostname or "")
        connection.sock = _TimedSocket(dialled, _Patience(deadline, limits.idle_seconds, given_up))
        path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        sent = {"Host": parts.netloc.rpartition("@")[2], "Accept-Encoding": "identity", **(headers or {})}
        connection.request(method, path, body=body, headers=sent)
        return OpenExchange(dialled, connection.getresponse(), limits.max_bytes)
    except ExchangeError:
        _hang_up(dialled)
        raise
    except (OSError, http.client.HTTPException, ValueError) as exc:  # ValueError: an address that is none
        _hang_up(dialled)
        if isinstance(exc, TimeoutError):
            raise ExchangeError("timeout") from exc
        raise ExchangeError("broken" if dialled else "unreachable") from exc


def _hang_up(dialled: socket.socket | None) -> None:
    if dialled is not None:
        dialled.close()


def _dial(parts: SplitResult, deadline: float, connect_seconds: float) -> socket.socket:
    """A connection to the first address of the host that answers, with TLS for https."""
    if parts.scheme not in {"https", "http"} or not parts.hostname:
        raise ValueError("an http or https address is expected")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    refused: OSError = OSError("the host has no address")
    for family, kind, protocol, _, address in socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM):
        dialled = socket.socket(family, kind, protocol)
        try:
            dialled.settimeout(min(connect_seconds, _left(deadline)))
            dialled.connect(address)
            dialled.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return dialled if parts.scheme == "http" else tls().wrap_socket(dialled, server_hostname=parts.hostname)
        except OSError as exc:
            dialled.close()
            refused = exc
    raise refused


@cache
def tls() -> ssl.SSLContext:
    """What is trusted; the same for every exchange of the process."""
    return ssl.create_default_context()


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


@dataclass(frozen=True, slots=True)
class _Patience:
    """How long bytes are waited for."""

    deadline: float
    idle_seconds: float | None
    given_up: Callable[[], bool] | None

    def until(self) -> float:
        """The moment at which nothing has come for too long."""
        if self.idle_seconds is None:
            return self.deadline
        return min(self.deadline, time.monotonic() + self.idle_seconds)


class _TimedSocket:
    """The part of a socket that http.client uses. Whoever dialled closes the socket: its reader may outlive this."""

    def __init__(self, dialled: socket.socket, patience: _Patience) -> None:
        self._socket = dialled
        self._patience = patience

    def sendall(self, content: ReadableBuffer) -> None:
        """Send everything before the deadline."""
        self._socket.settimeout(_left(self._patience.deadline))
        self._socket.sendall(content)

    def makefile(self, _mode: str) -> io.BufferedReader:
        """The answer as a stream."""
        return io.BufferedReader(cast("io.RawIOBase", _TimedReader(self._socket, self._patience)))

    def close(self) -> None:
        """See the class."""


class _TimedReader(io.RawIOBase):
    def __init__(self, dialled: socket.socket, patience: _Patience) -> None:
        super().__init__()
        self._socket = dialled
        self._patience = patience

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Wait for some bytes, not longer than patience lasts."""
        until, given_up = self._patience.until(), self._patience.given_up
        while True:
            left = _left(until)
            self._socket.settimeout(left if given_up is None else min(left, LOOK_SECONDS))
            try:
                return self._socket.recv_into(buffer)
            except TimeoutError:
                if given_up is not None and given_up():
                    raise ExchangeError("given_up") from None
