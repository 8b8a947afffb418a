"""A run: what it writes and when, how it stops, and what it does when its store or its assistant fails."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from shared.assistant.protocol import AnswerPart, Ending, Step, Text
from shared.domain import chat as rules
from shared.models.firestore.conversation import MessageDocument
from shared.models.outcome import Outcome
from shared.repositories.changes import Change
from shared.services.chat_runs import ChatRun, Following, Pace
from shared.services.chat_sweep import MessageSweep
from tests.unit.chat_office import QUICK, BrokenLine, ChatOffice
from tests.unit.factories import CLIENT, NOW
from tests.unit.test_chat_rules import reply

Script = Callable[[Callable[[], bool]], Iterator[AnswerPart]]


class Time:
    """Seconds that pass when a script says so; each look at the clock is free."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def office() -> ChatOffice:
    return ChatOffice()


def run_of(office: ChatOffice, script: Script, time: Time | None = None, pace: Pace | None = None) -> ChatRun:
    queued = reply(state="queued")
    office.live.messages.create(queued, None)
    clock: dict[str, Any] = {} if time is None else {"clock": time}
    return ChatRun(
        queued, script, office.live.messages, pace or QUICK, request_id="req-1", now=lambda: office.now, **clock
    )


def written(office: ChatOffice) -> list[MessageDocument]:
    """Every version of the reply that was written, in order."""
    versions: list[MessageDocument] = []
    put = office.live.messages._put

    def noted(document: MessageDocument) -> MessageDocument:
        versions.append(document)
        return put(document)

    office.live.messages._put = noted  # type: ignore[method-assign]  # it notes what is written
    return versions


def test_writes_are_a_quarter_of_a_second_apart_and_the_last_one_is_made(office: ChatOffice) -> None:
    time = Time()

    def script(_: Callable[[], bool]) -> Iterator[AnswerPart]:
        for number in range(10):
            time.seconds += 0.1
            yield Text(str(number))
        yield Ending()

    run = run_of(office, script, time, Pace())
    versions = written(office)
    run.carry_out()
    assert [one.content for one in versions] == ["012", "012345", "012345678", "0123456789"]
    assert [one.state for one in versions] == ["streaming"] * 3 + ["complete"]
    assert [one.version for one in versions] == [2, 3, 4, 5]
    assert run.reply == office.stored("msg_1")


def test_a_short_answer_is_written_once(office: ChatOffice) -> None:
    run = run_of(office, lambda _: iter([Step("context", "Read it"), Text("Yes."), Ending()]), Time(), Pace())
    versions = written(office)
    run.carry_out()
    (one,) = versions
    assert (one.state, one.content, one.ending, one.is_running) == ("complete", "Yes.", "complete", False)
    assert one.thinking[0].tool == "context"


def test_a_stop_in_the_document_is_seen_at_the_next_write(office: ChatOffice) -> None:
    time = Time()

    def script(stopped: Callable[[], bool]) -> Iterator[AnswerPart]:
        yield Text("a")
        office.put("msg_1", stop_requested=True)
        time.seconds += 0.3
        yield Text("b")
        assert stopped()
        yield Ending("stopped")

    run = run_of(office, script, time, Pace())
    run.carry_out()
    assert (run.reply.state, run.reply.content, run.reply.stop_requested) == ("stopped", "ab", True)


def test_a_stop_is_seen_while_nothing_is_written(office: ChatOffice) -> None:
    time = Time()

    def script(stopped: Callable[[], bool]) -> Iterator[AnswerPart]:
        office.put("msg_1", stop_requested=True)
        assert not stopped()  # the store is asked once a second at most
        time.seconds += 1.3
        assert stopped()
        yield Ending("stopped")

    run = run_of(office, script, time, Pace())
    run.carry_out()
    assert run.reply.state == "stopped"


def test_an_assistant_that_does_not_ask_is_stopped_all_the_same(office: ChatOffice) -> None:
    closed: list[bool] = []

    def script(_: Callable[[], bool]) -> Iterator[AnswerPart]:
        try:
            while True:
                yield Text("x")
                run.stop()
        finally:
            closed.append(True)

    run = run_of(office, script)
    run.carry_out()
    assert (run.reply.state, run.reply.content, closed) == ("stopped", "xx", [True])


def test_an_endless_answer_is_cut(office: ChatOffice) -> None:
    def script(_: Callable[[], bool]) -> Iterator[AnswerPart]:
        while True:
            yield Text("x" * 5000)

    run = run_of(office, script)
    run.carry_out()
    assert (run.reply.state, run.reply.ending, len(run.reply.content)) == (
        "complete",
        "truncated",
        rules.LONGEST_ANSWER,
    )


def test_an_assistant_that_breaks_ends_the_reply_and_says_nothing_personal(
    office: ChatOffice, capsys: pytest.CaptureFixture[str]
) -> None:
    def script(_: Callable[[], bool]) -> Iterator[AnswerPart]:
        yield Text("She is ")
        raise RuntimeError("Elena Vasquez")

    run = run_of(office, script)
    run.carry_out()
    assert (run.reply.state, run.reply.content, run.reply.problem) == ("error", "She is ", rules.FAILED)
    logged = capsys.readouterr().out
    assert '"error": "RuntimeError"' in logged
    assert "Elena" not in logged


