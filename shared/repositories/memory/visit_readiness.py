"""The readiness of visits in memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from shared.domain.visit.readiness import HeldReadiness, asked_of
from shared.models.audit import AuditEvent
from shared.models.identifiers import uuid7
from shared.models.visit import VisitStep
from shared.repositories.memory.eligibility import InMemoryEligibilityRepository
from shared.repositories.memory.tables import InMemoryTables
from shared.repositories.memory.visit_trails import caught_up
from shared.repositories.visit_readiness_protocols import OPEN_STATUSES, DecideReadiness, OpenVisit
from shared.repositories.visit_rows import reasons_of, reasons_rows

Row = dict[str, Any]


class InMemoryVisitReadinessRepository:
    """See VisitReadinessRepository."""

    def __init__(self, tables: InMemoryTables, eligibility: InMemoryEligibilityRepository) -> None:
        self._tables = tables
        self._eligibility = eligibility

    def open_visits(self, client_id: UUID, patients: Sequence[UUID], today: date) -> list[OpenVisit]:
        """See VisitReadinessRepository.open_visits."""
        with self._tables.lock:
            asked = {
                (row["patient_id"], row["date_of_service"]) for row in self._tables.of(client_id, "eligibility_checks")
            }
            rows = [
                row
                for row in self._tables.of(client_id, "visits")
                if row["patient_id"] in patients
                and _is_open(row, today)
                and (_held(row) != HeldReadiness() or (row["patient_id"], row["visit_date"]) in asked)
            ]
        return [OpenVisit(row["id"], row["patient_id"]) for row in sorted(rows, key=lambda row: row["id"])]

    def settle(
        self, client_id: UUID, visit: OpenVisit, today: date, decide: DecideReadiness, event: AuditEvent
    ) -> bool:
        """See VisitReadinessRepository.settle."""
        with self._tables.lock:
            row = self._tables.one(client_id, "visits", "visit_number", str(visit.id))
            if row is None or not _is_open(row, today):
                return False
            file = self._eligibility.file_of(client_id, str(row["patient_id"]), visit_id=visit.id, today=today)
            if file is None:
                return False
            check = self._eligibility.newest_about(client_id, row["patient_id"], row["visit_date"])
            held = _held(row)
            after = decide(held, asked_of(file, file.context_visit, check))
            if after is None:
                return False
            self._write(row, held, after)
            self._tables.record(event)
            return True

    def _write(self, row: Row, held: HeldReadiness, after: HeldReadiness) -> None:
        trail = caught_up(self._tables, row)
        row.update(
            {
                "readiness": after.readiness,
                "readiness_reasons": tuple(reasons_rows(after.reasons)),
                "readiness_source": after.source,
                "version": row["version"] + 1,
                "updated_at": datetime.now(UTC),
            }
        )
        codes = ", ".join(one.code for one in after.reasons) or None
        step = VisitStep(uuid7(), "readiness", held.readiness, after.readiness, codes, None, datetime.now(UTC))
        trail.append(step)


def _is_open(row: Row, today: date) -> bool:
    return row["visit_date"] >= today and row["status"] in OPEN_STATUSES


def _held(row: Row) -> HeldReadiness:
    return HeldReadiness(row["readiness"], reasons_of(row["readiness_reasons"]), row["readiness_source"])
