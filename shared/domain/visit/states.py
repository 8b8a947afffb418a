"""The visit's state machine: one table of moves. Source: the design's visit states.

Three rows say more than the design's line of arrows (decision 0026): whoever is called a no-show and comes after all on
the same day arrives late; a visit may be called off or put off until the patient is taken to a room; and a patient may
leave without being seen until the provider comes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args

from shared.domain.steps import Transition, possible, target_in
from shared.errors import ConflictError, FieldError, InvalidTransitionError, ValidationFailedError
from shared.models.visit import VisitStatus, VisitStep

VisitMove = Literal[
    "confirm_appointment", "mark_arrived", "start_check_in", "complete_check_in", "room_patient", "start_visit",
    "check_out", "complete_visit", "cancel_visit", "reschedule_visit", "mark_no_show", "left_without_being_seen",
]  # fmt: skip
MOVES: tuple[VisitMove, ...] = get_args(VisitMove)
UNDO = "undo_last_status"
UNDO_FOR = timedelta(minutes=10)

_BOOKED: frozenset[VisitStatus] = frozenset({"scheduled", "confirmed"})
NOT_CHECKED_IN: frozenset[VisitStatus] = _BOOKED | {"arrived", "checking_in"}
_WAITING: frozenset[VisitStatus] = frozenset({"arrived", "checking_in", "checked_in"})
_HERE: frozenset[VisitStatus] = _WAITING | {"roomed", "with_provider", "checked_out", "completed"}


@dataclass(frozen=True, slots=True)
class VisitTransition(Transition[VisitStatus]):
    """See Transition. `guarded` ones ask for more than the state and have actions of their own.

    A record's plain change is none of them.
    """

    guarded: bool = False


def _from(*sources: VisitStatus) -> frozenset[VisitStatus]:
    return frozenset(sources)


TRANSITIONS: dict[VisitMove, VisitTransition] = {
    "confirm_appointment": VisitTransition(_from("scheduled"), "confirmed"),
    "mark_arrived": VisitTransition(_BOOKED | {"no_show"}, "arrived", guarded=True),
    "start_check_in": VisitTransition(_from("arrived"), "checking_in"),
    "complete_check_in": VisitTransition(_from("checking_in"), "checked_in", guarded=True),
    "room_patient": VisitTransition(_from("checked_in"), "roomed"),
    "start_visit": VisitTransition(_from("roomed"), "with_provider"),
    "check_out": VisitTransition(_from("with_provider"), "checked_out"),
    "complete_visit": VisitTransition(_from("checked_out"), "completed"),
    "cancel_visit": VisitTransition(_BOOKED | _WAITING, "cancelled", needs_reason=True),
    "reschedule_visit": VisitTransition(_BOOKED | _WAITING, "rescheduled", guarded=True),
    "mark_no_show": VisitTransition(_BOOKED, "no_show", guarded=True),
    "left_without_being_seen": VisitTransition(_WAITING | {"roomed"}, "left_without_being_seen"),
}


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a visit stands: its status, since when, and when the patient arrived."""

    status: VisitStatus
    since: datetime
    arrived_at: datetime | None = None


def allowed_moves(state: VisitStatus) -> list[VisitMove]:
    """List the moves that are possible in `state`."""
    return possible(TRANSITIONS, state)


def target_of(state: VisitStatus, move: VisitMove, *, reason: str | None = None) -> VisitStatus:
    """Where `move` leads from `state`. A move that was made already is refused: two people cannot both have made it.

    Raises InvalidTransitionError with the moves there are, ValidationFailedError when a reason is missing.
    """
    return target_in(TRANSITIONS, state, move, reason=reason, record="A visit")


def check_step(state: object, target: object) -> None:
    """Refuse what a plain change of the record cannot do: no single step, or one that asks for more than the state.

    Raises InvalidTransitionError with the moves there are, ValidationFailedError for one that needs its reason told.
    """
    if state == target:
        return
    plain = [one for one in TRANSITIONS.values() if not one.guarded and state in one.sources and one.target == target]
    if not plain:
        words = f"A visit that is {state} does not become {target} by a change of its record: use the front desk's step"
        raise InvalidTransitionError(words, allowed=possible(TRANSITIONS, state), current=state)
    if all(one.needs_reason for one in plain):
        message = "This step needs a reason: make it at the front desk"
        raise ValidationFailedError(message, errors=(FieldError("data.status", "needs_reason", message),))


def standing_of(steps: Iterable[VisitStep]) -> Standing | None:
    """Replay a visit's history, oldest first; None without any. A step that is taken back leaves nothing behind."""
    standings: list[tuple[VisitStep, Standing]] = []
    for step in steps:
        if step.axis != "status":
            continue
        if step.undoes is not None:
            # The states before and behind the undone step are told apart by its row, whatever came between.
            standings = [known for known in standings if known[0].id != step.undoes]
            continue
        before = standings[-1][1] if standings else None
        standings.append((step, entered(before, _status(step.now), step.changed_at)))
    return standings[-1][1] if standings else None


def entered(before: Standing | None, status: VisitStatus, at: datetime) -> Standing:
    """Where a visit stands that has come to `status`; the arrival stays known as long as the patient was there."""
    came = before.arrived_at if before is not None else None
    if status == "arrived":
        return Standing(status, at, at)
    if status in _BOOKED or status == "no_show":
        return Standing(status, at)
    return Standing(status, at, came or (at if status in _HERE else None))


def undoable(steps: Iterable[VisitStep], now: datetime) -> VisitStep:
    """Return the step that can be taken back now: the last one, made by a person, at most ten minutes ago.

    Raises ConflictError (`nothing_to_undo`, `undo_too_late`).
    """
    last = next((step for step in reversed(tuple(steps)) if step.axis == "status"), None)
    if last is None or last.undoes is not None or last.before is None or last.changed_by is None:
        raise ConflictError("The last step was taken back already, or there was none", code="nothing_to_undo")
    until = last.changed_at + UNDO_FOR
    if now > until:
        raise ConflictError("A step can be taken back for ten minutes", code="undo_too_late", until=_in_utc(until))
    return last


def _in_utc(time: datetime) -> str:
    return time.isoformat().replace("+00:00", "Z")


def _status(word: str) -> VisitStatus:
    found: VisitStatus | None = next((one for one in get_args(VisitStatus) if one == word), None)
    if found is None:
        raise LookupError(f"No visit has the status {word}")
    return found
