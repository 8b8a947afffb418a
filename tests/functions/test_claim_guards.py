"""What the history route and a record's writer may not get round: limits, secondary claims, scrubbing."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from shared.domain.claim.write_off import agreed_in
from shared.models.claim import Adjustment, ClaimEvent
from shared.models.roles import Role
from tests.functions.authorization_office import day, faults, today
from tests.functions.claim_office import BillingOffice
from tests.functions.in_memory import InMemoryProduct
from tests.unit.claim.claims import claim
from tests.unit.factories import NOW


@pytest.fixture
def office(product: InMemoryProduct) -> BillingOffice:
    return BillingOffice.at_work(product)


def short(office: BillingOffice, status: str, paid: int, **columns: Any) -> None:
    """A claim of 310 that was decided on yesterday."""
    decided = {"status": status, "paid_amount": Decimal(paid), "adjudicated_on": today() - timedelta(days=1)}
    office.change_row("claims", office.stored()["id"], **decided | columns)


@pytest.mark.parametrize(
    ("kind", "status", "paid", "answered"),
    [
        ("finalize", "underpaid", 100, 403),
        ("finalize", "partially_paid", 209, 403),
        ("finalize", "partially_paid", 210, 200),
        ("finalize", "paid", 100, 200),
        ("void", "denied", 0, 403),
        ("void", "corrected", 0, 403),
        ("void", "draft", 0, 403),  # decided on before
        ("void", "denied", 300, 200),
    ],
)
def test_no_move_gives_up_more_than_the_role_writes_off(
    office: BillingOffice, kind: str, status: str, paid: int, answered: int
) -> None:
    short(office, status, paid)
    answer = office.ask("POST", "/claims/CLM-1/events", {"kind": kind, "reason": "Because"})
    assert answer.status == answered, answer.json
    if answered == 403:
        assert office.stored()["status"] == status
        lead = office.as_role(Role.MANAGER)
        assert lead.ask("POST", "/claims/CLM-1/events", {"kind": kind, "reason": "Because"}).status == 200


def test_a_reversed_denial_is_not_voided_past_the_limit(office: BillingOffice) -> None:
    office.denied("CO-27")
    assert office.record("reverse", reason="Payer decides anew")["status"] == "accepted"
    assert office.ask("POST", "/claims/CLM-1/events", {"kind": "void", "reason": "Because"}).status == 403


def test_what_no_payer_has_seen_is_voided_freely(office: BillingOffice) -> None:
    assert office.record("void", reason="Entered twice")["status"] == "voided"


def test_a_claim_is_not_forwarded_without_its_secondary_claim(office: BillingOffice) -> None:
    short(office, "partially_paid", 200)
    answer = office.ask("POST", "/claims/CLM-1/events", {"kind": "forward_secondary"})
    assert (answer.status, answer.json["code"]) == (409, "invalid_transition")
    assert (answer.json["allowed"], answer.json["current"]) == (["bill_secondary"], "partially_paid")
    assert office.stored()["status"] == "partially_paid"


@pytest.mark.parametrize(
    ("status", "target", "action"),
    [
        ("ready", "submitted", "submit_claim"),
        ("corrected", "submitted", "submit_claim"),
        ("partially_paid", "forwarded_secondary", "bill_secondary"),
        ("underpaid", "finalized", "finalize"),
    ],
)
def test_a_records_writer_does_not_make_guarded_steps(
    office: BillingOffice, status: str, target: str, action: str
) -> None:
    short(office, status, 100)
    body = {"type": "claim", "data": {"claimNumber": "CLM-1", "status": target}, "version": office.stored()["version"]}
    answer = office.product.request("POST", "/api/v1/records/", role=Role.ADMIN, json=body)
    assert (answer.status, answer.json["code"]) == (409, "invalid_transition")
    assert (answer.json["allowed"], answer.json["current"]) == ([action], status)
    assert office.stored()["status"] == status


@pytest.mark.parametrize(("paid", "total", "role"), [(230, 8_000, Role.BILLER), (0, 31_000, Role.MANAGER)])
def test_the_history_adds_up_what_was_written_off_and_by_whom_it_was_approved(
    office: BillingOffice, paid: int, total: int, role: Role
) -> None:
    short(office, "denied", paid)
    office.act("write_off", reason="not_covered", amount=60)
    done = office.as_role(role).record("write_off", reason="not_covered")
    assert (done["status"], done["writtenOffCents"]) == ("written_off", total)
    assert (office.stored()["write_off_approved_by"] is not None) is (role == Role.MANAGER)


def test_a_small_write_off_of_a_lead_needs_no_approval(office: BillingOffice) -> None:
    short(office, "denied", 230)
    office.as_role(Role.MANAGER).act("write_off", reason="not_covered", amount=60)
    office.as_role(Role.MANAGER).record("write_off", reason="not_covered")
    assert office.stored()["write_off_approved_by"] is None


def test_the_history_submits_only_what_passes_scrubbing(office: BillingOffice) -> None:
    office.change_row("claims", office.stored()["id"], status="ready", amount=Decimal(0))
    refused = office.ask("POST", "/claims/CLM-1/events", {"kind": "submit"})
    assert (refused.status, refused.json["code"]) == (409, "scrub_blocked")
    assert [one["code"] for one in refused.json["missing"]] == ["amount_not_positive"]
    assert office.stored()["status"] == "ready"
    stale = office.ask("POST", "/claims/CLM-1/events", {"kind": "submit", "version": 99})
    assert stale.status == 412
    office.change_row("claims", office.stored()["id"], amount=Decimal(310))
    early = office.ask("POST", "/claims/CLM-1/events", {"kind": "submit", "occurredOn": day(-11)})
    assert (early.status, faults(early)) == (422, [("occurredOn", "before_service")])
    body = {"kind": "submit", "occurredOn": day(-3)}
    sent = office.done("POST", "/claims/CLM-1/events", body, Idempotency_Key="s-1")
    assert (sent["status"], sent["submittedDate"]) == ("submitted", day(-3))
    assert office.done("POST", "/claims/CLM-1/events", body, Idempotency_Key="s-1") == sent


def test_no_day_that_is_told_brings_a_claim_back_in_time(office: BillingOffice) -> None:
    office.claim("OLD", days=100, status="ready")
    refused = office.ask("POST", "/claims/OLD/events", {"kind": "submit", "occurredOn": day(-50)})
    assert (refused.status, refused.json["code"]) == (409, "scrub_blocked")
    assert [one["code"] for one in refused.json["missing"]] == ["filing_past"]
    assert office.stored("OLD")["status"] == "ready"


@pytest.mark.parametrize("state", ["paid", "partially_paid", "underpaid", "appealed"])
def test_a_denial_takes_no_payment_back(office: BillingOffice, state: str) -> None:
    short(office, state, 100)
    refused = office.try_to("record_denial", {"code": "CO-27"})
    assert (refused.status, refused.json["code"], refused.json["current"]) == (409, "invalid_transition", state)
    assert (office.stored()["status"], office.stored()["paid_amount"]) == (state, Decimal(100))


def test_what_a_biller_enters_exempts_nothing_from_the_limit(office: BillingOffice) -> None:
    short(office, "denied", 0, expected_amount=Decimal(0))
    assert office.act("write_off", reason="contractual")["data"]["writeOff"]["asked"] is True
    assert office.stored()["status"] == "denied"


@pytest.mark.parametrize(
    ("group", "carc", "source", "members", "agreed"),
    [
        ("CO", "45", "file", {"status": "denied"}, 80),
        ("CO", "45", None, {"status": "denied"}, 0),
        ("CO", "197", "file", {"status": "denied"}, 0),
        ("PR", "45", "file", {"status": "denied"}, 0),
        ("CO", "45", "file", {"status": "partially_paid", "allowed_amount": Decimal("102.40")}, 0),
    ],
)
def test_only_what_the_payers_file_says_is_agreed(
    group: Any, carc: str, source: str | None, members: dict[str, Any], agreed: int
) -> None:
    adjustment = (Adjustment(group, carc, Decimal(80)),)
    event = ClaimEvent(
        UUID(int=1), 1, "deny", "accepted", "denied", None, None, adjustment, {}, source, None, NOW, 2
    )  # fmt: skip
    assert agreed_in(claim(**members), [event]) == agreed


@pytest.mark.parametrize("kind", ["deny", "underpay", "pay_partially"])
def test_a_decision_by_the_history_starts_its_clocks(office: BillingOffice, kind: str) -> None:
    office.act("submit_claim")
    office.record("accept")
    paid: dict[str, Any] = {} if kind == "deny" else {"paidCents": 100}
    office.record(kind, reason="Not covered", **paid)
    stored = office.stored()
    assert stored["appeal_due_on"] == today() + timedelta(days=180)
    assert (stored["corrected_due_on"] is not None) is (kind == "deny")  # only what was denied is corrected


def test_an_appeal_by_the_history_is_one_like_any_other(office: BillingOffice) -> None:
    office.denied("CO-50")
    early = office.ask("POST", "/claims/CLM-1/events", {"kind": "appeal", "reason": "coding", "occurredOn": day(-1)})
    assert faults(early) == [("occurredOn", "before_decision")]
    begun = office.record("appeal", reason="coding")
    assert [(one["level"], one["status"], one["dueOn"]) for one in begun["appeals"]] == [(1, "open", day(60))]
    assert office.try_to("start_appeal", {"ground": "coding"}).json["code"] == "no_level_left"  # one is open
    part = office.record("pay_partially", paidCents=10_000)
    assert [(one["level"], one["status"], one["decidedOn"]) for one in part["appeals"]] == [
        (1, "partially_won", day(0))
    ]
    assert office.stored()["appeal_due_on"] == today() + timedelta(days=60)  # the second level's time
    again = office.record("appeal", reason="coding")
    assert again["appeals"][-1]["level"] == 2
    lost = office.record("uphold_denial", reason="coding")
    assert ([one["status"] for one in lost["appeals"]], lost["status"]) == (["partially_won", "lost"], "denied_final")


def test_the_time_that_runs_is_that_of_the_level_that_is_filed_next(office: BillingOffice) -> None:
    office.denied("CO-50")
    yesterday = today() - timedelta(days=1)
    office.change_row("claims", office.stored()["id"], adjudicated_on=yesterday)
    office.record("appeal", reason="coding", occurredOn=day(-1))
    office.act("record_appeal_outcome", outcome="lost", goOn=True, decidedOn=day(-1))
    office.record("pay_partially", paidCents=10_000)  # a decision of its own, between two levels
    assert office.stored()["appeal_due_on"] == today() + timedelta(days=180)
    assert office.act("start_appeal", ground="coding")["data"]["appeal"]["level"] == 1


def test_an_appeal_by_the_history_is_in_time(office: BillingOffice) -> None:
    office.denied("CO-50")
    office.change_row("claims", office.stored()["id"], appeal_due_on=today() - timedelta(days=1))
    late = office.ask("POST", "/claims/CLM-1/events", {"kind": "appeal", "reason": "coding"})
    assert (late.status, late.json["code"]) == (409, "appeal_past")
    assert office.stored()["status"] == "denied"


@pytest.mark.parametrize("outcome", ["lost", "withdrawn"])
@pytest.mark.parametrize("status", ["underpaid", "partially_paid"])
def test_what_a_lost_appeal_leaves_open_is_what_was_open_before(
    office: BillingOffice, status: str, outcome: str
) -> None:
    shares = {"allowed_amount": Decimal(110), "patient_amount": Decimal(10)}
    short(office, status, 100, expected_amount=Decimal(120), **shares)
    before = office.done("GET", "/claims/CLM-1")
    office.act("start_appeal", ground="underpayment")
    during = office.done("GET", "/claims/CLM-1")
    office.act("record_appeal_outcome", outcome=outcome)
    after = office.done("GET", "/claims/CLM-1")
    assert [one["balanceCents"] for one in (before, during, after)] == [2_000, 2_000, 2_000]
    assert {one["arStage"] for one in (before, during, after)} == {"insurance"}  # the patient owes 10, and never 20


def test_the_next_levels_time_runs_from_an_appeal_that_was_won_in_part(office: BillingOffice) -> None:
    office.denied("CO-50")
    office.act("start_appeal", ground="medical_necessity")
    office.act("record_appeal_outcome", outcome="partially_won", paidAmount=100)
    assert office.stored()["appeal_due_on"] == today() + timedelta(days=60)


def test_between_two_levels_of_appeal_the_next_one_is_offered_and_no_outcome(office: BillingOffice) -> None:
    office.denied("CO-50")
    begun = office.act("start_appeal", ground="medical_necessity")
    assert "record_appeal_outcome" in {one["action"] for one in begun["guidanceActions"]}
    lost = office.act("record_appeal_outcome", outcome="lost", goOn=True)
    offers = {one["action"]: one for one in lost["guidanceActions"]}
    assert "record_appeal_outcome" not in offers
    further = office.act_anywhere("start_appeal", **offers["start_appeal"]["params"])
    assert further["appeal"]["level"] == 2
    assert office.act_anywhere("why_not", action="record_appeal_outcome")["available"] is True
    assert office.act("record_appeal_outcome", outcome="lost")["data"]["claim"]["status"] == "denied_final"


def test_a_level_whose_time_has_passed_is_shown_with_what_is_in_its_way(office: BillingOffice) -> None:
    office.denied("CO-50")
    office.act("start_appeal", ground="medical_necessity")
    office.act("record_appeal_outcome", outcome="lost", goOn=True)
    office.change_row("claims", office.stored()["id"], appeal_due_on=today() - timedelta(days=1))
    told = office.act_anywhere("why_not", action="start_appeal")
    assert (told["available"], told["reason"]["code"]) == (False, "appeal_past")
