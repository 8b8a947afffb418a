"""What a change of a task does elsewhere, in every order, twice, and with crashes between the effects."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import timedelta
from itertools import permutations
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.domain.task_links import counterpart_id
from shared.errors import ConflictError, PermanentEventError, ValidationFailedError
from shared.failpoints import listening
from shared.models.api.tasks import TaskEdit, TaskView
from shared.models.firestore.documents import TaskDocument
from shared.models.outcome import Outcome
from shared.models.replay import Replayed
from shared.repositories.projection_protocols import OpenTasks, Place
from shared.services.task_effects import TaskEffects
from shared.services.task_projection import TaskProjection
from tests.unit.factories import NOW, USER, caller, context, key
from tests.unit.task_office import Office

OTHER = UUID(int=77)
DAY = timedelta(days=1)
Change = tuple[str, TaskDocument | None, TaskDocument | None]


class Counts:
    """See OpenTaskStore. Nobody looks at these counts here."""

    def count(self, place: Place) -> OpenTasks:
        del place
        return OpenTasks(0, NOW)

    def keep(self, place: Place, counted: OpenTasks) -> bool:
        del place, counted
        return True


class EventOffice(Office):
    """The tasks component with what the trigger does. `changes` are the events, oldest first."""

    def __init__(self) -> None:
        super().__init__()
        self.effects = TaskEffects(TaskProjection(Counts()), self.live)
        self._known: dict[str, TaskDocument] = {}
        self.changes: list[Change] = []

    def noted(self) -> list[Change]:
        """Note what has changed since the last time."""
        held = dict(self.live.documents.tasks)
        new: list[Change] = [(task_id, self._known.get(task_id), task) for task_id, task in held.items()]
        new = [change for change in new if change[1] != change[2]]
        self._known = held
        self.changes += new
        return new

    def carry(self, changes: Iterable[Change] | None = None) -> None:
        """Deliver events, and those that they cause, until nothing more happens."""
        for task_id, before, after in self.noted() if changes is None else changes:
            self.event(task_id, before, after)
        for _ in range(20):
            caused = self.noted()
            if not caused:
                return
            for task_id, before, after in caused:
                self.event(task_id, before, after)
        raise AssertionError("it does not settle")

    def event(self, task_id: str, before: TaskDocument | None, after: TaskDocument | None) -> Outcome:
        fields = [one.fields() if one else None for one in (before, after)]
        return self.effects.task_written(task_id, before=fields[0], after=fields[1])

    def move(self, task_id: str, move: Any, reason: str | None = "Because") -> TaskView:
        view = self.service.move(self.caller, task_id, move, reason)
        self.noted()
        return view

    def task(self, task_id: str) -> TaskDocument:
        return self.live.documents.tasks[task_id]

    def following(self, task_id: str) -> TaskDocument:
        (found,) = (one for one in self.live.documents.tasks.values() if one.follows == task_id)
        return found

    def told(self) -> dict[str, tuple[str, str]]:
        """The alerts about assignments: whom, and their state."""
        alerts = self.live.documents.alerts
        return {one.id: (one.audience.user_ids[0], one.state) for one in alerts.values() if one.source == "task"}

    def result(self) -> Any:
        """What everything has become, times, versions and alerts that are over aside."""
        return {one: told for one, told in self.told().items() if told[1] == "active"}, {
            one.id: (one.state, one.completed, one.is_open, one.label, one.due_at, one.deleted_at is None)
            for one in self.live.documents.tasks.values()
        }


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
    for minutes, person in ((1, str(UUID(int=88))), (2, str(OTHER))):
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
    assert states == [(str(OTHER), "active"), (str(OTHER), "superseded"), (str(UUID(int=88)), "superseded")]


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


def test_a_repeated_task_opens_the_next_of_its_series(office: EventOffice) -> None:
    made = office.create(repeatDays=7, dueAt=NOW + DAY, description="Weekly")
    office.move(made.id, "complete")
    office.carry(office.changes)
    second = office.following(made.id)
    assert (second.label, second.due_at, second.description) == (made.label, NOW + 8 * DAY, "Weekly")
    assert (second.series_id, second.repeat_days) == (made.id, 7)
    office.move(second.id, "complete")
    office.carry(office.changes)
    third = office.following(second.id)
    assert (third.due_at, third.series_id) == (NOW + 15 * DAY, made.id)


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
    made = office.create(followUp={"label": "Call back", "inDays": 1}, repeatDays=2)
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
    assert [(one.state, one.follows_version) for one in opened] == [("open", 4), ("open", 4)]
    for order in permutations(events):
        assert ended([*order, *order[:2]]) == expected


def pair(office: EventOffice) -> tuple[str, str]:
    """A shared task and its back-office side; their ids."""
    shared = office.create(type="shared")
    backend = office.create(type="backend", linkedTo=shared.id)
    office.carry()
    return shared.id, backend.id


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
        kind = chance.choice(["plain", "follow", "repeat", "pair"])
        extra: dict[str, Any] = {"plain": {}, "follow": {"followUp": {"label": "Next", "inDays": 2}}}.get(kind, {})
        if kind == "repeat":
            extra = {"repeatDays": 3}
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
                person = chance.choice([str(OTHER), str(UUID(int=88)), "me", None])
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
