"""A claim's whole life over HTTP: scrubbed, sent, rejected, corrected, denied, appealed, paid; tasks and alerts arrive.

Another one is given up above what a biller may give up: a manager decides.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.e2e.person import ALERTS, API, GUIDANCE, TASKS, Person, Relay, at_once, unique, until
from tests.e2e.test_record_changes import CARRIED_SECONDS, write

BACKEND = f"{API}/modes/backend"
NPI = "1234567893"


def day(days: int) -> str:
    """A day at Riverside."""
    return (datetime.now(UTC).astimezone(ZoneInfo("America/New_York")).date() + timedelta(days=days)).isoformat()


@pytest.fixture
def claim(manager: Person) -> str:
    """The number of a draft: a payer that wants no authorization, a provider without an NPI, a visit that was held."""
    mrn, payer, provider, visit = unique("MRN"), unique("PAY"), unique("PRV"), unique("VIS")
    write(
        manager, "patient", mrn=mrn, firstName="Test", lastName="Patient", dateOfBirth="1980-05-17", sex="female",
    )  # fmt: skip
    write(manager, "payer", payerNumber=payer, name="Cedar Health")
    write(manager, "payer_rule", payerId=payer, serviceType="98", requiresAuth=False)
    write(manager, "coverage", patientId=mrn, payerId=payer, memberId="W-1", periodStart="2020-01-01")
    write(manager, "provider", providerNumber=provider, kind="person", name="Test Provider, MD")
    held: dict[str, Any] = {"visitNumber": visit, "patientId": mrn, "visitDate": day(-10), "visitType": "office"}
    write(manager, "visit", **held, providerId=provider, status="completed")
    number = unique("CLM")
    billed: dict[str, Any] = {"claimNumber": number, "patientId": mrn, "amount": 310, "serviceDate": day(-10)}
    write(manager, "claim", **billed, payerId=payer, visitId=visit, providerId=provider)
    manager.claim_provider = provider  # type: ignore[attr-defined]  # what the first scrubbing complains of
    return number


class Desk:
    """Somebody at work on a claim."""

    def __init__(self, person: Person, claim: str) -> None:
        self.person, self.claim = person, claim
        wanted = {"recordType": "Claim ID", "recordId": claim}
        self.context = str(person.done("POST", f"{BACKEND}/context", wanted)["contextId"])

    def act(self, action: str, **params: Any) -> Any:
        """The JSON of an action that must succeed."""
        body = {"action": action, "contextId": self.context, "params": params}
        return self.person.done("POST", f"{BACKEND}/quick-action", body)

    def status(self, action: str, **params: Any) -> str:
        """The claim's state after an action."""
        return str(self.act(action, **params)["data"]["claim"]["status"])

    def record(self, kind: str, **members: Any) -> str:
        """The claim's state after a step of the payer's."""
        body = {"kind": kind} | members
        return str(self.person.done("POST", f"{BACKEND}/claims/{self.claim}/events", body)["status"])

    def labels(self) -> list[str]:
        """The open tasks that rules have made, as this person sees them."""
        found = self.person.done("GET", f"{TASKS}/", contextId=self.context, completed="false")["tasks"]
        return [task["label"].partition(" (claim")[0] for task in found if task["source"].startswith("rule:")]

    def told(self, code: str) -> list[dict[str, Any]]:
        """The alerts with this code in this person's inbox, whatever claim they are about."""
        return [one for one in self.person.done("GET", f"{ALERTS}/", limit="100")["alerts"] if one["code"] == code]


