"""Questions, their replies and the thread that takes one at a time: one contract, both implementations."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.domain import chat as rules
from shared.errors import ConflictError, MobiusError
from shared.models.firestore.conversation import MessageDocument, ThreadDocument
from shared.models.firestore.documents import Document
from shared.models.identifiers import derived_document_id
from shared.repositories.changes import Change
from tests.contract.conftest import Live
from tests.contract.line import Office
from tests.contract.test_documents import base, message
from tests.unit.factories import NOW, event


def exchange(
    client: UUID, thread_id: str = "thread_1", **members: Any
) -> tuple[ThreadDocument, MessageDocument, MessageDocument]:
    """A thread, a question and its queued reply."""
    question = message(client, type="user", content="Is she covered?", thinking=(), thread_id=thread_id, **members)
    waiting = {"is_running": True, "state": "queued", "in_reply_to": question.id, "last_sign_at": NOW, "content": ""}
    reply = message(client, thread_id=thread_id, **waiting)
    place = {"context_id": "ctx_1", "mode": "eligibility", "thread_id": thread_id, "reply_id": reply.id}
    made = base(client, "thread", id=derived_document_id("thread", client, "ctx_1", thread_id), **place)
    return ThreadDocument(**made), question, reply


def refused(newest: MessageDocument) -> MessageDocument:
    return rules.make_way(newest, NOW)


def begun(live: Live, thread_id: str = "thread_1") -> tuple[MessageDocument, MessageDocument]:
    thread, question, reply = exchange(live.client, thread_id)
    assert live.store.messages.begin(thread, question, reply, event(live.client), refused) is None
    return question, reply


def end(live: Live, reply: MessageDocument) -> None:
    def decide(found: MessageDocument) -> Change[MessageDocument]:
        streaming = rules.moved(found, "streaming", NOW)
        return Change(rules.ended(streaming, "complete", NOW), None)

    live.store.messages.change(live.client, reply.id, decide)


def test_a_question_and_its_reply_are_stored_with_one_event(live: Live) -> None:
    question, reply = begun(live)
    assert live.store.messages.get(live.client, question.id) == question
    assert live.store.messages.get(live.client, reply.id) == reply
    assert len(live.events()) == 1


def test_a_question_that_is_there_is_returned_even_while_its_run_goes_on(live: Live) -> None:
    question, _ = begun(live)
    thread, _, reply = exchange(live.client)
    again = question.model_copy(update={"content": "Something else"})
    assert live.store.messages.begin(thread, again, reply, event(live.client), refused) == question
    assert live.store.messages.get(live.client, reply.id) is None
    assert len(live.events()) == 1


def test_no_other_begins_while_one_runs(live: Live) -> None:
    begun(live)
    thread, question, reply = exchange(live.client)
    with pytest.raises(ConflictError) as conflict:
        live.store.messages.begin(thread, question, reply, event(live.client), refused)
    assert conflict.value.code == "run_active"
    assert live.store.messages.get(live.client, question.id) is None
    assert len(live.events()) == 1


def test_another_thread_and_another_organisation_are_not_held_up(live: Live) -> None:
    begun(live)
    begun(live, "thread_2")
    other = uuid4()
    thread, question, reply = exchange(other)
    assert live.store.messages.begin(thread, question, reply, event(other), refused) is None


def test_when_a_run_is_over_the_next_begins(live: Live) -> None:
    _, first = begun(live)
    end(live, first)
    _, second = begun(live)
    thread, question, reply = exchange(live.client)
    with pytest.raises(ConflictError):
        live.store.messages.begin(thread, question, reply, event(live.client), refused)
    end(live, second)
    begun(live)


def test_a_silent_run_is_ended_by_who_takes_its_place(live: Live) -> None:
    _, silent = begun(live)
    thread, question, reply = exchange(live.client)
    later = NOW + rules.SILENCE
    live.store.messages.begin(thread, question, reply, event(live.client), lambda newest: rules.make_way(newest, later))
    found = live.store.messages.get(live.client, silent.id)
    assert found is not None
    assert (found.state, found.is_running, found.problem) == ("error", False, rules.INTERRUPTED)


def test_of_twenty_questions_at_once_one_begins(live: Live) -> None:
    def ask(_: int) -> str:
        thread, question, reply = exchange(live.client)
        try:
            live.store.messages.begin(thread, question, reply, event(live.client), refused)
        except MobiusError as error:
            return error.code
        return "begun"

    with ThreadPoolExecutor(5) as pool:
        outcomes = list(pool.map(ask, range(20)))
    assert sorted(outcomes) == ["begun"] + ["run_active"] * 19
    assert len(live.events()) == 1


def test_one_question_sent_twenty_times_at_once_is_stored_once(live: Live) -> None:
    thread, question, reply = exchange(live.client)

    def ask(_: int) -> bool:
        return live.store.messages.begin(thread, question, reply, event(live.client), refused) is None

    with ThreadPoolExecutor(5) as pool:
        assert sum(pool.map(ask, range(20))) == 1
    assert len(live.events()) == 1


@pytest.mark.parametrize("kind", ["question", "thread"])
def test_an_id_of_another_organisation_is_taken(live: Live, kind: str) -> None:
    thread, question, reply = exchange(live.client)
    live.store.messages.begin(thread, question, reply, event(live.client), refused)
    other = uuid4()
    taken: dict[str, Document] = {"question": question, "thread": thread}
    thread, question, reply = exchange(other)
    mine: dict[str, Any] = {"question": question, "thread": thread}
    mine[kind] = mine[kind].model_copy(update={"id": taken[kind].id})
    with pytest.raises(ConflictError, match="taken"):
        live.store.messages.begin(mine["thread"], mine["question"], reply, event(other), refused)


def test_silent_replies_are_found_whosever_they_are(live: Live) -> None:
    long_ago = NOW - timedelta(days=400 + uuid4().int % 10_000)
    running = {"is_running": True, "state": "streaming"}
    mine, theirs = (
        message(live.client, last_sign_at=long_ago, **running),
        message(uuid4(), last_sign_at=long_ago, **running),
    )
    over, heard = message(live.client, last_sign_at=long_ago), message(live.client, last_sign_at=NOW, **running)
    for one in (mine, theirs, over, heard):
        live.store.messages.create(one, None)
    found = {one.id for one in live.running_replies.silent_since(NOW - rules.SILENCE, limit=100)}
    assert {mine.id, theirs.id} <= found
    assert not {over.id, heard.id} & found
    assert len(live.running_replies.silent_since(NOW, limit=1)) == 1


def test_an_exchange_whose_answer_was_lost_is_stored_once(lost: Office) -> None:
    thread, question, reply = exchange(lost.client)
    lost.line.losing = 1
    assert lost.store.messages.begin(thread, question, reply, event(lost.client), refused) is None
    assert lost.line.sent == 1
    assert lost.store.messages.get(lost.client, question.id) == question
    assert lost.store.messages.get(lost.client, reply.id) == reply
    assert len(lost.events()) <= 1


def test_an_exchange_whose_commit_never_arrived_is_stored_at_the_second_attempt(office: Office) -> None:
    thread, question, reply = exchange(office.client)
    office.line.losing, office.line.arrives = 1, False
    assert office.store.messages.begin(thread, question, reply, event(office.client), refused) is None
    assert (office.line.sent, len(office.events())) == (2, 1)
