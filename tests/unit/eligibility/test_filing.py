"""E22: filing deadlines and when they are warned of."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from shared.domain.eligibility.filing import filing_deadline, filing_state
from tests.unit.factories import payer

SERVED = date(2026, 3, 2)
EOB = date(2026, 5, 20)


def due(payer_members: dict[str, Any] | None = None, served: date = SERVED, **members: Any) -> tuple[date, bool]:
    found = filing_deadline(served, None if payer_members is None else payer(**payer_members), **members)
    return found.due, found.confirmed


@pytest.mark.parametrize(
    ("served", "last"),
    [
        (date(2026, 3, 2), date(2027, 3, 2)),
        (date(2027, 12, 31), date(2028, 12, 31)),
        (date(2028, 2, 29), date(2029, 2, 28)),
        (date(2027, 3, 1), date(2028, 3, 1)),
    ],
)
def test_e22_medicare_gives_one_calendar_year(served: date, last: date) -> None:
    assert due({"program": "medicare"}, served) == (last, True)


def test_e22_the_payers_days_count_and_unknown_ones_are_90_and_unconfirmed() -> None:
    assert due({"filing_days": 180}) == (SERVED + timedelta(days=180), True)
    assert due({}) == due(None) == (SERVED + timedelta(days=90), False)
    assert due({"program": "medicare_advantage"}) == (SERVED + timedelta(days=90), False)
    unknown = filing_deadline(SERVED, payer())
    assert (unknown.evidence.rule, unknown.evidence.code) == ("E22", "filing_unconfirmed")


def test_e22_a_secondary_payers_time_counts_from_the_primarys_answer() -> None:
    found = filing_deadline(SERVED, payer(filing_days=60), secondary=True, primary_eob=EOB)
    assert (found.due, found.counted_from, found.confirmed) == (EOB + timedelta(days=60), "primary_eob", True)
    waiting = filing_deadline(SERVED, payer(filing_days=60), secondary=True)
    assert (waiting.due, waiting.counted_from, waiting.confirmed) == (
        SERVED + timedelta(days=60), "date_of_service", False,
    )  # fmt: skip
    assert due({}, secondary=True, primary_eob=EOB) == (EOB + timedelta(days=90), False)
    assert due({"filing_days": 60}, primary_eob=EOB) == (SERVED + timedelta(days=60), True)


def test_e22_a_primary_payer_does_not_extend_medicares_year() -> None:
    assert due({"program": "medicare"}, secondary=True, primary_eob=EOB) == (date(2027, 3, 2), True)


@pytest.mark.parametrize(
    ("days_left", "level"),
    [
        (90, "in_time"),
        (19, "in_time"),
        (18, "80_percent"),
        (15, "80_percent"),
        (14, "14_days"),
        (8, "14_days"),
        (7, "7_days"),
        (4, "7_days"),
        (3, "3_days"),
        (2, "3_days"),
        (1, "1_day"),
        (0, "1_day"),
        (-1, "past"),
    ],
)
def test_e22_warnings_come_at_80_percent_and_14_7_3_and_1_days(days_left: int, level: str) -> None:
    deadline = filing_deadline(SERVED, payer(filing_days=90))
    state = filing_state(deadline, deadline.due - timedelta(days=days_left))
    assert (state.level, state.days_left, state.needs_proof) == (level, days_left, days_left < 0)


def test_e22_a_short_time_leaves_warnings_out_that_would_come_before_the_service() -> None:
    deadline = filing_deadline(SERVED, payer(filing_days=10))
    days = [(name, (day - SERVED).days) for name, day in deadline.warnings]
    assert days == [("7_days", 3), ("3_days", 7), ("80_percent", 8), ("1_day", 9)]
    assert filing_state(deadline, SERVED).level == "in_time"
    assert filing_state(deadline, SERVED + timedelta(days=8)).level == "3_days"
