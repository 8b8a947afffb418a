"""Feedback on the in-memory stores: one a person and message, what replaces what, and what raises an alert."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import ValidationError

from shared.db.selector import DatabaseSelector
from shared.domain.feedback import KEPT_ENTRIES
from shared.errors import ForbiddenError, NotFoundError, ValidationFailedError
from shared.models.api.feedback import FeedbackQuery, MessageFeedback, NewFeedback, NewQuestionnaire, NewRating
from shared.models.audit import AuditAction
from shared.models.caller import Caller
from shared.models.firestore.conversation import FeedbackDocument, MessageDocument, ThinkingStep
from shared.models.replay import IdempotencyMismatchError, Replayed
from shared.models.roles import Role
from shared.repositories.memory.members import InMemoryAuditPublisher
from shared.repositories.memory.store import InMemoryLiveStore, InMemoryRecordStore
from shared.services.access_log import AccessLog
from shared.services.feedback import FeedbackService
from tests.unit.factories import CLIENT, NOW, USER, caller, context, event, key, message, session

MORE = {"improvement": "More details needed", "comments": "Which visit?"}


class Desk:
    """A feedback component, a message, and who gives feedback."""

    def __init__(self) -> None:
        self.live, self.topic = InMemoryLiveStore(), InMemoryAuditPublisher()
        self.now = NOW
        log = AccessLog(lambda: self.topic, lambda: self.live.outbox)
        selector = DatabaseSelector(InMemoryRecordStore, lambda: self.live)
        self.service = FeedbackService(selector, log, now=lambda: self.now)
        self.caller = caller(action=AuditAction.FEEDBACK_GIVE)
        self.lead = replace(self.caller, user_id=uuid4(), role=Role.MANAGER)
        self.message = self.say()

    def say(self, client_id: UUID | None = None, **members: Any) -> MessageDocument:
        return self.live.messages.create(message(client_id or CLIENT, **members), None)[0]

    def give(self, who: Caller | None = None, of: MessageDocument | None = None, **members: Any) -> str:
        body = NewFeedback.model_validate({"messageId": (of or self.message).id} | members)
        return self.service.submit_feedback(who or self.caller, body).feedback_id

    def rate(self, rating: str, who: Caller | None = None, **members: Any) -> str:
        body = NewRating.model_validate({"messageId": self.message.id, "rating": rating} | members)
        return self.service.rate(who or self.caller, body).feedback_id

    def answer(self, **members: Any) -> str:
        body = NewQuestionnaire.model_validate({"messageId": self.message.id, "questionnaire": MORE} | members)
        return self.service.answer_questionnaire(self.caller, body).feedback_id

    def seen(self, who: Caller | None = None, of: MessageDocument | None = None, **query: Any) -> MessageFeedback:
        wanted = FeedbackQuery.model_validate(query)
        return self.service.of_message(who or self.caller, (of or self.message).id, wanted)

    def stored(self, feedback_id: str) -> FeedbackDocument:
        return self.live.documents.feedback[feedback_id]

    @property
    def alerts(self) -> list[Any]:
        return list(self.live.documents.alerts.values())


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_feedback_is_kept_with_what_it_is_counted_under(desk: Desk) -> None:
    steps = tuple(
        ThinkingStep(tool="coverage", text="", sources=sources)
        for sources in (("rule:E09",), ("coverages/1", "rule:E06"), (), ("rule:E09", "rule:"))
    )
    about = desk.say(thinking=steps)
    desk.now = NOW.replace(hour=2)  # the evening before in Chicago
    given = desk.give(of=about, rating="up", questionnaire=MORE)
    stored = desk.stored(given)
    assert given.startswith("fb_")
    assert (stored.rating, stored.message_id, stored.user_id) == ("up", about.id, str(USER))
    assert (stored.mode, stored.context_id, stored.patient_uuid) == (about.mode, about.context_id, about.patient_uuid)
    assert (stored.rules, stored.day) == (("E09", "E06"), "2026-11-22")
    assert stored.questionnaire is not None
    assert stored.questionnaire.comments == "Which visit?"


def test_it_leaves_one_event_with_what_was_ticked_and_nothing_written(desk: Desk) -> None:
    given = desk.give(rating="down", reasons=["incomplete"], questionnaire=MORE)
    (recorded,) = desk.live.documents.events
    assert (recorded.resource_ref, recorded.patient_ref, recorded.mode) == (
        given,
        desk.message.patient_uuid,
        desk.message.mode,
    )
    assert recorded.metadata == {"messageId": desk.message.id, "rating": "down", "reasons": ["incomplete"]}
    assert "Which visit" not in recorded.model_dump_json()


def test_sending_again_replaces_it_and_keeps_what_it_was(desk: Desk) -> None:
    first = desk.give(rating="up", questionnaire=MORE)
    desk.now += timedelta(hours=30)
    assert desk.give(rating="down", reasons=["unclear", "too_long", "unclear"]) == first
    stored = desk.stored(first)
    assert (stored.rating, stored.reasons, stored.questionnaire) == ("down", ("too_long", "unclear"), None)
    (earlier,) = stored.history
    assert earlier.questionnaire is not None
    assert (earlier.rating, earlier.at, earlier.questionnaire.improvement) == ("up", NOW, "More details needed")
    assert (stored.version, stored.day) == (2, "2026-11-23")
    assert len(desk.live.documents.events) == 2


def test_the_same_again_changes_nothing(desk: Desk) -> None:
    first = desk.give(rating="up", questionnaire=MORE)
    desk.give(rating="up", questionnaire=MORE)
    assert (desk.stored(first).version, desk.stored(first).history) == (1, ())


def test_a_history_ends_somewhere(desk: Desk) -> None:
    for n in range(KEPT_ENTRIES + 5):
        given = desk.rate("up" if n % 2 else "down")
    assert len(desk.stored(given).history) == KEPT_ENTRIES
    assert desk.stored(given).version == KEPT_ENTRIES + 5


def test_the_two_halves_leave_each_other_alone(desk: Desk) -> None:
    given = desk.rate("down", reasons=["outdated"])
    assert desk.answer() == given
    stored = desk.stored(given)
    assert (stored.rating, stored.reasons) == ("down", ("outdated",))
    assert stored.questionnaire is not None
    desk.rate("up")
    stored = desk.stored(given)
    assert (stored.rating, stored.reasons, stored.questionnaire is not None) == ("up", ("outdated",), True)
    desk.rate("up", reasons=[])
    assert desk.stored(given).reasons == ()
    desk.answer(reasons=["other"])
    assert (desk.stored(given).rating, desk.stored(given).reasons) == ("up", ("other",))
    assert [one.rating for one in desk.stored(given).history] == ["down", "down", "up", "up"]


def test_a_half_may_come_first(desk: Desk) -> None:
    given = desk.answer()
    assert (desk.stored(given).rating, desk.stored(given).reasons) == (None, ())
    assert desk.seen().feedback is not None


@pytest.mark.parametrize("reason", ["wrong_patient", "unsafe"])
def test_what_may_harm_somebody_raises_one_alert(desk: Desk, reason: str) -> None:
    given = desk.give(rating="down", reasons=[reason, "unclear"])
    (alert,) = desk.alerts
    assert (alert.severity, alert.message.code) == ("critical", f"feedback_{reason}")
    assert alert.message.params == {"messageId": desk.message.id}
    assert (alert.audience.roles, alert.source) == (("admin", "manager"), f"feedback/{given}")
    assert (alert.context_id, alert.patient_uuid) == (desk.message.context_id, desk.message.patient_uuid)
    desk.give(rating="up")
    desk.rate("down", reasons=[reason])
    assert len(desk.alerts) == 1


def test_what_is_added_later_raises_its_alert_and_each_person_theirs(desk: Desk) -> None:
    desk.rate("down")
    assert desk.alerts == []
    desk.answer(reasons=["unsafe"])
    desk.rate("down", reasons=["unsafe", "wrong_patient"])
    desk.rate("down", desk.lead, reasons=["unsafe"])
    assert sorted(one.message.code for one in desk.alerts) == [
        "feedback_unsafe",
        "feedback_unsafe",
        "feedback_wrong_patient",
    ]


def test_a_message_that_there_is_not_takes_no_feedback(desk: Desk) -> None:
    foreign = desk.say(uuid4())
    acts: list[Callable[[], object]] = [
        lambda: desk.give(of=foreign, rating="up"),
        lambda: desk.seen(of=foreign),
        lambda: desk.give(messageId="msg_unknown", rating="up"),
        lambda: desk.rate("up", messageId="msg_unknown"),
        lambda: desk.answer(messageId="msg_unknown"),
        lambda: desk.service.of_message(desk.lead, "a/b", FeedbackQuery()),
    ]
    for act in acts:
        with pytest.raises(NotFoundError):
            act()
    assert desk.live.documents.events == []


def test_a_message_of_a_mode_that_the_role_does_not_work_in_is_closed(desk: Desk) -> None:
    other = desk.say(mode="backend")
    for act in (lambda: desk.give(of=other, rating="up"), lambda: desk.seen(of=other)):
        with pytest.raises(ForbiddenError):
            act()
    assert desk.give(desk.lead, other, rating="up")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"rating": "sideways"},
        {"rating": "up", "reasons": ["because"]},
        {"rating": "up", "userId": "x"},
        {"rating": "up", "messageId": "a b"},
        {"questionnaire": {"improvement": "x" * 2001}},
        {"questionnaire": {"grade": "5"}},
    ],
)
def test_what_is_no_feedback_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        NewFeedback.model_validate({"messageId": "msg_1"} | body)


def test_people_see_their_own_and_managers_everybodys_with_the_totals(desk: Desk) -> None:
    assert desk.seen() == MessageFeedback(message_id=desk.message.id, feedback=None)
    mine = desk.give(rating="down", reasons=["unsafe", "unclear"])
    colleagues = [replace(desk.caller, user_id=uuid4()) for _ in range(4)]
    for n, one in enumerate(colleagues):
        desk.rate("up" if n else "down", one, reasons=[] if n else ["unsafe"])
    desk.give(colleagues[0], desk.say(), rating="up")
    own = desk.seen()
    assert own.feedback is not None
    assert (own.feedback.feedback_id, own.feedback.reasons) == (mine, ("unclear", "unsafe"))
    assert (own.all, own.totals, own.next_cursor) == (None, None, None)
    everything = desk.seen(desk.lead)
    assert everything.feedback is None
    assert everything.all is not None
    assert {one.user_id for one in everything.all} == {str(USER), *(str(one.user_id) for one in colleagues)}
    assert everything.totals is not None
    assert (everything.totals.up, everything.totals.down, everything.totals.people) == (3, 2, 5)
    assert everything.totals.reasons == {"unclear": 1, "unsafe": 2}


def test_managers_page_through_everybodys(desk: Desk) -> None:
    given = {desk.rate("up", replace(desk.caller, user_id=uuid4())) for _ in range(5)}
    found: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        page = desk.seen(desk.lead, **query)
        assert page.all is not None
        assert page.totals is not None
        assert page.totals.people == 5
        found += [one.feedback_id for one in page.all]
        if page.next_cursor is None:
            break
        query["cursor"] = page.next_cursor
    assert found == sorted(given)
    for cursor in ("nonsense", query["cursor"]):
        with pytest.raises(ValidationFailedError):
            desk.seen(desk.lead, desk.say(), cursor=cursor)


def test_reading_is_recorded_once_in_five_minutes(desk: Desk) -> None:
    desk.seen()
    desk.seen()
    (recorded,) = {one.id: one for one in desk.topic.events}.values()
    assert (recorded.resource_ref, recorded.patient_ref) == (desk.message.id, desk.message.patient_uuid)


def test_a_repeated_request_is_answered_as_the_first(desk: Desk) -> None:
    who = replace(desk.caller, idempotency=key())
    given = desk.give(who, rating="up")
    desk.rate("down")
    with pytest.raises(Replayed) as replayed:
        desk.give(who, rating="up")
    assert replayed.value.body == f'{{"success":true,"feedbackId":"{given}"}}'
    with pytest.raises(IdempotencyMismatchError):
        desk.give(replace(who, idempotency=key("other", of=who.idempotency.id if who.idempotency else "")), rating="up")
    again = replace(desk.caller, idempotency=key())
    desk.give(again, rating="up")
    with pytest.raises(Replayed):
        desk.give(again, rating="up")
    assert desk.stored(given).version == 3


def test_the_component_shows_own_feedback_in_a_context(desk: Desk) -> None:
    opened = desk.live.contexts.open(context(), session(context()), event(), lambda _context, _new: None)[0]
    here, elsewhere = desk.say(context_id=opened.id), desk.say()
    given = desk.give(of=here, rating="up")
    desk.give(desk.lead, here, rating="down")
    desk.give(of=elsewhere, rating="up")
    found = desk.service.get_component_data("feedback", opened.id, caller=desk.caller)
    assert [one.feedback_id for one in found] == [given]
    with pytest.raises(NotFoundError):
        desk.service.get_component_data("tasks", opened.id, caller=desk.caller)
