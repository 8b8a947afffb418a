"""What imported visits went through, as rows of their history: each source's facts once, with the times they had."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from shared.models.identifiers import uuid7
from shared.models.imported import VisitRecord
from shared.repositories.postgres.bulk import CHUNK, Row, chunks
from shared.repositories.postgres.import_merge import Candidate, Merged

BOOKED, REASON = "scheduled", "imported"
_ADD = text(
    "INSERT INTO visit_status_history (id, client_id, visit_id, axis, from_status, to_status, reason, changed_at)"
    " SELECT id, :client_id, visit_id, 'status', from_status, to_status, :reason, coalesce(changed_at, now())"
    " FROM jsonb_to_recordset(CAST(:rows AS jsonb))"
    " AS given(id uuid, visit_id uuid, from_status text, to_status text, changed_at timestamptz)"
    " ON CONFLICT (id) DO NOTHING"
)


def add_history(connection: Connection, client_id: UUID, candidates: Sequence[Candidate], merged: Merged) -> None:
    """Add what happened to the visits that were merged; a fact that is known already is left as it is.

    A status for which the source gave no time is known from the moment of the import on.
    """
    for chunk in chunks(list(_rows(client_id, candidates, merged)), CHUNK):
        given = {"client_id": client_id, "reason": REASON, "rows": json.dumps(chunk, default=str)}
        connection.execute(_ADD, given)


def _rows(client_id: UUID, candidates: Sequence[Candidate], merged: Merged) -> Iterator[Row]:
    known = merged.created | merged.updated | {one: {} for one in merged.unchanged}
    for candidate in candidates:
        record: VisitRecord = candidate.context
        visit_id = merged.ids.get(record.source_ref)
        if visit_id not in known:
            continue
        status = BOOKED
        for step, fact in enumerate(record.facts):
            identity = _fact_id(client_id, record.source_ref, step, fact.status, fact.at)
            yield _row(identity, visit_id, status, fact.status, fact.at)
            status = fact.status
        before = merged.before.get(visit_id)
        was: str = BOOKED if before is None else before["status"]
        now: str = known[visit_id].get("status", was)
        if now not in {was, status}:
            yield _row(uuid7(), visit_id, status if record.facts else was, now, None)


def _row(identity: UUID, visit_id: UUID, before: str, status: str, at: datetime | None) -> dict[str, Any]:
    return {"id": identity, "visit_id": visit_id, "from_status": before, "to_status": status, "changed_at": at}


def _fact_id(client_id: UUID, source_ref: str, step: int, status: str, at: datetime) -> UUID:
    """The same for the same fact; ids of facts of one moment are in the order in which they happened (UUIDv7)."""
    digest = sha256(f"{client_id}|{source_ref}|{status}|{at.isoformat()}".encode()).digest()
    moment = int(at.timestamp() * 1000).to_bytes(6)
    ordered = bytes([0x70 | step >> 8, step & 0xFF, 0x80 | digest[0] & 0x3F])
    return UUID(bytes=moment + ordered + digest[1:8])
