"""A reply as the UI message stream of the Vercel AI SDK, version 1: what `useChat` reads as it is.

Source of the protocol: https://ai-sdk.dev/docs/ai-sdk-ui/stream-protocol and `uiMessageChunkSchema` of npm's `ai`.

The stream follows from the stored reply alone, so any instance can go on with it. A reply's parts stand at places (see
MessageDocument); the `id` of an event is the place behind what it brings, and `after=<id>` sends exactly what comes
after it: both pieces together are one stream. What belongs to one place is sent without an id until its last chunk.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from typing import Any

from shared.domain.chat import places
from shared.models.firestore.conversation import CitedSource, MessageDocument, MessageEnding, ThinkingStep
from shared.services.chat_runs import Following
from shared.web.sse import EventStream, ServerSentEvent

HEADER = {"x-vercel-ai-ui-message-stream": "v1"}
DONE = ServerSentEvent("[DONE]")
FINITE_SECONDS = 12.0  # of the gateway's 15: what is not over by then is gone on with at another request
PATH = "/api/v1/components/chat/stream"
FINISH_REASONS: dict[MessageEnding, str] = {
    "complete": "stop",
    "truncated": "length",
    "declined": "other",
    "stopped": "other",
    "error": "error",
}

Chunk = dict[str, Any]


def ui_message_stream(following: Following, *, after: int = 0) -> EventStream:
    """Answer with a reply as it grows, from the place `after` on; in finite mode with as much as there is in 12 s."""
    return EventStream(
        lambda: _events(following, after), headers=HEADER, whole=lambda: _finite(following, after, FINITE_SECONDS)
    )


async def _events(following: Following, after: int) -> AsyncGenerator[ServerSentEvent, None]:
    """What comes behind `after`, as it comes, to the end of the run."""
    place = after
    async with aclosing(following.snapshots()) as snapshots:
        async for reply in snapshots:
            for upto, chunks in parts_behind(reply, place):
                for event in _encoded(upto, chunks):
                    yield event
                place = upto
    yield DONE


async def _finite(following: Following, after: int, seconds: float) -> AsyncGenerator[ServerSentEvent, None]:
    """The whole of it when the run is over in time; else the parts so far and where to go on."""
    place, until = after, asyncio.get_running_loop().time() + seconds
    async with aclosing(_events(following, after)) as events:
        while True:
            try:
                async with asyncio.timeout_at(until):  # never between the chunks of one place: they are there together
                    event = await anext(events)
            except StopAsyncIteration:
                return
            except TimeoutError:
                break
            yield event
            place = int(event.id) if event.id is not None else place
    resume = {"url": f"{PATH}/{following.reply.id}?after={place}", "messageId": following.reply.id, "after": place}
    yield ServerSentEvent(_json({"type": "data-resume", "data": resume, "transient": True}))


def parts_behind(reply: MessageDocument, after: int) -> Iterator[tuple[int, list[Chunk]]]:
    """The chunks of a reply behind the place `after`, as (the place behind them, the chunks), in order."""
    if after == 0:
        yield 1, [_start(reply)]
    marks: list[ThinkingStep | CitedSource] = [*reply.thinking, *reply.citations]
    marks.sort(key=lambda mark: mark.place)
    place, said, text = 1, 0, None  # the next place, the characters before it, and the text that is open there
    for mark in (*marks, None):
        stands_at = places(reply) if mark is None else mark.place
        if stands_at > place:
            begins, text = place, f"text-{place}"
            if stands_at > after:
                skipped = max(0, after - begins)
                written = reply.content[said + skipped : said + stands_at - begins]
                opening = [] if skipped else [{"type": "text-start", "id": text}]
                yield stands_at, [*opening, {"type": "text-delta", "id": text, "delta": written}]
            said += stands_at - begins
            place = stands_at
        if mark is None:
            break
        place = mark.place + 1
        if place > after:
            yield place, [*_closed(text), *_of(reply, mark)]
        text = None
    if not reply.is_running:
        # Whoever has more than there is (a part that a killed run never stored) is told of the end as well.
        yield place + 1, [*(_closed(text) if after <= place else []), *_end(reply)]


def _closed(text: str | None) -> list[Chunk]:
    return [] if text is None else [{"type": "text-end", "id": text}]


def _start(reply: MessageDocument) -> Chunk:
    about = {"contextId": reply.context_id, "threadId": reply.thread_id, "inReplyTo": reply.in_reply_to}
    about["createdAt"] = reply.created_at.isoformat()
    return {"type": "start", "messageId": reply.id, "messageMetadata": about}


def _of(reply: MessageDocument, mark: ThinkingStep | CitedSource) -> list[Chunk]:
    """A step as what the assistant thought and did, or a record that it cites."""
    if isinstance(mark, CitedSource):
        cited = {"source": mark.source, "title": mark.title}
        return [{"type": "data-citation", "id": f"citation-{mark.place}", "data": cited}]
    thought, call = f"step-{mark.place}", {"toolCallId": f"{reply.id}-{mark.place}", "dynamic": True}
    call["providerExecuted"] = True  # by the server: a client has nothing to do for it
    if mark.error is None:
        output = {"sources": list(mark.sources), "milliseconds": mark.milliseconds}
        outcome: Chunk = {"type": "tool-output-available", **call, "output": output}
    else:
        outcome = {"type": "tool-output-error", **call, "errorText": mark.error}
    return [
        {"type": "reasoning-start", "id": thought},
        {"type": "reasoning-delta", "id": thought, "delta": mark.text},
        {"type": "reasoning-end", "id": thought},
        {"type": "tool-input-available", **call, "toolName": mark.tool, "input": {}},
        outcome,
    ]


def _end(reply: MessageDocument) -> list[Chunk]:
    """What it offers, what went wrong, and why it is over."""
    chunks: list[Chunk] = []
    if reply.guidance_actions:
        actions = [one.model_dump(mode="json", by_alias=True) for one in reply.guidance_actions]
        chunks.append({"type": "data-guidance", "id": "guidance", "data": {"guidanceActions": actions}})
    about: Chunk = {"status": reply.state, "ending": reply.ending}
    if reply.problem is not None:
        about["problem"] = reply.problem.model_dump(mode="json", by_alias=True)
        chunks.append({"type": "message-metadata", "messageMetadata": about})
        return [*chunks, {"type": "error", "errorText": reply.problem.text}]
    if reply.state == "stopped":
        chunks.append({"type": "abort", "reason": "stopped"})
    reason = FINISH_REASONS[reply.ending or "complete"]
    return [*chunks, {"type": "finish", "finishReason": reason, "messageMetadata": about}]


def _encoded(place: int, chunks: Sequence[Chunk]) -> Iterator[ServerSentEvent]:
    """The chunks as events; the last one carries the place behind them."""
    for number, chunk in enumerate(chunks, start=1):
        yield ServerSentEvent(_json(chunk), id=str(place) if number == len(chunks) else None)


def _json(chunk: Chunk) -> str:
    """The chunk in ASCII: some characters would otherwise end a line of the event."""
    return json.dumps(chunk, separators=(",", ":"))
