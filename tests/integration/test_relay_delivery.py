"""How the relay gives up: with a function that always fails."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.responses import Response

from infra.local import relay_delivery
from infra.local.relay_delivery import Courier, Delivery
from shared.catalog import FunctionEntry, load_catalog
from tests.integration.serving import served


@pytest.fixture(scope="module")
def failing_function() -> Iterator[str]:
    async def answer(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await Response(status_code=500)(scope, receive, send)

    with served(answer) as url:
        yield url


def entry(*, retry: bool) -> FunctionEntry:
    found = next(each for each in load_catalog() if each.name == "on_task_written")
    return dataclasses.replace(found, retry=retry)


async def deliver(url: str, folder: Path, *, retry: bool) -> Courier:
    async with httpx.AsyncClient(trust_env=False) as client:
        courier = Courier(client, {"on_task_written": url}, folder / "dead.jsonl", attempts=3)
        courier.accept(Delivery(entry(retry=retry), {"ce-id": "event-1"}, b"\0body"))
        await asyncio.gather(*courier.pending)
    return courier


def test_an_event_nobody_can_handle_is_kept_as_a_dead_letter(
    failing_function: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_delivery, "FIRST_PAUSE_SECONDS", 0.01)
    courier = asyncio.run(deliver(failing_function, tmp_path, retry=True))
    assert courier.counts == {"accepted": 1, "retried": 2, "deadLettered": 1}
    assert courier.status()["deadLetters"] == [
        {"function": "on_task_written", "event": "event-1", "attempts": 3, "status": 500}
    ]
    file = tmp_path / "dead.jsonl"
    kept = json.loads(file.read_text())
    assert base64.b64decode(kept["body"]) == b"\0body"
    assert file.stat().st_mode & 0o077 == 0


def test_a_function_without_retry_gets_its_event_once(failing_function: str, tmp_path: Path) -> None:
    courier = asyncio.run(deliver(failing_function, tmp_path, retry=False))
    assert courier.counts == {"accepted": 1, "dropped": 1}
