"""Files of payers in PostgreSQL. The unique key of a file's digest is what lets it in once."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Connection, Row, text

from shared.db.postgres import Postgres
from shared.domain.eligibility.person import same_name
from shared.models.audit import AuditEvent
from shared.models.caller import IdempotencyKey
from shared.models.payer_files import (
    ClaimCandidate,
    LineContent,
    NewPayerFile,
    PayerFile,
    PayerFileHead,
    PayerFileLine,
    Settlement,
)
from shared.models.remittance import ClaimPayment, ClaimStatusAnswer, Imbalance, ProviderAdjustment
from shared.models.typed_json import from_json, to_json
from shared.repositories.changes import KeptAnswer
from shared.repositories.payer_file_protocols import MOST_OF_A_DAY, FileFilter, WantedPerson
from shared.repositories.postgres.transaction import add_event, as_uuid, keep, recall

T = TypeVar("T")

_KEEP = text("""
INSERT INTO payer_files (id, client_id, kind, digest, place, trace_number, payer_name, payer_reference, total_amount,
  method, dated_on, provider_adjustments, imbalances, unread)
VALUES (:id, :client, :kind, :digest, :place, :trace, :payer_name, :payer_reference, :amount, :method, :dated_on,
  CAST(:provider_adjustments AS jsonb), CAST(:imbalances AS jsonb), CAST(:unread AS jsonb))
ON CONFLICT (client_id, digest, place) DO NOTHING
""")
_KEPT = text("SELECT id FROM payer_files WHERE client_id = :client AND digest = :digest AND place = :place")
_KEEP_LINES = text("""
INSERT INTO payer_file_lines (client_id, file_id, number, fingerprint, content)
SELECT :client, :file, number, fingerprint, content FROM jsonb_to_recordset(CAST(:lines AS jsonb))
  AS given(number integer, fingerprint text, content jsonb)
""")
_HEAD = """f.id, f.kind, f.trace_number, f.payer_name, f.payer_reference, f.total_amount, f.method, f.dated_on,
  f.created_at, (SELECT jsonb_object_agg(counted.outcome, counted.lines) FROM (
    SELECT l.outcome, count(*) AS lines FROM payer_file_lines l
    WHERE l.client_id = f.client_id AND l.file_id = f.id GROUP BY l.outcome) AS counted)"""
_COLUMNS_OF_HEAD = 10
# The texts that are put into these statements are constants of this module.
_GET = text(f"""
SELECT {_HEAD}, f.provider_adjustments, f.imbalances, f.unread
FROM payer_files f WHERE f.client_id = :client AND f.id = :id
""")  # noqa: S608
_LINES = text("""
SELECT l.number, l.fingerprint, CAST(l.content AS text), l.outcome, l.reason, l.claim_id, c.claim_number,
  l.claim_status, l.settled_at
FROM payer_file_lines l LEFT JOIN claims c ON c.client_id = l.client_id AND c.id = l.claim_id
WHERE l.client_id = :client AND l.file_id = :id ORDER BY l.number
""")
_AFTER = "AND (f.created_at, f.id) < (:at, :last)"
# An array, because the files are looked up by it then: they are few, and the table is long.
_UNMATCHED = """AND f.id = ANY (ARRAY(SELECT DISTINCT o.file_id FROM payer_file_lines o WHERE o.client_id = :client
  AND o.outcome IN ('pending', 'not_posted')))"""
_SETTLE = text("""
UPDATE payer_file_lines SET outcome = :outcome, reason = :reason, claim_id = :claim, claim_status = :status,
  settled_at = now()
WHERE client_id = :client AND file_id = :file AND number = :number AND outcome IN ('pending', 'not_posted')
  AND (outcome, reason, claim_id) IS DISTINCT FROM (:outcome, :reason, CAST(:claim AS uuid))
""")
_POSTED = text("""
SELECT fingerprint, claim_id FROM payer_file_lines
WHERE client_id = :client AND fingerprint = ANY(:fingerprints) AND outcome IN ('posted', 'noted')
""")
_TAKEN = text("""
SELECT claim_id FROM claim_events
WHERE client_id = :client AND source_ref = :source AND source_ref LIKE 'x12:%'
""")
_CANDIDATE = """
SELECT c.id, c.claim_number, c.amount, p.first_name, p.last_name,
  ARRAY(SELECT s.id FROM claims s WHERE s.client_id = c.client_id AND s.secondary_of_id = c.id
    AND s.deleted_at IS NULL AND s.status <> 'voided' ORDER BY s.id)
