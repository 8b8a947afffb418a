"""A reply as a UI message stream: the chunks of each part, and going on at any place."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Iterable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain import chat as rules
from shared.models.firestore.conversation import CitedSource, MessageDocument, ThinkingStep
from shared.web import ui_message_stream as wire
from shared.web.sse import ServerSentEvent
from tests.scripted_assistant import OFFER
from tests.unit.factories import NOW
from tests.unit.test_chat_rules import PART, grown, reply

STEP = ThinkingStep(tool="coverage", text="Read the coverage", sources=("coverages/1",), milliseconds=3)
CITED = CitedSource(source="coverages/1", title="Bluestem")


class Told:
    """What is followed: snapshots as they come, and then nothing for ever when the last one is running."""

    def __init__(self, snapshots: Sequence[MessageDocument]) -> None:
        self.reply = snapshots[0]
        self._snapshots = snapshots

    async def snapshots(self) -> AsyncGenerator[MessageDocument, None]:
        for snapshot in self._snapshots:
            yield snapshot
        if self._snapshots[-1].is_running:
            await asyncio.Event().wait()


async def gathered(events: AsyncGenerator[ServerSentEvent, None]) -> list[ServerSentEvent]:
    return [event async for event in events]


def streamed(snapshots: Sequence[MessageDocument], after: int = 0) -> list[ServerSentEvent]:
    return asyncio.run(gathered(wire._events(Told(snapshots), after)))  # type: ignore[arg-type]  # it follows as well


def chunks(events: Iterable[ServerSentEvent]) -> list[Any]:
    return [json.loads(event.data) for event in events if event.data != "[DONE]"]


def joined(read: Iterable[Any]) -> list[Any]:
    """The chunks with neighbouring deltas of one text as one: how text is cut says nothing."""
    found: list[Any] = []
    for chunk in read:
        same = found and chunk["type"] == "text-delta" == found[-1]["type"] and chunk["id"] == found[-1]["id"]
        if same:
            found[-1] = {**chunk, "delta": found[-1]["delta"] + chunk["delta"]}
        else:
            found.append(chunk)
    return found


def test_a_whole_reply_is_the_protocols_chunks_in_order() -> None:
    written = rules.with_text(rules.with_step(reply(), STEP), "Yes")
    written = rules.with_text(rules.with_citation(written, CITED), ".")
    over = rules.ended(rules.with_offers(written, (OFFER,)), "complete", NOW)
    events = streamed([over])
    call = {"toolCallId": "msg_1-1", "dynamic": True, "providerExecuted": True}
    read = chunks(events)
    assert read[0]["type"] == "start"
    assert read[0]["messageId"] == "msg_1"
    assert read[0]["messageMetadata"]["contextId"] == "ctx_1"
    assert read[1:] == [
        {"type": "reasoning-start", "id": "step-1"},
        {"type": "reasoning-delta", "id": "step-1", "delta": "Read the coverage"},
        {"type": "reasoning-end", "id": "step-1"},
        {"type": "tool-input-available", **call, "toolName": "coverage", "input": {}},
        {"type": "tool-output-available", **call, "output": {"sources": ["coverages/1"], "milliseconds": 3}},
        {"type": "text-start", "id": "text-2"},
        {"type": "text-delta", "id": "text-2", "delta": "Yes"},
        {"type": "text-end", "id": "text-2"},
        {"type": "data-citation", "id": "citation-5", "data": {"source": "coverages/1", "title": "Bluestem"}},
        {"type": "text-start", "id": "text-6"},
        {"type": "text-delta", "id": "text-6", "delta": "."},
        {"type": "text-end", "id": "text-6"},
        {
            "type": "data-guidance",
            "id": "guidance",
            "data": {"guidanceActions": [OFFER.model_dump(mode="json", by_alias=True)]},
        },
        {"type": "finish", "finishReason": "stop", "messageMetadata": {"status": "complete", "ending": "complete"}},
    ]
    assert events[-1].data == "[DONE]"
    assert [event.id for event in events if event.id] == ["1", "2", "5", "6", "7", "8"]


def test_a_step_that_failed_says_its_code() -> None:
    failed = rules.with_step(reply(), STEP.model_copy(update={"error": "store_unavailable"}))
    last = chunks(streamed([rules.ended(failed, "complete", NOW)]))[5]
    assert (last["type"], last["errorText"]) == ("tool-output-error", "store_unavailable")


@pytest.mark.parametrize(
    ("ending", "types", "reason"),
    [
        ("complete", ["finish"], "stop"),
        ("truncated", ["finish"], "length"),
        ("declined", ["finish"], "other"),
        ("stopped", ["abort", "finish"], "other"),
    ],
)
def test_the_end_says_why(ending: Any, types: list[str], reason: str) -> None:
    read = chunks(streamed([rules.ended(reply(), ending, NOW)]))
    assert [chunk["type"] for chunk in read[1:]] == types
    assert read[-1]["finishReason"] == reason


def test_an_error_is_one_and_says_what_went_wrong() -> None:
    read = chunks(streamed([rules.interrupted(reply(content="Ye"), NOW)]))
    assert read[-1] == {"type": "error", "errorText": rules.INTERRUPTED.text}
    assert read[-2]["messageMetadata"]["problem"]["code"] == "run_interrupted"
    assert read[-3] == {"type": "text-end", "id": "text-1"}


def over_all(stages: list[MessageDocument]) -> list[MessageDocument]:
    return [*stages, rules.ended(stages[-1], "complete", NOW)]


@given(st.lists(PART, max_size=8), st.data())
def test_a_stream_gone_on_with_at_any_place_is_the_rest_of_it(parts: list[Any], data: st.DataObject) -> None:
    """Whoever wrote what was read first, and whichever snapshot the rest is made from."""
    stages = over_all(grown(parts))
    live = streamed(stages)
    places = [int(event.id) for event in live if event.id]
    cut = data.draw(st.sampled_from([place for place in places if place <= rules.places(stages[-1])]))
    number = next(number for number, event in enumerate(live) if event.id == str(cut))
    seen_from = data.draw(st.integers(0, len(stages) - 1))
    rest = streamed(stages[seen_from:], after=cut)
    assert joined(chunks([*live[: number + 1], *rest])) == joined(chunks(live)) == joined(chunks(streamed(stages[-1:])))


def test_the_middle_of_a_text_is_a_place_too() -> None:
    over = rules.ended(reply(content="Yes, she is."), "complete", NOW)
    rest = chunks(streamed([over], after=5))
    assert rest[0] == {"type": "text-delta", "id": "text-1", "delta": " she is."}


def test_who_has_all_of_it_is_told_of_the_end_alone() -> None:
    over = rules.ended(reply(content="Yes"), "complete", NOW)
    (finish,) = chunks(streamed([over], after=5))
    assert finish["type"] == "finish"


def test_who_has_more_than_a_killed_run_stored_is_told_of_its_end() -> None:
    dead = rules.interrupted(reply(content="Ye"), NOW)
    assert [chunk["type"] for chunk in chunks(streamed([dead], after=40))] == ["message-metadata", "error"]


def test_what_an_instance_has_not_stored_yet_is_waited_for() -> None:
    stages = [
        reply(content="Yes"),
        reply(content="Yes, she is."),
        rules.ended(reply(content="Yes, she is."), "complete", NOW),
    ]
    rest = joined(chunks(streamed(stages, after=8)))
    assert rest[0] == {"type": "text-delta", "id": "text-1", "delta": "e is."}


@pytest.mark.parametrize("text", ["a\u2028b", "a\x85b", "a\nb", "a\r\n\r\nb", 'data: {"x"}', "é😀"])
def test_no_text_ends_an_event(text: str) -> None:
    raw = b"".join(event.encoded() for event in streamed([rules.ended(reply(content=text), "complete", NOW)]))
    lines = [line for line in raw.decode().split("\n") if line.startswith("data: {")]
    delta = next(json.loads(line[6:]) for line in lines if "text-delta" in line)
    assert delta["delta"] == text


def test_a_finite_answer_is_whole_when_the_run_is_over_in_time() -> None:
    over = rules.ended(reply(content="Yes"), "complete", NOW)
    told: Any = Told([reply(), over])
    assert asyncio.run(gathered(wire._finite(told, 0, 5))) == streamed([reply(), over])


def test_a_finite_answer_that_is_not_over_says_where_to_go_on() -> None:
    told: Any = Told([reply(), reply(content="Yes, ")])
    events = asyncio.run(gathered(wire._finite(told, 0, 0.05)))
    resume = json.loads(events[-1].data)
    assert (resume["type"], resume["transient"]) == ("data-resume", True)
    assert resume["data"] == {
        "url": "/api/v1/components/chat/stream/msg_1?after=6",
        "messageId": "msg_1",
        "after": 6,
    }
    assert all(event.data != "[DONE]" for event in events)
    rest = streamed([rules.ended(reply(content="Yes, she is."), "complete", NOW)], after=6)
    assert joined(chunks([*events[:-1], *rest]))[2]["delta"] == "Yes, she is."
