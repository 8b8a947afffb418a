"""What a model and its service do wrong: retried where that helps, else rules answer, or the answer says it is cut."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from shared.assistant.gemini.assistant import MOST_ROUNDS
from tests.integration.gemini.office import Answered, Office
from tests.integration.gemini.server import (
    HEAD,
    KEY,
    GeminiServer,
    Reply,
    answers,
    call,
    calls,
    chunk,
    event,
    fails,
    framed,
    gemini_server,
    says,
    sends,
    silent,
    text,
)

LOOK = calls(call("claims"))
GOOD = answers("Two claims.")
CUT = "The answer breaks off here, on the model's side: what is missing can be asked again."
RULES = "This patient has 2 claims"  # how rules begin to answer the same question


def by_rules(office: Office, answer: Answered, code: str) -> None:
    """Rules answered instead, whole, and the step before says why; nothing of the model's is shown."""
    assert ("model", code) in answer.called
    expected = Answered.of(office.grounded.answer(office.question(), stopped=lambda: False))
    assert (answer.text, answer.cited, answer.ending) == (expected.text, expected.cited, "complete")
    (step,) = [one for one in answer.steps if one.text.endswith("rules answer from the records instead")]
    assert step.error == code


def cut(answer: Answered, said: str, sentence: str, ending: str) -> None:
    """What was said stands, with its sources, and a sentence says that it is not whole."""
    assert answer.text == f"{said} {sentence}"
    assert answer.ending == ending
    assert answer.cited
    assert set(answer.cited) <= answer.read
    assert not answer.offered


# --- before the first word: again, or rules


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_passing_refusal_is_retried_with_growing_waits(office: Office, server: GeminiServer, status: int) -> None:
    server.plays(fails(status), fails(status), LOOK, fails(status), GOOD)
    answer = office.ask()
    assert answer.text == "Two claims."
    assert office.waited == [0.5, 1.0, 0.5]
    assert answer.called.count(("model", "model_unavailable")) == 3
    assert answer.called.count(("claims", None)) == 1


def test_waits_are_jittered_and_bounded(office: Office) -> None:
    office.server.plays(fails(503))
    question = office.question()
    waits: list[float] = []
    for chance in (0.0, 0.5, 1.0):
        assistant = office.assistant(chance=lambda chance=chance: chance, attempts=2)
        list(assistant.answer(question, stopped=lambda: False))
        waits += office.waited
        office.waited.clear()
    assert waits == [0.25, 0.375, 0.5]
    bounded = office.assistant(attempts=9)._persistence
    assert [bounded.wait(attempt, None) for attempt in range(1, 10)] == [0.5, 1, 2, 4, 4, 4, 4, 4, None]


def test_a_service_that_stays_away_is_asked_three_times_and_rules_answer(office: Office, server: GeminiServer) -> None:
    server.plays(fails(503))
    by_rules(office, office.ask(), "model_unavailable")
    assert len(server.asked) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 302, 204])
def test_a_refusal_that_stays_is_not_retried(office: Office, server: GeminiServer, status: int) -> None:
    server.plays(fails(status, f"Location: {server.url}/elsewhere"))
    by_rules(office, office.ask(), "model_refused")
    assert len(server.asked) == 1
    assert not office.waited


RETRY_INFO = {"error": {"code": 429, "details": [{"@type": "x"}, {"@type": "RetryInfo", "retryDelay": "2.5s"}]}}


@pytest.mark.parametrize(
    ("reply", "waited"),
    [
        (lambda: fails(429, "Retry-After: 2"), 2.0),
        (lambda: fails(429, "Retry-After: 0"), 0.5),
        (lambda: fails(429, body=RETRY_INFO), 2.5),
        (lambda: fails(429, "Retry-After: soon"), 0.5),
        (lambda: fails(429, body={"error": {"code": 429, "details": "what"}}), 0.5),
        (lambda: fails(429, body=["nonsense"]), 0.5),
        (lambda: fails(503, f"Retry-After: {format_datetime(datetime.now(UTC) + timedelta(seconds=3))}"), 2.0),
    ],
)
def test_the_wait_that_the_service_asks_for_is_kept(
    office: Office, server: GeminiServer, reply: Callable[[], Reply], waited: float
) -> None:
    server.plays(reply(), LOOK, GOOD)
    assert office.ask().text == "Two claims."
    (wait,) = office.waited
    assert waited <= wait <= waited + 1  # a date has whole seconds


@pytest.mark.parametrize("after", ["3600", "9"])
def test_for_a_long_wait_rules_answer_at_once(office: Office, server: GeminiServer, after: str) -> None:
    server.plays(fails(429, f"Retry-After: {after}"))
    office.seconds = 100
    by_rules(office, office.ask(), "model_unavailable")
    assert (len(server.asked), office.waited) == (1, [])


