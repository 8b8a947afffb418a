"""Claims in PostgreSQL: one at a time, changed under the lock of its row.

A change locks the claim and reads only then, so of two who change it the second decides on what the first one wrote.
Lists and totals are in `claim_lists` and `claim_totals`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from shared.db.postgres import Postgres
from shared.errors import ConflictError, NotFoundError
from shared.models.audit import AuditEvent
from shared.models.caller import IdempotencyKey
from shared.models.claim import Appeal, BilledClaim, ClaimEvent, ClaimFile, ClaimParty, NewClaimEvent
from shared.models.records import Payer
from shared.repositories.claim_protocols import ClaimChange
from shared.repositories.claim_rows import (
    COLUMNS,
    JSON_COLUMNS,
    adjudication,
    adjustment_rows,
    adjustments_of,
    changes_of,
    claim_of,
    columns_of,
)
from shared.repositories.postgres.claim_lists import PostgresClaimLists
from shared.repositories.postgres.record_traces import add_terms, remember
from shared.repositories.postgres.transaction import add_event, as_uuid, keep, recall

_VALUES = {name: f"CAST(:{name} AS jsonb)" if name in JSON_COLUMNS else f":{name}" for name in COLUMNS}
_FOUND = (
    "WHERE client_id = :client AND deleted_at IS NULL AND (claim_number = :reference OR id = :uuid)"
    " ORDER BY claim_number = :reference DESC LIMIT 1"
)
_WITH_CLAIMS = text("""
SELECT p.id FROM unnest(CAST(:patients AS uuid[])) AS p(id)
WHERE EXISTS (SELECT 1 FROM claims c WHERE c.client_id = :client AND c.patient_id = p.id AND c.deleted_at IS NULL)
""")
_FIND = text(f"SELECT id FROM claims {_FOUND}")  # noqa: S608 (constants)
_PATIENT_OF = text("SELECT patient_id FROM claims WHERE client_id = :client AND id = :id")
_LOCK = text(f"SELECT id FROM claims {_FOUND} FOR NO KEY UPDATE")  # noqa: S608
_ADJUSTMENT = (
    "jsonb_build_object('place', a.place, 'group_code', a.group_code, 'carc', a.carc, 'remarks', a.remarks,"
    " 'amount', a.amount::text, 'line', a.line)"
)
_APPEAL = (
    "jsonb_build_object('id', l.id, 'level', l.level, 'status', l.status, 'filed_on', l.filed_on, 'due_on', l.due_on,"
    " 'reason', l.reason, 'reference', l.reference, 'amount', l.amount::text, 'decided_on', l.decided_on)"
)
_PAYER = (
    "id", "name", "program", "network", "real_time_supported", "electronic_id", "plan_year_month", "filing_days",
    "appeal_days", "correction_days",
)  # fmt: skip
_FILE = text(f"""
SELECT c.id, c.version, {", ".join(f"c.{name}" for name in COLUMNS)}, c.adjudication_event_id,
  p.mrn, p.first_name || ' ' || p.last_name AS patient_name,
  v.provider_number, v.name AS provider_name, v.npi,
  {", ".join(f"y.{name} AS payer_{name}" for name in _PAYER if name != "id")}, y.version AS payer_version,
  (SELECT jsonb_agg({_ADJUSTMENT}) FROM claim_adjustments a
    WHERE a.client_id = c.client_id AND a.event_id = c.adjudication_event_id) AS adjustments,
  (SELECT jsonb_agg({_APPEAL} ORDER BY l.created_at, l.level) FROM claim_appeals l
    WHERE l.client_id = c.client_id AND l.claim_id = c.id) AS appeals,
  (SELECT array_agg(s.id ORDER BY s.id) FROM claims s
    WHERE s.client_id = c.client_id AND s.secondary_of_id = c.id AND s.deleted_at IS NULL) AS secondary_ids
FROM claims c JOIN patients p ON p.client_id = c.client_id AND p.id = c.patient_id
  LEFT JOIN payers y ON y.client_id = c.client_id AND y.id = c.payer_id
  LEFT JOIN providers v ON v.client_id = c.client_id AND v.id = c.provider_id
WHERE c.client_id = :client AND c.id = :id
""")  # noqa: S608
_UPDATE = text(
    f"UPDATE claims SET {', '.join(f'{name} = {value}' for name, value in _VALUES.items())},"  # noqa: S608
    " adjudication_event_id = :adjudication, last_event_id = coalesce(:last_event, last_event_id),"
    " version = :version, updated_at = now() WHERE client_id = :client AND id = :id"
)
_INSERT = text(
    f"INSERT INTO claims (id, client_id, {', '.join(COLUMNS)})"  # noqa: S608
    f" VALUES (:id, :client, {', '.join(_VALUES.values())})"
)
_ADD_EVENTS = text("""
INSERT INTO claim_events (id, client_id, claim_id, number, claim_version, kind, from_status, to_status, reason, amount,
  details, source_ref, recorded_by, occurred_at)
