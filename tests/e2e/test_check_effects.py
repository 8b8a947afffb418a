"""A check leaves tasks and alerts with the people they are for, through every part of the way, and takes them back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.e2e.person import ALERTS, API, ELIGIBILITY, TASKS, Person, Relay, unique, until
from tests.e2e.test_record_changes import CARRIED_SECONDS, write

DAYS_AHEAD = 400  # a day that no other test books


def open_tasks(person: Person, context: str) -> list[dict[str, Any]]:
    """The open tasks that rules have made, as a person sees them in a context."""
    found = person.done("GET", f"{TASKS}/", contextId=context, completed="false")["tasks"]
    return [task for task in found if task["source"].startswith("rule:")]


def changes_told(person: Person, context: str) -> list[dict[str, Any]]:
    """The alerts in a person's inbox that tell of a changed answer about the context's record."""
    found = person.done("GET", f"{ALERTS}/", limit="100")["alerts"]
    return [one for one in found if (one["contextId"], one["code"]) == (context, "eligibility_changed")]


@pytest.fixture
def practice(manager: Person) -> dict[str, Any]:
    """A patient of the test's own, a payer that wants authorizations, and a visit on a day of its own."""
    mrn, payer = unique("MRN"), unique("PAY")
    on = (datetime.now(UTC).date() + timedelta(days=DAYS_AHEAD)).isoformat()
    write(manager, "patient", mrn=mrn, firstName="Test", lastName="Patient", dateOfBirth="1980-05-17")
    write(manager, "payer", payerNumber=payer, name="Cedar Health")
    rule: dict[str, Any] = {"payerId": payer, "serviceType": "30"}
    write(manager, "payer_rule", **rule, requiresAuth=True)
    coverage: dict[str, Any] = {"patientId": mrn, "payerId": payer, "memberId": "W-1", "periodStart": "2020-01-01"}
    write(manager, "coverage", **coverage, planName="Cedar Gold")
    visit = unique("VIS")
    write(manager, "visit", visitNumber=visit, patientId=mrn, visitDate=on, visitType="office", status="scheduled")
    return {"mrn": mrn, "rule": rule, "coverage": coverage, "visit": visit, "on": on}


def check(person: Person, context: str) -> None:
    person.done("POST", f"{ELIGIBILITY}/quick-action", {"action": "check_eligibility", "contextId": context})


def test_a_check_opens_a_task_and_tells_of_a_change_and_the_task_closes_by_itself(
    manager: Person, signed_in: Callable[..., Person], relay: Relay, practice: dict[str, Any]
) -> None:
    specialist = signed_in("eligibility_specialist")
    visit, patient = specialist.open(practice["visit"], "Visit ID"), specialist.open(practice["mrn"], "Patient ID")
    with relay.faults(duplicate=0.5, seed=11):
        check(manager, manager.open(practice["visit"], "Visit ID"))
        (task,) = until(lambda: open_tasks(specialist, visit), seconds=CARRIED_SECONDS, what="the task")
        assert (task["label"], task["assignedTo"]) == ("Request the authorization", "role:eligibility_specialist")
        assert open_tasks(specialist, patient) == [task]
        write(manager, "coverage", 1, **practice["coverage"], planName="Cedar Silver")
        check(manager, visit)
        (told,) = until(lambda: changes_told(specialist, patient), seconds=CARRIED_SECONDS, what="the change")
        assert (told["params"], told["count"]) == ({"members": "plan"}, 1)
        write(manager, "payer_rule", 1, **practice["rule"], requiresAuth=False)
        until(lambda: not open_tasks(specialist, visit), seconds=CARRIED_SECONDS, what="that it closes")
    assert [one["count"] for one in changes_told(specialist, patient)] == [1]
    found = specialist.done("GET", f"{TASKS}/", contextId=visit)["tasks"]
    assert [(one["id"], one["state"], one["completed"]) for one in found] == [(task["id"], "auto_closed", False)]


def test_a_schedule_that_nobody_has_opened_leaves_its_tasks_where_they_are_found(
    manager: Person, signed_in: Callable[..., Person], practice: dict[str, Any]
) -> None:
    action = {"action": "batch_check_schedule", "params": {"date": practice["on"]}, "contextId": manager.open()}
    job = manager.call("POST", f"{ELIGIBILITY}/quick-action", action).json()["data"]["jobId"]
    until(lambda: manager.done("GET", f"{API}/jobs/{job}")["state"] == "done", seconds=60, what="the schedule")
    specialist = signed_in("eligibility_specialist")
    context = specialist.open(practice["mrn"], "Patient ID")
    (task,) = until(lambda: open_tasks(specialist, context), seconds=CARRIED_SECONDS, what="the task")
    assert (task["label"], task["contextId"]) == ("Request the authorization", context)
