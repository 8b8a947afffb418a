"""Whole days of the sample appointments at the front desk, and two people at one visit, over real PostgreSQL."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from functools import partial
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert

from shared.db.postgres import Postgres
from shared.errors import MobiusError
from shared.models.identifiers import uuid7
from shared.models.postgres import metadata
from shared.repositories.postgres.store import PostgresRecordStore
from tests.integration.database import Database, running_database
from tests.integration.front_desk_day import APPOINTMENTS, Appointment, Told, appointments_by_day, recomputed
from tests.unit.front_office import DAY, WHOLE, FrontOffice

needs_data = pytest.mark.skipif(
    not APPOINTMENTS.is_file(), reason="the sample appointments (../shared/data) are not there"
)


@pytest.fixture
def rounds(full_volume: bool) -> range:
    return range(200 if full_volume else 20)


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    with running_database() as running:
        yield running


@pytest.fixture(scope="module")
def serving(database: Database) -> Iterator[Postgres]:
    postgres = database.role("serving")
    yield postgres
    postgres.engine.dispose()


@pytest.fixture
def office(database: Database, serving: Postgres) -> FrontOffice:
    def add(table: str, row: dict[str, Any]) -> UUID:
        row = {"id": uuid7()} | row
        with database.admin.begin() as connection:
            connection.execute(insert(metadata.tables[table]).values(row))
        added: UUID = row["id"]
        return added

    return FrontOffice(PostgresRecordStore(serving), database.client("America/Chicago"), add)


def shown(office: FrontOffice, day: date) -> dict[str, Told]:
    """The board as the product shows it."""
    return {
        line.visit_number: (
            line.status,
            line.since,
            line.arrived_at,
            None if line.wait is None else line.wait.minutes,
            line.wait is not None and line.wait.too_long,
            line.minutes_late,
        )
        for line in office.board(date=day)
    }


class Day:
    """A day that is played; after each step the board is compared with the one made from the history."""

    def __init__(self, database: Database, office: FrontOffice, day: date, appointments: list[Appointment]) -> None:
        self.database, self.office, self.day, self.appointments = database, office, day, appointments
        self.expected: dict[str, str] = {}
        self.compared = self.undone = self.refused = 0
        self.dice = random.Random(day.toordinal())  # noqa: S311 (a day that can be played again)

    def play(self) -> None:
        """Play it through."""
        for one in self.appointments:
            self.office.visit(one.number, visit_date=self.day, starts_at=one.starts_at, status_since=one.booked)
            self.expected[one.number] = "scheduled"
        self.office.now = min(one.starts_at for one in self.appointments) - timedelta(hours=2)
        for happening in sorted(step for one in self.appointments for step in one.happenings()):
            self.office.now = max(self.office.now, happening.at)
            self.step(happening.visit, happening.action)
        self.compare()

    def step(self, visit: str, action: str) -> None:
        """One step; some are taken back at once and made again."""
        move, _, early = action.partition(" ")
        if early:
            assert self.office.refused(move, visit).code == "grace_not_over"
            self.refused += 1
            self.compare()
            return
        if self.dice.random() < 0.1 and self.expected[visit] == "scheduled" and move == "mark_arrived":
            self.made("confirm_appointment", visit, "confirmed")
            self.office.later(seconds=1)
        target = self.made(move, visit)
        if self.dice.random() < 0.15:
            before = self.expected[visit]
            self.office.later(seconds=1)
            self.office.act("undo_last_status", visit)
            self.undone += 1
            self.compare()
            self.office.later(seconds=1)
            assert self.made(move, visit) == target == before

    def made(self, move: str, visit: str, target: str | None = None) -> str:
        """Make a move, and compare."""
        params: dict[str, Any] = {"complete_check_in": WHOLE, "cancel_visit": {"reason": "Ill"}}.get(move, {})
        self.expected[visit] = str(self.office.act(move, visit, **params)["visit"]["status"])
        assert target in {None, self.expected[visit]}
        self.compare()
        return self.expected[visit]

    def compare(self) -> None:
        """The product's board is the one that the history tells, line by line."""
        told = recomputed(self.database, self.office.client, self.day, self.office.now)
        assert shown(self.office, self.day) == told
        self.compared += 1


OUTCOMES = {
    "attended": "completed", "cancelled": "cancelled", "did not attend": "no_show", "unknown": "scheduled",
    "scheduled": "scheduled",
}  # fmt: skip


