"""The audit pipeline: outbox → topic → `audit_logs`. An event may travel twice; it is written once.

The relay and the sweep publish what the outboxes hold without judging it. The writer judges, in one place, and what it
can never write it puts into quarantine, so nothing is lost and nothing holds up the events behind it.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from shared.domain.audit_event import read_audit_event
from shared.errors import PermanentEventError
from shared.models.identifiers import uuid7_for
from shared.models.outcome import Outcome
from shared.repositories.audit_protocols import AuditLog, StoredEvent, StoredEventPublisher, WaitingEvents

PATIENCE = timedelta(seconds=60)
PAGE = 200
MAX_EVENTS_PER_RUN = 5000
MAX_SECONDS_PER_RUN = 90.0


class AuditRelay:
    """Publishes events that wait in an outbox, and clears them once Pub/Sub has them."""

    def __init__(self, publisher: StoredEventPublisher, documents: WaitingEvents) -> None:
        self._publisher = publisher
        self._documents = documents

    def relay(self, event_id: str, event: Mapping[str, Any] | None) -> Outcome:
        """Publish one outbox document. Raises StoreUnavailableError: the document stays, the trigger tries again."""
        if event is None:
            raise PermanentEventError("an outbox document was created without content")
        stored = StoredEvent(event_id, json.dumps(event, default=str).encode())
        _publish(self._publisher, [stored])
        self._documents.published([event_id])
        return Outcome.DONE


class OutboxSweep:
    """The net under the relay and under the functions' own publishing: relays whatever has waited too long."""

    def __init__(
        self,
        publisher: StoredEventPublisher,
        outboxes: Sequence[WaitingEvents],
        *,
        patience: timedelta = PATIENCE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._publisher = publisher
        self._outboxes = outboxes
        self._patience = patience
        self._clock = clock

    def run(self) -> Outcome:
        """Publish what has waited for over a minute, oldest first, within a bounded run; the next run goes on.

        A SQL row stays until its event is written, so it may be published again meanwhile, which changes nothing.
        """
        give_up = self._clock() + MAX_SECONDS_PER_RUN
        published = 0
        for outbox in self._outboxes:
            remaining = MAX_EVENTS_PER_RUN
            for events in outbox.older_than(self._patience, page=PAGE):
                _publish(self._publisher, events)
                outbox.published([event.id for event in events])
                published += len(events)
                remaining -= len(events)
                if remaining <= 0 or self._clock() > give_up:
                    break
        return Outcome.DONE if published else Outcome.UNCHANGED


class AuditWriter:
    """Writes audit events from Pub/Sub messages."""

    def __init__(self, log: AuditLog) -> None:
        self._log = log

    def write(
        self, data: bytes, *, message_id: str, published: datetime | None, attributes: Mapping[str, str]
    ) -> Outcome:
        """Write one message's event, or put the message into quarantine.

        Raises StoreUnavailableError when the database does not answer: the message comes again.
        """
        try:
            appended = self._log.append(read_audit_event(data))
        except PermanentEventError as exc:
            milliseconds = int(published.timestamp() * 1000) if published else 0
            self._log.quarantine(
                uuid7_for(milliseconds, "quarantine", message_id),
                reason=str(exc),
                message=_keepable(data),
                event_id=_uuid(attributes.get("event_id")),
            )
            return Outcome.QUARANTINED
        return Outcome.DONE if appended else Outcome.UNCHANGED


def _publish(publisher: StoredEventPublisher, events: Sequence[StoredEvent]) -> None:
    """Publish together, then wait for every acknowledgement."""
    publications = [publisher.begin_stored(event.id, event.data) for event in events]
    for publication in publications:
        publisher.confirm(publication)


def _keepable(data: bytes) -> str:
    """The message as text; what text cannot hold, as base64, so that a replay has the very bytes."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = "\x00"
    return text if "\x00" not in text else "base64:" + base64.b64encode(data).decode()


def _uuid(value: str | None) -> UUID | None:
    try:
        return UUID(value) if value else None
    except ValueError:
        return None
