"""What SQL transactions of ours have in common: the audit outbox row, kept answers, reading JSON columns."""

from __future__ import annotations

import json
from datetime import date
from uuid import UUID

from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from shared.db.postgres import sqlstate
from shared.models.audit import AuditEvent
from shared.models.caller import IdempotencyKey
from shared.models.replay import replay
from shared.repositories.protocols import KeptAnswer

UNIQUE_VIOLATION = "23505"
_ADD_EVENT = text(
    "INSERT INTO audit_outbox (id, client_id, event) VALUES (:id, :client_id, CAST(:event AS jsonb))"
    " ON CONFLICT DO NOTHING"
)
_RECALL = text(
    "SELECT request_hash, status, answer #>> '{}' FROM idempotency_keys"
    " WHERE client_id = :client_id AND key_hash = :key AND created_at > now() - interval '24 hours'"
)
_FORGET = text(
    "DELETE FROM idempotency_keys"
    " WHERE client_id = :client_id AND key_hash = :key AND created_at <= now() - interval '24 hours'"
)
_KEEP = text(
    "INSERT INTO idempotency_keys (client_id, key_hash, request_hash, status, answer)"
    " VALUES (:client_id, :key, :request, :status, CAST(:answer AS jsonb))"
)


def add_event(connection: Connection, event: AuditEvent) -> None:
    """Put the audit event into the same transaction; one that is there already is the same event."""
    parameters = {"id": event.id, "client_id": event.client_id, "event": event.model_dump_json(by_alias=True)}
    connection.execute(_ADD_EVENT, parameters)


def recall(connection: Connection, client_id: UUID, key: IdempotencyKey | None) -> None:
    """Raise Replayed when this request was carried out within 24 hours; see KeptAnswers.recall."""
    if key is None:
        return
    row = connection.execute(_RECALL, {"client_id": client_id, "key": key.id}).one_or_none()
    if row is not None:
        raise replay(kept_request=row[0], request=key.request, status=row[1], body=row[2])
    connection.execute(_FORGET, {"client_id": client_id, "key": key.id})


def keep(connection: Connection, client_id: UUID, kept: KeptAnswer | None) -> None:
    """Keep the answer in the same transaction. A parallel request with the same key waits here and then fails."""
    if kept is not None:
        connection.execute(
            _KEEP,
            {
                "client_id": client_id,
                "key": kept.key.id,
                "request": kept.key.request,
                "status": kept.status,
                "answer": json.dumps(kept.body),
            },
        )


def is_duplicate_key(error: IntegrityError) -> bool:
    """Tell whether a parallel request with the same Idempotency-Key was faster."""
    return sqlstate(error) == UNIQUE_VIOLATION and "idempotency_keys" in str(error.orig)


def as_uuid(reference: str) -> UUID | None:
    """Return `reference` as a UUID, None when it is not written as one."""
    try:
        return UUID(reference)
    except ValueError:
        return None


def as_date(value: str | None) -> date | None:
    """Return a JSON column's date."""
    return None if value is None else date.fromisoformat(value)
