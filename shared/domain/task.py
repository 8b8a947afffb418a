"""The task's state machine: one table of moves. Source: the design's task states.

`scheduled → open → accepted → in_progress → completed`, with `on_hold`, `cancelled`, `rejected`, `failed` and
`auto_closed` beside it. `completed` and `is_open` are derived from the state. Times pass without a write: what a task
is now is decided when it is read (`as_of`), before anything else is asked of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import get_args

from shared.auth.permissions import Permission, allows
from shared.domain.steps import reason_missing
from shared.errors import ConflictError, ForbiddenError, InvalidTransitionError
from shared.models.firestore.documents import TaskDocument, TaskMove, TaskState
from shared.models.roles import Role

MOVES: tuple[TaskMove, ...] = get_args(TaskMove)
OPEN_STATES: frozenset[TaskState] = frozenset({"scheduled", "open", "accepted", "in_progress", "on_hold"})
TAKEN_STATES: frozenset[TaskState] = frozenset({"accepted", "in_progress"})
REOPEN_FREELY = timedelta(days=7)
POOL = "role:"


@dataclass(frozen=True, slots=True)
class Transition:
    """Where a move leads, from where it is possible, and whether it needs a reason."""

    sources: frozenset[TaskState]
    target: TaskState
    needs_reason: bool = False


TRANSITIONS: dict[TaskMove, Transition] = {
    "complete": Transition(frozenset({"open", "accepted", "in_progress"}), "completed"),
    "accept": Transition(frozenset({"open"}), "accepted"),
    "start": Transition(frozenset({"accepted"}), "in_progress"),
    "hold": Transition(frozenset({"open", "accepted", "in_progress"}), "on_hold", needs_reason=True),
    "release": Transition(frozenset({"accepted", "in_progress"}), "open", needs_reason=True),
    "reject": Transition(frozenset({"open"}), "rejected", needs_reason=True),
    "cancel": Transition(OPEN_STATES, "cancelled", needs_reason=True),
    "fail": Transition(frozenset({"in_progress"}), "failed", needs_reason=True),
    "reopen": Transition(frozenset({"scheduled", "on_hold", "completed", "rejected", "failed"}), "open"),
}


def state_for(not_before: datetime | None, at: datetime) -> TaskState:
    """Return the state at `at` of a task that nobody has taken: scheduled until `not_before`, then open."""
    return "scheduled" if not_before is not None and not_before > at else "open"


def as_of(task: TaskDocument, at: datetime) -> TaskDocument:
    """Return `task` as it is at `at`: a scheduled one whose time has come is open, whatever the store still says."""
    if task.state != "scheduled" or task.not_before is None or task.not_before > at:
        return task
    return task.model_copy(update={"state": "open"})


def is_snoozed(task: TaskDocument, at: datetime) -> bool:
    """Tell whether `task` is out of sight at `at`. It is open all the same."""
    return task.is_open and task.snoozed_until is not None and task.snoozed_until > at


def allowed_moves(task: TaskDocument) -> list[TaskMove]:
    """List the moves that `task` can make now."""
    return [
        move
        for move, transition in TRANSITIONS.items()
        if task.state in transition.sources and not (move == "reject" and task.type == "normal")
    ]


def move(
    task: TaskDocument, wanted: TaskMove, *, by: str, role: Role, at: datetime, reason: str | None
) -> TaskDocument | None:
    """Return `task` after the move, None when it is there already (a repetition).

    `by` is the user's id. Raises InvalidTransitionError (with the moves there are), ConflictError when somebody else
    has the task, ForbiddenError when it waits for another role, ValidationFailedError when a reason is missing.
    """
    transition = TRANSITIONS[wanted]
    if wanted in {"accept", "start"}:
        _refuse_taking(task, by, role)
    if task.state == transition.target:
        return None
    if wanted not in allowed_moves(task):
        raise InvalidTransitionError(f"A task that is {task.state} cannot {wanted}", allowed=allowed_moves(task))
    if reason is None and _needs_reason(task, wanted, at):
        raise reason_missing()
    return task.model_copy(update=_members(task, transition.target, by=by, at=at, reason=reason))


def edit_completed(
    task: TaskDocument, completed: bool, *, by: str, role: Role, at: datetime, reason: str | None = None
) -> TaskDocument | None:
    """Return `task` completed or un-completed, as the owner's PUT does; None when it is so already."""
    if completed == task.completed:
        return None
    return move(task, "complete" if completed else "reopen", by=by, role=role, at=at, reason=reason)


