"""What SQL transactions of ours have in common: the audit outbox row, kept answers, reading JSON columns."""

from __future__ import annotations

import json
from datetime import date
from uuid import UUID

from sqlalchemy import Connection, text

from shared.errors import StoreUnavailableError
from shared.models.audit import AuditEvent
from shared.models.caller import IdempotencyKey
from shared.models.replay import replay
from shared.repositories.protocols import KeptAnswer

_ADD_EVENT = text(
    "INSERT INTO audit_outbox (id, client_id, event) VALUES (:id, :client_id, CAST(:event AS jsonb))"
    " ON CONFLICT DO NOTHING"
)
_RECALL = text(
    "SELECT request_hash, status, answer #>> '{}' FROM idempotency_keys"
    " WHERE client_id = :client_id AND key_hash = :key AND status > 0 AND created_at > now() - interval '24 hours'"
)
_FORGET = text(
    "DELETE FROM idempotency_keys"
    " WHERE client_id = :client_id AND key_hash = :key AND created_at <= now() - interval '24 hours'"
)
_ADD_KEY = """
INSERT INTO idempotency_keys (client_id, key_hash, request_hash, status, answer)
VALUES (:client_id, :key, :request, :status, CAST(:answer AS jsonb))
ON CONFLICT (key_hash) DO UPDATE SET request_hash = excluded.request_hash, status = excluded.status,
  answer = excluded.answer, created_at = now()
WHERE idempotency_keys.status = 0
"""
_KEEP = text(_ADD_KEY)
# Longer than a request can take: whoever claimed it has been killed.
_CLAIM = text(_ADD_KEY + " AND idempotency_keys.created_at <= now() - interval '20 seconds'")
_RELEASE = text("DELETE FROM idempotency_keys WHERE client_id = :client_id AND key_hash = :key AND status = 0")


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
    """Keep the answer in the same transaction; of parallel requests with one key, the others wait here.

    Raises Replayed when another was faster: then nothing of this transaction is to stay.
    """
    if kept is None:
        return
    answer = {"status": kept.status, "answer": json.dumps(kept.body)}
    if connection.execute(_KEEP, _key(client_id, kept.key) | answer).rowcount == 0:
        recall(connection, client_id, kept.key)
        raise StoreUnavailableError("The answer that was kept for this key has just run out", retry_after=1)


def claim(connection: Connection, client_id: UUID, key: IdempotencyKey) -> bool:
    """Take the key for a request that is going to be carried out; False while another is at work with it.

    A claim is a key without an answer (status 0). It ends with the answer, or after 20 seconds.
    """
    return connection.execute(_CLAIM, _key(client_id, key) | {"status": 0, "answer": "null"}).rowcount == 1


def release(connection: Connection, client_id: UUID, key: IdempotencyKey) -> None:
    """Give a claim up, so that another request may carry out what this one could not."""
    connection.execute(_RELEASE, {"client_id": client_id, "key": key.id})


def _key(client_id: UUID, key: IdempotencyKey) -> dict[str, object]:
    return {"client_id": client_id, "key": key.id, "request": key.request}


def as_uuid(reference: str) -> UUID | None:
    """Return `reference` as a UUID, None when it is not written as one."""
    try:
        return UUID(reference)
    except ValueError:
        return None


def as_date(value: str | None) -> date | None:
    """Return a JSON column's date."""
    return None if value is None else date.fromisoformat(value)
