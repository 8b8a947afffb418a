"""The visit's state machine, move by move, and what is read from a history."""

from __future__ import annotations

from datetime import timedelta
from typing import get_args
from uuid import UUID

import pytest

from shared.domain.authorization.units import RESERVING, USING
from shared.domain.visit.states import (
    MOVES,
    TRANSITIONS,
    UNDO_FOR,
    Standing,
    VisitMove,
    allowed_moves,
    check_step,
    entered,
    standing_of,
    target_of,
    undoable,
)
from shared.errors import ConflictError, InvalidTransitionError, ValidationFailedError
from shared.models.identifiers import uuid7
from shared.models.visit import VisitStatus, VisitStep
from tests.unit.factories import NOW, USER

STATES: tuple[VisitStatus, ...] = get_args(VisitStatus)
# The design's arrows, and the rows of decision 0026, written down once more.
LEGAL: dict[tuple[VisitStatus, VisitMove], VisitStatus] = {
    ("scheduled", "confirm_appointment"): "confirmed",
    ("scheduled", "mark_arrived"): "arrived",
    ("confirmed", "mark_arrived"): "arrived",
    ("no_show", "mark_arrived"): "arrived",
    ("arrived", "start_check_in"): "checking_in",
    ("checking_in", "complete_check_in"): "checked_in",
    ("checked_in", "room_patient"): "roomed",
    ("roomed", "start_visit"): "with_provider",
    ("with_provider", "check_out"): "checked_out",
    ("checked_out", "complete_visit"): "completed",
    ("scheduled", "mark_no_show"): "no_show",
    ("confirmed", "mark_no_show"): "no_show",
    ("roomed", "left_without_being_seen"): "left_without_being_seen",
    ("arrived", "left_without_being_seen"): "left_without_being_seen",
    ("checking_in", "left_without_being_seen"): "left_without_being_seen",
    ("checked_in", "left_without_being_seen"): "left_without_being_seen",
}
BEFORE_THE_ROOM: tuple[VisitStatus, ...] = ("scheduled", "confirmed", "arrived", "checking_in", "checked_in")
for one in BEFORE_THE_ROOM:
    LEGAL[one, "cancel_visit"] = "cancelled"
    LEGAL[one, "reschedule_visit"] = "rescheduled"
PAIRS = [(state, move) for state in STATES for move in MOVES]


@pytest.mark.parametrize(("state", "move"), PAIRS)
def test_each_move_leads_where_it_should_or_is_refused_with_those_that_do(state: VisitStatus, move: VisitMove) -> None:
    target = LEGAL.get((state, move))
    if target is not None:
        assert target_of(state, move, reason="Because") == target
        return
    with pytest.raises(InvalidTransitionError) as refused:
        target_of(state, move, reason="Because")
    assert (refused.value.code, refused.value.extra["current"]) == ("invalid_transition", state)
    assert refused.value.extra["allowed"] == [one for one in MOVES if (state, one) in LEGAL] == allowed_moves(state)


def test_calling_off_needs_a_reason_and_nothing_else_does() -> None:
    for state, move in LEGAL:
        if move == "cancel_visit":
            with pytest.raises(ValidationFailedError) as refused:
                target_of(state, move)
            assert refused.value.errors[0].field == "reason"
        else:
            target_of(state, move)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("target", STATES)
def test_a_records_plain_change_makes_only_moves_that_ask_for_nothing(state: VisitStatus, target: VisitStatus) -> None:
    asking = {"mark_arrived", "complete_check_in", "reschedule_visit", "mark_no_show"}
    plain = {(one, to) for (one, move), to in LEGAL.items() if move not in asking}
    if target == "cancelled" != state and (state, target) in plain:
        with pytest.raises(ValidationFailedError) as untold:
            check_step(state, target)
        assert [(one.field, one.code) for one in untold.value.errors] == [("data.status", "needs_reason")]
        return
    if state == target or (state, target) in plain:
        check_step(state, target)
        return
    with pytest.raises(InvalidTransitionError) as refused:
        check_step(state, target)
    assert refused.value.extra == {"allowed": allowed_moves(state), "current": state}