def assign(task: TaskDocument, to: str | None, *, by: str, role: Role, at: datetime) -> TaskDocument:
    """Return `task` given to somebody (a user's id), to a pool (`role:…`) or to nobody; the version stays.

    What somebody has taken is handed on by themselves or a lead, and is open again for the next one. Raises
    ConflictError for anybody else.
    """
    if to == task.assigned_to:
        return task
    given = assignment(task, to=to, by=by, at=at)
    if task.state not in TAKEN_STATES:
        return task.model_copy(update={"pool": None} | given)
    if task.assigned_to != by and not allows(role, Permission.TASK_REASSIGN):
        raise ConflictError("Somebody else has taken this task", code="already_taken")
    return task.model_copy(update={"pool": None, "state": "open", "updated_at": at} | given)


def auto_close(task: TaskDocument, *, at: datetime) -> TaskDocument | None:
    """Return the task of a rule whose condition has gone; None when it is closed already."""
    if task.state not in OPEN_STATES:
        return None
    return task.model_copy(update=_members(task, "auto_closed", by=None, at=at, reason=None))


def _refuse_taking(task: TaskDocument, by: str, role: Role) -> None:
    """Refuse what another has, or what waits for another: leads take over what nobody has begun."""
    holder = task.assigned_to
    if task.state in TAKEN_STATES and holder != by:
        raise ConflictError("Somebody else has taken this task", code="already_taken")
    if task.state != "open" or holder in {None, by, POOL + role} or allows(role, Permission.TASK_REASSIGN):
        return
    if holder is not None and holder.startswith(POOL):
        raise ForbiddenError("This task waits for another role")
    raise ConflictError("This task is somebody else's", code="already_taken")


def _needs_reason(task: TaskDocument, wanted: TaskMove, at: datetime) -> bool:
    long_done = wanted == "reopen" and task.completed_at is not None and at - task.completed_at > REOPEN_FREELY
    return TRANSITIONS[wanted].needs_reason or long_done


def _members(
    task: TaskDocument, target: TaskState, *, by: str | None, at: datetime, reason: str | None
) -> dict[str, object]:
    done = target == "completed"
    members: dict[str, object] = {
        "state": target,
        "completed": done,
        "is_open": target in OPEN_STATES,
        "completed_at": at if done else None,
        "completed_by": by if done else None,
        "reason": reason,
        "updated_at": at,
        "version": task.version + 1,
    }
    if not task.is_open:  # reminders that passed while it was closed are not sent any more
        members["reminded_through"] = max(at, task.reminded_through or at)
    if target == "accepted":
        in_pool = task.assigned_to is not None and task.assigned_to.startswith(POOL)
        members |= {"pool": task.assigned_to if in_pool else None} | assignment(task, to=by, by=by, at=at)
    elif target == "rejected" or (target == "open" and task.state in TAKEN_STATES):
        in_pool = task.assigned_to is not None and task.assigned_to.startswith(POOL)
        to = task.assigned_to if in_pool else task.pool
        members |= {"pool": None} | assignment(task, to=to, by=by, at=at)
    return members


def assignment(task: TaskDocument, *, to: str | None, by: str | None, at: datetime) -> dict[str, object]:
    """The members of `task` that say whose it is, by whose word and since when; none when nothing changes."""
    if to == task.assigned_to:
        return {}
    return {
        "assigned_to": to,
        "assigned_by": None if to is None else by,
        "assigned_at": None if to is None else at,
    }
