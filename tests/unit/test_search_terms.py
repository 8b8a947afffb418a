"""Search terms: records and queries are normalised the same way."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.search_terms import (
    MOST_QUERY_TERMS,
    NAME_WEIGHT,
    NUMBER_WEIGHT,
    PHONE_WEIGHT,
    query_terms,
    terms_for,
)

PATIENT = {
    "mrn": "MRN-0553",
    "first_name": "Víctor493",
    "last_name": "Müller-O'Brien",
    "date_of_birth": date(1981, 3, 4),
    "phone": "+1 (555) 956-3629",
}


def found_by(query: str, record_type: str = "patient", fields: dict[str, object] | None = None) -> bool:
    terms = [term for term, _ in terms_for(record_type, PATIENT if fields is None else fields)]
    wanted = query_terms(query)
    return bool(wanted) and all(any(term.startswith(prefix) for term in terms) for prefix in wanted)


@pytest.mark.parametrize(
    "query",
    [
        "MRN-0553",
        "mrn0553",
        "553",
        "victor",
        "Víctor493 müller",
        "Mueller",
        "muller",
        "OBrien",
        "O'Brien, Victor",
        "Müller-O'Brien",
        "03/04/1981 muller",
        "1981-03-04",
        "4.3.1981",
        "(555) 956-3629",
        "555-956-3629",
        "vic",
    ],
)
def test_patient_is_found_by(query: str) -> None:
    assert found_by(query)


@pytest.mark.parametrize("query", ["", "  ", "-", "smith", "04/03/1981", "muller 1981-03-05", "554"])
def test_patient_is_not_found_by(query: str) -> None:
    assert not found_by(query)


@pytest.mark.parametrize(
    ("query", "terms"),
    [
        ("CLM-88", ("clm88",)),
        ("03/04/1981 Smith", ("1981-03-04", "smith")),
        ("13/04/1981", ("1981-04-13",)),
        ("Müller", ("muller",)),
        ("7dc94cc0-8c2e-4835-9994-cecbe894bcbf", ("7dc94cc08c2e48359994cecbe894bcbf",)),
        ("Smith smith", ("smith",)),
        ("CLM-2024-01-05", ("clm20240105",)),
    ],
)
def test_query_becomes_terms(query: str, terms: tuple[str, ...]) -> None:
    assert query_terms(query) == terms


def test_claim_number_is_found_with_and_without_its_letters() -> None:
    assert dict(terms_for("claim", {"claim_number": "CLM-088"})) == {"clm088": NUMBER_WEIGHT, "88": 2}


def test_names_stand_with_and_without_the_digits_of_test_data() -> None:
    assert dict(terms_for("provider", {"name": "Smith67"})) == {"smith": NAME_WEIGHT, "smith67": NAME_WEIGHT}


def test_member_id_belongs_to_the_coverage() -> None:
    assert found_by("xyz1", "coverage", {"member_id": "XYZ-1"})


def test_a_member_id_with_blanks_is_found_as_it_stands_on_the_card() -> None:
    for query in ("W12 345-6", "w12 3456", "W123456", "345"):
        assert found_by(query, "coverage", {"member_id": "W12 345-6"})


def test_a_phone_is_told_from_everything_else_by_its_weight() -> None:
    weights = dict(terms_for("patient", PATIENT))
    assert {term for term, weight in weights.items() if weight == PHONE_WEIGHT} == {"5559563629"}


def test_unknown_type_and_empty_fields_give_no_terms() -> None:
    assert terms_for("starship", {"name": "Enterprise"}) == ()
    assert terms_for("patient", {"mrn": "", "first_name": None}) == ()


@given(st.text(max_size=300))
def test_any_query_gives_few_plain_terms(query: str) -> None:
    terms = query_terms(query)
    assert len(terms) <= MOST_QUERY_TERMS
    assert all(terms)
    assert all(" " not in term and "%" not in term for term in terms)


@given(st.text(alphabet=st.characters(categories=["Ll", "Lu"]), min_size=1, max_size=30))
def test_a_name_is_found_as_it_is_written(name: str) -> None:
    assert found_by(name, "payer", {"name": name})


@given(
    st.text(alphabet="AZaz09ü -.,#", min_size=1, max_size=40)
    .map(str.strip)
    .filter(lambda text: any(map(str.isalnum, text)) and sum(map(str.isdigit, text)) < 6)  # no date, no phone
)
def test_a_number_is_found_as_it_is_written(number: str) -> None:
    assert found_by(number, "coverage", {"member_id": number})
