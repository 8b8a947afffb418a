"""Contexts read before: which record they are about never changes, so for tasks one read a minute is enough."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock
from uuid import UUID

from shared.models.firestore.documents import ContextDocument

KEPT_SECONDS = 60.0
KEPT_AT_MOST = 10_000


class KnownContexts:
    """Contexts by organisation and id, for a minute. What they say of their record's state may be as old."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: dict[tuple[UUID, str], tuple[float, ContextDocument]] = {}
        self._lock = Lock()

    def get(self, client_id: UUID, context_id: str, read: Callable[[str], ContextDocument]) -> ContextDocument:
        """Return the context, read by `read` when it is not known. Raises as `read` does."""
        known = self._kept.get((client_id, context_id))
        if known is not None and known[0] > self._clock():
            return known[1]
        context = read(context_id)
        with self._lock:
            if len(self._kept) >= KEPT_AT_MOST:
                self._kept.clear()
            self._kept[client_id, context_id] = (self._clock() + KEPT_SECONDS, context)
        return context
