"""The scheduler: what Cloud Scheduler is in production, one job for each scheduled function of the catalog.

    python -m infra.local.scheduler --stack FILE

A job is an HTTP POST, as Cloud Scheduler makes it with an OIDC token: that is its usual way to a function, with its own
retries, and needs no Pub/Sub topic or Eventarc trigger between. A job that is still running is not started a second
time. `MOBIUS_SCHEDULE_SECONDS` replaces every schedule by an interval, for tests.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from infra.local.cron import parse_cron
from infra.local.log_line import log
from infra.local.parts_file import Parts, read_parts
from shared.catalog import FunctionEntry

RETRIES = 3
FIRST_PAUSE_SECONDS = 1.0


class Job:
    """One scheduled function: when it is due and how it is called."""

    def __init__(self, entry: FunctionEntry, url: str, *, client: httpx.AsyncClient, every: float | None) -> None:
        self._entry = entry
        self._url = url + "/"
        self._client = client
        self._due: Callable[[datetime], datetime]
        if every is None:
            self._due = parse_cron(str(entry.trigger.cron)).next_after
        else:
            interval = timedelta(seconds=every)
            self._due = lambda now: now + interval

    async def run(self) -> None:
        """Call the function at each of its times, for ever."""
        while True:
            due = self._due(datetime.now(UTC))
            await asyncio.sleep(max(0.0, (due - datetime.now(UTC)).total_seconds()))
            await self.call(due)

    async def call(self, due: datetime) -> None:
        """Call once, and again with growing pauses when the function fails and the catalog says so."""
        for attempt in range(1 + (RETRIES if self._entry.retry else 0)):
            if attempt:
                await asyncio.sleep(FIRST_PAUSE_SECONDS * 2 ** (attempt - 1))
            status = await self._post(due)
            if httpx.codes.is_success(status):
                return
        log("ERROR", "scheduled call failed", function=self._entry.name, status=status)

    async def _post(self, due: datetime) -> int:
        headers = {
            "User-Agent": "Google-Cloud-Scheduler",
            "X-CloudScheduler": "true",
            "X-CloudScheduler-JobName": self._entry.deployed_name,
            "X-CloudScheduler-ScheduleTime": due.isoformat(),
        }
        try:
            answer = await self._client.post(self._url, headers=headers, timeout=self._entry.timeout_seconds)
        except httpx.TransportError as exc:
            log("WARNING", "function not reached", function=self._entry.name, why=type(exc).__name__)
            return 503
        return answer.status_code


async def serve(parts: Parts, *, every: float | None) -> None:
    """Run the jobs of every scheduled function that the stack runs, until SIGTERM or SIGINT."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with httpx.AsyncClient(trust_env=False) as client:
        jobs = [
            asyncio.create_task(Job(entry, parts.functions[entry.name], client=client, every=every).run())
            for entry in parts.catalog
            if entry.kind == "schedule" and entry.name in parts.functions
        ]
        waiting = asyncio.create_task(stop.wait())
        done, _ = await asyncio.wait([waiting, *jobs], return_when=asyncio.FIRST_COMPLETED)
        for task in (waiting, *jobs):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        for task in done:
            task.result()


def main() -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="infra.local.scheduler", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--stack", type=Path, required=True, help="the parts file")
    arguments = parser.parse_args()
    every = os.environ.get("MOBIUS_SCHEDULE_SECONDS")
    asyncio.run(serve(read_parts(arguments.stack), every=float(every) if every else None))
    return 0


if __name__ == "__main__":
    sys.exit(main())
