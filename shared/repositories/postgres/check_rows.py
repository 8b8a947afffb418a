"""A check as it goes into PostgreSQL: its row, its audit event, and when the payer is asked again, in one statement."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from shared.models.typed_json import to_json
from shared.repositories.eligibility_protocols import NewCheck

_INSERT = """
WITH outbox AS (
  INSERT INTO audit_outbox (id, client_id, event) VALUES (:event_id, :client, CAST(:event AS jsonb))
){planned}
INSERT INTO eligibility_checks (id, client_id, patient_id, coverage_id, date_of_service, service_type, verdict,
  requires_auth, status, reasons, receipt, checked_by, state, source, answer, failure, attempts, next_attempt_at,
  previous_check_id, difference)
VALUES (:id, :client, :patient, :coverage, :on, :service, :verdict, :requires_auth, :status, CAST(:reasons AS jsonb),
  CAST(:receipt AS jsonb), :checked_by, :state, :source, CAST(:answer AS jsonb), CAST(:failure AS jsonb), :attempts,
  :next_attempt_at, :previous, CAST(:difference AS jsonb))
"""
_PLAN = """, planned AS (
  INSERT INTO check_retries (client_id, patient_id, date_of_service, service_type, check_id, due_at)
  VALUES (:client, :patient, :on, :service, :id, :next_attempt_at)
  ON CONFLICT (client_id, patient_id, date_of_service, service_type)
  DO UPDATE SET check_id = excluded.check_id, due_at = excluded.due_at, leased_until = NULL
)"""
_SETTLE = """, settled AS (
  DELETE FROM check_retries WHERE client_id = :client AND patient_id = :patient AND date_of_service = :on
    AND service_type = :service
)"""
_STORE, _STORE_AND_PLAN, _STORE_AND_SETTLE = (text(_INSERT.format(planned=one)) for one in ("", _PLAN, _SETTLE))


def store_check(connection: Connection, client_id: UUID, new: NewCheck) -> None:
    """Store a check with its event; its next attempt takes the place of what was planned for the same question."""
    statement = _STORE_AND_SETTLE if new.settles_its_question else _STORE
    if new.next_attempt_at is not None:
        statement = _STORE_AND_PLAN
    connection.execute(statement, _row(client_id, new))


def _row(client_id: UUID, new: NewCheck) -> dict[str, Any]:
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
        "coverage": new.coverage_id,
        "on": receipt.date_of_service,
        "service": receipt.service_type,
        "verdict": receipt.verdict,
        "requires_auth": receipt.requires_auth,
        "status": receipt.status,
        "reasons": json.dumps(reasons),
        "receipt": to_json(receipt),
        "checked_by": new.checked_by,
        "state": new.state,
        "source": new.source,
        "answer": None if new.payer_answer is None else to_json(new.payer_answer),
        "failure": None if new.failure is None else to_json(new.failure),
        "attempts": new.attempts,
        "next_attempt_at": new.next_attempt_at,
        "previous": new.previous.id if new.previous is not None else None,
        "difference": None if new.difference is None else to_json(new.difference),
    }
