"""How each type of record is merged: its table, its number, and what may not be overwritten."""

from __future__ import annotations

from dataclasses import asdict

from shared.domain.claim.answers import ANSWERABLE
from shared.domain.search_terms import number_term
from shared.models.imported import (
    ClaimRecord,
    CoverageRecord,
    PatientRecord,
    PayerRecord,
    ProviderRecord,
    VisitRecord,
)
from shared.models.postgres import claims, coverages, patients, payers, providers, visits
from shared.repositories.postgres.bulk import BulkTable, Row
from shared.repositories.postgres.import_merge import Candidate, Kind

StoredRecord = PayerRecord | ProviderRecord | PatientRecord | CoverageRecord | VisitRecord | ClaimRecord


def candidate(kind: Kind, record: StoredRecord, links: Row) -> Candidate:
    """`record` as column values of `kind`; `links` are the ids of the rows that it points at."""
    given = asdict(record) | links
    if isinstance(record, VisitRecord):
        given |= {"status": "scheduled" if record.stepwise else record.status, "status_since": record.booked_at}
    if kind.number is not None:
        given.setdefault(kind.number, given.get("number"))
    return Candidate(record.path, {name: given[name] for name in kind.table.columns}, record)


def _another_person(row: Row, candidate: Candidate) -> str | None:
    """An MRN that is taken stays with its patient unless the source or the person is the same (rule E08)."""
    values = candidate.values
    if row["source_ref"] is not None and row["source_ref"] == values["source_ref"]:
        return None
    born, given_born = row["date_of_birth"], values["date_of_birth"]
    same_birth = born is None or given_born is None or born == given_born
    same_name = number_term(row["last_name"]) == number_term(values["last_name"])
    first, given_first = number_term(row["first_name"]), number_term(values["first_name"])
    same_first = first.startswith(given_first) or given_first.startswith(first)
    return None if same_birth and same_name and same_first else "number_in_use"


def _another_record(row: Row, candidate: Candidate) -> str | None:
    """A number belongs to one record of one patient; a second one with it is reported, never merged or dropped."""
    if row["source_ref"] is not None and row["source_ref"] != candidate.values["source_ref"]:
        return "number_in_use"
    return "other_patient" if row["patient_id"] != candidate.values["patient_id"] else None


def _another_visit(row: Row, candidate: Candidate) -> str | None:
    """As `_another_record`; and what has happened on one day is not carried to another day by moving a sample again."""
    record: VisitRecord = candidate.context
    if record.stepwise and row["visit_date"] != record.visit_date and (record.facts or row["status"] != "scheduled"):
        return "on_another_day"
    return _another_record(row, candidate)


def _payer_values(row: Row, candidate: Candidate) -> Row:
    """A payer that is only named by a coverage tells nothing new about a payer that is known."""
    return {} if candidate.context.by_name and row else candidate.values


def _visit_values(row: Row, candidate: Candidate) -> Row:
    """A booking that is sent again does not undo what happened at the desk since."""
    values = {**candidate.values, "status_since": None}  # since the booking, for a new one
    return {**values, "status": row["status"]} if values["status"] == "scheduled" else values


def _claim_values(row: Row, candidate: Candidate) -> Row:
    """A claim that is sent again without an answer, or that people work on here, keeps its state."""
    record: ClaimRecord = candidate.context
    status = row["status"]
    working = status not in ANSWERABLE and status != "draft" and record.status != "voided"
    unanswered = not record.adjudicated and record.status == "submitted" and status != "draft"
    return {**candidate.values, "status": status} if working or unanswered else candidate.values


PAYER = Kind(
    "payer",
    BulkTable(payers, ("payer_number", "name", "kind", "phone", "source_ref"), found_by=("source_ref", "payer_number")),
    number="payer_number",
    adjust=_payer_values,
)
PROVIDER = Kind(
    "provider",
    BulkTable(
        providers,
        ("provider_number", "kind", "name", "specialty", "npi", "source_ref"),
        found_by=("source_ref", "provider_number"),
    ),
    number="provider_number",
)
PATIENT = Kind(
    "patient",
    BulkTable(
        patients,
        ("mrn", "first_name", "last_name", "date_of_birth", "sex", "phone", "deceased_on", "source_ref"),
        found_by=("source_ref", "mrn"),
    ),
    number="mrn",
    forbids=_another_person,
)
COVERAGE = Kind(
    "coverage",
    BulkTable(
        coverages,
        (
            "patient_id",
            "payer_id",
            "plan_name",
            "member_id",
            "subscriber_name",
            "relationship",
            "rank",
            "period_start",
            "period_end",
            "status",
            "source_ref",
        ),
        found_by=("source_ref",),
    ),
    forbids=_another_record,
    keeps_absent=False,  # an end that is gone means that the coverage is open again
)
VISIT = Kind(
    "visit",
    BulkTable(
        visits,
        (
            "visit_number",
            "patient_id",
            "visit_date",
            "starts_at",
            "ends_at",
            "provider_id",
            "visit_type",
            "reason",
            "status",
            "status_since",
            "source_ref",
        ),
        found_by=("source_ref", "visit_number"),
    ),
    number="visit_number",
    forbids=_another_visit,
    adjust=_visit_values,
)
CLAIM = Kind(
    "claim",
    BulkTable(
        claims,
        (
            "claim_number",
            "patient_id",
            "status",
            "amount",
            "paid_amount",
            "currency",
            "submitted_date",
            "service_date",
            "payer_id",
            "visit_id",
            "provider_id",
            "claim_type",
            "denial_reason",
            "source_ref",
        ),
        found_by=("source_ref", "claim_number"),
    ),
    number="claim_number",
    forbids=_another_record,
    adjust=_claim_values,
)
