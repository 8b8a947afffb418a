"""Tasks that repeat: on the organisation's clocks, counted from the first, one follower for each completion."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.recurrence import instant, local_time, next_index, occurrence
from shared.domain.task_series import anchored, followed
from shared.models.firestore.documents import Repeat, RepeatUnit, TaskDocument
from tests.unit.factories import task

ZONES = ["America/New_York", "America/Chicago", "Europe/Berlin", "Australia/Lord_Howe", "America/Phoenix", "UTC"]
UNITS: list[RepeatUnit] = ["day", "week", "month", "year"]
NEW_YORK = ZoneInfo("America/New_York")


def at(text: str, zone: ZoneInfo = NEW_YORK) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def repeating(due: datetime, unit: RepeatUnit, every: int = 1, *, until: str | None = None, **members: Any) -> Any:
    zone = members.pop("time_zone", "America/New_York")
    made = task(due_at=due, created_at=due - timedelta(days=30), **members)
    repeat = anchored(made, every=every, unit=unit, until=until, time_zone=zone)
    return made.model_copy(update={"repeat": repeat, "series_id": made.id})


def completed(one: TaskDocument) -> TaskDocument:
    return one.model_copy(update={"state": "completed", "completed": True, "is_open": False})


def follower(one: TaskDocument, when: datetime, zone: str = "America/New_York") -> TaskDocument | None:
    return followed(one, completed(one), at=when, time_zone=zone)[1]


def due_days(first: TaskDocument, count: int) -> list[str]:
    """The local due times of a series whose tasks are completed a minute before they are due."""
    days, one = [], first
    for _ in range(count):
        assert one.due_at is not None
        found = follower(one, one.due_at - timedelta(minutes=1))
        assert found is not None
        assert found.due_at is not None
        days.append(f"{local_time(found.due_at, NEW_YORK):%Y-%m-%d %H:%M}")
        one = found
    return days


def test_the_last_of_a_month_comes_back_after_a_short_one() -> None:
    first = repeating(at("2027-12-31T09:00"), "month")
    assert due_days(first, 5) == [
        "2028-01-31 09:00",
        "2028-02-29 09:00",
        "2028-03-31 09:00",
        "2028-04-30 09:00",
        "2028-05-31 09:00",
    ]


def test_the_29th_of_february_comes_back_in_leap_years() -> None:
    assert due_days(repeating(at("2028-02-29T09:00"), "year"), 4) == [
        "2029-02-28 09:00",
        "2030-02-28 09:00",
        "2031-02-28 09:00",
        "2032-02-29 09:00",
    ]


def test_nine_stays_nine_when_the_clocks_change() -> None:
    assert due_days(repeating(at("2027-03-13T09:00"), "day"), 2) == ["2027-03-14 09:00", "2027-03-15 09:00"]
    assert due_days(repeating(at("2027-11-06T09:00"), "day"), 2) == ["2027-11-07 09:00", "2027-11-08 09:00"]


def test_a_time_that_the_clocks_leave_out_is_an_hour_later_on_that_day_only() -> None:
    assert due_days(repeating(at("2027-03-13T02:30"), "day"), 2) == ["2027-03-14 03:30", "2027-03-15 02:30"]


def test_a_time_that_comes_twice_is_its_first() -> None:
    found = follower(repeating(at("2027-11-06T01:30"), "day"), at("2027-11-06T01:00"))
    assert found is not None
    assert found.due_at == datetime(2027, 11, 7, 5, 30, tzinfo=UTC)


def test_what_was_missed_is_left_out() -> None:
    first = repeating(at("2027-01-04T09:00"), "week")
    late = follower(first, at("2027-02-10T12:00"))
    assert late is not None
    assert late.due_at == at("2027-02-15T09:00")
    early = follower(first, at("2026-12-01T09:00"))
    assert early is not None
    assert early.due_at == at("2027-01-11T09:00")


def test_a_series_ends_with_its_last_day() -> None:
    first = repeating(at("2027-01-04T23:30"), "day", until="2027-01-06")
    assert follower(first, at("2027-01-05T23:00")) is not None
    assert follower(first, at("2027-01-05T23:45")) is not None  # the 6th still counts, to its end on the local clock
    assert follower(first, at("2027-01-06T23:45")) is None


def test_a_series_ends_with_the_calendar() -> None:
    assert follower(repeating(datetime(9999, 12, 1, 9, tzinfo=UTC), "month"), at("2027-01-01T09:00")) is None
    assert follower(repeating(datetime(9999, 12, 25, 9, tzinfo=UTC), "week"), at("2027-01-01T09:00")) is None


def test_a_follower_starts_afresh_with_its_reminders_and_its_pool() -> None:
    first = repeating(
        at("2027-03-12T09:00"),
        "week",
        not_before=at("2027-03-11T09:00"),
        remind_at=(at("2027-03-11T17:00"), at("2027-03-12T08:00")),
        assigned_to="u-1",
        pool="role:biller",
        label="Post the week's remittances",
        reason="late",
        snoozed_until=at("2027-03-12T08:00"),
    )
    when = at("2027-03-12T10:00")
    after, found = followed(first, completed(first), at=when, time_zone="America/New_York")
    assert found is not None
    assert (after.follower_id, found.series_id, found.id != first.id) == (found.id, first.id, True)
    assert (found.due_at, found.not_before) == (at("2027-03-19T09:00"), at("2027-03-18T09:00"))
    assert found.remind_at == (at("2027-03-18T17:00"), at("2027-03-19T08:00"))
    assert found.next_reminder_at == at("2027-03-18T17:00")
    assert (found.state, found.assigned_to, found.pool) == ("scheduled", "role:biller", None)
    assert (found.reason, found.snoozed_until, found.completed, found.version) == (None, None, False, 1)
    assert (found.label, found.sort_at) == (first.label, found.due_at)


def test_reminders_that_have_passed_are_not_sent_for_a_follower() -> None:
    first = repeating(at("2027-01-04T09:00"), "day", remind_at=(at("2027-01-03T09:00"),))
    found = follower(first, at("2027-01-04T12:00"))
    assert found is not None
    assert (found.remind_at, found.next_reminder_at) == ((at("2027-01-04T09:00"),), None)


def test_a_task_is_followed_once() -> None:
    first = repeating(at("2027-01-04T09:00"), "day")
    when = at("2027-01-04T10:00")
    done, found = followed(first, completed(first), at=when, time_zone="America/New_York")
    assert found is not None
    reopened = done.model_copy(update={"state": "open", "completed": False, "is_open": True})
    assert followed(reopened, completed(reopened), at=when, time_zone="America/New_York") == (completed(reopened), None)
    assert followed(done, done, at=when, time_zone="America/New_York") == (done, None)


def test_what_does_not_repeat_and_what_is_not_completed_has_no_follower() -> None:
    plain = task(due_at=at("2027-01-04T09:00"))
    assert follower(plain, at("2027-01-04T09:00")) is None
    first = repeating(at("2027-01-04T09:00"), "day")
    cancelled = first.model_copy(update={"state": "cancelled", "is_open": False})
    assert followed(first, cancelled, at=at("2027-01-04T09:00"), time_zone="UTC") == (cancelled, None)


FIRST, LAST = datetime.fromisoformat("2020-01-01"), datetime.fromisoformat("2040-01-01")
moments = st.datetimes(FIRST, LAST).map(lambda one: one.replace(microsecond=0))


@given(
    due=moments,
    zone=st.sampled_from(ZONES),
    unit=st.sampled_from(UNITS),
    every=st.integers(1, 40),
    steps=st.lists(st.integers(0, 4000), min_size=1, max_size=5),
)
def test_each_occurrence_is_the_first_of_the_anchors_grid_after_the_completion(
    due: datetime, zone: str, unit: RepeatUnit, every: int, steps: list[int]
) -> None:
    clock = ZoneInfo(zone)
    one: Any = repeating(instant(due, clock), unit, every, time_zone=zone)
    anchor = datetime.fromisoformat(one.repeat.anchor)
    when = one.due_at
    for hours in steps:
        when = max(when, one.due_at) + timedelta(hours=hours)
        before = one
        one = follower(one, when, zone)
        assert one is not None
        assert one.due_at > when
        local = occurrence(one.repeat, one.repeat.index)
        assert (local.hour, local.minute) == (anchor.hour, anchor.minute)
        assert one.due_at == instant(local, clock)
        if unit in {"month", "year"}:
            assert local.day == min(anchor.day, monthrange(local.year, local.month)[1])
            assert ((local.year - anchor.year) * 12 + local.month - anchor.month) % (
                every * (12 if unit == "year" else 1)
            ) == 0
        else:
            assert (local - anchor) % timedelta(days=every * (7 if unit == "week" else 1)) == timedelta()
        earlier = one.repeat.index - 1
        assert earlier == before.repeat.index or instant(occurrence(one.repeat, earlier), clock) <= when


@given(due=moments, zone=st.sampled_from(ZONES), minutes=st.lists(st.integers(1, 20_000), min_size=1, max_size=3))
def test_reminders_keep_their_distance_on_the_clock_through_a_year(
    due: datetime, zone: str, minutes: list[int]
) -> None:
    clock = ZoneInfo(zone)
    due_at = instant(due, clock)
    start = local_time(due_at, clock)
    remind_at = tuple(sorted({instant(start - timedelta(minutes=one), clock) for one in minutes}))
    first = repeating(due_at, "day", remind_at=remind_at, time_zone=zone)
    leads = {start - local_time(one, clock) for one in remind_at}
    one: Any = first
    for _ in range(12):
        found = follower(one, one.due_at + timedelta(days=27), zone)
        assert found is not None
        one = found
        local = occurrence(one.repeat, one.repeat.index)
        assert set(one.remind_at) == {instant(local - lead, clock) for lead in leads}


@given(
    anchor=moments,
    unit=st.sampled_from(UNITS),
    every=st.integers(1, 999),
    after=moments,
    last=st.dates(date(2020, 1, 1), date(2050, 1, 1)),
    zone=st.sampled_from(ZONES),
)
def test_no_occurrence_lies_behind_the_last_day(
    anchor: datetime, unit: RepeatUnit, every: int, after: datetime, last: date, zone: str
) -> None:
    repeat = Repeat(every=every, unit=unit, until=last.isoformat(), anchor=anchor.isoformat())
    clock = ZoneInfo(zone)
    index = next_index(repeat, instant(after, clock), clock)
    endless = next_index(repeat.model_copy(update={"until": None}), instant(after, clock), clock)
    assert endless is not None
    fits = occurrence(repeat, endless).date() <= last
    assert index == (endless if fits else None)


@pytest.mark.parametrize("unit", UNITS)
def test_a_series_far_behind_is_caught_up_at_once(unit: RepeatUnit) -> None:
    repeat = Repeat(every=1, unit=unit, anchor="1900-01-01T09:00:00")
    index = next_index(repeat, at("2027-01-01T12:00"), NEW_YORK)
    assert index is not None
    noon = datetime.fromisoformat("2027-01-01T12:00")
    assert occurrence(repeat, index - 1) <= noon < occurrence(repeat, index)
