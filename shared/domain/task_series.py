"""Tasks that repeat: completing one makes the next, in the same commit and therefore once."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from shared.domain import task as rules
from shared.domain.recurrence import instant, local_time, next_index, occurrence
from shared.models.firestore.documents import Repeat, RepeatUnit, TaskDocument
from shared.models.identifiers import derived_document_id


def anchored(task: TaskDocument, *, every: int, unit: RepeatUnit, until: str | None, time_zone: str) -> Repeat:
    """Return how `task` repeats when it is counted from its own due time, which it must have."""
    zone = ZoneInfo(time_zone)
    due = task.due_at
    if due is None:
        raise ValueError("a task without a due time cannot repeat")
    local_due = local_time(due, zone)

    def lead(at: datetime) -> int:
        return int((local_due - local_time(at, zone)).total_seconds())

    return Repeat(
        every=every,
        unit=unit,
        until=until,
        anchor=local_due.isoformat(),
        start_lead=None if task.not_before is None else lead(task.not_before),
        reminder_leads=tuple(lead(at) for at in task.remind_at),
    )


def followed(
    before: TaskDocument, after: TaskDocument, *, at: datetime, time_zone: str
) -> tuple[TaskDocument, TaskDocument | None]:
    """Return `after` and, when this change completes a task that repeats, the one that follows it.

    A task has one follower at most: it names the one it has, so completing it again makes no other.
    """
    if before.completed or not after.completed or after.repeat is None or after.follower_id is not None:
        return after, None
    follower = _follower(after, after.repeat, at=at, zone=ZoneInfo(time_zone))
    if follower is None:
        return after, None
    return after.model_copy(update={"follower_id": follower.id, "series_id": follower.series_id}), follower


def _follower(task: TaskDocument, repeat: Repeat, *, at: datetime, zone: ZoneInfo) -> TaskDocument | None:
    """Return the next task of the series: occurrences that have passed by now are left out. None at its end."""
    index = next_index(repeat, at, zone)
    if index is None:
        return None
    due = occurrence(repeat, index)
    try:
        due_at = instant(due, zone)
        not_before = None if repeat.start_lead is None else instant(due - timedelta(seconds=repeat.start_lead), zone)
        remind_at = sorted({instant(due - timedelta(seconds=lead), zone) for lead in repeat.reminder_leads})
    except OverflowError:
        return None
    return TaskDocument(
        id=derived_document_id("task", task.id, "follower"),
        client_id=task.client_id,
        created_at=at,
        updated_at=at,
        context_id=task.context_id,
        mode=task.mode,
        record_type=task.record_type,
        record_uuid=task.record_uuid,
        patient_uuid=task.patient_uuid,
        label=task.label,
        description=task.description,
        type=task.type,
        source=task.source,
        state=rules.state_for(not_before, at),
        assigned_to=task.pool or task.assigned_to,
        priority=task.priority,
        due_at=due_at,
        not_before=not_before,
        remind_at=tuple(remind_at),
        reminded_through=at,
        repeat=repeat.model_copy(update={"index": index}),
        series_id=task.series_id or task.id,
        created_by=task.created_by,
        audience=task.audience,
        sort_at=due_at,
    )
