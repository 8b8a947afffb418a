"""The eligibility mode's reads and writes in memory."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

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
from shared.repositories.memory.records import read_patient
from shared.repositories.memory.tables import NO_DATE, InMemoryTables
from shared.repositories.protocols import NewCheck


class InMemoryEligibilityRepository:
    """See EligibilityRepository."""

    def __init__(self, tables: InMemoryTables) -> None:
        self._tables = tables

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
        patient = read_patient(self._tables, client_id, reference)
        if patient is None:
            return None
        if seen is not None:
            self._tables.record(_about(seen, patient))
        return self._file(client_id, patient, visit_id, today)

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
        with self._tables.lock:
            self._tables.answers.recall(key)
            file = self.file_of(client_id, reference, visit_id=visit_id, today=today)
            if file is None:
                return None
            new = decide(file)
            self._tables.answers.keep(new.kept)
            self._tables.add("eligibility_checks", _check_row(client_id, new))
            self._tables.record(new.event)
            return new

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
        patient = read_patient(self._tables, client_id, reference)
        if patient is None:
            return None
        rows = [row for row in self._of_patient(client_id, "claims", patient.id) if status in (None, row["status"])]
        if after is not None:
            rows = [row for row in rows if _position(row) < after]
        rows.sort(key=_position, reverse=True)
        if seen is not None:
            self._tables.record(_about(seen, patient))
        names = {row["id"]: row["name"] for row in self._tables.of(client_id, "payers")}
        return patient, [_claim(row, names.get(row["payer_id"])) for row in rows[:limit]]

    def _of_patient(self, client_id: UUID, table: str, patient_id: UUID) -> list[dict[str, Any]]:
        return [row for row in self._tables.of(client_id, table) if row["patient_id"] == patient_id]

    def _file(self, client_id: UUID, patient: Patient, visit_id: UUID | None, today: date) -> EligibilityFile:
        payers = {row["id"]: row for row in self._tables.of(client_id, "payers")}
        coverages = self._of_patient(client_id, "coverages", patient.id)
        coverages.sort(key=lambda row: (row["rank"], -(row["period_start"] or date.max).toordinal(), row["id"]))
        insurers = {row["payer_id"] for row in coverages}
        authorizations = self._of_patient(client_id, "authorizations", patient.id)
        authorizations.sort(key=lambda row: (-(row["requested_date"] or NO_DATE).toordinal(), row["id"]))
        visits = self._of_patient(client_id, "visits", patient.id)
        coming = [row for row in visits if row["visit_date"] >= today and row["status"] in {"scheduled", "confirmed"}]
        checks = self._of_patient(client_id, "eligibility_checks", patient.id)
        return EligibilityFile(
            patient=patient,
            coverages=tuple(_coverage(row, payers[row["payer_id"]]) for row in coverages),
            payer_rules=tuple(
                payer_rule(row) for row in self._tables.of(client_id, "payer_rules") if row["payer_id"] in insurers
            ),
            authorizations=tuple(authorization(self._tables, row) for row in authorizations),
            context_visit=visit_of(next((row for row in visits if row["id"] == visit_id), None)),
            next_visit=visit_of(min(coming, key=lambda row: (row["visit_date"], row["id"]), default=None)),
            newest_check=_check(max(checks, key=lambda row: (row["created_at"], row["id"]), default=None)),
        )


def _about(seen: AuditEvent, patient: Patient) -> AuditEvent:
    return seen.model_copy(update={"resource_id": patient.id, "patient_ref": str(patient.id)})


def _position(row: dict[str, Any]) -> tuple[date, UUID]:
    return row["service_date"] or NO_DATE, row["id"]


def _coverage(row: dict[str, Any], payer: dict[str, Any]) -> Coverage:
    members = ("plan_name", "member_id", "rank", "period_start", "period_end", "status", "copay", "version")
    return Coverage(row["id"], payer["id"], payer["name"], payer["kind"], *(row[member] for member in members))


def authorization(tables: InMemoryTables, row: dict[str, Any]) -> Authorization:
    """Return an authorization's row with the visits that are linked to it."""
    linked = [visit for visit in tables.of(row["client_id"], "visits") if visit["authorization_id"] == row["id"]]
    linked.sort(key=lambda visit: (visit["visit_date"], visit["id"]))
    holds = (VisitHold(one["id"], one["visit_date"], one["status"], one["authorization_units"]) for one in linked)
    return authorization_of(row, holds)


def payer_rule(row: dict[str, Any]) -> PayerRule:
    """Return a payer rule's row."""
    members = {member: row[member] for member in PayerRule.__dataclass_fields__}
    return PayerRule(**members | {"required_fields": tuple(row["required_fields"])})


def visit_of(row: dict[str, Any] | None) -> Visit | None:
    """Return a visit's row."""
    return None if row is None else Visit(**{member: row[member] for member in Visit.__dataclass_fields__})


def _claim(row: dict[str, Any], payer_name: str | None) -> Claim:
    members = {member: row[member] for member in Claim.__dataclass_fields__ if member != "payer_name"}
    return Claim(payer_name=payer_name, **members)


def _check(row: dict[str, Any] | None) -> EligibilityCheck | None:
    if row is None:
        return None
    members = {member: row[member] for member in EligibilityCheck.__dataclass_fields__ if member != "checked_at"}
    return EligibilityCheck(checked_at=row["created_at"], **members)


def _check_row(client_id: UUID, new: NewCheck) -> dict[str, Any]:
    receipt = new.verdict
    return {
        "id": new.id,
        "client_id": client_id,
        "patient_id": new.patient_id,
        "coverage_id": receipt.coverage_id,
        "date_of_service": receipt.date_of_service,
        "service_type": receipt.service_type,
        "verdict": receipt.verdict,
        "requires_auth": receipt.requires_auth,
        "status": receipt.status,
        "reasons": tuple(evidence.code for evidence in receipt.evidence),
        "checked_by": new.checked_by,
    }
