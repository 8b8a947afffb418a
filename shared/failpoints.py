"""Named places where a test may end the process, or a handler, between two steps. Off in production.

`MOBIUS_FAILPOINTS=fan_out.delivered@3` ends the process when it comes to that place for the third time, without a
chance to finish anything; a deployed function refuses to start with it. Inside one process a test listens instead.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from shared.config import failpoints

EXIT_CODE = 70
_passed: Counter[str] = Counter()
_listeners: list[Callable[[str], None]] = []


def failpoint(name: str) -> None:
    """Mark a place between two steps; nothing happens here unless a test asks for it."""
    for listener in _listeners:
        listener(name)
    turn = failpoints().get(name)
    if turn is not None:
        _passed[name] += 1
        if _passed[name] == turn:
            os._exit(EXIT_CODE)


@contextmanager
def listening(listener: Callable[[str], None]) -> Iterator[None]:
    """Call `listener` with the name of each place that is passed in the block; it may raise, to end a handler."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)