FROM claims c JOIN patients p ON p.client_id = c.client_id AND p.id = c.patient_id
WHERE c.client_id = :client AND c.deleted_at IS NULL AND {found}
ORDER BY c.id
"""
_BY_NUMBERS = text(_CANDIDATE.format(found="c.claim_number = ANY(:numbers)"))
_BY_CONTROL_NUMBER = text(_CANDIDATE.format(found="c.payer_control_number = :number") + " LIMIT 2")
_BY_ID = text(_CANDIDATE.format(found="c.id = ANY(:ids)"))
# Names are compared by E08, which the database cannot. Of more claims than these nobody says which is meant.
_NAMES_OF_DAY = text("""
SELECT c.id, p.first_name, p.last_name
FROM claims c JOIN patients p ON p.client_id = c.client_id AND p.id = c.patient_id
WHERE c.client_id = :client AND c.deleted_at IS NULL AND c.sort_date = :on AND c.amount = :amount LIMIT :most
""")


class PostgresPayerFileRepository:
    """See PayerFileRepository."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    def recall(self, client_id: UUID, key: IdempotencyKey | None) -> None:
        """See PayerFileRepository.recall."""
        if key is not None:
            with self._postgres.tenant(client_id) as connection:
                recall(connection, client_id, key)

    def answered(self, client_id: UUID, kept: KeptAnswer | None) -> None:
        """See PayerFileRepository.answered."""
        if kept is not None:
            with self._postgres.tenant(client_id) as connection:
                keep(connection, client_id, kept)

    def keep(self, client_id: UUID, file: NewPayerFile, event: AuditEvent) -> tuple[UUID, bool]:
        """See PayerFileRepository.keep."""
        with self._postgres.tenant(client_id) as connection:
            if connection.execute(_KEEP, _columns(client_id, file)).rowcount == 0:
                named = {"client": client_id, "digest": file.digest, "place": file.place}
                kept: UUID = connection.execute(_KEPT, named).scalar_one()
                return kept, False
            lines = [
                {"number": one.number, "fingerprint": one.fingerprint, "content": json.loads(to_json(one.content))}
                for one in file.lines
            ]
            given = {"client": client_id, "file": file.id, "lines": json.dumps(lines)}
            connection.execute(_KEEP_LINES, given)
            add_event(connection, event)
            return file.id, True

    def get(self, client_id: UUID, reference: str, *, seen: AuditEvent | None) -> PayerFile | None:
        """See PayerFileRepository.get."""
        identity = as_uuid(reference)
        if identity is None:
            return None
        with self._postgres.tenant(client_id) as connection:
            named = {"client": client_id, "id": identity}
            row = connection.execute(_GET, named).one_or_none()
            if row is None:
                return None
            lines = tuple(_line(found, row[1]) for found in connection.execute(_LINES, named))
            if seen is not None:
                add_event(connection, seen.model_copy(update={"resource_id": identity}))
        head = _head(row)
        told = (_listed(ProviderAdjustment, row[_COLUMNS_OF_HEAD]), _listed(Imbalance, row[_COLUMNS_OF_HEAD + 1]))
        return PayerFile(head, *told, tuple(row[_COLUMNS_OF_HEAD + 2]), lines)

    def find(
        self,
        client_id: UUID,
        wanted: FileFilter,
        *,
        after: tuple[datetime, UUID] | None,
        limit: int,
        seen: AuditEvent | None,
    ) -> list[PayerFileHead]:
        """See PayerFileRepository.find."""
        conditions = " ".join([*([_AFTER] if after else []), *([_UNMATCHED] if wanted.unmatched else [])])
        statement = text(
            f"SELECT {_HEAD} FROM payer_files f WHERE f.client_id = :client AND f.kind = ANY(:kinds)"  # noqa: S608
            f" {conditions} ORDER BY f.created_at DESC, f.id DESC LIMIT :limit"
        )
        given: dict[str, Any] = {"client": client_id, "kinds": list(wanted.kinds), "limit": limit}
        if after is not None:
            given |= {"at": after[0], "last": after[1]}
        with self._postgres.tenant(client_id) as connection:
            found = [_head(row) for row in connection.execute(statement, given)]
            if seen is not None:
                add_event(connection, seen)
        return found

    def settle(
        self, client_id: UUID, file_id: UUID, number: int, settlement: Settlement, event: AuditEvent | None
    ) -> bool:
        """See PayerFileRepository.settle."""
        given = {
            "client": client_id,
            "file": file_id,
            "number": number,
            "outcome": settlement.outcome,
            "reason": settlement.reason,
            "claim": settlement.claim_id,
            "status": settlement.claim_status,
        }
        with self._postgres.tenant(client_id) as connection:
            said = connection.execute(_SETTLE, given).rowcount == 1
            if said and event is not None:
                add_event(connection, event)
        return said

    def posted_before(self, client_id: UUID, fingerprints: Collection[str]) -> Mapping[str, UUID]:
        """See PayerFileRepository.posted_before."""
        with self._postgres.tenant(client_id) as connection:
            given = {"client": client_id, "fingerprints": list(fingerprints)}
            return {row[0]: row[1] for row in connection.execute(_POSTED, given)}

    def taken(self, client_id: UUID, source_ref: str) -> UUID | None:
        """See PayerFileRepository.taken."""
        with self._postgres.tenant(client_id) as connection:
            given = {"client": client_id, "source": source_ref}
            found: UUID | None = connection.execute(_TAKEN, given).scalar_one_or_none()
        return found

    def by_numbers(self, client_id: UUID, claim_numbers: Collection[str]) -> Mapping[str, ClaimCandidate]:
        """See PayerFileRepository.by_numbers."""
        found = self._candidates(client_id, _BY_NUMBERS, {"numbers": list(claim_numbers)})
        return {one.claim_number: one for one in found}

    def by_control_number(self, client_id: UUID, control_number: str) -> tuple[ClaimCandidate, ...]:
        """See PayerFileRepository.by_control_number."""
        return self._candidates(client_id, _BY_CONTROL_NUMBER, {"number": control_number})

    def by_person(self, client_id: UUID, wanted: WantedPerson) -> tuple[ClaimCandidate, ...]:
        """See PayerFileRepository.by_person."""
        given = {"client": client_id, "on": wanted.service_date, "amount": wanted.amount, "most": MOST_OF_A_DAY}
        named = (wanted.first_name, wanted.last_name)
        with self._postgres.tenant(client_id) as connection:
            rows = connection.execute(_NAMES_OF_DAY, given).all()
            full = len(rows) == MOST_OF_A_DAY
            ids = [row[0] for row in rows if full or same_name((row[1], row[2]), named)]
            return _read_candidates(connection, _BY_ID, {"client": client_id, "ids": sorted(ids)[:2]}) if ids else ()

    def _candidates(self, client_id: UUID, statement: Any, given: Mapping[str, object]) -> tuple[ClaimCandidate, ...]:
        with self._postgres.tenant(client_id) as connection:
            return _read_candidates(connection, statement, {"client": client_id, **given})


