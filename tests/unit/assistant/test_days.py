"""Days as people say them: read by the calendar, asked back where they can be read in two ways, never guessed."""

from __future__ import annotations

import calendar
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.questions.day_readers import Days, Direction, Period, Unclear
from shared.domain.questions.days import resolve, spoken_days
from shared.domain.questions.words import sentences

TUESDAY = date(2026, 11, 24)
SATURDAY, SUNDAY = date(2026, 11, 28), date(2026, 11, 29)
dates = st.dates(date(1990, 1, 1), date(2060, 12, 31))


def read(text: str, today: date = TUESDAY, direction: Direction = "future") -> Days:
    (words,) = sentences(text)
    (found,) = spoken_days(words)
    return resolve(found, today, direction)


def one(text: str, today: date = TUESDAY, direction: Direction = "future") -> tuple[date | None, date | None]:
    found = read(text, today, direction)
    assert isinstance(found, Period), found
    return found.first, found.last


def choices(text: str, today: date = TUESDAY, direction: Direction = "future") -> list[date | None]:
    found = read(text, today, direction)
    assert isinstance(found, Unclear), found
    return [period.first for period in found.choices]


@given(dates)
def test_a_whole_date_means_the_same_however_it_is_written(day: date) -> None:
    month, short = calendar.month_name[day.month], calendar.month_abbr[day.month]
    suffix = {1: "st", 2: "nd", 3: "rd"}.get(day.day % 10 if day.day not in {11, 12, 13} else 0, "th")
    for text in (
        f"covered on {day.isoformat()}",
        f"{day.month}/{day.day}/{day.year}",
        f"on {day.month:02d}/{day.day:02d}/{day.year}?",
        f"{day.day}.{day.month}.{day.year}",
        f"{month} {day.day}, {day.year}",
        f"{short} {day.day}{suffix}, {day.year}",
        f"the {day.day}{suffix} of {month} {day.year}",
        f"{day.day} {month.upper()} {day.year}",
    ):
        assert one(text) == (day, day), text


@given(dates, dates, st.sampled_from(["future", "past"]))
def test_a_day_without_a_year_lies_where_the_question_looks(today: date, day: date, direction: Direction) -> None:
    found = read(f"{calendar.month_name[day.month]} {day.day}", today, direction)
    if isinstance(found, Unclear):
        assert (day.month, day.day) == (2, 29)
        return
    assert found.day is not None
    assert (found.day.month, found.day.day) == (day.month, day.day)
    distance = (found.day - today).days
    assert 0 <= distance <= 366 if direction == "future" else -366 <= distance <= 0


@given(dates, st.sampled_from(list(calendar.day_name)), st.sampled_from(["future", "past"]))
def test_a_weekday_is_the_nearest_in_its_direction_and_todays_own_name_is_asked_back(
    today: date, name: str, direction: Direction
) -> None:
    found = read(f"on {name}", today, direction)
    if calendar.day_name[today.weekday()] == name:
        other = today + timedelta(days=7 if direction == "future" else -7)
        assert choices(f"on {name}", today, direction) == [today, other]
        return
    assert isinstance(found, Period)
    assert found.day is not None
    assert calendar.day_name[found.day.weekday()] == name
    distance = (found.day - today).days
    assert 1 <= distance <= 6 if direction == "future" else -6 <= distance <= -1


@given(dates, st.sampled_from(list(calendar.day_name)), st.sampled_from(["next", "last", "this"]))
def test_next_and_last_weekday_are_taken_only_where_every_way_of_counting_agrees(
    today: date, name: str, which: str
) -> None:
    """One counts from today, the other from the week; where they differ both are offered, and nothing else."""
    wanted = list(calendar.day_name).index(name)
    found = read(f"{which} {name}", today)
    readings = [found] if isinstance(found, Period) else list(found.choices)
    days = [period.day for period in readings]
    assert days
    assert all(day is not None and day.weekday() == wanted for day in days)
    monday = today - timedelta(days=today.weekday())
    of_week = monday + timedelta(weeks={"next": 1, "last": -1, "this": 0}[which], days=wanted)
    if which != "this" or len(days) == 1:
        assert of_week in days or today.weekday() == 6


