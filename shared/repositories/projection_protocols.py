"""What projections ask of the live store."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


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
