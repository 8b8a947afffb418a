"""Schedules: when they come."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from infra.local.cron import parse_cron

NOW = datetime(2026, 11, 23, 8, 37, 12, tzinfo=UTC)  # a Monday


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("* * * * *", "2026-11-23 08:38"),
        ("*/15 * * * *", "2026-11-23 08:45"),
        ("5,50 8-9 * * *", "2026-11-23 08:50"),
        ("37 8 * * *", "2026-11-24 08:37"),
        ("0 0 1 1 *", "2027-01-01 00:00"),
        ("0 6 * * 0", "2026-11-29 06:00"),
        ("0 6 * * 7", "2026-11-29 06:00"),
        ("0 6 * * 1-5", "2026-11-24 06:00"),
        ("0 6 30 * 2", "2026-11-24 06:00"),
        ("0 0 29 2 *", "2028-02-29 00:00"),
        ("10/20 * * * *", "2026-11-23 08:50"),
    ],
)
def test_the_next_time_of_a_schedule(schedule: str, expected: str) -> None:
    assert f"{parse_cron(schedule).next_after(NOW):%Y-%m-%d %H:%M}" == expected


@pytest.mark.parametrize("schedule", ["* * * *", "60 * * * *", "a * * * *", "5-1 * * * *", "*/0 * * * *", "* * 0 * *"])
def test_a_malformed_schedule_is_refused(schedule: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_cron(schedule)


def test_a_schedule_that_never_comes_is_refused() -> None:
    with pytest.raises(ValueError, match="never"):
        parse_cron("0 0 31 2 *").next_after(NOW)
