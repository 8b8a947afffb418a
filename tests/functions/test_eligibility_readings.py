"""The eligibility mode's quick actions that only look, through the real app on in-memory stores."""

from __future__ import annotations

from typing import Any

import pytest

from shared.models.identifiers import uuid7
from shared.modes.eligibility import EligibilityModeHandler
from tests.functions.authorization_office import Office, faults
from tests.functions.in_memory import InMemoryProduct


@pytest.fixture
def office(product: InMemoryProduct) -> Office:
    at_work = Office(product)
    at_work.open()
    return at_work


def missed(office: Office, action: str) -> dict[str, Any]:
    answer = office.try_to("why_not", {"action": action})
    assert answer.status == 200, answer.json
    told: dict[str, Any] = answer.json
    return told


def test_a_verdict_is_explained_from_the_receipt_of_its_check(office: Office) -> None:
    before = office.act("explain_verdict")
    assert (before["data"]["checkId"], before["guidanceActions"][0]["action"]) == (None, "check_eligibility")
    checked = office.act("check_eligibility")["data"]
    office.rule(requires_auth=False)
    told = office.act("explain_verdict")["data"]
    assert (told["checkId"], told["requiresAuth"]) == (checked["checkId"], True)
    assert {"authorization_required", "verdict"} <= {step["code"] for step in told["steps"]}
    assert all(step["ruleId"] and step["title"] and step["ruleSource"] for step in told["steps"])
    assert office.act("explain_verdict", checkId=checked["checkId"])["data"] == told


def test_a_check_that_is_not_the_patients_is_unknown(office: Office) -> None:
    assert faults(office.try_to("explain_verdict", {"checkId": str(uuid7())})) == [("params.checkId", "unknown_check")]


def test_what_is_on_file_now_is_compared_with_the_newest_check(office: Office) -> None:
    assert office.act("compare_last_check")["data"]["difference"] is None
    checked = office.act("check_eligibility")["data"]
    same = office.act("compare_last_check")
    assert (same["data"]["checkId"], same["data"]["difference"]["material"]) == (checked["checkId"], False)
    assert [one["action"] for one in same["guidanceActions"]] == ["view_record"]
    office.rule(requires_auth=False)
    changed = office.act("compare_last_check")
    assert changed["data"]["difference"]["material"] is True
    assert changed["guidanceActions"][0]["action"] == "check_eligibility"


def test_why_an_action_is_not_offered(office: Office) -> None:
    office.act("check_eligibility")
    assert missed(office, "request_auth")["data"]["reason"] is None
    told = missed(office, "extend_authorization")["data"]
    assert (told["allowed"], told["reason"]["code"]) == (True, "not_offered")
    office.role = "auditor"
    assert missed(office, "request_auth")["data"]["allowed"] is False
    assert faults(office.try_to("why_not", {"action": "do_magic"})) == [("params.action", "unknown_action")]


def test_an_estimate_needs_an_amount_and_says_what_it_is(office: Office) -> None:
    told = office.act("estimate_patient_cost", allowedAmount=200)["data"]
    assert (told["isEstimate"], told["selfPayEstimate"]) == (True, None)
    estimate = told["estimate"]
    assert estimate["low"] <= estimate["high"] == sum(estimate[one] for one in ("copay", "deductible", "coinsurance"))
    assert estimate["needsReview"] is (estimate["high"] > 200)


@pytest.mark.parametrize("params", [{}, {"allowedAmount": -1}, {"allowedAmount": 1.234}, {"allowedAmount": "much"}])
def test_an_estimate_without_a_proper_amount_is_refused(office: Office, params: dict[str, Any]) -> None:
    assert [field for field, _ in faults(office.try_to("estimate_patient_cost", params))] == ["params.allowedAmount"]


def test_the_patients_claims_are_listed(office: Office) -> None:
    listed = office.act("get_claims")["data"]
    assert listed["mrn"] == "MRN553"
    denied = office.act("get_claims", status="denied")["data"]["claims"]
    assert denied == [one for one in listed["claims"] if one["status"] == "denied"]


def test_looking_leaves_its_event_and_changes_nothing(office: Office) -> None:
    before = len(office.product.events)
    for action, params in (("explain_verdict", {}), ("why_not", {"action": "request_auth"}), ("get_claims", {})):
        assert office.try_to(action, params).status == 200
    events = office.product.events[before:]
    assert {one.resource_type for one in events} == {"patient", "claim_list"}  # within minutes, a read again is one
    assert office.product.records.tables.rows["eligibility_checks"] == []


def test_the_document_tells_the_parameters_of_each_quick_action(office: Office) -> None:
    document = office.product.request("GET", "/api/v1/openapi.json", role=None).json
    sent = document["paths"]["/api/v1/modes/eligibility/quick-action"]["post"]["requestBody"]["content"]
    told = sent["application/json"]["schema"]["allOf"][1]["oneOf"]
    assert {one["properties"]["action"]["const"] for one in told} == set(EligibilityModeHandler.actions())
    schemas = document["components"]["schemas"]
    names = {one["properties"]["action"]["const"]: one["properties"]["params"]["$ref"] for one in told}
    estimate = schemas[names["estimate_patient_cost"].rpartition("/")[2]]
    assert (estimate["required"], "dateOfService" in estimate["properties"]) == (["allowedAmount"], True)
