"""RecordRepository and EligibilityRepository: one contract, both implementations."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from shared.domain import eligibility
from shared.domain.search_terms import query_terms
from shared.models.api.records import DATA_MODELS
from shared.models.caller import IdempotencyKey
from shared.models.identifiers import uuid7
from shared.models.records import EligibilityFile, RecordReference
from shared.models.replay import IdempotencyMismatchError, Replayed
from shared.repositories.protocols import NewCheck
from tests.contract.conftest import Records
from tests.unit.factories import TODAY, USER, event, kept, key

EVERY_TYPE = tuple(DATA_MODELS)


@dataclass(frozen=True, slots=True)
class Practice:
    """Ids of what `practice` stored."""

    patient: UUID
    payer: UUID
    other_payer: UUID
    provider: UUID
    coverages: tuple[UUID, ...]
    authorization: UUID
    visit: UUID
    claim: UUID


@pytest.fixture
def practice(records: Records) -> Practice:
    own = {"client_id": records.client}
    payer = records.add("payers", own | {"payer_number": "BST-01", "name": "Bluestem Health Plan"})
    other = records.add("payers", own | {"payer_number": "CAP-02", "name": "Capstone Mutual", "kind": "self_pay"})
    patient = records.add("patients", own | _patient("MRN553", "Jürgen", "Müller"))
    records.add("patients", {"client_id": records.other} | _patient("MRN553", "Tobias", "Grant"))
    provider = records.add("providers", own | {"provider_number": "PRV-11", "kind": "person", "name": "Amara Okonkwo"})
    coverage = own | {"patient_id": patient}
    coverages = (
        records.add("coverages", coverage | {"payer_id": payer, "period_start": date(2026, 1, 1), "copay": 25}),
        records.add("coverages", coverage | {"payer_id": payer, "period_start": date(2025, 1, 1), "source_ref": "c2"}),
        records.add("coverages", coverage | {"payer_id": other, "plan_name": "No start", "member_id": "CAP-7"}),
        records.add("coverages", coverage | {"payer_id": other, "rank": 2, "deleted_at": datetime.now(UTC)}),
    )
    for service, needed in (("98", True), ("30", None)):
        records.add("payer_rules", own | {"payer_id": payer, "service_type": service, "requires_auth": needed})
    authorization = records.add(
        "authorizations",
        coverage | {"auth_number": "AUTH-5", "payer_id": payer, "status": "approved", "requested_date": TODAY},
    )
    records.add("authorizations", coverage | {"auth_number": "AUTH-6", "status": "draft"})
    visit = _visit(records, patient, "VIS-1", TODAY + timedelta(days=3), "scheduled")
    _visit(records, patient, "VIS-2", TODAY + timedelta(days=9), "confirmed")
    _visit(records, patient, "VIS-3", TODAY + timedelta(days=1), "cancelled")
    _visit(records, patient, "VIS-0", TODAY - timedelta(days=1), "scheduled")
    claim = records.add("claims", coverage | _claim("CLM-88", "182.40") | {"payer_id": payer, "provider_id": provider})
    return Practice(patient, payer, other, provider, coverages, authorization, visit, claim)


def _patient(mrn: str, first: str, last: str) -> dict[str, Any]:
    return {"mrn": mrn, "first_name": first, "last_name": last, "date_of_birth": date(1981, 4, 3), "phone": "555-0100"}


def _visit(records: Records, patient: UUID, number: str, on: date, status: str) -> UUID:
    row = {"visit_number": number, "patient_id": patient, "visit_date": on, "status": status, "visit_type": "office"}
    return records.add("visits", {"client_id": records.client, "starts_at": datetime(2026, 1, 1, 9, tzinfo=UTC)} | row)


def _claim(number: str, amount: str, on: date | None = date(2026, 9, 22), status: str = "submitted") -> dict[str, Any]:
    return {"claim_number": number, "amount": Decimal(amount), "service_date": on, "status": status}


def file_of(records: Records, reference: str = "MRN553", **asked: Any) -> EligibilityFile:
    found = records.store.eligibility.file_of(records.client, reference, today=TODAY, **asked)
    assert found is not None
    return found


@pytest.mark.parametrize("record_type", EVERY_TYPE)
def test_a_record_is_found_by_number_and_by_uuid_with_all_its_columns(
    records: Records, practice: Practice, record_type: str
) -> None:
    numbers = {
        "patient": ("MRN553", practice.patient),
        "claim": ("CLM-88", practice.claim),
        "visit": ("VIS-1", practice.visit),
        "authorization": ("AUTH-5", practice.authorization),
        "coverage": ("c2", practice.coverages[1]),
        "payer": ("BST-01", practice.payer),
        "provider": ("PRV-11", practice.provider),
    }
    number, record_id = numbers[record_type]
    found = records.store.records.get(records.client, record_type, number, seen=None)
    assert found is not None
    assert (found.type, found.id, found.version) == (record_type, record_id, 1)
    assert found == records.store.records.get(records.client, record_type, str(record_id), seen=None)
    assert set(found.data) >= set(DATA_MODELS[record_type].model_fields) - {"amount_cents", "paid_cents", "copay_cents"}
    assert records.events() == []


def test_columns_are_plain_text_and_exact_numbers(records: Records, practice: Practice) -> None:
    claim = records.store.records.get(records.client, "claim", "CLM-88", seen=None)
    visit = records.store.records.get(records.client, "visit", "VIS-1", seen=None)
    coverage = records.store.records.get(records.client, "coverage", str(practice.coverages[0]), seen=None)
    assert claim is not None
    assert visit is not None
    assert coverage is not None
    assert claim.data["amount"] == Decimal("182.40")
    assert (claim.data["currency"], claim.data["service_date"]) == ("USD", "2026-09-22")
    assert claim.data["patient_id"] == str(practice.patient)
    assert (visit.data["starts_at"], visit.data["readiness"]) == ("2026-01-01T09:00:00Z", "pending")
    assert (coverage.data["copay"], coverage.data["rank"], coverage.data["status"]) == (Decimal(25), 1, "active")


@pytest.mark.parametrize("record_type", EVERY_TYPE)
@pytest.mark.parametrize("reference", ["nothing", "%", "' OR true --", "x" * 200, str(UUID(int=5))])
def test_an_unknown_reference_is_none(records: Records, practice: Practice, record_type: str, reference: str) -> None:
    del practice
    assert records.store.records.get(records.client, record_type, reference, seen=event(records.client)) is None
    assert records.store.records.resolve(records.client, record_type, reference) is None
    assert records.events() == []


def test_another_organisation_sees_only_its_own(records: Records, practice: Practice) -> None:
    store, theirs = records.store, records.other
    assert store.records.get(theirs, "patient", str(practice.patient), seen=None) is None
    assert store.records.get(theirs, "claim", "CLM-88", seen=None) is None
    assert store.records.resolve(theirs, "visit", "VIS-1") is None
    assert store.eligibility.file_of(theirs, str(practice.patient), today=TODAY) is None
    assert (
        store.eligibility.claims_of(theirs, str(practice.patient), status=None, after=None, limit=9, seen=None) is None
    )
    assert store.records.search(theirs, ("muller",), EVERY_TYPE, seen=None) == []
    same_number = store.records.find_patient(theirs, "MRN553")
    assert same_number is not None
    assert same_number.last_name == "Grant"
    assert store.eligibility.file_of(theirs, "MRN553", today=TODAY, visit_id=practice.visit) == replace(
        file_of(records), patient=same_number, coverages=(), payer_rules=(), authorizations=(), next_visit=None
    )


def test_a_read_leaves_its_event_once_with_whose_record_it_was(records: Records, practice: Practice) -> None:
    seen = event(records.client)
    for _ in range(2):
        records.store.records.get(records.client, "claim", "CLM-88", seen=seen)
    assert records.events() == [
        seen.model_copy(update={"resource_id": practice.claim, "patient_ref": str(practice.patient)})
    ]


def test_a_payer_belongs_to_no_patient(records: Records, practice: Practice) -> None:
    seen = event(records.client)
    records.store.records.get(records.client, "payer", "BST-01", seen=seen)
    assert records.events() == [seen.model_copy(update={"resource_id": practice.payer, "patient_ref": None})]
    assert records.store.records.resolve(records.client, "payer", "BST-01") == RecordReference(
        "payer", practice.payer, "BST-01", None
    )


def test_a_record_is_resolved_to_its_number_and_patient(records: Records, practice: Practice) -> None:
    resolve = records.store.records.resolve
    for reference in ("VIS-1", str(practice.visit), str(practice.visit).upper()):
        assert resolve(records.client, "visit", reference) == RecordReference(
            "visit", practice.visit, "VIS-1", practice.patient
        )
    patient = resolve(records.client, "patient", "MRN553")
    assert patient == RecordReference("patient", practice.patient, "MRN553", practice.patient)
    unnumbered = practice.coverages[0]
    assert resolve(records.client, "coverage", str(unnumbered)) == RecordReference(
        "coverage", unnumbered, str(unnumbered), practice.patient
    )


def test_a_number_goes_before_a_uuid(records: Records, practice: Practice) -> None:
    named_so = records.add(
        "patients", {"client_id": records.client} | _patient(str(practice.patient), "Named", "Like another's id")
    )
    found = records.store.records.find_patient(records.client, str(practice.patient))
    assert found is not None
    assert found.id == named_so


def test_deleted_records_are_gone(records: Records, practice: Practice) -> None:
    deleted = practice.coverages[3]
    assert records.store.records.get(records.client, "coverage", str(deleted), seen=None) is None
    assert records.store.records.resolve(records.client, "coverage", str(deleted)) is None
    assert deleted not in {coverage.id for coverage in file_of(records).coverages}


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("müller", ["patient"]),
        ("Mueller 1981-04-03", ["patient"]),
        ("mul jur", ["patient"]),
        ("553", ["patient"]),
        ("clm-88", ["claim"]),
        ("88", ["claim"]),
        ("bst", ["payer"]),
        ("cap", ["payer", "coverage"]),
        ("amara", ["provider"]),
        ("vis", ["visit"] * 4),
        ("auth-6", ["authorization"]),
        ("muller bst", []),
        ("nobody", []),
    ],
)
def test_search_finds_what_has_every_word(records: Records, practice: Practice, words: str, found: list[str]) -> None:
    del practice
    hits = records.store.records.search(records.client, query_terms(words), EVERY_TYPE, seen=None)
    assert sorted(hit.type for hit in hits) == sorted(found)
    assert [(-hit.score, hit.id) for hit in hits] == sorted((-hit.score, hit.id) for hit in hits)


def test_a_hit_says_what_it_is_and_whole_words_score_double(records: Records, practice: Practice) -> None:
    search = records.store.records.search
    whole = search(records.client, ("muller",), EVERY_TYPE, seen=None)[0]
    start = search(records.client, ("mull",), EVERY_TYPE, seen=None)[0]
    both = search(records.client, ("muller", "mrn553"), EVERY_TYPE, seen=None)[0]
    assert (whole.id, whole.number, whole.label) == (practice.patient, "MRN553", "Müller, Jürgen")
    assert whole.patient_id == practice.patient
    assert (whole.score, start.score, both.score) == (6, 3, 14)


def test_search_is_limited_to_the_types_asked_for_and_leaves_its_event(records: Records, practice: Practice) -> None:
    del practice
    seen = event(records.client)
    assert records.store.records.search(records.client, ("cap",), ("payer",), seen=seen)[0].type == "payer"
    assert records.store.records.search(records.client, ("cap",), ("patient",), seen=None) == []
    assert records.events() == [seen]


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


def decided(records: Records, asked: IdempotencyKey | None) -> Any:
    def decide(file: EligibilityFile) -> NewCheck:
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

    def fail(_: EligibilityFile) -> NewCheck:
        raise LookupError

    with pytest.raises(LookupError):
        records.store.eligibility.check(records.client, "MRN553", visit_id=None, today=TODAY, key=key(), decide=fail)
    assert file_of(records).newest_check is None
    assert records.events() == []


def test_claims_come_newest_first_in_pages_by_status(records: Records, practice: Practice) -> None:
    own = {"client_id": records.client, "patient_id": practice.patient}
    for n in range(24):
        on = None if n % 7 == 0 else date(2026, 1, 1) + timedelta(days=n % 5)
        records.add("claims", own | _claim(f"C-{n}", f"{n}.05", on, ("paid", "denied")[n % 2]))
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
            after = ((last.service_date or date.min).isoformat(), str(last.id))
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
