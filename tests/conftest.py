"""What all suites share: one running stack, started at its first use."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.stack import RunningStack, started_stack

# The same examples each time, however slow the machine is: a test says the same whenever it is run.
settings.register_profile("mobius", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("mobius")


@pytest.fixture(scope="session")
def stack() -> Iterator[RunningStack]:
    """The stack that MOBIUS_STACK names (a stack.json: `make test` starts one for all suites), else one of our own."""
    named = os.environ.get("MOBIUS_STACK")
    if named:
        yield RunningStack.read(Path(named))
        return
    with started_stack() as running:
        yield running


@pytest.fixture(scope="session")
def full_volume() -> bool:
    """Whether proofs run at the volume that the requirements name (`make soak`) or at a reduced one."""
    return os.environ.get("MOBIUS_VOLUME") == "full"
