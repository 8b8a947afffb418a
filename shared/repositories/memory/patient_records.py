"""A patient's claims and visits in memory, newest first."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from shared.models.audit import AuditEvent
from shared.models.patient_records import DatedClaim, PatientClaims, PatientVisits, VisitOnFile
from shared.models.records import Claim, Patient, Payer
from shared.repositories.memory.records import read_patient
from shared.repositories.memory.tables import NO_DATE, InMemoryTables


class InMemoryPatientRecordRepository:
    """See PatientRecordRepository."""

    def __init__(self, tables: InMemoryTables) -> None:
        self._tables = tables

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
        patient = self._seen_patient(client_id, reference, seen)
        if patient is None:
            return None
        rows = self._rows(client_id, "claims", "service_date", patient, first, last)
        payers = {row["id"]: row for row in self._tables.of(client_id, "payers")}
        claims = tuple(_claim(row, payers.get(row["payer_id"])) for row in rows[:limit])
        return PatientClaims(patient, claims, complete=len(rows) <= limit)

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
        patient = self._seen_patient(client_id, reference, seen)
        if patient is None:
            return None
        rows = self._rows(client_id, "visits", "visit_date", patient, first, last)
        names = {row["id"]: row["name"] for row in self._tables.of(client_id, "providers")}
        visits = tuple(_visit(row, names.get(row["provider_id"])) for row in rows[:limit])
        return PatientVisits(patient, visits, complete=len(rows) <= limit)

    def _seen_patient(self, client_id: UUID, reference: str, seen: AuditEvent | None) -> Patient | None:
        patient = read_patient(self._tables, client_id, reference)
        if patient is not None and seen is not None:
            whose = {"resource_id": patient.id, "patient_ref": str(patient.id)}
            self._tables.record(seen.model_copy(update=whose))
        return patient

    def _rows(
        self, client_id: UUID, table: str, column: str, patient: Patient, first: date | None, last: date | None
    ) -> list[dict[str, Any]]:
        """Return the patient's rows in the range, newest first; one without a date only where there is no range."""
        rows = [row for row in self._tables.of(client_id, table) if row["patient_id"] == patient.id]
        if first is not None or last is not None:
            dated = [row for row in rows if row[column] is not None]
            rows = [row for row in dated if (first or date.min) <= row[column] <= (last or date.max)]
        rows.sort(key=lambda row: (row[column] or NO_DATE, row["id"]), reverse=True)
        return rows


def _claim(row: dict[str, Any], payer: dict[str, Any] | None) -> DatedClaim:
    members = {member: row[member] for member in Claim.__dataclass_fields__ if member != "payer_name"}
    claim = Claim(payer_name=None if payer is None else payer["name"], **members)
    known = None if payer is None else Payer(**{member: payer[member] for member in Payer.__dataclass_fields__})
    named = {member: row[member] for member in ("filing_due_on", "coverage_id", "authorization_id", "provider_id")}
    return DatedClaim(claim, known, row["next_deadline_at"], **named, diagnosis_codes=tuple(row["diagnosis_codes"]))


def _visit(row: dict[str, Any], provider_name: str | None) -> VisitOnFile:
    members = {member: row[member] for member in VisitOnFile.__dataclass_fields__ if member != "provider_name"}
    return VisitOnFile(provider_name=provider_name, **members)
