"""The eligibility mode's reads and writes in PostgreSQL: one statement reads a patient's whole file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from shared.db.postgres import Postgres
from shared.models.audit import AuditEvent
from shared.models.caller import IdempotencyKey
from shared.models.coverage_changes import AskedCoverage, CoverageChanges, NamedPayer
from shared.models.payer_answer import CheckFailure
from shared.models.records import (
    Claim,
    EligibilityCheck,
    EligibilityFile,
    Patient,
)
from shared.models.typed_json import from_json
from shared.models.verdict import Difference, VerdictReceipt
from shared.repositories.eligibility_protocols import Answered, Conclude, Decide, NewCheck, PreviousCheck, StoredCheck
from shared.repositories.postgres.check_rows import store_check
from shared.repositories.postgres.coverage_changes import hold_coverages, write_changes
from shared.repositories.postgres.eligibility_file import (
    CHECK,
    FILE_TO_CHECK,
    file_in,
    previous_in,
    read_check,
    read_file,
    read_patient,
    read_row,
)
from shared.repositories.postgres.transaction import add_event, as_uuid, claim, keep, recall, release

_CHECK = """
SELECT id, state, created_at, receipt, difference, failure FROM eligibility_checks
WHERE client_id = :client AND patient_id = :patient AND {which} ORDER BY created_at DESC, id DESC LIMIT 1
"""
_THE_CHECK, _NEWEST_CHECK = (text(_CHECK.format(which=which)) for which in ("id = :id", "state = 'completed'"))

# The newest check with an outcome, and of each day from :today on the newest about it.
_SETTLED = text(f"""
WITH newest AS (
  SELECT {CHECK} AS found FROM eligibility_checks e
  WHERE e.client_id = :client AND e.patient_id = :patient AND e.state IN ('completed', 'failed')
  ORDER BY e.created_at DESC, e.id DESC LIMIT 1),
ahead AS (
  SELECT DISTINCT ON (e.date_of_service) {CHECK} AS found FROM eligibility_checks e
  WHERE e.client_id = :client AND e.patient_id = :patient AND e.state IN ('completed', 'failed')
    AND e.date_of_service >= :today
  ORDER BY e.date_of_service, e.created_at DESC, e.id DESC)
SELECT found FROM newest UNION ALL SELECT found FROM ahead
""")  # noqa: S608 (a constant)

_WITH_CHECKS = text("""
SELECT p FROM unnest(CAST(:patients AS uuid[])) AS p
WHERE EXISTS (SELECT 1 FROM eligibility_checks e WHERE e.client_id = :client AND e.patient_id = p)
  OR EXISTS (SELECT 1 FROM authorizations a WHERE a.client_id = :client AND a.patient_id = p)
""")

_CLAIMS = """
SELECT c.id, c.claim_number, c.status, c.amount, c.paid_amount, c.currency, c.service_date, c.submitted_date, y.name,
  c.denial_reason, c.version
FROM claims c LEFT JOIN payers y ON y.id = c.payer_id
WHERE c.client_id = :client AND c.patient_id = :patient AND c.deleted_at IS NULL {conditions}
ORDER BY c.sort_date DESC, c.id DESC LIMIT :limit
"""
_BEHIND = "AND (c.sort_date, c.id) < (CAST(:after_date AS date), CAST(:after_id AS uuid))"

_PROVIDER = text("""
SELECT id FROM providers
WHERE client_id = :client AND deleted_at IS NULL AND (provider_number = :reference OR id = :uuid)
ORDER BY provider_number = :reference DESC LIMIT 1
""")
_VISITS = text("""
SELECT id FROM visits
WHERE client_id = :client AND deleted_at IS NULL AND visit_date BETWEEN :first AND :last
  AND status NOT IN ('cancelled', 'rescheduled')
  AND (CAST(:provider AS uuid) IS NULL OR provider_id = CAST(:provider AS uuid))
