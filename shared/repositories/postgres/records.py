"""Records of every type in PostgreSQL: by number or uuid, by search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from shared.db.postgres import Postgres
from shared.models.audit import AuditEvent
from shared.models.records import Patient, RecordReference
from shared.repositories.postgres.eligibility_file import read_patient
from shared.repositories.postgres.transaction import add_event, as_uuid
from shared.repositories.protocols import FoundRecord, StoredRecord
from shared.repositories.record_protocols import PlainValue


@dataclass(frozen=True, slots=True)
class RecordTable:
    """Where a type is kept: its table, the number people use, whose record it is, and the columns that are shown."""

    table: str
    number: str
    patient: str
    columns: str

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(name.strip() for name in self.columns.split(","))

    @property
    def selected(self) -> str:
        """What `stored_record` reads."""
        return f"id, version, created_at, updated_at, {self.patient}, {self.columns}"


RECORD_TABLES: dict[str, RecordTable] = {
    "patient": RecordTable(
        "patients", "mrn", "id", "mrn, first_name, last_name, date_of_birth, sex, phone, deceased_on"
    ),
    "claim": RecordTable(
        "claims",
        "claim_number",
        "patient_id",
        """claim_number, patient_id, status, amount, paid_amount, currency, submitted_date, service_date, payer_id,
        visit_id, provider_id, claim_type, denial_reason, next_deadline_at""",
    ),
    "visit": RecordTable(
        "visits",
        "visit_number",
        "patient_id",
        "visit_number, patient_id, visit_date, starts_at, ends_at, provider_id, visit_type, reason, status, readiness",
    ),
    "authorization": RecordTable(
        "authorizations",
        "auth_number",
        "patient_id",
        """auth_number, patient_id, payer_id, provider_id, service_type, status, requested_date, approved_date,
        period_start, period_end, units_requested, units_approved, units_used, units_reserved, urgency,
        certification_number""",
    ),
    "coverage": RecordTable(
        "coverages",
        "source_ref",
        "patient_id",
        """patient_id, payer_id, plan_name, member_id, subscriber_name, relationship, rank, period_start, period_end,
        status, copay""",
    ),
    "payer": RecordTable(
        "payers",
        "payer_number",
        "NULL::uuid",
        """payer_number, name, kind, phone, program, network, real_time_supported, electronic_id, plan_year_month,
        filing_days, appeal_days, correction_days""",
    ),
    "payer_rule": RecordTable(
        "payer_rules",
        "NULL::text",
        "NULL::uuid",
        "payer_id, service_type, procedure, requires_auth, required_fields, decision_hours, decision_days",
    ),
    "provider": RecordTable(
        "providers", "provider_number", "NULL::uuid", "provider_number, kind, name, specialty, npi"
    ),
}
_LABELS = {
    "patient": "last_name || ', ' || first_name",
    "payer": "name",
    "provider": "name",
    "coverage": "plan_name",
}
_MAX_CANDIDATES = 200
_MAX_PROBED = 4000
# A record is found when each word starts one of its terms. The word that the fewest records have leads, the others are
# probed by record, so a search is complete as long as one of its words starts the terms of fewer than 4,000 records of
# a type; beyond that it stops, for its work may not grow with the records. Whole terms come before prefixes: that is
# the order of the index. `term` is sorted bytewise (collation C), and >= and < on text are leakproof, so that
# row-level security lets them use the index; ~>=~ would not find it.
_SIZES = text("""
SELECT (SELECT count(*) FROM unnest(CAST(:types AS text[])) AS kind(name) CROSS JOIN LATERAL (
    SELECT 1 FROM record_terms WHERE client_id = :client AND record_type = kind.name
      AND term >= word.low AND term < word.high LIMIT :probed) AS begun)
