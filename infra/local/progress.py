"""What a person sees while the stack starts: one line per step, with its time."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock


class Progress:
    """Prints steps as they end, and on a terminal also what is under way. Safe to use from several threads."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._lock = Lock()
        self._under_way: list[str] = []
        self._live = sys.stdout.isatty()

    @property
    def elapsed(self) -> float:
        """Seconds since the first moment."""
        return time.monotonic() - self._started

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time one step: a line with its seconds when it ends well, nothing when it fails."""
        begun = time.monotonic()
        with self._lock:
            self._under_way.append(name)
            self._refresh()
        try:
            yield
        except BaseException:
            with self._lock:
                self._under_way.remove(name)
                self._clear()
            raise
        with self._lock:
            self._under_way.remove(name)
            self._print(f"  {name:<44} {time.monotonic() - begun:6.1f} s")
            self._refresh()

    def say(self, line: str) -> None:
        """Print a line of its own."""
        with self._lock:
            self._print(line)
            self._refresh()

    def _print(self, line: str) -> None:
        self._clear()
        print(line, flush=True)

    def _refresh(self) -> None:
        if self._live and self._under_way:
            print(f"\r\x1b[2K  … {', '.join(self._under_way)}"[:100], end="", flush=True)

    def _clear(self) -> None:
        if self._live:
            print("\r\x1b[2K", end="", flush=True)
