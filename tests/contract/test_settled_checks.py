"""Which of a patient's checks count for what is to be done, on both stores."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from shared.models.identifiers import uuid7
from tests.contract.conftest import Records
from tests.contract.practice import Practice, store_practice
from tests.unit.factories import TODAY, USER


@pytest.fixture
def practice(records: Records) -> Practice:
    return store_practice(records)


def test_of_each_day_ahead_and_of_all_the_newest_settled_check_counts(records: Records, practice: Practice) -> None:
    at = datetime(2026, 11, 20, 8, tzinfo=UTC)
    rows = (
        ("past, newest", TODAY - timedelta(days=9), "completed", 5),
        ("past", TODAY - timedelta(days=8), "completed", 4),
        ("ahead", TODAY + timedelta(days=3), "failed", 3),
        ("ahead, before", TODAY + timedelta(days=3), "completed", 1),
        ("ahead, on its way", TODAY + timedelta(days=3), "in_flight", 6),
        ("today", TODAY, "completed", 2),
    )
    ids = {}
    for name, on, state, hours in rows:
        failure = {"kind": "retryable", "reason": "timeout"} if state == "failed" else None
        row = {
            "client_id": records.client, "patient_id": practice.patient, "date_of_service": on, "service_type": "30",
            "verdict": "undetermined", "status": "pending", "reasons": [], "receipt": {}, "checked_by": USER,
            "state": state, "created_at": at + timedelta(hours=hours),
        }  # fmt: skip
        ids[records.add("eligibility_checks", row | ({"failure": failure} if failure else {}))] = name
    found = records.store.eligibility.settled_checks(records.client, practice.patient, TODAY)
    assert [ids[one.id] for one in found] == ["past, newest", "ahead", "today"]
    assert records.store.eligibility.settled_checks(records.other, practice.patient, TODAY) == []


def test_who_was_never_checked_is_told_from_who_was(records: Records, practice: Practice) -> None:
    own = {"client_id": records.client}
    unknown, plain = uuid7(), records.add("patients", own | {"mrn": "MRN9", "first_name": "A", "last_name": "B"})
    eligibility_of = records.store.eligibility
    assert eligibility_of.with_checks(records.client, [practice.patient, plain, unknown]) == {practice.patient}
    assert eligibility_of.with_checks(records.other, [practice.patient]) == set()
    assert eligibility_of.with_checks(records.client, []) == set()
