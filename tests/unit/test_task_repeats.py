"""Tasks that repeat, through the service: each completion makes one follower, in the same commit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.errors import ValidationFailedError
from shared.models.api.tasks import TaskBulk, TaskView
from shared.models.firestore.documents import TaskDocument
from shared.models.replay import Replayed
from tests.unit.factories import NOW, key
from tests.unit.task_office import Office

DAY = timedelta(days=1)
DAILY = {"unit": "day"}


@pytest.fixture
def office() -> Office:
    return Office()


def series(office: Office, first: TaskView) -> list[TaskDocument]:
    """Every task of the series, soonest first."""
    found = [one for one in office.live.documents.tasks.values() if one.series_id == first.id]
    return sorted(found, key=lambda one: one.sort_at)


def daily(office: Office, **members: Any) -> TaskView:
    return office.create(dueAt=NOW + DAY, repeat=DAILY, **members)


def test_completing_makes_the_next_in_the_same_commit(office: Office) -> None:
    made = daily(office)
    before = office.events
    office.service.move(office.caller, made.id, "complete")
    first, second = series(office, made)
    assert (first.completed, first.follower_id) == (True, second.id)
    assert (second.state, second.due_at, second.label) == ("open", NOW + 2 * DAY, made.label)
    assert office.events == before + 1
    assert office.live.documents.events[-1].metadata["followers"] == [second.id]


def test_every_way_of_completing_makes_one(office: Office) -> None:
    made = daily(office)
    office.edit(made.id, completed=True, label="Renamed while it was done")
    assert [one.label for one in series(office, made)] == ["Renamed while it was done"] * 2
    other = daily(office)
    office.service.bulk(office.caller, TaskBulk(task_ids=[other.id], move="complete"))
    assert len(series(office, other)) == 2
    assert office.live.documents.events[-1].metadata["followers"] == [series(office, other)[1].id]


def test_completing_again_makes_no_other(office: Office) -> None:
    made = daily(office)
    who = replace(office.caller, idempotency=key())
    office.service.move(who, made.id, "complete")
    with pytest.raises(Replayed):
        office.service.move(who, made.id, "complete")
    office.service.move(office.caller, made.id, "complete")
    office.service.move(office.caller, made.id, "reopen")
    office.edit(made.id, completed=True)
    office.service.bulk(office.caller, TaskBulk(task_ids=[made.id], move="complete"))
    assert len(series(office, made)) == 2


def test_several_of_one_update_are_each_followed(office: Office) -> None:
    made = [daily(office) for _ in range(3)]
    office.service.bulk(office.caller, TaskBulk(task_ids=[one.id for one in made], move="complete"))
    assert [len(series(office, one)) for one in made] == [2, 2, 2]


def test_what_is_ended_otherwise_is_not_followed(office: Office) -> None:
    made = daily(office)
    office.service.move(office.caller, made.id, "cancel", "Not needed")
    other = daily(office)
    office.service.delete_task(office.caller, other.id)
    assert (len(series(office, made)), len(series(office, other))) == (1, 1)


def test_a_series_is_stopped_and_changed_by_edit(office: Office) -> None:
    made = daily(office)
    weekly = office.edit(made.id, repeat={"unit": "week", "every": 2})
    assert weekly.repeat is not None
    assert (weekly.repeat.unit, weekly.repeat.every, weekly.version) == ("week", 2, 2)
    moved = office.edit(made.id, dueAt=NOW + 3 * DAY)
    assert moved.repeat == weekly.repeat
    office.service.move(office.caller, made.id, "complete")
    following = series(office, made)[-1]
    assert following.due_at == NOW + 17 * DAY
    office.edit(following.id, repeat=None)
    office.service.move(office.caller, following.id, "complete")
    assert len(series(office, made)) == 2


def test_what_repeats_needs_a_due_time(office: Office) -> None:
    made = daily(office)
    acts: list[Callable[[], object]] = [
        lambda: office.create(repeat=DAILY),
        lambda: office.edit(made.id, dueAt=None),
        lambda: office.edit(office.create().id, repeat=DAILY),
    ]
    for act in acts:
        with pytest.raises(ValidationFailedError) as refused:
            act()
        assert [(one.field, one.code) for one in refused.value.errors] == [("repeat", "needs_due")]
    assert office.edit(made.id, dueAt=None, repeat=None).repeat is None


def test_a_due_time_at_the_edge_of_the_calendar_does_not_repeat(office: Office) -> None:
    with pytest.raises(ValidationFailedError) as refused:
        office.create(dueAt="0001-01-01T00:00:00Z", repeat=DAILY)
    assert refused.value.errors[0].field == "dueAt"
