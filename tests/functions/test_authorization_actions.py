"""The eligibility mode's quick actions about authorizations, through the real app on in-memory stores."""

from __future__ import annotations

from typing import Any

import pytest

from shared.auth.permissions import ROLES_BY_QUICK_ACTION, allows_action
from shared.models.roles import Role
from shared.services.authorization_action_table import AUTHORIZATION_ACTIONS
from tests.functions.authorization_office import VISIT, Office, day, faults
from tests.functions.in_memory import InMemoryProduct

PARAMS: dict[str, dict[str, Any]] = {
    "request_auth": {"units": 2, "periodStart": day(0), "periodEnd": day(60)},
    "request_authorization": {"units": 2, "periodStart": day(0), "periodEnd": day(60)},
    "extend_authorization": {"units": 2},
    "mark_auth_not_required": {"evidence": "Portal, ref 7"},
    "record_auth_decision": {"manual": {"outcome": "approved", "units": 2}},
}


@pytest.fixture
def office(product: InMemoryProduct) -> Office:
    at_work = Office(product)
    at_work.open()
    return at_work


def offered(result: dict[str, Any]) -> list[str]:
    return [action["action"] for action in result["guidanceActions"]]


def state(result: dict[str, Any]) -> tuple[Any, Any, Any]:
    """The context's status, whether an authorization is needed, and the authorization's own state."""
    data = result["data"]
    held = data["authorization"]
    return data["status"], data["requiresAuth"], held and held["status"]


def test_the_whole_life_of_an_authorization(office: Office) -> None:
    office.act("check_eligibility")
    assert office.context_status() == "pending"
    requested = office.act("request_auth", **PARAMS["request_auth"] | {"units": 1})
    assert state(requested) == ("pending", True, "submitted")
    assert offered(requested) == ["check_authorization_status", "record_auth_decision", "view_record"]
    assert "requested" in office.done("GET", f"/summary?contextId={office.context}")["summary"]
    pended = office.act("record_auth_decision", manual={"outcome": "pended", "reason": "Records wanted"})
    assert state(pended) == ("pending", True, "pended")
    assert office.context_status() == "pending"
    approved = office.act("record_auth_decision", manual={"outcome": "approved", "certificationNumber": "C-1"})
    assert state(approved) == ("proceed", True, "approved")
    assert office.context_status() == "proceed"
    checked = office.act("check_eligibility")
    assert (checked["data"]["status"], offered(checked)) == ("proceed", ["extend_authorization", "view_record"])
    office.set_visit("VIS-2041", status="completed")
    office.visit("V-NEXT")
    again = office.act("check_eligibility")
    assert (again["data"]["status"], again["data"]["requiresAuth"]) == ("pending", True)
    status = office.act("check_authorization_status")
    assert (state(status)[2], offered(status)) == ("exhausted", ["request_auth", "view_record"])
    second = office.act("request_auth", **PARAMS["request_auth"] | {"units": 1})
    assert second["data"]["authorization"]["id"] != requested["data"]["authorization"]["id"]


def test_the_owners_answer_is_the_same_with_the_action_at_hand(office: Office) -> None:
    checked = office.act("check_eligibility")
    assert [(one["label"], one["action"]) for one in checked["guidanceActions"]] == [
        ("Request Authorization", "request_auth"),
        ("View Full Record", "view_record"),
    ]


def test_what_is_asked_already_is_not_asked_again(office: Office) -> None:
    first = office.act("request_auth", **PARAMS["request_auth"])
    second = office.act("request_authorization", **PARAMS["request_auth"])
    assert first["data"]["authorization"] == second["data"]["authorization"]
    assert len(office.product.records.tables.rows["authorizations"]) == 1
    changes = [event.metadata.get("change") for event in office.product.records.tables.events]
    assert changes == ["requested", "found"]
    other = office.act("request_auth", **PARAMS["request_auth"] | {"serviceType": "PT"})
    assert other["data"]["authorization"]["id"] != first["data"]["authorization"]["id"]


