"""The eligibility mode's reads and writes in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, TypeVar
from uuid import UUID

from shared.models.audit import AuditEvent
from shared.models.authorization import VisitHold
from shared.models.caller import IdempotencyKey
from shared.models.coverage_changes import AskedCoverage, CoverageChanges, NamedPayer
from shared.models.records import (
    Authorization,
    Benefit,
    Claim,
    Coverage,
    EligibilityCheck,
    EligibilityFile,
    Patient,
    Payer,
    PayerRule,
    Visit,
)
from shared.models.typed_json import from_json
from shared.models.verdict import Difference, VerdictReceipt
from shared.repositories.authorization_rows import authorization_of
from shared.repositories.eligibility_protocols import Answered, Conclude, Decide, NewCheck, PreviousCheck, StoredCheck
from shared.repositories.memory.check_rows import store_check
from shared.repositories.memory.coverage_changes import write_changes
from shared.repositories.memory.records import read_patient
from shared.repositories.memory.tables import NO_DATE, InMemoryTables
from shared.repositories.record_protocols import HistoryEntry
from shared.repositories.visit_protocols import NO_START

R = TypeVar("R")

CALLED_OFF = frozenset({"cancelled", "rescheduled"})


class InMemoryEligibilityRepository:
    """See EligibilityRepository. `history` is that of every record, by its id."""

    def __init__(self, tables: InMemoryTables, history: dict[UUID, list[HistoryEntry]]) -> None:
        self._tables = tables
        self._history = history

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
        decide: Decide,
    ) -> NewCheck | None:
        """See EligibilityRepository.check."""
        with self._tables.lock:
            self._tables.answers.recall(key)
            file = self.file_of(client_id, reference, visit_id=visit_id, today=today)
            if file is None:
                return None
            new = decide(file, self.previous(client_id, file.patient.id))
            self._tables.answers.keep(new.kept)
            store_check(self._tables, client_id, new)
            return new

    def previous(self, client_id: UUID, patient_id: UUID) -> PreviousCheck | None:
        """The newest completed check of a patient."""
        before = self._newest(client_id, patient_id, state="completed")
        return None if before is None else PreviousCheck(before["id"], _receipt(before))

    def recall(self, client_id: UUID, key: IdempotencyKey | None) -> None:
        """See EligibilityRepository.recall."""
        del client_id
        with self._tables.lock:
            self._tables.answers.recall(key)

    def claim(self, client_id: UUID, key: IdempotencyKey) -> bool:
        """See EligibilityRepository.claim."""
        del client_id
        with self._tables.lock:
            return self._tables.answers.claim(key)

    def release(self, client_id: UUID, key: IdempotencyKey) -> None:
        """See EligibilityRepository.release."""
        del client_id
        with self._tables.lock:
            self._tables.answers.claims.pop(key.id, None)

    def change_coverages(
        self,
        client_id: UUID,
        reference: str,
        *,
        visit_id: UUID | None,
        today: date,
        changed_by: UUID,
        key: IdempotencyKey | None,
        decide: Callable[[EligibilityFile, NamedPayer | None], CoverageChanges],
        conclude: Conclude,
        asked: AskedCoverage | None = None,
    ) -> NewCheck | Answered | None:
        """See EligibilityRepository.change_coverages."""
        with self._tables.lock:
            self._tables.answers.recall(key)
            file = self.file_of(client_id, reference, visit_id=visit_id, today=today)
            if file is None:
                return None
            payer = self._tables.one(client_id, "payers", "payer_number", asked.payer) if asked else None
            changes = decide(file, None if payer is None else NamedPayer(payer["id"], payer["kind"]))
            write_changes(self._tables, self._history, file.coverages, changes, changed_by)
            after = self._file(client_id, file.patient, visit_id, today)
            done = conclude(after, self.previous(client_id, file.patient.id))
            self._tables.answers.keep(done.kept)
            if isinstance(done, NewCheck):
                store_check(self._tables, client_id, done)
            else:
                self._tables.record(done.event)
            return done

    def check_of(
        self, client_id: UUID, patient_id: UUID, check_id: UUID | None, *, seen: AuditEvent | None
    ) -> StoredCheck | None:
        """See EligibilityRepository.check_of."""
        row = self._newest(client_id, patient_id, **({"state": "completed"} if check_id is None else {"id": check_id}))
        if row is None:
            return None
        if seen is not None:
            whose = {"resource_id": row["id"], "patient_ref": str(patient_id)}
            self._tables.record(seen.model_copy(update=whose))
        difference = from_json(Difference, row["difference"])
        return StoredCheck(row["id"], row["state"], row["created_at"], _receipt(row), difference, row["failure"])

    def with_checks(self, client_id: UUID, patients: Sequence[UUID]) -> set[UUID]:
        """See EligibilityRepository.with_checks."""
        with self._tables.lock:
            rows = [*self._tables.rows["eligibility_checks"], *self._tables.rows["authorizations"]]
        return {row["patient_id"] for row in rows if row["client_id"] == client_id}.intersection(patients)

    def settled_checks(self, client_id: UUID, patient_id: UUID, today: date) -> list[EligibilityCheck]:
        """See EligibilityRepository.settled_checks."""
        rows = self._of_patient(client_id, "eligibility_checks", patient_id)
        rows = [row for row in rows if row["state"] in {"completed", "failed"}]
        rows.sort(key=lambda row: (row["created_at"], row["id"]), reverse=True)
        days: dict[date, dict[str, Any]] = {}
        for row in rows:
            if row is rows[0] or row["date_of_service"] >= today:
                days.setdefault(row["date_of_service"], row)
        return [_check(row) for row in days.values()]

    def newest_about(self, client_id: UUID, patient_id: UUID, day: date) -> EligibilityCheck | None:
        """The patient's newest check about a day, whatever became of it."""
        row = self._newest(client_id, patient_id, date_of_service=day)
        return None if row is None else _check(row)

    def visits_between(
        self, client_id: UUID, first: date, last: date, *, provider: str | None, limit: int
    ) -> list[UUID] | None:
        """See EligibilityRepository.visits_between."""
        found = None if provider is None else self._tables.one(client_id, "providers", "provider_number", provider)
        if provider is not None and found is None:
            return None
        rows = [
            row
            for row in self._tables.of(client_id, "visits")
            if first <= row["visit_date"] <= last
            and row["status"] not in CALLED_OFF
            and (found is None or row["provider_id"] == found["id"])
        ]
        rows.sort(key=lambda row: (row["visit_date"], row["starts_at"] or NO_START, row["id"]))
        return [row["id"] for row in rows[:limit]]

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

    def _newest(self, client_id: UUID, patient_id: UUID, **wanted: Any) -> dict[str, Any] | None:
        rows = self._of_patient(client_id, "eligibility_checks", patient_id)
        fitting = (row for row in rows if all(row[name] == value for name, value in wanted.items()))
        return max(fitting, key=lambda row: (row["created_at"], row["id"]), default=None)

    def _file(self, client_id: UUID, patient: Patient, visit_id: UUID | None, today: date) -> EligibilityFile:
        payers = {row["id"]: row for row in self._tables.of(client_id, "payers")}
        coverages = self._of_patient(client_id, "coverages", patient.id)
        coverages.sort(key=lambda row: (row["rank"], -(row["period_start"] or date.max).toordinal(), row["id"]))
        insurers = {row["payer_id"] for row in coverages}
        authorizations = self._of_patient(client_id, "authorizations", patient.id)
        authorizations.sort(key=lambda row: (-(row["requested_date"] or NO_DATE).toordinal(), row["id"]))
        visits = self._of_patient(client_id, "visits", patient.id)
        coming = [row for row in visits if row["visit_date"] >= today and row["status"] in {"scheduled", "confirmed"}]
        coming.sort(key=lambda row: (row["visit_date"], row["id"]))
        held = {row["id"] for row in coverages}
        benefits = [row for row in self._tables.of(client_id, "benefits") if row["coverage_id"] in held]
        rules = [row for row in self._tables.of(client_id, "payer_rules") if row["payer_id"] in insurers]
        check = self._newest(client_id, patient.id)
        visit = next((row for row in visits if row["id"] == visit_id), None)
        return EligibilityFile(
            patient=patient,
            coverages=tuple(_coverage(row, payers[row["payer_id"]]) for row in coverages),
            payer_rules=tuple(payer_rule(row) for row in rules),
            authorizations=tuple(authorization(self._tables, row) for row in authorizations),
            context_visit=visit_of(visit),
            newest_check=None if check is None else _check(check),
            payers=tuple(_read(Payer, payers[one]) for one in sorted(insurers)),
            benefits=tuple(_read(Benefit, row) for row in sorted(benefits, key=lambda row: row["id"])),
            booked_visits=tuple(_read(Visit, row) for row in coming),
        )


