"""The projection of feedback: whatever comes twice, late or out of order, the newest state stands."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import PermanentEventError
from shared.models.firestore.conversation import FeedbackDocument
from shared.models.outcome import Outcome
from shared.repositories.memory.documents import InMemoryDocuments
from shared.repositories.memory.feedback_facts import InMemoryFeedbackFacts, InMemoryFeedbackReader
from shared.services.feedback_projection import FeedbackProjection
from tests.unit.factories import CLIENT, NOW, USER


def feedback(**members: Any) -> FeedbackDocument:
    given: dict[str, Any] = {"id": "fb_1", "client_id": str(CLIENT), "created_at": NOW, "updated_at": NOW}
    given |= {"context_id": "ctx_1"}
    given |= {"mode": "eligibility", "message_id": "msg_1", "user_id": str(USER), "rating": "up", "day": "2026-11-23"}
    return FeedbackDocument(**given | members)


class Desk:
    """Feedback documents and what is kept of them."""

    def __init__(self) -> None:
        self.documents, self.facts = InMemoryDocuments(), InMemoryFeedbackFacts()
        self.projection = FeedbackProjection(InMemoryFeedbackReader(self.documents), self.facts)

    def event(self, before: FeedbackDocument | None, after: FeedbackDocument | None) -> Outcome:
        fields = [None if one is None else one.fields() for one in (before, after)]
        return self.projection.feedback_written("fb_1", before=fields[0], after=fields[1])

    @property
    def kept(self) -> FeedbackDocument | None:
        return self.facts.kept[CLIENT, "fb_1"].feedback


def test_an_event_keeps_the_document_as_it_is_now() -> None:
    desk = Desk()
    first, second = feedback(), feedback(rating="down", version=2)
    desk.documents.feedback["fb_1"] = second
    assert desk.event(None, first) is Outcome.DONE
    assert desk.kept == second
    assert desk.event(first, second) is Outcome.DONE
    assert desk.kept == second


def test_what_is_not_counted_is_not_read() -> None:
    desk = Desk()
    first = feedback()
    assert desk.event(first, first.model_copy(update={"version": 2, "context_id": "ctx_2"})) is Outcome.UNCHANGED
    assert desk.facts.kept == {}


def test_a_late_event_does_not_bring_back_what_was_deleted() -> None:
    desk = Desk()
    first = feedback()
    assert desk.event(first, None) is Outcome.DONE
    assert desk.event(None, first) is Outcome.DONE
    assert desk.kept is None
    desk.documents.feedback["fb_1"] = first  # given anew
    desk.event(None, first)
    desk.event(first, None)
    assert desk.kept == first


@pytest.mark.parametrize("client_id", [None, 7, "x"])
def test_feedback_of_nobody_is_dropped(client_id: object) -> None:
    with pytest.raises(PermanentEventError):
        Desk().projection.feedback_written("fb_1", before=None, after={"clientId": client_id})


states = st.sampled_from([None, feedback(), feedback(rating="down"), feedback(reasons=("unsafe",))])


@given(st.lists(states, min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_in_any_order_and_any_number_the_last_state_stands(history: list[Any], chance: Any) -> None:
    desk = Desk()
    changes = [(old, new) for old, new in zip([None, *history], history, strict=False) if old != new]
    events = [change for change in changes for _ in range(chance.randint(1, 3))]
    chance.shuffle(events)
    for n, (old, new) in enumerate(events):
        # The documents go on changing while the first events are under way.
        desk.documents.feedback.pop("fb_1", None)
        state = history[min(n, len(history) - 1)] if n < len(events) - 1 else history[-1]
        if state is not None:
            desk.documents.feedback["fb_1"] = state
        desk.event(old, new)
    if events:
        assert desk.kept == history[-1]
