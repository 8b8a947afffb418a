"""What projections ask of the stores."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shared.models.record_changes import RecordChanges


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
