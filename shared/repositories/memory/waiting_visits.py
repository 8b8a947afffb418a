"""Visits that somebody waits in, of every organisation, in memory."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from shared.models.front_desk import FrontDeskSettings
from shared.models.visit import DeskVisit
from shared.repositories.memory.tables import InMemoryTables
from shared.repositories.waiting_visit_protocols import WaitingPosition, WaitingVisit

Row = dict[str, Any]
_WAITING, _AWAITED = frozenset({"arrived", "checked_in", "roomed"}), frozenset({"scheduled", "confirmed"})


class InMemoryWaitingVisitStore:
    """See WaitingVisitStore. `time_zone` is that of every organisation."""

    def __init__(self, tables: InMemoryTables, *, time_zone: str = "America/New_York") -> None:
        self._tables = tables
        self._time_zone = time_zone

    def waiting(self, now: datetime, *, after: WaitingPosition | None, limit: int) -> list[WaitingVisit]:
        """See WaitingVisitStore.waiting."""
        return self._page(_WAITING, "status_since", now, after, limit)

    def awaited(self, now: datetime, *, after: WaitingPosition | None, limit: int) -> list[WaitingVisit]:
        """See WaitingVisitStore.awaited."""
        return self._page(_AWAITED, "starts_at", now, after, limit)

    def standing(self, visits: Iterable[UUID]) -> dict[UUID, WaitingVisit]:
        """See WaitingVisitStore.standing."""
        wanted = set(visits)
        return {row["id"]: self._visit(row) for row in self._rows() if row["id"] in wanted}

    def _page(
        self, states: frozenset[str], since: str, now: datetime, after: WaitingPosition | None, limit: int
    ) -> list[WaitingVisit]:
        rows = [
            row
            for row in self._rows()
            if row["status"] in states and row[since] is not None and now - timedelta(days=1) <= row[since] <= now
        ]
        if after is not None:
            rows = [row for row in rows if (row[since], row["id"]) > (after.since, after.visit_id)]
        return [self._visit(row) for row in sorted(rows, key=lambda row: (row[since], row["id"]))[:limit]]

    def _rows(self) -> list[Row]:
        with self._tables.lock:
            return [row for row in self._tables.rows["visits"] if row["deleted_at"] is None]

    def _visit(self, row: Row) -> WaitingVisit:
        place = (row["id"], row["visit_number"], row["patient_id"], row["visit_date"], row["starts_at"])
        visit = DeskVisit(*place, None, None, None, None, row["status"], row["status_since"])
        settings = self._tables.desks.get(row["client_id"], FrontDeskSettings())
        return WaitingVisit(row["client_id"], visit, settings, self._time_zone)
