"""Stopping and killing a part of a private stack, by its process id."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil

from tests.e2e.person import until
from tests.stack import RunningStack

RESTART_SECONDS = 40.0


@contextmanager
def frozen(stack: RunningStack, part: str) -> Iterator[None]:
    """A part and its children stand still while the block lasts: connections stay open and nobody answers."""
    parent = psutil.Process(stack.pids[part])
    family = [parent, *parent.children(recursive=True)]
    for process in family:
        process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGCONT)


def kill(stack: RunningStack, part: str) -> int:
    """Kill a part at once, as a crash does; the id it had."""
    pid = stack.pids[part]
    os.kill(pid, signal.SIGKILL)
    return pid


def started_again(stack: RunningStack, part: str, *, dead: int) -> int:
    """Wait until the supervisor has started a part again; its new id."""

    def other() -> int:
        pid = stack.pids.get(part, dead)
        return 0 if pid == dead else pid

    return until(other, seconds=RESTART_SECONDS, what=f"{part} started again")
