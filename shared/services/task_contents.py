"""What a new or an edited task holds."""

from __future__ import annotations

from datetime import date, datetime

from pydantic.alias_generators import to_camel

from shared.domain import task as rules
from shared.domain.task_series import anchored
from shared.errors import FieldError, ValidationFailedError
from shared.models.api.tasks import NewFollowUp, NewTask, TaskEdit, TaskRepeat
from shared.models.caller import Caller
from shared.models.firestore.documents import ContextDocument, FollowUp, Repeat, TaskDocument
from shared.models.roles import Role
from shared.repositories.protocols import RosterRepository


def new_task(caller: Caller, context: ContextDocument, new: NewTask, *, task_id: str, now: datetime) -> TaskDocument:
    """Return the task that `new` asks for in `context`. Raises ValidationFailedError."""
    audience = [f"ctx:{context.id}"]
    if new.type != "normal":
        audience.append(record_mark(context))
    to = assignee(caller, new.assigned_to)
    task = TaskDocument(
        id=task_id,
        client_id=str(caller.client_id),
        created_at=now,
        updated_at=now,
        context_id=context.id,
        mode=context.mode,
        record_type=context.record_type,
        record_uuid=context.record_uuid,
        patient_uuid=context.patient_uuid,
        label=new.label,
        description=new.description,
        type=new.type,
        source=context.mode,
        state=rules.state_for(new.not_before, now),
        assigned_to=to,
        assigned_by=None if to is None else str(caller.user_id),
        assigned_at=None if to is None else now,
        priority=new.priority,
        due_at=new.due_at,
        not_before=new.not_before,
        remind_at=reminders(new.remind_at, now),
        created_by=str(caller.user_id),
        follow_up=_follow_up(caller, new.follow_up),
        linked_to=new.linked_to,
        audience=tuple(audience),
        sort_at=new.due_at or now,
    )
    if new.repeat is None:
        return task
    return task.model_copy(update={"repeat": _repeat(caller, task, task, new.repeat), "series_id": task_id})


def edited(caller: Caller, task: TaskDocument, edit: TaskEdit, now: datetime) -> TaskDocument:
    """Return `task` with what `edit` names; one version more when anything is different. Raises as a move does."""
    by, role = str(caller.user_id), caller.role
    changed = task
    if edit.completed is not None:
        reason = edit.reason
        changed = rules.edit_completed(task, edit.completed, by=by, role=role, at=now, reason=reason) or task
    given = edit.model_fields_set - {"completed", "reason", "version"}
    required = [name for name in ("label", "priority", "remind_at") if name in given and getattr(edit, name) is None]
    if required:
        raise invalid(to_camel(required[0]), "null", "must not be null")
    if "assigned_to" in given:
        changed = rules.assign(changed, assignee(caller, edit.assigned_to), by=by, role=role, at=now)
    members = {name: getattr(edit, name) for name in given - {"assigned_to", "repeat", "remind_at"}}
    if "follow_up" in members:
        members["follow_up"] = _follow_up(caller, edit.follow_up)
    if "remind_at" in given:
        members["remind_at"] = reminders(edit.remind_at or (), now, known=task.remind_at)
    if "due_at" in members:
        members["sort_at"] = edit.due_at or task.created_at
    if "not_before" in members and edit.not_before != task.not_before and changed.state in {"scheduled", "open"}:
        members["state"] = rules.state_for(edit.not_before, now)
    changed = changed.model_copy(update=members)
    if given & {"due_at", "not_before", "remind_at", "repeat"}:
        repeat = edit.repeat if "repeat" in given else _asked(task.repeat)
        changed = changed.model_copy(update={"repeat": _repeat(caller, task, changed, repeat)})
    if changed == task or changed.version != task.version:
        return changed
    return changed.model_copy(update={"updated_at": now, "version": task.version + 1})


def reminders(asked: tuple[datetime, ...], now: datetime, *, known: tuple[datetime, ...] = ()) -> tuple[datetime, ...]:
    """Return the times in order, each once. Raises ValidationFailedError for a new one that has passed."""
    if any(at <= now and at not in known for at in asked):
        raise invalid("remindAt", "in_the_past", "must lie in the future")
    return tuple(sorted(set(asked)))


def _asked(repeat: Repeat | None) -> TaskRepeat | None:
    """Return what a stored series was asked to be."""
    if repeat is None:
        return None
    until = None if repeat.until is None else date.fromisoformat(repeat.until)
    return TaskRepeat(every=repeat.every, unit=repeat.unit, until=until)


def _repeat(caller: Caller, before: TaskDocument, task: TaskDocument, asked: TaskRepeat | None) -> Repeat | None:
    """Return how `task` repeats from its own due time on; a series whose times stay the same goes on as it was."""
    if asked is None:
        return None
    if task.due_at is None:
        raise invalid("repeat", "needs_due", "needs dueAt to count from")
    times = (before.due_at, before.not_before, before.remind_at)
    if asked == _asked(before.repeat) and times == (task.due_at, task.not_before, task.remind_at):
        return before.repeat
    until = None if asked.until is None else asked.until.isoformat()
    try:
        return anchored(task, every=asked.every, unit=asked.unit, until=until, time_zone=caller.time_zone)
    except OverflowError as exc:
        raise invalid("dueAt", "not_a_date", "lies outside the calendar") from exc


def _follow_up(caller: Caller, given: NewFollowUp | None) -> FollowUp | None:
    if given is None:
        return None
    to = assignee(caller, given.assigned_to)
    return FollowUp(label=given.label, in_days=given.in_days, assigned_to=to)


def record_mark(context: ContextDocument) -> str:
    """Return the audience mark of everything about the context's record."""
    return f"rec:{context.record_type}:{context.record_uuid}"


def assignee(caller: Caller, given: str | None) -> str | None:
    """Return whom a task is assigned to: `me` is the caller. Raises ValidationFailedError for an unknown role."""
    if given == "me":
        return str(caller.user_id)
    if given is not None and given.startswith(rules.POOL) and given.removeprefix(rules.POOL) not in set(Role):
        raise invalid("assignedTo", "unknown_role", "is not a role")
    return given


def check_member(rosters: RosterRepository, caller: Caller, given: str | None, *, member: str = "assignedTo") -> None:
    """Raise ValidationFailedError unless the person a task is given to is an active member of the organisation.

    Somebody unknown, somebody of another organisation and somebody deactivated are refused alike.
    """
    if given is None or given == "me" or given.startswith(rules.POOL) or given == str(caller.user_id):
        return
    roster = rosters.get(caller.client_id)
    if roster is None or all(one.user_id != given for one in roster.members):
        raise invalid(member, "not_a_member", "is not an active member of your organisation")


def invalid(field: str, code: str, message: str) -> ValidationFailedError:
    """Make the error of one member: a machine's `code` and the rest of a sentence that starts with its name."""
    return ValidationFailedError(f"{field} {message}", errors=(FieldError(field, code, message),))
