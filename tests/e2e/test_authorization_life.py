"""An authorization's whole life over HTTP: asked for, pended, granted, used up; and what many do with it at once."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.e2e.person import ELIGIBILITY, RECORDS, Database, Person, at_once, unique
from tests.permission_front_desk_cells import WHOLE
from tests.permission_ids import DESK

AUTHORIZATION = f"{ELIGIBILITY}/authorization"
PUBLISHED = Path(__file__).parents[3] / "shared/data/fhir-prior-auth"


def today() -> date:
    """The day at Riverside."""
    return datetime.now(UTC).astimezone(ZoneInfo("America/New_York")).date()


def day(days: int) -> str:
    return (today() + timedelta(days=days)).isoformat()


@pytest.fixture
def patient(manager: Person) -> str:
    """The MRN of a patient whose payer wants an authorization for office visits."""
    mrn = unique("MRN")
    data = {"mrn": mrn, "firstName": "Nadia", "lastName": unique("Test"), "dateOfBirth": "1980-05-17"}
    manager.done("POST", f"{RECORDS}/", {"type": "patient", "data": data})
    coverage = {"patientId": mrn, "payerId": "BST-01", "memberId": unique("M"), "periodStart": "2025-01-01"}
    manager.done("POST", f"{RECORDS}/", {"type": "coverage", "data": coverage})
    return mrn


def act(person: Person, context: str, action: str, **params: Any) -> Any:
    body = {"action": action, "contextId": context, "params": params}
    return person.done("POST", f"{ELIGIBILITY}/quick-action", body)


def book(person: Person, patient: str, days: int) -> dict[str, Any]:
    """A visit to come."""
    data = {
        "visitNumber": unique("VIS"),
        "patientId": patient,
        "visitDate": day(days),
        "visitType": "office",
        "providerId": "PRV-11",
    }
    made: dict[str, Any] = person.done("POST", f"{RECORDS}/", {"type": "visit", "data": data})
    return made


def check_in(person: Person, visit: dict[str, Any]) -> None:
    """The patient came: from check-in on the visit's units are used."""
    opened = {"recordType": "Visit ID", "recordId": visit["id"]}
    context = person.done("POST", f"{DESK}/context", opened)["contextId"]
    person.done("POST", f"{DESK}/quick-action", {"action": "mark_arrived", "contextId": context})
    checked_in = person.done("POST", f"{DESK}/check-in", {"contextId": context, **WHOLE})
    assert checked_in["status"] == "checked_in"


def stand(person: Person, context: str) -> tuple[str, str]:
    """The context's status as it is stored, and as its summary says."""
    shown = person.done("GET", f"{ELIGIBILITY}/context", contextId=context)
    summary = person.done("GET", f"{ELIGIBILITY}/summary", contextId=context)
    return shown["status"], summary["status"]


def test_requested_pended_approved_exhausted(manager: Person, patient: str) -> None:
    first = book(manager, patient, 0)
    context = manager.open(patient, "Patient ID")
    checked = act(manager, context, "check_eligibility")
    assert (checked["data"]["requiresAuth"], checked["data"]["status"]) == (True, "pending")
    assert checked["guidanceActions"][0]["action"] == "request_auth"

    needed = act(manager, context, "check_auth_requirement")
    assert (needed["data"]["requiresAuth"], needed["data"]["authorization"]) == (True, None)

    requested = act(manager, context, "request_auth", units=1, periodStart=day(0), periodEnd=day(60))
    held = requested["data"]["authorization"]
    assert (held["status"], held["units"]["reserved"], requested["data"]["status"]) == ("submitted", 1, "pending")
    assert [linked["visitId"] for linked in held["visits"]] == [first["id"]]
    assert stand(manager, context) == ("pending", "pending")
    path = f"{AUTHORIZATION}/{held['id']}"

    pended = manager.done("POST", f"{path}/decision", {"manual": {"outcome": "pended", "reason": "Records wanted"}})
    assert (pended["status"], pended["flags"]) == ("pended", [])
    assert stand(manager, context) == ("pending", "pending")

    approval = {"manual": {"outcome": "approved", "certificationNumber": "C-10442"}}
    approved = manager.done("POST", f"{path}/decision", approval)
    assert (approved["status"], approved["units"]["approved"], approved["units"]["remaining"]) == ("approved", 1, 0)
    assert stand(manager, context) == ("proceed", "proceed")
    assert act(manager, context, "check_eligibility")["data"]["status"] == "proceed"

    check_in(manager, first)
    book(manager, patient, 9)
    used = act(manager, context, "check_authorization_status")
    assert used["data"]["authorization"]["status"] == "exhausted"
    assert [one["action"] for one in used["guidanceActions"]] == ["request_auth", "view_record"]
    again = act(manager, context, "check_eligibility")
    assert (again["data"]["requiresAuth"], again["data"]["status"]) == (True, "pending")
    assert stand(manager, context) == ("pending", "pending")
    assert manager.done("GET", f"{ELIGIBILITY}/patient/{patient}")["authorizations"][0]["status"] == "exhausted"

    changes = manager.done("GET", f"{RECORDS}/authorization/{held['id']}/history")["changes"]
    told = [next((field["now"] for field in one["fields"] if field["field"] == "status"), None) for one in changes]
    assert [one for one in told if one] == ["approved", "pended", "submitted"]


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason="the reference data (../shared/data) is not there")
@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("GrantedResponse", "approved"),
        ("DeniedResponse", "denied"),
        ("PendedClaimResponse", "pended"),
        ("PendedFinalResponse", "approved"),
        ("claimresponse-pended", "pended"),
    ],
)
def test_published_answers_give_their_state(manager: Person, patient: str, name: str, state: str) -> None:
    made = manager.done("POST", AUTHORIZATION, request_for(patient))
    answer = {"fhir": json.loads((PUBLISHED / f"{name}.json").read_text())}
    first, second = (manager.done("POST", f"{AUTHORIZATION}/{made['id']}/decision", answer) for _ in range(2))
    assert (first["status"], first["answer"], second["answer"]) == (state, "applied", "repeated")
    assert second["version"] == first["version"]


