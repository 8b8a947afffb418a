"""What the audit pipeline asks of the stores and of the topic. All raise StoreUnavailableError in time of trouble."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol
from uuid import UUID

from shared.models.audit import AuditEvent


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event as an outbox holds it: its id there and its JSON, not judged yet (`write_audit_log` judges)."""

    id: str
    data: bytes


class StoredEventPublisher(Protocol):
    """The audit topic."""

    def begin_stored(self, event_id: str, data: bytes) -> Future[str]:
        """Start publishing an event's JSON."""
        ...

    def confirm(self, publication: Future[str]) -> None:
        """Wait for the acknowledgement."""
        ...


class WaitingEvents(Protocol):
    """One store's outbox, as the relay and the sweep see it."""

    def older_than(self, age: timedelta, *, page: int) -> Iterator[Sequence[StoredEvent]]:
        """Pages of at most `page` events that have waited for at least `age`, the oldest first."""
        ...

    def published(self, event_ids: Sequence[str]) -> None:
        """Pub/Sub has these events: forget them, where this side does the forgetting."""
        ...


class AuditLog(Protocol):
    """`audit_logs` and its quarantine."""

    def append(self, event: AuditEvent) -> bool:
        """Add the event and clear its SQL outbox row, in one commit; False when it was there already.

        Raises PermanentEventError when the database will never take it.
        """
        ...

    def quarantine(self, message_id: UUID, *, reason: str, message: str, event_id: UUID | None) -> None:
        """Keep a message that can never be written, once, and clear its SQL outbox row."""
        ...
