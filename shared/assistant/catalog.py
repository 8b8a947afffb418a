"""The table of tools. One more is one more line; every assistant reads it."""

from __future__ import annotations

from shared.assistant.billing_tools import AGING, LEDGER, QUEUES
from shared.assistant.desk_tools import CHECK_IN, DESK_DAY, NOT_READY, WAITING
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
    DESK_DAY,
    WAITING,
    NOT_READY,
    CHECK_IN,
    QUEUES,
    LEDGER,
    AGING,
)


def tool_table(services: Services, *, noticed: Noticed) -> ToolTable:
    """Every tool over `services`; `noticed` is told of errors that nobody expected."""
    return ToolTable(TOOLS, services, noticed)