FROM unnest(CAST(:lows AS text[]), CAST(:highs AS text[])) WITH ORDINALITY AS word(low, high, place) ORDER BY place
""")
_SEARCH = """
WITH begun AS (
  SELECT kind.name AS record_type, found.record_id, found.term <> :t0 AS partly
  FROM unnest(CAST(:types AS text[])) AS kind(name) CROSS JOIN LATERAL (
    SELECT record_id, term FROM (
      SELECT record_type, record_id, term, weight FROM record_terms
      WHERE client_id = :client AND record_type = kind.name AND term >= :t0 AND term < :u0
      ORDER BY term, record_id LIMIT :probed) AS found
    WHERE weight >= :least{others} ORDER BY term, record_id LIMIT :candidates) AS found
), candidate AS (
  SELECT record_type, record_id FROM begun
  GROUP BY record_type, record_id ORDER BY bool_and(partly), record_id LIMIT :candidates
)
SELECT record_type, record_id, ({score})::int AS score FROM candidate AS found ORDER BY score DESC, record_id
"""
_OF_THE_RECORD = """ FROM record_terms AS other
    WHERE other.client_id = :client AND other.record_type = found.record_type AND other.record_id = found.record_id
      AND other.term >= :t{n} AND other.term < :u{n} AND other.weight >= :least"""
# A subquery with a limit is probed once a record; EXISTS might be turned into a join that reads every term of a word.
_OTHER = "\n    AND (SELECT true" + _OF_THE_RECORD + " LIMIT 1)"
_SCORE = "(SELECT max(other.weight * CASE WHEN other.term = :t{n} THEN 2 ELSE 1 END)" + _OF_THE_RECORD + ")"
_BEHIND_ALL = "\U0010ffff"


class PostgresRecordRepository:
    """See RecordRepository."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    def find_patient(self, client_id: UUID, reference: str) -> Patient | None:
        """See RecordRepository.find_patient."""
        with self._postgres.tenant(client_id) as connection:
            return read_patient(connection, client_id, reference)

    def resolve(self, client_id: UUID, record_type: str, reference: str) -> RecordReference | None:
        """See RecordRepository.resolve."""
        about = RECORD_TABLES[record_type]
        number = about.number
        statement = text(
            f"SELECT id, {number}, {about.patient} FROM {about.table} WHERE client_id = :client AND deleted_at IS NULL"  # noqa: S608 (constants above)
            f" AND ({number} = :reference OR id = :uuid) ORDER BY {number} = :reference DESC LIMIT 1"
        )
        with self._postgres.tenant(client_id) as connection:
            row = connection.execute(statement, record_parameters(client_id, reference)).one_or_none()
        return None if row is None else RecordReference(record_type, row[0], row[1] or str(row[0]), row[2])

    def get(self, client_id: UUID, record_type: str, reference: str, *, seen: AuditEvent | None) -> StoredRecord | None:
        """See RecordRepository.get."""
        about = RECORD_TABLES[record_type]
        statement = text(
            f"SELECT {about.selected} FROM {about.table}"  # noqa: S608 (constants above)
            f" WHERE client_id = :client AND deleted_at IS NULL AND ({about.number} = :reference OR id = :uuid)"
            f" ORDER BY {about.number} = :reference DESC LIMIT 1"
        )
        with self._postgres.tenant(client_id) as connection:
            row = connection.execute(statement, record_parameters(client_id, reference)).one_or_none()
            if row is None:
                return None
            if seen is not None:
                patient_ref = None if row[4] is None else str(row[4])
                add_event(connection, seen.model_copy(update={"resource_id": row[0], "patient_ref": patient_ref}))
        return stored_record(record_type, tuple(row))

    def search(
        self,
        client_id: UUID,
        terms: tuple[str, ...],
        record_types: tuple[str, ...],
        *,
        least_weight: int = 0,
        seen: AuditEvent | None,
    ) -> list[FoundRecord]:
        """See RecordRepository.search."""
        others = "".join(_OTHER.format(n=n) for n in range(1, len(terms)))
        score = " + ".join(_SCORE.format(n=n) for n in range(len(terms)))
        statement = text(_SEARCH.format(others=others, score=score))
        parameters: dict[str, Any] = {"client": client_id, "types": list(record_types), "least": least_weight}
        parameters |= {"probed": _MAX_PROBED, "candidates": _MAX_CANDIDATES}
        with self._postgres.tenant(client_id) as connection:
            for n, term in enumerate(_rarest_first(connection, parameters, terms)):
                parameters |= {f"t{n}": term, f"u{n}": term + _BEHIND_ALL}
            rows = connection.execute(statement, parameters).all()
            found = self._describe(connection, client_id, [(row[0], row[1], row[2]) for row in rows])
            if seen is not None:
                add_event(connection, seen)
        return found

    def _describe(self, connection: Any, client_id: UUID, hits: list[tuple[str, UUID, int]]) -> list[FoundRecord]:
        """Give each hit its number and a label, one statement a type."""
        described: dict[UUID, tuple[str, str, UUID | None]] = {}
        for record_type in dict.fromkeys(hit[0] for hit in hits):
            about = RECORD_TABLES[record_type]
            shown = "member_id" if record_type == "coverage" else about.number
            label = _LABELS.get(record_type, about.number)
            statement = text(
                f"SELECT id, {shown}, {label}, {about.patient} FROM {about.table}"  # noqa: S608 (constants above)
                " WHERE client_id = :client AND deleted_at IS NULL AND id = ANY(:ids)"
            )
            ids = [hit[1] for hit in hits if hit[0] == record_type]
            for row in connection.execute(statement, {"client": client_id, "ids": ids}):
                described[row[0]] = (row[1] or str(row[0]), row[2] or "", row[3])
        return [
            FoundRecord(record_type, record_id, *described[record_id], score)
            for record_type, record_id, score in hits
            if record_id in described
        ]


def _rarest_first(connection: Connection, parameters: dict[str, Any], terms: tuple[str, ...]) -> list[str]:
    """The words in the order of how many terms they start, as far as that is counted; the longer one of two alike."""
    if len(terms) == 1:
        return list(terms)
    given = {name: parameters[name] for name in ("client", "types", "probed")}
    given |= {"lows": list(terms), "highs": [term + _BEHIND_ALL for term in terms]}
    sizes = connection.execute(_SIZES, given).scalars().all()
    return [term for _, term in sorted(zip(sizes, terms, strict=True), key=lambda one: (one[0], -len(one[1])))]


def record_parameters(client_id: UUID, reference: str) -> dict[str, Any]:
    """The parameters of a statement that finds a record by number or uuid."""
    return {"client": client_id, "reference": reference, "uuid": as_uuid(reference)}


def stored_record(record_type: str, row: Sequence[Any]) -> StoredRecord:
    """Read the columns that `RecordTable.selected` names."""
    names = RECORD_TABLES[record_type].names
    return StoredRecord(
        type=record_type,
        id=row[0],
        version=row[1],
        created_at=row[2],
        updated_at=row[3],
        data={name: _plain(value) for name, value in zip(names, row[5:], strict=True)},
    )


def _plain(value: Any) -> PlainValue:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if value is None or isinstance(value, (str, int, Decimal)):
        return value
    return tuple(value) if isinstance(value, (list, tuple)) else str(value)
