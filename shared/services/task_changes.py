"""What every change of a task by a person goes through: may they, is their version fresh, what comes with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from shared.auth.permissions import allows_mode
from shared.domain import task as rules
from shared.domain.task_series import followed
from shared.errors import ConflictError, ForbiddenError, NotFoundError, PreconditionFailedError
from shared.models.api.tasks import TaskView
from shared.models.audit import AuditEvent
from shared.models.caller import Caller
from shared.models.firestore.documents import TaskDocument
from shared.repositories.protocols import Change, KeptAnswer, TaskRepository


def checked(caller: Caller, stored: TaskDocument, now: datetime, *, version: int | None = None) -> TaskDocument:
    """Return the task as it is `now`, when the caller may change it and has read this `version` of it."""
    task = rules.as_of(stored, now)
    if task.deleted_at is not None:
        raise NotFoundError("There is no such record")
    if task.type == "normal" and not allows_mode(caller.role, task.mode):
        raise ForbiddenError("Your role does not work in this task's mode")
    if version is not None and version != task.version:
        current = TaskView.of(task).model_dump(mode="json", by_alias=True)
        raise PreconditionFailedError("The task has changed since you read it", current=current)
    return task


def changed(
    caller: Caller,
    before: TaskDocument,
    after: TaskDocument,
    now: datetime,
    event: Callable[[TaskDocument], AuditEvent],
    kept: Callable[[TaskDocument], KeptAnswer | None] = lambda _done: None,
) -> Change[TaskDocument]:
    """Return the change from `before` to `after`, with the next of the series when this completes one of it."""
    done, follower = followed(before, after, at=now, time_zone=caller.time_zone)
    followers = (follower,) if follower else ()
    return Change(done, naming_followers(event(done), followers), kept(done), followers)


def naming_followers(event: AuditEvent, followers: Sequence[TaskDocument]) -> AuditEvent:
    """Return the event of a change that says which tasks came into being with it: they have no event of their own."""
    if not followers:
        return event
    return event.model_copy(update={"metadata": {**event.metadata, "followers": [task.id for task in followers]}})


@contextmanager
def telling(task: TaskDocument) -> Iterator[None]:
    """Put the task's state into a refusal that it is the reason of: who has it now, without what people wrote."""
    try:
        yield
    except ConflictError as error:
        shown = {"id", "state", "completed", "assigned_to", "version"}
        error.extra["current"] = TaskView.of(task).model_dump(mode="json", by_alias=True, include=shown)
        raise


def refuse_second_of_rule(tasks: TaskRepository, caller: Caller, task: TaskDocument) -> None:
    """Refuse to open a rule's task again beside a later one. Raises ConflictError."""
    if task.dedupe_key is None:
        return
    latest = tasks.of_rule(caller.client_id, task.dedupe_key)
    if latest is not None and latest.id != task.id and latest.is_open and latest.deleted_at is None:
        raise ConflictError("There is a newer open task for the same reason", code="already_open")