SELECT given.id, :client, :claim, coalesce((SELECT max(number) FROM claim_events
    WHERE client_id = :client AND claim_id = :claim), 0) + given.place, :version, given.kind, given.from_status,
  given.to_status, given.reason, given.amount, given.details, given.source_ref, :by, given.occurred_at
FROM jsonb_to_recordset(CAST(:events AS jsonb)) AS given(id uuid, place int, kind text, from_status text,
  to_status text, reason text, amount numeric(10, 2), details jsonb, source_ref text, occurred_at timestamptz)
ON CONFLICT DO NOTHING
""")
_ADD_ADJUSTMENTS = text("""
INSERT INTO claim_adjustments (id, client_id, claim_id, event_id, place, group_code, carc, remarks, amount, line)
SELECT gen_random_uuid(), :client, :claim, given.event_id, given.place, given.group_code, given.carc, given.remarks,
  given.amount, given.line
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS given(event_id uuid, place smallint, group_code text, carc text,
  remarks text[], amount numeric(10, 2), line int)
""")
_PUT_APPEAL = text("""
INSERT INTO claim_appeals (id, client_id, claim_id, level, status, filed_on, due_on, reason, reference, amount,
  decided_on)
VALUES (:id, :client, :claim, :level, :status, :filed_on, :due_on, :reason, :reference, :amount, :decided_on)
ON CONFLICT (id) DO UPDATE SET status = excluded.status, filed_on = excluded.filed_on,
  due_on = excluded.due_on, reason = excluded.reason, reference = excluded.reference, amount = excluded.amount,
  decided_on = excluded.decided_on, version = claim_appeals.version + 1, updated_at = now()
""")
_EVENTS = text(f"""
SELECT e.id, e.number, e.kind, e.from_status, e.to_status, e.reason, e.amount,
  (SELECT jsonb_agg({_ADJUSTMENT}) FROM claim_adjustments a WHERE a.client_id = e.client_id AND a.event_id = e.id),
  e.details, e.source_ref, e.recorded_by, e.occurred_at, e.claim_version
FROM claim_events e WHERE e.client_id = :client AND e.claim_id = :claim AND e.number < :before
ORDER BY e.number DESC LIMIT :limit
""")  # noqa: S608
_NO_END = 2**31 - 1


class PostgresClaimRepository(PostgresClaimLists):
    """See ClaimRepository."""

    def __init__(self, postgres: Postgres) -> None:
        super().__init__(postgres)

    def get(self, client_id: UUID, reference: str, *, seen: AuditEvent | None = None) -> ClaimFile | None:
        """See ClaimRepository.get."""
        with self._postgres.tenant(client_id) as connection:
            found = _found(connection, _FIND, client_id, reference)
            if found is None:
                return None
            file, _ = _file(connection, client_id, found)
            if seen is not None:
                whose = str(file.claim.patient_id)
                add_event(connection, seen.model_copy(update={"resource_id": found, "patient_ref": whose}))
            return file

    def change(
        self,
        client_id: UUID,
        reference: str,
        decide: Callable[[ClaimFile], ClaimChange],
        *,
        changed_by: UUID,
        key: IdempotencyKey | None,
    ) -> BilledClaim:
        """See ClaimRepository.change."""
        with self._postgres.tenant(client_id) as connection:
            found = _found(connection, _LOCK, client_id, reference)
            recall(connection, client_id, key)
            if found is None:
                raise NotFoundError("There is no such record")
            file, adjudicated = _file(connection, client_id, found)
            change = decide(file)
            _add_events(connection, client_id, change, changed_by)
            if change.claim is not file.claim:
                _update(connection, client_id, file.claim, change, adjudicated, changed_by)
            if change.appeal is not None:
                _put_appeal(connection, client_id, found, change.appeal)
            if change.made is not None:
                _insert(connection, client_id, change.made, changed_by)
            add_event(connection, change.event)
            keep(connection, client_id, change.kept)
            return change.claim

    def with_claims(self, client_id: UUID, patients: Sequence[UUID]) -> set[UUID]:
        """See ClaimRepository.with_claims."""
        asked = {"client": client_id, "patients": [str(patient) for patient in patients]}
        with self._postgres.tenant(client_id) as connection:
            return set(connection.execute(_WITH_CLAIMS, asked).scalars())

    def events(
        self, client_id: UUID, reference: str, *, before: int | None, limit: int, seen: AuditEvent | None
    ) -> tuple[UUID, tuple[ClaimEvent, ...]] | None:
        """See ClaimRepository.events."""
        with self._postgres.tenant(client_id) as connection:
            found = _found(connection, _FIND, client_id, reference)
            if found is None:
                return None
            given = {"client": client_id, "claim": found, "before": before or _NO_END, "limit": limit}
            rows = connection.execute(_EVENTS, given).all()
            if seen is not None:
                whose = str(connection.execute(_PATIENT_OF, {"client": client_id, "id": found}).scalar_one())
                add_event(connection, seen.model_copy(update={"resource_id": found, "patient_ref": whose}))
        return found, tuple(_event(tuple(row)) for row in rows)


def _found(connection: Connection, statement: Any, client_id: UUID, reference: str) -> UUID | None:
    given = {"client": client_id, "reference": reference, "uuid": as_uuid(reference)}
    found: UUID | None = connection.execute(statement, given).scalar_one_or_none()
    return found


def _file(connection: Connection, client_id: UUID, identity: UUID) -> tuple[ClaimFile, UUID | None]:
    """Read a claim's file, and the event that its adjustments came with."""
    row = connection.execute(_FILE, {"client": client_id, "id": identity}).mappings().one()
    claim = claim_of(dict(row))
    payer = provider = None
    if claim.payer_id is not None and row["payer_name"] is not None:
        known: dict[str, Any] = {name: row[f"payer_{name}"] for name in (*_PAYER[1:], "version")}
        payer = Payer(id=claim.payer_id, **known)
    if claim.provider_id is not None and row["provider_number"] is not None:
        provider = ClaimParty(claim.provider_id, row["provider_number"], row["provider_name"], row["npi"])
    file = ClaimFile(
        claim,
        ClaimParty(claim.patient_id, row["mrn"], row["patient_name"]),
        payer,
        provider,
        adjustments_of(row["adjustments"]),
        tuple(_appeal(one) for one in row["appeals"] or ()),
        tuple(row["secondary_ids"] or ()),
    )
    return file, row["adjudication_event_id"]


