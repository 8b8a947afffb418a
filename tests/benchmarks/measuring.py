"""Measurements in turns: A, B, C, A, B, C … in one run, so that the machine's mood falls on all alike.

Every comparison is a ratio within one turn; what is reported is the median of those ratios.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.benchmarks.server import Call, Program, Server


@dataclass(slots=True)
class Cold:
    """Cold starts of one program, in seconds: until it listens, and from there to the first answer."""

    listening: list[float] = field(default_factory=list)
    first_answer: list[float] = field(default_factory=list)

    @property
    def total(self) -> list[float]:
        """Process start → first authenticated answer."""
        return [a + b for a, b in zip(self.listening, self.first_answer, strict=True)]


@dataclass(frozen=True, slots=True)
class WarmRun:
    """{call: {label: Warm}}, {label: MiB at the end}, {method: median ms that the request log states} of ours."""

    answers: dict[str, dict[str, Warm]]
    memory: dict[str, float]
    inside: dict[str, float]


@dataclass(slots=True)
class Warm:
    """Warm answers of one program to one call: milliseconds, one list a turn."""

    turns: list[list[float]] = field(default_factory=list)

    def percentiles(self, percent: int) -> list[float]:
        """The percentile of each turn."""
        return [percentile(turn, percent) for turn in self.turns]


def percentile(values: Sequence[float], percent: int) -> float:
    """The `percent`-th percentile of `values`."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(len(ordered) * percent / 100))]


def ratio(ours: Sequence[float], floor: Sequence[float]) -> float:
    """The median of the ratios of pairs that were measured in the same turn."""
    return statistics.median(a / b for a, b in zip(ours, floor, strict=True))


def cold_starts(programs: Sequence[Program], first: Call, *, token: str, turns: int, logs: Path) -> dict[str, Cold]:
    """Start each program `turns` times, in turns, and ask it once. The first turn warms the disk and is dropped."""
    found = {program.label: Cold() for program in programs}
    for turn in range(turns + 1):
        for program in programs:
            with Server(program, token, logs / f"cold-{program.label}.log") as server:
                listening = server.wait_until_listening()
                answered = server.ask(first) / 1000
            if turn:
                found[program.label].listening.append(listening)
                found[program.label].first_answer.append(answered)
    return found


def warm_answers(
    programs: Sequence[Program], calls: Sequence[Call], *, token: str, turns: int, per_turn: int, logs: Path
) -> WarmRun:
    """All programs run side by side and are asked one by one, in turns."""
    found = {call.name: {program.label: Warm() for program in programs} for call in calls}
    with ExitStack() as running:
        servers = [
            running.enter_context(Server(program, token, logs / f"warm-{program.label}.log")) for program in programs
        ]
        for server in servers:
            server.wait_until_listening()
            for call in calls:
                for _ in range(20):
                    _ask(server, call)
        for _ in range(turns):
            for call in calls:
                for server in servers:
                    found[call.name][server.program.label].turns.append([])
                for _ in range(per_turn):
                    for server in servers:
                        found[call.name][server.program.label].turns[-1].append(_ask(server, call))
        memory = {server.program.label: server.memory() for server in servers}
        inside = _logged_medians(servers[0].output())
    return WarmRun(found, memory, inside)


def _logged_medians(output: str) -> dict[str, float]:
    by_method: dict[str, list[float]] = {}
    for line in output.splitlines():
        if line.startswith("{") and '"durationMs"' in line:
            entry = json.loads(line)
            by_method.setdefault(entry["method"], []).append(entry["durationMs"])
    return {method: statistics.median(values) for method, values in by_method.items()}


def _ask(server: Server, call: Call) -> float:
    return server.retry(lambda: server.ask(call))
