"""A store that stands still costs its requests a 503 within seconds, and nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.e2e.person import API, ELIGIBILITY, RECORDS, TASKS, Database, Person, at_once, unique, until
from tests.faults.processes import frozen

ANSWERED_WITHIN = 6.5  # 5 s for the store, and what a busy machine takes
RECOVERED_WITHIN = 20.0
RELAYED_WITHIN = 110.0


def refused_in_time(call: Callable[[], httpx.Response]) -> None:
    """It answers 503 with `Retry-After` in time."""
    begun = time.monotonic()
    answer = call()
    took = time.monotonic() - begun
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json"), answer.text
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.json()["retryAfter"] == int(answer.headers["Retry-After"])
    assert took < ANSWERED_WITHIN, f"it took {took:.1f} s"


def healthy(person: Person) -> None:
    """/health answers, quickly."""
    begun = time.monotonic()
    assert person.call("GET", f"{API}/health").status_code == 200
    assert time.monotonic() - begun < 2


@pytest.fixture
def open_context(manager: Person) -> Iterator[str]:
    """A context with a task, opened before anything stands still; afterwards everything works again."""
    context = manager.open("MRN553", "Patient ID")
    manager.new_task(context)
    yield context

    def works() -> bool:
        calls = (
            manager.call("GET", f"{TASKS}/", contextId=context),
            manager.call("GET", f"{RECORDS}/patient/MRN553"),
            manager.call("POST", f"{ELIGIBILITY}/quick-action", {"action": "check_eligibility", "contextId": context}),
        )
        return all(answer.status_code == 200 for answer in calls)

    until(works, seconds=RECOVERED_WITHIN, what="an answer after the store has come back")


def test_a_frozen_live_store_is_a_503_and_health_stays_up(manager: Person, open_context: str) -> None:
    with frozen(manager.stack, "firestore"):
        healthy(manager)
        refused_in_time(lambda: manager.call("GET", f"{TASKS}/", contextId=open_context))
        refused_in_time(lambda: manager.call("POST", f"{TASKS}/", {"contextId": open_context, "label": "Call"}))
        refused_in_time(lambda: manager.call("GET", f"{ELIGIBILITY}/context", contextId=open_context))
        healthy(manager)


def test_what_needs_no_live_store_goes_on_without_it(manager: Person, open_context: str) -> None:
    del open_context
    with frozen(manager.stack, "firestore"):
        assert manager.call("GET", f"{RECORDS}/claim/CLM-88").status_code == 200
        assert manager.call("GET", f"{ELIGIBILITY}/patient/MRN553").status_code == 200


def test_a_frozen_database_is_a_503_and_health_stays_up(manager: Person, open_context: str) -> None:
    with frozen(manager.stack, "postgres"):
        healthy(manager)
        refused_in_time(lambda: manager.call("GET", f"{RECORDS}/patient/MRN554"))
        refused_in_time(lambda: manager.call("GET", f"{ELIGIBILITY}/claims/MRN554"))
        refused_in_time(
            lambda: manager.call(
                "POST", f"{ELIGIBILITY}/quick-action", {"action": "check_eligibility", "contextId": open_context}
            )
        )
        healthy(manager)


def test_many_callers_of_a_frozen_database_all_get_an_answer(manager: Person, open_context: str) -> None:
    del open_context
    with frozen(manager.stack, "postgres"):
        answers = at_once(16, lambda number: manager.call("GET", f"{RECORDS}/patient/MRN-none-{number}"))
        healthy(manager)
    # Those that wait for a thread longer than the gateway waits get the gateway's own answer.
    assert {answer.status_code for answer in answers} <= {503, 504}


def test_what_needs_no_database_goes_on_without_it(manager: Person, open_context: str) -> None:
    with frozen(manager.stack, "postgres"):
        assert manager.call("GET", f"{TASKS}/", contextId=open_context).status_code == 200
        assert manager.call("POST", f"{TASKS}/", {"contextId": open_context, "label": "Call"}).status_code == 201


def test_a_frozen_message_bus_costs_no_request(manager: Person, database: Database) -> None:
    """The audit event of a read goes to the outbox when Pub/Sub does not take it, and is relayed later."""
    context, request_id = manager.open(), unique("bus")
    headers = {"X-Request-Id": request_id}
    with frozen(manager.stack, "pubsub"):
        assert manager.call("GET", f"{TASKS}/", contextId=context, headers=headers).status_code == 200
        body = {"contextId": context, "label": "Call"}
        assert manager.call("POST", f"{TASKS}/", body, headers=headers).status_code == 201
    actions = {"task:list", "task:create"}
    until(
        lambda: {row["action"] for row in database.audit_rows(request_id)} == actions,
        seconds=RELAYED_WITHIN,
        what="both audit rows",
    )


def test_a_frozen_sign_in_provider_is_a_503_and_passwords_still_sign_in(manager: Person, http: httpx.Client) -> None:
    start = f"{manager.stack.gateway}{API}/auth/oauth/local/start"
    person = manager.stack.described["signIns"][0]
    password = {name: person[name] for name in ("email", "password")}
    with frozen(manager.stack, "openid"):
        refused_in_time(lambda: http.get(start))
        assert http.post(f"{manager.stack.gateway}{API}/auth/login", json=password).status_code == 200
    until(lambda: http.get(start).status_code == 302, seconds=RECOVERED_WITHIN, what="the provider's login page")
