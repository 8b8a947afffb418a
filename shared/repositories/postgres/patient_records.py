"""A patient's claims and visits in PostgreSQL, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from shared.db.postgres import Postgres
from shared.models.audit import AuditEvent
from shared.models.patient_records import DatedClaim, PatientClaims, PatientVisits, VisitOnFile
from shared.models.records import Claim, Patient, Payer
from shared.repositories.postgres.eligibility_file import read_patient
from shared.repositories.postgres.transaction import add_event

_CLAIMS = text("""
SELECT c.id, c.claim_number, c.status, c.amount, c.paid_amount, c.currency, c.service_date, c.submitted_date, y.name,
  c.denial_reason, c.version, c.next_deadline_at, c.filing_due_on, c.coverage_id,
  c.authorization_id, c.provider_id, c.diagnosis_codes, y.id, y.name, y.program, y.network, y.real_time_supported,
  y.electronic_id, y.plan_year_month, y.filing_days, y.version
FROM (SELECT * FROM claims WHERE client_id = :client AND patient_id = :patient AND deleted_at IS NULL
    AND sort_date BETWEEN :first AND :last ORDER BY sort_date DESC, id DESC LIMIT :limit) c
  LEFT JOIN payers y ON y.id = c.payer_id
ORDER BY c.sort_date DESC, c.id DESC
""")
_VISITS = text("""
SELECT v.id, v.visit_number, v.visit_date, v.starts_at, v.visit_type, v.reason, v.status, v.readiness, v.provider_id,
  p.name
FROM (SELECT * FROM visits WHERE client_id = :client AND patient_id = :patient AND deleted_at IS NULL
    AND visit_date BETWEEN :first AND :last ORDER BY visit_date DESC, id DESC LIMIT :limit) v
  LEFT JOIN providers p ON p.id = v.provider_id
ORDER BY v.visit_date DESC, v.id DESC
""")
_CLAIM_COLUMNS = 11
_WITH_IT = 6  # from the deadline to the diagnosis codes; the payer follows
_EVER = date(9999, 12, 31)


class PostgresPatientRecordRepository:
    """See PatientRecordRepository."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    def claims(
        self,
        client_id: UUID,
        reference: str,
        *,
        first: date | None,
        last: date | None,
        limit: int,
        seen: AuditEvent | None,
    ) -> PatientClaims | None:
        """See PatientRecordRepository.claims."""
        # A claim without a service date sorts before every date: a range that begins somewhere leaves it out.
        begin = first or (date.min if last is None else date(1, 1, 2))
        with self._postgres.tenant(client_id) as connection:
            patient = _seen_patient(connection, client_id, reference, seen)
            if patient is None:
                return None
            rows = connection.execute(_CLAIMS, _range(client_id, patient, begin, last, limit)).all()
        return PatientClaims(patient, tuple(_claim(row) for row in rows[:limit]), complete=len(rows) <= limit)

    def visits(
        self,
        client_id: UUID,
        reference: str,
        *,
        first: date | None,
        last: date | None,
        limit: int,
        seen: AuditEvent | None,
    ) -> PatientVisits | None:
        """See PatientRecordRepository.visits."""
        with self._postgres.tenant(client_id) as connection:
            patient = _seen_patient(connection, client_id, reference, seen)
            if patient is None:
                return None
            rows = connection.execute(_VISITS, _range(client_id, patient, first or date.min, last, limit)).all()
        return PatientVisits(patient, tuple(VisitOnFile(*row) for row in rows[:limit]), complete=len(rows) <= limit)


def _seen_patient(connection: Connection, client_id: UUID, reference: str, seen: AuditEvent | None) -> Patient | None:
    """Read the patient, and record that somebody did."""
    patient = read_patient(connection, client_id, reference)
    if patient is not None and seen is not None:
        add_event(connection, seen.model_copy(update={"resource_id": patient.id, "patient_ref": str(patient.id)}))
    return patient


def _range(client_id: UUID, patient: Patient, first: date, last: date | None, limit: int) -> dict[str, Any]:
    return {"client": client_id, "patient": patient.id, "first": first, "last": last or _EVER, "limit": limit + 1}


def _claim(row: Sequence[Any]) -> DatedClaim:
    claim, rest = Claim(*row[:_CLAIM_COLUMNS]), row[_CLAIM_COLUMNS:]
    (deadline, filing, coverage, authorization, provider, diagnoses), payer = rest[:_WITH_IT], rest[_WITH_IT:]
    known = None if payer[0] is None else Payer(*payer)
    return DatedClaim(claim, known, deadline, filing, coverage, authorization, provider, tuple(diagnoses))
