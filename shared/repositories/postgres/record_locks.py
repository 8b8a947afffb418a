"""What writers of records hold until their transaction ends: the key they write, and what they point at."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import Connection, text

from shared.repositories.postgres.records import RECORD_TABLES, record_parameters, stored_record
from shared.repositories.protocols import StoredRecord

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))")
POINTED_AT = "FOR KEY SHARE"  # it may change meanwhile, and is not deleted


def follow_writers(connection: Connection, client_id: UUID, record_type: str, key: Iterable[object]) -> None:
    """Wait for whoever writes a record with this natural key now; whoever wants to waits for this transaction."""
    parts = ("record", client_id, record_type, *key)
    connection.execute(_LOCK, {"key": "\x1f".join(map(str, parts))})


def read_record(
    connection: Connection, client_id: UUID, record_type: str, reference: str, *, lock: str = ""
) -> tuple[StoredRecord, UUID | None] | None:
    """Read a record by its number or uuid, and whose it is; with a `lock`, hold it."""
    about = RECORD_TABLES[record_type]
    statement = text(
        f"SELECT {about.selected} FROM {about.table} WHERE client_id = :client AND deleted_at IS NULL"  # noqa: S608 (constants)
        f" AND ({about.number} = :reference OR id = :uuid) ORDER BY {about.number} = :reference DESC LIMIT 1 {lock}"
    )
    row = connection.execute(statement, record_parameters(client_id, reference)).one_or_none()
    return None if row is None else (stored_record(record_type, tuple(row)), row[4])
