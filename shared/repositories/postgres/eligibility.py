"""The eligibility mode's reads and writes in PostgreSQL: one statement reads a patient's whole file."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from shared.db.postgres import Postgres
from shared.models.audit import AuditEvent
from shared.models.authorization import VisitHold
from shared.models.caller import IdempotencyKey
from shared.models.records import (
    Authorization,
    Claim,
    Coverage,
    EligibilityCheck,
    EligibilityFile,
    Patient,
    PayerRule,
    Visit,
)
from shared.repositories.authorization_rows import authorization_of
from shared.repositories.postgres.transaction import add_event, as_date, as_uuid, is_duplicate_key, keep, recall
from shared.repositories.protocols import NewCheck

# What is read of a row, as JSON; the text goes into several statements.
VISIT = """jsonb_build_array(v.id, v.visit_number, v.visit_date, v.visit_type, v.status, v.provider_id,
  v.patient_id, v.authorization_id)"""
PAYER_RULE = """jsonb_build_array(r.id, r.payer_id, r.service_type, r.requires_auth, r.required_fields,
  r.decision_hours, r.decision_days)"""
AUTHORIZATION = """to_jsonb(a) || jsonb_build_object('visits', (
  SELECT jsonb_agg(jsonb_build_array(v.id, v.visit_date, v.status, v.authorization_units) ORDER BY v.visit_date, v.id)
  FROM visits v WHERE v.client_id = a.client_id AND v.authorization_id = a.id AND v.deleted_at IS NULL))"""

_FILE = text(f"""
SELECT p.id, p.mrn, p.first_name, p.last_name, p.date_of_birth, p.sex, p.phone, p.version,
  (SELECT jsonb_agg(jsonb_build_array(c.id, c.payer_id, y.name, y.kind, c.plan_name, c.member_id, c.rank,
      c.period_start, c.period_end, c.status, c.copay::text, c.version) ORDER BY c.rank, c.period_start DESC, c.id)
    FROM coverages c JOIN payers y ON y.id = c.payer_id
    WHERE c.client_id = p.client_id AND c.patient_id = p.id AND c.deleted_at IS NULL),
  (SELECT jsonb_agg({PAYER_RULE}) FROM payer_rules r
    WHERE r.client_id = p.client_id AND r.deleted_at IS NULL AND r.payer_id IN (
      SELECT c.payer_id FROM coverages c WHERE c.client_id = p.client_id AND c.patient_id = p.id)),
  (SELECT jsonb_agg({AUTHORIZATION} ORDER BY a.requested_date DESC NULLS LAST, a.id)
    FROM authorizations a WHERE a.client_id = p.client_id AND a.patient_id = p.id AND a.deleted_at IS NULL),
  (SELECT {VISIT} FROM visits v
     WHERE v.client_id = p.client_id AND v.patient_id = p.id AND v.id = :visit AND v.deleted_at IS NULL),
  (SELECT {VISIT} FROM visits v
     WHERE v.client_id = p.client_id AND v.patient_id = p.id AND v.visit_date >= :today
      AND v.status IN ('scheduled', 'confirmed') AND v.deleted_at IS NULL ORDER BY v.visit_date, v.id LIMIT 1),
  (SELECT jsonb_build_array(e.id, e.date_of_service, e.service_type, e.verdict, e.requires_auth, e.status, e.reasons,
      e.created_at)
    FROM eligibility_checks e WHERE e.client_id = p.client_id AND e.patient_id = p.id
    ORDER BY e.created_at DESC, e.id DESC LIMIT 1)
FROM patients p
WHERE p.client_id = :client AND p.deleted_at IS NULL AND (p.mrn = :reference OR p.id = :uuid)
ORDER BY p.mrn = :reference DESC LIMIT 1
""")  # noqa: S608 (constants above)

_INSERT_CHECK = text("""
WITH outbox AS (
  INSERT INTO audit_outbox (id, client_id, event) VALUES (:event_id, :client, CAST(:event AS jsonb))
)
INSERT INTO eligibility_checks (id, client_id, patient_id, coverage_id, date_of_service, service_type, verdict,
  requires_auth, status, reasons, receipt, checked_by)
