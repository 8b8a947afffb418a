"""Writing records in memory: what happens while the lock is held is one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from shared.domain.record_links import REVIVED, UNCONSTRAINED, dependents, differences
from shared.domain.search_terms import number_term
from shared.models.audit import AuditEvent
from shared.models.caller import IdempotencyKey
from shared.repositories.memory.records import RECORD_TABLES, stored_record
from shared.repositories.memory.tables import InMemoryTables
from shared.repositories.memory.visit_trails import caught_up
from shared.repositories.protocols import StoredRecord
from shared.repositories.record_protocols import (
    Conclude,
    Found,
    HistoryEntry,
    RecordColumns,
    Target,
    WriteRequest,
    Written,
)

Row = dict[str, Any]


class InMemoryRecordWrites:
    """See RecordWriteRepository. `kept` is the history by record."""

    def __init__(self, tables: InMemoryTables) -> None:
        self._tables = tables
        self.kept: dict[UUID, list[HistoryEntry]] = {}

    def write(
        self,
        client_id: UUID,
        request: WriteRequest,
        *,
        changed_by: UUID,
        key: IdempotencyKey | None,
        decide: Callable[[Found], RecordColumns],
        conclude: Conclude,
    ) -> Written:
        """See RecordWriteRepository.write."""
        with self._tables.lock:
            self._tables.answers.recall(key)
            targets = self._targets(client_id, request)
            row = self._current(client_id, request, targets)
            current = None if row is None else stored_record(request.record_type, row)
            deleted = row is not None and row["deleted_at"] is not None
            columns = decide(Found(current, deleted, targets))
            if row is not None and request.record_type == "visit":
                caught_up(self._tables, row)
            table = RECORD_TABLES[request.record_type][0]
            terms = ("", None) if row is None else (row.get("program"), row.get("filing_days"))
            if row is None:
                row = self._tables.add(table, {"client_id": client_id} | columns)
            elif columns or deleted:
                revived = {"deleted_at": None} if request.record_type in REVIVED else {}
                row.update({**columns, **revived, "version": row["version"] + 1, "updated_at": datetime.now(UTC)})
            if request.record_type == "visit":
                caught_up(self._tables, row, changed_by)
            if table == "payers":
                self._tables.keep_filing_with(row, *terms)
            if table == "claims":
                if current is not None and columns.keys() & {"service_date", "payer_id"}:
                    self._tables.keep_filing(row)
                self._tables.history_of_claim(row)
            record = stored_record(request.record_type, row)
            before = current.data if current is not None and not deleted else None
            created = current is None or deleted
            written = Written(
                record,
                created=created,
                changes=differences(before, record.data),
                patient_id=_owner(request.record_type, row),
                duplicates=self._duplicates(client_id, request, row) if created else (),
            )
            event, kept = conclude(written)
            self._tables.answers.keep(kept)
            self._remember(written, changed_by)
            self._tables.record(event)
            return written

    def delete(
        self,
        client_id: UUID,
        record_type: str,
        reference: str,
        *,
        changed_by: UUID,
        decide: Callable[[StoredRecord, Mapping[str, int]], None],
        conclude: Callable[[Written], AuditEvent],
    ) -> Written | None:
        """See RecordWriteRepository.delete."""
        with self._tables.lock:
            row = self._one(client_id, record_type, reference)
            if row is None:
                return None
            decide(stored_record(record_type, row), self._pointing(client_id, record_type, row["id"]))
            now = datetime.now(UTC)
            row.update({"deleted_at": now, "updated_at": now, "version": row["version"] + 1})
            written = Written(
                stored_record(record_type, row),
                created=False,
                changes={"deleted_at": (None, now.isoformat().replace("+00:00", "Z"))},
                patient_id=_owner(record_type, row),
            )
            self._remember(written, changed_by)
            self._tables.record(conclude(written))
            return written

    def history(
        self, client_id: UUID, record_type: str, reference: str, *, seen: AuditEvent | None
    ) -> tuple[UUID, list[HistoryEntry]] | None:
        """See RecordWriteRepository.history."""
        with self._tables.lock:
            row = self._one(client_id, record_type, reference)
            if row is None:
                return None
            if seen is not None:
                owner = _owner(record_type, row)
                whose = None if owner is None else str(owner)
                self._tables.record(seen.model_copy(update={"resource_id": row["id"], "patient_ref": whose}))
            return row["id"], self.kept.get(row["id"], [])[::-1]

    def _one(self, client_id: UUID, record_type: str, reference: str) -> Row | None:
        table, number, _ = RECORD_TABLES[record_type]
        return self._tables.one(client_id, table, number, reference)

    def _targets(self, client_id: UUID, request: WriteRequest) -> dict[str, Target | None]:
        targets: dict[str, Target | None] = {}
        for column, at in request.references.items():
            if request.columns.get(column) is not None:
                row = self._one(client_id, at, str(request.columns[column]))
                targets[column] = None if row is None else Target(row["id"], _owner(at, row))
        return targets

    def _current(self, client_id: UUID, request: WriteRequest, targets: Mapping[str, Target | None]) -> Row | None:
        table = RECORD_TABLES[request.record_type][0]
        wanted: dict[str, Any] = {}
        for name in request.key:
            target = targets.get(name)
            wanted[name] = request.columns.get(name) if name not in targets else target.id if target else None
        rows = [row for row in self._tables.rows[table] if row["client_id"] == client_id]
        fitting = (row for row in rows if all(row[name] == value for name, value in wanted.items()))
        if request.record_type in UNCONSTRAINED:
            fitting = (row for row in fitting if row["deleted_at"] is None)
        return min(fitting, key=lambda row: row["id"], default=None)

    def _pointing(self, client_id: UUID, record_type: str, identity: UUID) -> dict[str, int]:
        counts = {
            kind: sum(row[column] == identity for row in self._tables.of(client_id, RECORD_TABLES[kind][0]))
            for kind, column in dependents(record_type)
        }
        return {kind: count for kind, count in counts.items() if count}

    def _duplicates(self, client_id: UUID, request: WriteRequest, new: Row) -> tuple[UUID, ...]:
        found: dict[UUID, None] = {}
        if request.record_type == "patient":
            name = number_term(new["last_name"])
            for row in self._tables.of(client_id, "patients"):
                born_then = row["date_of_birth"] == new["date_of_birth"] and row["id"] != new["id"]
                if born_then and number_term(row["last_name"]) == name:
                    found[row["id"]] = None
        card = number_term(request.member_id) if request.member_id else ""
        for row in self._tables.of(client_id, "coverages") if card else ():
            if row["id"] != new["id"] and number_term(row["member_id"] or "") == card:
                found[row["patient_id"]] = None
        if request.record_type == "coverage":
            found.pop(new["patient_id"], None)
        return tuple(found)

    def _remember(self, written: Written, changed_by: UUID) -> None:
        record = written.record
        if written.changes:
            entry = HistoryEntry(record.version, record.updated_at, changed_by, written.changes)
            self.kept.setdefault(record.id, []).append(entry)


def _owner(record_type: str, row: Row) -> UUID | None:
    column = RECORD_TABLES[record_type][2]
    return None if column is None else row[column]
