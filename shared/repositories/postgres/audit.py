"""The audit log, its quarantine and the SQL outbox in PostgreSQL.

One statement an event: the row goes in and its outbox row out in one round trip and one commit.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, func, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError

from shared.db.postgres import Postgres, sqlstate
from shared.errors import PermanentEventError, StoreUnavailableError
from shared.models.audit import AuditEvent
from shared.models.postgres.infrastructure import audit_logs, audit_outbox, audit_quarantine
from shared.repositories.audit_protocols import StoredEvent

_NEVER = ("22", "23", "54")  # data exceptions, broken constraints, over a limit of the server: no retry helps


class PostgresAuditLog:
    """See AuditLog. Works as the role `audit`, which may add rows and clear outbox rows, and read neither."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    def append(self, event: AuditEvent) -> bool:
        """See AuditLog.append."""
        try:
            return self._add(audit_logs, _row(event), cleared=event.id)
        except DBAPIError as exc:
            if sqlstate(exc).startswith(_NEVER):
                raise PermanentEventError(f"the database does not take the event: {sqlstate(exc)}") from exc
            raise StoreUnavailableError("The audit log could not be written", retry_after=5) from exc

    def quarantine(self, message_id: UUID, *, reason: str, message: str, event_id: UUID | None) -> None:
        """See AuditLog.quarantine."""
        self._add(audit_quarantine, {"id": message_id, "reason": reason, "message": message}, cleared=event_id)

    def _add(self, table: Any, row: dict[str, Any], *, cleared: UUID | None) -> bool:
        # Inline: no RETURNING, which would need the right to read. No conflict target, for the same reason.
        statement = insert(table).values(row).inline().on_conflict_do_nothing()
        if cleared is not None:
            statement = statement.add_cte(delete(audit_outbox).where(audit_outbox.c.id == cleared).cte("cleared"))
        with self._postgres.unbound() as connection:
            return connection.execute(statement).rowcount == 1


class PostgresWaitingEvents:
    """See WaitingEvents: the SQL outbox, read as the role `relay`."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    def older_than(self, age: timedelta, *, page: int) -> Iterator[Sequence[StoredEvent]]:
        """See WaitingEvents.older_than. Each page is its own short transaction."""
        query = (
            select(audit_outbox.c.id, audit_outbox.c.event, audit_outbox.c.created_at)
            .where(audit_outbox.c.created_at <= func.now() - age)
            .order_by(audit_outbox.c.created_at, audit_outbox.c.id)
            .limit(page)
        )
        step: Select[Any] = query
        while True:
            with self._postgres.unbound() as connection:
                rows = connection.execute(step).all()
            if rows:
                yield [StoredEvent(str(row.id), json.dumps(row.event).encode()) for row in rows]
            if len(rows) < page:
                return
            last = rows[-1]
            step = query.where(tuple_(audit_outbox.c.created_at, audit_outbox.c.id) > (last.created_at, last.id))

    def published(self, event_ids: Sequence[str]) -> None:
        """Nothing: `write_audit_log` deletes the row in the transaction that writes the event."""


def _row(event: AuditEvent) -> dict[str, Any]:
    return {
        "id": event.id,
        "user_id": event.user_id,
        "action": event.action.value,
        "resource_type": event.resource_type,
        "resource_id": event.resource_id,
        "mode": event.mode,
        "metadata": event.metadata,
        "created_at": event.created_at,
        "client_id": event.client_id,
        "outcome": event.outcome.value,
        "patient_ref": event.patient_ref,
        "resource_ref": event.resource_ref,
        "request_id": event.request_id,
        "schema": event.schema_version,
    }
