"""The chat over HTTP: what is answered, what is refused by name, and the stream's head and body."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shared import bootstrap
from shared.config import settings
from shared.domain.rate_limit import RateLimit
from shared.errors import StoreUnavailableError
from shared.models.audit import AuditOutcome
from shared.models.roles import Role
from tests.functions.in_memory import Answer, InMemoryProduct, account

CHAT = "/api/v1/components/chat"


def ask(product: InMemoryProduct, path: str = f"{CHAT}/messages", **members: Any) -> Answer:
    body = {"contextId": product.open_context()["contextId"], "content": "Is she covered?"} | members
    return product.request("POST", path, json={name: one for name, one in body.items() if one is not ...})


def chunks(answer: Answer) -> list[Any]:
    lines = [line[6:] for line in answer.data.decode().split("\n") if line.startswith("data: ")]
    assert lines[-1] == "[DONE]"
    return [json.loads(line) for line in lines[:-1]]


def test_a_question_is_answered_with_both_messages(product: InMemoryProduct) -> None:
    answer = ask(product)
    assert answer.status == 201
    message, reply = answer.json["message"], answer.json["reply"]
    assert message["type"] == "user"
    assert {"type", "content", "thinking", "guidanceActions", "citations", "status"} <= set(reply)
    assert (reply["type"], reply["status"]) == ("system", "complete")
    assert reply["guidanceActions"][0]["action"] == "check_eligibility"
    listed = product.request("GET", f"{CHAT}/messages").json
    assert [one["id"] for one in listed["messages"]] == [reply["id"], message["id"]]
    assert listed["threadId"] == f"own_{account(Role.ELIGIBILITY_SPECIALIST).user_id}"
    thinking = product.request("GET", f"{CHAT}/thinking/{reply['id']}").json
    assert thinking == {"messageId": reply["id"], "status": "complete", "thinking": reply["thinking"]}


def test_a_stream_is_the_ui_message_stream(product: InMemoryProduct) -> None:
    answer = ask(product, f"{CHAT}/stream")
    assert answer.status == 200
    assert answer.headers["x-vercel-ai-ui-message-stream"] == "v1"
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache, no-transform"
    read = chunks(answer)
    assert (read[0]["type"], read[-1]["type"]) == ("start", "finish")
    listed = product.request("GET", f"{CHAT}/messages").json["messages"]
    assert read[0]["messageId"] == listed[0]["id"]
    text = "".join(chunk["delta"] for chunk in read if chunk["type"] == "text-delta")
    assert text == listed[0]["content"]


def test_a_stream_is_gone_on_with_behind_any_event(product: InMemoryProduct) -> None:
    whole = ask(product, f"{CHAT}/stream")
    reply = chunks(whole)[0]["messageId"]
    again = product.request("GET", f"{CHAT}/stream/{reply}")
    assert chunks(again) == chunks(whole)
    text = product.request("GET", f"{CHAT}/stream/{reply}?after=6")
    assert chunks(text)[0]["type"] == "text-delta"


def test_a_finite_stream_is_whole_at_the_end_of_the_run(
    product: InMemoryProduct, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = chunks(ask(product, f"{CHAT}/stream"))
    monkeypatch.setenv("MOBIUS_STREAMS", "finite")
    settings.cache_clear()
    finite = product.request("GET", f"{CHAT}/stream/{whole[0]['messageId']}")
    assert chunks(finite) == whole


def test_the_same_key_follows_the_same_stream(product: InMemoryProduct) -> None:
    body = {"contextId": product.open_context()["contextId"], "content": "Is she covered?"}
    first, second = (
        product.request("POST", f"{CHAT}/stream", json=body, headers={"Idempotency-Key": "one"}) for _ in range(2)
    )
    assert chunks(first) == chunks(second)
    assert len(product.assistant.asked) == 1
    other = product.request(
        "POST", f"{CHAT}/stream", json=body | {"content": "And now?"}, headers={"Idempotency-Key": "one"}
    )
    assert (other.status, other.json["code"]) == (422, "idempotency_mismatch")


def test_a_run_that_goes_on_holds_the_thread(product: InMemoryProduct) -> None:
    reply = ask(product).json["reply"]["id"]
    held = product.live.documents.messages
    running = {"state": "streaming", "is_running": True, "last_sign_at": held[reply].created_at}
    held[reply] = held[reply].model_copy(update=running)
    answer = ask(product)
    assert (answer.status, answer.json["code"]) == (409, "run_active")
    assert answer.json["current"] == {"messageId": reply, "status": "streaming"}


LONG = "x" * 4001
BAD_MESSAGES: dict[str, tuple[dict[str, Any], str]] = {
    "no content": ({"content": ...}, "content"),
    "empty": ({"content": ""}, "content"),
    "blank": ({"content": " \n\t "}, "content"),
    "too long": ({"content": LONG}, "content"),
    "no text": ({"content": 7}, "content"),
    "no context": ({"contextId": ...}, "contextId"),
    "a context that is a path": ({"contextId": "a/b"}, "contextId"),
    "a thread that is a path": ({"threadId": "a/b"}, "threadId"),
    "a thread without a name": ({"threadId": ""}, "threadId"),
    "a long thread": ({"threadId": "t" * 65}, "threadId"),
    "somebody's name on it": ({"userId": "me"}, "userId"),
}
_USER = {"id": "m", "role": "user", "parts": [{"type": "text", "text": "Is she?"}]}
BAD_STREAMS: dict[str, tuple[dict[str, Any], str]] = {
    **{name: case for name, case in BAD_MESSAGES.items() if name != "somebody's name on it"},
    "no messages": ({"content": ..., "messages": []}, "messages"),
    "no user's": ({"content": ..., "messages": [{"role": "assistant", "parts": []}]}, "messages[0].role"),
    "an unknown role": ({"content": ..., "messages": [{"role": "tool", "parts": []}]}, "messages[0].role"),
    "no text": ({"content": ..., "messages": [{**_USER, "parts": []}]}, "messages[0].parts"),
    "a part that is none": ({"content": ..., "messages": [{**_USER, "parts": ["a"]}]}, "messages[0].parts[0]"),
    "an unknown trigger": ({"content": ..., "messages": [_USER], "trigger": "resume-stream"}, "trigger"),
    "both": ({"messages": [_USER]}, "content"),
}


@pytest.mark.parametrize(
    ("path", "case", "members", "field"),
    [
        *(("messages", name, *case) for name, case in BAD_MESSAGES.items()),
        *(("stream", name, *case) for name, case in BAD_STREAMS.items()),
    ],
)
def test_a_bad_question_is_refused_naming_the_member(
    product: InMemoryProduct, path: str, case: str, members: dict[str, Any], field: str
) -> None:
    answer = ask(product, f"{CHAT}/{path}", **members)
    assert (answer.status, answer.content_type) == (422, "application/problem+json"), case
    assert [fault["field"] for fault in answer.json["errors"]] == [field]
    assert product.live.documents.messages == {}


def test_the_longest_question_is_taken(product: InMemoryProduct) -> None:
    assert ask(product, content=LONG[:-1]).status == 201


def test_the_ai_sdks_body_is_taken_with_what_it_carries_besides(product: InMemoryProduct) -> None:
    answered = {"id": "a", "role": "assistant", "metadata": {"x": 1}, "parts": [{"type": "tool-x", "state": "done"}]}
    members = {"id": "chat-1", "messages": [answered, _USER], "trigger": "regenerate-message", "messageId": None}
    answer = ask(product, f"{CHAT}/stream", content=..., **members)
    assert answer.status == 200
    assert product.assistant.asked[0].content == "Is she?"


@pytest.mark.parametrize("after", ["-1", "x", "1.5", "", "1000001", "1e3"])
def test_a_bad_place_to_go_on_at_is_refused_by_name(product: InMemoryProduct, after: str) -> None:
    reply = ask(product).json["reply"]["id"]
    answer = product.request("GET", f"{CHAT}/stream/{reply}?after={after}")
    assert (answer.status, answer.json["errors"][0]["field"]) == (422, "after")


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "cursor=x", "threadId=a/b", "unknown=1", "contextId="])
def test_a_bad_filter_of_a_thread_is_refused_by_name(product: InMemoryProduct, query: str) -> None:
    product.open_context()
    answer = product.request("GET", f"{CHAT}/messages?{query}")
    assert (answer.status, answer.json["errors"][0]["field"]) == (422, query.partition("=")[0])


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"{CHAT}/thinking/msg_none"),
        ("GET", f"{CHAT}/stream/msg_none"),
        ("GET", f"{CHAT}/stream/__x__"),
        ("POST", f"{CHAT}/messages/msg_none/stop"),
    ],
)
def test_an_unknown_and_a_private_message_are_the_same_404(product: InMemoryProduct, method: str, path: str) -> None:
    mine = ask(product).json["reply"]["id"]
    same = {"X-Request-Id": "the-same"}
    unknown = product.request(method, path, role=Role.MANAGER, headers=same)
    private = product.request(
        method, path.replace("msg_none", mine).replace("__x__", mine), role=Role.MANAGER, headers=same
    )
    assert (unknown.status, unknown.json["code"]) == (404, "not_found")
    assert unknown.data == private.data
    assert product.events[-1].outcome is AuditOutcome.DENIED


def test_stopping_what_is_over_is_answered_with_what_there_is(product: InMemoryProduct) -> None:
    reply = ask(product).json["reply"]
    for _ in range(2):
        answer = product.request("POST", f"{CHAT}/messages/{reply['id']}/stop")
        assert (answer.status, answer.json) == (200, reply)


def test_without_an_open_record_there_is_no_thread(product: InMemoryProduct) -> None:
    answer = product.request("GET", f"{CHAT}/messages")
    assert (answer.status, answer.json["code"]) == (404, "context_not_set")


def test_who_asks_too_much_has_to_wait(product: InMemoryProduct, monkeypatch: pytest.MonkeyPatch) -> None:
    limit = RateLimit(per_second=1, burst=3)
    context = product.open_context()["contextId"]
    monkeypatch.setattr(bootstrap, "rate_limit", lambda: limit)
    body = {"contextId": context, "content": "Is she covered?"}
    answers = [product.request("POST", f"{CHAT}/{path}", json=body) for path in ("messages", "stream") * 3]
    assert {answer.status for answer in answers[3:]} == {429}
    assert int(answers[-1].headers["Retry-After"]) >= 1
    assert len(product.assistant.asked) == 3


def test_nothing_of_a_conversation_stands_in_an_event_or_a_log_line(
    product: InMemoryProduct, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in ("messages", "stream"):
        ask(product, f"{CHAT}/{path}", content="Is Canary-Person covered?", threadId="canary-person")
    ask(product, content="fail after 2", threadId="canary-person")
    product.request("GET", f"{CHAT}/messages?threadId=canary-person")
    written = capsys.readouterr().out + "".join(event.model_dump_json() for event in product.events)
    assert "anary" not in written
    assert "asked" not in written


def test_the_assistant_works_as_the_person_has_chosen(product: InMemoryProduct) -> None:
    ask(product)
    product.request("PUT", "/api/v1/users/me/preferences", json={"assistant": {"mode": "Manual"}})
    ask(product)
    assert [one.assistant_mode for one in product.assistant.asked] == ["Co-pilot", "Manual"]


def test_without_the_database_the_assistant_works_as_nobody_has_chosen(
    product: InMemoryProduct, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Away:
        def get(self, *_: object) -> None:
            raise StoreUnavailableError("The database did not answer in time")

    product.request("PUT", "/api/v1/users/me/preferences", json={"assistant": {"mode": "Manual"}})
    monkeypatch.setattr(bootstrap, "user_repository", Away)
    assert ask(product).json["reply"]["status"] == "complete"
    assert product.assistant.asked[0].assistant_mode == "Co-pilot"
