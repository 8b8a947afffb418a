"""What passing time does to tasks: scheduled ones open, snoozed ones come back, kept answers are forgotten."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.errors import InvalidTransitionError, PreconditionFailedError
from shared.models.api.tasks import TaskBulk, TaskQuery
from shared.models.replay import IdempotencyMismatchError, Replayed
from tests.unit.factories import NOW, key
from tests.unit.task_office import Office

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def office() -> Office:
    return Office()


def first(office: Office, **query: Any) -> str:
    return office.service.get_tasks(office.caller, TaskQuery.model_validate(query)).tasks[0].state


def test_a_scheduled_task_is_open_once_its_time_has_come(office: Office) -> None:
    made = office.create(notBefore=NOW + HOUR)
    assert first(office) == "scheduled"
    with pytest.raises(InvalidTransitionError):
        office.service.move(office.caller, made.id, "complete")
    office.now += HOUR
    assert first(office) == first(office, completed=False) == "open"
    assert office.service.move(office.caller, made.id, "accept").state == "accepted"


def test_a_bulk_move_and_a_refusal_see_the_task_as_it_is_now(office: Office) -> None:
    made = office.create(notBefore=NOW + HOUR)
    office.now += HOUR
    with pytest.raises(PreconditionFailedError) as refused:
        office.edit(made.id, version=9)
    assert refused.value.extra["current"]["state"] == "open"
    done = office.service.bulk(office.caller, TaskBulk(task_ids=[made.id], move="complete"))
    assert [one.success for one in done.results] == [True]


def test_an_edit_of_not_before_schedules_and_opens(office: Office) -> None:
    made = office.create()
    waiting = office.edit(made.id, notBefore=NOW + HOUR)
    assert (waiting.state, waiting.version) == ("scheduled", 2)
    assert office.edit(made.id, notBefore=NOW - HOUR).state == "open"
    office.edit(made.id, notBefore=NOW + HOUR)
    assert office.edit(made.id, notBefore=None).state == "open"


def test_a_task_opened_early_stays_open_when_it_is_sent_back(office: Office) -> None:
    made = office.create(notBefore=NOW + HOUR)
    assert office.service.move(office.caller, made.id, "reopen").state == "open"
    assert office.edit(made.id, label="same time", notBefore=NOW + HOUR).state == "open"


def test_what_somebody_has_taken_is_not_scheduled_again(office: Office) -> None:
    made = office.create()
    office.service.move(office.caller, made.id, "accept")
    assert office.edit(made.id, notBefore=NOW + HOUR).state == "accepted"


def test_a_snoozed_task_is_out_of_sight_until_its_time(office: Office) -> None:
    made = office.create(label="later")
    office.create(label="now")
    office.service.snooze(office.caller, made.id, NOW + HOUR)
    assert office.listed() == office.listed(completed=False) == ["now"]
    assert sorted(office.listed(snoozed=True)) == ["later", "now"]
    assert office.live.documents.tasks[made.id].is_open
    office.now += HOUR
    assert sorted(office.listed()) == ["later", "now"]


def test_a_snoozed_task_that_is_done_is_listed_with_the_done(office: Office) -> None:
    made = office.create(label="done")
    office.service.snooze(office.caller, made.id, NOW + HOUR)
    office.service.move(office.caller, made.id, "complete")
    assert office.listed(completed=True) == ["done"]


def test_pages_stay_full_however_many_tasks_are_snoozed(office: Office) -> None:
    for n in range(160):
        made = office.create(label=f"t{n:03}", dueAt=NOW + timedelta(minutes=n))
        if n % 16:
            office.service.snooze(office.caller, made.id, NOW + DAY)
    pages: list[list[str]] = []
    cursor = None
    while cursor is not None or not pages:
        page = office.service.get_tasks(office.caller, TaskQuery(limit=4, cursor=cursor))
        pages.append([one.label for one in page.tasks])
        cursor = page.next_cursor
    assert [len(page) for page in pages] == [4, 4, 2]
    assert [label for page in pages for label in page] == [f"t{n:03}" for n in range(0, 160, 16)]


def test_a_key_is_free_again_after_its_day_and_kept_for_the_next(office: Office) -> None:
    who = replace(office.caller, idempotency=key("asked", of="k"))
    other = replace(office.caller, idempotency=key("another", of="k"))
    made = office.create(who)
    office.now += DAY - timedelta(seconds=1)
    with pytest.raises(Replayed):
        office.create(who)
    with pytest.raises(IdempotencyMismatchError):
        office.create(other)
    office.now += timedelta(seconds=1)
    again = office.create(other, label="another day")
    assert again.id != made.id
    with pytest.raises(Replayed) as replayed:
        office.create(other, label="another day")
    assert again.id in replayed.value.body
    office.now += DAY
    third = office.create(who)
    assert len({made.id, again.id, third.id}) == 3
    assert len(office.live.documents.tasks) == 3