def test_a_claim_lives_from_draft_to_paid(
    manager: Person, signed_in: Callable[..., Person], relay: Relay, claim: str
) -> None:
    desk = Desk(signed_in("biller"), claim)
    with relay.faults(duplicate=0.5, seed=7):
        held = desk.act("scrub_claim")
        assert [one["code"] for one in held["data"]["scrub"]["blocks"]] == ["npi_missing"]
        assert held["data"]["claim"]["status"] == "on_hold"
        refused = desk.person.call(
            "POST", f"{BACKEND}/quick-action", {"action": "submit_claim", "contextId": desk.context, "params": {}}
        )
        assert (refused.status_code, refused.json()["code"]) == (409, "invalid_transition")
        write(manager, "provider", 1, providerNumber=manager.claim_provider, npi=NPI)  # type: ignore[attr-defined]
        assert desk.status("release_hold") == "draft"
        assert desk.status("submit_claim") == "submitted"
        assert desk.record("reject", reason="A7:187") == "rejected"
        until(
            lambda: "Correct the rejected claim and send it again" in desk.labels(),
            seconds=CARRIED_SECONDS,
            what="the task",
        )
        until(lambda: desk.told("claim_rejected"), seconds=CARRIED_SECONDS, what="the alert")
        offers = desk.person.done("GET", f"{GUIDANCE}/{desk.context}")["guidanceActions"]
        assert (offers[0]["action"], list(offers[0]["form"]["properties"])) == ("correct_and_resubmit", ["serviceDate"])
        assert desk.status("correct_and_resubmit", serviceDate=day(-10)) == "submitted"
        assert desk.record("accept") == "accepted"
        assert desk.status("record_denial", code="CO-197", remarks=["N54"]) == "denied"
        until(
            lambda: any(one.startswith("Work the denial CO-197") for one in desk.labels()),
            seconds=CARRIED_SECONDS,
            what="the denial's task",
        )
        shared = signed_in("eligibility_specialist")
        until(
            lambda: any(
                f"(claim {claim})" in one["label"]
                for one in shared.done("GET", f"{TASKS}/shared", limit="100")["tasks"]
            ),
            seconds=CARRIED_SECONDS,
            what="that the step which caused it learns of it",
        )
        until(
            lambda: (
                "denied (CO-197" in desk.person.done("GET", f"{BACKEND}/context", contextId=desk.context)["summary"]
            ),
            seconds=CARRIED_SECONDS,
            what="the context's summary",
        )
        assert desk.status("start_appeal", ground="authorization") == "appealed"
        assert desk.status("record_appeal_outcome", outcome="won", paidAmount=310) == "paid"
        assert desk.record("finalize") == "finalized"
        until(lambda: not desk.labels(), seconds=CARRIED_SECONDS, what="that every task has closed")
    events = desk.person.done("GET", f"{BACKEND}/claims/{claim}/events", limit="100")["events"]
    steps = [one["kind"] for one in reversed(events) if one["fromStatus"] not in {None, one["toStatus"]}]
    assert steps == [
        "hold", "release", "make_ready", "submit", "reject", "redraft", "make_ready", "submit", "accept", "deny",
        "appeal", "pay", "finalize",
    ]  # fmt: skip


def test_a_write_off_above_the_billers_limit_is_the_managers(
    manager: Person, signed_in: Callable[..., Person], claim: str
) -> None:
    desk = Desk(signed_in("biller"), claim)
    asked = desk.act("write_off", reason="not_covered")
    assert (asked["data"]["writeOff"]["asked"], asked["data"]["claim"]["status"]) == (True, "draft")
    lead = Desk(manager, claim)
    until(lambda: "Decide on a write-off" in lead.labels(), seconds=CARRIED_SECONDS, what="the manager's task")
    until(lambda: lead.told("write_off_asked"), seconds=CARRIED_SECONDS, what="the manager's alert")
    offer = lead.person.done("GET", f"{GUIDANCE}/{lead.context}")["guidanceActions"][0]
    assert (offer["id"], offer["params"]) == ("backend.approve_write_off", {"amount": 310.0, "reason": "not_covered"})
    execution = {"contextId": lead.context, "action": offer["action"], "params": offer["params"]}
    done = lead.person.done("POST", f"{GUIDANCE}/execute", execution)
    assert done["data"]["claim"]["status"] == "written_off"
    until(lambda: not lead.labels(), seconds=CARRIED_SECONDS, what="that the task has closed")


def test_of_two_who_submit_one_claim_one_wins(manager: Person, signed_in: Callable[..., Person], claim: str) -> None:
    write(manager, "provider", 1, providerNumber=manager.claim_provider, npi=NPI)  # type: ignore[attr-defined]
    desk = Desk(signed_in("biller"), claim)
    body = {"action": "submit_claim", "contextId": desk.context, "params": {}}
    answers = at_once(4, lambda _: desk.person.call("POST", f"{BACKEND}/quick-action", body))
    assert sorted(one.status_code for one in answers) == [200, 409, 409, 409]
    lost = next(one for one in answers if one.status_code == 409).json()
    assert (lost["code"], lost["current"]) == ("invalid_transition", "submitted")
