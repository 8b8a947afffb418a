"""The tools: one table of what an assistant can read, and calling them as one caller, about one question.

A tool is the services that the API uses, asked with the caller's role and organisation. Nothing that a question or a
record says reaches either: a tool gets its params, and who asks comes from the signed-in request alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from shared.assistant.protocol import Question, Step
from shared.assistant.readings import Reading
from shared.auth.permissions import Permission, allows, allows_mode, may_read
from shared.errors import ForbiddenError, MobiusError, NotFoundError, ValidationFailedError
from shared.models.api.base import RequestModel
from shared.models.caller import Caller
from shared.models.firestore.documents import ContextDocument
from shared.models.users import AssistantMode

if TYPE_CHECKING:
    from shared.models.records import EligibilityFile
    from shared.services.alerts import AlertService
    from shared.services.claim_work import ClaimWork
    from shared.services.front_desk_figures import FrontDeskFigures
    from shared.services.guidance import GuidanceService
    from shared.services.modes import ModeService
    from shared.services.patient_records import PatientRecordService
    from shared.services.records import RecordService
    from shared.services.tasks import TaskService
    from shared.services.visits import VisitService


# Told of an error that nobody expected, with the request's id: what writes it to the log.
Noticed = Callable[[BaseException, str], None]


@dataclass(frozen=True, slots=True)
class Services:
    """Where tools read: each is made on the first call that needs it."""

    patient_records: Callable[[], PatientRecordService]
    records: Callable[[], RecordService]
    tasks: Callable[[], TaskService]
    guidance: Callable[[], GuidanceService]
    modes: Callable[[], ModeService]
    alerts: Callable[[], AlertService]
    visits: Callable[[], VisitService]
    desk_figures: Callable[[], FrontDeskFigures]
    claim_work: Callable[[], ClaimWork]


@dataclass(slots=True)
class Desk:
    """What the tools of one question share: who asks, about what, when, and the files read so far."""

    caller: Caller
    context: ContextDocument
    assistant_mode: AssistantMode
    now: datetime
    services: Services
    _files: dict[str, EligibilityFile] = field(default_factory=dict)

    @property
    def today(self) -> date:
        """The day at the organisation."""
        return self.caller.today(self.now)

    @property
    def local_time(self) -> datetime:
        """The time at the organisation."""
        return self.now.astimezone(ZoneInfo(self.caller.time_zone))

    def reference(self, given: str | None) -> str:
        """The patient meant: the one given, else the record in hand's. Raises NotFoundError where there is none."""
        found = given or self.context.patient_uuid
        if found is None:
            raise NotFoundError("The record in hand is not about a patient", code="no_patient")
        return found

    def is_in_hand(self, given: str | None) -> bool:
        """Whether a reference is that of the record in hand's patient."""
        return given is None or given == self.context.patient_uuid

    def file(self, given: str | None) -> EligibilityFile:
        """The patient's file, read once for each question."""
        reference = self.reference(given)
        if reference not in self._files:
            visit = UUID(self.context.record_uuid) if self.context.record_type == "visit" else None
            self._files[reference] = self.services.patient_records().file(
                self.caller, reference, visit_id=visit, mode=self.context.mode
            )
        return self._files[reference]


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool: what a model is told of it, its params, and what the caller must be allowed to.

    `doing` words its step. `read` gets the desk and checked params. One that reads the whole organisation belongs to a
    `mode`: who does not work in it may not call it.
    """

    name: str
    description: str
    doing: str
    params: type[RequestModel]
    read: Callable[[Desk, Any], Reading]
    record_types: tuple[str, ...] = ()
    permission: Permission = Permission.SIGNED_IN
    mode: str | None = None

    def allowed(self, caller: Caller) -> bool:
        """Whether the caller's role may use it."""
        readable = all(may_read(caller.role, one) for one in self.record_types)
        return readable and allows(caller.role, self.permission) and self.in_modes_of(caller)

    def in_modes_of(self, caller: Caller) -> bool:
        """Whether the caller's role works in the mode that it belongs to."""
        return self.mode is None or allows_mode(caller.role, self.mode)

    def schema(self) -> dict[str, Any]:
        """The JSON Schema of its params."""
        return self.params.model_json_schema(by_alias=True)


@dataclass(frozen=True, slots=True)
class Called:
    """A call that was made: its step, and what was read; None when it went wrong (`error`)."""

    step: Step
    reading: Reading | None
    error: MobiusError | None = None


class Toolbox:
    """The tools for one question."""

    def __init__(self, tools: Mapping[str, Tool], desk: Desk, noticed: Noticed) -> None:
        self.tools = tools
        self.desk = desk
        self._noticed = noticed

    def call(self, name: str, params: Mapping[str, Any] | None = None) -> Called:
        """Call a tool. Whatever goes wrong in it is its step's error; nothing is raised for it."""
        begun = time.perf_counter()
        tool = self.tools.get(name)
        doing = tool.doing if tool else f"Look for a tool {name[:40]!r}"
        error: MobiusError
        try:
            reading = self._read(tool, params or {})
        except MobiusError as exc:
            error = exc
        except Exception as exc:  # noqa: BLE001 (a bug in one tool is that tool's step, not the end of the answer)
            self._noticed(exc, self.desk.caller.request_id)
            error = MobiusError()
        else:
            sources = tuple(one.source for one in reading.sources)
            return Called(Step(name, doing, sources, _since(begun)), reading)
        return Called(Step(name, doing, (), _since(begun), error.code), None, error)

    def _read(self, tool: Tool | None, params: Mapping[str, Any]) -> Reading:
        if tool is None:
            raise NotFoundError("There is no such tool here", code="no_such_tool")
        if not tool.in_modes_of(self.desk.caller):
            raise ForbiddenError("Your role does not work in this mode", code="not_in_mode")
        if not tool.allowed(self.desk.caller):
            raise ForbiddenError("Your role may not look at this")
        return tool.read(self.desk, _checked(tool, params))


class ToolTable:
    """Every tool there is, by name."""

    def __init__(self, tools: tuple[Tool, ...], services: Services, noticed: Noticed) -> None:
        self._services = services
        self._noticed = noticed
        self.tools = {one.name: one for one in tools}

    def open(self, question: Question) -> Toolbox:
        """Open the tools for a question, bound to who asks it and to the record in hand."""
        desk = Desk(question.caller, question.context, question.assistant_mode, question.now, self._services)
        return Toolbox(self.tools, desk, self._noticed)


def _checked(tool: Tool, params: Mapping[str, Any]) -> RequestModel:
    """Check the params of a call, which a model may have made up."""
    try:
        return tool.params.model_validate(dict(params))
    except ValidationError as exc:
        raise ValidationFailedError("The tool's params are not right", code="wrong_params") from exc


def _since(begun: float) -> int:
    return round((time.perf_counter() - begun) * 1000)
