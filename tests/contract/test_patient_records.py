"""PatientRecordRepository: one contract, both implementations."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.contract.conftest import Records
from tests.contract.practice import Practice, claim_row, store_practice
from tests.unit.factories import TODAY, event

EVER: dict[str, Any] = {"first": None, "last": None, "limit": 9, "seen": None}


@pytest.fixture
def practice(records: Records) -> Practice:
    return store_practice(records)


def numbers(records: Records, **asked: Any) -> tuple[list[str], bool]:
    found = records.store.patient_records.claims(records.client, "MRN553", **EVER | asked)
    assert found is not None
    return [one.claim.claim_number for one in found.claims], found.complete


def test_claims_come_newest_first_in_a_range_up_to_a_limit(records: Records, practice: Practice) -> None:
    own = {"client_id": records.client, "patient_id": practice.patient}
    for n, on in enumerate((date(2026, 1, 1), date(2026, 9, 23), None, date(2026, 3, 1))):
        records.add("claims", own | claim_row(f"C-{n}", "1.05", on))
    records.add("claims", own | claim_row("C-GONE", "1.05") | {"deleted_at": datetime.now(UTC)})
    assert numbers(records) == (["C-1", "CLM-88", "C-3", "C-0", "C-2"], True)
    assert numbers(records, limit=2) == (["C-1", "CLM-88"], False)
    assert numbers(records, limit=5) == (["C-1", "CLM-88", "C-3", "C-0", "C-2"], True)
    assert numbers(records, first=date(2026, 1, 1)) == (["C-1", "CLM-88", "C-3", "C-0"], True)
    assert numbers(records, last=date(2026, 3, 1)) == (["C-3", "C-0"], True)
    assert numbers(records, first=date(2026, 2, 1), last=date(2026, 4, 1)) == (["C-3"], True)


def test_a_claim_brings_its_payer_and_its_deadline(records: Records, practice: Practice) -> None:
    due = datetime(2026, 12, 1, 12, tzinfo=UTC)
    terms = {"payer_number": "MED-1", "name": "Medicare", "program": "medicare", "filing_days": 180}
    payer = records.add("payers", {"client_id": records.client} | terms)
    own = {"client_id": records.client, "patient_id": practice.patient, "next_deadline_at": due, "payer_id": payer}
    own |= {"filing_due_on": date(2027, 1, 31), "diagnosis_codes": ["M54.50"], "provider_id": practice.provider}
    records.add("claims", own | claim_row("C-1", "12.34", date(2026, 11, 1)) | {"denial_reason": "CO-197"})
    records.add("claims", own | claim_row("C-0", "1.00", date(2020, 1, 1)) | {"payer_id": None})
    found = records.store.patient_records.claims(records.client, str(practice.patient), **EVER)
    assert found is not None
    first, *_, last = found.claims
    assert (first.claim.amount, first.claim.denial_reason, first.next_deadline_at) == (Decimal("12.34"), "CO-197", due)
    assert (first.filing_due_on, first.diagnosis_codes) == (date(2027, 1, 31), ("M54.50",))
    assert (first.provider_id, first.coverage_id, first.authorization_id) == (practice.provider, None, None)
    assert first.payer is not None
    assert (first.payer.id, first.payer.program, first.payer.filing_days) == (payer, "medicare", 180)
    assert first.claim.payer_name == "Medicare"
    assert (last.payer, last.claim.payer_name) == (None, None)


def test_visits_come_newest_first_whatever_became_of_them(records: Records, practice: Practice) -> None:
    own = {"client_id": records.client, "patient_id": practice.patient, "visit_type": "office"}
    starts = datetime(2026, 11, 25, 15, tzinfo=UTC)
    records.add(
        "visits",
        own | {"visit_number": "VIS-P", "visit_date": TODAY + timedelta(days=2), "status": "completed",
               "provider_id": practice.provider, "reason": "Follow-up", "starts_at": starts},
    )  # fmt: skip
    gone = {"visit_number": "VIS-G", "visit_date": TODAY, "status": "scheduled", "deleted_at": datetime.now(UTC)}
    records.add("visits", own | gone)
    found = records.store.patient_records.visits(records.client, "MRN553", **EVER)
    assert found is not None
    assert [one.visit_number for one in found.visits] == ["VIS-2", "VIS-1", "VIS-P", "VIS-3", "VIS-0"]
    told = next(one for one in found.visits if one.visit_number == "VIS-P")
    assert (told.provider_name, told.reason, told.starts_at, told.status) == (
        "Amara Okonkwo", "Follow-up", starts, "completed",
    )  # fmt: skip
    coming = records.store.patient_records.visits(
        records.client, "MRN553", **EVER | {"first": TODAY, "last": TODAY + timedelta(days=3), "limit": 2}
    )
    assert coming is not None
    assert ([one.visit_number for one in coming.visits], coming.complete) == (["VIS-1", "VIS-P"], False)


def test_a_read_leaves_its_event_and_a_foreign_patient_none(records: Records, practice: Practice) -> None:
    store, whose = records.store.patient_records, {"resource_id": practice.patient}
    seen = [event(records.client), event(records.client)]
    assert store.claims(records.client, "MRN553", **EVER | {"seen": seen[0]}) is not None
    assert store.visits(records.client, "MRN553", **EVER | {"seen": seen[1]}) is not None
    told = whose | {"patient_ref": str(practice.patient)}
    assert records.events() == [one.model_copy(update=told) for one in seen]
    for read in (store.claims, store.visits):
        assert read(records.other, str(practice.patient), **EVER | {"seen": event(records.other)}) is None
        assert read(records.client, "MRN-NONE", **EVER | {"seen": event(records.client)}) is None
    assert len(records.events()) == 2
