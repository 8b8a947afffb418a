"""The floor of `chat_stream`: the same calls of the stores, and then the same bytes, which the harness recorded.

Where ours waits for its assistant, the bytes are there already; so this is less than any assistant could do.
"""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import functions_framework.aio
from google.cloud.firestore_v1.base_query import FieldFilter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from tests.benchmarks.floor import live

THREAD = "floor"


@functions_framework.aio.http
async def chat_stream(request: Request) -> Response:
    """POST stores a question, its reply and the thread, and streams the answer."""
    body = await request.json()
    asked = await asyncio.to_thread(_begin, request, body)
    headers = {"x-vercel-ai-ui-message-stream": "v1", "cache-control": "no-cache, no-transform"}
    return StreamingResponse(_answer(asked), headers=headers, media_type="text/event-stream")


def _begin(request: Any, body: dict[str, Any]) -> dict[str, Any]:
    member, store = live.who(request), live.store()
    context_id = body["contextId"]
    context = store.collection("contexts").document(context_id).get(timeout=live.TIMEOUT).to_dict() or {}
    if context.get("clientId") != member["clientId"]:
        raise PermissionError
    now = datetime.now(UTC)
    base = {"clientId": member["clientId"], "contextId": context_id, "threadId": THREAD, "sortAt": now, "version": 1}
    question, reply = (store.collection("messages").document(f"msg_{uuid.uuid4().hex}") for _ in range(2))
    thread = store.collection("threads").document(f"floor_{context_id}")
    newest = (thread.get(timeout=live.TIMEOUT).to_dict() or {}).get("replyId")
    if newest is not None:
        store.collection("messages").document(newest).get(timeout=live.TIMEOUT)
    batch = store.batch()
    batch.create(question, {**base, "type": "user", "content": body["content"]})
    batch.create(reply, {**base, "type": "system", "content": "", "isRunning": False})
    batch.set(thread, {**base, "replyId": reply.id})
    if not live.BARE:
        one = live.event(member, "chat:send", resource="message")
        batch.create(store.collection("audit_outbox").document(one["id"]), one)
    batch.commit(timeout=live.TIMEOUT)
    return {**base, "reply": reply}


async def _answer(asked: dict[str, Any]) -> AsyncIterator[bytes]:
    """The recorded events; the last ones when the answer is stored, as ours does."""
    events = _recorded()
    yield events[0] + b"\n\n"
    await asyncio.to_thread(_history, asked)
    for event in events[1:-3]:
        yield event + b"\n\n"
    await asyncio.to_thread(_end, asked["reply"])
    for event in events[-3:-1]:
        yield event + b"\n\n"


@cache
def _recorded() -> list[bytes]:
    return Path(os.environ["FLOOR_BYTES"]).read_bytes().split(b"\n\n")


def _history(asked: dict[str, Any]) -> None:
    query: Any = live.store().collection("messages")
    for name in ("clientId", "contextId", "threadId"):
        query = query.where(filter=FieldFilter(name, "==", asked[name]))
    query.order_by("sortAt", direction="DESCENDING").limit(12).get(timeout=live.TIMEOUT)


def _end(reply: Any) -> None:
    reply.get(timeout=live.TIMEOUT)
    reply.update({"content": "Done.", "version": 2}, timeout=live.TIMEOUT)
