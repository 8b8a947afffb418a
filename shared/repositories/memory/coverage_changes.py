"""Changes of a patient's coverages in memory; the caller holds the lock."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from shared.domain.record_links import differences
from shared.models.coverage_changes import CoverageChanges, NewCoverage
from shared.models.records import Coverage
from shared.repositories.coverage_rows import TAKEN_OVER, changes_of, columns_of, columns_of_new
from shared.repositories.memory.records import stored_record
from shared.repositories.memory.tables import InMemoryTables
from shared.repositories.record_protocols import HistoryEntry, RecordChanges

History = dict[UUID, list[HistoryEntry]]


def write_changes(
    tables: InMemoryTables, history: History, coverages: tuple[Coverage, ...], changes: CoverageChanges, by: UUID
) -> None:
    """Write what differs of `coverages`, and the coverage that begins, each with its entry in the record's history."""
    rows = {row["id"]: row for row in tables.rows["coverages"]}
    held = {one.id: one for one in coverages}
    for after in changes.changed:
        differing = changes_of(held[after.id], after)
        if differing:
            row, now = rows[after.id], datetime.now(UTC)
            row.update(columns_of(after) | {"version": row["version"] + 1, "updated_at": now})
            _remember(history, row, by, differing)
    if changes.begins is not None:
        _begin(tables, history, rows[changes.begins.replaces], changes.begins, by)


def _begin(tables: InMemoryTables, history: History, replaced: dict[str, Any], new: NewCoverage, by: UUID) -> None:
    taken_over = {name: replaced[name] for name in ("client_id", *TAKEN_OVER)}
    row = tables.add("coverages", columns_of_new(new) | taken_over | {"id": new.id})
    _remember(history, row, by, differences(None, stored_record("coverage", row).data))


def _remember(history: History, row: dict[str, Any], by: UUID, changes: RecordChanges) -> None:
    history.setdefault(row["id"], []).append(HistoryEntry(row["version"], row["updated_at"], by, changes))
