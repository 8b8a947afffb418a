"""Chat messages and what people think of them."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from shared.models.firestore.alerts import Text
from shared.models.firestore.documents import Document, Part
from shared.models.guidance import GuidanceAction

MessageType = Literal["user", "system"]
MessageState = Literal["queued", "streaming", "complete", "stopped", "error"]
MessageEnding = Literal["complete", "stopped", "truncated", "declined", "error"]
Rating = Literal["up", "down"]
FeedbackReason = Literal[
    "wrong_patient", "unsafe", "inaccurate", "outdated", "incomplete", "unclear", "irrelevant", "too_long", "other"
]


class ThinkingStep(Part):
    """A step the assistant really took: the `tool` it called or the rule it ran, and what that read.

    `sources` are `table/uuid`, `collection/id` or `rule:Enn`; `error` is the code of what went wrong. `place` is where
    the step stands in the stream of its reply (see MessageDocument).
    """

    tool: str
    text: str
    sources: tuple[str, ...] = ()
    milliseconds: int = 0
    error: str | None = None
    place: int = 0


class CitedSource(Part):
    """A record or rule that a reply rests on, and its place in the stream."""

    source: str
    title: str
    place: int = 0


class MessageDocument(Document):
    """`messages/{id}`: `user` is a person's, `system` the assistant's; `content` grows while a reply is written.

    `user_id` is who wrote the message, or whom the reply answers. `is_running` is derived from `state`; `last_sign_at`
    is when the run that writes a reply was last heard of, `ending` how it ended and `problem` what went wrong.

    A reply says its parts in an order that never changes: its beginning has place 0, each step and each citation the
    place that it carries, and each character of `content` the next free one. So a reader who has the first n places
    goes on at n, wherever the run is. What it offers comes last.

    `request` is the hash of the request that made the message, when that had an Idempotency-Key.
    """

    context_id: str
    mode: str
    patient_uuid: str | None = None
    thread_id: str
    user_id: str
    type: MessageType
    content: str
    thinking: tuple[ThinkingStep, ...] = ()
    citations: tuple[CitedSource, ...] = ()
    guidance_actions: tuple[GuidanceAction, ...] = ()
    state: MessageState = "complete"
    is_running: bool = False
    ending: MessageEnding | None = None
    problem: Text | None = None
    stop_requested: bool = False
    in_reply_to: str | None = None
    last_sign_at: datetime | None = None
    request: str | None = None
    sort_at: datetime


class ThreadDocument(Document):
    """`threads/{id}`: one thread of a context. `reply_id` is its newest reply; while that runs, no other may begin.

    `id` is derived from organisation, context and `thread_id`.
    """

    context_id: str
    mode: str
    thread_id: str
    reply_id: str


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
