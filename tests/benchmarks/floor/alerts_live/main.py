"""The floor of alerts_live: a bare stream with one listener of the store, and nothing of ours around it."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from typing import Any

import functions_framework.aio
from google.cloud import firestore
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

_queues: set[asyncio.Queue[str]] = set()
_watches: list[Any] = []


def _listen(loop: asyncio.AbstractEventLoop) -> None:
    client = firestore.Client(project=os.environ["GOOGLE_CLOUD_PROJECT"])

    def told(_: object, changes: list[Any], __: object) -> None:
        for one in changes:
            loop.call_soon_threadsafe(_hand_out, json.dumps(one.document.to_dict(), default=str))

    _watches.append(client.collection_group("entries").order_by("updatedAt").on_snapshot(told))


def _hand_out(data: str) -> None:
    for queue in _queues:
        queue.put_nowait(data)


async def _events() -> AsyncIterator[str]:
    queue: asyncio.Queue[str] = asyncio.Queue()
    _queues.add(queue)
    try:
        yield "event: ready\ndata: {}\n\n"
        while True:
            yield f"event: alert\ndata: {await queue.get()}\n\n"
    finally:
        _queues.discard(queue)


@functions_framework.aio.http
async def alerts_live(_: Request) -> Response:
    if not _watches:
        _listen(asyncio.get_running_loop())
    return StreamingResponse(_events(), media_type="text/event-stream")
