"""The scheduler's calls, received by a real server."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response

from infra.local import scheduler
from infra.local.scheduler import Job
from shared.catalog import load_catalog
from tests.integration.serving import served

SWEEP = next(entry for entry in load_catalog() if entry.name == "sweep_outbox")
DUE = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


class Function:
    """Answers with the given statuses in turn, then 204."""

    def __init__(self, *statuses: int) -> None:
        self._statuses = list(statuses)
        self.calls: list[Request] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            self.calls.append(Request(scope, receive))
            status = self._statuses.pop(0) if self._statuses else 204
            await Response(status_code=status)(scope, receive, send)


async def call(url: str, *, retry: bool = True) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        await Job(dataclasses.replace(SWEEP, retry=retry), url, client=client, every=None).call(DUE)


async def run_until_called(url: str, function: Function, *, times: int) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        running = asyncio.create_task(Job(SWEEP, url, client=client, every=0.05).run())
        async with asyncio.timeout(20):
            while len(function.calls) < times:  # noqa: ASYNC110 (what is waited for happens on another thread)
                await asyncio.sleep(0.01)
        running.cancel()


def test_a_job_is_a_post_that_says_when_it_was_due() -> None:
    function = Function()
    with served(function) as url:
        asyncio.run(call(url))
    (request,) = function.calls
    assert request.method == "POST"
    assert request.headers["x-cloudscheduler-scheduletime"] == "2026-11-23T08:00:00+00:00"
    assert request.headers["x-cloudscheduler-jobname"] == "sweep-outbox"


@pytest.mark.parametrize(("retry", "calls"), [(True, 3), (False, 1)])
def test_a_failed_job_is_repeated_when_the_catalog_says_so(
    monkeypatch: pytest.MonkeyPatch, *, retry: bool, calls: int
) -> None:
    monkeypatch.setattr(scheduler, "FIRST_PAUSE_SECONDS", 0.01)
    function = Function(503, 500)
    with served(function) as url:
        asyncio.run(call(url, retry=retry))
    assert len(function.calls) == calls


def test_a_job_comes_again_and_again() -> None:
    function = Function()
    with served(function) as url:
        asyncio.run(run_until_called(url, function, times=3))