ORDER BY visit_date, sort_at, id LIMIT :limit
""")


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
        decide: Decide,
    ) -> NewCheck | None:
        """See EligibilityRepository.check."""
        with self._postgres.tenant(client_id) as connection:
            recall(connection, client_id, key)
            found = _to_check(connection, client_id, reference, visit_id, today)
            if found is None:
                return None
            new = decide(*found)
            store_check(connection, client_id, new)
            keep(connection, client_id, new.kept)
            return new

    def recall(self, client_id: UUID, key: IdempotencyKey | None) -> None:
        """See EligibilityRepository.recall."""
        with self._postgres.tenant(client_id) as connection:
            recall(connection, client_id, key)

    def claim(self, client_id: UUID, key: IdempotencyKey) -> bool:
        """See EligibilityRepository.claim."""
        with self._postgres.tenant(client_id) as connection:
            recall(connection, client_id, key)
            return claim(connection, client_id, key)

    def release(self, client_id: UUID, key: IdempotencyKey) -> None:
        """See EligibilityRepository.release."""
        with self._postgres.tenant(client_id) as connection:
            release(connection, client_id, key)

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
        with self._postgres.tenant(client_id) as connection:
            recall(connection, client_id, key)
            known, payer = hold_coverages(connection, client_id, reference, asked)
            recall(connection, client_id, key)  # again: a request with the same key may have been waited for
            file = read_file(connection, client_id, reference, visit_id, today)
            if not known or file is None:
                return None
            write_changes(connection, client_id, file.coverages, decide(file, payer), changed_by)
            done = conclude(*(_to_check(connection, client_id, reference, visit_id, today) or (file, None)))
            if isinstance(done, NewCheck):
                store_check(connection, client_id, done)
            else:
                add_event(connection, done.event)
            keep(connection, client_id, done.kept)
            return done

    def check_of(
        self, client_id: UUID, patient_id: UUID, check_id: UUID | None, *, seen: AuditEvent | None
    ) -> StoredCheck | None:
        """See EligibilityRepository.check_of."""
        parameters: dict[str, Any] = {"client": client_id, "patient": patient_id}
        statement = _NEWEST_CHECK
        if check_id is not None:
            statement, parameters = _THE_CHECK, parameters | {"id": check_id}
        with self._postgres.tenant(client_id) as connection:
            row = connection.execute(statement, parameters).one_or_none()
            if row is None:
                return None
            if seen is not None:
                whose = {"resource_id": row.id, "patient_ref": str(patient_id)}
                add_event(connection, seen.model_copy(update=whose))
            return StoredCheck(
                row.id,
                row.state,
                row.created_at,
                from_json(VerdictReceipt, row.receipt),
                from_json(Difference, row.difference),
                from_json(CheckFailure, row.failure),
            )

    def with_checks(self, client_id: UUID, patients: Sequence[UUID]) -> set[UUID]:
        """See EligibilityRepository.with_checks."""
        asked = {"client": client_id, "patients": [str(patient) for patient in patients]}
        with self._postgres.tenant(client_id) as connection:
            return set(connection.execute(_WITH_CHECKS, asked).scalars())

    def settled_checks(self, client_id: UUID, patient_id: UUID, today: date) -> list[EligibilityCheck]:
        """See EligibilityRepository.settled_checks."""
        asked = {"client": client_id, "patient": patient_id, "today": today}
        with self._postgres.tenant(client_id) as connection:
            checks = {check.id: check for check in map(read_check, connection.execute(_SETTLED, asked).scalars())}
        return sorted(checks.values(), key=lambda one: (one.checked_at, one.id), reverse=True)

    def visits_between(
        self, client_id: UUID, first: date, last: date, *, provider: str | None, limit: int
    ) -> list[UUID] | None:
        """See EligibilityRepository.visits_between."""
        named = {"client": client_id, "reference": provider, "uuid": as_uuid(provider) if provider else None}
        with self._postgres.tenant(client_id) as connection:
            found = None
            if provider is not None:
                found = connection.execute(_PROVIDER, named).scalar_one_or_none()
                if found is None:
                    return None
            asked = {"client": client_id, "first": first, "last": last, "provider": found, "limit": limit}
            return list(connection.execute(_VISITS, asked).scalars())

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


def _to_check(
    connection: Connection, client_id: UUID, reference: str, visit_id: UUID | None, today: date
) -> tuple[EligibilityFile, PreviousCheck | None] | None:
    """The file of a patient, and the newest completed check."""
    row = read_row(connection, FILE_TO_CHECK, client_id, reference, visit_id, today)
    return None if row is None else (file_in(row), previous_in(row))
