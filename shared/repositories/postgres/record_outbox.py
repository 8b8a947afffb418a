"""The outbox of record changes in PostgreSQL, read as the role `relay`. Triggers fill it: see decision 0010."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import text

from shared.db.postgres import Postgres
from shared.models.record_changes import RecordChange, RecordChanges

_PATIENCE = text("SET LOCAL lock_timeout = '4s'")
# Taken and cleared at once: another relay waits for these rows, and finds them gone when this one has committed.
_TAKE = text(
    "DELETE FROM domain_outbox WHERE id IN (SELECT id FROM domain_outbox ORDER BY created_at, id LIMIT :page)"
    " RETURNING client_id, record_type, record_id, record_version, change, details"
)


class PostgresRecordOutbox:
    """See RecordOutbox."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    @contextmanager
    def taken(self, page: int) -> Iterator[Sequence[RecordChanges]]:
        """See RecordOutbox.taken."""
        with self._postgres.unbound() as connection:
            connection.execute(_PATIENCE)
            found: dict[UUID, list[RecordChange]] = {}
            for row in connection.execute(_TAKE, {"page": page}):
                found.setdefault(row.client_id, []).append(_change(row))
            yield [RecordChanges(client_id=client_id, changes=tuple(changes)) for client_id, changes in found.items()]


def _change(row: Any) -> RecordChange:
    details = row.details
    return RecordChange(
        record_type=row.record_type,
        record_id=row.record_id,
        record_version=row.record_version,
        change=row.change,
        patient_ids=tuple(details[name] for name in ("patientId", "patientBefore") if name in details),
        payer_ids=tuple(details[name] for name in ("payerId", "payerBefore") if name in details),
    )
