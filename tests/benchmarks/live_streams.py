"""`python -m tests.benchmarks.live_streams`: a thousand live streams on one instance, beside a bare function's.

Needs a running stack (`make up`). An alert is delivered as its trigger does; the time is from before the write until
each stream has it, so that the store and its listener are in it on both sides.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import resource
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.cloud import firestore

from shared.catalog import ROOT
from shared.repositories.firestore.inboxes import FirestoreInboxRepository
from tests.benchmarks.server import Program, Server
from tests.benchmarks.surroundings import BenchmarkError, Surroundings, surroundings
from tests.e2e.live_reader import LIVE, entry_of
from tests.e2e.person import unique

MEMORY_BUDGET_MB, LATENCY_BUDGET_MS = 128.0, 300.0
AT_ONCE = 25
TARGET = "alerts_live"


@dataclass(frozen=True, slots=True)
class Found:
    """What was measured of one program: MB before and with the streams, milliseconds from the write to each stream."""

    label: str
    before: float
    streaming: float
    opened: float
    milliseconds: list[float]

    @property
    def p95(self) -> float:
        """Of the streams of all alerts."""
        return statistics.quantiles(self.milliseconds, n=20)[-1]

    def __str__(self) -> str:
        """One line."""
        return (
            f"{self.label:8} {self.before:7.1f} MB before, {self.streaming:7.1f} MB with the streams"
            f" (opened in {self.opened:5.1f} s); write -> stream p50 {statistics.median(self.milliseconds):6.1f} ms,"
            f" p95 {self.p95:6.1f} ms, last {max(self.milliseconds):6.1f} ms"
        )


def main() -> int:
    """The command line; exit code 0: measured, 1: over a budget (with --check), 2: cannot measure."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.live_streams", description=__doc__)
    parser.add_argument("--streams", type=int, default=1000)
    parser.add_argument("--alerts", type=int, default=10)
    parser.add_argument("--check", action="store_true", help="fail when a budget is not kept")
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        around = surroundings()
    except BenchmarkError as exc:
        sys.stderr.write(f"{exc}\n")
        return 2
    found = [measure(label, around, options.streams, options.alerts) for label in ("floor", "ours")]
    for one in found:
        sys.stdout.write(f"{one}\n")
    floor, ours = found
    sys.stdout.write(
        f"ours / floor: memory {ours.streaming / floor.streaming:.2f} x, p95 {ours.p95 / floor.p95:.2f} x\n"
    )
    kept = ours.streaming <= MEMORY_BUDGET_MB and ours.p95 <= LATENCY_BUDGET_MS
    sys.stdout.write(
        f"budget (<= {MEMORY_BUDGET_MB:.0f} MB, p95 <= {LATENCY_BUDGET_MS:.0f} ms): {'kept' if kept else 'OVER'}\n"
    )
    return 1 if options.check and not kept else 0


def measure(label: str, around: Surroundings, streams: int, alerts: int) -> Found:
    """Start the program, open the streams, and deliver alerts to their one reader."""
    folder = ROOT / ("functions/components" if label == "ours" else "tests/benchmarks/floor") / TARGET
    environment = around.environment | {"PYTHONPATH": str(ROOT)}
    program = Program(label, folder / "main.py", TARGET, Path(sys.executable), environment)
    os.environ["FIRESTORE_EMULATOR_HOST"] = environment["FIRESTORE_EMULATOR_HOST"]
    client = firestore.Client(project=environment["GOOGLE_CLOUD_PROJECT"])
    with Server(program, around.token, around.build / "logs" / TARGET / f"{label}.txt") as server:
        server.wait_until_listening()
        return asyncio.run(_measure(server, around.token, streams, alerts, FirestoreInboxRepository(client)))


async def _measure(server: Server, token: str, streams: int, alerts: int, inboxes: FirestoreInboxRepository) -> Found:
    claims = _claims(token)
    arrived: asyncio.Queue[tuple[str, float]] = asyncio.Queue()
    going = asyncio.Semaphore(AT_ONCE)
    ready = asyncio.Semaphore(0)
    first = asyncio.create_task(_read(server.port, token, going, ready, arrived))
    await ready.acquire()
    before, begun = _megabytes(server), time.perf_counter()
    tasks = [asyncio.create_task(_read(server.port, token, going, ready, arrived)) for _ in range(streams - 1)]
    for _ in tasks:
        await asyncio.wait_for(ready.acquire(), 60)
    opened = time.perf_counter() - begun
    await asyncio.sleep(2)
    milliseconds = []
    for number in range(alerts + 1):  # the first one is not counted
        alert = unique("alert")
        while not arrived.empty():
            arrived.get_nowait()
        written = time.perf_counter()
        await asyncio.to_thread(inboxes.deliver, [entry_of(claims, alert)])
        came = 0
        while came < streams:
            data, at = await asyncio.wait_for(arrived.get(), 30)
            if alert in data:
                came += 1
                milliseconds += [(at - written) * 1000] if number else []
        await asyncio.to_thread(inboxes.deliver, [entry_of(claims, alert, alert_version=2, is_active=False)])
        await asyncio.sleep(1)
    streaming = _megabytes(server)
    for task in (first, *tasks):
        task.cancel()
    await asyncio.gather(first, *tasks, return_exceptions=True)
    return Found(server.program.label, before, streaming, opened, milliseconds)


async def _read(
    port: int,
    token: str,
    going: asyncio.Semaphore,
    ready: asyncio.Semaphore,
    arrived: asyncio.Queue[tuple[str, float]],
) -> None:
    async with going:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"GET {LIVE} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
        while (line := await reader.readline()) != b"event: ready\n":
            if not line:
                raise BenchmarkError("A stream ended before it was ready")
    ready.release()
    try:
        while line := await reader.readline():
            if line.startswith(b"data: {") and len(line) > len(b"data: {}\n"):
                arrived.put_nowait((line.decode(), time.perf_counter()))
    finally:
        writer.close()


def _claims(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


def _megabytes(server: Server) -> float:
    """Resident memory of the process that serves: the largest of those that were started."""
    family = {server.process.pid}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == server.process.pid:
            family.add(int(status.parent.name))
    sizes = []
    for pid in family:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        sizes += [int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS")]
    return max(sizes)


if __name__ == "__main__":
    sys.exit(main())