@given(dates, st.integers(1, 400), st.sampled_from(["days", "weeks"]))
def test_distances_are_counted(today: date, count: int, unit: str) -> None:
    step = timedelta(**{unit: count})
    assert one(f"in {count} {unit}", today) == (today + step, today + step)
    assert one(f"{count} {unit} ago", today) == (today - step, today - step)
    assert one(f"the last {count} {unit}", today) == (today - step, today)
    assert one(f"next {count} {unit}", today) == (today, today + step)


@given(dates)
def test_calendar_units_begin_and_end_where_the_calendar_does(today: date) -> None:
    first, last = one("this month", today)
    assert first == today.replace(day=1)
    assert last == today.replace(day=calendar.monthrange(today.year, today.month)[1])
    following, _ = one("next month", today)
    assert last is not None
    assert following == last + timedelta(days=1)
    assert one("last year", today) == (date(today.year - 1, 1, 1), date(today.year - 1, 12, 31))
    if today.weekday() == 6:
        assert len(choices("next week", today)) == 2
    else:
        monday, sunday = one("next week", today)
        assert monday is not None
        assert (monday.weekday(), sunday) == (0, monday + timedelta(days=6))
        assert 1 <= (monday - today).days <= 7


@given(dates, st.integers(1, 2000))
def test_ranges_hold_both_ends(first: date, length: int) -> None:
    last = first + timedelta(days=length)
    assert one(f"between {first.isoformat()} and {last.isoformat()}") == (first, last)
    assert one(f"from {first.isoformat()} to {last.isoformat()}") == (first, last)
    assert isinstance(read(f"from {last.isoformat()} to {first.isoformat()}"), Unclear)
    assert one(f"since {first.isoformat()}") == (first, None)
    assert one(f"until {first.isoformat()}") == (None, first)
    assert one(f"before {first.isoformat()}") == (None, first - timedelta(days=1))
    assert one(f"after {first.isoformat()}") == (first + timedelta(days=1), None)


@given(st.text(max_size=80), dates)
def test_any_text_is_read_without_an_error(text: str, today: date) -> None:
    for words in sentences(text):
        for found in spoken_days(words):
            for direction in ("future", "past"):
                assert isinstance(resolve(found, today, direction), Period | Unclear)


@pytest.mark.parametrize("text", ["February 30", "2026-02-30", "4/31", "the 31st", "13/45", "2026-13-01", "Feb 29"])
def test_what_is_no_day_is_never_bent_into_one(text: str) -> None:
    assert choices(text) == []


def test_day_first_is_not_assumed_but_offered() -> None:
    assert choices("13/3") == [date(2027, 3, 13)]
    assert choices("25/12/2026") == [date(2026, 12, 25)]


@pytest.mark.parametrize(
    ("text", "today", "expected"),
    [
        ("next Friday", TUESDAY, [date(2026, 11, 27), date(2026, 12, 4)]),
        ("last Monday", TUESDAY, [date(2026, 11, 23), date(2026, 11, 16)]),
        ("this Monday", SATURDAY, [date(2026, 11, 23), date(2026, 11, 30)]),
        ("next week", SUNDAY, [date(2026, 11, 30), date(2026, 12, 7)]),
        ("next December", TUESDAY, [date(2026, 12, 1), date(2027, 12, 1)]),
    ],
)
def test_what_people_mean_differently_is_asked_back(text: str, today: date, expected: list[date]) -> None:
    assert choices(text, today) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("claims from 2025", (date(2025, 1, 1), date(2025, 12, 31))),
        ("claims from 2025 on", (date(2025, 1, 1), None)),
        ("from January to March 2026", (date(2026, 1, 1), date(2026, 3, 31))),
        ("between Dec 20 and Jan 5", (date(2026, 12, 20), date(2027, 1, 5))),
        ("Friday next week", (date(2026, 12, 4), date(2026, 12, 4))),
        ("the end of the month", (date(2026, 11, 30), date(2026, 11, 30))),
        ("in March", (date(2027, 3, 1), date(2027, 3, 31))),
        ("by Friday", (None, date(2026, 11, 27))),
        ("the day after tomorrow", (date(2026, 11, 26), date(2026, 11, 26))),
    ],
)
def test_expressions_are_read(text: str, expected: tuple[date | None, date | None]) -> None:
    assert one(text) == expected


@pytest.mark.parametrize("text", ["may she", "she may need one", "a march of 2000 people", "code 97110", "MRN2025"])
def test_words_that_are_no_days_are_left_alone(text: str) -> None:
    (words,) = sentences(text)
    assert not [found for found in spoken_days(words) if found.said not in {"march of 2000", "of 2000"}]