VALUES (:id, :client, :patient, :coverage, :on, :service, :verdict, :requires_auth, :status, CAST(:reasons AS jsonb),
  CAST(:receipt AS jsonb), :checked_by)
""")

_PATIENT = text("""
SELECT id, mrn, first_name, last_name, date_of_birth, sex, phone, version FROM patients
WHERE client_id = :client AND deleted_at IS NULL AND (mrn = :reference OR id = :uuid)
ORDER BY mrn = :reference DESC LIMIT 1
""")

_CLAIMS = """
SELECT c.id, c.claim_number, c.status, c.amount, c.paid_amount, c.currency, c.service_date, c.submitted_date, y.name,
  c.denial_reason, c.version
FROM claims c LEFT JOIN payers y ON y.id = c.payer_id
WHERE c.client_id = :client AND c.patient_id = :patient AND c.deleted_at IS NULL {conditions}
ORDER BY coalesce(c.service_date, DATE '0001-01-01') DESC, c.id DESC LIMIT :limit
"""
_BEHIND = (
    "AND (coalesce(c.service_date, DATE '0001-01-01'), c.id) < (CAST(:after_date AS date), CAST(:after_id AS uuid))"
)


class PostgresEligibilityRepository:
    """See EligibilityRepository."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    def file_of(
        self,
        client_id: UUID,
        reference: str,
        *,
        visit_id: UUID | None = None,
        today: date,
        seen: AuditEvent | None = None,
    ) -> EligibilityFile | None:
        """See EligibilityRepository.file_of."""
        with self._postgres.tenant(client_id) as connection:
            file = read_file(connection, client_id, reference, visit_id, today)
            if file is not None and seen is not None:
                add_event(
                    connection,
                    seen.model_copy(update={"resource_id": file.patient.id, "patient_ref": str(file.patient.id)}),
                )
            return file

    def check(
        self,
        client_id: UUID,
        reference: str,
        *,
        visit_id: UUID | None,
        today: date,
        key: IdempotencyKey | None,
        decide: Callable[[EligibilityFile], NewCheck],
    ) -> NewCheck | None:
        """See EligibilityRepository.check."""
        try:
            with self._postgres.tenant(client_id) as connection:
                recall(connection, client_id, key)
                file = read_file(connection, client_id, reference, visit_id, today)
                if file is None:
                    return None
                new = decide(file)
                connection.execute(_INSERT_CHECK, _check_row(client_id, new))
                keep(connection, client_id, new.kept)
                return new
        except IntegrityError as exc:
            if not is_duplicate_key(exc):
                raise
            with self._postgres.tenant(client_id) as connection:
                recall(connection, client_id, key)
            raise

    def claims_of(
        self,
        client_id: UUID,
        reference: str,
        *,
        status: str | None,
        after: tuple[date, UUID] | None,
        limit: int,
        seen: AuditEvent | None,
    ) -> tuple[Patient, list[Claim]] | None:
        """See EligibilityRepository.claims_of."""
        with self._postgres.tenant(client_id) as connection:
            patient = read_patient(connection, client_id, reference)
            if patient is None:
                return None
            parameters: dict[str, Any] = {"client": client_id, "patient": patient.id, "limit": limit}
            conditions = []
            if status is not None:
                conditions.append("AND c.status = :status")
                parameters["status"] = status
            if after is not None:
                conditions.append(_BEHIND)
                parameters |= {"after_date": after[0], "after_id": after[1]}
            rows = connection.execute(text(_CLAIMS.format(conditions=" ".join(conditions))), parameters)
            claims = [Claim(*row) for row in rows]
            if seen is not None:
                add_event(
                    connection, seen.model_copy(update={"resource_id": patient.id, "patient_ref": str(patient.id)})
                )
            return patient, claims


