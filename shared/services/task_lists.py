"""Lists of tasks: of a context, of its record, of the organisation."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from shared.db.selector import DatabaseSelector
from shared.domain import task as rules
from shared.errors import NotFoundError
from shared.models.api.tasks import TaskList, TaskQuery, TaskView
from shared.models.caller import Caller
from shared.models.cursor import encode_cursor
from shared.models.firestore.documents import ContextDocument, TaskDocument, TaskType
from shared.repositories.protocols import Position, TaskFilter
from shared.services.access_log import AccessLog
from shared.services.clock import Clock, utc_now
from shared.services.component import ComponentService
from shared.services.list_positions import position_of
from shared.services.task_contents import assignee, invalid, record_mark

SEARCH_STEP = 100


class TaskLists(ComponentService):
    """The reading half of the tasks component."""

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
        audience = (f"ctx:{context.id}", record_mark(context))
        return self._page(caller, query, audience, context)

    def get_shared_tasks(self, caller: Caller, query: TaskQuery, task_type: TaskType = "shared") -> TaskList:
        """List shared (or, by `task_type`, back-office) tasks: of the context's record, else of the organisation."""
        wanted = query.model_copy(update={"type": task_type})
        if query.context_id is None:
            return self._page(caller, wanted, (), None)
        context = self.context_of(caller, query.context_id)
        return self._page(caller, wanted, (record_mark(context),), context)

    def _page(
        self, caller: Caller, query: TaskQuery, audience: tuple[str, ...], context: ContextDocument | None
    ) -> TaskList:
        now = self._now()
        wanted = TaskFilter(
            audience=audience,
            type=query.type,
            is_open=True if query.completed is False or query.due == "overdue" else None,
            completed=True if query.completed else None,
            assigned_to=assignee(caller, query.assigned_to),
            due_before=_due_before(caller, query.due, now),
        )
        filters = (
            caller.client_id,
            audience,
            query.type,
            query.completed,
            query.assigned_to,
            query.due,
            query.snoozed,
        )
        after = None if query.cursor is None else position_of(query.cursor, filters)
        event = caller.seen(
            "task_list",
            resource_ref=context.id if context else None,
            patient_ref=context.patient_uuid if context else None,
            mode=context.mode if context else None,
        )
        with self._access_log.reading(event):
            found = self._found(caller, query, wanted, after, now)
        shown = found[: query.limit]
        more = len(found) > query.limit
        return TaskList(
            tasks=tuple(TaskView.of(rules.as_of(task, now)) for task in shown),
            next_cursor=encode_cursor(filters, shown[-1].sort_at.isoformat(), shown[-1].id) if more else None,
        )

    def _found(
        self, caller: Caller, query: TaskQuery, wanted: TaskFilter, after: Position | None, now: datetime
    ) -> list[TaskDocument]:
        """Find a full page and at least one more, if there are as many; snoozed tasks do not count."""
        visible: list[TaskDocument] = []
        step = query.limit + 1
        while True:
            found = self.db.firestore.tasks.find(caller.client_id, wanted, after=after, limit=step)
            visible += (task for task in found if query.snoozed or not rules.is_snoozed(task, now))
            if len(found) < step or len(visible) > query.limit:
                return visible
            after = Position(found[-1].sort_at, found[-1].id)
            step = SEARCH_STEP


def _due_before(caller: Caller, due: str | None, now: datetime) -> datetime | None:
    if due is None:
        return None
    if due == "overdue":
        return now
    try:
        day = caller.today(now) if due == "today" else date.fromisoformat(due)
        return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(caller.time_zone)).astimezone(UTC)
    except (ValueError, OverflowError) as exc:
        raise invalid("due", "not_a_date", "is not a day of the calendar") from exc