def test_what_is_granted_and_enough_is_not_asked_again_and_what_is_not_enough_is(office: Office) -> None:
    first = office.act("request_auth", **PARAMS["request_auth"])
    office.act("record_auth_decision", manual={"outcome": "approved"})
    enough = office.act("request_auth", **PARAMS["request_auth"] | {"units": 1})
    assert enough["data"]["authorization"]["id"] == first["data"]["authorization"]["id"]
    more = office.act("request_auth", **PARAMS["request_auth"] | {"units": 9})
    assert more["data"]["authorization"]["id"] != first["data"]["authorization"]["id"]


@pytest.mark.parametrize("action", sorted(PARAMS))
def test_a_repeated_action_is_answered_as_the_first(office: Office, action: str) -> None:
    if action in {"extend_authorization", "record_auth_decision"}:
        office.act("request_auth", **PARAMS["request_auth"])
    if action == "extend_authorization":
        office.act("record_auth_decision", **PARAMS["record_auth_decision"])
    first, second = (office.try_to(action, PARAMS[action], Idempotency_Key="k-1") for _ in range(2))
    assert (first.status, first.json) == (second.status, second.json) == (200, first.json)
    versions = [row["version"] for row in office.product.records.tables.rows["authorizations"]]
    assert len(versions) == 1


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("action", [rule.name for rule in AUTHORIZATION_ACTIONS])
def test_who_may_do_what(product: InMemoryProduct, role: Role, action: str) -> None:
    lead, somebody = Office(product, role=Role.MANAGER), Office(product, role=role)
    lead.open()
    if action in {"extend_authorization", "record_auth_decision"}:
        lead.act("request_auth", **PARAMS["request_auth"])
    if action == "extend_authorization":
        lead.act("record_auth_decision", **PARAMS["record_auth_decision"])
    somebody.open()
    answer = somebody.try_to(action, PARAMS.get(action))
    assert answer.status == (200 if role in ROLES_BY_QUICK_ACTION[action] else 403), answer.json
    if answer.status == 200:
        assert all(allows_action(role, step) for step in offered(answer.json))


def test_an_auditor_runs_none_of_them() -> None:
    assert not any(allows_action(Role.AUDITOR, rule.name) for rule in AUTHORIZATION_ACTIONS)


def test_the_requirement_is_told_with_what_the_payer_wants(office: Office) -> None:
    office.rule(required_fields=("diagnosisCodes",), decision_hours=48, decision_days=5)
    told = office.act("check_auth_requirement")
    assert state(told) == ("pending", True, None)
    assert (told["data"]["requiredFields"], told["data"]["decisionHours"]) == (["diagnosisCodes"], 48)
    assert any(reason["ruleId"] == "E09" for reason in told["data"]["reasons"])
    assert offered(told) == ["request_auth", "mark_auth_not_required", "view_record"]
    other = office.act("check_auth_requirement", dateOfService=day(1), serviceType="PT")
    assert (other["data"]["serviceType"], other["data"]["dateOfService"]) == ("PT", day(1))
    office.rule(requires_auth=False)
    free = office.act("check_auth_requirement")
    assert (free["data"]["requiresAuth"], offered(free)) == (False, ["view_record"])


def test_a_request_names_what_it_lacks(office: Office) -> None:
    office.rule(required_fields=("diagnosisCodes", "notes"))
    answer = office.try_to("request_auth")
    assert (answer.status, faults(answer)) == (422, [("diagnosisCodes", "missing"), ("notes", "missing")])


@pytest.mark.parametrize(
    ("action", "params", "field"),
    [
        ("request_auth", {"units": -1}, "params.units"),
        ("request_auth", {"patientId": "MRN554"}, "params.patientId"),
        ("request_auth", {"draft": True}, "params.draft"),
        ("extend_authorization", {}, "params"),
        ("mark_auth_not_required", {}, "params.evidence"),
        ("record_auth_decision", {}, "params"),
        ("check_auth_requirement", {"dateOfService": "soon"}, "params.dateOfService"),
    ],
)
def test_parameters_are_refused_by_name(office: Office, action: str, params: dict[str, Any], field: str) -> None:
    answer = office.try_to(action, params)
    assert (answer.status, faults(answer)[0][0]) == (422, field)


