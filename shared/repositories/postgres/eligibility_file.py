"""A patient's eligibility file in one statement, and its rows as typed records."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, TextClause, text

from shared.models.authorization import VisitHold
from shared.models.payer_answer import CheckFailure, PayerAnswer
from shared.models.records import (
    Authorization,
    Benefit,
    Coverage,
    EligibilityCheck,
    EligibilityFile,
    Patient,
    Payer,
    PayerRule,
    Visit,
)
from shared.models.typed_json import from_json
from shared.models.verdict import VerdictReceipt
from shared.repositories.authorization_rows import authorization_of
from shared.repositories.eligibility_protocols import PreviousCheck
from shared.repositories.postgres.transaction import as_date, as_uuid

_PATIENT = text("""
SELECT id, mrn, first_name, last_name, date_of_birth, sex, phone, version FROM patients
WHERE client_id = :client AND deleted_at IS NULL AND (mrn = :reference OR id = :uuid)
ORDER BY mrn = :reference DESC LIMIT 1
""")
# What is read of a row, as JSON; the text goes into several statements.
VISIT = """jsonb_build_array(v.id, v.visit_number, v.visit_date, v.visit_type, v.status, v.provider_id,
  v.patient_id, v.authorization_id)"""
PAYER_RULE = """jsonb_build_array(r.id, r.payer_id, r.service_type, r.requires_auth, r.procedure, r.version,
  r.required_fields, r.decision_hours, r.decision_days)"""
AUTHORIZATION = """to_jsonb(a) || jsonb_build_object('visits', (
  SELECT jsonb_agg(jsonb_build_array(v.id, v.visit_date, v.status, v.authorization_units) ORDER BY v.visit_date, v.id)
  FROM visits v WHERE v.client_id = a.client_id AND v.authorization_id = a.id AND v.deleted_at IS NULL))"""

CHECK = """jsonb_build_array(e.id, e.date_of_service, e.service_type, e.verdict, e.requires_auth, e.status, e.reasons,
  e.created_at, e.coverage_id, e.state, e.source, e.attempts, e.next_attempt_at, e.answer, e.failure)"""

_FILE_SQL = f"""
SELECT p.id, p.mrn, p.first_name, p.last_name, p.date_of_birth, p.sex, p.phone, p.version,
  (SELECT jsonb_agg(jsonb_build_array(c.id, c.payer_id, y.name, y.kind, c.plan_name, c.member_id, c.rank,
      c.period_start, c.period_end, c.status, c.copay::text, c.version, c.relationship, c.updated_at)
      ORDER BY c.rank, c.period_start DESC, c.id)
    FROM coverages c JOIN payers y ON y.id = c.payer_id
    WHERE c.client_id = p.client_id AND c.patient_id = p.id AND c.deleted_at IS NULL),
  (SELECT jsonb_agg({PAYER_RULE})
    FROM payer_rules r WHERE r.client_id = p.client_id AND r.deleted_at IS NULL AND r.payer_id IN (
      SELECT c.payer_id FROM coverages c WHERE c.client_id = p.client_id AND c.patient_id = p.id)),
  (SELECT jsonb_agg({AUTHORIZATION} ORDER BY a.requested_date DESC NULLS LAST, a.id)
    FROM authorizations a WHERE a.client_id = p.client_id AND a.patient_id = p.id AND a.deleted_at IS NULL),
  (SELECT CASE WHEN v.patient_id = p.id THEN {VISIT} END
    FROM visits v WHERE v.client_id = p.client_id AND v.id = :visit AND v.deleted_at IS NULL),
  (SELECT jsonb_agg({VISIT} ORDER BY v.visit_date, v.id)
    FROM (SELECT * FROM visits WHERE client_id = p.client_id AND patient_id = p.id AND visit_date >= :today
      AND status IN ('scheduled', 'confirmed') AND deleted_at IS NULL
      ORDER BY visit_date, id LIMIT :most_visits) v),
  (SELECT {CHECK}
    FROM eligibility_checks e WHERE e.client_id = p.client_id AND e.patient_id = p.id
    ORDER BY e.created_at DESC, e.id DESC LIMIT 1),
  (SELECT jsonb_agg(jsonb_build_array(y.id, y.name, y.program, y.network, y.real_time_supported, y.electronic_id,
      y.plan_year_month, y.filing_days, y.version) ORDER BY y.id)
    FROM payers y WHERE y.client_id = p.client_id AND y.id IN (
      SELECT c.payer_id FROM coverages c
      WHERE c.client_id = p.client_id AND c.patient_id = p.id AND c.deleted_at IS NULL)),
  (SELECT jsonb_agg(jsonb_build_array(b.id, b.coverage_id, b.service_type, b.kind, b.network, b.level, b.amount::text,
      b.percent::text, b.quantity, b.remaining_amount::text, b.remaining_quantity, b.requires_auth, b.period_start,
      b.period_end, b.as_of, b.version) ORDER BY b.id)
    FROM benefits b WHERE b.client_id = p.client_id AND b.deleted_at IS NULL AND b.coverage_id IN (
      SELECT c.id FROM coverages c
      WHERE c.client_id = p.client_id AND c.patient_id = p.id AND c.deleted_at IS NULL)),
  {{previous}}
