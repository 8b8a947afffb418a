"""RecordRepository: one contract, both implementations."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from uuid import UUID

import pytest

from shared.domain.search_terms import DETAIL_WEIGHT, query_terms
from shared.models.api.records import DATA_MODELS
from shared.models.records import RecordReference
from tests.contract.conftest import Records
from tests.contract.practice import Practice, file_of, patient_row, store_practice
from tests.unit.factories import TODAY, event

EVERY_TYPE = tuple(DATA_MODELS)


@pytest.fixture
def practice(records: Records) -> Practice:
    return store_practice(records)


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
        "payer_rule": (str(practice.rule), practice.rule),
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
        file_of(records),
        patient=same_number,
        coverages=(),
        payer_rules=(),
        authorizations=(),
        payers=(),
        booked_visits=(),
    )


def test_a_read_leaves_its_event_once_with_whose_record_it_was(records: Records, practice: Practice) -> None:
    seen = event(records.client)
    for _ in range(2):
        records.store.records.get(records.client, "claim", "CLM-88", seen=seen)
    assert records.events() == [
        seen.model_copy(update={"resource_id": practice.claim, "patient_ref": str(practice.patient)})
    ]


def test_a_payer_belongs_to_nopatient_row(records: Records, practice: Practice) -> None:
    seen = event(records.client)
    records.store.records.get(records.client, "payer", "BST-01", seen=seen)
    assert records.events() == [seen.model_copy(update={"resource_id": practice.payer, "patient_ref": None})]
    assert records.store.records.resolve(records.client, "payer", "BST-01") == RecordReference(
        "payer", practice.payer, "BST-01", None
    )


def test_a_record_is_resolved_to_its_number_andpatient_row(records: Records, practice: Practice) -> None:
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
        "patients", {"client_id": records.client} | patient_row(str(practice.patient), "Named", "Like another's id")
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


def test_what_is_made_of_a_phone_is_found_only_by_who_may_see_one(records: Records, practice: Practice) -> None:
    search = records.store.records.search
    by_phone, by_both = query_terms("5550100"), query_terms("muller 5550100")
    assert [hit.id for hit in search(records.client, by_phone, EVERY_TYPE, seen=None)] == [practice.patient]
    for words in (by_phone, by_both, query_terms("555"), query_terms("5550100 muller")):
        assert search(records.client, words, EVERY_TYPE, least_weight=DETAIL_WEIGHT, seen=None) == []
    born = search(records.client, query_terms("muller 1981-04-03"), EVERY_TYPE, least_weight=DETAIL_WEIGHT, seen=None)
    assert [hit.id for hit in born] == [practice.patient]


def test_a_coverage_is_found_under_its_member_id(records: Records, practice: Practice) -> None:
    (hit,) = records.store.records.search(records.client, ("cap7",), ("coverage",), seen=None)
    assert (hit.number, hit.patient_id) == ("CAP-7", practice.patient)
