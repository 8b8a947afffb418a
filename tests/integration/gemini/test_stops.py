"""Somebody stops an answer or leaves it; and what must show in no answer and no log."""

from __future__ import annotations

import logging
import socket
import threading
import time

import pytest
from google.genai import types

from shared.assistant.gemini.faults import ModelError
from shared.assistant.gemini.model import GeminiModel, Prompt, Turn
from shared.assistant.protocol import Ending, Text
from tests.integration.gemini.office import Answered, Office
from tests.integration.gemini.server import (
    HEAD,
    KEY,
    Asked,
    GeminiServer,
    Reply,
    answers,
    call,
    calls,
    chunk,
    event,
    fails,
    framed,
    says,
    sends,
    silent,
    text,
)

LOOK = calls(call("claims"))
GOOD = answers("Two claims.")
LATE_ERROR = says(chunk(text("There are")), event({"error": {"code": 503, "message": KEY}}))


class Stop:
    """Says stop from the moment that it is asked to."""

    def __init__(self) -> None:
        self.event = threading.Event()

    def __call__(self) -> bool:
        return self.event.is_set()


@pytest.mark.parametrize("reply", [silent, says(chunk(text("There")), pause=30)])
def test_a_stop_is_heard_while_the_model_is_silent_and_hangs_up(
    office: Office, server: GeminiServer, reply: Reply
) -> None:
    server.plays(reply)
    stop = Stop()
    threading.Timer(0.3, stop.event.set).start()
    begun = time.monotonic()
    answer = office.ask(stopped=stop)
    assert time.monotonic() - begun < 6
    assert (answer.ending, answer.text) == ("stopped", "")
    if reply is silent:
        assert server.left.wait(5)


def test_a_stop_between_two_parts_ends_the_answer(office: Office, server: GeminiServer) -> None:
    server.plays(LOOK, answers(*"abcdef"))
    stop = Stop()
    parts = []
    for part in office.assistant().answer(office.question(), stopped=stop):
        parts.append(part)
        if part == Text("b"):
            stop.event.set()
    assert "".join(one.delta for one in parts if isinstance(one, Text)) == "ab"
    assert parts[-1] == Ending("stopped")


def test_a_stop_behind_a_look_up_asks_the_model_no_more(office: Office, server: GeminiServer) -> None:
    server.plays(calls(call("claims"), call("visits")), GOOD)
    stop = Stop()
    parts = []
    for part in office.assistant().answer(office.question(), stopped=stop):
        parts.append(part)
        stop.event.set()
    assert len(parts) == 2
    assert parts[-1] == Ending("stopped")
    assert len(server.asked) == 1


def test_a_stop_ends_a_wait(office: Office, server: GeminiServer) -> None:
    server.plays(fails(503))
    stop = Stop()
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        stop.event.set()

    assistant = office.assistant(pause=pause, look=0.2)
    answer = Answered.of(assistant.answer(office.question(), stopped=stop))
    assert answer.ending == "stopped"
    assert pauses == [0.2]
    assert len(server.asked) == 1


def test_an_answer_that_nobody_reads_any_more_hangs_up(office: Office, server: GeminiServer) -> None:
    def lingers(connection: socket.socket, asked: Asked, stop: threading.Event) -> None:
        says(chunk(text("There")), ends=False)(connection, asked, stop)
        silent(connection, asked, stop)

    server.plays(LOOK, lingers)
    parts = office.assistant().answer(office.question(), stopped=lambda: False)
    assert any(isinstance(part, Text) for part in parts)
    server.left.clear()
    parts.close()  # type: ignore[attr-defined]
    assert server.left.wait(5)


def test_a_call_that_has_failed_hangs_up_even_while_its_error_is_looked_at(
    office: Office, server: GeminiServer
) -> None:
    server.plays(sends(HEAD, framed(b"data: {oops\r\n\r\n"), again=framed(b"data: {}\r\n\r\n"), pause=0.05))
    prompt = Prompt("Answer.", (), (types.Content(role="user", parts=[types.Part(text="Hello")]),))
    with pytest.raises(ModelError) as caught:
        list(GeminiModel(office.settings).stream(prompt, Turn(), seconds=20, given_up=lambda: False))
    assert server.left.wait(5)
    assert caught.value.__cause__ is not None


# --- what must not show


@pytest.mark.parametrize(
    "reply", [fails(400), fails(503), fails(403, body={"key": KEY}), says(f"data: {{oops {KEY}\r\n\r\n".encode())]
)
def test_the_key_shows_nowhere(
    office: Office, server: GeminiServer, reply: Reply, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        server.plays(reply)
        answer = office.ask()
        server.plays(LOOK, LATE_ERROR)
        late = office.ask()
    assert KEY not in repr(answer) + repr(late) + caplog.text
    assert "Elena" not in caplog.text
    assert KEY not in repr(GeminiModel(office.settings)) + repr(office.settings)
    assert all(KEY not in asked.path for asked in server.asked)
