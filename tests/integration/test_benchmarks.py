"""`make bench` runs: functions and their floors answer the same calls (the figures themselves are no test)."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from shared.catalog import ROOT
from tests.benchmarks.subjects import MEASURED
from tests.stack import RunningStack


@pytest.mark.parametrize("function", MEASURED)
def test_function_and_floor_can_be_compared(function: str, stack: RunningStack, full_volume: bool) -> None:
    if not full_volume and function != "eligibility":
        pytest.skip("at reduced volume the function that uses both stores stands for all")
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks", function, *["--cold=1", "--turns=1", "--requests=5", "--imports=0"]],
        cwd=ROOT,
        env={**os.environ, "MOBIUS_STACK": str(stack.file)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    figures = {line["what"]: line for line in json.loads((ROOT / "build/benchmarks/result.json").read_text())}
    assert {"cold start", "memory"} < figures.keys()
    assert all(figure["ours"] > 0 and figure["floor"] > 0 for figure in figures.values())


def test_a_stream_and_its_floor_can_be_compared(stack: RunningStack) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.chat_stream", "--turns=1", "--requests=3"],
        cwd=ROOT,
        env={**os.environ, "MOBIUS_STACK": str(stack.file)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert {"first part p50", "whole answer p95"} <= {line[2:24].strip() for line in done.stdout.splitlines()}