def _appeal(row: dict[str, Any]) -> Appeal:
    days = {name: None if row[name] is None else date.fromisoformat(row[name]) for name in ("due_on", "decided_on")}
    amount = None if row["amount"] is None else Decimal(row["amount"])
    filed = date.fromisoformat(row["filed_on"])
    return Appeal(**{**row, **days, "id": UUID(row["id"]), "filed_on": filed, "amount": amount})


def _add_events(connection: Connection, client_id: UUID, change: ClaimChange, changed_by: UUID) -> None:
    if not change.events:
        return
    claim = change.claim
    given = {"client": client_id, "claim": claim.id, "version": claim.version, "by": changed_by}
    rows = [_event_row(event, place) for place, event in enumerate(change.events, 1)]
    if connection.execute(_ADD_EVENTS, given | {"events": json.dumps(rows)}).rowcount != len(rows):
        raise ConflictError("This was posted to the claim already", code="already_posted")
    adjustments = [row | {"event_id": str(event.id)} for event in change.events for row in adjustment_rows(event)]
    if adjustments:
        whose = {"client": client_id, "claim": claim.id, "rows": json.dumps(adjustments)}
        connection.execute(_ADD_ADJUSTMENTS, whose)


def _event(row: tuple[Any, ...]) -> ClaimEvent:
    values: dict[str, Any] = dict(zip(ClaimEvent.__dataclass_fields__, row, strict=True))
    return ClaimEvent(**values | {"adjustments": adjustments_of(values["adjustments"])})


def _event_row(event: NewClaimEvent, place: int) -> dict[str, Any]:
    return {
        "id": str(event.id),
        "place": place,
        "kind": event.kind,
        "from_status": event.from_status,
        "to_status": event.to_status,
        "reason": event.reason,
        "amount": None if event.amount is None else str(event.amount),
        "details": dict(event.details),
        "source_ref": event.source_ref,
        "occurred_at": event.occurred_at.isoformat(),
    }


def _parameters(claim: BilledClaim) -> dict[str, Any]:
    return columns_of(claim) | {"id": claim.id}


def _update(
    connection: Connection,
    client_id: UUID,
    before: BilledClaim,
    change: ClaimChange,
    adjudicated: UUID | None,
    changed_by: UUID,
) -> None:
    claim = change.claim
    parameters = _parameters(claim) | {
        "client": client_id,
        "version": claim.version,
        "adjudication": adjudication(change.events, adjudicated),
        "last_event": change.events[-1].id if change.events else None,
    }
    connection.execute(_UPDATE, parameters)
    remember(connection, client_id, "claim", claim.id, claim.version, changed_by, changes_of(before, claim))


def _put_appeal(connection: Connection, client_id: UUID, claim: UUID, appeal: Appeal) -> None:
    values = {name: getattr(appeal, name) for name in Appeal.__dataclass_fields__}
    connection.execute(_PUT_APPEAL, values | {"client": client_id, "claim": claim})


def _insert(connection: Connection, client_id: UUID, new: BilledClaim, changed_by: UUID) -> None:
    try:
        connection.execute(_INSERT, _parameters(new) | {"client": client_id})
    except IntegrityError as exc:
        if "uq_claims_client_id_claim_number" in str(exc.orig):  # perhaps of a claim that was deleted
            raise ConflictError("A claim has this number already", code="number_taken") from exc
        raise
    remember(connection, client_id, "claim", new.id, 1, changed_by, changes_of(None, new))
    add_terms(connection, client_id, "claim", new.id, {"claim_number": new.claim_number})