def _read_candidates(connection: Connection, statement: Any, given: Mapping[str, object]) -> tuple[ClaimCandidate, ...]:
    return tuple(
        ClaimCandidate(identity, number, amount, first, last, tuple(secondaries))
        for identity, number, amount, first, last, secondaries in connection.execute(statement, given)
    )


def _columns(client_id: UUID, file: NewPayerFile) -> dict[str, object]:
    return {
        "id": file.id,
        "client": client_id,
        "kind": file.kind,
        "digest": file.digest,
        "place": file.place,
        "trace": file.trace_number,
        "payer_name": file.payer_name,
        "payer_reference": file.payer_id,
        "amount": file.amount,
        "method": file.method,
        "dated_on": file.dated_on,
        "provider_adjustments": _json(file.provider_adjustments),
        "imbalances": _json(file.imbalances),
        "unread": json.dumps(file.unread),
    }


def _json(values: tuple[object, ...]) -> str:
    return json.dumps([json.loads(to_json(one)) for one in values])


def _listed(of: type[T], stored: list[dict[str, Any]]) -> tuple[T, ...]:
    read = (from_json(of, json.dumps(one)) for one in stored)
    return tuple(one for one in read if one is not None)


def _head(row: Row[Any]) -> PayerFileHead:
    identity, kind, trace, payer_name, payer_id, amount, method, dated_on, received_at, counts = row[:_COLUMNS_OF_HEAD]
    return PayerFileHead(
        id=identity,
        kind=kind,
        trace_number=trace,
        payer_name=payer_name,
        payer_id=payer_id,
        amount=amount,
        method=method,
        dated_on=dated_on,
        received_at=received_at,
        counts=counts or {},
    )


def _line(row: Row[Any], kind: str) -> PayerFileLine:
    number, fingerprint, content, outcome, reason, claim_id, claim_number, claim_status, settled_at = tuple(row)
    return PayerFileLine(
        number=number,
        fingerprint=fingerprint,
        content=_content(content, kind),
        outcome=outcome,
        reason=reason,
        claim_id=claim_id,
        claim_number=claim_number,
        claim_status=claim_status,
        settled_at=settled_at,
    )


def _content(stored: str, kind: str) -> LineContent | None:
    if kind == "remittance":
        return from_json(ClaimPayment, stored)
    return from_json(ClaimStatusAnswer, stored)
