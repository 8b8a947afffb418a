"""The Gemini assistant at the demo's Riverside, over stores in memory and a model on a real socket."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from pydantic import SecretStr

from shared.assistant.catalog import tool_table
from shared.assistant.gemini.assistant import GeminiAssistant, Persistence
from shared.assistant.gemini.model import GeminiModel
from shared.assistant.grounded.assistant import GroundedAssistant
from shared.assistant.protocol import AnswerPart, Citation, Ending, Offers, Question, Step, Text
from shared.assistant.tools import Services
from shared.config import GeminiSettings
from shared.db.selector import DatabaseSelector
from shared.models.caller import Caller
from shared.models.firestore.conversation import MessageDocument, MessageType
from shared.models.identifiers import document_id
from shared.models.roles import Role
from shared.models.users import AssistantMode
from shared.services.access_log import AccessLog
from shared.services.alerts import AlertService
from shared.services.claim_work import ClaimWork
from shared.services.current_context import CurrentContextService
from shared.services.front_desk_figures import FrontDeskFigures
from shared.services.guidance import GuidanceService
from shared.services.patient_records import PatientRecordService
from shared.services.records import RecordService
from shared.services.tasks import TaskService
from shared.services.visits import VisitService
from tests.integration.gemini.server import KEY, MODEL, GeminiServer
from tests.unit.clinic import Clinic
from tests.unit.factories import NOW


@dataclass(frozen=True)
class Answered:
    """An answer put together; its last part is its ending, and the only one."""

    parts: tuple[AnswerPart, ...]

    @classmethod
    def of(cls, parts: Iterator[AnswerPart]) -> Answered:
        made = cls(tuple(parts))
        assert [isinstance(one, Ending) for one in made.parts].index(True) == len(made.parts) - 1
        return made

    @property
    def text(self) -> str:
        return "".join(one.delta for one in self.parts if isinstance(one, Text))

    @property
    def steps(self) -> list[Step]:
        return [one for one in self.parts if isinstance(one, Step)]

    @property
    def called(self) -> list[tuple[str, str | None]]:
        """What was done, with the code of what went wrong in it."""
        return [(one.tool, one.error) for one in self.steps]

    @property
    def read(self) -> set[str]:
        return {source for step in self.steps for source in step.sources}

    @property
    def cited(self) -> list[str]:
        return [one.source for one in self.parts if isinstance(one, Citation)]

    @property
    def offered(self) -> list[str]:
        return [action.action for one in self.parts if isinstance(one, Offers) for action in one.actions]

    @property
    def ending(self) -> str:
        last = self.parts[-1]
        assert isinstance(last, Ending)
        return last.reason


@dataclass
class Office:
    """`ask` asks about MRN553's record; waits between attempts are noted in `waited` and not waited for."""

    server: GeminiServer
    clinic: Clinic = field(default_factory=Clinic)
    waited: list[float] = field(default_factory=list)
    idle: int = 10
    seconds: int = 60

    def __post_init__(self) -> None:
        clinic, log = self.clinic, AccessLog(lambda: self.clinic.topic, lambda: self.clinic.live.outbox)
        self.selector = DatabaseSelector(lambda: clinic.records, lambda: clinic.live)
        tasks = TaskService(self.selector, log, now=clinic.clock)
        guidance = GuidanceService(clinic.modes, CurrentContextService(clinic.modes, log), tasks, log)
        records = PatientRecordService(self.selector, log, now=clinic.clock)
        self.guidance = guidance
        services = Services(
            patient_records=lambda: records,
            records=lambda: RecordService(lambda: clinic.records, log),
            tasks=lambda: tasks,
            guidance=lambda: guidance,
            modes=lambda: clinic.modes,
            alerts=lambda: AlertService(self.selector, log, now=clinic.clock),
            visits=lambda: VisitService(lambda: clinic.records, log, now=clinic.clock),
            desk_figures=lambda: FrontDeskFigures(lambda: clinic.records, log, now=clinic.clock),
            claim_work=lambda: ClaimWork(lambda: clinic.records, log, now=clinic.clock),
        )
        self.tools = tool_table(services, noticed=lambda error, _request: pytest.fail(repr(error)))
        self.grounded = GroundedAssistant(self.tools)

    @property
    def settings(self) -> GeminiSettings:
        return GeminiSettings(
            model=MODEL,
            api_key=SecretStr(KEY),
            url=self.server.url,
            idle_seconds=self.idle,
            answer_seconds=self.seconds,
        )

    def assistant(self, model: GeminiModel | None = None, **persistence: Any) -> GeminiAssistant:
        given = {"pause": self.waited.append, "chance": lambda: 1.0, "look": 100.0, **persistence}
        return GeminiAssistant(
            self.tools, self.grounded, model or GeminiModel(self.settings), persistence=Persistence(**given)
        )

    def question(
        self,
        text: str = "Any claims?",
        *before: tuple[MessageType, str],
        mode: AssistantMode = "Co-pilot",
        who: Caller | None = None,
    ) -> Question:
        caller = who or self.clinic.caller
        view = self.clinic.open(who=caller)
        context = self.selector.bound(caller.client_id).get_context(view.context_id)
        history = tuple(_message(one, said, context.id, context.client_id) for one, said in before)
        return Question(caller, context, text, history, mode, NOW)

    def ask(
        self,
        text: str = "Any claims?",
        *before: tuple[MessageType, str],
        stopped: Callable[[], bool] = lambda: False,
        **members: Any,
    ) -> Answered:
        return Answered.of(self.assistant().answer(self.question(text, *before, **members), stopped=stopped))

    def person(self, role: Role) -> Caller:
        return replace(self.clinic.caller, role=role, session_id=f"uid-{role}_1790000000")

    def stored(self) -> str:
        """Everything that is stored, beside the trail of what was read."""
        live = self.clinic.live.documents
        return repr((self.clinic.records.tables.rows, live.tasks, live.contexts, live.alerts, live.drafts, live.jobs))


def _message(kind: MessageType, said: str, context_id: str, client_id: str) -> MessageDocument:
    return MessageDocument(
        id=document_id("msg"), client_id=client_id, created_at=NOW, updated_at=NOW, sort_at=NOW, content=said,
        context_id=context_id, mode="eligibility", thread_id="t", user_id="u", type=kind,
    )  # fmt: skip
