"""Tasks: listing, making, changing, and the moves of their state machine."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from shared.auth.permissions import allows_mode
from shared.db.selector import DatabaseSelector
from shared.domain import task as rules
from shared.errors import (
    FieldError,
    ForbiddenError,
    InvalidTransitionError,
    MobiusError,
    NotFoundError,
    PreconditionFailedError,
    ValidationFailedError,
)
from shared.models.api.tasks import (
    NewTask,
    TaskBulk,
    TaskBulkResult,
    TaskEdit,
    TaskList,
    TaskOutcome,
    TaskQuery,
    TaskView,
)
from shared.models.audit import AuditEvent
from shared.models.caller import Caller
from shared.models.cursor import decode_cursor, encode_cursor
from shared.models.firestore.documents import ContextDocument, StoredAnswer, TaskDocument, TaskType
from shared.models.identifiers import derived_document_id, document_id
from shared.models.replay import replay
from shared.models.roles import Role
from shared.repositories.protocols import Change, Changes, KeptAnswer, Position, TaskFilter
from shared.services.access_log import AccessLog
from shared.services.clock import Clock, utc_now
from shared.services.component import ComponentService


class TaskService(ComponentService):
    """The tasks component."""

    def __init__(self, db_selector: DatabaseSelector, access_log: AccessLog, *, now: Clock = utc_now) -> None:
        super().__init__(db_selector)
        self._access_log = access_log
        self._now = now

    def get_component_data(
        self, component_type: str, context_id: str | None, mode: str | None = None, *, caller: Caller
    ) -> TaskList:
        """Return the first page of a context's tasks. Raises NotFoundError for another component."""
        if component_type != "tasks":
            raise NotFoundError(f"TaskService has no component {component_type}")
        context = self.context_of(caller, context_id, mode)
        return self.get_tasks(caller, TaskQuery(context_id=context.id))

    def get_tasks(self, caller: Caller, query: TaskQuery) -> TaskList:
        """List the context's own tasks and the shared and back-office tasks of the same record, soonest first."""
        context = self.context_of(caller, query.context_id)
        audience = (f"ctx:{context.id}", _record_mark(context))
        return self._page(caller, query, audience, context)

    def get_shared_tasks(self, caller: Caller, query: TaskQuery, task_type: TaskType = "shared") -> TaskList:
        """List shared (or, by `task_type`, back-office) tasks: of the context's record, else of the organisation."""
        wanted = query.model_copy(update={"type": task_type})
        if query.context_id is None:
            return self._page(caller, wanted, (), None)
        context = self.context_of(caller, query.context_id)
        return self._page(caller, wanted, (_record_mark(context),), context)

    def create_task(self, caller: Caller, new: NewTask) -> TaskView:
        """Make a task in a context. A repeated Idempotency-Key gets the first answer again."""
        context = self.context_of(caller, new.context_id)
        now = self._now()
        task = _new_task(caller, context, new, now)
        event = caller.changed(
            "task",
            resource_ref=task.id,
            patient_ref=context.patient_uuid,
            mode=context.mode,
            metadata={"type": new.type},
        )
        key = caller.idempotency
        if key is not None:
            answer = TaskView.of(task).model_dump_json(by_alias=True)
            task = task.model_copy(update={"idempotency": StoredAnswer(request=key.request, answer=answer)})
        existing = self.db.firestore.tasks.create(task, event)
        if existing is not None:
            kept = existing.idempotency
            if key is None or kept is None:
                raise NotFoundError("There is no such record")
            raise replay(kept_request=kept.request, request=key.request, status=201, body=kept.answer)
        return TaskView.of(task)

    def update_task(self, caller: Caller, task_id: str, edit: TaskEdit) -> TaskView:
        """Change what the edit names. Raises PreconditionFailedError when the caller's version is stale."""
        expected = caller.if_match if caller.if_match is not None else edit.version

        def decide(task: TaskDocument) -> Change[TaskDocument]:
            _check_access(caller, task)
            _check_version(task, expected)
            changed = _edited(caller, task, edit, self._now())
            return Change(changed, self._event(caller, changed))

        return TaskView.of(self.db.firestore.tasks.change(caller.client_id, task_id, decide))

    def delete_task(self, caller: Caller, task_id: str) -> TaskView:
        """Delete softly: the task leaves every list and cannot be changed any more."""

        def decide(task: TaskDocument) -> Change[TaskDocument]:
            _check_access(caller, task)
            _check_version(task, caller.if_match)
            now = self._now()
            gone = task.model_copy(
                update={"deleted_at": now, "is_open": False, "updated_at": now, "version": task.version + 1}
            )
            return Change(gone, self._event(caller, gone))

        return TaskView.of(self.db.firestore.tasks.change(caller.client_id, task_id, decide))

    def move(self, caller: Caller, task_id: str, wanted: rules.TaskMove, reason: str | None = None) -> TaskView:
        """Make one move of the state machine; a repetition of the move changes nothing."""
        now = self._now()

        def moved(task: TaskDocument) -> TaskDocument | None:
            return rules.move(task, wanted, by=str(caller.user_id), at=now, reason=reason)

        return self._transition(caller, task_id, moved, {"move": wanted})

    def snooze(self, caller: Caller, task_id: str, until: datetime) -> TaskView:
        """Put an open task out of sight until a time in the future."""
        now = self._now()
        if until <= now:
            raise _invalid("until", "in_the_past", "must lie in the future")

        def snoozed(task: TaskDocument) -> TaskDocument | None:
            if task.snoozed_until == until:
                return None
            if not task.is_open:
                raise InvalidTransitionError(
                    f"A task that is {task.state} cannot be snoozed", allowed=rules.allowed_moves(task)
                )
            return task.model_copy(update={"snoozed_until": until, "updated_at": now, "version": task.version + 1})

        return self._transition(caller, task_id, snoozed, {"move": "snooze"})

    def bulk(self, caller: Caller, request: TaskBulk) -> TaskBulkResult:
        """Make one move for several tasks in one commit; each that cannot move says why, in the order asked for."""
        key = caller.idempotency
        self.db.firestore.kept_answers.recall(key)
        now = self._now()
        task_ids = list(dict.fromkeys(request.task_ids))
        result = TaskBulkResult(results=())

        def decide(found: dict[str, TaskDocument]) -> Changes[TaskDocument]:
            nonlocal result
            moved: list[TaskDocument] = []
            outcomes = []
            for task_id in task_ids:
                try:
                    task = found.get(task_id)
                    if task is None:
                        raise NotFoundError("There is no such record")
                    _check_access(caller, task)
                    after = rules.move(task, request.move, by=str(caller.user_id), at=now, reason=request.reason)
                    if after is not None:
                        moved.append(after)
                    outcomes.append(TaskOutcome(id=task_id, success=True, task=TaskView.of(after or task)))
                except MobiusError as error:
                    outcomes.append(TaskOutcome(id=task_id, success=False, code=error.code))
            result = TaskBulkResult(results=tuple(outcomes))
            event = caller.changed("task", metadata={"move": request.move, "taskIds": [task.id for task in moved]})
            kept = KeptAnswer(key, 200, result.model_dump_json(by_alias=True)) if key else None
            return Changes(tuple(moved), event, kept)

        self.db.firestore.tasks.change_several(caller.client_id, task_ids, decide)
        return result

    def _transition(
        self,
        caller: Caller,
        task_id: str,
        moved: Callable[[TaskDocument], TaskDocument | None],
        metadata: dict[str, object],
    ) -> TaskView:
        key = caller.idempotency
        self.db.firestore.kept_answers.recall(key)

        def decide(task: TaskDocument) -> Change[TaskDocument]:
            _check_access(caller, task)
            _check_version(task, caller.if_match)
            changed = moved(task) or task
            body = TaskView.of(changed).model_dump_json(by_alias=True)
            kept = KeptAnswer(key, 200, body) if key else None
            return Change(changed, self._event(caller, changed, metadata), kept)

        return TaskView.of(self.db.firestore.tasks.change(caller.client_id, task_id, decide))

    def _event(self, caller: Caller, task: TaskDocument, metadata: dict[str, object] | None = None) -> AuditEvent:
        return caller.changed("task", resource_ref=task.id, mode=task.mode, metadata=metadata)

    def _page(
        self, caller: Caller, query: TaskQuery, audience: tuple[str, ...], context: ContextDocument | None
    ) -> TaskList:
        wanted = TaskFilter(
            audience=audience,
            type=query.type,
            is_open=True if query.completed is False or query.due == "overdue" else None,
            completed=True if query.completed else None,
            assigned_to=_assignee(caller, query.assigned_to),
            due_before=self._due_before(caller, query.due),
        )
        after = None
        filters = (caller.client_id, audience, query.type, query.completed, query.assigned_to, query.due)
        if query.cursor is not None:
            sort_at, last_id = decode_cursor(query.cursor, filters)
            after = Position(_time(sort_at), last_id)
        event = caller.seen(
            "task_list",
            resource_ref=context.id if context else None,
            patient_ref=context.patient_uuid if context else None,
            mode=context.mode if context else None,
        )
        with self._access_log.reading(event):
            found = self.db.firestore.tasks.find(caller.client_id, wanted, after=after, limit=query.limit + 1)
        shown = found[: query.limit]
        more = len(found) > query.limit
        return TaskList(
            tasks=tuple(TaskView.of(task) for task in shown),
            next_cursor=encode_cursor(filters, shown[-1].sort_at.isoformat(), shown[-1].id) if more else None,
        )

    def _due_before(self, caller: Caller, due: str | None) -> datetime | None:
        if due is None:
            return None
        now = self._now()
        if due == "overdue":
            return now
        try:
            day = caller.today(now) if due == "today" else date.fromisoformat(due)
            return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(caller.time_zone)).astimezone(UTC)
        except (ValueError, OverflowError) as exc:
            raise _invalid("due", "not_a_date", "is not a day of the calendar") from exc


