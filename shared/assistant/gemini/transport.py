"""How requests to the model travel: over our own exchange, whose limits hold in total, instead of the SDK's pool."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx2

from shared.http_exchange import Limits, OpenExchange, open_exchange


class ExchangeTransport(httpx2.BaseTransport):
    """Carries one model call; `close` hangs up, wherever in its answer the reader is."""

    def __init__(self, limits: Limits, given_up: Callable[[], bool]) -> None:
        self._limits = limits
        self._given_up = given_up
        self._opened: OpenExchange | None = None

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send the request, read the head of its answer. Raises ExchangeError."""
        self.close()
        sent = {name: value for name, value in request.headers.items() if name not in _OURS}
        self._opened = open_exchange(
            str(request.url),
            method=request.method,
            body=request.read(),
            headers=sent,
            limits=self._limits,
            given_up=self._given_up,
        )
        headers = list(self._opened.headers.items())
        return httpx2.Response(self._opened.status, headers=headers, stream=_Body(self._opened))

    def close(self) -> None:
        """See the class."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None


class NoTransport(httpx2.AsyncBaseTransport):
    """The SDK wants a second client for its asynchronous calls; there are none."""


class _Body(httpx2.SyncByteStream):
    def __init__(self, opened: OpenExchange) -> None:
        self._opened = opened

    def __iter__(self) -> Iterator[bytes]:
        yield from self._opened.pieces()

    def close(self) -> None:
        self._opened.close()


# Said by the exchange itself: it reads no compressed answers and makes no second request on a connection.
_OURS = frozenset({"host", "accept-encoding", "connection", "content-length", "transfer-encoding"})
