"""The history of a visit in memory: what the triggers of the real table keep."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from shared.domain.visit.states import standing_of
from shared.models.identifiers import uuid7
from shared.models.visit import VisitStep
from shared.repositories.memory.tables import InMemoryTables

Row = dict[str, Any]
Axis = Literal["status", "readiness"]


def caught_up(tables: InMemoryTables, row: Row, changed_by: UUID | None = None) -> list[VisitStep]:
    """Return the visit's history, with what was changed without an entry; the row repeats where the visit stands."""
    trail = tables.trails.setdefault(row["id"], [])
    _catch_up(trail, row, "status", changed_by)
    _catch_up(trail, row, "readiness", changed_by)
    standing = standing_of(trail)
    if standing is not None:
        row.update({"status_since": standing.since, "arrived_at": standing.arrived_at})
    return trail


def _catch_up(trail: list[VisitStep], row: Row, axis: Axis, changed_by: UUID | None) -> None:
    last = next((step for step in reversed(trail) if step.axis == axis), None)
    before = last.now if last is not None else "pending" if axis == "readiness" else None
    if row[axis] == before:
        return
    now = datetime.now(UTC)
    at = (row["status_since"] or now) if last is None else max(now, last.changed_at + timedelta(microseconds=1))
    identity = row["id"] if last is None and axis == "status" else uuid7()
    trail.append(VisitStep(identity, axis, before, row[axis], None, changed_by, at))