def test_an_assistant_that_just_stops_talking_has_failed(office: ChatOffice) -> None:
    run = run_of(office, lambda _: iter([Text("She is ")]))
    run.carry_out()
    assert (run.reply.state, run.reply.problem) == ("error", rules.FAILED)


def test_a_store_that_is_away_for_a_while_costs_nothing(office: ChatOffice) -> None:
    line = BrokenLine(office)

    def script(_: Callable[[], bool]) -> Iterator[AnswerPart]:
        yield Text("one ")
        line.away = True
        threading.Event().wait(0.05)
        yield Text("two ")
        threading.Timer(0.15, lambda: setattr(line, "away", False)).start()
        yield Text("three")
        yield Ending()

    run = run_of(office, script)
    seen: list[str] = []
    run.watch(lambda: seen.append(run.reply.content))
    run.carry_out()
    assert office.stored("msg_1").content == "one two three"
    assert (office.stored("msg_1").state, run.reply.state) == ("complete", "complete")
    assert "one two " in seen  # who listens here goes on reading while the store is away


def test_an_end_that_cannot_be_stored_is_an_error_to_who_listens(office: ChatOffice) -> None:
    line = BrokenLine(office)
    line.away = True
    run = run_of(office, lambda _: iter([Text("Yes."), Ending()]))
    run.carry_out()
    assert (run.reply.state, run.reply.problem) == ("error", rules.NOT_STORED)
    assert line.tried > 2
    assert office.stored("msg_1").state == "queued"  # the sweep will say the same of it


def test_a_run_that_was_taken_for_dead_ends_and_changes_nothing_any_more(office: ChatOffice) -> None:
    def script(_: Callable[[], bool]) -> Iterator[AnswerPart]:
        yield Text("late ")
        dead = rules.interrupted(office.stored("msg_1"), NOW)
        office.live.messages.change(CLIENT, "msg_1", lambda _: Change(dead, None))
        threading.Event().wait(0.05)
        yield Text("later ")
        yield Text("never")
        yield Ending()

    run = run_of(office, script)
    run.carry_out()
    assert office.stored("msg_1").state == "error"
    assert run.reply == office.stored("msg_1")


def test_what_others_write_into_the_message_meanwhile_stays(office: ChatOffice) -> None:
    def script(_: Callable[[], bool]) -> Iterator[AnswerPart]:
        yield Text("Yes.")
        office.put("msg_1", stop_requested=True)
        yield Ending()

    run = run_of(office, script)
    run.carry_out()
    assert (office.stored("msg_1").stop_requested, office.stored("msg_1").content) == (True, "Yes.")


async def _contents(following: Following, snapshots: int) -> list[str]:
    found = []
    async for snapshot in following.snapshots():
        found.append(snapshot.content)
        if len(found) == snapshots:
            break
    return found


def test_who_listens_sees_each_part_and_who_leaves_is_forgotten(office: ChatOffice) -> None:
    go_on = threading.Semaphore(0)

    def script(_: Callable[[], bool]) -> Iterator[AnswerPart]:
        for number in range(3):
            assert go_on.acquire(timeout=5)
            yield Text(str(number))
        yield Ending()

    run = run_of(office, script, pace=Pace(write=60))

    async def listening() -> list[str]:
        seen = []
        thread = asyncio.get_running_loop().run_in_executor(None, run.carry_out)
        async for snapshot in Following(run.reply, run, lambda: run.reply, poll=1).snapshots():
            seen.append(snapshot.content)
            go_on.release()
        await thread
        return seen

    seen = asyncio.run(asyncio.wait_for(listening(), 10))
    assert [content for number, content in enumerate(seen) if content not in seen[:number]] == ["", "0", "01", "012"]
    assert run._watchers == set()


def test_another_instances_run_is_read_from_the_store_until_it_is_over() -> None:
    stages = [reply(content="a"), reply(content="ab"), rules.ended(reply(content="abc"), "complete", NOW)]
    reads = iter([stages[0], stages[0], stages[1], stages[2]])
    following = Following(stages[0], None, lambda: next(reads), poll=0.001)
    assert asyncio.run(_contents(following, 9)) == ["a", "ab", "abc"]


def test_the_sweep_ends_silent_runs_once(office: ChatOffice) -> None:
    silent, heard = reply(), reply(id="msg_2", last_sign_at=NOW + timedelta(minutes=1))
    for one in (silent, heard):
        office.live.messages.create(one, None)
    sweep = MessageSweep(office.live.messages, office.live.messages, now=lambda: NOW + rules.SILENCE)
    assert sweep.run() is Outcome.DONE
    assert (office.stored("msg_1").state, office.stored("msg_2").state) == ("error", "streaming")
    assert sweep.run() is Outcome.UNCHANGED
    assert office.stored("msg_1").version == 2


def test_a_run_that_speaks_up_while_the_sweep_comes_by_is_left_alone(office: ChatOffice) -> None:
    office.live.messages.create(reply(), None)
    found = office.live.messages.silent_since(NOW, limit=9)
    office.put("msg_1", last_sign_at=NOW + rules.SILENCE)

    class Found:
        def silent_since(self, moment: Any, *, limit: int) -> list[MessageDocument]:
            assert (moment, limit > 0) == (NOW, True)
            return found

    MessageSweep(Found(), office.live.messages, now=lambda: NOW + rules.SILENCE).run()
    assert office.stored("msg_1").state == "streaming"
