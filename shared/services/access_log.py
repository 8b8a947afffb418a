"""The audit trail of reads and refusals: published while the read runs, confirmed before the answer.

When Pub/Sub does not confirm within 2 s the event goes to the Firestore outbox; when that fails too the caller gets 503
and no data. The same person reading the same thing again within 5 minutes is one event (its id is derived).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Lock
from uuid import UUID

from shared.errors import StoreUnavailableError
from shared.models.audit import AuditEvent
from shared.models.caller import READ_WINDOW_MS
from shared.repositories.protocols import AuditOutbox, AuditPublisher

REMEMBERED = 20_000


class AccessLog:
    """Publishes events that belong to no commit. Both arguments make their client on first use."""

    def __init__(self, publisher: Callable[[], AuditPublisher], outbox: Callable[[], AuditOutbox]) -> None:
        self._publisher = publisher
        self._outbox = outbox
        self._recent: dict[UUID, float] = {}
        self._lock = Lock()

    @contextmanager
    def reading(self, event: AuditEvent) -> Iterator[None]:
        """Publish `event` while the body reads. Raises StoreUnavailableError when it cannot be recorded at all."""
        if event.id in self._recent:
            yield
            return
        publisher = self._publisher()
        publication = publisher.begin(event)
        yield
        try:
            publisher.confirm(publication)
        except StoreUnavailableError:
            self._outbox().add(event)
        self._remember(event.id)

    def publish(self, event: AuditEvent) -> None:
        """Publish `event` and wait for it. Raises StoreUnavailableError when it cannot be recorded at all."""
        with self.reading(event):
            pass

    @contextmanager
    def handing_on(self, event: AuditEvent) -> Iterator[None]:
        """Publish `event`, which is committed to an outbox already, while the body runs.

        No harm if publishing fails: the sweep takes the event then.
        """
        publisher = self._publisher()
        publication = publisher.begin(event)
        yield
        with suppress(StoreUnavailableError):
            publisher.confirm(publication)

    def hand_on(self, event: AuditEvent) -> None:
        """Publish `event`, which is committed to an outbox already; no harm if that fails."""
        with self.handing_on(event):
            pass

    @contextmanager
    def in_transaction(self, event: AuditEvent) -> Iterator[AuditEvent | None]:
        """Give `event` to the body to record in the SQL transaction that reads; None when it was recorded just now."""
        if event.id in self._recent:
            yield None
            return
        yield event
        self._remember(event.id)

    def _remember(self, event_id: UUID) -> None:
        now = time.monotonic()
        with self._lock:
            if len(self._recent) >= REMEMBERED:
                old = now - READ_WINDOW_MS / 1000
                self._recent = {known: at for known, at in self._recent.items() if at > old}
                if len(self._recent) >= REMEMBERED:
                    self._recent.clear()
            self._recent[event_id] = now
