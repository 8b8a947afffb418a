"""One key, one effect, one answer; and many people changing one task at once."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.e2e.person import ELIGIBILITY, TASKS, Database, Person, at_once, unique, until

PARALLEL = 20


def all_at_once(person: Person, path: str, body: Any) -> tuple[list[httpx.Response], list[str]]:
    """Twenty times the same request with one key; the answers and the request ids."""
    key = unique("key")
    ids = [unique("parallel") for _ in range(PARALLEL)]

    def send(number: int) -> httpx.Response:
        return person.call("POST", path, body, headers={"Idempotency-Key": key, "X-Request-Id": ids[number]})

    return at_once(PARALLEL, send), ids


def one_answer(answers: list[httpx.Response], status: int) -> Any:
    """What all of them answered."""
    assert [answer.status_code for answer in answers] == [status] * PARALLEL, [answer.text for answer in answers]
    bodies = [answer.json() for answer in answers]
    assert all(body == bodies[0] for body in bodies)
    return bodies[0]


def one_audit_row(database: Database, person: Person, ids: list[str]) -> None:
    """The twenty left one row together, also when whatever is under way has arrived."""

    def rows() -> int:
        return sum(len(database.audit_rows(request_id)) for request_id in ids)

    until(rows, seconds=5, what="the audit row")
    later = unique("later")
    person.call("POST", f"{TASKS}/task_none/complete", {}, headers={"X-Request-Id": later})
    until(lambda: database.audit_rows(later), seconds=5, what="the audit row of a later request")
    assert rows() == 1


def test_twenty_creations_with_one_key_make_one_task(manager: Person, database: Database) -> None:
    context = manager.open()
    answers, ids = all_at_once(manager, f"{TASKS}/", {"contextId": context, "label": "Once"})
    task = one_answer(answers, 201)
    assert [one["id"] for one in manager.done("GET", f"{TASKS}/", contextId=context)["tasks"]] == [task["id"]]
    one_audit_row(database, manager, ids)


def test_twenty_completions_with_one_key_complete_once(manager: Person, database: Database) -> None:
    context = manager.open()
    made = manager.new_task(context)["id"]
    answers, ids = all_at_once(manager, f"{TASKS}/{made}/complete", {})
    assert one_answer(answers, 200)["version"] == 2
    assert manager.done("GET", f"{TASKS}/", contextId=context)["tasks"][0]["version"] == 2
    one_audit_row(database, manager, ids)


def test_twenty_openings_with_one_key_open_one_context(manager: Person, database: Database) -> None:
    _, mrn = database.new_patient(manager.claims["clientId"])
    answers, ids = all_at_once(manager, f"{ELIGIBILITY}/context", {"recordType": "Patient ID", "recordId": mrn})
    assert one_answer(answers, 201)["recordId"] == mrn
    one_audit_row(database, manager, ids)


def test_twenty_checks_with_one_key_make_one_check(manager: Person, database: Database) -> None:
    patient, mrn = database.new_patient(manager.claims["clientId"])
    context = manager.open(mrn, "Patient ID")
    body = {"action": "check_eligibility", "contextId": context}
    answers, ids = all_at_once(manager, f"{ELIGIBILITY}/quick-action", body)
    answered = one_answer(answers, 200)["data"]["checkId"]
    checks = database.rows("SELECT id FROM eligibility_checks WHERE patient_id = :patient", patient=patient)
    assert [str(row["id"]) for row in checks] == [answered]
    one_audit_row(database, manager, ids)


def test_twenty_openings_without_a_key_share_one_context(manager: Person, database: Database) -> None:
    _, mrn = database.new_patient(manager.claims["clientId"])
    wanted = {"recordType": "Patient ID", "recordId": mrn}
    answers = at_once(PARALLEL, lambda _: manager.call("POST", f"{ELIGIBILITY}/context", wanted))
    assert {answer.status_code for answer in answers} <= {200, 201}, [answer.text for answer in answers]
    assert [answer.status_code for answer in answers].count(201) == 1
    assert len({answer.json()["contextId"] for answer in answers}) == 1


@pytest.mark.parametrize("operation", ["create", "complete", "context", "quick-action", "bulk"])
def test_a_key_used_again_for_another_request_is_refused(manager: Person, database: Database, operation: str) -> None:
    _, mrn = database.new_patient(manager.claims["clientId"])
    context = manager.open(mrn, "Patient ID")
    task, other = manager.new_task(context)["id"], manager.new_task(context)["id"]
    path, first, second = {
        "create": (f"{TASKS}/", {"contextId": context, "label": "One"}, {"contextId": context, "label": "Two"}),
        "complete": (f"{TASKS}/{task}/complete", {}, {"reason": "Done by phone"}),
        "bulk": (
            f"{TASKS}/bulk",
            {"taskIds": [task], "move": "complete"},
            {"taskIds": [task, other], "move": "complete"},
        ),
        "context": (
            f"{ELIGIBILITY}/context",
            {"recordType": "Patient ID", "recordId": mrn},
            {"recordType": "Other", "recordId": mrn},
        ),
        "quick-action": (
            f"{ELIGIBILITY}/quick-action",
            {"action": "check_eligibility", "contextId": context},
            {"action": "check_eligibility", "contextId": context, "params": {"dateOfService": "2026-12-01"}},
        ),
    }[operation]
    headers = {"Idempotency-Key": unique("key")}
    assert manager.call("POST", path, first, headers=headers).is_success
    refused = manager.call("POST", path, second, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_mismatch")


def test_a_key_belongs_to_its_user(manager: Person, stranger: Person) -> None:
    headers = {"Idempotency-Key": unique("key")}
    made = [
        person.call("POST", f"{TASKS}/", {"contextId": person.open(), "label": "Mine"}, headers=headers).json()["id"]
        for person in (manager, stranger)
    ]
    assert made[0] != made[1]


def test_everybody_who_changes_one_task_gets_an_answer(manager: Person, full_volume: bool) -> None:
    context = manager.open()
    task = manager.new_task(context)["id"]
    people = 64 if full_volume else 24

    def change(number: int) -> httpx.Response:
        headers = {"If-Match": '"1"'} if number % 4 == 0 else {}
        return manager.call("PUT", f"{TASKS}/{task}", {"label": f"Change {number}"}, headers=headers)

    answers = at_once(people, change)
    assert {answer.status_code for answer in answers} <= {200, 412}, sorted(answer.status_code for answer in answers)
    accepted = [answer.json() for answer in answers if answer.status_code == 200]
    assert sorted(one["version"] for one in accepted) == list(range(2, len(accepted) + 2))
    left = manager.done("GET", f"{TASKS}/", contextId=context)["tasks"][0]
    assert left["version"] == len(accepted) + 1
    assert left["label"] == max(accepted, key=lambda one: int(one["version"]))["label"]
