"""Records of every type in memory: by number or uuid, by search."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from shared.domain.search_terms import terms_for
from shared.models.api.records import DATA_MODELS
from shared.models.audit import AuditEvent
from shared.models.records import Patient, RecordReference
from shared.repositories.memory.tables import InMemoryTables
from shared.repositories.protocols import FoundRecord, StoredRecord
from shared.repositories.record_protocols import PlainValue

# Per type: its table, the number people use, and the column that says whose record it is.
RECORD_TABLES: dict[str, tuple[str, str, str | None]] = {
    "patient": ("patients", "mrn", "id"),
    "claim": ("claims", "claim_number", "patient_id"),
    "visit": ("visits", "visit_number", "patient_id"),
    "authorization": ("authorizations", "auth_number", "patient_id"),
    "coverage": ("coverages", "source_ref", "patient_id"),
    "payer": ("payers", "payer_number", None),
    "payer_rule": ("payer_rules", "", None),
    "provider": ("providers", "provider_number", None),
}
# Members of a view that are made from another column.
_COLUMN_OF_MEMBER = {"paid_cents": "paid_amount", "copay_cents": "copay", "amount_cents": "amount"}
_MAX_CANDIDATES = 200


class InMemoryRecordRepository:
    """See RecordRepository. Search terms are made from the rows while searching."""

    def __init__(self, tables: InMemoryTables) -> None:
        self._tables = tables

    def find_patient(self, client_id: UUID, reference: str) -> Patient | None:
        """See RecordRepository.find_patient."""
        return read_patient(self._tables, client_id, reference)

    def resolve(self, client_id: UUID, record_type: str, reference: str) -> RecordReference | None:
        """See RecordRepository.resolve."""
        table, number, patient = RECORD_TABLES[record_type]
        row = self._tables.one(client_id, table, number, reference)
        if row is None:
            return None
        return RecordReference(
            record_type, row["id"], row.get(number) or str(row["id"]), row[patient] if patient else None
        )

    def get(self, client_id: UUID, record_type: str, reference: str, *, seen: AuditEvent | None) -> StoredRecord | None:
        """See RecordRepository.get."""
        table, number, patient = RECORD_TABLES[record_type]
        row = self._tables.one(client_id, table, number, reference)
        if row is None:
            return None
        if seen is not None:
            whose = str(row[patient]) if patient else None
            self._tables.record(seen.model_copy(update={"resource_id": row["id"], "patient_ref": whose}))
        return stored_record(record_type, row)

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
        hits = []
        for record_type in record_types:
            table, number, patient = RECORD_TABLES[record_type]
            for row in self._tables.of(client_id, table):
                its_terms = [one for one in terms_for(record_type, row) if one[1] >= least_weight]
                scores = [_score(term, its_terms) for term in terms]
                if not all(scores):
                    continue
                shown = row.get("member_id" if record_type == "coverage" else number) or str(row["id"])
                whose = row[patient] if patient else None
                hits.append(FoundRecord(record_type, row["id"], shown, _label(record_type, row), whose, sum(scores)))
        self._tables.record(seen)
        return sorted(hits, key=lambda hit: (-hit.score, hit.id))[:_MAX_CANDIDATES]


def stored_record(record_type: str, row: dict[str, Any]) -> StoredRecord:
    """Return a row as services see it."""
    columns = dict.fromkeys(_COLUMN_OF_MEMBER.get(name, name) for name in DATA_MODELS[record_type].model_fields)
    return StoredRecord(
        type=record_type,
        id=row["id"],
        version=row["version"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        data={column: _plain(row[column]) for column in columns},
    )


def read_patient(tables: InMemoryTables, client_id: UUID, reference: str) -> Patient | None:
    """Return the patient by MRN or uuid."""
    row = tables.one(client_id, "patients", "mrn", reference)
    if row is None:
        return None
    members = ("id", "mrn", "first_name", "last_name", "date_of_birth", "sex", "phone", "version")
    return Patient(*(row[member] for member in members))


def _score(wanted: str, terms: list[tuple[str, int]]) -> int:
    """Whole terms count double, prefixes single."""
    return max((weight * (2 if term == wanted else 1) for term, weight in terms if term.startswith(wanted)), default=0)


def _label(record_type: str, row: dict[str, Any]) -> str:
    if record_type == "patient":
        return f"{row['last_name']}, {row['first_name']}"
    if record_type in {"payer", "provider"}:
        return str(row["name"])
    if record_type == "coverage":
        return str(row["plan_name"] or "")
    return str(row.get(RECORD_TABLES[record_type][1]) or "")


def _plain(value: Any) -> PlainValue:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if value is None or isinstance(value, (str, int, Decimal)):
        return value
    return tuple(value) if isinstance(value, (list, tuple)) else str(value)