def test_no_wait_goes_beyond_the_time_of_the_answer(office: Office, server: GeminiServer) -> None:
    server.plays(fails(429, "Retry-After: 7"))
    office.seconds = 5
    by_rules(office, office.ask(), "model_unavailable")
    assert not office.waited


def test_silence_is_retried_within_the_time_of_the_answer(office: Office, server: GeminiServer) -> None:
    server.plays(silent, LOOK, silent, GOOD)
    office.idle = 1
    begun = time.monotonic()
    answer = office.ask()
    assert answer.text == "Two claims."
    assert answer.called.count(("model", "model_timeout")) == 2
    assert 2.0 <= time.monotonic() - begun < 20


HEADERS_FOR_EVER = sends(b"HTTP/1.1 200 OK\r\n", again=b"X-A: b\r\n", pause=0.2)
BYTES_FOR_EVER = sends(HEAD, framed(b"data: {"), again=framed(b" "), pause=0.2)
COMMENTS_FOR_EVER = sends(HEAD, again=framed(event({"usageMetadata": {"promptTokenCount": 1}})), pause=0.2)


@pytest.mark.parametrize("drip", [HEADERS_FOR_EVER, BYTES_FOR_EVER, COMMENTS_FOR_EVER, silent])
def test_whatever_drips_the_answer_is_over_in_its_time(office: Office, server: GeminiServer, drip: Reply) -> None:
    server.plays(drip)
    office.seconds = 2
    begun = time.monotonic()
    by_rules(office, office.ask(), "model_timeout")
    assert time.monotonic() - begun < 8


