"""A practice's records, stored in both implementations: what the record suites read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from shared.models.records import EligibilityFile
from tests.contract.conftest import Records
from tests.unit.factories import TODAY


@dataclass(frozen=True, slots=True)
class Practice:
    """Ids of what was stored."""

    patient: UUID
    payer: UUID
    other_payer: UUID
    provider: UUID
    coverages: tuple[UUID, ...]
    authorization: UUID
    visit: UUID
    claim: UUID
    rule: UUID


def store_practice(records: Records) -> Practice:
    """Store two patients, their payers, coverages, authorizations, visits and a claim."""
    own = {"client_id": records.client}
    payer = records.add("payers", own | {"payer_number": "BST-01", "name": "Bluestem Health Plan"})
    other = records.add("payers", own | {"payer_number": "CAP-02", "name": "Capstone Mutual", "kind": "self_pay"})
    patient = records.add("patients", own | patient_row("MRN553", "Jürgen", "Müller"))
    records.add("patients", {"client_id": records.other} | patient_row("MRN553", "Tobias", "Grant"))
    provider = records.add("providers", own | {"provider_number": "PRV-11", "kind": "person", "name": "Amara Okonkwo"})
    coverage = own | {"patient_id": patient}
    coverages = (
        records.add(
            "coverages", coverage | {"payer_id": payer, "period_start": date(2026, 1, 1), "copay": Decimal(25)}
        ),
        records.add("coverages", coverage | {"payer_id": payer, "period_start": date(2025, 1, 1), "source_ref": "c2"}),
        records.add("coverages", coverage | {"payer_id": other, "plan_name": "No start", "member_id": "CAP-7"}),
        records.add("coverages", coverage | {"payer_id": other, "rank": 2, "deleted_at": datetime.now(UTC)}),
    )
    rule = records.add("payer_rules", own | {"payer_id": payer, "service_type": "98", "requires_auth": True})
    records.add("payer_rules", own | {"payer_id": payer, "service_type": "30", "requires_auth": None})
    authorization = records.add(
        "authorizations",
        coverage | {"auth_number": "AUTH-5", "payer_id": payer, "status": "approved", "requested_date": TODAY},
    )
    records.add("authorizations", coverage | {"auth_number": "AUTH-6", "status": "draft"})
    visit = _visit(records, patient, "VIS-1", TODAY + timedelta(days=3), "scheduled")
    _visit(records, patient, "VIS-2", TODAY + timedelta(days=9), "confirmed")
    _visit(records, patient, "VIS-3", TODAY + timedelta(days=1), "cancelled")
    _visit(records, patient, "VIS-0", TODAY - timedelta(days=1), "scheduled")
    claim = records.add(
        "claims", coverage | claim_row("CLM-88", "182.40") | {"payer_id": payer, "provider_id": provider}
    )
    return Practice(patient, payer, other, provider, coverages, authorization, visit, claim, rule)


def patient_row(mrn: str, first: str, last: str) -> dict[str, Any]:
    return {"mrn": mrn, "first_name": first, "last_name": last, "date_of_birth": date(1981, 4, 3), "phone": "555-0100"}


def _visit(records: Records, patient: UUID, number: str, on: date, status: str) -> UUID:
    row = {"visit_number": number, "patient_id": patient, "visit_date": on, "status": status, "visit_type": "office"}
    return records.add("visits", {"client_id": records.client, "starts_at": datetime(2026, 1, 1, 9, tzinfo=UTC)} | row)


def claim_row(
    number: str, amount: str, on: date | None = date(2026, 9, 22), status: str = "submitted"
) -> dict[str, Any]:
    return {"claim_number": number, "amount": Decimal(amount), "service_date": on, "status": status}


def file_of(records: Records, reference: str = "MRN553", **asked: Any) -> EligibilityFile:
    """Read the file of a patient of the first organisation."""
    found = records.store.eligibility.file_of(records.client, reference, today=TODAY, **asked)
    assert found is not None
    return found
