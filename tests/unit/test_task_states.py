"""The task's state machine: each cell of state and move, written out here apart from the code's own table."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, get_args

import pytest

from shared.domain.task import (
    MOVES,
    allowed_moves,
    as_of,
    assign,
    auto_close,
    edit_completed,
    is_snoozed,
    move,
    state_for,
)
from shared.errors import ConflictError, ForbiddenError, InvalidTransitionError, ValidationFailedError
from shared.models.firestore.documents import TaskDocument, TaskMove, TaskState
from shared.models.roles import Role
from tests.unit.factories import NOW, USER, task

ME = str(USER)
STATES: tuple[TaskState, ...] = get_args(TaskState)
OPEN = {"scheduled", "open", "accepted", "in_progress", "on_hold"}
# Where each move leads from each state; "=" is a repetition, nothing is a refusal.
CELLS: dict[str, dict[str, str]] = {
    "scheduled": {"cancel": "cancelled", "reopen": "open"},
    "open": {
        "complete": "completed",
        "accept": "accepted",
        "hold": "on_hold",
        "release": "=",
        "reject": "rejected",
        "cancel": "cancelled",
        "reopen": "=",
    },
    "accepted": {
        "complete": "completed",
        "accept": "=",
        "start": "in_progress",
        "hold": "on_hold",
        "release": "open",
        "cancel": "cancelled",
    },
    "in_progress": {
        "complete": "completed",
        "start": "=",
        "hold": "on_hold",
        "release": "open",
        "cancel": "cancelled",
        "fail": "failed",
    },
    "on_hold": {"hold": "=", "cancel": "cancelled", "reopen": "open"},
    "completed": {"complete": "=", "reopen": "open"},
    "cancelled": {"cancel": "="},
    "rejected": {"reject": "=", "reopen": "open"},
    "failed": {"fail": "=", "reopen": "open"},
    "auto_closed": {},
}
NEEDS_REASON = {"hold", "release", "reject", "cancel", "fail"}


def in_state(state: TaskState, **members: object) -> TaskDocument:
    """A shared task in `state`, taken by the caller where somebody must have it."""
    taken = state in {"accepted", "in_progress"}
    given: dict[str, Any] = {
        "type": "shared",
        "state": state,
        "assigned_to": ME if taken else None,
        "completed": state == "completed",
        "is_open": state in OPEN,
        "completed_at": NOW if state == "completed" else None,
        "completed_by": ME if state == "completed" else None,
    }
    return task(**given | members)


def moved(
    of: TaskDocument, wanted: TaskMove, *, by: str = ME, role: Role = Role.BILLER, reason: str | None = "because"
) -> TaskDocument | None:
    return move(of, wanted, by=by, role=role, at=NOW + timedelta(hours=1), reason=reason)


def test_the_table_names_every_state() -> None:
    assert set(CELLS) == set(STATES)
    assert {wanted for row in CELLS.values() for wanted in row} == set(MOVES)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("wanted", MOVES)
def test_each_cell(state: TaskState, wanted: TaskMove) -> None:
    before = in_state(state)
    target = CELLS[state].get(wanted)
    if target == "=":
        assert moved(before, wanted) is None
        return
    if target is None:
        with pytest.raises(InvalidTransitionError) as refused:
            moved(before, wanted)
        possible = {name for name, to in CELLS[state].items() if to != "="}
        assert set(refused.value.extra["allowed"]) == possible
        assert refused.value.code == "invalid_transition"
        return
    after = moved(before, wanted)
    assert after is not None
    assert after.state == target
    assert after.completed == (target == "completed")
    assert after.is_open == (target in OPEN)
    assert after.version == before.version + 1
    assert (after.completed_at, after.completed_by) == ((after.updated_at, ME) if after.completed else (None, None))
    assert after.reason == "because"


@pytest.mark.parametrize(
    ("state", "wanted"),
    [(state, wanted) for state in STATES for wanted in MOVES if CELLS[state].get(wanted, "=") != "="],
)
def test_only_the_moves_that_need_a_reason_ask_for_one(state: TaskState, wanted: TaskMove) -> None:
    if wanted in NEEDS_REASON:
        with pytest.raises(ValidationFailedError) as refused:
            moved(in_state(state), wanted, reason=None)
        assert [fault.field for fault in refused.value.errors] == ["reason"]
    else:
        assert moved(in_state(state), wanted, reason=None) is not None


@pytest.mark.parametrize("state", STATES)
def test_the_moves_offered_are_those_that_work(state: TaskState) -> None:
    assert set(allowed_moves(in_state(state))) == {name for name, to in CELLS[state].items() if to != "="}


def test_a_task_of_ones_own_cannot_be_rejected() -> None:
    own = in_state("open", type="normal")
    assert "reject" not in allowed_moves(own)
    with pytest.raises(InvalidTransitionError) as refused:
        moved(own, "reject")
    assert "reject" not in refused.value.extra["allowed"]


@pytest.mark.parametrize(("days", "asks"), [(0, False), (6, False), (7, False), (8, True)])
def test_reopening_asks_for_a_reason_after_seven_days(days: int, asks: bool) -> None:
    done = in_state("completed")
    at = NOW + timedelta(days=days)
    if asks:
        with pytest.raises(ValidationFailedError):
            move(done, "reopen", by=ME, role=Role.BILLER, at=at, reason=None)
    else:
        assert move(done, "reopen", by=ME, role=Role.BILLER, at=at, reason=None) is not None


def test_the_seventh_day_ends_to_the_microsecond() -> None:
    done = in_state("completed")
    limit = NOW + timedelta(days=7)
    assert move(done, "reopen", by=ME, role=Role.BILLER, at=limit, reason=None) is not None
    with pytest.raises(ValidationFailedError):
        move(done, "reopen", by=ME, role=Role.BILLER, at=limit + timedelta(microseconds=1), reason=None)


@pytest.mark.parametrize("wanted", ["accept", "start"])
@pytest.mark.parametrize("state", ["accepted", "in_progress"])
def test_what_somebody_else_has_cannot_be_taken(state: TaskState, wanted: TaskMove) -> None:
    with pytest.raises(ConflictError) as refused:
        moved(in_state(state, assigned_to="somebody else"), wanted)
    assert refused.value.code == "already_taken"


@pytest.mark.parametrize("pool", ["role:biller", None])
def test_accepting_assigns_and_giving_back_returns_it_to_its_pool(pool: str | None) -> None:
    accepted = moved(in_state("open", assigned_to=pool), "accept")
    assert accepted is not None
    assert accepted.assigned_to == ME
    started = moved(accepted, "start")
    assert started is not None
    given_back: list[tuple[TaskMove, TaskDocument]] = [
        ("release", accepted),
        ("release", started),
        ("reject", in_state("open", assigned_to=pool)),
    ]
    for wanted, before in given_back:
        after = moved(before, wanted)
        assert after is not None
        assert (after.assigned_to, after.pool) == (pool, None)


def test_what_was_given_to_one_person_is_nobodys_when_they_give_it_back() -> None:
    for wanted, before in (("reject", in_state("open", assigned_to=ME)), ("release", in_state("accepted"))):
        after = moved(before, wanted)  # type: ignore[arg-type]  # the tuple's literals are read as plain text
        assert after is not None
        assert after.assigned_to is None


def test_a_pool_is_taken_from_by_its_role_and_by_leads_only() -> None:
    waiting = in_state("open", assigned_to="role:biller")
    for role in Role:
        if role in {Role.BILLER, Role.ADMIN, Role.MANAGER}:
            taken = moved(waiting, "accept", role=role)
            assert taken is not None
            assert (taken.assigned_to, taken.pool) == (ME, "role:biller")
        else:
            with pytest.raises(ForbiddenError):
                moved(waiting, "accept", role=role)


def test_what_waits_for_another_person_is_taken_over_by_leads_only() -> None:
    waiting = in_state("open", assigned_to="somebody else")
    assert moved(waiting, "accept", role=Role.MANAGER) is not None
    with pytest.raises(ConflictError) as refused:
        moved(waiting, "accept", role=Role.BILLER)
    assert refused.value.code == "already_taken"
    assert moved(in_state("open", assigned_to=ME), "accept") is not None


@pytest.mark.parametrize("state", ["accepted", "in_progress"])
def test_what_somebody_has_is_handed_on_by_themselves_or_a_lead(state: TaskState) -> None:
    taken = in_state(state)
    for by, role in ((ME, Role.BILLER), ("somebody else", Role.MANAGER)):
        handed = assign(taken, "the next", by=by, role=role, at=NOW)
        assert (handed.assigned_to, handed.state) == ("the next", "open")
    with pytest.raises(ConflictError) as refused:
        assign(taken, "the next", by="somebody else", role=Role.BILLER, at=NOW)
    assert refused.value.code == "already_taken"
    assert assign(taken, ME, by="somebody else", role=Role.BILLER, at=NOW) == taken


@pytest.mark.parametrize("state", ["scheduled", "open", "on_hold"])
def test_what_nobody_has_taken_is_given_to_somebody_as_it_is(state: TaskState) -> None:
    given = assign(in_state(state, assigned_to="role:biller"), "x", by="y", role=Role.BILLER, at=NOW)
    assert (given.assigned_to, given.state) == ("x", state)


@pytest.mark.parametrize("state", STATES)
def test_a_rules_task_closes_by_itself_while_it_is_open(state: TaskState) -> None:
    before = in_state(state)
    after = auto_close(before, at=NOW)
    if state not in OPEN:
        assert after is None
        return
    assert after is not None
    assert (after.state, after.is_open, after.completed, after.version) == ("auto_closed", False, False, 2)
    assert (after.completed_by, allowed_moves(after)) == (None, [])


def test_a_task_put_on_hold_stays_assigned() -> None:
    held = moved(in_state("in_progress"), "hold")
    assert held is not None
    assert held.assigned_to == ME
    again = moved(held, "reopen")
    assert again is not None
    assert (again.state, again.assigned_to) == ("open", ME)


@pytest.mark.parametrize("completed", [True, False])
def test_the_completed_member_completes_and_uncompletes(completed: bool) -> None:
    before = in_state("open" if completed else "completed")
    after = edit_completed(before, completed, by=ME, role=Role.BILLER, at=NOW)
    assert after is not None
    assert after.completed is completed
    assert edit_completed(after, completed, by=ME, role=Role.BILLER, at=NOW) is None


def test_what_cannot_be_completed_says_so() -> None:
    with pytest.raises(InvalidTransitionError):
        edit_completed(in_state("cancelled"), completed=True, by=ME, role=Role.BILLER, at=NOW)


def test_a_scheduled_task_is_open_when_its_time_has_come() -> None:
    later = in_state("scheduled", not_before=NOW)
    assert as_of(later, NOW - timedelta(seconds=1)).state == "scheduled"
    assert as_of(later, NOW).state == "open"
    assert as_of(in_state("on_hold", not_before=NOW), NOW).state == "on_hold"
    assert (state_for(NOW, NOW - timedelta(seconds=1)), state_for(NOW, NOW), state_for(None, NOW)) == (
        "scheduled",
        "open",
        "open",
    )


def test_only_an_open_task_is_snoozed_and_only_until_its_time() -> None:
    assert is_snoozed(in_state("accepted", snoozed_until=NOW), NOW - timedelta(seconds=1))
    assert not is_snoozed(in_state("accepted", snoozed_until=NOW), NOW)
    assert not is_snoozed(in_state("completed", snoozed_until=NOW), NOW - timedelta(seconds=1))
