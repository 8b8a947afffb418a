"""FHIR R4 into records: what is taken, refused with a reason, or a fault of the whole input."""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.catalog import ROOT
from shared.errors import ValidationFailedError
from shared.importing.fhir import parse_fhir
from shared.models.imported import ImportBatch
from tests.unit.import_samples import answer, bundle, claim, coverage, encounter, patient

ZONE = ZoneInfo("America/New_York")
BUNDLES = ROOT.parent / "shared" / "data" / "fhir-r4-synthea"
EXAMPLES = ROOT.parent / "shared" / "data" / "fhir-r4-examples"


def parse(document: object) -> ImportBatch:
    return parse_fhir(document, zone=ZONE)


def fault_of(document: object) -> tuple[str, str]:
    with pytest.raises(ValidationFailedError) as caught:
        parse(document)
    (error,) = caught.value.errors
    return error.field, error.code


def refusals_of(*resources: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(one.record_type, one.reason, one.path) for one in parse(bundle(*resources)).refused]


def test_patient_is_read_with_the_medical_record_number() -> None:
    (one,) = parse(bundle(patient())).patients
    assert (one.mrn, one.first_name, one.last_name, one.date_of_birth, one.sex, one.source_ref) == (
        "M-1",
        "Ana B.",
        "Ruiz",
        date(1981, 3, 4),
        "female",
        "fhir:Patient/p1",
    )


@pytest.mark.parametrize(("identifiers", "mrn"), [([{"value": "first"}], "first"), (None, "p1")])
def test_mrn_falls_back_to_the_first_identifier_and_the_id(identifiers: Any, mrn: str) -> None:
    assert parse(patient(identifier=identifiers)).patients[0].mrn == mrn


def test_year_of_birth_alone_is_no_date_of_birth() -> None:
    batch = parse(patient(birthDate="1981"))
    assert batch.patients[0].date_of_birth is None
    assert batch.notes["patient", "partial_birth_date"] == 1


def test_instants_become_days_in_the_clients_time_zone_and_dates_stay_as_written() -> None:
    batch = parse(bundle(patient(), encounter(), claim()))
    assert batch.visits[0].visit_date == date(2024, 3, 1)
    assert batch.claims[0].service_date == date(2024, 3, 1)
    assert batch.claims[0].submitted_date == date(2024, 3, 3)


def test_claim_is_joined_with_its_answer() -> None:
    (one,) = parse(bundle(answer(), claim(), encounter(), patient())).claims
    assert (one.amount, one.paid_amount, one.status, one.visit) == (
        Decimal("125.10"),
        Decimal("100.08"),
        "partially_paid",
        "fhir:Encounter/e1",
    )


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"payment": {"amount": {"value": 0}}}, "accepted"),
        ({"payment": {"amount": {"value": Decimal("125.10")}}}, "paid"),
        ({"outcome": "error"}, "rejected"),
        ({"outcome": "queued", "payment": None}, "accepted"),
    ],
)
def test_answer_that_pays_nothing_is_never_a_denial(changes: dict[str, Any], status: str) -> None:
    assert parse(bundle(answer(**changes), claim(), patient())).claims[0].status == status


def test_computed_payment_is_rounded_to_the_cent_and_noted() -> None:
    paid = {"amount": {"value": Decimal("51.599999999999994")}}
    batch = parse(bundle(answer(payment=paid), claim(), patient()))
    assert batch.claims[0].paid_amount == Decimal("51.60")
    assert batch.notes["claim", "paid_amount_rounded"] == 1


def test_newest_of_several_answers_counts() -> None:
    older = answer(id="b2", created="2024-03-05", payment={"amount": {"value": 1}})
    assert parse(bundle(answer(), older, claim())).claims[0].paid_amount == Decimal("100.08")


def test_answer_to_an_unknown_claim_is_kept_for_one_imported_before() -> None:
    assert parse(bundle(answer())).remittances[0].claim == "fhir:Claim/k1"


def test_contained_coverages_of_one_payer_are_one_coverage_without_a_period() -> None:
    batch = parse(bundle(patient(), answer(), answer(id="b2", claim={"reference": "Claim/k2"}), claim()))
    (one,) = batch.coverages
    assert (one.period_start, one.period_end, one.payer) == (None, None, "acme-health")
    assert batch.notes["coverage", "contained_coverage_merged"] == 1


def test_contained_coverage_adds_nothing_to_one_with_a_period() -> None:
    (one,) = parse(bundle(answer(), coverage())).coverages
    assert (one.period_start, one.member_id) == (date(2024, 1, 1), "S-9")


