"""What a change of a task does elsewhere, in every order, twice, and with crashes between the effects."""

from __future__ import annotations

import random
from datetime import timedelta
from itertools import permutations
from typing import Any
from uuid import uuid4

import pytest

from shared.errors import PermanentEventError
from shared.failpoints import listening
from shared.models.api.tasks import TaskEdit, TaskView
from tests.unit.event_office import OTHER, THIRD, Change, EventOffice, pair
from tests.unit.factories import NOW, USER, caller, key


@pytest.fixture
def office() -> EventOffice:
    return EventOffice()


def test_a_new_assignee_is_told_once(office: EventOffice) -> None:
    made = office.create(assignedTo=str(OTHER), priority="urgent")
    office.carry()
    (alert,) = office.live.documents.alerts.values()
    assert (alert.audience.user_ids, alert.severity, alert.source) == ((str(OTHER),), "warning", "task")
    assert (alert.message.code, alert.message.params) == ("task_assigned", {"taskId": made.id})
    assert (alert.context_id, alert.created_by, alert.created_at) == (made.context_id, str(USER), NOW)
    assert "Call the payer" not in alert.model_dump_json()
    for _ in range(2):
        office.carry(office.changes)
    assert len(office.live.documents.alerts) == 1
    assert [event.user_id for event in office.live.documents.events][-1] is None


@pytest.mark.parametrize("assigned", [None, "me", "role:biller"])
def test_nobody_is_told_of_what_is_nobodys_a_roles_or_ones_own(office: EventOffice, assigned: str | None) -> None:
    office.create(assignedTo=assigned)
    office.carry()
    assert office.told() == {}


def test_taking_a_task_oneself_tells_nobody(office: EventOffice) -> None:
    made = office.create()
    office.move(made.id, "accept")
    office.carry(office.changes)
    assert office.told() == {}


def reassigned(office: EventOffice) -> list[Change]:
    """A task that goes to one, to another and back, and is completed: its events."""
    made = office.create(assignedTo=str(OTHER))
    office.noted()
    for minutes, person in ((1, str(THIRD)), (2, str(OTHER))):
        office.now = NOW + timedelta(minutes=minutes)
        office.edit(made.id, assignedTo=person)
        office.noted()
    office.now = NOW + timedelta(minutes=3)
    office.edit(made.id, label="Another label")
    office.noted()
    return office.changes


def test_whoever_had_a_task_is_no_longer_told_of_it(office: EventOffice) -> None:
    office.carry(reassigned(office))
    states = sorted(office.told().values())
    assert states == [(str(OTHER), "active"), (str(OTHER), "superseded"), (str(THIRD), "superseded")]


def test_a_closed_task_is_no_longer_news(office: EventOffice) -> None:
    made = office.create(assignedTo=str(OTHER))
    office.carry()
    office.move(made.id, "complete")
    office.carry(office.changes)
    assert list(office.told().values()) == [(str(OTHER), "superseded")]
    office.move(made.id, "reopen")
    for order in (office.changes, office.changes[::-1]):
        office.carry(order)
        assert list(office.told().values()) == [(str(OTHER), "active")]


def test_what_people_ended_is_not_told_again(office: EventOffice) -> None:
    made = office.create(assignedTo=str(OTHER))
    office.carry()
    (alert_id,) = office.told()
    alert = office.live.documents.alerts[alert_id]
    office.live.documents.alerts[alert_id] = alert.model_copy(update={"state": "resolved", "is_active": False})
    for move in ("complete", "reopen"):
        office.move(made.id, move)
        office.carry(office.changes)
    assert office.told() == {alert_id: (str(OTHER), "resolved")}


def test_assignments_end_the_same_in_every_order(office: EventOffice) -> None:
    events = list(reassigned(office))
    office.carry(events)
    expected = office.told()
    for order in permutations(events):
        office.live.documents.alerts.clear()
        office.carry([*order, order[0]])
        assert office.told() == expected


def test_a_task_of_another_organisation_is_never_touched(office: EventOffice) -> None:
    shared, backend = pair(office)
    office.move(shared, "complete")
    task_id, before, after = office.changes[-1]
    other = str(uuid4())
    stolen = [one.model_copy(update={"client_id": other}) for one in (before, after) if one]
    office.event(task_id, stolen[0], stolen[1])
    assert office.task(backend).state == "open"


def test_what_is_no_task_is_dropped(office: EventOffice) -> None:
    made = office.create()
    fields = office.task(made.id).fields()
    for wrong in ({"state": "lost"}, {"clientId": "north"}):
        with pytest.raises(PermanentEventError):
            office.effects.task_written(made.id, before=None, after=fields | wrong)


def test_crashes_between_the_effects_lose_and_double_nothing(office: EventOffice) -> None:
    """Random histories, delivered one to five times in random order with crashes, end as the ordered delivery."""

    class CrashError(BaseException):
        pass

    for seed in range(20):
        chance = random.Random(seed)  # noqa: S311 - a repeatable order, no secret
        results = []
        for rough in (False, True):
            office = EventOffice()
            moves = random.Random(seed)  # noqa: S311 - the same history twice
            history(office, moves)
            events = [change for change in office.changes for _ in range(chance.randint(1, 5) if rough else 1)]
            if rough:
                chance.shuffle(events)

            def crash(_: str, *, often: float = 0.3 if rough else 0, chance: random.Random = chance) -> None:
                if chance.random() < often:
                    raise CrashError

            while events:
                event = events.pop(0)
                try:
                    with listening(crash):
                        office.event(*event)
                except CrashError:
                    events.insert(chance.randint(0, len(events)), event)
                caused = [change for change in office.noted() for _ in range(chance.randint(1, 3) if rough else 1)]
                for one in caused:
                    events.insert(chance.randint(0, len(events)) if rough else len(events), one)
            results.append(office.result())
        assert results[0] == results[1], f"seed {seed}"


def history(office: EventOffice, chance: random.Random) -> None:
    """Some tasks with everything that has effects, and what people do with them."""
    count = 0
    for _ in range(4):
        kind = chance.choice(["plain", "follow", "pair"])
        extra: dict[str, Any] = {"plain": {}, "follow": {"followUp": {"label": "Next", "inDays": 2}}}.get(kind, {})
        made = numbered(office, count, type="shared", **extra)
        count += 1
        if kind == "pair":
            office.noted()
            numbered(office, count, type="backend", linkedTo=made.id)
            count += 1
        office.noted()
        for _ in range(chance.randint(1, 6)):
            office.now += timedelta(minutes=1)
            task = office.task(made.id)
            if task.deleted_at is not None:
                break
            if chance.random() < 0.3:
                person = chance.choice([str(OTHER), str(THIRD), "me", None])
                office.service.update_task(office.caller, made.id, TaskEdit(assigned_to=person))
            elif chance.random() < 0.1:
                office.service.delete_task(office.caller, made.id)
            elif task.state == "completed":
                office.service.move(office.caller, made.id, "reopen", "Again")
            elif task.is_open:
                office.service.move(office.caller, made.id, "complete")
            office.noted()


def numbered(office: EventOffice, number: int, **members: Any) -> TaskView:
    """A task whose id follows from its number: the same in both runs."""
    return office.create(caller(idempotency=key(str(number), of=f"{number:032x}")), **members)
