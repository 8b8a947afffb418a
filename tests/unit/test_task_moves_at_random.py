"""Whatever people do to a task, in whatever order: what is derived of it stays true."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.task import MOVES, OPEN_STATES, TAKEN_STATES, allowed_moves
from shared.errors import MobiusError
from shared.models.api.tasks import TaskBulk
from shared.models.firestore.documents import TaskDocument
from shared.models.roles import Role
from tests.unit.factories import NOW, caller
from tests.unit.task_office import Office

PEOPLE = [caller(), caller(user_id="00000000-0000-7000-8000-0000000000b2", role=Role.MANAGER)]
steps = st.lists(
    st.tuples(
        st.sampled_from([*MOVES, "snooze", "finish", "unfinish", "together", "give", "remind"]),
        st.sampled_from(PEOPLE),
        st.sampled_from([None, "because"]),
        st.sampled_from([timedelta(minutes=5), timedelta(days=1), timedelta(days=9)]),
    ),
    max_size=25,
)


def refusal(office: Office, task_id: str, what: str, who: Any, reason: str | None) -> MobiusError | None:
    """Carry out a step; why not, when it is refused."""
    try:
        act(office, task_id, what, who, reason)
    except MobiusError as refused:
        return refused
    return None


def act(office: Office, task_id: str, what: str, who: Any, reason: str | None) -> None:
    later = office.now + timedelta(hours=2)
    service = office.service
    if what == "snooze":
        service.snooze(who, task_id, later)
    elif what in {"finish", "unfinish"}:
        office.edit(task_id, who, completed=what == "finish", reason=reason)
    elif what == "together":
        service.bulk(who, TaskBulk(task_ids=[task_id], move="complete"))
    elif what == "give":
        office.edit(task_id, who, assignedTo="role:biller")
    elif what == "remind":
        office.edit(task_id, who, remindAt=[later])
    else:
        service.move(who, task_id, what, reason)  # type: ignore[arg-type]  # one of the moves


def holds(task: TaskDocument, before: TaskDocument) -> None:
    """What is true of a task at any time, and of its present state after an earlier one."""
    assert task.completed == (task.state == "completed")
    assert task.is_open == (task.state in OPEN_STATES)
    assert (task.completed_at is not None) == (task.completed_by is not None) == task.completed
    assert task.is_open or task.next_reminder_at is None
    assert task.state not in TAKEN_STATES or not (task.assigned_to or "role:").startswith("role:")
    assert task.version - before.version == (task != before)
    assert task.fields()["nextReminderAt"] == task.next_reminder_at


@given(steps)
def test_what_is_derived_stays_true_and_a_series_has_one_open_end(
    taken: list[tuple[str, Any, str | None, timedelta]],
) -> None:
    office = Office()
    made = office.create(dueAt=NOW + timedelta(days=1), repeat={"unit": "day"}, type="shared")
    documents = office.live.documents.tasks
    for what, who, reason, pause in taken:
        office.now += pause
        before, events = documents[made.id], office.events
        refused = refusal(office, made.id, what, who, reason)
        if refused is not None:
            assert refused.status in {403, 409, 422}
            assert (documents[made.id], office.events) == (before, events)
            continue
        holds(documents[made.id], before)
        assert office.events == events + 1
    completions = documents[made.id].follower_id
    assert len(documents) == (2 if completions else 1)


@given(steps)
def test_the_moves_offered_are_those_that_work(taken: list[tuple[str, Any, str | None, timedelta]]) -> None:
    office = Office()
    made = office.create(type="shared")
    for what, who, reason, pause in taken:
        office.now += pause
        task = office.live.documents.tasks[made.id]
        refused = refusal(office, made.id, what, who, reason)
        if refused is not None and refused.code == "invalid_transition":
            assert what not in allowed_moves(task)
            assert refused.extra["allowed"] == allowed_moves(task)
            assert refused.extra["current"]["state"] == task.state
        elif what in MOVES and refused is None:
            after = office.live.documents.tasks[made.id]
            assert what in allowed_moves(task) or after == task
