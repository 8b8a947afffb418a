"""The authorization routes through the real app on in-memory stores."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from shared.auth.permissions import ROLES_BY_PERMISSION, Permission
from shared.models.roles import Role
from tests.functions.authorization_office import LAKESIDE, PATIENT, VISIT, Office, day, day_of, faults, whole
from tests.functions.in_memory import InMemoryProduct

PUBLISHED = Path(__file__).parents[3] / "shared/data/fhir-prior-auth"
MANUAL = {"manual": {"outcome": "approved", "units": 6}}


@pytest.fixture
def office(product: InMemoryProduct) -> Office:
    return Office(product)


def test_a_request_is_answered_201_with_the_record(office: Office) -> None:
    answer = office.ask("POST", "/authorization", whole(urgency="urgent", procedureCodes=["99213"], notes="Asap"))
    made = answer.json
    assert (answer.status, answer.headers["ETag"], made["status"], made["version"]) == (201, '"1"', "submitted", 1)
    assert made["authNumber"].startswith("AUTH-")
    assert (made["patientId"], made["requestedDate"], made["urgency"]) == (str(PATIENT), day(0), "urgent")
    assert made["units"] == {
        "requested": 6,
        "approved": None,
        "used": 0,
        "reserved": 1,
        "remaining": None,
        "overused": 0,
    }
    assert made["coverageId"]
    assert made["decisionDueAt"] > made["submittedAt"]
    for reference in (made["id"], made["authNumber"]):
        assert office.done("GET", f"/authorization/{reference}") == made


def test_what_is_left_out_comes_from_the_file(office: Office) -> None:
    made = office.done("POST", "/authorization", {"patientId": "MRN553"}, 201)
    visit = next(row for row in office.product.records.tables.rows["visits"] if row["id"] == VISIT)
    assert (made["serviceType"], made["urgency"], made["units"]["requested"]) == ("98", "standard", 1)
    assert (made["periodStart"], made["periodEnd"]) == (str(visit["visit_date"]),) * 2
    assert made["providerId"] == str(visit["provider_id"])
    assert [linked["visitId"] for linked in made["visits"]] == [str(VISIT)]


def test_a_request_of_a_context_is_for_its_patient(office: Office) -> None:
    context = office.product.open_context()["contextId"]
    body = whole(contextId=context) | {"patientId": None}
    assert office.done("POST", "/authorization", body, 201)["patientId"] == str(PATIENT)
    both = office.ask("POST", "/authorization", whole(contextId=context))
    assert faults(both) == [("contextId", "ambiguous")]
    neither = office.ask("POST", "/authorization", {"serviceType": "98"})
    assert (neither.status, faults(neither)) == (422, [("patientId", "missing")])
    assert office.ask("POST", "/authorization", {"contextId": "ctx_unknown"}).status == 404


def test_every_missing_member_is_named_at_once(office: Office) -> None:
    office.rule(required_fields=("diagnosisCodes", "procedureCodes", "memberId", "providerNpi"))
    office.set_visit("VIS-2041", status="cancelled")
    answer = office.ask("POST", "/authorization", {"patientId": "MRN553", "serviceType": "98"})
    assert answer.status == 422
    assert faults(answer) == [
        (name, "missing")
        for name in (
            "providerId",
            "periodStart",
            "periodEnd",
            "units",
            "diagnosisCodes",
            "procedureCodes",
            "providerNpi",
        )
    ]
    assert office.product.records.tables.rows["authorizations"] == []


def test_a_draft_is_kept_and_sent_with_what_it_lacked(office: Office) -> None:
    office.rule(required_fields=("diagnosisCodes",), decision_days=2)
    made = office.done("POST", "/authorization", {"patientId": "MRN553", "draft": True}, 201)
    assert (made["status"], made["submittedAt"], made["allowed"]) == ("draft", None, ["submit", "mark_not_required"])
    path = f"/authorization/{made['id']}"
    assert faults(office.ask("POST", f"{path}/submit", {})) == [("diagnosisCodes", "missing")]
    assert faults(office.ask("POST", f"{path}/submit", {"providerId": "PRV-11"})) == [("providerId", "fixed")]
    sent = office.done("POST", f"{path}/submit", {"diagnosisCodes": ["E11.9"], "units": 3, "version": 1})
    assert (sent["status"], sent["units"]["requested"], sent["diagnosisCodes"]) == ("submitted", 3, ["E11.9"])
    assert day_of(sent["decisionDueAt"]) == day(2)
    assert office.done("POST", f"{path}/submit", {})["version"] == sent["version"]


@pytest.mark.parametrize(
    ("members", "field", "code"),
    [
        ({"payerId": "PAY-0"}, "payerId", "unknown_payer"),
        ({"payerId": str(UUID(int=9))}, "payerId", "unknown_payer"),
        ({"payerId": "GRN-07"}, "payerId", "unknown_payer"),  # another organisation's
        ({"providerId": "PRV-31"}, "providerId", "unknown_provider"),
        ({"visitId": "VIS-310"}, "visitId", "unknown_visit"),
        ({"coverageId": str(UUID(int=9))}, "coverageId", "unknown_coverage"),
        ({"units": -1}, "units", "greater_than_equal"),
        ({"units": 0}, "units", "greater_than_equal"),
        ({"units": 10000}, "units", "less_than_equal"),
        ({"units": 1.5}, "units", "int_type"),
        ({"units": "6"}, "units", "int_type"),
        ({"periodEnd": day(-1)}, "periodEnd", "before_start"),
        ({"periodEnd": day(900)}, "periodEnd", "too_long"),
        ({"periodStart": day(1200), "periodEnd": day(1201)}, "periodStart", "too_far"),
        ({"periodStart": "2026-02-30"}, "periodStart", "value_error"),
        ({"serviceType": "office"}, "serviceType", "string_pattern_mismatch"),
        ({"procedureCodes": ["1"]}, "procedureCodes[0]", "string_pattern_mismatch"),
        ({"procedureCodes": ["99213"] * 21}, "procedureCodes", "too_long"),
        ({"diagnosisCodes": ["diabetes"]}, "diagnosisCodes[0]", "string_pattern_mismatch"),
        ({"urgency": "now"}, "urgency", "literal_error"),
        ({"notes": " "}, "notes", "string_too_short"),
        ({"requestedDate": day(30)}, "requestedDate", "extra_forbidden"),
        ({"status": "approved"}, "status", "extra_forbidden"),
        ({"clientId": str(UUID(int=9))}, "clientId", "extra_forbidden"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(office: Office, members: dict[str, Any], field: str, code: str) -> None:
    answer = office.ask("POST", "/authorization", whole(**members))
    assert (answer.status, faults(answer)) == (422, [(field, code)])
    assert office.product.records.tables.rows["authorizations"] == []


def test_another_organisations_patient_is_as_unknown_as_nobody(office: Office) -> None:
    theirs = next(
        row["id"] for row in office.product.records.tables.rows["patients"] if row["client_id"] == LAKESIDE.id
    )
    answers = [office.ask("POST", "/authorization", whole(patientId=one)) for one in (str(theirs), str(UUID(int=9)))]
    bodies = [{**answer.json, "requestId": None} for answer in answers]
    assert [answer.status for answer in answers] == [404, 404]
    assert bodies[0] == bodies[1]


def test_another_organisations_authorization_is_as_unknown_as_none(office: Office) -> None:
    made = office.requested()
    strangers = Office(office.product, organisation=LAKESIDE, role=Role.MANAGER)
    for method, path, body in (
        ("GET", "", None),
        ("GET", "/match?visitId=VIS-2041", None),
        ("POST", "/decision", MANUAL),
        ("POST", "/submit", {}),
        ("POST", "/cancel", {}),
        ("POST", "/extend", {"units": 1}),
        ("POST", "/reserve", {"visitId": "VIS-2041"}),
        ("POST", "/release", {"visitId": "VIS-2041"}),
    ):
        answers = [strangers.ask(method, f"/authorization/{one}{path}", body) for one in (made["id"], str(UUID(int=9)))]
        assert [answer.status for answer in answers] == [404, 404], path
        assert {**answers[0].json, "requestId": None} == {**answers[1].json, "requestId": None}
    assert office.done("GET", f"/authorization/{made['id']}") == made


def test_a_second_request_for_the_same_is_made_and_told(office: Office) -> None:
    first = office.requested()
    second = office.requested()
    assert first["warnings"] == []
    assert second["warnings"] == [{"code": "possible_duplicate", "recordIds": [first["id"]]}]
    assert office.requested(serviceType="PT")["warnings"] == []


def test_a_repeated_request_is_answered_as_the_first(office: Office) -> None:
    first, second = (office.ask("POST", "/authorization", whole(), Idempotency_Key="k-1") for _ in range(2))
    assert (first.status, first.json) == (second.status, second.json)
    other = office.ask("POST", "/authorization", whole(units=7), Idempotency_Key="k-1")
    assert (other.status, other.json["code"]) == (422, "idempotency_mismatch")
    assert len(office.product.records.tables.rows["authorizations"]) == 1


def test_a_step_that_is_not_possible_names_those_that_are(office: Office) -> None:
    made = office.requested()
    answer = office.ask("POST", f"/authorization/{made['id']}/appeal", {})
    assert (answer.status, answer.json["code"], answer.json["current"]) == (409, "invalid_transition", "submitted")
    assert "cancel" in answer.json["allowed"]


def test_each_step_by_hand(office: Office) -> None:
    def path(record: dict[str, Any], step: str) -> str:
        return f"/authorization/{record['id']}/{step}"

    denial = {"manual": {"outcome": "denied", "reason": "0V"}}
    draft = office.done("POST", "/authorization", {"patientId": "MRN553", "draft": True}, 201)
    assert faults(office.ask("POST", path(draft, "not-required"), {})) == [("reason", "missing")]
    waived = office.done("POST", path(draft, "not-required"), {"reason": "Portal, ref 7"})
    assert (waived["status"], waived["statusReason"]) == ("not_required", "Portal, ref 7")
    sent = office.requested(serviceType="PT")
    pended = office.done("POST", path(sent, "decision"), {"manual": {"outcome": "pended"}})
    assert office.done("POST", path(sent, "resubmit"), {"version": pended["version"]})["status"] == "submitted"
    assert office.done("POST", path(sent, "cancel"), {"reason": "Moved away"})["status"] == "cancelled"
    assert office.done("POST", path(sent, "cancel"), {})["statusReason"] == "Moved away"
    for step, end in (("appeal", "denied_final"), ("peer-to-peer", "denied_final")):
        one = office.requested(serviceType="MH")
        office.done("POST", path(one, "decision"), denial)
        assert office.done("POST", path(one, step), {})["decisionDueAt"] is None
        assert office.done("POST", path(one, "decision"), denial)["status"] == end
    granted = office.granted(serviceType="UC")
    assert faults(office.ask("POST", path(granted, "revoke"), {})) == [("reason", "missing")]
    assert office.done("POST", path(granted, "revoke"), {"reason": "Payer's letter"})["status"] == "revoked"


def test_a_stale_version_is_refused_with_the_record(office: Office) -> None:
    made = office.requested()
    path = f"/authorization/{made['id']}/cancel"
    for answer in (office.ask("POST", path, {"version": 9}), office.ask("POST", path, {}, If_Match='"9"')):
        assert (answer.status, answer.json["code"]) == (412, "precondition_failed")
        assert answer.json["current"]["id"] == made["id"]
    assert office.done("POST", path, {}, If_Match='"1"')["status"] == "cancelled"


def test_an_extension_is_asked_for_and_granted(office: Office) -> None:
    granted = office.granted(units=2)
    path = f"/authorization/{granted['id']}"
    assert granted["flags"] == ["few_units"]
    asked = office.done("POST", f"{path}/extend", {"units": 4, "periodEnd": day(180)})
    assert (asked["status"], asked["extension"]["units"]) == ("extension_requested", 4)
    assert office.done("POST", f"{path}/extend", {"units": 4, "periodEnd": day(180)})["version"] == asked["version"]
    other = office.ask("POST", f"{path}/extend", {"units": 5})
    assert (other.status, other.json["code"]) == (409, "already_requested")
    after = office.done("POST", f"{path}/decision", {"manual": {"outcome": "approved"}})
    assert (after["status"], after["units"]["approved"], after["periodEnd"]) == ("approved", 6, day(180))
    assert after["extension"] is None


@pytest.mark.parametrize(
    ("body", "field"),
    [({}, ""), ({"units": 0}, "units"), ({"periodEnd": day(1)}, "periodEnd"), ({"units": -3}, "units")],
)
def test_an_extension_asks_for_something(office: Office, body: dict[str, Any], field: str) -> None:
    granted = office.granted()
    answer = office.ask("POST", f"/authorization/{granted['id']}/extend", body)
    assert (answer.status, faults(answer)[0][0]) == (422, field)


def test_a_refused_step_is_audited_and_changes_nothing(office: Office) -> None:
    made = office.requested()
    before = len(office.product.events)
    office.ask("POST", f"/authorization/{made['id']}/appeal", {})
    (event,) = office.product.events[before:]
    assert (event.outcome.value, event.metadata["code"]) == ("refused", "invalid_transition")


def test_audit_rows_hold_states_and_no_content(office: Office) -> None:
    made = office.requested(notes="Knee surgery", diagnosisCodes=["E11.9"])
    office.done("POST", f"/authorization/{made['id']}/cancel", {"reason": "Moved to Ohio"})
    rows = [event for event in office.product.events if event.resource_type == "authorization"]
    assert [row.action.value for row in rows] == ["authorization:request", "authorization:move"]
    assert [row.metadata["to"] for row in rows] == ["submitted", "cancelled"]
    assert {str(row.patient_ref) for row in rows} == {str(PATIENT)}
    told = "".join(row.model_dump_json() for row in rows)
    assert not any(word in told for word in ("Knee", "Ohio", "E11.9", "MRN553", made["authNumber"]))


@pytest.mark.parametrize("role", Role)
def test_who_asks_payers_and_who_only_looks(office: Office, role: Role) -> None:
    made = office.requested()
    path = f"/authorization/{made['id']}"
    other = Office(office.product, role=role)
    assert other.ask("GET", path).status == 200
    writes = [
        other.ask("POST", "/authorization", whole(serviceType="PT")),
        other.ask("POST", f"{path}/decision", {"manual": {"outcome": "approved", "units": 9}}),
        other.ask("POST", f"{path}/reserve", {"visitId": office.visit("V-1")}),
        other.ask("POST", f"{path}/extend", {"units": 1}),
        other.ask("POST", f"{path}/release", {"visitId": "V-1"}),
        other.ask("POST", f"{path}/submit", {}),
        other.ask("POST", f"{path}/cancel", {}),
    ]
    if role in ROLES_BY_PERMISSION[Permission.AUTHORIZATION_WRITE]:
        assert [answer.status for answer in writes] == [201, 200, 200, 200, 200, 409, 409]
    else:
        assert {(answer.status, answer.json["code"]) for answer in writes} == {(403, "forbidden")}
        assert office.done("GET", path) == made


def test_records_change_the_state_only_by_a_step(office: Office) -> None:
    made = office.requested()

    def write(status: str, version: int) -> Any:
        data = {"authNumber": made["authNumber"], "patientId": "MRN553", "status": status}
        body = {"type": "authorization", "data": data, "version": version}
        return office.product.request("POST", "/api/v1/records/", json=body)

    refused = write("exhausted", 1)
    assert (refused.status, refused.json["code"], refused.json["current"]) == (409, "invalid_transition", "submitted")
    assert write("pended", 1).json["data"]["status"] == "pended"
    assert write("pended", 2).status == 200


def test_payer_rules_hold_what_a_payer_wants(office: Office) -> None:
    data = {
        "payerId": "BST-01",
        "serviceType": "PT",
        "requiresAuth": True,
        "requiredFields": ["diagnosisCodes", "notes"],
        "decisionDays": 3,
    }
    body = {"type": "payer_rule", "data": data}
    made = office.product.request("POST", "/api/v1/records/", json=body)
    assert made.status == 201, made.json
    assert (made.json["data"]["requiredFields"], made.json["data"]["decisionDays"]) == (["diagnosisCodes", "notes"], 3)
    again = office.product.request("POST", "/api/v1/records/", json=body | {"version": 1, "data": made.json["data"]})
    assert (again.status, again.json["version"]) == (200, 1)
    answer = office.ask("POST", "/authorization", whole(serviceType="PT"))
    assert faults(answer) == [("diagnosisCodes", "missing"), ("notes", "missing")]
    unknown = office.product.request(
        "POST", "/api/v1/records/", json={"type": "payer_rule", "data": data | {"requiredFields": ["shoeSize"]}}
    )
    assert unknown.status == 422


def test_an_authorization_in_use_is_not_deleted(office: Office) -> None:
    made = office.requested()
    manager = Office(office.product, role=Role.MANAGER)
    answer = manager.product.request("DELETE", f"/api/v1/records/authorization/{made['id']}", role=Role.MANAGER)
    assert (answer.status, answer.json["code"], answer.json["uses"]) == (409, "in_use", {"visit": 1})
