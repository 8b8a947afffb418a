"""Brings visits whose source tells what happened to them to their status, step by step, with the times it gives."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text

from shared.models.identifiers import uuid7
from shared.models.imported import VisitRecord
from shared.repositories.postgres.bulk import CHUNK, Row, chunks
from shared.repositories.postgres.import_merge import Candidate, Merged

BOOKED, REASON = "scheduled", "imported"
# Steps before the visit: a status that the newest step says already is noted by no trigger.
_ADD_STEPS = text(
    "INSERT INTO visit_status_history (id, client_id, visit_id, axis, from_status, to_status, reason, changed_at)"
    " SELECT id, :client_id, visit_id, 'status', from_status, to_status, :reason, coalesce(changed_at, now())"
    " FROM jsonb_to_recordset(CAST(:rows AS jsonb))"
    " AS given(id uuid, visit_id uuid, from_status text, to_status text, changed_at timestamptz)"
)
_MOVE = text(
    "UPDATE visits SET status = given.status, status_since = coalesce(given.since, now()),"
    " arrived_at = given.arrived_at, version = version + 1, updated_at = now()"
    " FROM jsonb_to_recordset(CAST(:rows AS jsonb))"
    " AS given(id uuid, status text, since timestamptz, arrived_at timestamptz)"
    " WHERE visits.client_id = :client_id AND visits.id = given.id"
)


@dataclass(slots=True)
class Moved:
    """Which visits were moved, and how many are elsewhere by what people have done."""

    visits: dict[UUID, Row] = field(default_factory=dict)
    kept: int = 0


def move_visits(connection: Connection, client_id: UUID, candidates: Sequence[Candidate], merged: Merged) -> Moved:
    """Take the visits that are still booked through what happened to them.

    A status for which the source gave no time is known from the moment of the import on. A visit that is no longer
    booked was moved by an import before, or by people, and stays.
    """
    moved, steps, visits = Moved(), list[Row](), list[Row]()
    for candidate in candidates:
        record: VisitRecord = candidate.context
        row = merged.rows.get(record.source_ref)
        if not record.stepwise or row is None or row["status"] == record.status:
            continue
        if row["status"] != BOOKED:
            moved.kept += 1
            continue
        row["status"] = record.status
        moved.visits[row["id"]] = row
        steps.extend(_steps(row["id"], record))
        visits.append(_visit(row["id"], record))
    for statement, rows in ((_ADD_STEPS, steps), (_MOVE, visits)):
        for chunk in chunks(rows, CHUNK):
            given = {"client_id": client_id, "reason": REASON, "rows": json.dumps(chunk, default=str)}
            connection.execute(statement, given)
    return moved


def _steps(visit_id: UUID, record: VisitRecord) -> Iterator[Row]:
    """The rows of the history; their ids grow, so that steps of one moment stay in order."""
    before = BOOKED
    steps: list[tuple[str, datetime | None]] = [(fact.status, fact.at) for fact in record.facts]
    if not steps or steps[-1][0] != record.status:
        steps.append((record.status, None))
    for identity, (status, at) in zip(sorted(uuid7() for _ in steps), steps, strict=True):
        yield {"id": identity, "visit_id": visit_id, "from_status": before, "to_status": status, "changed_at": at}
        before = status


def _visit(visit_id: UUID, record: VisitRecord) -> Row:
    last = record.facts[-1] if record.facts else None
    arrived = next((fact.at for fact in record.facts if fact.status == "arrived"), None)
    since = last.at if last is not None and last.status == record.status else None
    return {"id": visit_id, "status": record.status, "since": since, "arrived_at": arrived}
