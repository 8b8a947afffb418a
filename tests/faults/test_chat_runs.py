"""A run whose store goes away, and one whose process is killed: nothing that was said is lost, and it ends."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.chat_instances import Instance, chat_instance, newest, resumed, streaming, text_of
from tests.e2e.person import CHAT, LiveStore, Person, until
from tests.faults.processes import frozen
from tests.stack import RunningStack

# The sweep runs every 5 s here; two minutes of silence are made by setting the clock of the last sign back.
SWEPT_WITHIN = 40.0
LONG_AGO = "2026-01-01T00:00:00Z"


@pytest.fixture(scope="module")
def instance(private_stack: RunningStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    with chat_instance(private_stack, tmp_path_factory.mktemp("chat")) as started:
        yield started


def counted(to: int) -> str:
    return "".join(f"{number} " for number in range(to)) + "done"


def test_a_store_that_stands_still_in_the_middle_of_a_run_costs_nothing(instance: Instance, manager: Person) -> None:
    person = instance.person(manager)
    context = person.open()
    with streaming(person, context, "count 40 every 50") as read:
        received = [next(read)]
        while not text_of(received):  # the run is in its middle: frozen before, it would not have begun
            received.append(next(read))
        with frozen(manager.stack, "firestore"):
            time.sleep(6)
        received += read
    assert text_of(received) == counted(40)
    assert received[-1].type == "[DONE]"
    reply = newest(person, context)
    assert (reply["status"], reply["content"]) == ("complete", counted(40))


def test_a_question_while_the_store_stands_still_is_refused_in_time_and_asked_again_with_its_key(
    instance: Instance, manager: Person
) -> None:
    person = instance.person(manager)
    context = person.open()
    body = {"contextId": context, "content": "Is she covered?"}
    headers = {"Idempotency-Key": f"key-{context}"}
    with frozen(manager.stack, "firestore"):
        asked = time.monotonic()
        refused = person.call("POST", f"{CHAT}/messages", body, headers=headers)
        assert time.monotonic() - asked < 14
    assert refused.status_code in {503, 504}

    def answered() -> Any:
        answer = person.call("POST", f"{CHAT}/messages", body, headers=headers)
        return answer.json() if answer.is_success else None

    exchange = until(answered, seconds=30, what="an answer of the store")
    assert exchange["reply"]["status"] == "complete"
    assert len(person.done("GET", f"{CHAT}/messages", contextId=context)["messages"]) == 2


def test_a_killed_run_is_swept_and_its_thread_is_free_again(
    instance: Instance, private_stack: RunningStack, manager: Person, live_store: LiveStore, tmp_path: Path
) -> None:
    person = instance.person(manager)
    context = person.open()
    with (
        chat_instance(private_stack, tmp_path) as doomed,
        streaming(doomed.person(manager), context, "count 400 every 50") as read,
    ):
        reply = next(read).chunk["messageId"]
        until(lambda: newest(person, context)["content"], seconds=5, what="a part in the store")
        doomed.kill()
    live_store.set_time(f"messages/{reply}", "lastSignAt", LONG_AGO)

    def swept() -> bool:
        return bool(live_store.document(f"messages/{reply}")["state"]["stringValue"] == "error")

    until(swept, seconds=SWEPT_WITHIN, what="the sweep")
    left = newest(person, context)
    assert (left["status"], left["problem"]["code"]) == ("error", "run_interrupted")
    assert left["content"].startswith("0 1")
    with resumed(person, reply) as rest:
        received = list(rest)
    assert text_of(received) == left["content"]
    assert [one.type for one in received[-2:]] == ["error", "[DONE]"]
    answer = person.done("POST", f"{CHAT}/messages", {"contextId": context, "content": "And now?"})
    assert answer["reply"]["status"] == "complete"
