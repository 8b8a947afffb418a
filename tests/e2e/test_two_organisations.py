"""What one organisation has, another cannot tell from what nobody has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from shared.models.identifiers import uuid7
from tests.e2e.person import ELIGIBILITY, RECORDS, TASKS, Database, Person, unique

# Riverside's records that Lakeside has none of, by number; MRN553 and CLM-88 exist in both.
NUMBERS = {"patient": "MRN554", "claim": "CLM-91", "visit": "VIS-2041", "payer": "BST-01", "provider": "PRV-11"}
TABLES = {"patient": "patients", "claim": "claims", "visit": "visits", "payer": "payers", "provider": "providers"}
MOVES = ("complete", "accept", "hold", "reopen")


def same_but_request_id(first: Any, second: Any) -> None:
    """Two answers that a stranger must not tell apart."""
    one, other = first.json(), second.json()
    assert one.pop("requestId") != other.pop("requestId")
    assert (first.status_code, one) == (404, other)
    assert second.status_code == 404
    assert set(first.headers) == set(second.headers)


@pytest.fixture
def context(manager: Person, database: Database) -> str:
    """A context of Riverside on a patient of its own."""
    return manager.open(database.new_patient(manager.claims["clientId"])[1], "Patient ID")


@pytest.mark.parametrize("record_type", NUMBERS)
def test_a_foreign_record_is_unknown_by_number(manager: Person, stranger: Person, record_type: str) -> None:
    path = f"{RECORDS}/{record_type}"
    assert manager.done("GET", f"{path}/{NUMBERS[record_type]}")["type"] == record_type
    same_but_request_id(
        stranger.call("GET", f"{path}/{NUMBERS[record_type]}"), stranger.call("GET", f"{path}/{unique('NONE')}")
    )


@pytest.mark.parametrize("record_type", [*NUMBERS, "coverage"])
def test_a_foreign_record_is_unknown_by_uuid(
    manager: Person, stranger: Person, database: Database, record_type: str
) -> None:
    table = TABLES.get(record_type, "coverages")
    mine = database.rows(
        f"SELECT id FROM {table} WHERE client_id = :client AND deleted_at IS NULL LIMIT 1",  # noqa: S608 - own names
        client=manager.claims["clientId"],
    )[0]["id"]
    path = f"{RECORDS}/{record_type}"
    assert manager.done("GET", f"{path}/{mine}")["id"] == str(mine)
    same_but_request_id(stranger.call("GET", f"{path}/{mine}"), stranger.call("GET", f"{path}/{uuid7()}"))


@pytest.mark.parametrize("view", ["patient", "claims"])
def test_a_foreign_patient_is_unknown_in_the_eligibility_mode(
    manager: Person, stranger: Person, database: Database, view: str
) -> None:
    identifier, mrn = database.new_patient(manager.claims["clientId"])
    for mine, nobodys in ((str(identifier), str(uuid7())), (mrn, unique("MRN"))):
        assert manager.call("GET", f"{ELIGIBILITY}/{view}/{mine}").status_code == 200
        same_but_request_id(
            stranger.call("GET", f"{ELIGIBILITY}/{view}/{mine}"),
            stranger.call("GET", f"{ELIGIBILITY}/{view}/{nobodys}"),
        )


def test_a_number_that_both_have_is_each_ones_own_record(manager: Person, stranger: Person) -> None:
    names = [one.done("GET", f"{ELIGIBILITY}/patient/MRN553")["patient"]["lastName"] for one in (manager, stranger)]
    assert names == ["Vasquez", "Grant"]
    claims = [one.done("GET", f"{RECORDS}/claim/CLM-88")["data"]["amountCents"] for one in (manager, stranger)]
    assert claims == [18240, 9500]


TaskCall = Callable[[Person, str], Any]


def _moving(move: str) -> TaskCall:
    return lambda person, task: person.call("POST", f"{TASKS}/{task}/{move}", {"reason": "Mine"})


TASK_CALLS: dict[str, TaskCall] = {
    "PUT": lambda person, task: person.call("PUT", f"{TASKS}/{task}", {"label": "Mine now"}),
    "DELETE": lambda person, task: person.call("DELETE", f"{TASKS}/{task}"),
    "snooze": lambda person, task: person.call("POST", f"{TASKS}/{task}/snooze", {"until": "2099-01-01T00:00:00Z"}),
    **{move: _moving(move) for move in MOVES},
}


@pytest.mark.parametrize("how", TASK_CALLS)
def test_a_foreign_task_is_unknown(manager: Person, stranger: Person, how: str) -> None:
    context = manager.open()
    task = manager.new_task(context, type="shared")
    same_but_request_id(TASK_CALLS[how](stranger, task["id"]), TASK_CALLS[how](stranger, unique("task")))
    still = manager.done("GET", f"{TASKS}/", contextId=context)["tasks"]
    assert [(one["id"], one["version"]) for one in still] == [(task["id"], 1)]


def test_a_foreign_task_in_a_bulk_move_is_unknown(manager: Person, stranger: Person) -> None:
    context = manager.open()
    task = manager.new_task(context)["id"]
    results = stranger.done("POST", f"{TASKS}/bulk", {"taskIds": [task, "task_none"], "move": "complete"})["results"]
    foreign, unknown = ({**result, "id": None} for result in results)
    assert foreign == unknown
    assert foreign["code"] == "not_found"
    assert manager.done("GET", f"{TASKS}/", contextId=context)["tasks"][0]["completed"] is False


ContextCall = Callable[[Person, str], Any]
CONTEXT_CALLS: dict[str, ContextCall] = {
    "read": lambda person, context: person.call("GET", f"{ELIGIBILITY}/context", contextId=context),
    "summary": lambda person, context: person.call("GET", f"{ELIGIBILITY}/summary", contextId=context),
    "tasks": lambda person, context: person.call("GET", f"{TASKS}/", contextId=context),
    "shared tasks": lambda person, context: person.call("GET", f"{TASKS}/shared", contextId=context),
    "back-office tasks": lambda person, context: person.call("GET", f"{TASKS}/backend", contextId=context),
    "new task": lambda person, context: person.call("POST", f"{TASKS}/", {"contextId": context, "label": "Mine"}),
    "quick action": lambda person, context: person.call(
        "POST", f"{ELIGIBILITY}/quick-action", {"action": "check_eligibility", "contextId": context}
    ),
}


@pytest.mark.parametrize("how", CONTEXT_CALLS)
def test_a_foreign_context_is_unknown(stranger: Person, context: str, how: str) -> None:
    same_but_request_id(CONTEXT_CALLS[how](stranger, context), CONTEXT_CALLS[how](stranger, unique("ctx")))


@pytest.mark.parametrize("record_type", ["patient", "claim", "visit"])
def test_a_context_cannot_be_opened_on_a_foreign_record(
    manager: Person, stranger: Person, database: Database, record_type: str
) -> None:
    mine = database.rows(
        f"SELECT id FROM {TABLES[record_type]} WHERE client_id = :client LIMIT 1",  # noqa: S608 - own names
        client=manager.claims["clientId"],
    )[0]["id"]
    answers = [
        stranger.call("POST", f"{ELIGIBILITY}/context", {"recordType": record_type, "recordId": str(identifier)})
        for identifier in (mine, uuid7())
    ]
    same_but_request_id(*answers)


def test_the_same_free_record_is_two_contexts_in_two_organisations(manager: Person, stranger: Person) -> None:
    number = unique("REC")
    assert manager.open(number) != stranger.open(number)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_search_hits_never_cross(manager: Person, stranger: Person, database: Database, method: str) -> None:
    def hits(person: Person, words: str) -> list[dict[str, Any]]:
        if method == "GET":
            found = person.done("GET", f"{RECORDS}/search", q=words)
        else:
            found = person.done("POST", f"{RECORDS}/search", {"q": words})
        results: list[dict[str, Any]] = found["results"]
        return results

    assert hits(manager, "Vasquez")
    assert hits(stranger, "Vasquez") == []
    assert hits(stranger, "Grant")
    assert hits(manager, "Grant") == []
    for words in ("MRN553", "CLM-88", "MRN", "1981-04-03", "VIS"):
        for person in (manager, stranger):
            owned = [_owner(database, hit) for hit in hits(person, words)]
            assert set(owned) <= {person.claims["clientId"]}, words


def _owner(database: Database, hit: dict[str, Any]) -> str:
    rows = database.rows("SELECT DISTINCT client_id FROM record_terms WHERE record_id = :id", id=hit["id"])
    return str(rows[0]["client_id"])
