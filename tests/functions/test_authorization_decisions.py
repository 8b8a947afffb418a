"""Payers' answers, and the units that they grant, through the real app on in-memory stores."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.functions.authorization_office import Office, day, faults
from tests.functions.in_memory import InMemoryProduct
from tests.unit.x12_samples import interchange

PUBLISHED = Path(__file__).parents[3] / "shared/data/fhir-prior-auth"
MANUAL = {"manual": {"outcome": "approved", "units": 6}}


@pytest.fixture
def office(product: InMemoryProduct) -> Office:
    return Office(product)


def test_an_approval_is_recorded_once(office: Office) -> None:
    made = office.requested()
    path = f"/authorization/{made['id']}/decision"
    answer = {"manual": {"outcome": "approved", "units": 4, "certificationNumber": "C-1", "periodEnd": day(30)}}
    granted = office.done("POST", path, answer)
    assert (granted["status"], granted["answer"], granted["certificationNumber"]) == ("approved", "applied", "C-1")
    assert (granted["units"]["approved"], granted["periodEnd"], granted["approvedDate"]) == (4, day(30), day(0))
    assert granted["decision"]["source"] == "manual"
    again = office.done("POST", path, answer)
    assert (again["answer"], again["version"]) == ("repeated", granted["version"])
    changes = [event.metadata["change"] for event in office.product.records.tables.events]
    assert changes == ["requested", "answered", "unchanged"]


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason="the reference data (../shared/data) is not there")
def test_published_answers_move_a_request_from_pended_to_granted_and_not_back(office: Office) -> None:
    path = f"/authorization/{office.requested()['id']}/decision"
    pended, granted, denied = (
        {"fhir": json.loads((PUBLISHED / f"{name}.json").read_text())}
        for name in ("PendedClaimResponse", "PendedFinalResponse", "DeniedResponse")
    )
    first = office.done("POST", path, pended)
    assert (first["status"], first["statusReason"]) == ("pended", "X; Pending")
    second = office.done("POST", path, granted)
    assert (second["status"], second["units"]["approved"]) == ("approved", 6)
    assert office.done("POST", path, pended)["answer"] == "repeated"
    assert office.done("GET", path.removesuffix("/decision"))["status"] == "approved"
    # A denial after the grant takes it back; nothing takes that back again.
    assert office.done("POST", path, denied)["status"] == "revoked"
    refused = office.ask("POST", path, MANUAL)
    assert (refused.status, refused.json["code"], refused.json["allowed"]) == (409, "invalid_transition", [])


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason="the reference data (../shared/data) is not there")
@pytest.mark.parametrize(
    ("name", "state"),
    [("GrantedResponse", "approved"), ("DeniedResponse", "denied"), ("PendedClaimResponse", "pended"),
     ("claimresponse-pended", "pended")],
)  # fmt: skip
def test_each_published_answer_gives_its_state(office: Office, name: str, state: str) -> None:
    path = f"/authorization/{office.requested()['id']}/decision"
    answer = {"fhir": json.loads((PUBLISHED / f"{name}.json").read_text())}
    assert office.done("POST", path, answer)["status"] == state


def test_an_older_answer_does_not_regress(office: Office) -> None:
    path = f"/authorization/{office.requested()['id']}/decision"
    office.done("POST", path, {"manual": {"outcome": "pended", "decidedOn": day(-1)}})
    late = office.done("POST", path, {"manual": {"outcome": "denied", "reason": "0V", "decidedOn": day(-2)}})
    assert (late["status"], late["answer"]) == ("pended", "older")


def review(*segments: str) -> str:
    """An interchange with one 278 response."""
    header = (
        "BHT*0007*11*A-1*20260504*1230*18",
        "HL*1**20*1",
        "NM1*X3*2*BLUESTEM*****PI*842610001",
        "HL*2*1*21*1",
        "NM1*1P*1*OKONKWO*AMARA****XX*1234567893",
        "HL*3*2*22*1",
        "NM1*IL*1*VASQUEZ*ELENA****MI*BST553018842",
        "HL*4*3*EV*1",
        "TRN*2*EVENT-1*9CLINIC",
    )
    return interchange(*header, *segments, set_id="278", functional_id="HI", version="005010X217")


def test_a_278_is_recorded_once_and_bad_x12_is_refused(office: Office) -> None:
    path = f"/authorization/{office.requested()['id']}/decision"
    granted = {"x12": review("HCR*A1*C-10442", f"DTP*007*RD8*{day(0).replace('-', '')}-{day(60).replace('-', '')}")}
    first, second = (office.done("POST", path, granted) for _ in range(2))
    assert (first["status"], first["certificationNumber"], first["periodEnd"]) == ("approved", "C-10442", day(60))
    assert (first["decision"]["source"], second["answer"]) == ("x12_278", "repeated")
    for text in ("hello", review("HCR*A1")[:200], interchange("ST*271*0001")):
        assert office.ask("POST", path, {"x12": text}).status == 422


@pytest.mark.parametrize(
    ("code", "state"), [("A3", "denied"), ("A4", "pended"), ("C", "cancelled"), ("CT", "contact_payer")]
)
def test_each_278_code_gives_its_state(office: Office, code: str, state: str) -> None:
    path = f"/authorization/{office.requested()['id']}/decision"
    assert office.done("POST", path, {"x12": review(f"HCR*{code}**0V")})["status"] == state


def test_several_services_with_mixed_answers_are_a_partial_grant(office: Office) -> None:
    path = f"/authorization/{office.requested()['id']}/decision"
    lines = [
        {"outcome": "approved", "procedure": "97110", "units": 4},
        {"outcome": "denied", "procedure": "97112", "reason": "Not covered"},
    ]
    told = office.done("POST", path, {"manual": {"lines": lines}})
    assert (told["status"], told["units"]["approved"]) == ("partially_approved", 4)
    assert [(line["procedure"], line["outcome"]) for line in told["decision"]["lines"]] == [
        ("97110", "approved"),
        ("97112", "denied"),
    ]


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({}, "", "value_error"),
        (MANUAL | {"fhir": {}}, "", "value_error"),
        ({"manual": {}}, "manual.outcome", "missing"),
        ({"manual": {"outcome": "denied"}}, "manual.reason", "missing"),
        ({"manual": {"outcome": "granted"}}, "manual.outcome", "literal_error"),
        ({"manual": {"outcome": "approved", "units": -1}}, "manual.units", "greater_than_equal"),
        ({"manual": {"outcome": "modified"}}, "decision.units", "missing"),
        ({"manual": {"outcome": "approved", "decidedOn": day(9)}}, "decision.decidedOn", "in_the_future"),
        ({"manual": {"outcome": "approved", "periodEnd": day(-5)}}, "decision.periodEnd", "before_start"),
        ({"fhir": {"resourceType": "Patient"}}, "fhir.resourceType", "unknown_code"),
        ({"fhir": []}, "fhir", "dict_type"),
        ({"x12": ""}, "x12", "string_too_short"),
    ],
)
def test_an_answer_that_cannot_be_read_is_refused_by_name(
    office: Office, body: dict[str, Any], field: str, code: str
) -> None:
    made = office.requested()
    answer = office.ask("POST", f"/authorization/{made['id']}/decision", body)
    assert (answer.status, faults(answer)) == (422, [(field, code)])
    assert office.done("GET", f"/authorization/{made['id']}") == made


def test_units_are_reserved_used_given_back_and_run_out(office: Office) -> None:
    granted = office.granted(units=2)
    path = f"/authorization/{granted['id']}"
    assert granted["units"]["reserved"] == 1  # the visit that it was asked for
    office.visit("V-1")
    assert office.done("POST", f"{path}/reserve", {"visitId": "V-1"})["units"]["remaining"] == 0
    office.visit("V-2")
    full = office.ask("POST", f"{path}/reserve", {"visitId": "V-2"})
    assert (full.status, full.json["code"], full.json["remaining"]) == (409, "units_exhausted", 0)
    assert office.done("POST", f"{path}/release", {"visitId": "V-1"})["units"]["remaining"] == 1
    assert office.done("POST", f"{path}/release", {"visitId": "V-1"})["units"]["remaining"] == 1
    office.done("POST", f"{path}/reserve", {"visitId": "V-2"})
    office.set_visit("VIS-2041", status="completed")
    office.set_visit("V-2", status="checked_in")
    used = office.ask("POST", f"{path}/release", {"visitId": "V-2"})
    assert (used.status, used.json["code"]) == (409, "units_used")
    over = office.done("GET", path)
    assert (over["status"], over["units"]["used"], over["allowed"]) == ("exhausted", 2, [])
    refused = office.ask("POST", f"{path}/extend", {"units": 2})
    assert (refused.status, refused.json["current"]) == (409, "exhausted")
    office.set_visit("V-2", status="cancelled")
    assert office.done("GET", path)["status"] == "approved"


@pytest.mark.parametrize("visit", ["VIS-310", "VIS-0", str(UUID(int=9)), "V-OTHER"])
def test_units_are_held_for_visits_of_the_patient_only(office: Office, visit: str) -> None:
    granted = office.granted()
    second = next(row["id"] for row in office.product.records.tables.rows["patients"] if row["mrn"] == "MRN554")
    office.visit("V-OTHER", patient_id=second)
    for step in ("reserve", "release"):
        answer = office.ask("POST", f"/authorization/{granted['id']}/{step}", {"visitId": visit})
        assert (answer.status, faults(answer)) == (422, [("visitId", "unknown_visit")])


def test_what_was_taken_beyond_the_grant_is_told(office: Office) -> None:
    granted = office.granted(units=1)
    office.visit("V-1", authorization_id=UUID(granted["id"]), authorization_units=3, status="completed")
    over = office.done("GET", f"/authorization/{granted['id']}")
    assert over["units"] == {
        "requested": 6,
        "approved": 1,
        "used": 3,
        "reserved": 1,
        "remaining": 0,
        "overused": 3,
    }
    assert "overused" in over["flags"]


def test_an_authorization_is_compared_with_a_visit_and_a_claim(office: Office) -> None:
    granted = office.granted(procedureCodes=["99213"])
    path = f"/authorization/{granted['id']}/match"
    fits = office.done("GET", f"{path}?visitId=VIS-2041")
    assert (fits["matches"], fits["mismatches"], fits["notCompared"]) == (True, [], ["procedure"])
    claim = office.done("GET", f"{path}?claimId=CLM-88&procedure=97110")
    assert not claim["matches"]
    assert [fault["code"] for fault in claim["mismatches"]] == ["procedure", "date"]
    others = [office.ask("GET", f"{path}?claimId={one}") for one in ("CLM-95", "CLM-0")]
    assert [faults(answer) for answer in others] == [[("claimId", "unknown_record")]] * 2
    assert office.ask("GET", path).status == 422
