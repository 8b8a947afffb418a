"""Feedback on messages: `/api/v1/components/feedback`."""

from __future__ import annotations

import functions_framework
from flask import Request, Response

from shared import bootstrap
from shared.auth.permissions import Permission
from shared.models.api.feedback import (
    FeedbackGiven,
    FeedbackQuery,
    MessageFeedback,
    NewFeedback,
    NewQuestionnaire,
    NewRating,
)
from shared.models.audit import AuditAction
from shared.models.caller import Caller
from shared.web import Operations, function_app

operations = Operations(tag="feedback", prefix="/api/v1/components/feedback")

_GIVEN = {"success": True, "feedbackId": "fb_9b1d"}
_QUESTIONNAIRE = {"improvement": "More details needed", "comments": "Which visit is meant?"}
_FEEDBACK = {
    "feedbackId": "fb_9b1d",
    "messageId": "msg_2c7f",
    "userId": "018f0000-0000-7000-8000-000000000001",
    "rating": "up",
    "reasons": [],
    "questionnaire": _QUESTIONNAIRE,
    "history": [],
    "version": 1,
}


@operations.post(
    "/",
    summary="Say what you think of a message; sent again it replaces what you said before",
    permission=Permission.FEEDBACK_WRITE,
    audit=AuditAction.FEEDBACK_GIVE,
    request_example={"messageId": "msg_2c7f", "rating": "up", "questionnaire": _QUESTIONNAIRE},
    example=_GIVEN,
)
def submit_feedback(caller: Caller, body: NewFeedback) -> FeedbackGiven:
    return bootstrap.feedback_service().submit_feedback(caller, body)


@operations.post(
    "/rating",
    summary="Rate a message; the questionnaire stays as it was",
    permission=Permission.FEEDBACK_WRITE,
    audit=AuditAction.FEEDBACK_GIVE,
    request_example={"messageId": "msg_2c7f", "rating": "down", "reasons": ["incomplete"]},
    example=_GIVEN,
)
def rate_message(caller: Caller, body: NewRating) -> FeedbackGiven:
    return bootstrap.feedback_service().rate(caller, body)


@operations.post(
    "/questionnaire",
    summary="Answer the questionnaire about a message; the rating stays as it was",
    permission=Permission.FEEDBACK_WRITE,
    audit=AuditAction.FEEDBACK_GIVE,
    request_example={"messageId": "msg_2c7f", "questionnaire": _QUESTIONNAIRE},
    example=_GIVEN,
)
def answer_questionnaire(caller: Caller, body: NewQuestionnaire) -> FeedbackGiven:
    return bootstrap.feedback_service().answer_questionnaire(caller, body)


@operations.get(
    "/<message_id>",
    summary="Your feedback on a message; for managers everybody's and the totals",
    permission=Permission.FEEDBACK_READ,
    audit=AuditAction.FEEDBACK_READ,
    example={
        "messageId": "msg_2c7f",
        "feedback": _FEEDBACK,
        "all": [_FEEDBACK],
        "totals": {"up": 1, "down": 0, "people": 1, "reasons": {}},
        "nextCursor": None,
    },
)
def message_feedback(caller: Caller, message_id: str, query: FeedbackQuery) -> MessageFeedback:
    return bootstrap.feedback_service().of_message(caller, message_id, query)


_app = function_app(operations)


@functions_framework.http
def feedback(request: Request) -> Response:
    return _app(request)
