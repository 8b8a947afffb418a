"""Reminders of tasks: which are due, and what is said to whom. Each is sent once for its task and time."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from shared.auth.permissions import Permission, allows, allows_mode
from shared.domain import task as rules
from shared.domain.raised_alert import Subject, raised_alert
from shared.models.firestore.alerts import AlertDocument, Audience, Text
from shared.models.firestore.documents import TaskDocument
from shared.models.roles import Role


def due_reminders(task: TaskDocument, now: datetime) -> tuple[datetime, ...]:
    """Return the reminders to send at `now`: also those that were missed; none while the task is snoozed."""
    if rules.is_snoozed(task, now):
        return ()
    return tuple(at for at in task.waiting_reminders if at <= now)


def reminded(task: TaskDocument, now: datetime) -> tuple[TaskDocument, tuple[AlertDocument, ...]]:
    """Return the task with its due reminders sent, and their alerts.

    The version stays: nobody's edit is stale because a reminder went out meanwhile.
    """
    due = due_reminders(task, now)
    if not due:
        return task, ()
    return task.model_copy(update={"reminded_through": due[-1]}), tuple(_alert(task, at, now) for at in due)


def _alert(task: TaskDocument, at: datetime, now: datetime) -> AlertDocument:
    overdue = task.due_at is not None and task.due_at <= now
    due_at = None if task.due_at is None else task.due_at.isoformat()
    return raised_alert(
        Subject(
            client_id=task.client_id,
            context_id=task.context_id,
            mode=task.mode,
            record_type=task.record_type,
            record_uuid=task.record_uuid,
            patient_uuid=task.patient_uuid,
        ),
        key=f"task_reminder:{task.id}:{at.isoformat()}",
        severity="warning" if overdue else "info",
        message=Text(
            code="task_overdue" if overdue else "task_reminder",
            params={"taskId": task.id, "label": task.label, "dueAt": due_at},
            text=f"{'Overdue' if overdue else 'Reminder'}: {task.label}",
        ),
        audience=_audience(task),
        source=f"tasks/{task.id}",
        at=now,
    )


def _audience(task: TaskDocument) -> Audience:
    """Return who is reminded: whoever has the task, else its pool, else who made it, else all who work in its mode."""
    for who in (task.assigned_to, task.created_by):
        if who is not None and who.startswith(rules.POOL):
            return Audience(roles=(who.removeprefix(rules.POOL),))
        if who is not None and _is_person(who):
            return Audience(user_ids=(who,))
    working = [role for role in Role if allows(role, Permission.TASK_WRITE) and allows_mode(role, task.mode)]
    return Audience(roles=tuple(role.value for role in working))


def _is_person(who: str) -> bool:
    try:
        UUID(who)
    except ValueError:
        return False
    return True