def request_for(patient: str, **members: Any) -> dict[str, Any]:
    return {
        "patientId": patient,
        "serviceType": "98",
        "providerId": "PRV-11",
        "periodStart": day(0),
        "periodEnd": day(90),
        "units": 1,
    } | members


def granted(person: Person, patient: str, units: int) -> str:
    made = person.done("POST", AUTHORIZATION, request_for(patient, units=units))
    path = f"{AUTHORIZATION}/{made['id']}"
    person.done("POST", f"{path}/decision", {"manual": {"outcome": "approved"}})
    return path


def test_the_last_unit_has_one_winner(manager: Person, patient: str) -> None:
    path = granted(manager, patient, 1)
    visits = [book(manager, patient, 5 + number)["id"] for number in range(8)]
    answers = at_once(8, lambda number: manager.call("POST", f"{path}/reserve", {"visitId": visits[number]}))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"units_exhausted"}
    units = manager.done("GET", path)["units"]
    assert (units["reserved"], units["remaining"], units["overused"]) == (1, 0, 0)


def test_many_who_ask_for_the_same_by_quick_action_ask_once(manager: Person, patient: str) -> None:
    book(manager, patient, 3)
    context = manager.open(patient, "Patient ID")
    results = at_once(8, lambda _: act(manager, context, "request_auth"))
    assert len({result["data"]["authorization"]["id"] for result in results}) == 1
    assert len(manager.done("GET", f"{ELIGIBILITY}/patient/{patient}")["authorizations"]) == 1


def test_twenty_requests_with_one_key_make_one(manager: Person, patient: str, database: Database) -> None:
    key, ids = unique("key"), [unique("ask") for _ in range(20)]
    answers = at_once(
        20,
        lambda number: manager.call(
            "POST", AUTHORIZATION, request_for(patient), headers={"Idempotency-Key": key, "X-Request-Id": ids[number]}
        ),
    )
    assert {answer.status_code for answer in answers} == {201}, [answer.text for answer in answers]
    assert len({answer.text for answer in answers}) == 1
    rows = database.rows("SELECT count(*) AS made FROM authorizations WHERE id = :id", id=answers[0].json()["id"])
    assert rows == [{"made": 1}]
    assert len(manager.done("GET", f"{ELIGIBILITY}/patient/{patient}")["authorizations"]) == 1


def test_a_neighbour_finds_nothing(manager: Person, stranger: Person, patient: str) -> None:
    path = granted(manager, patient, 2)
    unknown = f"{AUTHORIZATION}/AUTH-NONE"
    for method, end, body in (
        ("GET", "", None),
        ("POST", "/cancel", {}),
        ("POST", "/decision", {"manual": {"outcome": "cancelled"}}),
        ("POST", "/reserve", {"visitId": "VIS-310"}),
    ):
        answers = [stranger.call(method, one + end, body) for one in (path, unknown)]
        assert [answer.status_code for answer in answers] == [404, 404]
        bodies = [{**answer.json(), "requestId": None} for answer in answers]
        assert bodies[0] == bodies[1]
    theirs = stranger.call("POST", AUTHORIZATION, request_for(patient))
    assert (theirs.status_code, theirs.json()["code"]) == (404, "not_found")
