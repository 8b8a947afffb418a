"""What projections ask of the stores."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from shared.models.firestore.conversation import FeedbackDocument
from shared.models.firestore.documents import TaskDocument
from shared.models.record_changes import RecordChanges
from shared.repositories.changes import Position


@dataclass(frozen=True, slots=True)
class OpenTasks:
    """How many tasks were open at the moment `at` of the store's own clock."""

    count: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Place:
    """The context a task belongs to."""

    client_id: str
    context_id: str


class OpenTaskStore(Protocol):
    """Counts tasks and keeps the count. Raises StoreUnavailableError."""

    def count(self, place: Place) -> OpenTasks:
        """Count the open, undeleted tasks of a context."""
        ...

    def keep(self, place: Place, counted: OpenTasks) -> bool:
        """Write the count unless a newer one stands there; False when nothing was written or there is no context."""
        ...


class RecordOutbox(Protocol):
    """The changes of records that wait to be told."""

    def taken(self, page: int) -> AbstractContextManager[Sequence[RecordChanges]]:
        """Lend the oldest `page` changes, one message an organisation; they are gone when the block ends well.

        Whatever the block raises puts them back. Raises StoreUnavailableError.
        """
        ...


class RecordChangePublisher(Protocol):
    """The topic `record-changes`."""

    def begin_stored(self, event_id: str, data: bytes) -> Future[str]:
        """Start publishing."""
        ...

    def confirm(self, publication: Future[str]) -> None:
        """Wait for the acknowledgement. Raises StoreUnavailableError."""
        ...


@dataclass(frozen=True, slots=True)
class DuePage:
    """Tasks with a reminder that is due, soonest first; ids of those that cannot be read; where the next page begins.

    `last` is None behind the last page.
    """

    tasks: tuple[TaskDocument, ...]
    unreadable: tuple[str, ...]
    last: Position | None


class DueReminders(Protocol):
    """What the reminder job asks, across organisations."""

    def due(self, until: datetime, *, after: Position | None, limit: int) -> DuePage:
        """Return a page of the tasks whose next reminder is due at `until`, by (next_reminder_at, id)."""
        ...


@dataclass(frozen=True, slots=True)
class FeedbackAsRead:
    """A feedback document (None: there is none) as it was at the moment `at` of the store's own clock."""

    feedback: FeedbackDocument | None
    at: datetime


class FeedbackReader(Protocol):
    """Feedback as it is now, by id alone: for the projection, which follows its events."""

    def read(self, feedback_id: str) -> FeedbackAsRead:
        """Read the document. Raises StoreUnavailableError, PermanentEventError for one that cannot be read."""
        ...


class FeedbackFacts(Protocol):
    """Feedback kept for analytics."""

    def keep(self, client_id: UUID, feedback_id: str, read: FeedbackAsRead) -> bool:
        """Keep what was read unless the same or something newer is there; False when nothing was written.

        Raises StoreUnavailableError, PermanentEventError for what the database will never take.
        """
        ...
