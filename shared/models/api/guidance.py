"""Requests and answers of the guidance component."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints, model_validator

from shared.models.api.base import AnswerModel, RequestModel, UtcTime
from shared.models.api.current_context import ModeName
from shared.models.api.drafts import DraftEmailParams
from shared.models.api.modes import QuickAction, RecordId, RecordType
from shared.models.api.tasks import Assignee, Description, DocumentId, Label, NewTask, Priority
from shared.models.firestore.documents import TaskType
from shared.models.guidance import GuidanceAction

ActionName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{1,60}$")]


class GuidanceExecution(QuickAction):
    """An action to run. `contextVersion` (as the action was offered with) or `factsVersion`: refused when stale."""

    context_version: int | None = Field(default=None, ge=1)
    facts_version: int | None = Field(default=None, ge=1)


class GuidanceList(AnswerModel):
    """What to do next, most urgent first."""

    guidance_actions: tuple[GuidanceAction, ...]


class GuidanceForm(AnswerModel):
    """A form: what `submitAction` asks for, as JSON Schema; `params` go along with what is filled in."""

    id: str
    title: str
    form_schema: dict[str, Any] = Field(alias="schema")
    submit_action: str
    params: dict[str, Any]
    disabled_reason: str | None
    context_version: int
    expires_at: datetime | None


class DynamicGuidance(AnswerModel):
    """What to do next as a client draws it."""

    buttons: tuple[GuidanceAction, ...]
    forms: tuple[GuidanceForm, ...]


class OpenRecordParams(RequestModel):
    """The record to work on, in the same mode."""

    record_type: RecordType
    record_id: RecordId


class SwitchModeParams(RequestModel):
    """The mode to work on this record in."""

    mode: ModeName


class DraftLetterParams(DraftEmailParams):
    """What to draft, about the record that is named, else about the one in hand."""

    record_type: RecordType | None = None
    record_id: RecordId | None = None

    @model_validator(mode="after")
    def _whole_record(self) -> Self:
        if (self.record_type is None) != (self.record_id is None):
            raise ValueError("name a record by its type and its number")
        return self


class CreateTaskParams(RequestModel):
    """A task in this context; see NewTask."""

    label: Label
    type: TaskType = "normal"
    description: Description | None = None
    assigned_to: Assignee | None = None
    due_at: UtcTime | None = None
    not_before: UtcTime | None = None
    priority: Priority = "normal"

    def in_context(self, context_id: str) -> NewTask:
        """Make the request for a task in the context."""
        return NewTask(context_id=context_id, **dict(self))


class SnoozeParams(RequestModel):
    """A task of this context, and until when it stays out of sight."""

    task_id: DocumentId
    until: UtcTime


class ShareToBackendParams(RequestModel):
    """What the back office is asked to do about this record."""

    label: Label | None = None
    description: Description | None = None
    due_at: UtcTime | None = None
    priority: Priority = "normal"


class WhyNotParams(RequestModel):
    """The action that is missing or cannot be run."""

    action: ActionName