BROKEN: dict[str, Reply] = {
    "cut within the head": sends(b"HTTP/1.1 200 OK\r\nContent-"),
    "no HTTP": sends(b"\x00\x01 what\r\n\r\n"),
    "cut before the first event": says(ends=False),
    "cut within an event": sends(HEAD, framed(b'data: {"candidates": [{"content"')),
    "no JSON": says(b"data: {oops\r\n\r\n"),
    "no text": says(b"data: \xff\xfe\r\n\r\n"),
    "no object": says(event([1, 2])),
    "other types": says(event({"candidates": "none"})),
    "a number": says(event(7)),
    "no candidates": says(event({"candidates": []})),
    "nothing at all": says(),
    "an empty answer": sends(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    "no end": says(chunk(call("claims"))),
    "calls without an end": says(chunk(call("claims")), ends=False),
    "a page": sends(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 16\r\n\r\n<html>no</html>\n"),
    "another end": says(chunk(finish="OTHER")),
    "an end that nobody knows": says(chunk(finish="SOMETHING_NEW")),
    "too much": says(*[chunk(text("x" * 900_000))] * 6),
}


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.filterwarnings("ignore:SOMETHING_NEW")
def test_what_cannot_be_read_before_the_first_word_is_answered_by_rules(
    office: Office, server: GeminiServer, name: str
) -> None:
    server.plays(BROKEN[name])
    answer = office.ask()
    code = "model_declined" if name == "an end that nobody knows" else "model_broken"
    by_rules(office, answer, code)
    assert len(server.asked) == 1
    assert ("claims", None) in answer.called[1:]  # read by rules alone


def test_nobody_there_is_retried_and_answered_by_rules(office: Office) -> None:
    with gemini_server() as gone:
        office.server.url = gone.url
    by_rules(office, office.ask(), "model_unavailable")
    assert office.waited == [0.5, 1.0]


def test_an_error_within_the_stream_before_the_first_word_is_retried(office: Office, server: GeminiServer) -> None:
    server.plays(says(chunk(call("visits")), event({"error": {"code": 503, "message": "overloaded"}})), LOOK, GOOD)
    answer = office.ask()
    assert answer.text == "Two claims."
    assert ("visits", None) not in answer.called  # what the broken attempt had called is forgotten


# --- after the first word: the answer says that it is not whole


LATE: dict[str, Reply] = {
    "cut": says(chunk(text("There are")), ends=False),
    "no end": says(chunk(text("There are"))),
    "no JSON": says(chunk(text("There are")), b"data: {oops\r\n\r\n"),
    "other types": says(chunk(text("There are")), event({"candidates": 3})),
    "an error": says(chunk(text("There are")), event({"error": {"code": 503, "message": KEY}})),
    "silence": says(chunk(text("There are")), pause=30),
    "another end": says(chunk(text("There are")), chunk(finish="OTHER")),
}


@pytest.mark.parametrize("name", LATE)
def test_a_stream_that_breaks_behind_the_first_word_ends_the_answer(
    office: Office, server: GeminiServer, name: str
) -> None:
    server.plays(LOOK, LATE[name])
    office.idle = 1 if name == "silence" else 10
    answer = office.ask()
    cut(answer, "There are", CUT, "truncated")
    assert len(server.asked) == 2
    assert not office.waited


@pytest.mark.parametrize(
    "finish", ["SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "LANGUAGE", "MODEL_ARMOR"]
)
def test_a_model_that_declines_on_its_way_says_so(office: Office, server: GeminiServer, finish: str) -> None:
    server.plays(LOOK, answers("There are", finish=finish))
    cut(office.ask(), "There are", "The model declined to go on here: the answer is not whole.", "declined")
    server.plays(says(chunk(finish=finish)))
    by_rules(office, office.ask(), "model_declined")


@pytest.mark.parametrize("finish", ["MAX_TOKENS", "CONTINUATION"])
def test_an_answer_that_grew_too_long_says_so(office: Office, server: GeminiServer, finish: str) -> None:
    server.plays(LOOK, answers("There are", finish=finish))
    too_long = "The answer is cut here because it grew too long: ask for a part of it."
    cut(office.ask(), "There are", too_long, "truncated")
    assert len(server.asked) == 2
    server.plays(answers(finish=finish))
    by_rules(office, office.ask(), "model_too_long")


@pytest.mark.parametrize("feedback", [{"blockReason": "SAFETY"}, {"blockReason": "PROHIBITED_CONTENT"}])
def test_a_question_that_the_service_blocks_is_answered_by_rules(
    office: Office, server: GeminiServer, feedback: dict[str, str]
) -> None:
    server.plays(says(event({"promptFeedback": feedback})))
    by_rules(office, office.ask(), "model_declined")
    assert len(server.asked) == 1
    server.plays(LOOK, says(chunk(text("There are"))[:-4] + b"\r\n\r\n", event({"promptFeedback": feedback})))
    assert office.ask().ending == "declined"


# --- calls that cannot be made


MISUSE: dict[str, dict[str, Any]] = {
    "no such tool": call("delete_patient", patient="MRN553"),
    "a member that there is not": call("claims", clientId="x"),
    "no day": call("claims", first="soon"),
    "a list for a name": call("patient", patient=["MRN553"]),
    "nothing to look for": call("find_patients"),
}


@pytest.mark.parametrize("name", MISUSE)
def test_a_wrong_call_is_told_back_once_and_then_rules_answer(office: Office, server: GeminiServer, name: str) -> None:
    wrong = calls(MISUSE[name])
    server.plays(wrong, LOOK, GOOD)
    answer = office.ask()
    assert answer.called[0][1] in {"no_such_tool", "wrong_params"}
    error = server.asked[1].results[0]["response"]["error"]
    assert error["code"] == answer.called[0][1]
    assert "MRN553" not in json.dumps(error)
    assert answer.text == "Two claims."
    server.plays(wrong, wrong, GOOD)
    by_rules(office, office.ask(), "model_misused_tools")
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    "wrong",
    [
        says(chunk(finish="MALFORMED_FUNCTION_CALL")),
        says(chunk(finish="UNEXPECTED_TOOL_CALL")),
        says(chunk({"functionCall": {"args": {}}}, finish="STOP")),
    ],
)
def test_a_call_that_cannot_be_read_is_told_back_once(office: Office, server: GeminiServer, wrong: Reply) -> None:
    server.plays(wrong, LOOK, GOOD)
    assert office.ask().text == "Two claims."
    assert server.asked[1].contents[-1]["parts"][0]["text"].startswith("Your function call could not be read")
    server.plays(wrong, wrong)
    by_rules(office, office.ask(), "model_misused_tools")


def test_a_wrong_call_behind_the_first_word_ends_the_answer(office: Office, server: GeminiServer) -> None:
    wrong = says(chunk(text("There are")), chunk(call("nothing"), finish="STOP"))
    server.plays(LOOK, wrong, calls(call("nothing")))
    cut(office.ask(), "There are", CUT, "truncated")


def test_looking_up_for_ever_ends_and_the_last_turn_may_not_call(office: Office, server: GeminiServer) -> None:
    server.plays(LOOK)
    by_rules(office, office.ask(), "model_too_many_rounds")
    modes = [asked.body["toolConfig"]["functionCallingConfig"]["mode"] for asked in server.asked]
    assert modes == ["AUTO"] * (MOST_ROUNDS - 1) + ["NONE"]


def test_too_many_calls_at_once_are_told_back(office: Office, server: GeminiServer) -> None:
    server.plays(calls(*[call("claims")] * 30), GOOD)
    answer = office.ask()
    assert answer.called.count(("claims", None)) == 8
    codes = [one["response"].get("error", {}).get("code") for one in server.asked[1].results]
    assert codes == [None] * 8 + ["too_many_calls"] * 22


def test_a_reading_that_is_too_large_is_told_back(
    office: Office, server: GeminiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.assistant.gemini.telling.LONGEST_RESULT", 300)
    server.plays(LOOK, GOOD)
    office.ask()
    assert server.asked[1].results[0]["response"]["error"]["code"] == "too_much"
    assert "CLM-88" not in json.dumps(server.asked[1].body)
