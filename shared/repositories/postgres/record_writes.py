"""Writing records in PostgreSQL: record, search terms, history, audit event and kept answer in one transaction.

Writers of one natural key follow each other (an advisory lock), so the second one finds what the first one wrote. What
a record points at is locked against deletion, and a record is locked against being pointed at while it is deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, text
from sqlalchemy.dialects.postgresql import insert

from shared.db.postgres import Postgres
from shared.domain.record_links import REVIVED, UNCONSTRAINED, dependents, differences
from shared.errors import ConflictError
from shared.models.audit import AuditEvent
from shared.models.caller import IdempotencyKey
from shared.models.identifiers import uuid7
from shared.models.postgres import metadata
from shared.repositories.postgres.record_duplicates import duplicates_of
from shared.repositories.postgres.record_locks import POINTED_AT, follow_writers, read_record
from shared.repositories.postgres.record_traces import add_terms, forget_terms, name_mover, remember
from shared.repositories.postgres.records import RECORD_TABLES, stored_record
from shared.repositories.postgres.transaction import add_event, keep, recall
from shared.repositories.protocols import StoredRecord
from shared.repositories.record_protocols import (
    Conclude,
    Found,
    HistoryEntry,
    RecordChanges,
    RecordColumns,
    Target,
    WriteRequest,
    Written,
)

_ATTEMPTS = 3  # an import may take a number between our looking and our writing
_COUNTED = 100
_LONGEST_HISTORY = 200
_HISTORY = text(
    "SELECT version, changed_at, changed_by, changes FROM record_history"
    " WHERE client_id = :client AND record_type = :type AND record_id = :id ORDER BY version DESC LIMIT :limit"
)


class PostgresRecordWrites:
    """See RecordWriteRepository."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

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
        with self._postgres.tenant(client_id) as connection:
            writing = _Writing(connection, client_id, request)
            writing.follow_others()
            recall(connection, client_id, key)
            if request.record_type == "visit":
                name_mover(connection, changed_by)
            written = writing.write(decide)
            writing.remember(written, changed_by)
            event, kept = conclude(written)
            add_event(connection, event)
            keep(connection, client_id, kept)
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
        with self._postgres.tenant(client_id) as connection:
            found = read_record(connection, client_id, record_type, reference, lock="FOR UPDATE")
            if found is None:
                return None
            record, patient_id = found
            decide(record, _pointing(connection, client_id, record))
            table = RECORD_TABLES[record_type].table
            statement = f"UPDATE {table} SET deleted_at = now(), updated_at = now(), version = version + 1"  # noqa: S608 (a constant)
            row = connection.execute(
                text(f"{statement} WHERE client_id = :client AND id = :id RETURNING version, updated_at"),
                {"client": client_id, "id": record.id},
            ).one()
            gone = StoredRecord(record.type, record.id, row[0], record.created_at, row[1], record.data)
            changes: RecordChanges = {"deleted_at": (None, row[1].isoformat().replace("+00:00", "Z"))}
            written = Written(gone, created=False, changes=changes, patient_id=patient_id)
            forget_terms(connection, client_id, gone.type, gone.id)
            _remember(connection, client_id, written, changed_by)
            add_event(connection, conclude(written))
            return written

    def history(
        self, client_id: UUID, record_type: str, reference: str, *, seen: AuditEvent | None
    ) -> tuple[UUID, list[HistoryEntry]] | None:
        """See RecordWriteRepository.history."""
        with self._postgres.tenant(client_id) as connection:
            found = read_record(connection, client_id, record_type, reference)
            if found is None:
                return None
            record, patient_id = found
            rows = connection.execute(_HISTORY, _of(client_id, record) | {"limit": _LONGEST_HISTORY})
            entries = [
                HistoryEntry(row[0], row[1], row[2], {name: (pair[0], pair[1]) for name, pair in row[3].items()})
                for row in rows
            ]
            if seen is not None:
                whose = None if patient_id is None else str(patient_id)
                add_event(connection, seen.model_copy(update={"resource_id": record.id, "patient_ref": whose}))
            return record.id, entries