def test_coverage_whose_end_has_no_day_has_no_period() -> None:
    (one,) = parse(coverage(period={"start": "2024-01-01", "end": "2024-06"})).coverages
    assert (one.period_start, one.period_end) == (None, None)


def test_urn_references_and_conditional_ones_are_resolved() -> None:
    document = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {
                "fullUrl": "urn:uuid:11",
                "resource": patient(id=None),
                "request": {"method": "POST", "url": "Patient"},
            },
            {
                "resource": encounter(subject={"reference": "urn:uuid:11"}),
                "request": {"method": "PUT", "url": "Encounter/e1"},
            },
            {"resource": coverage(beneficiary={"reference": "Patient?identifier=|M-1"})},
        ],
    }
    batch = parse(document)
    assert batch.patients[0].source_ref == "fhir:Patient/11"
    assert batch.visits[0].patient == batch.coverages[0].patient == "fhir:Patient/11"


def test_types_that_are_not_held_are_counted() -> None:
    observation = {"resourceType": "Observation", "id": "o1", "identifier": {"value": "not a list"}}
    assert parse(bundle(patient(), observation, observation)).ignored == Counter({"Observation": 2})


def test_money_that_came_as_a_float_is_taken_as_it_prints() -> None:
    assert parse(bundle(claim(total={"value": 0.1 + 0.7}))).refused[0].reason == "amount_not_exact"
    assert parse(bundle(claim(total={"value": 125.1}))).claims[0].amount == Decimal("125.10")


@pytest.mark.parametrize(
    ("resource", "refusal"),
    [
        (claim(total={"value": Decimal("1.005")}), ("claim", "amount_not_exact", "entry[0].resource.total.value")),
        (claim(total={"value": -1}), ("claim", "amount_negative", "entry[0].resource.total.value")),
        (claim(total={"value": 10**8}), ("claim", "amount_out_of_range", "entry[0].resource.total.value")),
        (claim(total=None, item=None), ("claim", "amount_missing", "entry[0].resource")),
        (claim(use="preauthorization"), ("claim", "use_not_held", "entry[0].resource.use")),
        (claim(patient={"display": "Somebody"}), ("claim", "unknown_patient", "entry[0].resource.patient")),
        (claim(status="entered-in-error"), ("claim", "entered_in_error", "entry[0].resource.status")),
        (answer(claim=None), ("claim", "claim_missing", "entry[0].resource")),
        (
            answer(payment={"amount": {"value": -5}}),
            ("claim", "amount_negative", "entry[0].resource.payment.amount.value"),
        ),
        (encounter(period=None), ("visit", "date_missing", "entry[0].resource")),
        (encounter(status="entered-in-error"), ("visit", "status_entered_in_error", "entry[0].resource.status")),
        (encounter(subject={"reference": "Group/1"}), ("visit", "unknown_patient", "entry[0].resource.subject")),
        (coverage(payor=None), ("coverage", "payer_missing", "entry[0].resource.payor")),
        (patient(name=None), ("patient", "name_missing", "entry[0].resource")),
        (patient(id=None), ("patient", "id_missing", "entry[0].resource")),
        (patient(identifier=[{"value": "9" * 101}]), ("patient", "number_too_long", "entry[0].resource")),
    ],
)
def test_sound_resource_that_cannot_be_taken_is_refused(
    resource: dict[str, Any], refusal: tuple[str, str, str]
) -> None:
    assert refusals_of(resource) == [refusal]


def test_second_resource_with_one_id_is_refused() -> None:
    assert refusals_of(patient(), patient()) == [("patient", "duplicate_in_bundle", "entry[1].resource")]


