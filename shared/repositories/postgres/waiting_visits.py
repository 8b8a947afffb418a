"""Visits that somebody waits in, of every organisation, as the role `desk`, which sees no more than their clocks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from shared.db.postgres import Postgres
from shared.models.front_desk import FrontDeskSettings
from shared.models.visit import DeskVisit
from shared.repositories.waiting_visit_protocols import WaitingPosition, WaitingVisit

A_DAY = timedelta(days=1)
_SEEN = """
SELECT v.client_id, v.id, v.visit_number, v.patient_id, v.visit_date, v.starts_at, v.status, v.status_since,
  c.front_desk, c.time_zone
FROM {visits} v JOIN clients c ON c.id = v.client_id
"""
_COLUMNS = "id, client_id, visit_number, patient_id, visit_date, starts_at, status, status_since"
_PAGE = """(
  SELECT {columns} FROM visits WHERE {which} AND {since} BETWEEN :first AND :last AND deleted_at IS NULL
    AND (CAST(:after AS timestamptz) IS NULL OR ({since}, id) > (CAST(:after AS timestamptz), CAST(:id AS uuid)))
  ORDER BY {since}, id LIMIT :limit)"""
# The lists of states are those of the partial indexes.
_WAITING = _PAGE.format(columns=_COLUMNS, which="status IN ('arrived', 'checked_in', 'roomed')", since="status_since")
_AWAITED = _PAGE.format(columns=_COLUMNS, which="status IN ('scheduled', 'confirmed')", since="starts_at")
_WAITING_PAGE = text(f"{_SEEN.format(visits=_WAITING)} ORDER BY v.status_since, v.id")
_AWAITED_PAGE = text(f"{_SEEN.format(visits=_AWAITED)} ORDER BY v.starts_at, v.id")
_STANDING = text(f"{_SEEN.format(visits='visits')} WHERE v.id = ANY(CAST(:ids AS uuid[])) AND v.deleted_at IS NULL")


class PostgresWaitingVisitStore:
    """See WaitingVisitStore."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    def waiting(self, now: datetime, *, after: WaitingPosition | None, limit: int) -> list[WaitingVisit]:
        """See WaitingVisitStore.waiting."""
        return self._page(_WAITING_PAGE, now, after, limit)

    def awaited(self, now: datetime, *, after: WaitingPosition | None, limit: int) -> list[WaitingVisit]:
        """See WaitingVisitStore.awaited."""
        return self._page(_AWAITED_PAGE, now, after, limit)

    def standing(self, visits: Iterable[UUID]) -> dict[UUID, WaitingVisit]:
        """See WaitingVisitStore.standing."""
        with self._postgres.unbound() as connection:
            rows = connection.execute(_STANDING, {"ids": [str(one) for one in visits]})
            return {row.id: _visit(row) for row in rows}

    def _page(self, statement: Any, now: datetime, after: WaitingPosition | None, limit: int) -> list[WaitingVisit]:
        place = {"after": None, "id": None} if after is None else {"after": after.since, "id": after.visit_id}
        with self._postgres.unbound() as connection:
            rows = connection.execute(statement, {"first": now - A_DAY, "last": now, "limit": limit} | place)
            return [_visit(row) for row in rows]


def _visit(row: Row[Any]) -> WaitingVisit:
    visit = DeskVisit(
        row.id, row.visit_number, row.patient_id, row.visit_date, row.starts_at, None, None, None, None, row.status,
        row.status_since,
    )  # fmt: skip
    settings = FrontDeskSettings.model_validate(row.front_desk)
    return WaitingVisit(row.client_id, visit, settings, row.time_zone)
