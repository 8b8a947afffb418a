"""Failpoints: nothing unless a test asks, the end of the process when one does, and never on a deployed function."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from shared.catalog import ROOT
from shared.config import failpoints
from shared.failpoints import EXIT_CODE, failpoint, listening

PROGRAM = """
from shared.failpoints import failpoint
for turn in range(3):
    failpoint("here")
    print(turn, flush=True)
"""


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    failpoints.cache_clear()
    yield
    failpoints.cache_clear()


def run(**environment: str) -> tuple[int, list[str]]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stdout.split()


@pytest.mark.parametrize(
    ("named", "code", "turns"),
    [
        ("", 0, 3),
        ("elsewhere", 0, 3),
        ("here", EXIT_CODE, 0),
        ("elsewhere@1,here@2", EXIT_CODE, 1),
        ("here@9", 0, 3),
    ],
)
def test_a_process_ends_at_its_turn(named: str, code: int, turns: int) -> None:
    assert run(MOBIUS_FAILPOINTS=named) == (code, [str(turn) for turn in range(turns)])


def test_a_deployed_function_passes_every_place() -> None:
    assert run(MOBIUS_FAILPOINTS="here", K_SERVICE="tasks") == (0, ["0", "1", "2"])


def test_a_listener_hears_each_place_while_it_listens() -> None:
    heard: list[str] = []
    with listening(heard.append):
        failpoint("one")
        failpoint("two")
    failpoint("three")
    assert heard == ["one", "two"]
