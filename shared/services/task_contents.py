"""What a new or an edited task holds."""

from __future__ import annotations

from datetime import datetime

from shared.domain import task as rules
from shared.errors import FieldError, ValidationFailedError
from shared.models.api.tasks import NewFollowUp, NewTask, TaskEdit
from shared.models.caller import Caller
from shared.models.firestore.documents import ContextDocument, FollowUp, TaskDocument
from shared.models.roles import Role


def new_task(caller: Caller, context: ContextDocument, new: NewTask, *, task_id: str, now: datetime) -> TaskDocument:
    """Return the task that `new` asks for in `context`. Raises ValidationFailedError."""
    audience = [f"ctx:{context.id}"]
    if new.type != "normal":
        audience.append(record_mark(context))
    to = assignee(caller, new.assigned_to)
    return TaskDocument(
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
        created_by=str(caller.user_id),
        follow_up=_follow_up(caller, new.follow_up),
        repeat_days=new.repeat_days,
        series_id=task_id if new.repeat_days is not None else None,
        linked_to=new.linked_to,
        audience=tuple(audience),
        sort_at=new.due_at or now,
    )


def edited(caller: Caller, task: TaskDocument, edit: TaskEdit, now: datetime) -> TaskDocument:
    """Return `task` with what `edit` names; one version more when anything is different. Raises as a move does."""
    changed = task
    if edit.completed is not None:
        changed = rules.edit_completed(task, edit.completed, by=str(caller.user_id), at=now) or task
    given = edit.model_fields_set - {"completed", "version"}
    required = [name for name in ("label", "priority") if name in given and getattr(edit, name) is None]
    if required:
        raise invalid(required[0], "null", "must not be null")
    members = {name: getattr(edit, name) for name in given}
    if "assigned_to" in members:
        to = assignee(caller, edit.assigned_to)
        members |= {"assigned_to": to} | rules.assignment(task, to=to, by=str(caller.user_id), at=now)
    if "follow_up" in members:
        members["follow_up"] = _follow_up(caller, edit.follow_up)
    if "repeat_days" in members:
        members["series_id"] = task.series_id or (task.id if edit.repeat_days is not None else None)
    if "due_at" in members:
        members["sort_at"] = edit.due_at or task.created_at
    if "not_before" in members and edit.not_before != task.not_before and changed.state in {"scheduled", "open"}:
        members["state"] = rules.state_for(edit.not_before, now)
    different = {name: value for name, value in members.items() if getattr(task, name) != value}
    if not different:
        return changed
    return changed.model_copy(update={**different, "updated_at": now, "version": task.version + 1})


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
    if given is not None and given.startswith("role:") and given.removeprefix("role:") not in set(Role):
        raise invalid("assignedTo", "unknown_role", "is not a role")
    return given


def invalid(field: str, code: str, message: str) -> ValidationFailedError:
    """Make the error of one member: a machine's `code` and the rest of a sentence that starts with its name."""
    return ValidationFailedError(f"{field} {message}", errors=(FieldError(field, code, message),))
