"""Feedback on messages: one a person and message, sent again it replaces what was said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime

from shared.auth.permissions import Permission, allows, allows_mode
from shared.db.selector import DatabaseSelector
from shared.domain.feedback import alerts_of, replaced, rules_of
from shared.errors import ForbiddenError, NotFoundError
from shared.models.api.feedback import (
    FeedbackGiven,
    FeedbackQuery,
    FeedbackTotals,
    FeedbackView,
    MessageFeedback,
    NewFeedback,
    NewQuestionnaire,
    NewRating,
    QuestionnaireAnswers,
)
from shared.models.audit import AuditEvent
from shared.models.caller import Caller
from shared.models.cursor import decode_cursor, encode_cursor, refused_cursor
from shared.models.firestore.conversation import (
    FeedbackDocument,
    FeedbackReason,
    MessageDocument,
    Questionnaire,
    Rating,
)
from shared.models.identifiers import DOCUMENT_ID, derived_document_id
from shared.repositories.protocols import Change, KeptAnswer
from shared.services.access_log import AccessLog
from shared.services.clock import Clock, utc_now
from shared.services.component import ComponentService

PAGE = 100
Saying = tuple[Rating | None, tuple[FeedbackReason, ...], Questionnaire | None]


class FeedbackService(ComponentService):
    """The feedback component."""

    def __init__(self, db_selector: DatabaseSelector, access_log: AccessLog, *, now: Clock = utc_now) -> None:
        super().__init__(db_selector)
        self._access_log = access_log
        self._now = now

    def submit_feedback(self, caller: Caller, given: NewFeedback) -> FeedbackGiven:
        """Take rating, reasons and questionnaire together: they replace all that the caller said before."""
        saying = (given.rating, _reasons(given.reasons), _questionnaire(given.questionnaire))
        return self._give(caller, given.message_id, lambda _before: saying)

    def rate(self, caller: Caller, given: NewRating) -> FeedbackGiven:
        """Take the rating alone; the rest stays."""

        def saying(before: FeedbackDocument | None) -> Saying:
            kept = before.reasons if before is not None else ()
            reasons = kept if given.reasons is None else _reasons(given.reasons)
            return given.rating, reasons, before.questionnaire if before is not None else None

        return self._give(caller, given.message_id, saying)

    def answer_questionnaire(self, caller: Caller, given: NewQuestionnaire) -> FeedbackGiven:
        """Take the questionnaire alone; the rest stays."""

        def saying(before: FeedbackDocument | None) -> Saying:
            kept = before.reasons if before is not None else ()
            reasons = kept if given.reasons is None else _reasons(given.reasons)
            return before.rating if before is not None else None, reasons, _questionnaire(given.questionnaire)

        return self._give(caller, given.message_id, saying)

    def of_message(self, caller: Caller, message_id: str, query: FeedbackQuery) -> MessageFeedback:
        """Return the caller's feedback on a message; to those who may see it, everybody's and the totals as well."""
        message = self._message(caller, message_id)
        after = None if query.cursor is None else _last_id(query.cursor, caller, message.id)
        event = caller.seen("feedback", resource_ref=message.id, patient_ref=message.patient_uuid, mode=message.mode)
        with self._access_log.reading(event):
            own = self.db.firestore.feedback.get(caller.client_id, _feedback_id(caller, message.id))
            mine = FeedbackView.of(own) if own is not None else None
            if not allows(caller.role, Permission.FEEDBACK_READ_ALL):
                return MessageFeedback(message_id=message.id, feedback=mine)
            everybody = list(self._everybody(caller, message.id))
        behind = [one for one in everybody if after is None or one.id > after]
        shown = behind[: query.limit]
        more = len(behind) > query.limit
        return MessageFeedback(
            message_id=message.id,
            feedback=mine,
            all=tuple(FeedbackView.of(one) for one in shown),
            totals=_totals(everybody),
            next_cursor=encode_cursor((caller.client_id, message.id), shown[-1].id) if more else None,
        )

    def get_component_data(
        self, component_type: str, context_id: str | None, mode: str | None = None, *, caller: Caller
    ) -> tuple[FeedbackView, ...]:
        """Return the caller's own feedback on the messages of a context. Raises NotFoundError for another component."""
        if component_type != "feedback":
            raise NotFoundError(f"FeedbackService has no component {component_type}")
        context = self.context_of(caller, context_id, mode)
        event = caller.seen("feedback", resource_ref=context.id, patient_ref=context.patient_uuid, mode=context.mode)
        with self._access_log.reading(event):
            found = self.db.firestore.feedback.of_person(
                caller.client_id, context.id, str(caller.user_id), after=None, limit=PAGE
            )
        return tuple(FeedbackView.of(one) for one in found)

    def _give(
        self, caller: Caller, message_id: str, saying: Callable[[FeedbackDocument | None], Saying]
    ) -> FeedbackGiven:
        key = caller.idempotency
        self.db.firestore.kept_answers.recall(key)
        message, now = self._message(caller, message_id), self._now()
        first = _first(caller, message, saying(None), now)
        answer = FeedbackGiven(feedback_id=first.id)
        kept = KeptAnswer(key, 200, answer.model_dump_json(by_alias=True)) if key else None
        _, new = self.db.firestore.feedback.create(first, _event(caller, first), kept, alerts_of(first, now))
        if new:
            return answer

        def decide(before: FeedbackDocument) -> Change[FeedbackDocument]:
            at = self._now()
            rating, reasons, questionnaire = saying(before)
            after = replaced(before, rating=rating, reasons=reasons, questionnaire=questionnaire, at=at)
            return Change(after, _event(caller, after), kept, alerts_of(after, at))

        self.db.firestore.feedback.change(caller.client_id, first.id, decide)
        return answer

    def _message(self, caller: Caller, message_id: str) -> MessageDocument:
        """Return the message. Raises NotFoundError, ForbiddenError when the role does not work in its mode."""
        message = self.db.firestore.messages.get(caller.client_id, message_id)
        if message is None:
            raise NotFoundError("There is no such record")
        if not allows_mode(caller.role, message.mode):
            raise ForbiddenError("Your role does not work in this mode")
        return message

    def _everybody(self, caller: Caller, message_id: str) -> Iterator[FeedbackDocument]:
        """Go through all feedback on a message; it is as much as the organisation has people at most."""
        after: str | None = None
        while True:
            found = self.db.firestore.feedback.of_message(caller.client_id, message_id, after=after, limit=PAGE)
            yield from found
            if len(found) < PAGE:
                return
            after = found[-1].id