def read_patient(connection: Connection, client_id: UUID, reference: str) -> Patient | None:
    """Return the patient by MRN or uuid."""
    row = connection.execute(
        _PATIENT, {"client": client_id, "reference": reference, "uuid": as_uuid(reference)}
    ).one_or_none()
    return None if row is None else Patient(*row)


def read_file(
    connection: Connection, client_id: UUID, reference: str, visit_id: UUID | None, today: date
) -> EligibilityFile | None:
    """Return the file of a patient by MRN or uuid."""
    parameters = {
        "client": client_id,
        "reference": reference,
        "uuid": as_uuid(reference),
        "visit": visit_id,
        "today": today,
    }
    row = connection.execute(_FILE, parameters).one_or_none()
    return None if row is None else _file(tuple(row))


def _file(row: Sequence[Any]) -> EligibilityFile:
    coverages, rules, authorizations, context_visit, next_visit, check = row[8:]
    return EligibilityFile(
        patient=Patient(*row[:8]),
        coverages=tuple(_coverage(values) for values in coverages or ()),
        payer_rules=tuple(read_rule(values) for values in rules or ()),
        authorizations=tuple(read_authorization(values) for values in authorizations or ()),
        context_visit=read_visit(context_visit),
        next_visit=read_visit(next_visit),
        newest_check=_check(check),
    )


def _coverage(v: list[Any]) -> Coverage:
    return Coverage(
        UUID(v[0]),
        UUID(v[1]),
        v[2],
        v[3],
        v[4],
        v[5],
        v[6],
        as_date(v[7]),
        as_date(v[8]),
        v[9],
        None if v[10] is None else Decimal(v[10]),
        v[11],
    )


def read_rule(v: list[Any]) -> PayerRule:
    """Read what PAYER_RULE selects."""
    return PayerRule(UUID(v[0]), UUID(v[1]), v[2], v[3], tuple(v[4]), v[5], v[6])


def read_authorization(row: dict[str, Any]) -> Authorization:
    """Read what AUTHORIZATION selects."""
    holds = (VisitHold(UUID(v[0]), date.fromisoformat(v[1]), v[2], v[3]) for v in row["visits"] or ())
    return authorization_of(row, holds)


def read_visit(v: list[Any] | None) -> Visit | None:
    """Read what VISIT selects."""
    if v is None:
        return None
    provider, patient, linked = (None if one is None else UUID(one) for one in v[5:])
    return Visit(UUID(v[0]), v[1], date.fromisoformat(v[2]), v[3], v[4], provider, patient, linked)


def _check(v: list[Any] | None) -> EligibilityCheck | None:
    if v is None:
        return None
    reasons = tuple(reason["code"] for reason in v[6])
    return EligibilityCheck(
        UUID(v[0]), date.fromisoformat(v[1]), v[2], v[3], v[4], v[5], reasons, datetime.fromisoformat(v[7])
    )


def _check_row(client_id: UUID, new: NewCheck) -> dict[str, Any]:
    receipt = new.verdict
    reasons = [
        {"rule": evidence.rule, "code": evidence.code, "source": evidence.source} for evidence in receipt.evidence
    ]
    return {
        "event_id": new.event.id,
        "event": new.event.model_dump_json(by_alias=True),
        "id": new.id,
        "client": client_id,
        "patient": new.patient_id,
        "coverage": receipt.coverage_id,
        "on": receipt.date_of_service,
        "service": receipt.service_type,
        "verdict": receipt.verdict,
        "requires_auth": receipt.requires_auth,
        "status": receipt.status,
        "reasons": json.dumps(reasons),
        "receipt": json.dumps({"dateSource": receipt.date_source, "authorizationMet": receipt.authorization_met}),
        "checked_by": new.checked_by,
    }
