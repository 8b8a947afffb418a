"""When a payer may be asked again, and about which dates."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from shared.domain.check_schedule import answered_from, next_attempt, payer_window, recheck_on, used_up
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


@pytest.mark.parametrize(
    ("asked", "again"),
    [
        (date(2026, 8, 17), date(2026, 8, 1)),
        (date(2026, 6, 1), date(2026, 6, 1)),
        (date(2027, 1, 31), date(2027, 1, 1)),
        (date(2026, 5, 5), date(2026, 5, 5)),
        (date(2026, 5, 31), date(2026, 5, 31)),
        (date(2026, 5, 4), None),
        (date(2026, 5, 3), None),
        (date(2025, 5, 3), None),
    ],
)
def test_a_day_to_come_is_asked_about_again_at_midnight_of_the_organisation(asked: date, again: date | None) -> None:
    for zone in (ZoneInfo("America/Chicago"), ZoneInfo("Pacific/Auckland"), ZoneInfo("America/Havana")):
        now = datetime(2026, 5, 4, 23, 59, 59, tzinfo=zone)
        assert answered_from(asked, now) == (again and datetime.combine(again, time(), zone))


def test_a_midnight_that_the_clocks_leave_out_is_followed_by_its_day() -> None:
    """Havana's clocks go from 00:00 to 01:00 on 9 March 2025: what is asked at that moment is asked on that day."""
    zone = ZoneInfo("America/Havana")
    again = answered_from(date(2025, 3, 9), datetime(2025, 3, 4, 12, tzinfo=zone))
    assert again is not None
    assert again.astimezone(UTC).astimezone(zone) == datetime(2025, 3, 9, 1, tzinfo=zone)


def test_the_month_that_has_begun_elsewhere_has_not_begun_at_the_organisation() -> None:
    zone = ZoneInfo("America/Chicago")
    evening = datetime(2026, 12, 31, 23, 30, tzinfo=zone)
    assert evening.astimezone(UTC).year == 2027
    assert answered_from(date(2027, 1, 8), evening) == datetime(2027, 1, 1, tzinfo=zone)
    assert answered_from(date(2027, 1, 8), evening + timedelta(minutes=30)) == datetime(2027, 1, 8, tzinfo=zone)


@pytest.mark.parametrize(("attempts", "over"), [(1, False), (4, False), (5, True), (6, True)])
def test_after_the_fifth_attempt_a_person_must_act(attempts: int, over: bool) -> None:
    assert used_up("retryable", attempts) is over
    assert used_up("needs_correction", attempts) is False
    assert (next_attempt("retryable", attempts, NOW) is None) is over
