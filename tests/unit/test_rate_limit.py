"""A user's requests in one instance: bursts, what comes back with time, and the memory it takes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.rate_limit import RateLimit
from tests.e2e.person import at_once


class Clock:
    """A clock that a test moves."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_burst_is_granted_and_what_is_over_it_is_told_how_long_to_wait(clock: Clock) -> None:
    limit = RateLimit(per_second=0.5, burst=3, clock=clock)
    assert [limit.take("ana") for _ in range(5)] == [0, 0, 0, 2, 2]
    clock.now += 1
    assert limit.take("ana") == 1
    clock.now += 1
    assert [limit.take("ana") for _ in range(2)] == [0, 2]


def test_one_users_burst_is_nobody_elses(clock: Clock) -> None:
    limit = RateLimit(per_second=1, burst=1, clock=clock)
    assert [limit.take(user) for user in ("ana", "ana", "ben")] == [0, 1, 0]


def test_a_long_silence_gives_no_more_than_a_burst(clock: Clock) -> None:
    limit = RateLimit(per_second=10, burst=2, clock=clock)
    limit.take("ana")
    clock.now += 3600
    assert [limit.take("ana") for _ in range(3)] == [0, 0, 1]


def test_only_who_asked_last_is_remembered(clock: Clock) -> None:
    limit = RateLimit(per_second=1, burst=1, remembered=3, clock=clock)
    for number in range(1000):
        limit.take(f"user-{number}")
    assert len(limit._buckets) == 3
    assert [limit.take("user-999"), limit.take("user-0")] == [1, 0]


def test_whoever_asks_all_the_time_is_not_forgotten(clock: Clock) -> None:
    limit = RateLimit(per_second=1, burst=1, remembered=3, clock=clock)
    limit.take("loud")
    for number in range(50):
        limit.take(f"user-{number}")
        assert limit.take("loud") == 1


def test_parallel_requests_share_one_bucket(clock: Clock) -> None:
    limit = RateLimit(per_second=1, burst=20, clock=clock)
    granted = at_once(8, lambda _: sum(limit.take("ana") == 0 for _ in range(50)))
    assert sum(granted) == 20


@given(st.lists(st.floats(0, 5), max_size=60), st.integers(1, 10), st.floats(0.1, 20))
def test_never_more_than_a_burst_and_what_time_brings(pauses: list[float], burst: int, per_second: float) -> None:
    clock = Clock()
    limit = RateLimit(per_second=per_second, burst=burst, clock=clock)
    begun, granted = clock.now, 0
    for pause in pauses:
        clock.now += pause
        wait = limit.take("ana")
        granted += wait == 0
        assert granted <= burst + (clock.now - begun) * per_second + 1e-6
        if wait:
            clock.now += wait
            assert limit.take("ana") == 0
            granted += 1
