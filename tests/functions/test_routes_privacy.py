"""Refusals are recorded exactly once, and nothing personal stands in a log line, an error or an audit event."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shared.auth.permissions import ROLES_BY_PERMISSION, Permission
from shared.models.audit import AuditAction, AuditEvent, AuditOutcome
from shared.models.roles import Role
from shared.web.operations import Operation
from tests.functions.in_memory import OPERATIONS, InMemoryProduct, named, path_of

TASKS = "/api/v1/components/tasks"
ELIGIBILITY = "/api/v1/modes/eligibility"
RECORDS = "/api/v1/records"
SIGNED_IN = [(prefix, one) for prefix, one in OPERATIONS if one.permission is not Permission.PUBLIC]
WITH_BODY = [(prefix, one) for prefix, one in SIGNED_IN if one.body is not None]
RESTRICTED = [
    (prefix, one, role) for prefix, one in SIGNED_IN for role in Role if role not in ROLES_BY_PERMISSION[one.permission]
]
CANARY = "Canary-Person"
PERSONAL = (CANARY, "Vasquez", "Elena", "555-0100", "BST553018842", "1981-04-03", "MRN553", "Bluestem")


def recorded(product: InMemoryProduct, operation: Operation, outcome: AuditOutcome, code: str) -> None:
    """One event of this refusal, or none where the operation leaves none."""
    if operation.audit is AuditAction.NONE:
        assert product.events == []
        return
    (event,) = product.events
    assert (event.action, event.outcome, event.metadata["code"]) == (operation.audit, outcome, code)
    assert event.metadata["route"].startswith(f"{operation.method} /api/v1/")


@pytest.mark.parametrize(("prefix", "operation"), SIGNED_IN, ids=named)
def test_a_refused_request_is_recorded_once(product: InMemoryProduct, prefix: str, operation: Operation) -> None:
    answer = product.request(operation.method, path_of(prefix, operation) + f"?{CANARY}={CANARY}", role=Role.ADMIN)
    assert answer.status == 422
    recorded(product, operation, AuditOutcome.REFUSED, "validation_failed")
    assert all(CANARY not in event.model_dump_json() for event in product.events)


@pytest.mark.parametrize(("prefix", "operation"), WITH_BODY, ids=named)
def test_a_refused_body_is_recorded_once(product: InMemoryProduct, prefix: str, operation: Operation) -> None:
    product.request(operation.method, path_of(prefix, operation), role=Role.ADMIN, data=b"x", content_type="text/plain")
    recorded(product, operation, AuditOutcome.REFUSED, "unsupported_media_type")


@pytest.mark.parametrize(("prefix", "operation", "role"), RESTRICTED, ids=named)
def test_a_forbidden_request_is_recorded_once(
    product: InMemoryProduct, prefix: str, operation: Operation, role: Role
) -> None:
    answer = product.request(operation.method, path_of(prefix, operation), role=role)
    assert answer.status == 403
    recorded(product, operation, AuditOutcome.DENIED, "forbidden")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", f"{TASKS}/task_unknown"),
        ("POST", f"{TASKS}/task_unknown/complete"),
        ("GET", f"{TASKS}?contextId=ctx_unknown"),
        ("GET", f"{ELIGIBILITY}/patient/{CANARY}"),
        ("GET", f"{ELIGIBILITY}/claims/{CANARY}"),
        ("GET", f"{RECORDS}/patient/{CANARY}"),
        ("GET", f"{RECORDS}/nonsense/{CANARY}"),
    ],
)
def test_asking_for_what_is_not_there_is_recorded_once_as_denied(
    product: InMemoryProduct, method: str, path: str
) -> None:
    assert product.request(method, path).json["code"] == "not_found"
    (event,) = product.events
    assert event.outcome is AuditOutcome.DENIED
    assert CANARY not in event.model_dump_json()


def test_a_sound_request_is_recorded_once(product: InMemoryProduct) -> None:
    expected = 0
    made = product.create_task()
    expected += 2  # the context and the task
    sound: list[tuple[str, str, dict[str, Any]]] = [
        ("PUT", f"{TASKS}/{made['id']}", {"json": {"label": CANARY}}),
        ("POST", f"{TASKS}/{made['id']}/accept", {}),
        ("POST", f"{TASKS}/{made['id']}/snooze", {"json": {"until": "2099-01-01T00:00:00Z"}}),
        ("POST", f"{TASKS}/bulk", {"json": {"taskIds": [made["id"]], "move": "complete"}}),
        ("DELETE", f"{TASKS}/{made['id']}", {}),
        ("POST", f"{ELIGIBILITY}/quick-action", {"json": {"action": "check_eligibility"}}),
        ("GET", f"{ELIGIBILITY}/context", {}),
        ("GET", f"{ELIGIBILITY}/summary", {}),
        ("GET", f"{ELIGIBILITY}/patient/MRN553", {}),
        ("GET", f"{ELIGIBILITY}/claims/MRN553", {}),
        ("GET", f"{TASKS}/", {}),
        ("GET", f"{TASKS}/shared", {}),
        ("GET", f"{RECORDS}/patient/MRN553", {}),
        ("POST", f"{RECORDS}/search", {"json": {"q": "Vasquez"}}),
    ]
    for method, path, content in sound:
        answer = product.request(method, path, **content)
        assert answer.status == 200, (path, answer.json)
        expected += 1
        assert len(product.events) == expected, path
    assert all(word not in event.model_dump_json() for event in product.events for word in PERSONAL)


def every_kind_of_request(product: InMemoryProduct) -> list[Any]:
    """Sound and refused requests full of personal words; their answers."""
    made = product.create_task(label=CANARY, description=CANARY)
    task = f"{TASKS}/{made['id']}"
    search = f"{RECORDS}/search"
    requests: list[tuple[str, str, dict[str, Any]]] = [
        ("PUT", task, {"json": {"label": CANARY, "note": CANARY}}),
        ("PUT", task, {"json": {"label": CANARY, "priority": CANARY}}),
        ("PUT", task, {"json": {"label": CANARY, CANARY: 1}}),
        ("PUT", task, {"data": f'{{"label":"{CANARY}'.encode(), "content_type": "application/json"}),
        ("PUT", task, {"data": CANARY.encode(), "content_type": "text/plain"}),
        ("POST", f"{task}/hold", {"json": {"reason": CANARY}}),
        ("POST", f"{task}/start", {"json": {"reason": CANARY}}),
        ("GET", f"{ELIGIBILITY}/patient/MRN553", {}),
        ("GET", f"{ELIGIBILITY}/patient/{CANARY}", {}),
        ("GET", f"{ELIGIBILITY}/claims/{CANARY}?status={CANARY}", {}),
        ("GET", f"{RECORDS}/patient/{CANARY}", {}),
        ("GET", f"{search}?q={CANARY}&type={CANARY}", {}),
        ("GET", f"{search}?q=Vasquez+1981-04-03", {}),
        ("POST", search, {"json": {"q": "Vasquez 1981-04-03"}}),
        ("POST", search, {"json": {"q": CANARY, "type": CANARY}}),
        ("POST", f"{ELIGIBILITY}/context", {"json": {"recordType": "Patient ID", "recordId": CANARY}}),
        ("POST", f"{ELIGIBILITY}/quick-action", {"json": {"action": "check_eligibility", "params": {CANARY: CANARY}}}),
        ("POST", f"{RECORDS}/import", {"role": Role.ADMIN, "json": {"resourceType": "Bundle", "note": CANARY}}),
        ("GET", f"/api/v1/{CANARY}", {}),
        ("PATCH", f"{ELIGIBILITY}/patient/{CANARY}", {}),
        ("GET", f"{TASKS}?access_token={CANARY}", {}),
        ("GET", TASKS, {"headers": {"X-Request-Id": f"{CANARY} <b>"}}),
        ("POST", TASKS, {"json": {}, "headers": {"Idempotency-Key": f"{CANARY} x"}}),
    ]
    return [product.request(method, path, **content) for method, path, content in requests]


def test_nothing_personal_stands_in_the_logs(product: InMemoryProduct, capfd: pytest.CaptureFixture[str]) -> None:
    answers = every_kind_of_request(product)
    output = "".join(capfd.readouterr())
    assert not [word for word in PERSONAL if word in output]
    lines = [json.loads(line) for line in output.splitlines()]
    assert len(lines) == len(answers) + 2
    assert {"severity", "requestId", "method", "route", "status", "durationMs"} <= set(lines[-1])


def test_an_error_repeats_no_value_that_was_sent(product: InMemoryProduct) -> None:
    errors = [answer for answer in every_kind_of_request(product) if answer.status >= 400]
    assert len(errors) > 12
    for answer in errors:
        # A member that is not ours is named, so that a misspelling is found; its value is never repeated.
        named_back = [fault["field"] for fault in answer.json["errors"]]
        text = answer.data.decode()
        for field in named_back:
            text = text.replace(field, "") if field else text
        assert CANARY not in text, answer.json


def test_nothing_personal_stands_in_the_audit_trail(product: InMemoryProduct) -> None:
    every_kind_of_request(product)
    events: list[AuditEvent] = product.events
    assert len(events) > 15
    assert not [word for word in PERSONAL for event in events if word in event.model_dump_json()]


def test_an_unexpected_error_tells_nothing(
    product: InMemoryProduct, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise KeyError(CANARY)

    monkeypatch.setattr(product.records.eligibility, "file_of", fail)
    answer = product.request("GET", f"{ELIGIBILITY}/patient/MRN553")
    assert (answer.status, answer.json["code"]) == (500, "internal_error")
    output = "".join(capfd.readouterr())
    assert CANARY not in answer.data.decode() + output
    assert "Traceback" not in answer.data.decode() + output
    failure = json.loads(output.splitlines()[0])
    assert (failure["severity"], failure["error"]) == ("ERROR", "KeyError")
    assert failure["requestId"] == answer.headers["X-Request-Id"]


def test_an_auditor_is_shown_the_minimum(product: InMemoryProduct) -> None:
    text = product.request("GET", f"{RECORDS}/patient/MRN553", role=Role.AUDITOR).data.decode()
    text += product.request("GET", f"{ELIGIBILITY}/patient/MRN553", role=Role.AUDITOR).data.decode()
    assert "555-0100" not in text
    assert "BST553018842" not in text


def test_the_front_desk_is_not_shown_why_a_claim_was_denied(product: InMemoryProduct) -> None:
    path = f"{RECORDS}/claim/CLM-95"
    assert product.request("GET", path).json["data"]["denialReason"] == "CO-197"
    assert "CO-197" not in product.request("GET", path, role=Role.FRONT_DESK).data.decode()
    claims = product.request("GET", f"{ELIGIBILITY}/claims/MRN554", role=Role.FRONT_DESK)
    assert claims.json["claims"][0]["claimNumber"] == "CLM-95"
    assert "CO-197" not in claims.data.decode()


def test_who_comes_with_an_ended_session_is_refused_and_recorded(product: InMemoryProduct) -> None:
    product.open_context()
    (session,) = product.live.documents.sessions.values()
    product.live.documents.sessions[session.id] = session.model_copy(update={"ended_at": session.created_at})
    before = len(product.events)
    answer = product.request("GET", f"{TASKS}/shared")
    assert (answer.status, answer.json["code"]) == (401, "session_ended")
    assert [(one.action, one.outcome) for one in product.events[before:]] == [
        (AuditAction.TASK_LIST, AuditOutcome.DENIED)
    ]