def _new_task(caller: Caller, context: ContextDocument, new: NewTask, now: datetime) -> TaskDocument:
    key = caller.idempotency
    audience = [f"ctx:{context.id}"]
    if new.type != "normal":
        audience.append(_record_mark(context))
    waiting = new.not_before is not None and new.not_before > now
    return TaskDocument(
        id=derived_document_id("task", key.id) if key else document_id("task"),
        client_id=str(caller.client_id),
        created_at=now,
        updated_at=now,
        context_id=context.id,
        mode=context.mode,
        record_type=context.record_type,
        record_uuid=context.record_uuid,
        label=new.label,
        description=new.description,
        type=new.type,
        source=context.mode,
        state="scheduled" if waiting else "open",
        assigned_to=_assignee(caller, new.assigned_to),
        priority=new.priority,
        due_at=new.due_at,
        not_before=new.not_before,
        created_by=str(caller.user_id),
        audience=tuple(audience),
        sort_at=new.due_at or now,
    )


def _edited(caller: Caller, task: TaskDocument, edit: TaskEdit, now: datetime) -> TaskDocument:
    changed = task
    if edit.completed is not None:
        changed = rules.edit_completed(task, edit.completed, by=str(caller.user_id), at=now) or task
    given = edit.model_fields_set - {"completed", "version"}
    required = [name for name in ("label", "priority") if name in given and getattr(edit, name) is None]
    if required:
        raise _invalid(required[0], "null", "must not be null")
    members = {name: getattr(edit, name) for name in given}
    if "assigned_to" in members:
        members["assigned_to"] = _assignee(caller, edit.assigned_to)
    if "due_at" in members:
        members["sort_at"] = edit.due_at or task.created_at
    different = {name: value for name, value in members.items() if getattr(task, name) != value}
    if not different:
        return changed
    return changed.model_copy(update={**different, "updated_at": now, "version": task.version + 1})


def _check_access(caller: Caller, task: TaskDocument) -> None:
    if task.deleted_at is not None:
        raise NotFoundError("There is no such record")
    if task.type == "normal" and not allows_mode(caller.role, task.mode):
        raise ForbiddenError("Your role does not work in this task's mode")


def _check_version(task: TaskDocument, expected: int | None) -> None:
    if expected is not None and expected != task.version:
        current = TaskView.of(task).model_dump(mode="json", by_alias=True)
        raise PreconditionFailedError("The task has changed since you read it", current=current)


def _record_mark(context: ContextDocument) -> str:
    return f"rec:{context.record_type}:{context.record_uuid}"


def _assignee(caller: Caller, given: str | None) -> str | None:
    if given == "me":
        return str(caller.user_id)
    if given is not None and given.startswith("role:") and given.removeprefix("role:") not in set(Role):
        raise _invalid("assignedTo", "unknown_role", "is not a role")
    return given


def _time(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as exc:
        raise _invalid("cursor", "invalid_cursor", "is not a cursor of this list") from exc


def _invalid(field: str, code: str, message: str) -> ValidationFailedError:
    return ValidationFailedError(f"{field} {message}", errors=(FieldError(field, code, message),))
