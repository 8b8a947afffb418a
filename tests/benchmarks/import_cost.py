"""Where a cold start goes: the import time of each package, from Python's own record (`-X importtime`)."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

from tests.benchmarks.server import Call, Program, Server

_LINE = re.compile(r"^import time:\s+(\d+) \|\s+\d+ \|\s*(\S+)$", re.MULTILINE)
_DEEPER = {"google": 2, "google.cloud": 3, "sqlalchemy": 2, "shared": 2}


def import_cost(program: Program, first: Call, *, token: str, starts: int, logs: Path) -> dict[str, float]:
    """Milliseconds by package until the first answer, imports on first use included; the record itself costs some.

    Of several starts the quickest one counts: what else the machine does only ever adds.
    """
    runs = [_one_start(program, first, token=token, logs=logs) for _ in range(starts)]
    return min(runs, key=lambda spent: sum(spent.values()))


def _one_start(program: Program, first: Call, *, token: str, logs: Path) -> dict[str, float]:
    recorded = replace(program, environment={**program.environment, "PYTHONPROFILEIMPORTTIME": "1"})
    with Server(recorded, token, logs / f"imports-{program.label}.log") as server:
        server.wait_until_listening()
        server.ask(first)
        output = server.output()
    spent: dict[str, float] = defaultdict(float)
    for microseconds, module in _LINE.findall(output):
        spent[_package(module)] += int(microseconds) / 1000
    return dict(spent)


def _package(module: str) -> str:
    parts = module.split(".")
    depth = _DEEPER.get(".".join(parts[:2]), _DEEPER.get(parts[0], 1))
    return ".".join(parts[:depth])