@pytest.mark.parametrize(
    ("document", "fault"),
    [
        ([], ("$", "object_expected")),
        ({}, ("resourceType", "required")),
        (bundle(kind="history"), ("type", "unknown_code")),
        ({"resourceType": "Bundle", "type": "batch", "entry": {}}, ("entry", "array_expected")),
        ({"resourceType": "Bundle", "type": "batch", "entry": [{}]}, ("entry[0].resource", "required")),
        ({"resourceType": "Bundle", "type": "batch", "entry": [7]}, ("entry[0]", "object_expected")),
        (bundle({"id": "x"}), ("entry[0].resource.resourceType", "required")),
        (bundle(patient(birthDate="2999-01-01")), ("entry[0].resource.birthDate", "in_the_future")),
        (bundle(patient(birthDate="1981-02-30")), ("entry[0].resource.birthDate", "date_invalid")),
        (bundle(patient(birthDate=1981)), ("entry[0].resource.birthDate", "text_expected")),
        (bundle(patient(gender="f")), ("entry[0].resource.gender", "unknown_code")),
        (bundle(patient(id="a b")), ("entry[0].resource.id", "id_invalid")),
        (bundle(patient(name=[{"family": "\x00"}])), ("entry[0].resource.name[0].family", "character_invalid")),
        (bundle(patient(), claim(total={"value": "12"})), ("entry[1].resource.total.value", "number_expected")),
        (bundle(claim(total={"value": Decimal("NaN")})), ("entry[0].resource.total.value", "number_expected")),
        (bundle(claim(status="paid")), ("entry[0].resource.status", "unknown_code")),
        (
            bundle(encounter(period={"start": "2024-03-02T25:00:00Z"})),
            ("entry[0].resource.period.start", "instant_invalid"),
        ),
        (
            bundle(encounter(period={"start": "2024-03-02T10:00:00Z", "end": "2024-03-02T09:00:00Z"})),
            ("entry[0].resource.period.end", "period_invalid"),
        ),
        (
            bundle(coverage(period={"start": "2024-03-02", "end": "2024-03-01"})),
            ("entry[0].resource.period.end", "period_invalid"),
        ),
        (
            bundle(claim(patient={"reference": "urn:uuid:none"})),
            ("entry[0].resource.patient.reference", "reference_unresolved"),
        ),
        (
            bundle(answer(contained=None)),
            ("entry[0].resource.insurance[0].coverage.reference", "reference_unresolved"),
        ),
        (bundle(claim(patient={"reference": "??"})), ("entry[0].resource.patient.reference", "reference_invalid")),
        (
            {
                "resourceType": "Bundle",
                "type": "transaction",
                "entry": [{"request": {"method": "DELETE", "url": "Patient/p1"}}],
            },
            ("entry[0].request.method", "method_not_supported"),
        ),
    ],
)
def test_fault_names_its_json_path_and_nothing_is_taken(document: object, fault: tuple[str, str]) -> None:
    assert fault_of(document) == fault


_SOUND = bundle(patient(), coverage(), encounter(), answer(), claim())
_LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "#cov", "Patient/p1", "1981", "urn:uuid:x"])
)
_ANYTHING = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2)
)


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        yield value, key
        if isinstance(inner, dict | list):
            yield from _places(inner)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_damaged_bundle_is_read_or_refused_and_never_breaks_the_reader(data: st.DataObject) -> None:
    damaged = copy.deepcopy(_SOUND)
    for _ in range(data.draw(st.integers(1, 3))):
        holder, key = data.draw(st.sampled_from(list(_places(damaged))))
        holder[key] = data.draw(_ANYTHING)
    with suppress(ValidationFailedError):
        parse(damaged)


@pytest.mark.skipif(not BUNDLES.is_dir(), reason="the reference data (../shared/data) is not there")
def test_synthea_bundles_are_read_completely_and_exactly() -> None:
    counted: Counter[str] = Counter()
    amounts = expected = Decimal(0)
    for file in sorted(BUNDLES.glob("*.json")):
        document = json.loads(file.read_text(), parse_float=Decimal)
        batch = parse(document)
        assert batch.refused == []
        counted.update(patients=len(batch.patients), claims=len(batch.claims), visits=len(batch.visits))
        counted.update(
            coverages=len(batch.coverages), dated=sum(one.period_start is not None for one in batch.coverages)
        )
        amounts += sum(one.amount for one in batch.claims)
        resources = [entry["resource"] for entry in document["entry"]]
        expected += sum(Decimal(one["total"]["value"]) for one in resources if one["resourceType"] == "Claim")
    assert counted == Counter(patients=12, claims=198, visits=170, coverages=12, dated=0)
    assert amounts == expected


@pytest.mark.skipif(not EXAMPLES.is_dir(), reason="the reference data (../shared/data) is not there")
@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.json")), ids=lambda file: file.stem)
def test_published_examples_are_taken_refused_or_not_held(file: Path) -> None:
    batch = parse(json.loads(file.read_text(encoding="utf-8-sig"), parse_float=Decimal))
    taken = len(batch.patients) + len(batch.providers) + len(batch.coverages) + len(batch.visits)
    assert taken + len(batch.claims) + len(batch.remittances) + len(batch.refused) + batch.ignored.total() == 1
