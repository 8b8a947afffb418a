"""Tasks that follow from others: follow-ups, and the two sides of a shared task."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import permutations
from typing import Any
from uuid import uuid4

import pytest

from shared.domain.task_links import counterpart_id
from shared.errors import ConflictError, ValidationFailedError
from shared.models.api.tasks import TaskView
from shared.models.replay import Replayed
from tests.unit.event_office import DAY, OTHER, Change, EventOffice, pair
from tests.unit.factories import NOW, USER, caller, context, key


@pytest.fixture
def office() -> EventOffice:
    return EventOffice()


def test_completing_a_task_opens_its_follow_up(office: EventOffice) -> None:
    made = office.create(followUp={"label": "Call back", "inDays": 3, "assignedTo": str(OTHER)}, type="shared")
    assert made.follow_up is not None
    office.carry()
    assert len(office.live.documents.tasks) == 1
    office.move(made.id, "complete")
    office.carry(office.changes)
    follow = office.following(made.id)
    assert (follow.label, follow.state, follow.due_at, follow.sort_at) == (
        "Call back",
        "open",
        NOW + 3 * DAY,
        NOW + 3 * DAY,
    )
    assert (follow.type, follow.context_id, follow.audience) == (
        "shared",
        made.context_id,
        office.task(made.id).audience,
    )
    assert (follow.follow_up, follow.created_by, follow.version) == (None, str(USER), 1)
    assert list(office.told().values()) == [(str(OTHER), "active")]


def test_taking_a_completion_back_closes_what_it_opened(office: EventOffice) -> None:
    made = office.create(followUp={"label": "Call back"})
    office.move(made.id, "complete")
    office.carry(office.changes)
    office.move(made.id, "reopen")
    office.carry(office.changes)
    follow = office.following(made.id)
    assert (follow.state, follow.is_open) == ("auto_closed", False)
    assert follow.reason
    office.now += DAY
    office.move(made.id, "complete")
    office.carry(office.changes)
    follow = office.following(made.id)
    assert (follow.state, follow.is_open, follow.due_at) == ("open", True, NOW + DAY)


def test_deleting_a_completed_task_closes_what_it_opened(office: EventOffice) -> None:
    made = office.create(followUp={"label": "Call back"})
    office.move(made.id, "complete")
    office.carry(office.changes)
    office.service.delete_task(office.caller, made.id)
    office.carry()
    assert office.following(made.id).state == "auto_closed"


def test_what_people_did_with_a_follow_up_stays(office: EventOffice) -> None:
    made = office.create(followUp={"label": "Call back"})
    office.move(made.id, "complete")
    office.carry(office.changes)
    follow = office.following(made.id)
    office.move(follow.id, "complete")
    office.move(made.id, "reopen")
    office.carry(office.changes)
    assert office.following(made.id).state == "completed"
    office.service.delete_task(office.caller, follow.id)
    office.move(made.id, "complete")
    office.carry()
    office.carry(office.changes)
    gone = office.following(made.id)
    assert (gone.deleted_at is not None, gone.is_open) == (True, False)


def test_follow_ups_end_the_same_in_every_order(office: EventOffice) -> None:
    made = office.create(followUp={"label": "Call back", "inDays": 1})
    office.noted()
    for step, move in enumerate(("complete", "reopen", "complete")):
        office.now = NOW + step * DAY
        office.move(made.id, move)
    events = list(office.changes)
    parent = office.task(made.id)

    def ended(order: Iterable[Change]) -> Any:
        office.live.documents.tasks.clear()
        office.live.documents.tasks[made.id] = parent
        office.carry(order)
        return office.result()

    expected = ended(events)
    opened = [one for one in office.live.documents.tasks.values() if one.follows]
    assert [(one.state, one.follows_version) for one in opened] == [("open", 4)]
    for order in permutations(events):
        assert ended([*order, *order[:2]]) == expected


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize(
    ("moves", "state"),
    [
        (["complete"], "completed"),
        (["reject"], "rejected"),
        (["cancel"], "cancelled"),
        (["accept", "start", "fail"], "failed"),
    ],
)
def test_an_outcome_is_carried_across(office: EventOffice, moves: list[str], state: str, *, first: int) -> None:
    sides = pair(office)
    for move in moves:
        office.move(sides[first], move)
    office.carry(office.changes)
    one, other = (office.task(sides[index]) for index in (first, 1 - first))
    assert (one.state, other.state) == (state, state)
    assert (other.completed, other.is_open, other.reason) == (one.completed, False, one.reason)
    assert (other.completed_by, other.completed_at) == (one.completed_by, one.completed_at)


@pytest.mark.parametrize("first", [0, 1])
def test_reopening_is_carried_across(office: EventOffice, *, first: int) -> None:
    sides = pair(office)
    office.move(sides[first], "complete")
    office.carry(office.changes)
    office.move(sides[1 - first], "reopen")
    office.carry(office.changes)
    assert [office.task(side).state for side in sides] == ["open", "open"]
    office.move(sides[1 - first], "reject")
    office.carry(office.changes)
    assert [office.task(side).state for side in sides] == ["rejected", "rejected"]


def test_what_does_not_end_a_task_stays_on_its_side(office: EventOffice) -> None:
    shared, backend = pair(office)
    for move in ("accept", "start", "hold"):
        office.move(backend, move)
    office.carry(office.changes)
    assert office.task(shared).state == "open"


def test_two_sides_closed_at_once_each_keep_their_outcome(office: EventOffice) -> None:
    shared, backend = pair(office)
    office.move(shared, "complete")
    office.move(backend, "reject")
    events = office.changes[-2:]
    for order in (events, events[::-1]):
        office.carry([*order, *order])
        assert (office.task(shared).state, office.task(backend).state) == ("completed", "rejected")


def test_deleting_the_shared_task_closes_its_back_office_side(office: EventOffice) -> None:
    shared, backend = pair(office)
    office.service.delete_task(office.caller, shared)
    office.carry()
    assert office.task(backend).state == "auto_closed"


def test_deleting_the_back_office_side_leaves_the_shared_task(office: EventOffice) -> None:
    shared, backend = pair(office)
    office.service.delete_task(office.caller, backend)
    office.carry()
    assert office.task(shared).state == "open"
    assert office.task(backend).deleted_at is not None


def test_a_pair_ends_the_same_in_every_order(office: EventOffice) -> None:
    shared, backend = pair(office)
    begun = dict(office.live.documents.tasks)
    seen = len(office.changes)
    for step, move in enumerate(("complete", "reopen", "reject")):
        office.now = NOW + step * DAY
        office.move(shared, move)
    events = office.changes[seen:]
    for order in permutations(events):
        office.live.documents.tasks[backend] = begun[backend]
        office.live.documents.tasks[shared] = events[-1][2] or begun[shared]
        office.carry([*order, order[0]])
        assert [office.task(side).state for side in (shared, backend)] == ["rejected", "rejected"]


def test_an_outcome_that_came_while_the_pair_was_made_is_not_missed(office: EventOffice) -> None:
    shared = office.create(type="shared")
    office.noted()
    backend = office.create(type="backend", linkedTo=shared.id)
    office.move(shared.id, "complete")
    made, completed = sorted(office.changes[-2:], key=lambda change: change[1] is not None)
    office.live.documents.tasks.pop(backend.id)
    office.event(*completed)  # before the other side is there
    assert made[2] is not None
    office.live.documents.tasks[backend.id] = made[2]
    office.event(*made)
    assert office.task(backend.id).state == "completed"


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"type": "shared"}, "not_a_backend_task"),
        ({"type": "backend", "linkedTo": "task_unknown"}, "not_a_shared_task"),
    ],
)
def test_a_pair_is_a_shared_and_a_backend_task(office: EventOffice, members: dict[str, Any], code: str) -> None:
    shared = office.create(type="shared")
    with pytest.raises(ValidationFailedError) as refused:
        office.create(**{"linkedTo": shared.id} | members)
    assert [(one.field, one.code) for one in refused.value.errors] == [("linkedTo", code)]


def test_a_pair_is_about_one_record_of_one_organisation(office: EventOffice) -> None:
    shared, normal = office.create(type="shared"), office.create()
    elsewhere = office.open(context(record_uuid=str(uuid4())))
    foreign = caller(client_id=uuid4())
    theirs = context(foreign.client_id)
    office.open(theirs, foreign)
    for given, who in (
        ({"contextId": elsewhere.id, "linkedTo": shared.id}, None),
        ({"linkedTo": normal.id}, None),
        ({"contextId": theirs.id, "linkedTo": shared.id}, foreign),
    ):
        with pytest.raises(ValidationFailedError) as refused:
            office.create(who, type="backend", **given)
        assert refused.value.errors[0].code == "not_a_shared_task"


def test_a_shared_task_has_one_back_office_side(office: EventOffice) -> None:
    shared = office.create(type="shared")
    asked = caller(idempotency=key())
    made = office.create(asked, type="backend", linkedTo=shared.id)
    assert made.id == counterpart_id(shared.id)
    with pytest.raises(Replayed) as replayed:
        office.create(asked, type="backend", linkedTo=shared.id)
    assert TaskView.model_validate_json(replayed.value.body) == made
    for who in (None, caller(user_id=OTHER, idempotency=key())):
        with pytest.raises(ConflictError) as refused:
            office.create(who, type="backend", linkedTo=shared.id)
        assert refused.value.code == "already_linked"
    closed = office.create(type="shared")
    office.move(closed.id, "complete")
    with pytest.raises(ConflictError) as refused:
        office.create(type="backend", linkedTo=closed.id)
    assert refused.value.code == "already_closed"
