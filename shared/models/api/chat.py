"""Requests and answers of the chat."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from shared.models.api.base import AnswerModel, Page, RequestModel
from shared.models.api.tasks import DocumentId
from shared.models.firestore.alerts import Text
from shared.models.firestore.conversation import MessageDocument, MessageEnding, MessageState, MessageType, Rating
from shared.models.guidance import GuidanceAction

LONGEST_QUESTION = 4000
MOST_MESSAGES = 500

Content = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_QUESTION)]
ThreadId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class MessageQuery(Page):
    """Which messages: of the current context or the one named, in the caller's own thread or the one named."""

    context_id: DocumentId | None = None
    thread_id: ThreadId | None = None
    limit: int = Field(default=25, ge=1, le=100)


class NewMessage(RequestModel):
    """A question about a context, of at most 4,000 characters.

    Without `threadId` it goes to the caller's own thread; any other name is a thread that all share who work on the
    context.
    """

    context_id: DocumentId
    content: Content
    thread_id: ThreadId | None = None


class UiPart(BaseModel):
    """A part of a message of the AI SDK, as far as it is read: only text is taken of a question."""

    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)

    type: Annotated[str, StringConstraints(max_length=100)]
    text: str | None = None


class UiMessage(BaseModel):
    """A message of the AI SDK (`UIMessage`), as far as it is read: the last one is the question."""

    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)

    id: Annotated[str, StringConstraints(max_length=200)] = ""
    role: Literal["user", "assistant", "system"]
    parts: list[UiPart] = Field(default=[])


class StreamedMessage(RequestModel):
    """A question to be answered as a stream: `content`, or the body that the AI SDK's own transport sends.

    Of that body the last message is the question: a user's, of text parts. What came before it is read from the
    thread; `id` (the client's name for its chat) and `messageId` are taken and not used.
    `regenerate-message` asks the same once more: a new question and a new answer.
    """

    context_id: DocumentId
    content: Content | None = None
    thread_id: ThreadId | None = None
    id: Annotated[str, StringConstraints(max_length=200)] | None = None
    messages: list[UiMessage] | None = Field(default=None, min_length=1, max_length=MOST_MESSAGES)
    trigger: Literal["submit-message", "regenerate-message"] | None = None
    message_id: Annotated[str, StringConstraints(max_length=200)] | None = None


class StreamQuery(RequestModel):
    """Where to go on: the `id` of the last event that was received, 0 for all of it."""

    after: int = Field(default=0, ge=0, le=1_000_000)


class StepView(AnswerModel):
    """A step that the assistant took: the tool or rule, what it read (`sources`), how long it took."""

    tool: str
    text: str
    sources: tuple[str, ...]
    milliseconds: int
    error: str | None


class CitationView(AnswerModel):
    """A record or rule that the answer rests on."""

    source: str
    title: str


class MessageView(AnswerModel):
    """A message as clients see it; `feedback` is the caller's own. The `status` of a person's is always `complete`."""

    id: str
    context_id: str
    mode: str
    thread_id: str
    user_id: str
    type: MessageType
    content: str
    status: MessageState
    ending: MessageEnding | None
    problem: Text | None
    stop_requested: bool
    thinking: tuple[StepView, ...]
    citations: tuple[CitationView, ...]
    guidance_actions: tuple[GuidanceAction, ...]
    feedback: Rating | None
    in_reply_to: str | None
    created_at: datetime
    updated_at: datetime
    version: int

    @classmethod
    def of(cls, message: MessageDocument, feedback: Rating | None = None) -> MessageView:
        """Show `message` to somebody who has rated it so."""
        members = {name: getattr(message, name) for name in cls.model_fields if name not in {"status", "feedback"}}
        return cls.model_validate({**members, "status": message.state, "feedback": feedback}, from_attributes=True)


class MessageList(AnswerModel):
    """A page of a thread, newest first; `nextCursor` is null at its beginning."""

    context_id: str
    thread_id: str
    messages: tuple[MessageView, ...]
    next_cursor: str | None


class ExchangeView(AnswerModel):
    """A question as it is stored, and the assistant's reply to it."""

    message: MessageView
    reply: MessageView


class ThinkingView(AnswerModel):
    """The steps of a reply in their order; it grows while the reply is written."""

    message_id: str
    status: MessageState
    thinking: tuple[StepView, ...]
