"""When a payer may be asked again, and about which dates."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from shared.domain.check_schedule import next_attempt, payer_window, recheck_on
from shared.models.eligibility_inquiry import FailureKind

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


@pytest.mark.parametrize(("attempts", "minutes"), [(1, 1), (2, 5), (3, 30), (4, 120), (5, None), (50, None), (0, None)])
def test_retryable_failure_is_repeated_after_1_5_30_and_120_minutes(attempts: int, minutes: int | None) -> None:
    expected = None if minutes is None else NOW + timedelta(minutes=minutes)
    assert next_attempt("retryable", attempts, NOW) == expected


@pytest.mark.parametrize("kind", ["needs_correction", "payer_setup", "unsupported", "date_window"])
def test_other_failures_wait_for_a_person(kind: FailureKind) -> None:
    assert next_attempt(kind, 1, NOW) is None


@pytest.mark.parametrize(
    ("follow_up", "wait"),
    [
        ("P", timedelta(minutes=1)),
        ("R", timedelta(minutes=1)),
        ("W", timedelta(days=30)),
        ("X", timedelta(days=10)),
        ("N", None),
        ("S", None),
        ("Y", None),
    ],
)
def test_payer_says_what_may_follow(follow_up: str, wait: timedelta | None) -> None:
    assert next_attempt("retryable", 1, NOW, follow_up=follow_up) == (None if wait is None else NOW + wait)


@pytest.mark.parametrize(
    ("today", "start", "end"),
    [
        (date(2026, 5, 4), date(2025, 5, 4), date(2026, 5, 31)),
        (date(2026, 12, 31), date(2025, 12, 31), date(2026, 12, 31)),
        (date(2028, 2, 29), date(2027, 2, 28), date(2028, 2, 29)),
        (date(2029, 2, 28), date(2028, 2, 28), date(2029, 2, 28)),
        (date(2026, 1, 1), date(2025, 1, 1), date(2026, 1, 31)),
    ],
)
def test_window_is_twelve_months_back_to_the_end_of_the_month(today: date, start: date, end: date) -> None:
    assert payer_window(today) == (start, end)


@pytest.mark.parametrize(
    ("asked", "again"),
    [
        (date(2026, 5, 31), date(2026, 5, 4)),
        (date(2025, 5, 4), date(2026, 5, 4)),
        (date(2026, 6, 1), date(2026, 6, 1)),
        (date(2026, 8, 17), date(2026, 8, 1)),
        (date(2025, 5, 3), None),
    ],
)
def test_date_outside_is_asked_about_on_the_first_of_its_month(asked: date, again: date | None) -> None:
    assert recheck_on(asked, date(2026, 5, 4)) == again