class _Writing:
    """One write in its transaction."""

    def __init__(self, connection: Connection, client_id: UUID, request: WriteRequest) -> None:
        self._connection = connection
        self._client_id = client_id
        self._request = request
        self._about = RECORD_TABLES[request.record_type]
        self._targets = {
            column: _target(connection, client_id, at, str(request.columns[column]))
            for column, at in request.references.items()
            if request.columns.get(column) is not None
        }
        ids = {column: target.id if target else None for column, target in self._targets.items()}
        self._key = {name: ids.get(name, request.columns.get(name)) for name in request.key}

    def follow_others(self) -> None:
        """Wait for whoever writes a record with this key now."""
        follow_writers(self._connection, self._client_id, self._request.record_type, self._key.values())

    def write(self, decide: Callable[[Found], RecordColumns]) -> Written:
        """Find, decide, make or change."""
        for _ in range(_ATTEMPTS):
            current, deleted = self._current()
            columns = decide(Found(current, deleted, self._targets))
            if current is None:
                identity = self._insert(columns)
                if identity is None:
                    continue
                return self._written(identity, before=None, created=True)
            self._update(current, columns, deleted=deleted)
            return self._written(current.id, before=None if deleted else current, created=deleted)
        raise ConflictError("Somebody keeps writing the same record; try again")

    def remember(self, written: Written, changed_by: UUID) -> None:
        """Add to the history and renew the search terms, when anything changed."""
        if not written.changes:
            return
        _remember(self._connection, self._client_id, written, changed_by)
        row = {name: getattr(self._row, name) for name in self._about.names}
        record = written.record
        if not written.created:
            forget_terms(self._connection, self._client_id, record.type, record.id)
        add_terms(self._connection, self._client_id, record.type, record.id, row)

    def _current(self) -> tuple[StoredRecord | None, bool]:
        conditions = [f"{name} IS NULL" if value is None else f"{name} = :{name}" for name, value in self._key.items()]
        if self._request.record_type in UNCONSTRAINED:
            conditions.append("deleted_at IS NULL")
        statement = text(
            f"SELECT {self._about.selected}, deleted_at FROM {self._about.table} WHERE client_id = :client"  # noqa: S608 (constants)
            f" AND {' AND '.join(conditions)} ORDER BY id LIMIT 1 FOR NO KEY UPDATE"
        )
        given = {name: value for name, value in self._key.items() if value is not None}
        row = self._connection.execute(statement, {"client": self._client_id} | given).one_or_none()
        if row is None:
            return None, False
        return stored_record(self._request.record_type, tuple(row)[:-1]), row[-1] is not None

    def _insert(self, columns: RecordColumns) -> UUID | None:
        """Make the record; None when its number was taken in the meantime."""
        table = metadata.tables[self._about.table]
        values: dict[str, Any] = {"id": uuid7(), "client_id": self._client_id} | columns
        statement = insert(table).values(values).on_conflict_do_nothing().returning(table.c.id)
        identity: UUID | None = self._connection.execute(statement).scalar_one_or_none()
        return identity

    def _update(self, current: StoredRecord, columns: RecordColumns, *, deleted: bool) -> None:
        if not columns and not deleted:
            return
        table = metadata.tables[self._about.table]
        values: dict[str, Any] = {**columns, "version": table.c.version + 1, "updated_at": func.now()}
        if deleted and self._request.record_type in REVIVED:
            values["deleted_at"] = None
        self._connection.execute(
            table.update().where(table.c.client_id == self._client_id, table.c.id == current.id).values(values)
        )

    def _written(self, identity: UUID, *, before: StoredRecord | None, created: bool) -> Written:
        statement = text(
            f"SELECT {self._about.selected} FROM {self._about.table} WHERE client_id = :client AND id = :id"  # noqa: S608 (constants)
        )
        self._row = self._connection.execute(statement, {"client": self._client_id, "id": identity}).one()
        record = stored_record(self._request.record_type, tuple(self._row))
        return Written(
            record,
            created=created,
            changes=differences(None if before is None else before.data, record.data),
            patient_id=self._row[4],
            duplicates=duplicates_of(self._connection, self._client_id, self._request, identity) if created else (),
        )


def _target(connection: Connection, client_id: UUID, record_type: str, reference: str) -> Target | None:
    """What a reference points at, held there until the transaction ends."""
    found = read_record(connection, client_id, record_type, reference, lock=POINTED_AT)
    return None if found is None else Target(found[0].id, found[1])


def _pointing(connection: Connection, client_id: UUID, record: StoredRecord) -> dict[str, int]:
    """How many records of which type point at `record`; a hundred is as many as is counted."""
    counts: dict[str, int] = {}
    for record_type, column in dependents(record.type):
        statement = text(
            f"SELECT count(*) FROM (SELECT 1 FROM {RECORD_TABLES[record_type].table} WHERE client_id = :client"  # noqa: S608 (constants)
            f" AND {column} = :id AND deleted_at IS NULL LIMIT {_COUNTED}) AS found"
        )
        count = connection.execute(statement, {"client": client_id, "id": record.id}).scalar_one()
        if count:
            counts[record_type] = count
    return counts


def _remember(connection: Connection, client_id: UUID, written: Written, changed_by: UUID) -> None:
    record = written.record
    remember(connection, client_id, record.type, record.id, record.version, changed_by, written.changes)


def _of(client_id: UUID, record: StoredRecord) -> dict[str, Any]:
    return {"client": client_id, "type": record.type, "id": record.id}
