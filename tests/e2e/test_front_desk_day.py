"""Readiness, waits and hand-offs at the front desk, through every part of the way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.e2e.person import ALERTS, TASKS, Database, Person, Relay, unique, until
from tests.e2e.test_check_effects import check
from tests.e2e.test_record_changes import CARRIED_SECONDS, write
from tests.permission_ids import DESK

WATCHED_SECONDS = 150  # the job looks every minute
ZONE = ZoneInfo("America/New_York")


@pytest.fixture
def visit(manager: Person) -> dict[str, Any]:
    """A visit of today, of a patient whose payer wants authorizations; its number and what it rests on."""
    mrn, payer, number = unique("MRN"), unique("PAY"), unique("VIS")
    today = datetime.now(UTC).astimezone(ZONE).date()
    write(manager, "patient", mrn=mrn, firstName="Test", lastName="Patient", dateOfBirth="1980-05-17")
    write(manager, "payer", payerNumber=payer, name="Cedar Health")
    rule: dict[str, Any] = {"payerId": payer, "serviceType": "30"}
    write(manager, "payer_rule", **rule, requiresAuth=True)
    write(manager, "coverage", patientId=mrn, payerId=payer, memberId="W-1", periodStart="2020-01-01", planName="Gold")
    starts = datetime.now(UTC) + timedelta(minutes=5)
    booked: dict[str, Any] = {
        "visitNumber": number,
        "patientId": mrn,
        "visitDate": today.isoformat(),
        "visitType": "office",
    }
    write(manager, "visit", **booked, status="scheduled", startsAt=starts.isoformat(timespec="seconds"))
    return {"number": number, "mrn": mrn, "rule": rule}


def readiness(person: Person, number: str) -> tuple[str, list[str]]:
    shown = person.done("GET", f"{DESK}/appointments/{number}")
    return shown["readiness"], [one["code"] for one in shown["readinessReasons"]]


def act(person: Person, action: str, number: str, **params: Any) -> Any:
    context = person.done("POST", f"{DESK}/context", {"recordType": "Visit ID", "recordId": number})["contextId"]
    body = {"action": action, "contextId": context, "params": params}
    return person.done("POST", f"{DESK}/quick-action", body)["data"]


def alerts_about(person: Person, source: str, number: str) -> list[dict[str, Any]]:
    """The alerts in a person's inbox about a visit, which they name."""
    found = person.done("GET", f"{ALERTS}/", limit="100")["alerts"]
    return [one for one in found if (one["source"], one["params"].get("visit")) == (source, number)]


def test_readiness_follows_the_records_whatever_is_delivered_twice(
    manager: Person, relay: Relay, visit: dict[str, Any]
) -> None:
    number = visit["number"]
    assert readiness(manager, number) == ("pending", [])
    with relay.faults(duplicate=0.5, seed=7):
        check(manager, manager.open(number, "Visit ID"))
        wanted = ("not_ready", ["authorization_required"])
        until(lambda: readiness(manager, number) == wanted, seconds=CARRIED_SECONDS, what="that it is not ready")
        listed = act(manager, "readiness_list", number, date=datetime.now(UTC).astimezone(ZONE).date().isoformat())
        assert number in [one["visitNumber"] for one in listed["visits"]]
        act(manager, "override_readiness", number, reason="The payer has confirmed by telephone")
        assert readiness(manager, number)[0] == "ready"
        check(manager, manager.open(number, "Visit ID"))
        write(manager, "payer_rule", 1, **visit["rule"], requiresAuth=False)
        until(
            lambda: manager.done("GET", f"{DESK}/appointments/{number}")["readinessSource"] == "machine",
            seconds=CARRIED_SECONDS,
            what="that the override is not needed any more",
        )
    assert readiness(manager, number) == ("ready", [])
    shown = manager.done("GET", f"{DESK}/appointments/{number}")
    told = [(step["before"], step["now"]) for step in shown["history"] if step["axis"] == "readiness"]
    assert told == [("pending", "not_ready"), ("not_ready", "ready"), ("ready", "ready")]


def test_long_wait_is_told_of_and_taken_back(
    manager: Person, signed_in: Callable[..., Person], database: Database, visit: dict[str, Any]
) -> None:
    desk, number = signed_in("front_desk"), visit["number"]
    act(desk, "mark_arrived", number)
    record = desk.done("GET", f"{DESK}/appointments/{number}")["id"]
    database.rows("UPDATE visits SET status_since = status_since - interval '11 minutes' WHERE id = :id", id=record)
    (alert,) = until(
        lambda: alerts_about(desk, "rule:V01", number), seconds=WATCHED_SECONDS, what="the alert of the wait"
    )
    assert (alert["severity"], alert["code"]) == ("warning", "waiting_too_long")
    assert alerts_about(manager, "rule:V01", number)
    act(desk, "start_check_in", number)
    until(lambda: not alerts_about(desk, "rule:V01", number), seconds=WATCHED_SECONDS, what="that it is taken back")


def test_hand_off_is_found_by_whom_it_is_for(signed_in: Callable[..., Person], visit: dict[str, Any]) -> None:
    desk, specialist = signed_in("front_desk"), signed_in("eligibility_specialist")
    task = act(desk, "handoff", visit["number"], to="eligibility", note="The patient waits")["task"]
    assert act(desk, "handoff", visit["number"], to="eligibility", note="The patient waits")["task"]["id"] == task["id"]
    (told,) = until(lambda: alerts_about(specialist, "handoff", visit["number"]), seconds=60, what="the alert")
    assert told["params"]["taskId"] == task["id"]
    context = specialist.open(visit["mrn"], "Patient ID")
    found = specialist.done("GET", f"{TASKS}/", contextId=context)["tasks"]
    assert [one["id"] for one in found if one["id"] == task["id"]] == [task["id"]]
    specialist.done("POST", f"{TASKS}/{task['id']}/accept")
