"""The chat's runs across two instances: parts as they come, readers that leave, resuming, stopping, repeating."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.chat_instances import Instance, chat_instance, newest, parts, resumed, streaming, text_of
from tests.e2e.person import CHAT, LiveStore, Person, at_once, unique, until
from tests.stack import RunningStack

COUNTED = "".join(f"{number} " for number in range(20)) + "done"


@dataclass(frozen=True)
class Two:
    """Two instances, as one person sees them."""

    here: Person
    there: Person


@pytest.fixture(scope="module")
def instances(stack: RunningStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Instance, Instance]]:
    folder = tmp_path_factory.mktemp("chat")
    with chat_instance(stack, folder) as first, chat_instance(stack, folder) as second:
        yield first, second


@pytest.fixture
def two(instances: tuple[Instance, Instance], manager: Person) -> Two:
    return Two(*(instance.person(manager) for instance in instances))


def over(person: Person, context: str) -> dict[str, Any]:
    """The newest reply when it is over."""

    def ended() -> dict[str, Any]:
        reply = newest(person, context)
        return {} if reply["status"] in {"queued", "streaming"} else reply

    return until(ended, seconds=10, what="the end of the run")


def test_parts_come_while_the_answer_is_written(two: Two) -> None:
    with streaming(two.here, two.here.open(), "count 20 every 50") as read:
        received = list(read)
    texts = [one for one in received if one.type == "text-delta"]
    assert len(texts) > 10
    assert texts[-1].at - texts[0].at > 0.6, "the parts came at once"
    assert text_of(received) == COUNTED
    assert [one.type for one in received[-2:]] == ["finish", "[DONE]"]


def test_the_document_grows_while_the_answer_is_written(two: Two, live_store: LiveStore) -> None:
    context = two.here.open()
    seen: list[tuple[str, int]] = []
    with streaming(two.here, context, "count 20 every 50") as read:
        reply = next(read).chunk["messageId"]
        begun = time.monotonic()
        while next(read, None) is not None:
            fields = live_store.document(f"messages/{reply}")
            version = int(fields["version"]["integerValue"])
            if not seen or seen[-1][1] != version:
                seen.append((fields["content"]["stringValue"], version))
        seconds = time.monotonic() - begun
    assert len(seen) >= 3
    assert all(COUNTED.startswith(content) for content, _ in seen)
    final = over(two.here, context)
    assert final["content"] == COUNTED
    assert final["version"] <= seconds / 0.25 + 2, "it is written more often than every quarter of a second"


def test_a_client_that_leaves_loses_nothing(two: Two) -> None:
    context = two.here.open()
    with streaming(two.here, context, "count 20 every 30") as read:
        next(read)
    reply = over(two.there, context)
    assert (reply["status"], reply["content"]) == ("complete", COUNTED)


def test_another_instance_goes_on_exactly_where_the_stream_broke(two: Two) -> None:
    with streaming(two.here, two.here.open(), "count 20 every 50") as read:
        first = list(islice(read, 14))
        while first[-1].id is None:
            first.append(next(read))
    position = first[-1].id
    assert position is not None
    with resumed(two.there, first[0].chunk["messageId"], position) as read:
        rest = list(read)
    assert text_of(first) + text_of(rest) == COUNTED
    assert "start" not in {one.type for one in rest}
    assert "text-start" not in {one.type for one in rest[:1]}
    assert rest[-1].type == "[DONE]"


def test_a_stop_on_another_instance_reaches_the_run(two: Two) -> None:
    context = two.here.open()
    with streaming(two.here, context, "count 200 every 50") as read:
        reply = next(read).chunk["messageId"]
        asked = time.monotonic()
        stopping = two.there.done("POST", f"{CHAT}/messages/{reply}/stop")
        received = list(read)
    assert stopping["stopRequested"] is True
    assert time.monotonic() - asked < 4
    assert [one.type for one in received[-3:]] == ["abort", "finish", "[DONE]"]
    stored = newest(two.there, context)
    assert (stored["status"], stored["ending"]) == ("stopped", "stopped")
    assert stored["content"] == text_of(received)


def test_a_second_question_waits_for_the_first_on_every_instance(two: Two) -> None:
    context = two.here.open()
    body = {"contextId": context, "content": "Is she covered?"}
    with streaming(two.here, context, "count 40 every 50") as read:
        reply = next(read).chunk["messageId"]
        for person in (two.here, two.there):
            for path in ("messages", "stream"):
                refused = person.call("POST", f"{CHAT}/{path}", body)
                assert (refused.status_code, refused.json()["code"]) == (409, "run_active")
                assert refused.json()["current"]["messageId"] == reply
        assert two.there.done("POST", f"{CHAT}/messages", body | {"threadId": "front"})["reply"]["status"] == "complete"
        list(read)
    assert two.there.done("POST", f"{CHAT}/messages", body)["reply"]["status"] == "complete"


def test_twenty_repetitions_on_two_instances_are_one_exchange(two: Two) -> None:
    context, key = two.here.open(), unique("key")
    body = {"contextId": context, "content": "count 5 every 20"}

    def ask(number: int) -> httpx.Response:
        person = two.here if number % 2 else two.there
        return person.call("POST", f"{CHAT}/messages", body, headers={"Idempotency-Key": key})

    answers = at_once(20, ask)
    assert {answer.status_code for answer in answers} == {201}, [answer.text for answer in answers]
    assert all(answer.json() == answers[0].json() for answer in answers)
    listed = two.here.done("GET", f"{CHAT}/messages", contextId=context)["messages"]
    assert [one["type"] for one in listed] == ["system", "user"]
    assert listed[0] == answers[0].json()["reply"]


def test_the_same_key_follows_the_same_stream_here_and_there(two: Two) -> None:
    context, key = two.here.open(), unique("key")
    with streaming(two.here, context, "count 20 every 40", Idempotency_Key=key) as first:
        begun = next(first)
        for person in (two.here, two.there):
            with streaming(person, context, "count 20 every 40", Idempotency_Key=key) as again:
                received = list(again)
            assert received[0].chunk["messageId"] == begun.chunk["messageId"]
            assert text_of(received) == COUNTED
        assert text_of(list(first)) == COUNTED
    assert len(two.here.done("GET", f"{CHAT}/messages", contextId=context)["messages"]) == 2


def test_a_slow_answer_goes_on_after_the_request_was_answered(two: Two) -> None:
    context = two.here.open()
    answer = two.here.call("POST", f"{CHAT}/messages", {"contextId": context, "content": "count 12 every 1000"})
    assert answer.status_code == 201
    reply = answer.json()["reply"]
    assert (reply["status"], reply["content"].startswith("0 1 2")) == ("streaming", True)
    stored = over(two.there, context)
    assert (stored["status"], stored["content"].endswith("done")) == ("complete", True)


def test_a_killed_instance_leaves_what_was_written_and_others_go_on(
    stack: RunningStack, two: Two, manager: Person, tmp_path: Path
) -> None:
    context = manager.open()
    with (
        chat_instance(stack, tmp_path) as doomed,
        streaming(doomed.person(manager), context, "count 400 every 50") as read,
    ):
        reply = next(read).chunk["messageId"]
        until(lambda: newest(two.here, context)["content"], seconds=5, what="a part in the store")
        doomed.kill()
        with pytest.raises(httpx.TransportError):
            list(read)
    left = newest(two.here, context)
    assert (left["status"], left["content"].startswith("0 1")) == ("streaming", True)
    refused = two.here.call("POST", f"{CHAT}/messages", {"contextId": context, "content": "And now?"})
    assert refused.json()["current"]["messageId"] == reply
    elsewhere = {"contextId": context, "content": "And now?", "threadId": "front"}
    assert two.here.done("POST", f"{CHAT}/messages", elsewhere)["reply"]["status"] == "complete"


def test_a_finite_gateway_gets_the_whole_answer_or_where_to_go_on(
    stack: RunningStack, manager: Person, tmp_path: Path
) -> None:
    with chat_instance(stack, tmp_path, MOBIUS_STREAMS="finite") as finite:
        person = finite.person(manager)
        with streaming(person, person.open(), "count 20 every 50") as read:
            whole = list(read)
        assert (text_of(whole), whole[-1].type) == (COUNTED, "[DONE]")
        asked = time.monotonic()
        with streaming(person, person.open(), "count 14 every 1000") as read:
            received = list(read)
        assert 11.5 < time.monotonic() - asked < 14
        assert received[-1].type == "data-resume"
        assert received[-1].at - received[0].at > 11, "the answer is one piece only where the gateway makes it one"
        resume = received[-1].chunk["data"]
        answer = person.call("GET", resume["url"])
        rest = list(parts(answer))
    assert rest[-1].type == "[DONE]"
    assert text_of(received) + text_of(rest) == "".join(f"{number} " for number in range(14)) + "done"


def test_no_stranger_and_no_colleague_reads_an_own_thread(
    instances: tuple[Instance, Instance], two: Two, signed_in: Callable[..., Person], stranger: Person
) -> None:
    context = two.here.open()
    reply = two.here.done("POST", f"{CHAT}/messages", {"contextId": context, "content": "x"})["reply"]["id"]
    for person in (stranger, signed_in("admin"), signed_in("eligibility_specialist")):
        at = instances[1].person(person)
        answers = [
            at.call("GET", f"{CHAT}/stream/{reply}"),
            at.call("GET", f"{CHAT}/thinking/{reply}"),
            at.call("POST", f"{CHAT}/messages/{reply}/stop"),
        ]
        assert [answer.status_code for answer in answers] == [404] * 3