def test_units_are_held_until_check_in_used_from_then_and_given_back_when_called_off() -> None:
    over = {"cancelled", "rescheduled", "no_show", "left_without_being_seen"}
    assert set(STATES) == RESERVING | USING | over
    for (state, move), target in LEGAL.items():
        if move == "complete_check_in":
            assert (state in RESERVING, target in USING) == (True, True)
        if target in over:
            assert target not in RESERVING | USING


def steps(*statuses: VisitStatus) -> list[VisitStep]:
    """A history that went through these, a minute each."""
    told, before = [], None
    for n, status in enumerate(statuses):
        told.append(VisitStep(uuid7(), "status", before, status, None, USER, NOW + timedelta(minutes=n)))
        before = status
    return told


def undoing(history: list[VisitStep], after: int) -> VisitStep:
    last = history[-1]
    return VisitStep(
        uuid7(), "status", last.now, str(last.before), None, USER, NOW + timedelta(minutes=after), undoes=last.id
    )


def test_a_history_says_where_the_visit_stands_since_when_and_when_the_patient_came() -> None:
    assert standing_of([]) is None
    assert standing_of(steps("scheduled")) == Standing("scheduled", NOW)
    told = steps("scheduled", "arrived", "checking_in", "checked_in")
    at = NOW + timedelta(minutes=1)
    assert standing_of(told) == Standing("checked_in", NOW + timedelta(minutes=3), at)
    readiness = VisitStep(uuid7(), "readiness", "pending", "ready", None, None, NOW + timedelta(minutes=9))
    assert standing_of([*told, readiness]) == standing_of(told)


def test_a_step_that_was_taken_back_leaves_nothing_behind() -> None:
    told = steps("scheduled", "arrived", "checking_in")
    told.append(undoing(told, 3))
    arrived = Standing("arrived", NOW + timedelta(minutes=1), NOW + timedelta(minutes=1))
    assert standing_of(told) == arrived
    again = VisitStep(uuid7(), "status", "arrived", "checking_in", None, USER, NOW + timedelta(minutes=4))
    assert standing_of([*told, again]) == Standing("checking_in", again.changed_at, arrived.arrived_at)


def test_who_was_never_there_has_no_arrival() -> None:
    for status in ("cancelled", "rescheduled", "no_show"):
        assert entered(Standing("scheduled", NOW), status, NOW).arrived_at is None
    came = Standing("arrived", NOW, NOW)
    assert entered(came, "cancelled", NOW + timedelta(minutes=5)).arrived_at == NOW
    assert entered(came, "scheduled", NOW + timedelta(minutes=5)).arrived_at is None


def test_the_last_step_can_be_taken_back_for_ten_minutes() -> None:
    told = steps("scheduled", "arrived")
    until = told[-1].changed_at + UNDO_FOR
    assert undoable(told, until) is told[-1]
    with pytest.raises(ConflictError) as late:
        undoable(told, until + timedelta(microseconds=1))
    assert (late.value.code, late.value.extra["until"]) == ("undo_too_late", "2026-11-23T09:11:00Z")


def test_one_step_is_taken_back_and_not_two() -> None:
    told = steps("scheduled", "arrived", "checking_in")
    told.append(undoing(told, 3))
    with pytest.raises(ConflictError) as refused:
        undoable(told, NOW)
    assert refused.value.code == "nothing_to_undo"


def test_what_no_person_did_is_not_taken_back() -> None:
    made, moved = steps("scheduled", "confirmed")
    imported = VisitStep(moved.id, "status", "scheduled", "confirmed", None, None, NOW)
    for history in ([], [made], [made, imported]):
        with pytest.raises(ConflictError) as refused:
            undoable(history, NOW)
        assert refused.value.code == "nothing_to_undo"


def test_every_status_is_reached_and_every_move_starts_somewhere() -> None:
    assert {one.target for one in TRANSITIONS.values()} | {"scheduled"} == set(STATES)
    assert all(one.sources for one in TRANSITIONS.values())
    assert isinstance(steps("scheduled")[0].id, UUID)