def test_what_needs_no_authorization_lets_the_patient_proceed(office: Office) -> None:
    office.act("check_eligibility")
    waived = office.act("mark_auth_not_required", evidence="Payer's portal, reference 7")
    assert state(waived) == ("proceed", False, "not_required")
    assert waived["data"]["authorization"]["statusReason"] == "Payer's portal, reference 7"
    assert office.context_status() == "proceed"
    assert office.act("check_eligibility")["data"]["requiresAuth"] is False


def test_an_extension_keeps_the_grant_in_force(office: Office) -> None:
    office.act("check_eligibility")
    office.act("request_auth", **PARAMS["request_auth"])
    few = office.act("record_auth_decision", manual={"outcome": "approved"})
    assert offered(few) == ["extend_authorization", "view_record"]
    asked = office.act("extend_authorization", units=4)
    assert state(asked) == ("proceed", True, "extension_requested")
    assert offered(asked) == ["check_authorization_status", "record_auth_decision", "view_record"]
    granted = office.act("record_auth_decision", manual={"outcome": "approved"})
    assert granted["data"]["authorization"]["units"]["approved"] == 6


def test_an_authorization_is_named_by_id_or_number_and_is_the_patients(office: Office) -> None:
    first = office.act("request_auth", **PARAMS["request_auth"])["data"]["authorization"]
    office.act("request_auth", **PARAMS["request_auth"] | {"serviceType": "PT"})
    for reference in (first["id"], first["id"].upper(), first["authNumber"]):
        told = office.act("check_authorization_status", authorizationId=reference)
        assert told["data"]["authorization"]["id"] == first["id"]
    other = office.requested(patientId="MRN554", providerId="PRV-11")
    for reference in (other["id"], "AUTH-NONE"):
        for action in ("check_authorization_status", "extend_authorization", "record_auth_decision"):
            params = PARAMS.get(action, {}) | {"authorizationId": reference}
            assert office.try_to(action, params).status == 404


def test_there_is_nothing_to_extend_where_nothing_was_asked(office: Office) -> None:
    for action in ("extend_authorization", "record_auth_decision"):
        answer = office.try_to(action, PARAMS[action])
        assert (answer.status, answer.json["code"]) == (404, "not_found")
    assert state(office.act("check_authorization_status"))[2] is None


def test_a_context_on_a_visit_or_an_authorization_works_on_it(office: Office) -> None:
    office.open("VIS-2041", "Visit ID")
    made = office.act("request_auth")["data"]["authorization"]
    assert [linked["visitId"] for linked in made["visits"]] == [str(VISIT)]
    office.open(made["authNumber"], "Authorization ID")
    assert office.act("check_authorization_status")["data"]["authorization"]["id"] == made["id"]
    assert office.act("record_auth_decision", manual={"outcome": "approved"})["data"]["status"] == "proceed"
    assert office.context_status() == "proceed"
    for kind, number in (("Visit ID", "VIS-2041"), ("Patient ID", "MRN553")):
        office.open(number, kind)
        assert office.context_status() == "proceed", kind


def test_a_context_without_a_patient_has_no_authorizations(office: Office) -> None:
    office.open("Fax 7", "Other")
    for rule in AUTHORIZATION_ACTIONS:
        answer = office.try_to(rule.name, PARAMS.get(rule.name))
        assert (answer.status, faults(answer)) == (422, [("contextId", "no_patient")]), rule.name


def test_an_overdue_decision_is_flagged(office: Office) -> None:
    office.act("request_auth", **PARAMS["request_auth"])
    (row,) = office.product.records.tables.rows["authorizations"]
    assert office.act("check_authorization_status")["data"]["authorization"]["flags"] == []
    row["decision_due_at"] = row["submitted_at"]
    assert office.act("check_authorization_status")["data"]["authorization"]["flags"] == ["decision_overdue"]


def test_reading_leaves_one_event_and_writing_one_each(office: Office) -> None:
    before = len(office.product.events)
    office.act("check_authorization_status")
    office.act("check_auth_requirement")
    assert len(office.product.events) - before == 1  # the same person, the same patient, within five minutes
    office.act("request_auth", **PARAMS["request_auth"])
    office.act("record_auth_decision", manual={"outcome": "approved"})
    written = [event for event in office.product.events if "change" in event.metadata]
    assert [event.metadata["change"] for event in written] == ["requested", "answered"]