FROM patients p
WHERE p.client_id = :client AND p.deleted_at IS NULL AND (p.mrn = :reference OR p.id = :uuid)
ORDER BY p.mrn = :reference DESC LIMIT 1
"""  # noqa: S608 (constants above)
_PREVIOUS = """(SELECT jsonb_build_array(e.id, e.receipt)
    FROM eligibility_checks e
    WHERE e.client_id = p.client_id AND e.patient_id = p.id AND e.state = 'completed'
    ORDER BY e.created_at DESC, e.id DESC LIMIT 1)"""
FILE = text(_FILE_SQL.format(previous="NULL::jsonb"))
FILE_TO_CHECK = text(_FILE_SQL.format(previous=_PREVIOUS))
MOST_VISITS = 100  # more are not booked ahead; a limit of visits is far below


def read_patient(connection: Connection, client_id: UUID, reference: str) -> Patient | None:
    """Return the patient by MRN or uuid."""
    row = connection.execute(
        _PATIENT, {"client": client_id, "reference": reference, "uuid": as_uuid(reference)}
    ).one_or_none()
    return None if row is None else Patient(*row)


def read_row(
    connection: Connection, statement: TextClause, client_id: UUID, reference: str, visit_id: UUID | None, today: date
) -> Sequence[Any] | None:
    """Read a patient by MRN or uuid with everything on file; None for an unknown one."""
    parameters = {
        "client": client_id,
        "reference": reference,
        "uuid": as_uuid(reference),
        "visit": visit_id,
        "today": today,
        "most_visits": MOST_VISITS,
    }
    row = connection.execute(statement, parameters).one_or_none()
    return None if row is None else tuple(row)


def read_file(
    connection: Connection, client_id: UUID, reference: str, visit_id: UUID | None, today: date
) -> EligibilityFile | None:
    """Read the file of a patient by MRN or uuid."""
    row = read_row(connection, FILE, client_id, reference, visit_id, today)
    return None if row is None else file_in(row)


def file_in(row: Sequence[Any]) -> EligibilityFile:
    """The file of a row of FILE or FILE_TO_CHECK."""
    coverages, rules, authorizations, context_visit, booked, check, payers, benefits = row[8:16]
    return EligibilityFile(
        patient=Patient(*row[:8]),
        coverages=tuple(_coverage(values) for values in coverages or ()),
        payer_rules=tuple(read_rule(values) for values in rules or ()),
        authorizations=tuple(read_authorization(values) for values in authorizations or ()),
        context_visit=read_visit(context_visit),
        newest_check=None if check is None else read_check(check),
        payers=tuple(Payer(UUID(v[0]), *v[1:]) for v in payers or ()),
        benefits=tuple(_benefit(values) for values in benefits or ()),
        booked_visits=tuple(_visit(values) for values in booked or ()),
    )


def previous_in(row: Sequence[Any]) -> PreviousCheck | None:
    """The newest completed check of a row of FILE_TO_CHECK."""
    value = row[-1]
    return None if value is None else PreviousCheck(UUID(value[0]), from_json(VerdictReceipt, value[1]))


def _coverage(v: list[Any]) -> Coverage:
    period = [as_date(day) for day in v[7:9]]
    values = [UUID(v[0]), UUID(v[1]), *v[2:7], *period, v[9], _decimal(v[10]), *v[11:13], _moment(v[13])]
    return Coverage(*values)


def read_rule(v: list[Any]) -> PayerRule:
    """Read what PAYER_RULE selects."""
    values = [UUID(v[0]), UUID(v[1]), *v[2:6], tuple(v[6]), *v[7:]]
    return PayerRule(*values)


def read_authorization(row: dict[str, Any]) -> Authorization:
    """Read what AUTHORIZATION selects."""
    holds = (VisitHold(UUID(v[0]), date.fromisoformat(v[1]), v[2], v[3]) for v in row["visits"] or ())
    return authorization_of(row, holds)


def read_visit(v: list[Any] | None) -> Visit | None:
    """Read what VISIT selects."""
    return None if v is None else _visit(v)


def _visit(v: list[Any]) -> Visit:
    return Visit(UUID(v[0]), v[1], date.fromisoformat(v[2]), v[3], v[4], *(_uuid(one) for one in v[5:]))


def _benefit(v: list[Any]) -> Benefit:
    amounts = [_decimal(v[6]), _decimal(v[7]), v[8], _decimal(v[9])]
    period = [as_date(day) for day in v[12:14]]
    values = [UUID(v[0]), UUID(v[1]), *v[2:6], *amounts, *v[10:12], *period, _moment(v[14]), v[15]]
    return Benefit(*values)


def read_check(v: list[Any]) -> EligibilityCheck:
    """Read what CHECK selects."""
    reasons = tuple(reason["code"] for reason in v[6])
    told = [from_json(PayerAnswer, v[13]), from_json(CheckFailure, v[14])]
    values = [UUID(v[0]), as_date(v[1]), *v[2:6], reasons, _moment(v[7]), _uuid(v[8]), *v[9:12], _moment(v[12]), *told]
    return EligibilityCheck(*values)


def _decimal(value: str | None) -> Decimal | None:
    return None if value is None else Decimal(value)


def _moment(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)


def _uuid(value: str | None) -> UUID | None:
    return None if value is None else UUID(value)