@needs_data
def test_the_board_is_what_the_history_tells_at_every_step_of_a_day(
    database: Database, office: FrontOffice, full_volume: bool
) -> None:
    days = appointments_by_day()
    fullest = max(days, key=lambda day: (len(days[day]), day))
    chosen = sorted(days) if full_volume else [fullest]
    played = compared = undone = refused = 0
    for day in chosen:
        one = Day(database, office, day, days[day])
        one.play()
        board = office.board(date=day)
        assert {line.visit_number: line.status for line in board} == {
            appointment.number: OUTCOMES[appointment.status] for appointment in days[day]
        }
        played, compared = played + len(days[day]), compared + one.compared
        undone, refused = undone + one.undone, refused + one.refused
    logging.getLogger(__name__).info(
        "%d appointments, %d days: %d boards compared, %d undone, %d refused",
        *(played, len(chosen), compared, undone, refused),
    )
    assert (played, undone > 0, refused > 0) == (3406 if full_volume else len(days[fullest]), True, True)


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Carry these out at the same moment; what each returned, or its error."""
    barrier = Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        barrier.wait()
        try:
            return act()
        except MobiusError as error:
            return error

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def errors(results: list[Any]) -> list[MobiusError]:
    return [one for one in results if isinstance(one, MobiusError)]


def steps(office: FrontOffice, visit: str) -> list[str]:
    return [step.now for step in office.shown(visit).history if step.axis == "status"]


def test_of_two_people_who_check_in_one_visit_one_wins_and_the_other_hears_where_it_stands(
    office: FrontOffice, rounds: range
) -> None:
    for n in rounds:
        visit = f"W{n}"
        office.visit(visit, "arrived")
        results = at_once(*(partial(office.check_in, visit),) * 2)
        (lost,) = errors(results)
        assert (lost.status, lost.code, lost.extra["current"]) == (409, "invalid_transition", "checked_in")
        assert steps(office, visit) == ["arrived", "checking_in", "checked_in"]
        assert len(office.shown(visit).facts) == 5


def test_of_two_people_who_start_a_check_in_one_wins(office: FrontOffice, rounds: range) -> None:
    for n in rounds:
        visit = f"S{n}"
        office.visit(visit, "arrived")
        (lost,) = errors(at_once(*(partial(office.act, "start_check_in", visit),) * 2))
        assert (lost.code, lost.extra["current"]) == ("invalid_transition", "checking_in")
        assert steps(office, visit) == ["arrived", "checking_in"]


def test_a_step_and_taking_it_back_at_once_end_where_the_history_says(
    database: Database, office: FrontOffice, rounds: range
) -> None:
    for n in rounds:
        visit = f"U{n}"
        office.visit(visit)
        office.act("mark_arrived", visit)
        results = at_once(
            partial(office.act, "undo_last_status", visit),
            partial(office.act, "start_check_in", visit),
            partial(office.act, "cancel_visit", visit, reason="Ill"),
        )
        assert len(errors(results)) < 3
        told = recomputed(database, office.client, DAY, office.now)[visit]
        assert (office.status(visit), office.shown(visit).since) == (told[0], told[1])
        assert len(steps(office, visit)) == 2 + 3 - len(errors(results))


def test_an_entry_is_taken_back_once(office: FrontOffice, database: Database, rounds: range) -> None:
    for n in rounds:
        visit = f"T{n}"
        office.visit(visit)
        office.act("mark_arrived", visit)
        (lost,) = errors(at_once(*(partial(office.act, "undo_last_status", visit),) * 2))
        assert lost.code == "nothing_to_undo"
        assert office.status(visit) == "scheduled"
    doubled = "SELECT count(undoes) - count(DISTINCT undoes) FROM visit_status_history"
    assert database.value(doubled) == 0


def test_the_history_can_be_added_to_and_not_changed(office: FrontOffice, serving: Postgres) -> None:
    from sqlalchemy import text
    from sqlalchemy.exc import ProgrammingError

    office.visit("V1")
    for statement in ("UPDATE visit_status_history SET to_status = 'completed'", "DELETE FROM visit_status_history",
                      "DELETE FROM check_in_facts", "UPDATE check_in_facts SET amount_cents = 1"):  # fmt: skip
        with pytest.raises(ProgrammingError, match="permission denied"), serving.tenant(office.client) as connection:
            connection.execute(text(statement))


def test_a_move_announces_the_visit_to_the_contexts_that_show_it(office: FrontOffice, database: Database) -> None:
    identity = office.visit("V1")
    office.act("mark_arrived", "V1")
    rows = database.rows(
        "SELECT change, record_version, details FROM domain_outbox WHERE record_id = :id ORDER BY record_version",
        id=identity,
    )
    assert [(row["change"], row["record_version"]) for row in rows] == [("created", 1), ("updated", 2)]
    assert rows[1]["details"]["patientId"] == str(office.patient)


def test_a_clock_that_runs_behind_does_not_turn_the_history_round(office: FrontOffice) -> None:
    office.visit("V1")
    office.act("mark_arrived", "V1")
    office.now -= timedelta(minutes=5)
    office.act("start_check_in", "V1")
    times: list[datetime] = [step.changed_at for step in office.shown("V1").history if step.axis == "status"]
    assert times == sorted(times)
    assert steps(office, "V1") == ["scheduled", "arrived", "checking_in"]
