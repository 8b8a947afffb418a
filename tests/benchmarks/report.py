"""The figures as a table: ours, the floor, their ratio, the budget."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass

from tests.benchmarks.measuring import Cold, Warm, ratio
from tests.benchmarks.subjects import BARE, FLOOR, OURS

COLD_BUDGET, WARM_BUDGET, MEMORY_BUDGET = 1.20, 1.25, 1.25
SHOWN_PACKAGES = 14
LEAST_MILLISECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Line:
    """One compared figure of one function. `ratio` is ours to the floor, the median over the turns."""

    function: str
    what: str
    unit: str
    ours: float
    floor: float
    bare: float
    ratio: float
    budget: float

    @property
    def kept(self) -> bool:
        """Whether the budget is kept."""
        return self.ratio <= self.budget

    def __str__(self) -> str:
        """One line of the table."""
        mark = "" if self.kept else "  OVER"
        return (
            f"  {self.what:22} {self.ours:8.2f} {self.floor:8.2f} {self.bare:8.2f} {self.unit:3}"
            f"  {self.ratio:5.2f} x (≤ {self.budget:.2f}){mark}"
        )


HEADING = f"  {'':22} {'ours':>8} {'floor':>8} {'bare':>8}      ratio"


def cold_line(function: str, found: Mapping[str, Cold]) -> Line:
    """Process start → first authenticated answer."""
    totals = {label: found[label].total for label in (OURS, FLOOR, BARE)}
    ours, floor, bare = (statistics.median(values) for values in totals.values())
    return Line(function, "cold start", "s", ours, floor, bare, ratio(totals[OURS], totals[FLOOR]), COLD_BUDGET)


def cold_phases(found: Mapping[str, Cold]) -> list[str]:
    """Where a cold start is spent: until the port accepts, and the first request."""
    lines = []
    for what, pick in (("  until it listens", "listening"), ("  first request", "first_answer")):
        ours, floor, bare = (statistics.median(getattr(found[label], pick)) for label in (OURS, FLOOR, BARE))
        lines.append(f"  {what:22} {ours:8.2f} {floor:8.2f} {bare:8.2f} s")
    return lines


def warm_lines(function: str, found: Mapping[str, Mapping[str, Warm]]) -> list[Line]:
    """p50 and p95 of each call."""
    lines = []
    for call, by_label in found.items():
        for percent in (50, 95):
            of = {label: warm.percentiles(percent) for label, warm in by_label.items()}
            ours, floor, bare = (statistics.median(of[label]) for label in (OURS, FLOOR, BARE))
            compared = ratio(of[OURS], of[FLOOR])
            lines.append(Line(function, f"{call} p{percent}", "ms", ours, floor, bare, compared, WARM_BUDGET))
    return lines


def inside_line(by_method: Mapping[str, float]) -> str:
    """How much of a warm answer passes inside our app; the rest is the framework, the server and the wire."""
    shown = ", ".join(f"{method} {milliseconds:.2f}" for method, milliseconds in sorted(by_method.items()))
    return f"  inside our app, p50    {shown} ms (its own request log)"


def memory_line(function: str, found: Mapping[str, float]) -> Line:
    """Memory of the process and its worker after the warm requests."""
    ours, floor, bare = found[OURS], found[FLOOR], found[BARE]
    return Line(function, "memory", "MiB", ours, floor, bare, ours / floor, budget=MEMORY_BUDGET)


def package_lines(ours: Mapping[str, float], floor: Mapping[str, float]) -> list[str]:
    """Import time by package, the largest first; what only one of the two imports stands out."""
    order = sorted(ours.keys() | floor.keys(), key=lambda name: -max(ours.get(name, 0), floor.get(name, 0)))
    lines = [f"  {'imports (ms)':22} {sum(ours.values()):8.0f} {sum(floor.values()):8.0f}"]
    shown = [
        name for name in order[:SHOWN_PACKAGES] if max(ours.get(name, 0), floor.get(name, 0)) >= LEAST_MILLISECONDS
    ]
    return lines + [f"    {name[:22]:22}{ours.get(name, 0):8.0f} {floor.get(name, 0):8.0f}" for name in shown]
