"""The grounded assistant over given stores, and its answers put together."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from shared.assistant.catalog import tool_table
from shared.assistant.grounded.assistant import GroundedAssistant
from shared.assistant.protocol import AnswerPart, Citation, Ending, Offers, Step, Text
from shared.assistant.tools import Services, ToolTable
from shared.db.selector import DatabaseSelector
from shared.services.access_log import AccessLog
from shared.services.alerts import AlertService
from shared.services.claim_work import ClaimWork
from shared.services.clock import Clock
from shared.services.current_context import CurrentContextService
from shared.services.front_desk_figures import FrontDeskFigures
from shared.services.guidance import GuidanceService
from shared.services.modes import ModeService
from shared.services.patient_records import PatientRecordService
from shared.services.records import RecordService
from shared.services.tasks import TaskService
from shared.services.visits import VisitService


def tools_over(
    selector: DatabaseSelector,
    modes: ModeService,
    log: AccessLog,
    now: Clock,
) -> ToolTable:
    """The table of tools as the composition root makes it."""
    tasks, alerts = TaskService(selector, log, now=now), AlertService(selector, log, now=now)
    guidance = GuidanceService(modes, CurrentContextService(modes, log), tasks, log)
    records = PatientRecordService(selector, log, now=now)
    return tool_table(
        Services(
            patient_records=lambda: records,
            records=lambda: RecordService(lambda: selector.postgres, log),
            tasks=lambda: tasks,
            guidance=lambda: guidance,
            modes=lambda: modes,
            alerts=lambda: alerts,
            visits=lambda: VisitService(lambda: selector.postgres, log, now=now),
            desk_figures=lambda: FrontDeskFigures(lambda: selector.postgres, log, now=now),
            claim_work=lambda: ClaimWork(lambda: selector.postgres, log, now=now),
        ),
        noticed=lambda error, _request: None if str(error) == "a bug" else pytest.fail(repr(error)),
    )


def assistant_over(
    selector: DatabaseSelector,
    modes: ModeService,
    log: AccessLog,
    now: Clock,
) -> GroundedAssistant:
    """See tools_over."""
    return GroundedAssistant(tools_over(selector, modes, log, now))


@dataclass(frozen=True)
class Answered:
    """An answer put together."""

    text: str
    steps: tuple[Step, ...]
    citations: tuple[Citation, ...]
    offered: tuple[str, ...]
    ending: Ending
    parts: tuple[AnswerPart, ...]

    @classmethod
    def of(cls, parts: list[AnswerPart]) -> Answered:
        """Put the parts of an answer together; the last one is its ending and the only one."""
        *others, ending = parts
        assert isinstance(ending, Ending)
        assert not any(isinstance(one, Ending) for one in others)
        return cls(
            "".join(one.delta for one in parts if isinstance(one, Text)),
            tuple(one for one in parts if isinstance(one, Step)),
            tuple(one for one in parts if isinstance(one, Citation)),
            tuple(action.action for one in parts if isinstance(one, Offers) for action in one.actions),
            ending,
            tuple(parts),
        )

    @property
    def tools(self) -> list[str]:
        """The tools that were called, in their order."""
        return [step.tool for step in self.steps if step.tool != "understand"]

    @property
    def read(self) -> set[str]:
        """Every record that a step read."""
        return {source for step in self.steps for source in step.sources}