def _feedback_id(caller: Caller, message_id: str) -> str:
    """Return the one id that a person's feedback on a message has."""
    return derived_document_id("fb", caller.client_id, message_id, caller.user_id)


def _first(caller: Caller, message: MessageDocument, saying: Saying, now: datetime) -> FeedbackDocument:
    rating, reasons, questionnaire = saying
    return FeedbackDocument(
        id=_feedback_id(caller, message.id),
        client_id=str(caller.client_id),
        created_at=now,
        updated_at=now,
        context_id=message.context_id,
        mode=message.mode,
        patient_uuid=message.patient_uuid,
        message_id=message.id,
        user_id=str(caller.user_id),
        rating=rating,
        reasons=reasons,
        questionnaire=questionnaire,
        day=caller.today(now).isoformat(),
        rules=rules_of(message),
    )


def _reasons(given: tuple[FeedbackReason, ...]) -> tuple[FeedbackReason, ...]:
    return tuple(sorted(set(given)))


def _questionnaire(given: QuestionnaireAnswers | None) -> Questionnaire | None:
    return None if given is None else Questionnaire(improvement=given.improvement, comments=given.comments)


def _totals(everybody: list[FeedbackDocument]) -> FeedbackTotals:
    ratings = Counter(one.rating for one in everybody)
    reasons = Counter(reason for one in everybody for reason in one.reasons)
    return FeedbackTotals(up=ratings["up"], down=ratings["down"], people=len(everybody), reasons=dict(reasons))


def _last_id(cursor: str, caller: Caller, message_id: str) -> str:
    (last,) = decode_cursor(cursor, (caller.client_id, message_id), parts=1)
    if not DOCUMENT_ID.match(last):
        raise refused_cursor()
    return last


def _event(caller: Caller, feedback: FeedbackDocument) -> AuditEvent:
    """Make the event: what was ticked, never what was written."""
    return caller.changed(
        "feedback",
        resource_ref=feedback.id,
        patient_ref=feedback.patient_uuid,
        mode=feedback.mode,
        metadata={"messageId": feedback.message_id, "rating": feedback.rating, "reasons": list(feedback.reasons)},
    )
