"""Something that an identity service publishes, fetched on first use and again when it is old."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

from shared.errors import StoreUnavailableError

T = TypeVar("T")
FAILED_FETCH_SECONDS = 2.0


class Fetched(Generic[T]):
    """The newest value of `fetch`, which returns it with the seconds for which it may be kept. Thread-safe.

    Whatever `fetch` raises is a service that is not available. Those who waited for a fetch that failed are told so
    at once, and so is everybody for two more seconds.
    """

    def __init__(self, fetch: Callable[[], tuple[T, float]], *, unavailable: str) -> None:
        """Take the sentence that says what is not possible without the value."""
        self._fetch = fetch
        self._unavailable = unavailable
        self._value: tuple[T, float, float] | None = None  # with when it was fetched, and until when it is kept
        self._failed_until = 0.0
        self._lock = Lock()

    def get(self, *, newest: float | None = None) -> T:
        """Return the value, fetched within the last `newest` seconds if given. Raises StoreUnavailableError."""
        with self._lock:
            now = time.monotonic()
            kept = self._value
            if kept is None or now >= kept[2] or (newest is not None and now >= kept[1] + newest):
                kept = self._value = self._fetched(now)
            return kept[0]

    def _fetched(self, now: float) -> tuple[T, float, float]:
        if now < self._failed_until:
            raise StoreUnavailableError(self._unavailable, retry_after=5)
        try:
            value, seconds = self._fetch()
        except Exception as exc:
            self._failed_until = time.monotonic() + FAILED_FETCH_SECONDS
            raise StoreUnavailableError(self._unavailable, retry_after=5) from exc
        now = time.monotonic()
        return value, now, now + seconds
