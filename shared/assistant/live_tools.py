"""Tools about the record in hand: its tasks and alerts, what is offered, and quick actions that only read."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from shared.assistant.protocol import Citation
from shared.assistant.readings import ActionReading, AlertsReading, GuidanceReading, Reading, TasksReading
from shared.assistant.tools import Desk, Tool
from shared.auth.permissions import Permission
from shared.errors import ForbiddenError
from shared.models.api.base import RequestModel
from shared.models.api.modes import QuickAction
from shared.models.api.tasks import Assignee, Due, TaskQuery, TaskView

MOST_PAGES = 5
PAGE = 100


class TaskParams(RequestModel):
    """Which tasks of the record in hand: open ones by default, `mine` those assigned to the caller."""

    completed: bool | None = False
    assigned_to: Assignee | None = None
    due: Due | None = None


class NothingAsked(RequestModel):
    """Nothing is asked for: it is about the record in hand."""


class ActionParams(RequestModel):
    """A quick action of the mode that only reads, with its params."""

    action: str = Field(pattern=r"^[a-z][a-z_]{0,59}$")
    params: dict[str, Any] = Field(default_factory=dict)


def read_tasks(desk: Desk, params: TaskParams) -> Reading:
    """See Tool.read."""
    service, found = desk.services.tasks(), list[TaskView]()
    cursor = None
    for _ in range(MOST_PAGES):
        query = TaskQuery(
            context_id=desk.context.id,
            completed=params.completed,
            assigned_to=params.assigned_to,
            due=params.due,
            limit=PAGE,
            cursor=cursor,
        )
        page = service.get_tasks(desk.caller, query)
        found += page.tasks
        cursor = page.next_cursor
        if cursor is None:
            break
    sources = [_context(desk), *(Citation(f"tasks/{one.id}", "Task") for one in found)]
    return Reading(TasksReading(tasks=tuple(found), complete=cursor is None), tuple(sources))


def read_alerts(desk: Desk, params: NothingAsked) -> Reading:
    """See Tool.read."""
    del params
    found = desk.services.alerts().about(desk.caller, desk.context)
    sources = [_context(desk), *(Citation(f"alerts/{one.id}", f"Alert ({one.severity})") for one in found)]
    return Reading(AlertsReading(alerts=found), tuple(sources))


def read_guidance(desk: Desk, params: NothingAsked) -> Reading:
    """See Tool.read."""
    del params
    offered = desk.services.guidance().get_guidance_actions(desk.caller, desk.context.id)
    return Reading(GuidanceReading(actions=offered.guidance_actions), (_context(desk),))


def run_reading_action(desk: Desk, params: ActionParams) -> Reading:
    """See Tool.read: only in the Agentic mode, and only what changes nothing."""
    if desk.assistant_mode != "Agentic":
        raise ForbiddenError("Only the Agentic mode runs quick actions by itself", code="not_agentic")
    modes, context = desk.services.modes(), desk.context
    rule = modes.get_mode_handler(context.mode).rule_for(desk.caller, params.action)
    if not rule.only_reads:
        raise ForbiddenError("What changes something is done by a person", code="not_read_only")
    asked = QuickAction(action=params.action, params=params.params, context_id=context.id)
    result = modes.execute_quick_action(desk.caller, context.mode, asked)
    patient = () if context.patient_uuid is None else (Citation(f"patients/{context.patient_uuid}", "Patient"),)
    data = ActionReading(action=params.action, data=result.data, at=desk.now)
    return Reading(data, (*patient, _context(desk)))


def _context(desk: Desk) -> Citation:
    return Citation(f"contexts/{desk.context.id}", f"Record in hand {desk.context.record_id}")


TASKS = Tool(
    "tasks",
    "The tasks of the record in hand, with those shared for its record: what is to do, until when, by whom.",
    "Read the tasks",
    TaskParams,
    read_tasks,
    permission=Permission.TASK_READ,
)
ALERTS = Tool(
    "alerts",
    "The caller's active alerts about the record in hand.",
    "Read the alerts",
    NothingAsked,
    read_alerts,
)
GUIDANCE = Tool(
    "guidance",
    "What the caller is offered to do next with the record in hand.",
    "Looked at what is offered",
    NothingAsked,
    read_guidance,
)
QUICK_ACTION = Tool(
    "quick_action",
    "Run a quick action that only reads (Agentic mode): compare_last_check, estimate_patient_cost, explain_verdict.",
    "Ran a quick action that only reads",
    ActionParams,
    run_reading_action,
    permission=Permission.QUICK_ACTION,
)
