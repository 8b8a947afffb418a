"""EligibilityRepository: one contract, both implementations."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from shared.domain import eligibility
from shared.models.caller import IdempotencyKey
from shared.models.identifiers import uuid7
from shared.models.records import EligibilityFile
from shared.models.replay import IdempotencyMismatchError, Replayed
from shared.models.verdict import Difference, VerdictReceipt
from shared.repositories.eligibility_protocols import NewCheck, PreviousCheck
from tests.contract.conftest import Records
from tests.contract.practice import Practice, claim_row, file_of, store_practice
from tests.unit.factories import TODAY, USER, event, kept, key


@pytest.fixture
def practice(records: Records) -> Practice:
    return store_practice(records)


def test_the_file_holds_what_a_verdict_needs_in_its_order(records: Records, practice: Practice) -> None:
    file = file_of(records, visit_id=practice.visit)
    assert file.patient.mrn == "MRN553"
    unknown_start, newest, older = file.coverages
    assert (unknown_start.period_start, unknown_start.payer_kind) == (None, "self_pay")
    assert (newest.id, newest.copay, newest.payer_name) == (practice.coverages[0], Decimal(25), "Bluestem Health Plan")
    assert older.id == practice.coverages[1]
    assert {(rule.service_type, rule.requires_auth) for rule in file.payer_rules} == {("98", True), ("30", None)}
    assert [held.auth_number for held in file.authorizations] == ["AUTH-5", "AUTH-6"]
    assert (file.authorizations[0].units_used, file.authorizations[0].units_approved) == (0, None)
    assert file.context_visit == file.next_visit
    assert file.next_visit is not None
    assert file.next_visit.visit_number == "VIS-1"
    assert file.newest_check is None


def test_reading_the_file_leaves_its_event(records: Records, practice: Practice) -> None:
    seen = event(records.client)
    assert file_of(records, str(practice.patient), seen=seen) == file_of(records)
    whose = {"resource_id": practice.patient, "patient_ref": str(practice.patient)}
    assert records.events() == [seen.model_copy(update=whose)]


def difference_to(previous: PreviousCheck, receipt: VerdictReceipt) -> Difference:
    assert previous.receipt is not None
    return eligibility.difference(previous.id, previous.receipt, receipt)


def decided(records: Records, asked: IdempotencyKey | None) -> Any:
    def decide(file: EligibilityFile, previous: PreviousCheck | None) -> NewCheck:
        receipt = eligibility.decide(file, today=TODAY)
        answer = f"checked {file.patient.mrn}"
        return NewCheck(
            id=uuid7(),
            patient_id=file.patient.id,
            verdict=receipt,
            checked_by=USER,
            event=event(records.client),
            kept=kept(asked, answer) if asked else None,
            answer=answer,
            previous=previous,
            difference=None if previous is None or previous.receipt is None else difference_to(previous, receipt),
        )

    return decide


def check(records: Records, asked: IdempotencyKey | None = None, reference: str = "MRN553") -> NewCheck | None:
    return records.store.eligibility.check(
        records.client, reference, visit_id=None, today=TODAY, key=asked, decide=decided(records, asked)
    )


def test_a_check_is_stored_with_its_event_and_is_the_newest(records: Records, practice: Practice) -> None:
    check(records)
    new = check(records, reference=str(practice.patient))
    assert new is not None
    newest = file_of(records).newest_check
    assert newest is not None
    assert (newest.id, newest.verdict, newest.service_type) == (new.id, "eligible", "98")
    assert newest.reasons == tuple(evidence.code for evidence in new.verdict.evidence)
    assert newest.checked_at.tzinfo is not None
    assert len(records.events()) == 2


def test_no_check_of_an_unknown_patient(records: Records) -> None:
    assert check(records, key()) is None
    assert records.events() == []


def test_a_repeated_check_is_replayed_and_fits_only_the_same_request(records: Records, practice: Practice) -> None:
    del practice
    asked = key("asked")
    check(records, asked)
    with pytest.raises(Replayed) as replayed:
        check(records, asked)
    assert replayed.value.body == "checked MRN553"
    with pytest.raises(IdempotencyMismatchError):
        check(records, key("another", of=asked.id))
    assert len(records.events()) == 1


def test_parallel_checks_with_one_key_have_one_effect(records: Records, practice: Practice) -> None:
    del practice
    asked = key()

    def attempt(_: int) -> str:
        try:
            check(records, asked)
        except Replayed:
            return "replayed"
        return "done"

    with ThreadPoolExecutor(6) as threads:
        assert sorted(threads.map(attempt, range(6))) == ["done"] + ["replayed"] * 5
    assert len(records.events()) == 1


def test_a_check_that_cannot_be_decided_stores_nothing(records: Records, practice: Practice) -> None:
    del practice

    def fail(*_: Any) -> NewCheck:
        raise LookupError

    with pytest.raises(LookupError):
        records.store.eligibility.check(records.client, "MRN553", visit_id=None, today=TODAY, key=key(), decide=fail)
    assert file_of(records).newest_check is None
    assert records.events() == []


def test_claims_come_newest_first_in_pages_by_status(records: Records, practice: Practice) -> None:
    own = {"client_id": records.client, "patient_id": practice.patient}
    for n in range(24):
        on = None if n % 7 == 0 else date(2026, 1, 1) + timedelta(days=n % 5)
        records.add("claims", own | claim_row(f"C-{n}", f"{n}.05", on, ("paid", "denied")[n % 2]))
    for status, count in ((None, 25), ("paid", 12), ("denied", 12), ("voided", 0)):
        paged = []
        after = None
        while True:
            found = records.store.eligibility.claims_of(
                records.client, "MRN553", status=status, after=after, limit=7, seen=None
            )
            assert found is not None
            paged += found[1]
            if len(found[1]) < 7:
                break
            last = found[1][-1]
            after = (last.service_date or date.min, last.id)
        assert len({claim.id for claim in paged}) == len(paged) == count
        order = [(claim.service_date or date.min, claim.id) for claim in paged]
        assert order == sorted(order, reverse=True)
        assert status is None or {claim.status for claim in paged} <= {status}


def test_a_claim_is_exact_and_names_its_payer(records: Records, practice: Practice) -> None:
    seen = event(records.client)
    found = records.store.eligibility.claims_of(
        records.client, str(practice.patient), status=None, after=None, limit=5, seen=seen
    )
    assert found is not None
    patient, (claim,) = found
    assert patient.id == practice.patient
    assert (claim.amount, claim.payer_name, claim.paid_amount) == (Decimal("182.40"), "Bluestem Health Plan", None)
    whose = {"resource_id": practice.patient, "patient_ref": str(practice.patient)}
    assert records.events() == [seen.model_copy(update=whose)]
