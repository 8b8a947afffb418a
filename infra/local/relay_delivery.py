"""Delivery of events to functions as Eventarc does it: at least once, in no particular order, again after a failure.

The faults are switches for tests: seeded, so that a run can be repeated.
"""

from __future__ import annotations

import asyncio
import base64
import json
import random
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import httpx

from infra.local.log_line import log
from shared.catalog import FunctionEntry

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 10.0
MAX_CONCURRENT = 16
DEAD_LETTERS_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Chaos:
    """Faults: a delay of up to `delay` seconds (which reorders), and how often (0..1) an event is doubled or held back.

    An event that is held back waits for `hold` seconds, so that those behind it overtake it.
    """

    seed: float = 0
    delay: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    hold: float = 1.0


def read_chaos(members: dict[str, Any]) -> Chaos:
    """The faults that a JSON object names. Raises TypeError or ValueError for anything else."""
    shares: dict[str, Any] = {name: float(value) for name, value in members.items()}
    return Chaos(**shares)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event for one function: the CloudEvent's HTTP headers and body."""

    entry: FunctionEntry
    headers: dict[str, str]
    body: bytes

    @property
    def event_id(self) -> str:
        """The CloudEvent's id."""
        return self.headers.get("ce-id", "")


@dataclass
class Courier:
    """Delivers in the background. `counts` tells what became of the events, `dead` of those nobody could handle."""

    client: httpx.AsyncClient
    functions: dict[str, str]
    dead_letters: Path
    attempts: int
    chaos: Chaos = field(default_factory=Chaos)
    counts: Counter[str] = field(default_factory=Counter)
    dead: list[dict[str, Any]] = field(default_factory=list)
    pending: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._random = random.Random(self.chaos.seed)  # noqa: S311 (repeatable faults and jitter, no secret)
        self._turns: dict[str, asyncio.Semaphore] = {}

    def set_chaos(self, chaos: Chaos) -> None:
        """Switch faults on or off; the seed starts again."""
        self.chaos = chaos
        self._random.seed(chaos.seed)

    def accept(self, delivery: Delivery) -> None:
        """Take an event over; returns at once."""
        self.counts["accepted"] += 1
        copies = 2 if self._random.random() < self.chaos.duplicate else 1
        for _ in range(copies):
            wait = self._random.random() * self.chaos.delay
            if self._random.random() < self.chaos.reorder:
                wait += self.chaos.hold
            task = asyncio.create_task(self._deliver(delivery, wait))
            self.pending.add(task)
            task.add_done_callback(self.pending.discard)

    async def _deliver(self, delivery: Delivery, wait: float) -> None:
        if wait:
            await asyncio.sleep(wait)
        attempts = self.attempts if delivery.entry.retry else 1
        pause = FIRST_PAUSE_SECONDS
        for attempt in range(1, attempts + 1):
            status = await self.send(delivery)
            if httpx.codes.is_success(status):
                self.counts["delivered"] += 1
                return
            if attempt < attempts:
                self.counts["retried"] += 1
                await asyncio.sleep(pause * (0.5 + self._random.random()))
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
        if delivery.entry.retry:
            self._bury(delivery, attempts, status)
        else:
            self.counts["dropped"] += 1
            log("ERROR", "event dropped: its function failed and is not retried", event=delivery.event_id)

    async def send(self, delivery: Delivery) -> int:
        """Send once; returns the function's status, 503 when it cannot be reached in its time."""
        name = delivery.entry.name
        turn = self._turns.setdefault(name, asyncio.Semaphore(min(delivery.entry.concurrency, MAX_CONCURRENT)))
        async with turn:
            try:
                answer = await self.client.post(
                    self.functions[name] + "/",
                    content=delivery.body,
                    headers=delivery.headers,
                    timeout=delivery.entry.timeout_seconds,
                )
            except httpx.TransportError as exc:
                log("WARNING", "function not reached", function=name, event=delivery.event_id, why=type(exc).__name__)
                return 503
        if not answer.is_success:
            log("WARNING", "function failed", function=name, event=delivery.event_id, status=answer.status_code)
        return answer.status_code

    def _bury(self, delivery: Delivery, attempts: int, status: int) -> None:
        """Keep an event that nobody could handle, readable by this user only: it holds the whole document."""
        self.counts["deadLettered"] += 1
        summary = {"function": delivery.entry.name, "event": delivery.event_id, "attempts": attempts, "status": status}
        log("ERROR", "event given up", **summary)
        self.dead = [*self.dead, summary][-DEAD_LETTERS_SHOWN:]
        kept = {**summary, "at": time.time(), "headers": delivery.headers}
        kept["body"] = base64.b64encode(delivery.body).decode()
        self.dead_letters.parent.mkdir(parents=True, exist_ok=True)
        self.dead_letters.touch(mode=0o600)
        with self.dead_letters.open("a") as file:
            file.write(json.dumps(kept) + "\n")

    def status(self) -> dict[str, Any]:
        """What /status shows."""
        return {
            "pending": len(self.pending),
            "counts": dict(self.counts),
            "deadLetters": self.dead,
            "chaos": asdict(self.chaos),
        }
