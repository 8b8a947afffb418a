"""A check as it goes into the in-memory tables: its row, its audit event, and when the payer is asked again."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from shared.models.typed_json import to_json
from shared.repositories.eligibility_protocols import NewCheck
from shared.repositories.memory.tables import InMemoryTables, PlannedRetry


def store_check(tables: InMemoryTables, client_id: UUID, new: NewCheck) -> None:
    """Store a check with its event; its next attempt takes the place of what was planned for the same question."""
    tables.add("eligibility_checks", _row(client_id, new))
    tables.record(new.event)
    question = (client_id, new.patient_id, new.verdict.date_of_service, new.verdict.service_type)
    if new.next_attempt_at is not None:
        tables.retries[question] = PlannedRetry(new.id, new.next_attempt_at)
    elif new.settles_its_question:
        tables.retries.pop(question, None)


def _row(client_id: UUID, new: NewCheck) -> dict[str, Any]:
    receipt = new.verdict
    return {
        "id": new.id,
        "client_id": client_id,
        "patient_id": new.patient_id,
        "coverage_id": new.coverage_id,
        "date_of_service": receipt.date_of_service,
        "service_type": receipt.service_type,
        "verdict": receipt.verdict,
        "requires_auth": receipt.requires_auth,
        "status": receipt.status,
        "reasons": tuple(evidence.code for evidence in receipt.evidence),
        "receipt": to_json(receipt),
        "checked_by": new.checked_by,
        "state": new.state,
        "source": new.source,
        "answer": new.payer_answer,
        "failure": new.failure,
        "attempts": new.attempts,
        "next_attempt_at": new.next_attempt_at,
        "previous_check_id": new.previous.id if new.previous is not None else None,
        "difference": None if new.difference is None else to_json(new.difference),
    }
