"""EligibilityRepository: one contract, both implementations."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from shared.domain import eligibility
from shared.models.caller import IdempotencyKey
from shared.models.identifiers import uuid7
from shared.models.payer_answer import CheckFailure, Rejection
from shared.models.records import Benefit, EligibilityFile, Payer
from shared.models.replay import IdempotencyMismatchError, Replayed
from shared.models.verdict import Difference, VerdictReceipt
from shared.repositories.eligibility_protocols import NewCheck, PreviousCheck, StoredCheck
from tests.contract.conftest import Records
from tests.contract.practice import Practice, claim_row, file_of, store_practice
from tests.unit.factories import TODAY, USER, answer, event, given_to, kept, key, line


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


def test_the_file_holds_payers_benefits_and_every_booked_visit(records: Records, practice: Practice) -> None:
    own = {"client_id": records.client}
    terms = {"program": "medicare", "network": "in", "real_time_supported": True, "electronic_id": "60054"}
    years = {"plan_year_month": 7, "filing_days": 180}
    payer = records.add("payers", own | {"payer_number": "MED-1", "name": "Medicare"} | terms | years)
    held = {"patient_id": practice.patient, "payer_id": payer, "relationship": "child", "rank": 3}
    coverage = records.add("coverages", own | held)
    as_of = datetime(2026, 11, 20, 8, tzinfo=UTC)
    row = {"coverage_id": coverage, "service_type": "98", "kind": "deductible", "as_of": as_of}
    amounts = {"amount": Decimal("1500.00"), "remaining_amount": Decimal("700.10"), "percent": Decimal("12.50")}
    period = {"period_start": date(2026, 1, 1), "period_end": date(2026, 12, 31)}
    benefit = records.add("benefits", own | row | amounts | period | {"quantity": 20, "remaining_quantity": 3})
    records.add("benefits", own | row | {"kind": "copay", "deleted_at": as_of})
    file = file_of(records)
    read = next(one for one in file.payers if one.id == payer)
    assert read == Payer(payer, "Medicare", "medicare", "in", True, "60054", 7, 180, 1)  # noqa: FBT003
    assert {one.id for one in file.payers} == {practice.payer, practice.other_payer, payer}
    assert file.benefits == (
        Benefit(
            benefit, coverage, "98", "deductible", "unknown", "individual", Decimal("1500.00"), Decimal("12.50"), 20,
            Decimal("700.10"), 3, None, date(2026, 1, 1), date(2026, 12, 31), as_of, 1,
        ),
    )  # fmt: skip
    found = next(one for one in file.coverages if one.id == coverage)
    assert (found.relationship, found.updated_at is not None) == ("child", True)
    assert [visit.visit_number for visit in file.booked_visits] == ["VIS-1", "VIS-2"]


def test_a_rule_can_be_about_a_procedure(records: Records, practice: Practice) -> None:
    of_payer = {"client_id": records.client, "payer_id": practice.payer, "service_type": "98"}
    records.add("payer_rules", of_payer | {"procedure": "97110", "requires_auth": False})
    rules = {one.procedure: one.requires_auth for one in file_of(records).payer_rules if one.service_type == "98"}
    assert rules == {None: True, "97110": False}


def stored(records: Records, practice: Practice, check_id: UUID | None = None) -> StoredCheck:
    found = records.store.eligibility.check_of(records.client, practice.patient, check_id, seen=None)
    assert found is not None
    return found


def test_a_receipt_comes_back_exactly_and_is_decided_again(records: Records, practice: Practice) -> None:
    new = check(records)
    assert new is not None
    found = stored(records, practice, new.id)
    assert (found.id, found.state, found.receipt, found.difference) == (new.id, "completed", new.verdict, None)
    assert found.receipt is not None
    assert eligibility.replay(found.receipt) == new.verdict


def test_a_check_is_compared_with_the_one_before(records: Records, practice: Practice) -> None:
    first = check(records)
    of_payer = {"client_id": records.client, "payer_id": practice.payer, "rank": 1}
    newer = of_payer | {"patient_id": practice.patient, "period_start": date(2026, 2, 1), "plan_name": "A new plan"}
    newer["copay"] = Decimal(40)
    assert first is not None
    records.add("coverages", newer)
    second = check(records)
    assert second is not None
    assert second.previous is not None
    assert (second.previous.id, second.previous.receipt) == (first.id, first.verdict)
    found = stored(records, practice)
    assert found.id == second.id
    assert found.difference == second.difference
    assert found.difference is not None
    assert [one.member for one in found.difference.changes if one.material] == ["plan", "copay"]


def test_reading_a_check_leaves_its_event(records: Records, practice: Practice) -> None:
    new = check(records)
    assert new is not None
    seen = event(records.client)
    read = records.store.eligibility.check_of
    assert read(records.client, practice.patient, new.id, seen=seen) is not None
    whose = {"resource_id": new.id, "patient_ref": str(practice.patient)}
    assert seen.model_copy(update=whose) in records.events()
    before = len(records.events())
    for client, patient, check_id in (
        (records.client, practice.patient, uuid7()),
        (records.client, uuid7(), new.id),
        (records.other, practice.patient, new.id),
    ):
        assert read(client, patient, check_id, seen=event(client)) is None
    assert len(records.events()) == before


def test_what_a_payer_answered_or_why_not_stays_with_the_check(records: Records, practice: Practice) -> None:
    again = datetime(2026, 11, 23, 9, 5, tzinfo=UTC)
    failure = CheckFailure("retryable", "rejected", ("42",), (), again, ("TRY LATER",))
    told = answer(line("1", "30", amount=Decimal("25.10")), rejections=(Rejection("42", "subscriber"),))
    coverage = practice.coverages[0]
    for brought in (
        {"failure": failure, "state": "failed", "attempts": 1, "next_attempt_at": again},
        {"payer_answer": told},
    ):

        def decide(file: EligibilityFile, previous: PreviousCheck | None, of: Any = brought) -> NewCheck:
            del previous
            held = next(one for one in file.coverages if one.id == coverage)
            given = given_to(held, of.get("failure") or told)
            receipt = eligibility.decide(file, answers=(given,), today=TODAY)
            return NewCheck(
                id=uuid7(), patient_id=file.patient.id, verdict=receipt, checked_by=USER,
                event=event(records.client), kept=None, answer="", source="clearinghouse",
                asked_coverage=coverage, **of,
            )  # fmt: skip

        new = records.store.eligibility.check(
            records.client, "MRN553", visit_id=None, today=TODAY, key=None, decide=decide
        )
        newest = file_of(records).newest_check
        assert new is not None
        assert newest is not None
        assert (newest.id, newest.source, newest.coverage_id) == (new.id, "clearinghouse", coverage)
        assert (newest.state, newest.answer, newest.failure) == (new.state, new.payer_answer, new.failure)
        assert (newest.attempts, newest.next_attempt_at) == (new.attempts, new.next_attempt_at)
        assert stored(records, practice, new.id).failure == new.failure


def test_a_failed_check_is_not_what_the_next_one_is_compared_with(records: Records, practice: Practice) -> None:
    first = check(records)
    failed = {"verdict": "undetermined", "state": "failed", "status": "pending", "reasons": [], "receipt": {}}
    row = {"client_id": records.client, "patient_id": practice.patient, "date_of_service": TODAY, "service_type": "98"}
    failure = CheckFailure("retryable", "timeout")
    kept_failure = failure if records.store.__class__.__name__.startswith("InMemory") else asdict(failure)
    records.add("eligibility_checks", row | failed | {"checked_by": USER, "failure": kept_failure})
    newest = file_of(records).newest_check
    assert newest is not None
    assert (newest.state, newest.failure) == ("failed", failure)
    second = check(records)
    assert first is not None
    assert second is not None
    assert second.previous is not None
    assert second.previous.id == first.id


def test_a_receipt_of_an_older_shape_is_no_hindrance(records: Records, practice: Practice) -> None:
    row = {"client_id": records.client, "patient_id": practice.patient, "date_of_service": TODAY, "service_type": "98"}
    older = {"verdict": "eligible", "status": "proceed", "reasons": [], "checked_by": USER}
    old = records.add("eligibility_checks", row | older | {"receipt": {"dateSource": "today"}})
    new = check(records)
    assert new is not None
    assert new.previous == PreviousCheck(old, None)
    assert stored(records, practice, old).receipt is None


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


def test_a_key_is_recalled_without_checking_again(records: Records, practice: Practice) -> None:
    del practice
    asked = key("asked")
    records.store.eligibility.recall(records.client, asked)
    check(records, asked)
    with pytest.raises(Replayed) as replayed:
        records.store.eligibility.recall(records.client, asked)
    assert replayed.value.body == "checked MRN553"
    with pytest.raises(IdempotencyMismatchError):
        records.store.eligibility.recall(records.client, key("another", of=asked.id))
    records.store.eligibility.recall(records.client, None)


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


def test_the_visits_of_days_leave_out_what_was_called_off_and_is_of_others(
    records: Records, practice: Practice
) -> None:
    own = {"client_id": records.client, "patient_id": practice.patient}
    moved = {"visit_number": "VIS-M", "visit_date": TODAY, "visit_type": "office", "status": "rescheduled"}
    records.add("visits", own | moved)
    done = moved | {"visit_number": "VIS-D", "status": "completed", "provider_id": practice.provider}
    gone = moved | {"visit_number": "VIS-G", "status": "scheduled", "deleted_at": datetime.now(UTC)}
    completed = records.add("visits", own | done)
    records.add("visits", own | gone)

    def listed(first: int, last: int, provider: str | None = None, limit: int = 9) -> list[UUID] | None:
        days = [TODAY + timedelta(days=one) for one in (first, last)]
        return records.store.eligibility.visits_between(
            records.client, days[0], days[1], provider=provider, limit=limit
        )

    assert listed(0, 3) == [completed, practice.visit]
    assert listed(0, 3, limit=1) == [completed]
    assert listed(1, 2) == []
    assert listed(0, 0, "PRV-11") == listed(0, 0, str(practice.provider)) == [completed]
    assert listed(0, 0, "PRV-NONE") is None
    assert records.store.eligibility.visits_between(records.other, TODAY, TODAY, provider=None, limit=9) == []
    at = datetime.combine(TODAY, time(9), UTC)
    late, early = (
        records.add("visits", own | done | {"visit_number": f"VIS-AT-{hour}", "starts_at": at + timedelta(hours=hour)})
        for hour in (2, 1)
    )
    assert listed(0, 0) == [early, late, completed]  # who has no time comes last
