"""Letting another payer's coverage take the place of one, through the gateway on the real stores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.e2e.person import ELIGIBILITY, RECORDS, Database, LiveStore, Person, at_once, unique, until

CARRIED_SECONDS = 60
COVERAGES = """
SELECT c.id, c.rank, c.period_start::text AS first, c.period_end::text AS last, c.version, c.member_id, c.deleted_at
FROM coverages c JOIN patients p ON p.id = c.patient_id WHERE p.mrn = :mrn ORDER BY c.period_start
"""
CHECKS = """
SELECT e.id, e.coverage_id FROM eligibility_checks e JOIN patients p ON p.id = e.patient_id
WHERE p.mrn = :mrn ORDER BY e.created_at
"""


@dataclass(frozen=True, slots=True)
class Case:
    """A patient with a coverage that began in 2026, another payer, and a context."""

    person: Person
    database: Database
    mrn: str
    payer: str
    coverage: str
    context: str

    def body(self, **params: Any) -> dict[str, Any]:
        """A switch to the other payer from July on."""
        given = {"coverageId": self.coverage, "version": 1, "startDate": "2026-07-01", "dateOfService": "2026-08-01"}
        given |= {"payerId": self.payer, "memberId": "SUN-88"} | params
        return {"action": "switch_payer", "contextId": self.context, "params": given}

    def call(self, **params: Any) -> httpx.Response:
        return self.person.call("POST", f"{ELIGIBILITY}/quick-action", self.body(**params))

    def coverages(self) -> list[dict[str, Any]]:
        return self.database.rows(COVERAGES, mrn=self.mrn)

    def checks(self) -> list[dict[str, Any]]:
        return self.database.rows(CHECKS, mrn=self.mrn)


def write(person: Person, record_type: str, **data: Any) -> dict[str, Any]:
    made: dict[str, Any] = person.done("POST", f"{RECORDS}/", {"type": record_type, "data": data})
    return made


@pytest.fixture
def case(manager: Person, database: Database) -> Case:
    mrn, before, after = unique("MRN"), unique("PAY"), unique("PAY")
    write(manager, "patient", mrn=mrn, firstName="Test", lastName="Patient", dateOfBirth="1980-05-17")
    for number, name in ((before, "State Medicaid"), (after, "Sunrise Community Plan")):
        write(manager, "payer", payerNumber=number, name=name)
    coverage = write(manager, "coverage", patientId=mrn, payerId=before, memberId="W-1", periodStart="2026-01-01")
    return Case(manager, database, mrn, after, str(coverage["id"]), manager.open(mrn, "Patient ID"))


def test_the_switch_its_check_its_event_and_what_shows_it(case: Case, live_store: LiveStore) -> None:
    other = case.person.done("POST", f"{ELIGIBILITY}/quick-action", {"action": "check_eligibility",
                             "contextId": case.context, "params": {"dateOfService": "2026-08-01"}})  # fmt: skip
    assert other["data"]["coverageId"] == case.coverage
    member, request_id = unique("SUN"), unique("switch")
    body = case.body(memberId=member, planName="Sunrise HMO")
    answer = case.person.call("POST", f"{ELIGIBILITY}/quick-action", body, headers={"X-Request-Id": request_id})
    assert answer.status_code == 200, answer.text
    told = answer.json()["data"]
    ended, begun = case.coverages()
    assert (str(ended["id"]), ended["last"], ended["version"], ended["deleted_at"]) == (
        case.coverage, "2026-06-30", 2, None,
    )  # fmt: skip
    assert (str(begun["id"]), begun["first"], begun["last"]) == (told["replacementCoverageId"], "2026-07-01", None)
    assert (begun["rank"], begun["member_id"]) == (ended["rank"], member)
    assert (told["coverageId"], told["eligible"]) == (str(begun["id"]), True)
    assert [(str(one["id"]), one["coverage_id"]) for one in case.checks()][-1] == (told["checkId"], begun["id"])
    rows = until(lambda: case.database.audit_rows(request_id), seconds=30, what="the audit row")
    assert [(row["resource_type"], row["resource_id"], row["outcome"]) for row in rows] == [
        ("coverage", begun["id"], "success")
    ]
    assert member not in str(rows)
    found = case.person.done("GET", f"{RECORDS}/search", q=member)["results"]
    assert [one["id"] for one in found] == [str(begun["id"])]
    shown = live_store.document(f"contexts/{case.context}")["summary"]["stringValue"]
    assert "Sunrise Community Plan" in shown


def test_the_contexts_of_others_follow(case: Case, live_store: LiveStore) -> None:
    """A context of a visit of the same patient, which the switch was not made in."""
    visit = write(case.person, "visit", visitNumber=unique("VIS"), visitDate="2026-08-03", patientId=case.mrn)
    beside = case.person.open(visit["data"]["visitNumber"], "Visit ID")
    case.person.done("POST", f"{ELIGIBILITY}/quick-action", {"action": "check_eligibility", "contextId": beside})

    def summary() -> str:
        return str(live_store.document(f"contexts/{beside}")["summary"]["stringValue"])

    assert "State Medicaid" in summary()
    assert case.call().status_code == 200
    until(lambda: "Sunrise Community Plan" in summary(), seconds=CARRIED_SECONDS, what="the new payer")


def test_of_two_at_once_one_wins(case: Case) -> None:
    answers = at_once(2, lambda number: case.call(memberId=f"SUN-{number}"))
    assert sorted(one.status_code for one in answers) == [200, 409], [one.text for one in answers]
    lost = next(one.json() for one in answers if one.status_code == 409)
    assert (lost["code"], lost["current"]["version"]) == ("stale_coverage", 2)
    assert (len(case.coverages()), len(case.checks())) == (2, 1)


def test_twenty_with_one_key_are_one_switch(case: Case) -> None:
    headers, ids = {"Idempotency-Key": unique("key")}, [unique("parallel") for _ in range(20)]

    def send(number: int) -> httpx.Response:
        named = headers | {"X-Request-Id": ids[number]}
        return case.person.call("POST", f"{ELIGIBILITY}/quick-action", case.body(), headers=named)

    answers = at_once(20, send)
    assert {one.status_code for one in answers} == {200}, [one.text for one in answers]
    assert len({one.text for one in answers}) == 1
    assert (len(case.coverages()), len(case.checks())) == (2, 1)


def test_beside_a_record_that_is_written_meanwhile_it_is_made_once(case: Case) -> None:
    """The same coverage, as a record and by a switch at the same time: either of them is refused."""
    data = {"patientId": case.mrn, "payerId": case.payer, "memberId": "SUN-88", "periodStart": "2026-07-01"}

    def act(number: int) -> httpx.Response:
        if number % 2:
            return case.call()
        return case.person.call("POST", f"{RECORDS}/", {"type": "coverage", "data": data})

    answers = at_once(6, act)
    done = [one.status_code for one in answers if one.is_success]
    assert len(done) == 1, [one.text for one in answers]
    assert {one.status_code for one in answers if not one.is_success} <= {409, 422}
    assert [one["member_id"] for one in case.coverages()].count("SUN-88") == 1


def test_a_payer_of_another_organisation_is_unknown(case: Case, stranger: Person) -> None:
    number = unique("PAY")
    theirs = write(stranger, "payer", payerNumber=number, name="Granite State Care")["id"]
    for named in (number, str(theirs)):
        answer = case.call(payerId=named)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "unknown_payer")
    assert [one["version"] for one in case.coverages()] == [1]
