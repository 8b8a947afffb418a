"""The table of tools. One more is one more line; every assistant reads it."""

from __future__ import annotations

from shared.assistant.history_tools import CLAIMS, DEADLINES, VISITS
from shared.assistant.live_tools import ALERTS, GUIDANCE, QUICK_ACTION, TASKS
from shared.assistant.record_tools import AUTHORIZATIONS, BENEFITS, COVERAGE, FIND_PATIENTS, PATIENT
from shared.assistant.tools import Noticed, Services, Tool, ToolTable

TOOLS: tuple[Tool, ...] = (
    PATIENT,
    FIND_PATIENTS,
    COVERAGE,
    BENEFITS,
    AUTHORIZATIONS,
    CLAIMS,
    VISITS,
    DEADLINES,
    TASKS,
    ALERTS,
    GUIDANCE,
    QUICK_ACTION,
)


def tool_table(services: Services, *, noticed: Noticed) -> ToolTable:
    """Every tool over `services`; `noticed` is told of errors that nobody expected."""
    return ToolTable(TOOLS, services, noticed)