def _about(seen: AuditEvent, patient: Patient) -> AuditEvent:
    return seen.model_copy(update={"resource_id": patient.id, "patient_ref": str(patient.id)})


def _position(row: dict[str, Any]) -> tuple[date, UUID]:
    return row["service_date"] or NO_DATE, row["id"]


def _coverage(row: dict[str, Any], payer: dict[str, Any]) -> Coverage:
    return _read(Coverage, row | {"payer_name": payer["name"], "payer_kind": payer["kind"]})


def authorization(tables: InMemoryTables, row: dict[str, Any]) -> Authorization:
    """Return an authorization's row with the visits that are linked to it."""
    linked = [visit for visit in tables.of(row["client_id"], "visits") if visit["authorization_id"] == row["id"]]
    linked.sort(key=lambda visit: (visit["visit_date"], visit["id"]))
    holds = (VisitHold(one["id"], one["visit_date"], one["status"], one["authorization_units"]) for one in linked)
    return authorization_of(row, holds)


def payer_rule(row: dict[str, Any]) -> PayerRule:
    """Return a payer rule's row."""
    return _read(PayerRule, row | {"required_fields": tuple(row["required_fields"])})


def visit_of(row: dict[str, Any] | None) -> Visit | None:
    """Return a visit's row."""
    return None if row is None else _read(Visit, row)


def _read(of: type[R], row: dict[str, Any]) -> R:
    members: dict[str, Any] = of.__dataclass_fields__  # type: ignore[attr-defined]
    return of(**{member: row[member] for member in members})


def _claim(row: dict[str, Any], payer_name: str | None) -> Claim:
    members = {member: row[member] for member in Claim.__dataclass_fields__ if member != "payer_name"}
    return Claim(payer_name=payer_name, **members)


def _check(row: dict[str, Any]) -> EligibilityCheck:
    return _read(EligibilityCheck, row | {"checked_at": row["created_at"]})


def _receipt(row: dict[str, Any]) -> VerdictReceipt | None:
    return from_json(VerdictReceipt, row["receipt"])
