"""`python -m tests.benchmarks [FUNCTIONS…]`: functions beside bare ones, as ratios against the budgets (`make bench`).

Needs a running stack (`make up`). The floor makes the same calls with the same clients and nothing of ours around
them; `bare` is the floor without identity and audit, so that their price is seen.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict

from tests.benchmarks.import_cost import import_cost
from tests.benchmarks.measuring import cold_starts, warm_answers
from tests.benchmarks.report import (
    HEADING,
    Line,
    cold_line,
    cold_phases,
    inside_line,
    memory_line,
    package_lines,
    warm_lines,
)
from tests.benchmarks.subjects import MEASURED, Subject, calls, prepare, subject
from tests.benchmarks.surroundings import BenchmarkError, Surroundings, surroundings


def main() -> int:
    """The command line; returns the exit code: 0 measured, 1 over a budget (with --check), 2 cannot measure."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("functions", nargs="*", choices=[*MEASURED, []], help="which (all when none is named)")
    parser.add_argument("--cold", type=int, default=7, help="cold starts of each program (7)")
    parser.add_argument("--turns", type=int, default=8, help="turns of warm requests (8)")
    parser.add_argument("--requests", type=int, default=50, help="requests a turn (50)")
    parser.add_argument("--imports", type=int, default=3, help="starts to find where a cold start goes (3; 0: none)")
    parser.add_argument("--check", action="store_true", help="fail when a budget is not kept")
    options = parser.parse_args()
    try:
        around = surroundings()
        asked = calls(prepare(around))
        lines: list[Line] = []
        for name in options.functions or asked:
            lines += _measure(subject(name, around, asked[name]), around, options)
    except BenchmarkError as exc:
        sys.stderr.write(f"{exc}\n")
        return 2
    result = around.build / "result.json"
    result.write_text(json.dumps([asdict(line) | {"kept": line.kept} for line in lines], indent=2) + "\n")
    over = [line for line in lines if not line.kept]
    _say(f"{len(lines) - len(over)} of {len(lines)} figures keep their budget; all of them: {result}")
    return 1 if over and options.check else 0


def _measure(one: Subject, around: Surroundings, options: argparse.Namespace) -> list[Line]:
    logs = around.build / "logs" / one.name
    first = one.calls[0]
    _say(f"{one.name} ({', '.join(f'{call.name}: {call.method}' for call in one.calls)})", HEADING)
    cold = cold_starts(one.programs, first, token=around.token, turns=options.cold, logs=logs)
    _say(cold_line(one.name, cold), *cold_phases(cold))
    warm = warm_answers(
        one.programs, one.calls, token=around.token, turns=options.turns, per_turn=options.requests, logs=logs
    )
    compared = [*warm_lines(one.name, warm.answers), memory_line(one.name, warm.memory)]
    _say(*compared, inside_line(warm.inside))
    if options.imports:
        spent = [
            import_cost(program, first, token=around.token, starts=options.imports, logs=logs)
            for program in one.programs[:2]
        ]
        _say(*package_lines(*spent))
    _say("")
    return [cold_line(one.name, cold), *compared]


def _say(*lines: object) -> None:
    for line in lines:
        print(line, flush=True)  # noqa: T201 # a command line


if __name__ == "__main__":
    raise SystemExit(main())
