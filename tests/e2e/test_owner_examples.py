"""The owner's examples, on the demo patient MRN553."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.person import ELIGIBILITY, TASKS, LiveStore, Person, until

MRN553 = {"recordType": "Patient ID", "recordId": "MRN553"}
CHECK = {"action": "check_eligibility"}


@pytest.fixture
def fresh_context(manager: Person, live_store: LiveStore) -> dict[str, Any]:
    """MRN553's context as it is before its first check, whatever ran before."""
    known = manager.done("POST", f"{ELIGIBILITY}/context", MRN553)
    live_store.forget(f"contexts/{known['contextId']}")
    answer = manager.call("POST", f"{ELIGIBILITY}/context", MRN553)
    assert answer.status_code == 201
    context: dict[str, Any] = answer.json()
    return context


def test_a_fresh_context_has_the_owners_shape(fresh_context: dict[str, Any]) -> None:
    context_id = fresh_context["contextId"]
    assert context_id.startswith("ctx_")
    owners = {name: fresh_context[name] for name in ("mode", "recordType", "recordId", "status", "summary")}
    assert owners == {
        "mode": "eligibility",
        "recordType": "Patient ID",
        "recordId": "MRN553",
        "status": "proceed",
        "summary": "Reviewing eligibility for patient MRN553…",
    }


def test_getting_the_context_answers_what_setting_it_answered(manager: Person, fresh_context: dict[str, Any]) -> None:
    read = manager.done("GET", f"{ELIGIBILITY}/context")
    owners = ("mode", "contextId", "recordType", "recordId", "status", "summary")
    assert {name: read[name] for name in owners} == {name: fresh_context[name] for name in owners}


def test_setting_a_context_again_answers_200_with_the_same_id(manager: Person, fresh_context: dict[str, Any]) -> None:
    again = manager.call("POST", f"{ELIGIBILITY}/context", {"recordType": "patient", "recordId": "MRN553"})
    assert (again.status_code, again.json()["contextId"]) == (200, fresh_context["contextId"])


@pytest.mark.usefixtures("fresh_context")
def test_check_eligibility_answers_the_owners_example(manager: Person) -> None:
    result = manager.done("POST", f"{ELIGIBILITY}/quick-action", CHECK | {"params": {}})
    assert result["success"] is True
    assert {name: result["data"][name] for name in ("eligible", "requiresAuth", "status")} == {
        "eligible": True,
        "requiresAuth": True,
        "status": "pending",
    }
    assert [{"label": one["label"], "action": one["action"]} for one in result["guidanceActions"]] == [
        {"label": "Request Authorization", "action": "request_auth"},
        {"label": "View Full Record", "action": "view_record"},
    ]


def test_a_check_sets_the_contexts_status(manager: Person, fresh_context: dict[str, Any]) -> None:
    manager.done("POST", f"{ELIGIBILITY}/quick-action", CHECK | {"contextId": fresh_context["contextId"]})
    context = manager.done("GET", f"{ELIGIBILITY}/context")
    assert context["status"] == "pending"
    assert context["version"] > fresh_context["version"]


def test_each_sentence_of_the_summary_is_backed_by_a_fact(manager: Person, fresh_context: dict[str, Any]) -> None:
    manager.done("POST", f"{ELIGIBILITY}/quick-action", CHECK)
    summary = manager.done("GET", f"{ELIGIBILITY}/summary")
    assert (summary["mode"], summary["contextId"]) == ("eligibility", fresh_context["contextId"])
    assert summary["status"] == "pending"
    assert "Bluestem" in summary["summary"]
    assert "uthorization" in summary["summary"]
    assert all(fact["label"] and fact["value"] and fact["source"] for fact in summary["facts"])
    assert any("Bluestem" in fact["value"] for fact in summary["facts"])


def test_the_patients_file_shows_coverages_and_a_verdict(manager: Person) -> None:
    shown = manager.done("GET", f"{ELIGIBILITY}/patient/MRN553")
    assert (shown["patient"]["mrn"], shown["patient"]["lastName"]) == ("MRN553", "Vasquez")
    assert [coverage["payer"] for coverage in shown["coverages"]] == ["Bluestem Health Plan"]
    assert (shown["verdict"]["eligible"], shown["verdict"]["requiresAuth"]) == (True, True)
    assert shown["authorizations"] == []
    assert manager.done("GET", f"{ELIGIBILITY}/patient/{shown['patient']['id']}")["patient"] == shown["patient"]


def test_the_patients_claims_are_exact_to_the_cent(manager: Person) -> None:
    page = manager.done("GET", f"{ELIGIBILITY}/claims/MRN553")
    amounts = {
        claim["claimNumber"]: (claim["amountCents"], claim["amount"], claim["status"]) for claim in page["claims"]
    }
    assert amounts == {"CLM-88": (18240, 182.40, "submitted"), "CLM-91": (6415, 64.15, "paid")}
    assert page["nextCursor"] is None
    paid = manager.done("GET", f"{ELIGIBILITY}/claims/MRN553", status="paid")
    assert [claim["claimNumber"] for claim in paid["claims"]] == ["CLM-91"]


def test_the_context_shows_the_back_offices_shared_task(manager: Person, fresh_context: dict[str, Any]) -> None:
    def shared() -> list[dict[str, Any]]:
        listed = manager.done("GET", f"{TASKS}/", contextId=fresh_context["contextId"])["tasks"]
        return [task for task in listed if task["type"] == "shared" and task["source"] == "backend"]

    task = until(shared, seconds=20, what="a shared task from the back office")[0]
    assert task["id"].startswith("task_")
    assert task["label"]
    assert task["completed"] is False
