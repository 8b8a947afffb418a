"""Guidance through the gateway: what is offered is done, on real stores, and a stale context is told."""

from __future__ import annotations

from functools import partial
from typing import Any

from tests.e2e.person import GUIDANCE, TASKS, Database, Person, unique, until

_PARAMS: dict[str, dict[str, Any]] = {
    "create_task": {"label": "Call the payer"},
    "open_record": {"recordType": "Other", "recordId": "Fax 3"},
    "why_not": {"action": "check_eligibility"},
}


def test_each_offered_action_is_done_and_leaves_one_audit_row(manager: Person, database: Database) -> None:
    _, mrn = database.new_patient(manager.claims["clientId"])
    context = manager.open(mrn, "Patient ID")
    task = manager.new_task(context)["id"]
    params = _PARAMS | {"snooze": {"taskId": task, "until": "2099-01-01T09:00:00Z"}}
    offered = manager.done("GET", f"{GUIDANCE}/{context}")["guidanceActions"]
    enabled = {one["action"]: one for one in offered if "disabledReason" not in one and one["action"] != "switch_mode"}
    assert set(enabled) >= {"check_eligibility", "view_record", "share_to_backend", *params}
    for action, one in enabled.items():
        request_id = unique("guidance")
        body = {"contextId": context, "action": action, "params": one.get("params", {}) | params.get(action, {})}
        answer = manager.done("POST", f"{GUIDANCE}/execute", body, headers={"X-Request-Id": request_id})
        assert answer["success"] is True
        rows = until(partial(database.audit_rows, request_id), seconds=15, what=f"the row of {action}")
        assert [row["action"] for row in rows] == ["guidance:execute"]
    labels = [one["label"] for one in manager.done("GET", f"{TASKS}/", contextId=context, snoozed="true")["tasks"]]
    assert sorted(labels) == ["Call the payer", "Call the payer", "Help from eligibility needed"]


def test_a_context_that_has_changed_is_told_with_its_version(manager: Person, database: Database) -> None:
    _, mrn = database.new_patient(manager.claims["clientId"])
    context = manager.open(mrn, "Patient ID")
    dynamic = manager.done("GET", f"{GUIDANCE}/dynamic")
    check = next(one for one in dynamic["buttons"] if one["action"] == "check_eligibility")
    body = {"contextId": context, "action": check["action"], "contextVersion": check["contextVersion"]}
    key = {"Idempotency-Key": unique("key")}
    first = manager.done("POST", f"{GUIDANCE}/execute", body, headers=key)
    assert manager.done("POST", f"{GUIDANCE}/execute", body, headers=key) == first
    stale = manager.call("POST", f"{GUIDANCE}/execute", body)
    assert (stale.status_code, stale.json()["code"]) == (409, "stale_context")
    now = manager.done("GET", f"{GUIDANCE}/{context}")["guidanceActions"][0]["contextVersion"]
    assert stale.json()["current"]["contextVersion"] == now > check["contextVersion"]
