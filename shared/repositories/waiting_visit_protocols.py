"""The visits of every organisation that somebody may wait in, or that somebody is waited for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from shared.models.front_desk import FrontDeskSettings
from shared.models.visit import DeskVisit


@dataclass(frozen=True, slots=True)
class WaitingVisit:
    """A visit without what the desk's clock does not need, and how its organisation runs its desk."""

    client_id: UUID
    visit: DeskVisit
    settings: FrontDeskSettings
    time_zone: str


@dataclass(frozen=True, slots=True)
class WaitingPosition:
    """Where a page ended: since when its last visit waits (its start, for one that is waited for), and its id."""

    since: datetime
    visit_id: UUID


class WaitingVisitStore(Protocol):
    """Reads across organisations; only the job that watches waits does so."""

    def waiting(self, now: datetime, *, after: WaitingPosition | None, limit: int) -> list[WaitingVisit]:
        """Return visits whose patient waits since less than a day, the longest first."""
        ...

    def awaited(self, now: datetime, *, after: WaitingPosition | None, limit: int) -> list[WaitingVisit]:
        """Return booked visits that have begun within a day before `now`, the earliest first."""
        ...

    def standing(self, visits: Iterable[UUID]) -> dict[UUID, WaitingVisit]:
        """Return how these visits stand now, by id; those that are gone are left out."""
        ...
