"""Guidance actions: what a person is offered to do next."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from shared.models.api.base import AnswerModel
from shared.models.roles import Role

ActionKind = Literal["button", "form", "link", "handoff", "checklist"]


class GuidanceReason(AnswerModel):
    """Why an action is offered, or is not: the rule, a sentence with its code, and the records it rests on."""

    rule_id: str
    code: str
    text: str
    params: dict[str, str] = Field(default={})
    evidence: tuple[str, ...] = ()


class GuidanceAction(AnswerModel):
    """A labelled action; `action` is a quick action of the mode. What does not apply is left out of the answer.

    `form` is the JSON Schema of what it asks for; a disabled one says why. Lower `priority` comes first.
    """

    label: str
    action: str
    id: str | None = None
    kind: ActionKind = "button"
    params: dict[str, Any] = Field(default={})
    form: dict[str, Any] | None = None
    roles: tuple[Role, ...] = ()
    priority: int | None = None
    reason: GuidanceReason | None = None
    confirm: str | None = None
    disabled_reason: str | None = None
    context_version: int | None = None
    expires_at: datetime | None = None

    @model_serializer(mode="wrap")
    def _applicable(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        written: dict[str, Any] = write(self)
        return {name: value for name, value in written.items() if value not in (None, (), [], {})}
