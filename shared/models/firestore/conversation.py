"""Chat messages and what people think of them."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from shared.models.firestore.documents import Document, Part

MessageType = Literal["user", "system"]
MessageState = Literal["queued", "streaming", "complete", "stopped", "error"]
Rating = Literal["up", "down"]
FeedbackReason = Literal[
    "wrong_patient", "unsafe", "inaccurate", "outdated", "incomplete", "unclear", "irrelevant", "too_long", "other"
]


class ThinkingStep(Part):
    """A step the assistant really took: a record read (`source` is `table/uuid`) or a rule run (`rule:Enn`)."""

    text: str
    source: str | None = None
    milliseconds: int = 0


class OfferedAction(Part):
    """A guidance action that a reply offers."""

    label: str
    action: str
    params: dict[str, str | int | bool | None] = Field(default={})


class MessageDocument(Document):
    """`messages/{id}`: `user` is a person's, `system` the assistant's; `content` grows while a reply is written.

    `user_id` is the person whose thread it is. `last_sign_at` is when the writing run was last heard of.
    """

    context_id: str
    mode: str
    patient_uuid: str | None = None
    thread_id: str
    user_id: str
    type: MessageType
    content: str
    thinking: tuple[ThinkingStep, ...] = ()
    guidance_actions: tuple[OfferedAction, ...] = ()
    state: MessageState = "complete"
    in_reply_to: str | None = None
    last_sign_at: datetime | None = None
    sort_at: datetime


class Questionnaire(Part):
    """What a person would change."""

    improvement: str | None = None
    comments: str | None = None


class FeedbackEntry(Part):
    """What the same person said of the same message before."""

    rating: Rating | None = None
    reasons: tuple[FeedbackReason, ...] = ()
    questionnaire: Questionnaire | None = None
    at: datetime


class FeedbackDocument(Document):
    """`feedback/{id}`: one a person and message; `history` holds what it said before, oldest first.

    `day` (`YYYY-MM-DD`) is the organisation's day on which it was first given, `rules` the rules that the message went
    by: what it is counted under.
    """

    context_id: str
    mode: str
    patient_uuid: str | None = None
    message_id: str
    user_id: str
    rating: Rating | None = None
    reasons: tuple[FeedbackReason, ...] = ()
    questionnaire: Questionnaire | None = None
    history: tuple[FeedbackEntry, ...] = ()
    day: str | None = None
    rules: tuple[str, ...] = ()
