"""The chat component: threads, questions, one run at a time, repetitions, and who may see what."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from shared.domain import chat as rules
from shared.errors import ConflictError, ForbiddenError, NotFoundError, ValidationFailedError
from shared.models.api.chat import NewMessage, StreamedMessage
from shared.models.audit import AuditAction
from shared.models.caller import Caller
from shared.models.replay import IdempotencyMismatchError, Replayed
from shared.models.roles import Role
from shared.services.chat_questions import question_of
from shared.services.chat_runs import Following
from tests.contract.test_documents import feedback
from tests.unit.chat_office import ChatOffice
from tests.unit.factories import CLIENT, USER, context, key


@pytest.fixture
def office() -> ChatOffice:
    return ChatOffice()


def slow(office: ChatOffice) -> tuple[threading.Event, Any]:
    """A run that goes on until the event is set; its exchange."""
    go_on = threading.Event()
    office.assistant.pause = lambda _: assert_set(go_on)
    body = StreamedMessage.model_validate({"contextId": office.context.id, "content": "count 2 every 1"})
    return go_on, office.service.stream(office.caller, body)


def assert_set(event: threading.Event) -> None:
    assert event.wait(5)


def finished(following: Following) -> Any:
    async def last() -> Any:
        snapshots = [snapshot async for snapshot in following.snapshots()]
        return snapshots[-1]

    return asyncio.run(asyncio.wait_for(last(), 10))


def test_a_question_gets_a_reply_with_its_steps_sources_and_offers(office: ChatOffice) -> None:
    exchange = office.send("  Is she covered? ")
    message, reply = exchange.message, exchange.reply
    assert (message.type, message.content, message.status) == ("user", "Is she covered?", "complete")
    assert (reply.type, reply.status, reply.in_reply_to) == ("system", "complete", message.id)
    assert reply.content == "You asked: Is she covered? That is all."
    assert [step.tool for step in reply.thinking] == ["context"]
    assert reply.citations[0].source == f"contexts/{office.context.id}"
    assert reply.guidance_actions[0].action == "check_eligibility"
    assert message.thread_id == reply.thread_id == f"own_{USER}"
    assert office.stored(reply.id).content == reply.content


def test_an_exchange_leaves_one_event_without_content(office: ChatOffice) -> None:
    exchange = office.send("Is Elena Vasquez covered?", threadId="elena-vasquez")
    (event,) = office.events
    assert (event.action, event.resource_ref) == (AuditAction.CHAT_SEND, exchange.message.id)
    assert (event.patient_ref, event.mode) == (office.context.patient_uuid, "eligibility")
    assert event.metadata == {"replyId": exchange.reply.id, "own": False}
    assert "lena" not in event.model_dump_json()


def test_the_assistant_is_told_what_the_thread_said_before_oldest_first(office: ChatOffice) -> None:
    office.send("one")
    office.send("elsewhere", threadId="front")
    office.pass_by(1)
    office.send("two")
    asked = office.assistant.asked[-1]
    assert [one.content for one in asked.history] == ["one", "You asked: one That is all."]
    assert (asked.content, asked.assistant_mode, asked.context.id) == ("two", "Co-pilot", office.context.id)
    assert asked.caller.idempotency is None


def test_a_thread_is_listed_newest_first_in_pages(office: ChatOffice) -> None:
    for number in range(3):
        office.send(f"question {number}")
        office.pass_by(1)
    first = office.listed(limit=4)
    rest = office.listed(limit=4, cursor=first.next_cursor)
    assert [one.type for one in first.messages] == ["system", "user"] * 2
    assert [one.content for one in (*first.messages, *rest.messages) if one.type == "user"] == [
        "question 2",
        "question 1",
        "question 0",
    ]
    assert rest.next_cursor is None


def test_each_sees_the_ratings_that_they_gave_themselves(office: ChatOffice) -> None:
    replies = [office.send("one", threadId="front").reply.id for _ in range(2)]
    documents = [
        feedback(CLIENT, message_id=reply, context_id=office.context.id, user_id=user, rating=rating)
        for reply, user, rating in ((replies[0], str(office.caller.user_id), "down"), (replies[1], str(uuid4()), "up"))
    ]
    for one in documents:
        office.live.feedback.create(one, None)
    listed = {one.id: one.feedback for one in office.listed(threadId="front").messages}
    assert [listed[reply] for reply in replies] == ["down", None]


def test_a_cursor_fits_its_own_thread_only(office: ChatOffice) -> None:
    for _ in range(2):
        office.send()
        office.pass_by(1)
    cursor = office.listed(limit=1).next_cursor
    with pytest.raises(ValidationFailedError):
        office.listed(limit=1, cursor=cursor, threadId="front")


def test_an_own_thread_is_its_persons_alone_and_a_named_one_everybodys(office: ChatOffice) -> None:
    mine, shared = office.send(), office.send(threadId="front")
    colleague = office.colleague()
    assert office.listed(colleague, contextId=office.context.id).messages == ()
    found = office.listed(colleague, contextId=office.context.id, threadId="front")
    assert [one.id for one in found.messages] == [shared.reply.id, shared.message.id]
    with pytest.raises(NotFoundError):
        office.listed(colleague, contextId=office.context.id, threadId=f"own_{USER}")
    with pytest.raises(NotFoundError):
        office.send(who=colleague, threadId=f"own_{USER}")
    for of_mine in (mine.reply.id, mine.message.id):
        for read in (office.service.thinking, office.service.resume, office.service.stop):
            with pytest.raises(NotFoundError):
                read(colleague, of_mine)
    assert office.service.thinking(colleague, shared.reply.id).thinking[0].tool == "context"


def test_another_organisation_sees_nothing(office: ChatOffice) -> None:
    exchange = office.send(threadId="front")
    stranger = replace(office.colleague(), client_id=USER)
    for read in (office.service.thinking, office.service.resume, office.service.stop):
        with pytest.raises(NotFoundError):
            read(stranger, exchange.reply.id)
    with pytest.raises(NotFoundError):
        office.send(who=stranger)


def test_who_does_not_work_in_the_mode_may_neither_ask_nor_read(office: ChatOffice) -> None:
    office.context = office.live.contexts.open(
        context(mode="backend"),
        office.live.documents.sessions[office.caller.session_id],
        office.live.documents.events[0],
        lambda _context, _new: None,
    )[0]
    biller = office.colleague(role=Role.BILLER)
    exchange = office.send(who=biller, threadId="front")
    with pytest.raises(ForbiddenError):
        office.send()
    with pytest.raises(ForbiddenError):
        office.service.thinking(office.caller, exchange.reply.id)


@pytest.mark.parametrize("unknown", ["msg_none", "a/b/c", "__x__", ""])
def test_an_unknown_message_is_not_found(office: ChatOffice, unknown: str) -> None:
    for read in (office.service.thinking, office.service.resume, office.service.stop):
        with pytest.raises(NotFoundError):
            read(office.caller, unknown)


def test_a_persons_message_has_no_steps_and_no_stream(office: ChatOffice) -> None:
    message = office.send().message
    assert office.service.thinking(office.caller, message.id).thinking == ()
    with pytest.raises(NotFoundError):
        office.service.resume(office.caller, message.id)


def test_a_second_question_while_one_is_answered_is_refused_in_that_thread_alone(office: ChatOffice) -> None:
    go_on, following = slow(office)
    with pytest.raises(ConflictError) as refused:
        office.send("and now?")
    assert refused.value.code == "run_active"
    assert office.send("elsewhere", threadId="front").reply.status == "complete"
    assert office.send("a colleague's", office.colleague()).reply.status == "complete"
    go_on.set()
    assert finished(following).state == "complete"
    assert office.send("and now?").reply.status == "complete"


def test_who_is_gone_loses_nothing(office: ChatOffice) -> None:
    go_on, following = slow(office)
    del following
    go_on.set()
    found = finished(office.service.resume(office.caller, office.listed().messages[0].id))
    assert (found.state, found.content) == ("complete", "0 1 done")


def test_another_instance_goes_on_with_a_stream_and_stops_its_run(office: ChatOffice) -> None:
    go_on, following = slow(office)
    other = office.instance()
    elsewhere = other.resume(office.caller, following.reply.id)
    stopping = other.stop(office.caller, following.reply.id)
    assert (stopping.stop_requested, stopping.status in {"queued", "streaming"}) == (True, True)
    threading.Timer(0.05, go_on.set).start()
    assert finished(elsewhere).state == "stopped"
    assert office.stored(following.reply.id).ending == "stopped"


def test_stopping_what_is_over_changes_nothing_and_is_recorded(office: ChatOffice) -> None:
    reply = office.send().reply
    stopper = replace(office.caller, action=AuditAction.CHAT_STOP)
    assert office.service.stop(stopper, reply.id) == reply
    assert [one.action for one in office.events] == [AuditAction.CHAT_SEND, AuditAction.CHAT_STOP]


def test_a_repeated_stop_gets_its_first_answer_again(office: ChatOffice) -> None:
    reply, asking = office.send().reply, replace(office.caller, idempotency=key())
    office.service.stop(asking, reply.id)
    with pytest.raises(Replayed):
        office.service.stop(asking, reply.id)
    assert len(office.events) == 2


def keyed(office: ChatOffice, request: str = "asked") -> Caller:
    return replace(office.caller, idempotency=key(request, of="k" * 40))


def test_what_storing_the_question_took_is_not_waited_for_once_more(
    office: ChatOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.services.chat.ANSWER_SECONDS", 1.0)
    begin, go_on = office.live.messages.begin, threading.Event()

    def slowly(*arguments: Any) -> Any:
        threading.Event().wait(1.0)
        return begin(*arguments)

    monkeypatch.setattr(office.live.messages, "begin", slowly)
    office.assistant.pause = lambda _: assert_set(go_on)
    begun = time.monotonic()
    reply = office.send("count 2 every 1").reply
    assert time.monotonic() - begun < 1.8
    assert reply.status in {"queued", "streaming"}
    go_on.set()
    assert finished(office.service.resume(office.caller, reply.id)).state == "complete"


def test_a_repeated_question_is_the_same_exchange(office: ChatOffice) -> None:
    first = office.send(who=keyed(office))
    office.pass_by(60)
    assert office.send(who=keyed(office)) == first
    assert len(office.assistant.asked) == 1
    assert len(office.events) == 1


def test_twenty_repetitions_at_once_are_one_exchange(office: ChatOffice) -> None:
    asking = keyed(office)
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: office.send("count 3 every 20", asking), range(20)))
    assert all(answer == answers[0] for answer in answers)
    assert answers[0].reply.status == "complete"
    assert len(office.assistant.asked) == 1


def test_a_repetition_on_another_instance_waits_for_the_same_reply(office: ChatOffice) -> None:
    new = NewMessage.model_validate({"contextId": office.context.id, "content": "count 3 every 20"})
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(office.service.send, keyed(office), new)
        second = pool.submit(office.instance().send, keyed(office), new)
    assert first.result() == second.result()


def test_a_key_that_was_used_for_another_question_is_refused(office: ChatOffice) -> None:
    office.send(who=keyed(office))
    with pytest.raises(IdempotencyMismatchError):
        office.send("Something else", keyed(office, "other"))


def test_a_key_is_free_again_after_a_day(office: ChatOffice) -> None:
    ids = []
    for _ in range(3):
        ids.append(office.send(who=keyed(office)).message.id)
        office.pass_by(timedelta(hours=24).total_seconds())
    assert len(set(ids)) == 3


def test_a_repetition_that_comes_while_the_run_goes_on_follows_it(office: ChatOffice) -> None:
    go_on = threading.Event()
    office.assistant.pause = lambda _: assert_set(go_on)
    body = StreamedMessage.model_validate({"contextId": office.context.id, "content": "count 2 every 1"})
    first, second = (office.service.stream(keyed(office), body) for _ in range(2))
    assert first.reply.id == second.reply.id
    go_on.set()
    assert finished(second).content == "0 1 done"
    assert len(office.assistant.asked) == 1


def test_a_killed_run_is_over_for_everybody_after_two_minutes(office: ChatOffice) -> None:
    reply = office.send("one").reply
    killed = {"state": "streaming", "is_running": True, "content": "You as", "ending": None}
    office.put(reply.id, **killed, last_sign_at=office.now)
    with pytest.raises(ConflictError):
        office.send("two")
    office.pass_by(rules.SILENCE.total_seconds())
    (shown, _) = office.listed().messages
    assert (shown.status, shown.content, shown.problem) == ("error", "You as", rules.INTERRUPTED)
    assert finished(office.service.resume(office.caller, reply.id)).state == "error"
    office.send("two")
    assert office.stored(reply.id).state == "error"


def body_of(**members: Any) -> StreamedMessage:
    return StreamedMessage.model_validate({"contextId": "ctx_1"} | members)


def ai_sdk(*messages: Any, **members: Any) -> StreamedMessage:
    return body_of(id="chat-1", messages=messages, trigger="submit-message", **members)


def said(text: str, role: str = "user") -> dict[str, Any]:
    return {"id": "m", "role": role, "parts": [{"type": "text", "text": text}]}


def test_the_last_message_of_the_ai_sdk_is_the_question() -> None:
    answered = {"id": "a", "role": "assistant", "parts": [{"type": "step-start"}, {"type": "text", "text": "No."}]}
    two_parts = {"role": "user", "parts": [{"type": "text", "text": " And "}, {"type": "text", "text": "now? "}]}
    question = question_of(ai_sdk(said("Is she?"), answered, two_parts, threadId="front"))
    assert (question.content, question.context_id, question.thread_id) == ("And now?", "ctx_1", "front")


REFUSED: dict[str, tuple[StreamedMessage, str, str]] = {
    "neither": (body_of(), "content", "missing"),
    "both": (ai_sdk(said("a"), content="b"), "content", "one_of"),
    "an assistant's": (ai_sdk(said("a"), said("b", "assistant")), "messages[1].role", "no_question"),
    "a file": (
        ai_sdk({"role": "user", "parts": [{"type": "text", "text": "a"}, {"type": "file", "url": "data:,x"}]}),
        "messages[0].parts[1].type",
        "unsupported_part",
    ),
    "no parts": (ai_sdk({"role": "user"}), "messages[0].parts", "missing"),
    "blank": (ai_sdk(said(" \n ")), "messages[0].parts", "missing"),
    "too long": (ai_sdk(said("x" * 4001)), "messages[0].parts", "string_too_long"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_body_without_a_question_is_refused_by_name(case: str) -> None:
    body, field, code = REFUSED[case]
    with pytest.raises(ValidationFailedError) as refused:
        question_of(body)
    assert [(fault.field, fault.code) for fault in refused.value.errors] == [(field, code)]


def test_the_component_is_the_chat_and_nothing_else(office: ChatOffice) -> None:
    office.send()
    assert len(office.service.get_component_data("chat", None, caller=office.caller).messages) == 2
    with pytest.raises(NotFoundError):
        office.service.get_component_data("tasks", None, caller=office.caller)


def test_no_question_is_stored_for_another_organisations_context(office: ChatOffice) -> None:
    foreign = context(client_id=USER)
    office.live.documents.contexts[foreign.id] = foreign
    with pytest.raises(NotFoundError):
        office.service.send(office.caller, NewMessage.model_validate({"contextId": foreign.id, "content": "x"}))
    assert office.live.documents.messages == {}
    assert CLIENT != USER
