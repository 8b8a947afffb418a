"""Waits, lateness and the grace of a no-show, to the minute."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from shared.domain.visit.waits import minutes_late, no_show_from, wait_of
from shared.models.front_desk import FrontDeskSettings
from shared.models.identifiers import uuid7
from shared.models.visit import DeskVisit

START = datetime(2026, 11, 23, 15, tzinfo=UTC)
USUAL = FrontDeskSettings()
CHICAGO = ZoneInfo("America/Chicago")


def visit(status: str = "scheduled", **members: object) -> DeskVisit:
    given = {
        "id": uuid7(), "visit_number": "V1", "patient_id": uuid7(), "visit_date": date(2026, 11, 23),
        "starts_at": START, "ends_at": None, "provider_id": None, "visit_type": None, "reason": None,
        "status": status, "status_since": START,
    }  # fmt: skip
    return DeskVisit(**given | members)  # type: ignore[arg-type]  # the members are as they are told


@pytest.mark.parametrize(("status", "limit"), [("arrived", 10), ("checked_in", 15), ("roomed", 40)])
def test_a_wait_is_too_long_from_its_limit_on(status: str, limit: int) -> None:
    before = wait_of(visit(status), USUAL, START + timedelta(minutes=limit) - timedelta(seconds=1))
    reached = wait_of(visit(status), USUAL, START + timedelta(minutes=limit))
    assert before is not None
    assert reached is not None
    assert (before.minutes, before.too_long) == (limit - 1, False)
    assert (reached.minutes, reached.limit, reached.too_long) == (limit, limit, True)


def test_an_organisation_has_its_own_limits() -> None:
    own = FrontDeskSettings(arrived_minutes=5, checked_in_minutes=6, roomed_minutes=7)
    for status, limit in (("arrived", 5), ("checked_in", 6), ("roomed", 7)):
        wait = wait_of(visit(status), own, START + timedelta(minutes=limit))
        assert wait is not None
        assert (wait.limit, wait.too_long) == (limit, True)


def test_only_who_is_here_and_not_with_the_provider_waits() -> None:
    for status in ("scheduled", "confirmed", "with_provider", "checked_out", "completed", "cancelled", "no_show"):
        assert wait_of(visit(status), USUAL, START + timedelta(hours=3)) is None
    checking = wait_of(visit("checking_in"), USUAL, START + timedelta(hours=3))
    assert checking is not None
    assert (checking.minutes, checking.limit, checking.too_long) == (180, None, False)


def test_late_is_who_came_or_should_be_here_behind_the_start() -> None:
    now = START + timedelta(minutes=25)
    assert minutes_late(visit(), now) == 25
    assert minutes_late(visit(), START - timedelta(minutes=5)) == 0
    assert minutes_late(visit("checked_in", arrived_at=START + timedelta(minutes=7)), now) == 7
    assert minutes_late(visit("checked_in", arrived_at=START - timedelta(minutes=7)), now) == 0
    assert minutes_late(visit("cancelled"), now) == 0
    assert minutes_late(visit(starts_at=None), now) == 0
    assert minutes_late(visit("arrived", arrived_at=now, walk_in=True), now) == 0


def test_a_no_show_is_one_behind_the_grace_or_when_the_day_is_over() -> None:
    assert no_show_from(visit(), USUAL, CHICAGO) == START + timedelta(minutes=15)
    assert no_show_from(visit(), FrontDeskSettings(grace_minutes=0), CHICAGO) == START
    over = datetime(2026, 11, 24, 6, tzinfo=UTC)  # midnight in Chicago
    assert no_show_from(visit(starts_at=None), USUAL, CHICAGO) == over
