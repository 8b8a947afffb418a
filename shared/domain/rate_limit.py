"""How many requests a user may make: a token bucket each, in the memory of one instance."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

REMEMBERED = 10_000
ROUNDING = 1e-9  # of a token: who waits exactly as long as they were told gets it


class RateLimit:
    """A bucket of `burst` tokens a user, filled again by `per_second`.

    The `remembered` users who asked last have a bucket here; who is forgotten begins with a full one, which is what a
    bucket left alone would have become, unless thousands of people asked within the same few seconds.
    """

    def __init__(
        self,
        *,
        per_second: float,
        burst: int,
        remembered: int = REMEMBERED,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._per_second = per_second
        self._burst = burst
        self._remembered = remembered
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # user → tokens left, and when
        self._lock = Lock()

    def take(self, user: str) -> int:
        """Take a token; 0, or the whole seconds until there is one: nothing was taken then."""
        with self._lock:
            now = self._clock()
            left, then = self._buckets.pop(user, (float(self._burst), now))
            left = min(float(self._burst), left + (now - then) * self._per_second)
            granted = left >= 1 - ROUNDING
            self._buckets[user] = (left - 1 if granted else left, now)
            if len(self._buckets) > self._remembered:
                self._buckets.popitem(last=False)
        return 0 if granted else max(1, math.ceil((1 - left) / self._per_second))
