"""A reply's state machine, how it grows, and when a silent run is over."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain import chat as rules
from shared.errors import ConflictError, InvalidTransitionError
from shared.models.firestore.conversation import CitedSource, MessageDocument, MessageEnding, MessageState, ThinkingStep
from tests.unit.factories import CLIENT, NOW, USER

STATES: tuple[MessageState, ...] = get_args(MessageState)
MOVES = {
    ("queued", "streaming"),
    ("queued", "stopped"),
    ("queued", "error"),
    ("streaming", "complete"),
    ("streaming", "stopped"),
    ("streaming", "error"),
}
LATER = NOW + timedelta(seconds=5)


def reply(**members: Any) -> MessageDocument:
    given: dict[str, Any] = {
        "id": "msg_1",
        "client_id": str(CLIENT),
        "created_at": NOW,
        "updated_at": NOW,
        "context_id": "ctx_1",
        "mode": "eligibility",
        "thread_id": rules.own_thread(USER),
        "user_id": str(USER),
        "type": "system",
        "content": "",
        "state": "streaming",
        "is_running": True,
        "last_sign_at": NOW,
        "sort_at": NOW,
    }
    return MessageDocument(**given | members)


@pytest.mark.parametrize(("source", "target"), list(product(STATES, STATES)))
def test_a_reply_makes_the_moves_of_its_machine_and_no_other(source: MessageState, target: MessageState) -> None:
    before = reply(state=source, is_running=source in rules.RUNNING)
    if (source, target) in MOVES:
        after = rules.moved(before, target, LATER)
        assert (after.state, after.is_running) == (target, target in {"queued", "streaming"})
        assert (after.last_sign_at, after.updated_at) == (LATER, LATER)
        return
    with pytest.raises(InvalidTransitionError) as refused:
        rules.moved(before, target, LATER)
    assert refused.value.extra["allowed"] == sorted(to for start, to in MOVES if start == source)


@pytest.mark.parametrize("ending", get_args(MessageEnding))
def test_an_ending_leads_to_its_state_and_only_an_error_has_a_problem(ending: MessageEnding) -> None:
    over = rules.ended(reply(), ending, LATER)
    assert over.ending == ending
    assert over.state == {"stopped": "stopped", "error": "error"}.get(ending, "complete")
    assert (over.problem is not None) is (ending == "error")


def test_a_problem_says_what_went_wrong_in_words_and_in_a_code() -> None:
    over = rules.ended(reply(), "error", LATER, rules.NOT_STORED)
    assert over.problem is not None
    assert over.problem.code == "answer_not_stored"
    assert "again" in over.problem.text


PART = st.one_of(
    st.text(max_size=5),
    st.builds(ThinkingStep, tool=st.just("t"), text=st.just("x")),
    st.builds(CitedSource, source=st.sampled_from(["a/1", "b/2", "c/3"]), title=st.just("x")),
)


def grown(parts: list[Any]) -> list[MessageDocument]:
    """The reply after each part."""
    found = [reply()]
    for part in parts:
        if isinstance(part, str):
            found.append(rules.with_text(found[-1], part))
        elif isinstance(part, ThinkingStep):
            found.append(rules.with_step(found[-1], part))
        else:
            found.append(rules.with_citation(found[-1], part))
    return found


@given(st.lists(PART, max_size=12))
def test_no_part_ever_takes_the_place_of_another(parts: list[Any]) -> None:
    stages = grown(parts)
    last = stages[-1]
    taken = [one.place for one in last.thinking] + [one.place for one in last.citations]
    assert len(set(taken)) == len(taken)
    assert all(0 < place < rules.places(last) for place in taken)
    for earlier in stages:
        assert last.content.startswith(earlier.content)
        assert last.thinking[: len(earlier.thinking)] == earlier.thinking
        assert last.citations[: len(earlier.citations)] == earlier.citations


def test_a_source_is_cited_once() -> None:
    once = rules.with_citation(reply(), CitedSource(source="coverages/1", title="Bluestem"))
    assert rules.with_citation(once, CitedSource(source="coverages/1", title="Bluestem PPO")) == once


def test_text_that_no_store_takes_is_made_storable() -> None:
    assert rules.with_text(reply(), "a\0b\ud800c").content == "ab?c"


def test_an_answer_ends_where_it_is_as_long_as_one_may_be() -> None:
    full = rules.with_text(reply(content="x" * (rules.LONGEST_ANSWER - 1)), "yz")
    assert (len(full.content), full.content[-1], rules.is_full(full)) == (rules.LONGEST_ANSWER, "y", True)
    assert not rules.is_full(reply())


@pytest.mark.parametrize(("seconds", "silent"), [(119, False), (120, True), (100_000, True)])
def test_a_run_is_over_after_two_minutes_of_silence(seconds: int, silent: bool) -> None:
    now = NOW + timedelta(seconds=seconds)
    assert rules.is_silent(reply(), now) is silent
    assert rules.as_of(reply(content="Yes"), now).state == ("error" if silent else "streaming")
    assert rules.as_of(reply(content="Yes"), now).content == "Yes"


def test_a_reply_that_is_over_is_never_silent() -> None:
    over = rules.ended(reply(), "complete", NOW)
    assert rules.as_of(over, NOW + timedelta(days=1)) == over


def test_a_silent_run_that_somebody_had_stopped_is_stopped() -> None:
    over = rules.interrupted(reply(stop_requested=True), LATER)
    assert (over.state, over.problem, over.version) == ("stopped", None, 2)
    assert rules.interrupted(reply(), LATER).problem == rules.INTERRUPTED


def test_stopping_is_noted_once_and_comes_too_late_for_what_is_over() -> None:
    asked = rules.stop_asked(reply(), LATER)
    assert asked is not None
    assert (asked.stop_requested, asked.state, asked.version) == (True, "streaming", 2)
    assert rules.stop_asked(asked, LATER) is None
    assert rules.stop_asked(rules.ended(reply(), "complete", NOW), LATER) is None


@pytest.mark.parametrize("state", ["queued", "streaming"])
def test_while_a_run_goes_on_no_other_begins(state: MessageState) -> None:
    with pytest.raises(ConflictError) as refused:
        rules.make_way(reply(state=state), LATER)
    assert refused.value.code == "run_active"
    assert refused.value.extra["current"] == {"messageId": "msg_1", "status": state}


def test_what_is_over_makes_way_as_it_is_and_a_silent_run_ended() -> None:
    over = rules.ended(reply(), "complete", NOW)
    assert rules.make_way(over, LATER) == over
    assert rules.make_way(reply(), NOW + rules.SILENCE).state == "error"


def test_a_thread_is_a_persons_own_or_everybodys() -> None:
    assert rules.may_use(rules.own_thread(USER), USER)
    assert not rules.may_use(rules.own_thread(CLIENT), USER)
    assert not rules.may_use("own_", USER)
    assert rules.may_use("front-desk", USER)
