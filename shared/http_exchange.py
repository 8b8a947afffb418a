"""One HTTP exchange with a configured service: time-outs that hold in total, no redirects, an answer of limited size.

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
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Literal, cast
from urllib.parse import SplitResult, urlsplit

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

ExchangeFault = Literal["timeout", "unreachable", "broken", "too_large"]


class ExchangeError(Exception):
    """There is no answer. `fault`: timeout, unreachable (never connected), broken (ended early), too_large."""

    def __init__(self, fault: ExchangeFault) -> None:
        super().__init__(fault)
        self.fault: ExchangeFault = fault


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds to connect (to each address of the host), seconds in total, and the bytes of an answer's body."""

    connect_seconds: float
    total_seconds: float
    max_bytes: int


@dataclass(frozen=True, slots=True)
class ExchangeAnswer:
    """An answer of any status, a redirect included."""

    status: int
    content_type: str
    body: bytes = field(repr=False)


def exchange(
    url: str,
    *,
    method: str = "GET",
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    limits: Limits,
) -> ExchangeAnswer:
    """Send one request and read its whole answer. Raises ExchangeError within the limits, whatever the server does."""
    deadline = time.monotonic() + limits.total_seconds
    dialled: socket.socket | None = None
    try:
        parts = urlsplit(url)
        dialled = _dial(parts, deadline, limits.connect_seconds)
        connection = http.client.HTTPConnection(parts.hostname or "")
        connection.sock = _TimedSocket(dialled, deadline)
        path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        sent = {"Host": parts.netloc.rpartition("@")[2], "Accept-Encoding": "identity", **(headers or {})}
        connection.request(method, path, body=body, headers=sent)
        answer = connection.getresponse()
        content = answer.read(limits.max_bytes + 1)
        if len(content) > limits.max_bytes:
            raise ExchangeError("too_large")
        if answer.length:
            raise ExchangeError("broken")  # fewer bytes than announced
        return ExchangeAnswer(answer.status, answer.headers.get("Content-Type", ""), content)
    except TimeoutError as exc:
        raise ExchangeError("timeout") from exc
    except (OSError, http.client.HTTPException, ValueError) as exc:  # ValueError: an address that is none
        raise ExchangeError("broken" if dialled else "unreachable") from exc
    finally:
        if dialled:
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
            return dialled if parts.scheme == "http" else _tls().wrap_socket(dialled, server_hostname=parts.hostname)
        except OSError as exc:
            dialled.close()
            refused = exc
    raise refused


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


class _TimedSocket:
    """The part of a socket that http.client uses. Whoever dialled closes the socket: its reader may outlive this."""

    def __init__(self, dialled: socket.socket, deadline: float) -> None:
        self._socket = dialled
        self._deadline = deadline

    def sendall(self, content: ReadableBuffer) -> None:
        """Send everything before the deadline."""
        self._socket.settimeout(_left(self._deadline))
        self._socket.sendall(content)

    def makefile(self, _mode: str) -> io.BufferedReader:
        """The answer as a stream."""
        return io.BufferedReader(cast("io.RawIOBase", _TimedReader(self._socket, self._deadline)))

    def close(self) -> None:
        """See the class."""


class _TimedReader(io.RawIOBase):
    def __init__(self, dialled: socket.socket, deadline: float) -> None:
        super().__init__()
        self._socket = dialled
        self._deadline = deadline

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Wait for some bytes, not longer than until the deadline."""
        self._socket.settimeout(_left(self._deadline))
        return self._socket.recv_into(buffer)
