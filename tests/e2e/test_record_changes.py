"""A change of a record reaches what front-ends read of its contexts in Firestore, through every part of the way."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.person import ELIGIBILITY, RECORDS, Database, LiveStore, Person, Relay, unique, until

CARRIED_SECONDS = 60


def write(person: Person, record_type: str, version: int | None = None, **data: Any) -> dict[str, Any]:
    body = {"type": record_type, "data": data} | ({} if version is None else {"version": version})
    made: dict[str, Any] = person.done("POST", f"{RECORDS}/", body)
    return made


@pytest.fixture
def covered(manager: Person) -> dict[str, Any]:
    """A patient of the test's own with an active coverage by a payer of its own, checked in a context."""
    numbers = {"mrn": unique("MRN"), "payerNumber": unique("PAY")}
    write(manager, "patient", mrn=numbers["mrn"], firstName="Test", lastName="Patient", dateOfBirth="1980-05-17")
    write(manager, "payer", payerNumber=numbers["payerNumber"], name="Cedar Health")
    rule: dict[str, Any] = {"payerId": numbers["payerNumber"], "serviceType": "30"}
    write(manager, "payer_rule", **rule, requiresAuth=True)
    coverage: dict[str, Any] = {"patientId": numbers["mrn"], "payerId": numbers["payerNumber"], "memberId": "W-1"}
    coverage |= {"periodStart": "2020-01-01"}
    write(manager, "coverage", **coverage, planName="Cedar Gold")
    context = manager.open(numbers["mrn"], "Patient ID")
    manager.done("POST", f"{ELIGIBILITY}/quick-action", {"action": "check_eligibility", "contextId": context})
    return {"context": context, "coverage": coverage, "rule": rule, "mrn": numbers["mrn"]}


def shown(live_store: LiveStore, context: str) -> tuple[str, str, int]:
    """Status, summary and version of the facts, as a front-end reads them."""
    fields = live_store.document(f"contexts/{context}")
    return (
        fields["status"]["stringValue"],
        fields["summary"]["stringValue"],
        int(fields["factsVersion"]["integerValue"]),
    )


def test_a_changed_coverage_and_a_changed_rule_are_shown(
    manager: Person, live_store: LiveStore, relay: Relay, covered: dict[str, Any]
) -> None:
    status, summary, version = shown(live_store, covered["context"])
    assert (status, "Authorization needed" in summary) == ("pending", True)
    with relay.faults(duplicate=0.5, seed=7):
        write(manager, "payer_rule", 1, **covered["rule"], requiresAuth=False)
        until(
            lambda: shown(live_store, covered["context"])[0] == "proceed", seconds=CARRIED_SECONDS, what="the new rule"
        )
        write(manager, "coverage", 1, **covered["coverage"], periodEnd="2020-12-31")
        until(
            lambda: shown(live_store, covered["context"])[0] == "error", seconds=CARRIED_SECONDS, what="the end of it"
        )
    assert "inactive for" in shown(live_store, covered["context"])[1]
    assert shown(live_store, covered["context"])[2] > version


def test_a_deleted_patient_is_said_to_be_gone(
    manager: Person, live_store: LiveStore, database: Database, covered: dict[str, Any]
) -> None:
    found = database.rows("SELECT id FROM coverages WHERE patient_id = (SELECT id FROM patients WHERE mrn = :mrn)",
                          mrn=covered["mrn"])  # fmt: skip
    manager.done("DELETE", f"{RECORDS}/coverage/{found[0]['id']}")
    manager.done("DELETE", f"{RECORDS}/patient/{covered['mrn']}")
    until(
        lambda: shown(live_store, covered["context"])[1] == "This record was deleted.",
        seconds=CARRIED_SECONDS,
        what="that it is gone",
    )
    assert database.rows("SELECT 1 AS one FROM domain_outbox WHERE created_at < now() - interval '90 seconds'") == []
