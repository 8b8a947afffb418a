"""Requests and answers of the tasks component."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from shared.models.api.base import AnswerModel, Day, Page, RequestModel, UtcTime
from shared.models.firestore.documents import RepeatUnit, TaskDocument, TaskMove, TaskState, TaskType

__all__ = [
    "NewFollowUp",
    "NewTask",
    "TaskBulk",
    "TaskBulkEdit",
    "TaskBulkResult",
    "TaskEdit",
    "TaskList",
    "TaskMove",
    "TaskMoveRequest",
    "TaskOutcome",
    "TaskQuery",
    "TaskRepeat",
    "TaskSnooze",
    "TaskView",
]

Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Description = Annotated[str, StringConstraints(max_length=4000)]
DocumentId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,128}$")]
Assignee = Annotated[
    str, StringConstraints(pattern=r"^(me|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|role:[a-z_]{3,40})$")
]
Due = Annotated[str, StringConstraints(pattern=r"^(today|overdue|\d{4}-\d{2}-\d{2})$")]
Priority = Literal["low", "normal", "high", "urgent"]
Days = Annotated[int, Field(ge=0, le=3650)]
Reminders = Annotated[tuple[UtcTime, ...], Field(max_length=10)]
Version = Annotated[int, Field(ge=1)]


class TaskQuery(Page):
    """Filters of a task list. `assignedTo` is a user id, `me` or `role:<role>`; `due` a day, `today` or `overdue`.

    Tasks that are snoozed until later are left out unless `snoozed` is true.
    """

    context_id: DocumentId | None = None
    type: TaskType | None = None
    completed: bool | None = None
    assigned_to: Assignee | None = None
    due: Due | None = None
    snoozed: bool = Field(default=False, description="also the tasks that are snoozed until later")
    limit: int = Field(default=25, ge=1, le=100)


class NewFollowUp(RequestModel):
    """The task that the completion of this one opens: due `inDays` later, in the same context."""

    label: Label
    in_days: Days = 0
    assigned_to: Assignee | None = None


class TaskRepeat(RequestModel):
    """Every so many days, weeks, months or years on the organisation's clocks, `until` a last day.

    Counted from `dueAt`, so that what is due on a month's last day stays there and 09:00 stays 09:00.
    """

    every: int = Field(default=1, ge=1, le=999)
    unit: RepeatUnit
    until: Day | None = None


class NewTask(RequestModel):
    """A task to make in a context. `assignedTo` is the id of an active member, `me` or `role:<role>`.

    It is scheduled until `notBefore`, then open. At each time of `remindAt` whoever has it is alerted. Completing one
    that repeats makes the next, and opens its `followUp`. A back-office task may be the other side of a shared task of
    the same record (`linkedTo`): what one of the two ends in, the other ends in too.
    """

    context_id: DocumentId
    label: Label
    type: TaskType = "normal"
    description: Description | None = None
    assigned_to: Assignee | None = None
    due_at: UtcTime | None = None
    not_before: UtcTime | None = None
    remind_at: Reminders = ()
    repeat: TaskRepeat | None = None
    priority: Priority = "normal"
    follow_up: NewFollowUp | None = None
    linked_to: DocumentId | None = None


class TaskEdit(RequestModel):
    """What a PUT may change; a member left out stays. `completed` completes and un-completes (`reason` says why)."""

    read_only: ClassVar[frozenset[str]] = frozenset(
        {
            "id",
            "contextId",
            "mode",
            "type",
            "source",
            "state",
            "recordType",
            "createdBy",
            "createdAt",
            "updatedAt",
            "completedAt",
            "completedBy",
            "snoozedUntil",
            "assignedBy",
            "assignedAt",
            "nextReminderAt",
            "seriesId",
            "follows",
            "linkedTo",
        }
    )

    label: Label | None = None
    description: Description | None = None
    assigned_to: Assignee | None = None
    due_at: UtcTime | None = None
    not_before: UtcTime | None = None
    remind_at: Reminders | None = None
    repeat: TaskRepeat | None = None
    priority: Priority | None = None
    completed: bool | None = None
    follow_up: NewFollowUp | None = None
    reason: Reason | None = None
    version: Version | None = None


class TaskMoveRequest(RequestModel):
    """Why (needed to hold, release, reject, cancel and fail)."""

    reason: Reason | None = None


class TaskSnooze(RequestModel):
    """Until when the task stays out of default lists. It is open and counted all the while."""

    until: UtcTime


class TaskBulkEdit(RequestModel):
    """What a bulk update may change; a member left out stays."""

    assigned_to: Assignee | None = None
    due_at: UtcTime | None = None
    priority: Priority | None = None


class TaskBulk(RequestModel):
    """One move, or one change of members (`set`), for several tasks (at most 50).

    `versions` are the versions read, by task id: a task that has changed since is left as it is, with its outcome.
    """

    task_ids: list[DocumentId] = Field(min_length=1, max_length=50)
    move: TaskMove | None = None
    set: TaskBulkEdit | None = None
    reason: Reason | None = None
    versions: dict[DocumentId, Version] = Field(default={}, max_length=50)

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.move is None) == (self.set is None):
            raise ValueError("give either move or set")
        return self


class RepeatView(AnswerModel):
    """How a task repeats."""

    every: int
    unit: RepeatUnit
    until: str | None


class FollowUpView(AnswerModel):
    """The task that the completion of this one opens."""

    label: str
    in_days: int
    assigned_to: str | None


class TaskView(AnswerModel):
    """A task as clients see it. `follows` is the task whose completion opened it."""

    id: str
    context_id: str
    mode: str
    label: str
    description: str | None
    type: TaskType
    source: str
    state: TaskState
    completed: bool
    assigned_to: str | None
    assigned_by: str | None
    assigned_at: datetime | None
    priority: str
    due_at: datetime | None
    not_before: datetime | None
    snoozed_until: datetime | None
    remind_at: tuple[datetime, ...]
    next_reminder_at: datetime | None
    repeat: RepeatView | None
    series_id: str | None
    reason: str | None
    created_by: str
    created_at: datetime
    updated_at: datetime
    completed_at: datetime | None
    completed_by: str | None
    follow_up: FollowUpView | None
    follows: str | None
    linked_to: str | None
    version: int

    @classmethod
    def of(cls, task: TaskDocument) -> TaskView:
        """Show `task`."""
        return cls.model_validate(task, from_attributes=True)


class TaskList(AnswerModel):
    """A page of tasks; `nextCursor` is null at the end."""

    tasks: tuple[TaskView, ...]
    next_cursor: str | None


class TaskOutcome(AnswerModel):
    """How a bulk update ended for one task: the task, or why not (`code`)."""

    id: str
    success: bool
    code: str | None = None
    task: TaskView | None = None


class TaskBulkResult(AnswerModel):
    """The outcomes in the order asked for."""

    results: tuple[TaskOutcome, ...]
