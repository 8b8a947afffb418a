"""Every write leaves exactly one row in `audit_logs` within 5 s, whatever its outcome, and no row holds content."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.models.audit import AuditAction
from tests.e2e.person import CHAT, ELIGIBILITY, RECORDS, TASKS, Database, Person, unique, until
from tests.e2e.recipe import Request
from tests.e2e.writes import BY_ADMIN, OF_A_VISITOR, RECIPES, WITHOUT_KEY, write_operations
from tests.stack import RunningStack

SECONDS = 5.0
WRITES = write_operations()


def send(person: Person, request: Request, request_id: str, **headers: str) -> Any:
    """Send a request under a request id of its own."""
    return person.call(
        request.method,
        request.path,
        request.body,
        headers={"X-Request-Id": request_id} | {k.replace("_", "-"): v for k, v in headers.items()},
    )


def rows_of(database: Database, request_id: str) -> list[dict[str, Any]]:
    """The rows of what a request changed; what came of handing an e-mail over is a commit, and a row, of its own."""
    return [row for row in database.audit_rows(request_id) if row["action"] != AuditAction.DRAFT_DELIVERY.value]


def only_row(database: Database, request_id: str) -> dict[str, Any]:
    """The one row that a request left, there in time; a second one would be an error."""
    rows = until(lambda: rows_of(database, request_id), seconds=SECONDS, what=f"the audit row of {request_id}")
    assert len(rows) == 1
    return rows[0]


def pass_through(person: Person, database: Database) -> None:
    """Let two later writes travel the whole way: what was under way before them has arrived by now."""
    for _ in range(2):
        request_id = unique("later")
        send(person, Request("POST", f"{TASKS}/", {"contextId": person.open(), "label": "Later"}), request_id)
        only_row(database, request_id)


def test_every_write_of_the_api_is_in_the_table_of_this_suite() -> None:
    assert set(WRITES) <= set(RECIPES)


@pytest.mark.parametrize("operation", sorted(WRITES))
def test_a_write_leaves_exactly_one_row(
    signed_in: Callable[..., Person], manager: Person, database: Database, operation: str
) -> None:
    person = signed_in("admin") if operation in BY_ADMIN else manager
    request, request_id = RECIPES[operation](person, database), unique("write")
    person = request.by or person
    answer = send(person, request, request_id)
    assert answer.is_success, answer.text
    assert answer.headers["X-Request-Id"] == request_id
    row = only_row(database, request_id)
    assert str(row["client_id"]) == person.claims["clientId"]
    assert operation in OF_A_VISITOR or str(row["user_id"]) == person.claims["userId"]
    assert (row["action"], row["outcome"]) == (WRITES[operation].value, "success")
    pass_through(manager, database)
    assert len(rows_of(database, request_id)) == 1


def _task(person: Person) -> str:
    return str(person.new_task(person.open())["id"])


REFUSED: dict[str, tuple[int, str, Callable[[Person], tuple[Request, dict[str, str]]]]] = {
    "an unknown task": (404, "denied", lambda _: (Request("POST", f"{TASKS}/task_unknown/complete", {}), {})),
    "an unknown record": (
        404,
        "denied",
        lambda _: (Request("POST", f"{ELIGIBILITY}/context", {"recordType": "Claim ID", "recordId": "CLM-none"}), {}),
    ),
    "a step that is not possible": (
        409,
        "refused",
        lambda person: (Request("POST", f"{TASKS}/{_task(person)}/start", {}), {}),
    ),
    "a stale version": (
        412,
        "refused",
        lambda person: (Request("PUT", f"{TASKS}/{_task(person)}", {"label": "Again"}), {"If_Match": '"99"'}),
    ),
    "a body that is not valid": (422, "refused", lambda _: (Request("POST", f"{TASKS}/", {"label": ""}), {})),
    "an unknown quick action": (
        422,
        "refused",
        lambda person: (
            Request("POST", f"{ELIGIBILITY}/quick-action", {"action": "fly", "contextId": person.open()}),
            {},
        ),
    ),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_a_refused_write_leaves_exactly_one_row(manager: Person, database: Database, reason: str) -> None:
    status, outcome, make = REFUSED[reason]
    request, headers = make(manager)
    request_id = unique("refused")
    answer = send(manager, request, request_id, **headers)
    assert answer.status_code == status, answer.text
    row = only_row(database, request_id)
    assert (row["outcome"], row["metadata"]["code"]) == (outcome, answer.json()["code"])
    assert str(row["user_id"]) == manager.claims["userId"]
    pass_through(manager, database)
    assert len(rows_of(database, request_id)) == 1


@pytest.mark.parametrize(
    "operation", sorted(name for name, action in WRITES.items() if action.value.startswith("task:"))
)
def test_an_auditors_write_is_denied_and_leaves_one_row(
    signed_in: Callable[..., Person], manager: Person, database: Database, operation: str
) -> None:
    auditor, request_id = signed_in("auditor"), unique("denied")
    answer = send(auditor, RECIPES[operation](manager, database), request_id)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    row = only_row(database, request_id)
    assert (row["outcome"], row["action"]) == ("denied", WRITES[operation].value)
    assert str(row["user_id"]) == auditor.claims["userId"]


@pytest.mark.parametrize(
    "operation", sorted(name for name in WRITES if name.startswith("POST") and name not in WITHOUT_KEY)
)
def test_a_repeated_idempotency_key_leaves_no_second_row(
    signed_in: Callable[..., Person], manager: Person, database: Database, operation: str
) -> None:
    person = signed_in("admin") if operation in BY_ADMIN else manager
    request, key = RECIPES[operation](person, database), unique("key")
    first_id, second_id = unique("first"), unique("second")
    first = send(person, request, first_id, Idempotency_Key=key)
    second = send(person, request, second_id, Idempotency_Key=key)
    assert first.is_success, first.text
    assert (second.status_code, _content(second)) == (first.status_code, _content(first))
    only_row(database, first_id)
    pass_through(manager, database)
    assert len(rows_of(database, first_id)) == 1
    assert rows_of(database, second_id) == []


def _content(answer: httpx.Response) -> Any:
    """What an answer says; of a stream, its text."""
    return answer.json() if answer.headers["content-type"].startswith("application/json") else answer.text


def test_an_exchange_leaves_its_row_and_one_for_each_thing_that_the_assistant_read(
    manager: Person, database: Database
) -> None:
    patient, mrn = database.new_patient(manager.claims["clientId"])
    body = {"contextId": manager.open(mrn, "Patient ID"), "content": "Is she covered today?"}
    request_id = unique("exchange")
    answer = send(manager, Request("POST", f"{CHAT}/messages", body), request_id)
    assert answer.json()["reply"]["status"] == "complete", answer.text
    pass_through(manager, database)
    (row,) = (row for row in database.audit_rows(request_id) if row["resource_type"] == "message")
    assert (row["action"], row["resource_ref"]) == ("chat:send", answer.json()["message"]["id"])
    assert row["patient_ref"] == str(patient)
    # What was read in SQL waits in the outbox there until the sweep has come by.
    waiting = database.rows("SELECT event FROM audit_outbox WHERE event ->> 'requestId' = :id", id=request_id)
    read = [one["event"] for one in waiting]
    swept = [row for row in database.audit_rows(request_id) if row["resource_type"] == "patient"]
    assert swept or [(one["action"], one["patientRef"]) for one in read] == [("chat:send", str(patient))]


def test_no_row_and_no_log_line_holds_a_name_or_free_text(
    manager: Person, database: Database, stack: RunningStack
) -> None:
    canary = unique("Kanarienvogel").replace("-", "")
    patient, mrn = database.new_patient(manager.claims["clientId"], first_name=canary, last_name=f"{canary}sen")
    context = manager.open(mrn, "Patient ID")
    task = manager.new_task(context, label=f"Call {canary}", description=f"About {canary}", type="shared")["id"]
    manager.done("POST", f"{TASKS}/{task}/hold", {"reason": f"{canary} is away"})
    manager.done("POST", f"{ELIGIBILITY}/quick-action", {"action": "check_eligibility", "contextId": context})
    manager.done("GET", f"{ELIGIBILITY}/patient/{mrn}")
    manager.done("GET", f"{RECORDS}/patient/{patient}")
    manager.done("POST", f"{RECORDS}/search", {"q": canary})
    manager.done("GET", f"{RECORDS}/search", q=canary)
    refused = [
        manager.call("POST", f"{TASKS}/", {"contextId": context, "label": "x", canary: canary}),
        manager.call("POST", f"{ELIGIBILITY}/context", {"recordType": "Claim ID", "recordId": canary}),
        manager.call("GET", f"{RECORDS}/patient/{canary}"),
        manager.call("GET", f"{TASKS}/", due=canary),
    ]
    assert [answer.status_code for answer in refused] == [422, 404, 404, 422]
    pass_through(manager, database)
    for table in ("audit_logs", "audit_outbox", "audit_quarantine"):
        assert database.rows(f"SELECT * FROM {table} AS row WHERE row::text ILIKE :canary", canary=f"%{canary}%") == []  # noqa: S608 - our own table names
    assert _logs_with(stack.file.parent / "logs", canary) == []
    assert _logs_with(stack.file.parent / "logs", mrn) == []


def _logs_with(folder: Path, text: str) -> list[str]:
    """The logs of our own programs that hold a text."""
    names = ("functions.log", "gateway.log", "relay.log", "scheduler.log")
    pattern = re.compile(re.escape(text), re.IGNORECASE)
    return [name for name in names if pattern.search((folder / name).read_text(errors="replace"))]
