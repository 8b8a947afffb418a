"""Hand-offs of the front desk: a task and an alert for another pool, both once, in memory."""

from __future__ import annotations

from typing import Any

import pytest

from infra.local.demo_accounts import LAKESIDE, RIVERSIDE
from shared.models.roles import Role
from tests.functions.authorization_office import faults, today
from tests.functions.front_desk import Desk
from tests.functions.in_memory import InMemoryProduct

COVERAGE = {"code": "coverage_inactive", "text": "The coverage has ended", "ruleId": "E02"}
NOT_READY: dict[str, Any] = {"readiness": "not_ready", "readiness_reasons": (COVERAGE,)}


@pytest.fixture
def desk(product: InMemoryProduct) -> Desk:
    return Desk(product)


def tasks_and_alerts(desk: Desk) -> tuple[list[Any], list[Any]]:
    documents = desk.product.live.documents
    return list(documents.tasks.values()), list(documents.alerts.values())


@pytest.mark.parametrize(
    ("to", "mode", "pool", "kind"),
    [("eligibility", "eligibility", "eligibility_specialist", "shared"), ("billing", "backend", "biller", "backend"),
     ("lead", "front-desk", "manager", "shared")],
)  # fmt: skip
def test_hand_off_arrives_as_a_task_and_an_alert(desk: Desk, to: str, mode: str, pool: str, kind: str) -> None:
    desk.visit("V-1", **NOT_READY)
    desk.open("V-1", "Visit ID")
    told = desk.done("handoff", to=to, note="Please call first")
    (task,), (alert,) = tasks_and_alerts(desk)
    assert (task.id, task.mode, task.assigned_to, task.type) == (told["task"]["id"], mode, f"role:{pool}", kind)
    assert "The coverage has ended" in (task.description or "")
    assert f"rec:visit:{desk.row('V-1')['id']}" in task.audience
    assert (alert.audience.roles, alert.mode, alert.record_type) == ((pool,), mode, "visit")
    assert alert.message.params["taskId"] == task.id
    assert "Vasquez" not in alert.message.text


def test_hand_off_twice_is_one(desk: Desk) -> None:
    desk.visit("V-1", **NOT_READY)
    desk.open("V-1", "Visit ID")
    first, second = desk.done("handoff", to="eligibility"), desk.done("handoff", to="eligibility")
    assert first["task"]["id"] == second["task"]["id"]
    assert [len(found) for found in tasks_and_alerts(desk)] == [1, 1]
    desk.done("handoff", to="billing")
    assert [len(found) for found in tasks_and_alerts(desk)] == [2, 2]


def test_hand_off_that_was_done_is_a_new_one_the_next_time(desk: Desk) -> None:
    desk.visit("V-1", **NOT_READY)
    desk.open("V-1", "Visit ID")
    task = desk.done("handoff", to="eligibility")["task"]["id"]
    path = f"/api/v1/components/tasks/{task}/complete"
    done = desk.product.request("POST", path, role=Role.ELIGIBILITY_SPECIALIST, organisation=RIVERSIDE)
    assert done.status == 200, done.json
    assert desk.done("handoff", to="eligibility")["task"]["id"] != task
    assert [len(found) for found in tasks_and_alerts(desk)] == [2, 2]


def test_repeated_request_is_answered_the_same_also_when_the_task_is_done(desk: Desk) -> None:
    desk.visit("V-1", **NOT_READY)
    desk.open("V-1", "Visit ID")
    body = {"action": "handoff", "params": {"to": "eligibility"}, "contextId": desk.context}
    first = desk.ask("POST", "/quick-action", body, Idempotency_Key="once")
    path = f"/api/v1/components/tasks/{first.json['data']['task']['id']}/complete"
    desk.product.request("POST", path, role=Role.ELIGIBILITY_SPECIALIST, organisation=RIVERSIDE)
    again = desk.ask("POST", "/quick-action", body, Idempotency_Key="once")
    assert (again.status, again.json) == (200, first.json)
    assert [len(found) for found in tasks_and_alerts(desk)] == [1, 1]


def test_who_does_not_move_visits_hands_none_on(desk: Desk) -> None:
    desk.visit("V-1")
    desk.open("V-1", "Visit ID")
    assert desk.act("handoff", role=Role.AUDITOR, to="eligibility").status == 403


def test_hand_off_to_nobody_is_refused(desk: Desk) -> None:
    desk.visit("V-1")
    desk.open("V-1", "Visit ID")
    assert faults(desk.act("handoff", to="heaven"))[0][0] == "params.to"
    assert faults(desk.act("handoff"))[0][0] == "params.to"


def test_another_organisations_visit_is_unknown(desk: Desk) -> None:
    desk.visit("V-1")
    other = Desk(desk.product, Role.FRONT_DESK, LAKESIDE)
    assert other.act("call_script", visitId="V-1").status == 404
    assert other.act("handoff", to="eligibility", visitId="V-1").status == 404
    assert other.done("readiness_list", date=today().isoformat())["visits"] == []
