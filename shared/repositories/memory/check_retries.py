"""The checks that are made again by themselves, in memory."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from shared.models.audit import AuditEvent
from shared.models.typed_json import from_json
from shared.models.verdict import VerdictReceipt
from shared.repositories.eligibility_protocols import AskedBefore, CheckRetry, Decide
from shared.repositories.memory.check_rows import store_check
from shared.repositories.memory.eligibility import InMemoryEligibilityRepository
from shared.repositories.memory.tables import InMemoryTables, PlannedRetry, Question


class InMemoryCheckRetryQueue:
    """See CheckRetryQueue. `time_zone` is that of every organisation."""

    def __init__(
        self, tables: InMemoryTables, eligibility: InMemoryEligibilityRepository, *, time_zone: str = "America/New_York"
    ) -> None:
        self._tables = tables
        self._eligibility = eligibility
        self._time_zone = time_zone

    def claim(self, *, now: datetime, until: datetime) -> CheckRetry | None:
        """See CheckRetryQueue.claim."""
        with self._tables.lock:
            due = [(planned.due_at, planned.check_id, question) for question, planned in self._due(now)]
            if not due:
                return None
            _, check_id, question = min(due)
            self._tables.retries[question].leased_until = until
            return CheckRetry(question[0], check_id, until)

    def _due(self, now: datetime) -> list[tuple[Question, PlannedRetry]]:
        return [
            (question, planned)
            for question, planned in self._tables.retries.items()
            if planned.due_at <= now and (planned.leased_until is None or planned.leased_until <= now)
        ]

    def asked_before(self, retry: CheckRetry) -> AskedBefore:
        """See CheckRetryQueue.asked_before."""
        rows = self._tables.of(retry.client_id, "eligibility_checks")
        row = next(row for row in rows if row["id"] == retry.check_id)
        receipt = from_json(VerdictReceipt, row["receipt"])
        visit: UUID | None = None if receipt is None else receipt.inputs.question.visit_id
        asked = (row["patient_id"], row["date_of_service"], row["service_type"], visit)
        return AskedBefore(*asked, row["attempts"], row["checked_by"], self._time_zone)

    def settle(self, retry: CheckRetry, asked: AskedBefore, *, today: date, decide: Decide, late: AuditEvent) -> bool:
        """See CheckRetryQueue.settle."""
        with self._tables.lock:
            file = self._eligibility.file_of(
                retry.client_id, str(asked.patient_id), visit_id=asked.visit_id, today=today
            )
            question = self._question(retry)
            if file is None or question is None:
                self.drop(retry)
                self._tables.record(late)
                return False
            new = decide(file, self._eligibility.previous(retry.client_id, file.patient.id))
            del self._tables.retries[question]
            store_check(self._tables, retry.client_id, new)
            return True

    def drop(self, retry: CheckRetry) -> None:
        """See CheckRetryQueue.drop."""
        with self._tables.lock:
            question = self._question(retry)
            if question is not None:
                del self._tables.retries[question]

    def _question(self, retry: CheckRetry) -> Question | None:
        """Whose turn it still is: the question that `retry` was lent for."""
        lent = (retry.client_id, retry.check_id, retry.leased_until)
        for question, planned in self._tables.retries.items():
            if (question[0], planned.check_id, planned.leased_until) == lent:
                return question
        return None
