"""Malformed requests get their documented 4xx: never a 5xx, and nothing of what they held."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from shared.models.identifiers import uuid7
from tests.e2e.person import API, ELIGIBILITY, RECORDS, TASKS, Person, unique
from tests.e2e.wire import CANARY, Sent, get, post, refused, send

CONTEXT = f"{ELIGIBILITY}/context"
ACTION = f"{ELIGIBILITY}/quick-action"


def new_task(**members: Any) -> Sent:
    return post(f"{TASKS}/", {"contextId": "ctx_none", "label": CANARY} | members)


def bulk_with_key(key: str) -> Sent:
    return post(f"{TASKS}/bulk", {"taskIds": ["task_a"], "move": "complete"}, ("Idempotency-Key", key))


def nested(depth: int) -> bytes:
    return b'{"action":"check_eligibility","params":' + b'{"a":' * depth + b"1" + b"}" * depth + b"}"


def cursor(*parts: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


# fmt: off
IDS: dict[str, tuple[int, Sent]] = {
    "a task id with an encoded slash": (404, post(f"{TASKS}/task%2Fother/complete", {})),
    "a task id that leads up": (404, post(f"{TASKS}/..%2F..%2Fmembers/complete", {})),
    "a task id of dots": (404, post(f"{TASKS}/../complete", {})),
    "a task id with NUL": (404, post(f"{TASKS}/task%00/complete", {})),
    "a task id that Firestore reserves": (404, post(f"{TASKS}/__task__/complete", {})),
    "a task id of 300 characters": (404, post(f"{TASKS}/{'t' * 300}/complete", {})),
    "a task id with a carriage return": (404, post(f"{TASKS}/task%0dX-Bad:1/complete", {})),
    "a task id that is not UTF-8": (404, post(f"{TASKS}/%ff%fe/complete", {})),
    "a task id with an emoji": (404, post(f"{TASKS}/%F0%9F%98%80/complete", {})),
    "an empty task id": (404, post(f"{TASKS}//complete", {})),
    "a deleted path": (404, Sent("DELETE", f"{TASKS}/a/b")),
    "a patient id with a quote": (404, get(f"{ELIGIBILITY}/patient/%27%20OR%201%3D1--{CANARY}")),
    "a patient id with NUL": (404, get(f"{ELIGIBILITY}/patient/MRN%00")),
    "a patient id with a slash": (404, get(f"{ELIGIBILITY}/patient/MRN%2F553")),
    "a patient id of 1,000 characters": (404, get(f"{ELIGIBILITY}/patient/{'9' * 1000}")),
    "a claims id with a percent sign": (404, get(f"{ELIGIBILITY}/claims/%25")),
    "a record id with NUL": (404, get(f"{RECORDS}/patient/%00")),
    "a record type that is unknown": (404, get(f"{RECORDS}/{CANARY}/1")),
    "a record type that is a table": (404, get(f"{RECORDS}/patients/MRN553")),
    "a record id that is a lone surrogate": (404, get(f"{RECORDS}/patient/%ED%A0%80")),
    "an unknown path": (404, get(f"{API}/components/tasks/{CANARY}/deeper/still")),
    "an unknown function": (404, get(f"{API}/{CANARY}")),
    "an unknown mode": (404, get(f"{API}/modes/{CANARY}/context")),
}
BODIES: dict[str, tuple[int, Sent]] = {
    "a body of 10 MB": (413, post(f"{TASKS}/", b'{"label":"' + b"a" * 10_000_000 + b'"}')),
    "a body of 2 MB": (413, post(CONTEXT, b'{"recordId":"' + b"a" * 2_000_000 + b'"}')),
    "a form": (415, post(f"{TASKS}/", b"label=x", content_type="application/x-www-form-urlencoded")),
    "plain text": (415, post(f"{TASKS}/", b"{}", content_type="text/plain")),
    "no content type": (415, post(f"{TASKS}/", b'{"label":"x"}', content_type=None)),
    "multipart": (415, post(CONTEXT, b"--x--", content_type="multipart/form-data; boundary=x")),
    "no body": (415, post(CONTEXT, b"", content_type=None)),
    "an empty body": (422, post(CONTEXT, b"")),
    "half an object": (422, post(f"{TASKS}/", b'{"label": "x"')),
    "not JSON": (422, post(f"{TASKS}/", CANARY.encode())),
    "an array": (422, post(f"{TASKS}/", [])),
    "a number": (422, post(f"{TASKS}/", 7)),
    "null": (422, post(f"{TASKS}/", None)),
    "NaN": (422, post(ACTION, b'{"action":"check_eligibility","params":{"a":NaN}}')),
    "Infinity": (422, post(ACTION, b'{"action":"check_eligibility","params":{"a":-Infinity}}')),
    "a number of 5,000 digits": (422, post(ACTION, b'{"action":"view","params":{"a":' + b"9" * 5000 + b"}}")),
    "a number too large for a float": (422, post(ACTION, b'{"action":"check_eligibility","params":{"a":1e999}}')),
    "a member twice": (422, post(f"{TASKS}/", b'{"contextId":"ctx_a","label":"x","label":"y"}')),
    "depth 21": (422, post(ACTION, nested(20))),
    "depth 100,000": (422, post(ACTION, nested(100_000))),
    "a lone surrogate": (422, post(f"{TASKS}/", b'{"contextId":"ctx_a","label":"\\ud800"}')),
    "a lone surrogate as a name": (422, post(f"{TASKS}/", b'{"contextId":"ctx_a","label":"x","\\udfff":1}')),
    "NUL": (422, post(f"{TASKS}/", b'{"contextId":"ctx_a","label":"a\\u0000b"}')),
    "not UTF-8": (422, post(f"{TASKS}/", b'{"contextId":"ctx_a","label":"\xff\xfe"}')),
    "UTF-16": (422, post(f"{TASKS}/", '{"label":"x"}'.encode("utf-16"))),
    "a byte order mark": (422, post(f"{TASKS}/", b"\xef\xbb\xbf{}")),
    "compressed": (422, post(f"{TASKS}/", b"\x1f\x8b\x08\x00", ("Content-Encoding", "gzip"))),
}
MEMBERS: dict[str, tuple[int, Sent]] = {
    "an unknown member": (422, new_task(colour=CANARY)),
    "a client's id in the body": (422, new_task(clientId=str(uuid7()))),
    "a role in the body": (422, new_task(role="admin")),
    "a creator in the body": (422, new_task(createdBy=str(uuid7()))),
    "a prototype": (422, new_task(__proto__={"admin": True})),
    "a member's Python name": (422, post(f"{TASKS}/", {"context_id": "ctx_a", "label": "x"})),
    "a label that is a number": (422, new_task(label=5)),
    "a label that is an object": (422, new_task(label={"a": CANARY})),
    "a label of blanks": (422, new_task(label="   ")),
    "a label of 5,000 characters": (422, new_task(label=CANARY * 400)),
    "no label": (422, post(f"{TASKS}/", {"contextId": "ctx_a"})),
    "a context id with a slash": (422, new_task(contextId=f"ctx/{CANARY}")),
    "a context id that Firestore reserves": (404, new_task(contextId="__ctx__")),
    "an unknown type": (422, new_task(type=CANARY)),
    "a due time that is no time": (422, new_task(dueAt=CANARY)),
    "a due time without a zone": (422, new_task(dueAt="2026-12-01T09:00:00")),
    "the 30th of February": (422, new_task(dueAt="2026-02-30T09:00:00Z")),
    "a due time beyond the calendar": (422, new_task(dueAt="99999-01-01T00:00:00Z")),
    "a due time that is beyond it in UTC": (422, new_task(dueAt="9999-12-31T23:59:59-05:00")),
    "a due time that is before it in UTC": (422, new_task(notBefore="0001-01-01T00:00:00+05:00")),
    "a due time as a number": (422, new_task(dueAt=1)),
    "an assignee that is no id": (422, new_task(assignedTo=CANARY)),
    "an unknown priority": (422, new_task(priority="whenever")),
    "snoozing into the past": (422, post(f"{TASKS}/task_a/snooze", {"until": "2001-01-01T00:00:00Z"})),
    "no tasks to move": (422, post(f"{TASKS}/bulk", {"taskIds": [], "move": "complete"})),
    "51 tasks to move": (422, post(f"{TASKS}/bulk", {"taskIds": [f"t{n}" for n in range(51)], "move": "complete"})),
    "an unknown move": (422, post(f"{TASKS}/bulk", {"taskIds": ["task_a"], "move": "explode"})),
    "an unknown record type": (422, post(CONTEXT, {"recordType": "Bank ID", "recordId": CANARY})),
    "a record id that is a number": (422, post(CONTEXT, {"recordType": "Other", "recordId": 553})),
    "a record id with a tab": (422, post(CONTEXT, {"recordType": "Other", "recordId": f"a\t{CANARY}"})),
    "an empty record id": (422, post(CONTEXT, {"recordType": "Other", "recordId": "  "})),
    "an unknown action": (422, post(ACTION, {"action": "self_destruct"})),
    "an action that is a path": (422, post(ACTION, {"action": f"../{CANARY}"})),
    "parameters that are a list": (422, post(ACTION, {"action": "check_eligibility", "params": [1]})),
    "a search for nothing": (422, post(f"{RECORDS}/search", {"q": ""})),
    "a search for punctuation": (422, post(f"{RECORDS}/search", {"q": "-- ' ;"})),
    "a search for 10,000 characters": (422, post(f"{RECORDS}/search", {"q": CANARY * 700})),
    "a search of an unknown type": (422, post(f"{RECORDS}/search", {"q": "a", "type": CANARY})),
    "a limit of nought": (422, post(f"{RECORDS}/search", {"q": "a", "limit": 0})),
    "a limit that is a text": (422, post(f"{RECORDS}/search", {"q": "a", "limit": "25"})),
}
QUERIES: dict[str, tuple[int, Sent]] = {
    "an unknown parameter": (422, get(f"{TASKS}/?colour={CANARY}")),
    "a parameter of an operation without any": (422, Sent("DELETE", f"{TASKS}/task_a?force=true")),
    "a parameter twice": (422, get(f"{TASKS}/?limit=1&limit=2")),
    "a limit of 101": (422, get(f"{TASKS}/shared?limit=101")),
    "a negative limit": (422, get(f"{TASKS}/shared?limit=-1")),
    "a limit that is a word": (422, get(f"{TASKS}/shared?limit={CANARY}")),
    "a huge limit": (422, get(f"{TASKS}/shared?limit={'9' * 5000}")),
    "a yes that is no boolean": (422, get(f"{TASKS}/shared?completed=perhaps")),
    "a due day that is none": (422, get(f"{TASKS}/shared?due=2026-02-30")),
    "a due day far away": (422, get(f"{TASKS}/shared?due=9999-12-31")),
    "a due day before time": (422, get(f"{TASKS}/shared?due=0000-00-00")),
    "a cursor that is none": (422, get(f"{TASKS}/shared?cursor={CANARY}")),
    "a cursor that is JSON of another kind": (422, get(f"{TASKS}/shared?cursor={cursor('a', 'b', 'c')}")),
    "a cursor with a number": (422, get(f"{TASKS}/shared?cursor={cursor(1, 2, 3)}")),
    "a cursor that is not Base64": (422, get(f"{TASKS}/shared?cursor=%F0%9F%98%80")),
    "a claims cursor that is none": (422, get(f"{ELIGIBILITY}/claims/MRN553?cursor={CANARY}")),
    "a status with a quote": (422, get(f"{ELIGIBILITY}/claims/MRN553?status=%27{CANARY}")),
    "a day of service that is none": (422, get(f"{ELIGIBILITY}/patient/MRN553?dateOfService={CANARY}")),
    "a day of service with NUL": (422, get(f"{ELIGIBILITY}/patient/MRN553?dateOfService=2026%00")),
    "no search words": (422, get(f"{RECORDS}/search")),
    "search words that are not UTF-8": (422, get(f"{RECORDS}/search?q=%ff%fe%00")),
}
CONDITIONS: dict[str, tuple[int, Sent]] = {
    "a version that is a word": (422, Sent("PUT", f"{TASKS}/task_a", b"{}", [("If-Match", CANARY)])),
    "a version of nought": (422, Sent("PUT", f"{TASKS}/task_a", b"{}", [("If-Match", '"0"')])),
    "a version beyond counting": (422, Sent("PUT", f"{TASKS}/task_a", b"{}", [("If-Match", f'"{"9" * 40}"')])),
    "two versions": (422, Sent("DELETE", f"{TASKS}/task_a", headers=[("If-Match", '"1", "2"')])),
    "an empty key": (422, bulk_with_key("")),
    "a key of 300 characters": (422, bulk_with_key("k" * 300)),
    "a key with blanks": (422, bulk_with_key("a b")),
    "a method the path does not take": (405, Sent("PATCH", f"{TASKS}/task_a", b"{}")),
    "a method by another name": (405, post(f"{TASKS}/task_a", {}, ("X-HTTP-Method-Override", "DELETE"))),
    "a method that nobody knows": (405, Sent("BREW", f"{TASKS}/shared")),
    "TRACE": (405, Sent("TRACE", f"{TASKS}/shared")),
}
# fmt: on
TABLE = {**IDS, **BODIES, **MEMBERS, **QUERIES, **CONDITIONS}


@pytest.mark.parametrize("reason", TABLE)
def test_it_is_refused(manager: Person, reason: str) -> None:
    status, request = TABLE[reason]
    refused(send(manager.stack.gateway, request, manager.token), status)


def test_a_line_break_in_a_path_names_nothing(manager: Person) -> None:
    # functions-framework's own router takes no line break, so it answers in its own words before we are asked.
    answer = send(manager.stack.gateway, post(f"{TASKS}/task%0d%0aX-Bad:{CANARY}/complete", {}), manager.token)
    assert answer.status == 404
    assert CANARY.encode() not in answer.body
    assert "x-bad" not in answer.headers


def test_a_role_that_does_not_exist_is_no_assignee(manager: Person) -> None:
    task = new_task(contextId=manager.open(), assignedTo="role:wizard_of_oz")
    refused(send(manager.stack.gateway, task, manager.token), 422)


def test_a_request_id_that_is_none_is_replaced(manager: Person) -> None:
    answer = send(manager.stack.gateway, get(f"{RECORDS}/types", ("X-Request-Id", f"a {CANARY}")), manager.token)
    assert answer.status == 200
    assert CANARY not in answer.headers["x-request-id"]


def test_read_only_members_that_we_returned_are_ignored_in_a_put(manager: Person) -> None:
    task = manager.new_task(manager.open())
    changed = manager.done("PUT", f"{TASKS}/{task['id']}", task | {"label": "Sent back whole"})
    assert (changed["label"], changed["version"]) == ("Sent back whole", 2)


def test_it_works_at_the_edge_of_what_is_allowed(manager: Person) -> None:
    context = manager.open(unique("é" * 80))
    task = manager.new_task(context, label="ü" * 300, description="😀" * 1000, dueAt="2026-12-31T23:59:59+05:00")
    listed = manager.done("GET", f"{TASKS}/", contextId=context, limit="100")["tasks"]
    assert task in listed
    assert task["dueAt"] == "2026-12-31T18:59:59Z"
    assert manager.call("GET", f"{TASKS}", contextId=context).status_code == 200
