"""A record is found among thousands that share each of its words."""

from __future__ import annotations

import pytest

from tests.e2e.person import RECORDS, Database, Person, unique

SHARED_BY = 3000


@pytest.fixture(scope="module")
def crowd(manager: Person, database: Database) -> tuple[str, str, str]:
    """A last and a first name that thousands have, and the MRN of the one who has both."""
    letters = unique("q").replace("-", "").translate(str.maketrans("0123456789", "ghijklmnop"))
    last, first = f"{letters}smith", f"{letters}john"
    client = str(manager.claims["clientId"])
    for name in (last, first):
        database.rows(
            "INSERT INTO record_terms (client_id, term, record_type, record_id, weight) "
            "SELECT :client, :name || n, 'patient', gen_random_uuid(), 3 FROM generate_series(1, :many) n",
            client=client,
            name=name,
            many=SHARED_BY,
        )
    patient, mrn = database.new_patient(client, first_name=first, last_name=last)
    for name in (last, first):
        database.rows(
            "INSERT INTO record_terms (client_id, term, record_type, record_id, weight) "
            "VALUES (:client, :name, 'patient', :patient, 3)",
            client=client,
            name=name,
            patient=patient,
        )
    return last, first, mrn


def test_both_words_find_the_one_who_has_both(manager: Person, crowd: tuple[str, str, str]) -> None:
    last, first, mrn = crowd
    for words in (f"{last} {first}", f"{first[:-1]} {last}", f"{last[:-2]} {first[:-2]}"):
        found = manager.done("POST", f"{RECORDS}/search", {"q": words})["results"]
        assert [hit["number"] for hit in found] == [mrn], words


def test_a_whole_word_comes_before_thousands_that_begin_with_it(manager: Person, crowd: tuple[str, str, str]) -> None:
    last, _, mrn = crowd
    found = manager.done("POST", f"{RECORDS}/search", {"q": last})["results"]
    assert found[0]["number"] == mrn
