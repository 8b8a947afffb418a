"""A part that is killed loses nothing and doubles nothing."""

from __future__ import annotations

import httpx

from tests.e2e.person import API, TASKS, Database, LiveStore, Person, Relay, at_once, unique, until
from tests.faults.processes import kill, started_again

WRITES = 30
# The sweep relays what has waited for over a minute; it runs every 5 s here.
SWEPT_WITHIN = 110.0


def write(person: Person, context: str) -> str:
    """Make a task; its request id."""
    request_id = unique("write")
    body = {"contextId": context, "label": "Call the payer"}
    made = person.call("POST", f"{TASKS}/", body, headers={"X-Request-Id": request_id})
    assert made.status_code == 201, made.text
    return request_id


def missing(database: Database, request_ids: list[str]) -> list[str]:
    """The writes that have no audit row yet; one with two is an error at any time."""
    counts = {request_id: len(database.audit_rows(request_id)) for request_id in request_ids}
    assert max(counts.values()) <= 1, f"a write has two audit rows: {counts}"
    return [request_id for request_id, count in counts.items() if not count]


def each_has_its_row(database: Database, live_store: LiveStore, request_ids: list[str]) -> None:
    """Wait until every write has its audit row and nothing waits any more."""
    left: list[str] = []

    def all_there() -> bool:
        left[:] = missing(database, request_ids)
        return not left and live_store.waiting_audit_events() == 0

    try:
        until(all_there, seconds=SWEPT_WITHIN, what="every write's audit row")
    except AssertionError as exc:
        waiting = live_store.waiting_audit_events()
        raise AssertionError(f"no row for {left} of {request_ids}; {waiting} events wait in the outbox") from exc


def test_no_audit_row_is_lost_or_doubled_when_the_relay_is_killed(
    manager: Person, database: Database, live_store: LiveStore, relay: Relay
) -> None:
    context = manager.open()
    before = write(manager, context)
    dead = kill(manager.stack, "relay")
    request_ids = at_once(WRITES, lambda _: write(manager, context))
    started_again(manager.stack, "relay", dead=dead)
    until(lambda: relay_answers(relay), seconds=40, what="the relay's answer")
    assert live_store.waiting_audit_events() > 0, "the relay was gone and nothing waits: the test has proved nothing"
    each_has_its_row(database, live_store, [before, *request_ids])


def relay_answers(relay: Relay) -> bool:
    """Whether the relay is back."""
    try:
        return "registered" in relay.status()
    except httpx.TransportError:
        return False


def test_killed_functions_come_back_and_lose_nothing(
    manager: Person, database: Database, live_store: LiveStore
) -> None:
    context = manager.open()
    request_ids = at_once(8, lambda _: write(manager, context))
    dead = kill(manager.stack, "functions")
    gone = manager.call("GET", f"{API}/health")
    assert gone.status_code in {200, 503}
    started_again(manager.stack, "functions", dead=dead)
    until(
        lambda: manager.call("GET", f"{TASKS}/", contextId=context).status_code == 200,
        seconds=40,
        what="an answer of the functions that were started again",
    )
    request_ids.append(write(manager, context))
    each_has_its_row(database, live_store, request_ids)
    assert len(manager.done("GET", f"{TASKS}/", contextId=context)["tasks"]) == len(request_ids)


def test_a_killed_gateway_comes_back(manager: Person) -> None:
    dead = kill(manager.stack, "gateway")
    started_again(manager.stack, "gateway", dead=dead)

    def answers() -> bool:
        try:
            return manager.call("GET", f"{API}/health").status_code == 200
        except httpx.TransportError:
            return False

    until(answers, seconds=40, what="the gateway's answer")
