"""Requests and answers of the feedback component."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from shared.models.api.base import AnswerModel, Page, RequestModel
from shared.models.firestore.conversation import FeedbackDocument, FeedbackReason, Rating

MessageId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,128}$")]
Answer = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]
Reasons = Annotated[tuple[FeedbackReason, ...], Field(max_length=9)]


class QuestionnaireAnswers(RequestModel):
    """What a person would change."""

    improvement: Answer | None = None
    comments: Answer | None = None


class NewFeedback(RequestModel):
    """What a person thinks of a message. Sent again it replaces what was sent before."""

    message_id: MessageId
    rating: Rating | None = None
    reasons: Reasons = ()
    questionnaire: QuestionnaireAnswers | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.rating is None and not self.reasons and self.questionnaire is None:
            raise ValueError("give a rating, reasons or a questionnaire")
        return self


class NewRating(RequestModel):
    """The rating alone; the questionnaire stays as it was sent before, the reasons too when they are left out."""

    message_id: MessageId
    rating: Rating
    reasons: Reasons | None = None


class NewQuestionnaire(RequestModel):
    """The questionnaire alone; the rating stays as it was sent before, the reasons too when they are left out."""

    message_id: MessageId
    questionnaire: QuestionnaireAnswers
    reasons: Reasons | None = None


class FeedbackQuery(Page):
    """Pages through everybody's feedback, for those who see it."""

    limit: int = Field(default=25, ge=1, le=100)


class FeedbackGiven(AnswerModel):
    """Feedback was taken."""

    success: bool = True
    feedback_id: str


class QuestionnaireView(AnswerModel):
    """What a person would change."""

    improvement: str | None
    comments: str | None


class EarlierFeedback(AnswerModel):
    """What the same person said before."""

    rating: Rating | None
    reasons: tuple[FeedbackReason, ...]
    questionnaire: QuestionnaireView | None
    at: datetime


class FeedbackView(AnswerModel):
    """One person's feedback on a message; `history` is what it was before, oldest first."""

    feedback_id: str
    message_id: str
    user_id: str
    rating: Rating | None
    reasons: tuple[FeedbackReason, ...]
    questionnaire: QuestionnaireView | None
    history: tuple[EarlierFeedback, ...]
    created_at: datetime
    updated_at: datetime
    version: int

    @classmethod
    def of(cls, feedback: FeedbackDocument) -> FeedbackView:
        """Show `feedback`."""
        members = {name: getattr(feedback, name) for name in cls.model_fields if name != "feedback_id"}
        return cls.model_validate({"feedback_id": feedback.id, **members}, from_attributes=True)


class FeedbackTotals(AnswerModel):
    """How many people said what; `reasons` are those that anybody gave."""

    up: int
    down: int
    people: int
    reasons: dict[FeedbackReason, int]


class MessageFeedback(AnswerModel):
    """Feedback on a message: the caller's own, null when they gave none; for managers everybody's and the totals."""

    message_id: str
    feedback: FeedbackView | None
    all: tuple[FeedbackView, ...] | None = None
    totals: FeedbackTotals | None = None
    next_cursor: str | None = None
