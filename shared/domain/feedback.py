"""What a person thinks of a message: what replaces what, what is kept, and what raises an alert."""

from __future__ import annotations

from datetime import datetime

from shared.auth.permissions import ROLES_BY_PERMISSION, Permission
from shared.domain.raised_alert import Subject, raised_alert
from shared.models.firestore.alerts import AlertDocument, Audience, Text
from shared.models.firestore.conversation import (
    FeedbackDocument,
    FeedbackEntry,
    FeedbackReason,
    MessageDocument,
    Questionnaire,
    Rating,
)

RULE_SOURCE = "rule:"
KEPT_ENTRIES = 100  # of at most 5 KB each: a document holds 1 MB
# Somebody may come to harm by such an answer: those who are responsible are told at once.
ALERTING: dict[FeedbackReason, str] = {
    "wrong_patient": "An answer of the assistant was reported to be about the wrong patient",
    "unsafe": "An answer of the assistant was reported as unsafe",
}


def rules_of(message: MessageDocument) -> tuple[str, ...]:
    """Return the ids of the rules that a message went by, each once."""
    sources = (source for step in message.thinking for source in step.sources)
    found = (source.removeprefix(RULE_SOURCE) for source in sources if source.startswith(RULE_SOURCE))
    return tuple(dict.fromkeys(rule for rule in found if rule))


def replaced(
    feedback: FeedbackDocument,
    *,
    rating: Rating | None,
    reasons: tuple[FeedbackReason, ...],
    questionnaire: Questionnaire | None,
    at: datetime,
) -> FeedbackDocument:
    """Return `feedback` saying this instead; what it said goes into its history. The same again changes nothing."""
    if (feedback.rating, feedback.reasons, feedback.questionnaire) == (rating, reasons, questionnaire):
        return feedback
    earlier = FeedbackEntry(
        rating=feedback.rating,
        reasons=feedback.reasons,
        questionnaire=feedback.questionnaire,
        at=feedback.updated_at,
    )
    return feedback.model_copy(
        update={
            "rating": rating,
            "reasons": reasons,
            "questionnaire": questionnaire,
            "history": (*feedback.history, earlier)[-KEPT_ENTRIES:],
            "updated_at": at,
            "version": feedback.version + 1,
        }
    )


def alerts_of(feedback: FeedbackDocument, at: datetime) -> tuple[AlertDocument, ...]:
    """Return the alerts that this feedback raises, each with one id however often it is sent."""
    about = Subject(
        client_id=feedback.client_id,
        context_id=feedback.context_id,
        mode=feedback.mode,
        patient_uuid=feedback.patient_uuid,
    )
    leads = tuple(sorted(role.value for role in ROLES_BY_PERMISSION[Permission.FEEDBACK_READ_ALL]))
    return tuple(
        raised_alert(
            about,
            key=f"feedback:{feedback.id}:{reason}",
            severity="critical",
            message=Text(code=f"feedback_{reason}", params={"messageId": feedback.message_id}, text=ALERTING[reason]),
            audience=Audience(roles=leads),
            source=f"feedback/{feedback.id}",
            at=at,
        )
        for reason in feedback.reasons
        if reason in ALERTING
    )
