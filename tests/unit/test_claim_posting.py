"""What a line of a payer's file makes of a claim: every code, every state, every amount."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.claim.appeals import appeal_due
from shared.domain.claim.clocks import corrected_due
from shared.domain.claim.posting import (
    COST_SHARE,
    PROCESSED,
    WRITE_DOWNS,
    Posted,
    Posting,
    adjustments_of,
    paid_by,
)
from shared.domain.claim.secondary import forwarding
from shared.domain.claim.standing import balance, deadlines
from shared.domain.claim.states import STATUSES, TRANSITIONS, moved
from shared.domain.remittance_balance import imbalances_of
from shared.models.claim import Adjustment as KeptAdjustment
from shared.models.claim import Appeal, AppealStatus, BilledClaim, ClaimStatus
from shared.models.identifiers import uuid7
from shared.models.remittance import ZERO, ClaimPayment
from tests.unit.claim.claims import OTHER, coverage
from tests.unit.payments import NOW, SOURCE, TODAY, adjusted, billed, file_of, payment, service

ADJUDICABLE = ("submitted", "accepted", "pended", "appealed")


def post(claim: BilledClaim, line: ClaimPayment) -> Posting:
    return paid_by(file_of(claim), line, SOURCE, now=NOW, today=TODAY)


def posted(claim: BilledClaim, line: ClaimPayment) -> Posted:
    found = post(claim, line)
    assert isinstance(found, Posted), found
    return found


@pytest.mark.parametrize(
    ("line", "status", "allowed", "patient"),
    [
        (payment("80.00", adjusted("CO", "45", "20.00")), "paid", "80.00", "0.00"),
        (payment("60.00", adjusted("CO", "45", "20.00"), adjusted("PR", "2", "20.00")), "paid", "80.00", "20.00"),
        (payment("0.00", adjusted("PR", "1", "100.00")), "paid", "100.00", "100.00"),
        (payment("0.00", adjusted("PR", "204", "100.00")), "denied", "0.00", "100.00"),
        (payment("0.00", adjusted("CO", "197", "100.00")), "denied", "0.00", "0.00"),
        (payment("0.00", adjusted("CO", "45", "40.00"), adjusted("CO", "50", "60.00")), "denied", "0.00", "0.00"),
        (payment("0.00", adjusted("OA", "23", "100.00"), status_code="2"), "paid", "0.00", "0.00"),
        (payment("50.00", adjusted("CO", "45", "20"), adjusted("CO", "97", "30")), "partially_paid", "80.00", "0.00"),
        (payment("80.00", status_code="4"), "denied", "80.00", "0.00"),
        (payment("0.00", status_code="1"), "denied", "0.00", "0.00"),
    ],
)
def test_amounts_decide_what_becomes_of_a_claim(line: ClaimPayment, status: str, allowed: str, patient: str) -> None:
    after = posted(billed(), line).claim
    assert (after.status, str(after.allowed_amount), str(after.patient_amount)) == (
        status,
        f"{Decimal(allowed):.2f}",
        f"{Decimal(patient):.2f}",
    )
    assert after.paid_amount == line.paid
    assert (after.payer_control_number, after.adjudicated_on) == ("P-77", SOURCE.dated_on)


@pytest.mark.parametrize(
    ("dated", "on"), [(None, TODAY), (date(2026, 11, 30), TODAY), (date(2026, 11, 1), date(2026, 11, 1))]
)
def test_claim_is_decided_on_the_day_of_the_file_but_never_in_the_future(dated: date | None, on: date) -> None:
    source = replace(SOURCE, dated_on=dated)
    found = paid_by(file_of(billed()), payment("80.00", adjusted("CO", "45", "20")), source, now=NOW, today=TODAY)
    assert isinstance(found, Posted)
    assert found.claim.adjudicated_on == on


@pytest.mark.parametrize(("expected", "status"), [("81.01", "underpaid"), ("81.00", "paid"), (None, "paid")])
def test_less_than_the_contract_promises_is_underpaid(expected: str | None, status: str) -> None:
    claim = billed(expected_amount=None if expected is None else Decimal(expected))
    line = payment("60.00", adjusted("CO", "45", "20.00"), adjusted("PR", "3", "20.00"))
    assert posted(claim, line).claim.status == status


def test_denial_names_its_largest_reason_with_its_remarks_and_keeps_all_rows() -> None:
    line = payment(
        "0.00",
        adjusted("CO", "45", "70.00"),
        services=(
            service("0.00", adjusted("CO", "16", "10.00"), adjusted("CO", "197", "20.00"), remarks=("N54", "M15")),
        ),
        remarks=("MA01",),
    )
    found = posted(billed(), line)
    assert (found.claim.denial_code, found.claim.denial_reason) == ("CO-197", "CO-197 N54 M15")
    (event,) = found.events
    assert event.adjustments == (
        KeptAdjustment("CO", "45", Decimal("70.00"), ("MA01",)),
        KeptAdjustment("CO", "16", Decimal("10.00"), ("N54", "M15"), 1),
        KeptAdjustment("CO", "197", Decimal("20.00"), ("N54", "M15"), 1),
    )
    assert (event.kind, event.reason, event.amount) == ("deny", "CO-197", Decimal("0.00"))


def test_payment_of_a_claim_that_was_only_sent_says_that_it_was_accepted_first() -> None:
    found = posted(billed(status="submitted"), payment("80.00", adjusted("CO", "45", "20.00")))
    assert [(one.kind, one.from_status, one.to_status) for one in found.events] == [
        ("accept", "submitted", "accepted"),
        ("pay", "accepted", "paid"),
    ]
    assert [one.source_ref for one in found.events] == [None, SOURCE.reference]
    assert found.claim.version == 5
    assert found.events[-1].details == {
        "fileId": "file-1",
        "traceNumber": "T-900",
        "line": 3,
        "matchedByHand": False,
        "statusCode": "1",
        "payerControlNumber": "P-77",
    }


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (payment("80.00", adjusted("CO", "45", "20.00")), "paid"),
        (payment("30.00", adjusted("CO", "50", "70.00")), "partially_paid"),
    ],
)
def test_payment_ends_the_open_appeal(line: ClaimPayment, status: str) -> None:
    earlier = Appeal(uuid7(), 1, "lost", TODAY)
    appeal = Appeal(uuid7(), 2, "open", date(2026, 10, 1))
    file = replace(file_of(billed(status="appealed")), appeals=(earlier, appeal))
    found = paid_by(file, line, SOURCE, now=NOW, today=TODAY)
    assert isinstance(found, Posted)
    assert found.claim.status == status
    outcome: AppealStatus = "won" if status == "paid" else "partially_won"
    assert found.appeal == replace(appeal, status=outcome, decided_on=SOURCE.dated_on)


def test_payment_below_the_contract_ends_an_appeal_in_part() -> None:
    claim = billed(status="appealed", expected_amount=Decimal(95))
    assert posted(claim, payment("80.00", adjusted("CO", "45", "20.00"))).claim.status == "partially_paid"


def test_whether_a_denied_appeal_goes_on_a_person_says() -> None:
    claim, line = billed(status="appealed"), payment("0.00", adjusted("CO", "50", "100.00"))
    assert post(claim, line) == "appeal_denied"
    by_hand = paid_by(file_of(claim), line, replace(SOURCE, by_hand=True), now=NOW, today=TODAY)
    assert isinstance(by_hand, Posted)
    assert (by_hand.noted, by_hand.claim, by_hand.events[0].kind) == (True, claim, "appeal_denied")


def test_deadlines_run_from_a_denial() -> None:
    line = payment("0.00", adjusted("CO", "197", "100.00"))
    after = posted(billed(service_date=date(2026, 9, 1)), line).claim
    decided = SOURCE.dated_on
    assert decided is not None
    assert after.appeal_due_on == appeal_due(1, decided, None)[0]
    assert after.corrected_due_on == corrected_due(decided, None)[0]
    assert after.requires_authorization is True
    assert posted(billed(), payment("80.00", adjusted("CO", "45", "20"))).claim.appeal_due_on is None


def test_denied_once_more_the_deadlines_run_anew() -> None:
    first = posted(billed(), payment("0.00", adjusted("CO", "197", "100.00"))).claim
    sent_again = moved(moved(first, "correct"), "submit")
    assert sent_again.appeal_due_on is not None
    later = SOURCE.dated_on + timedelta(days=3) if SOURCE.dated_on else TODAY
    again = paid_by(
        file_of(sent_again),
        payment("0.00", adjusted("CO", "50", "100.00")),
        replace(SOURCE, dated_on=later),
        now=NOW,
        today=TODAY,
    )
    assert isinstance(again, Posted)
    assert again.claim.appeal_due_on == appeal_due(1, later, None)[0]
    assert again.claim.corrected_due_on == corrected_due(later, None)[0]
    assert (first.authorization_due_on, again.claim.authorization_due_on) == (first.appeal_due_on, None)


@pytest.mark.parametrize("carc", ["197", "15", "198"])
def test_denied_for_want_of_an_authorization_that_is_asked_for_while_an_appeal_is_possible(carc: str) -> None:
    after = posted(billed(), payment("0.00", adjusted("CO", carc, "100.00"))).claim
    assert after.authorization_due_on == after.appeal_due_on is not None
    assert (after.appeal_due_on, "authorization") in deadlines(after)


@pytest.mark.parametrize(("level", "further"), [(1, 2), (2, 3), (3, None)])
def test_won_in_part_an_appeal_goes_on_within_the_time_of_the_next_level(level: int, further: int | None) -> None:
    appeal = Appeal(uuid7(), level, "open", date(2026, 10, 1))
    file = replace(file_of(billed(status="appealed", appeal_due_on=TODAY)), appeals=(appeal,))
    found = paid_by(file, payment("30.00", adjusted("CO", "50", "70.00")), SOURCE, now=NOW, today=TODAY)
    assert isinstance(found, Posted)
    assert SOURCE.dated_on is not None
    due = None if further is None else appeal_due(further, SOURCE.dated_on, None)[0]
    assert found.claim.appeal_due_on == due


def test_what_a_secondary_payer_refuses_stays_open() -> None:
    """It repeats the first claim's charge; the first payer's part is a write-down of that, not of the rest."""
    claim = billed(amount=Decimal("300.00"), secondary_of_id=uuid7())
    others = adjusted("OA", "23", "700.00"), adjusted("CO", "50", "200.00")
    after = posted(claim, payment("100.00", *others, charge=Decimal("1000.00"), status_code="2")).claim
    assert (after.status, after.allowed_amount) == ("partially_paid", Decimal("300.00"))
    assert balance(after) == Decimal("200.00")


def test_denied_for_coordination_of_benefits_a_claim_goes_to_the_secondary_payer() -> None:
    denied = posted(billed(service_date=TODAY), payment("0.00", adjusted("CO", "22", "100.00"))).claim
    found = forwarding(denied, (coverage(OTHER, rank=2),), today=TODAY)
    assert (found.hindrance, found.rest) == (None, Decimal("100.00"))


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("code", ["1", "2", "3", "4", "19", "20", "21", "22"])
def test_no_line_makes_an_illegal_move(status: ClaimStatus, code: str) -> None:
    claim = billed(status=status, paid_amount=Decimal("80.00"))
    line = payment("-80.00" if code == "22" else "80.00", status_code=code)
    found = post(claim, line)
    possible = status in (TRANSITIONS["reverse"].sources if code == "22" else ADJUDICABLE)
    if not possible:
        assert found == "illegal_state"
        return
    if status == "appealed" and code == "4":
        assert found == "appeal_denied"
        return
    assert isinstance(found, Posted)
    at = claim.status
    moves = {str(move): transition for move, transition in TRANSITIONS.items()}
    for event in found.events:
        assert at in moves[event.kind].sources
        assert (event.from_status, event.to_status) == (at, moves[event.kind].target)
        at = event.to_status
    assert at == found.claim.status


def test_claim_that_is_paid_takes_no_second_payment() -> None:
    for status in ("paid", "partially_paid", "underpaid", "denied"):
        assert post(billed(status=status, paid_amount=Decimal(10)), payment("80.00")) == "illegal_state"


@pytest.mark.parametrize("status", sorted(TRANSITIONS["reverse"].sources))
def test_reversal_takes_back_what_was_paid(status: ClaimStatus) -> None:
    claim = billed(status=status, paid_amount=Decimal("80.00"), denial_code="CO-50")
    line = payment("-80.00", status_code="22", charge=Decimal("-100.00"))
    found = posted(claim, line)
    assert (found.claim.status, found.claim.paid_amount, found.claim.denial_code) == ("accepted", None, None)
    assert (found.events[-1].kind, found.events[-1].amount) == ("reverse", Decimal("-80.00"))
    again = posted(found.claim, payment("85.00", adjusted("CO", "45", "15.00")))
    assert (again.claim.status, again.claim.paid_amount) == ("paid", Decimal("85.00"))


@pytest.mark.parametrize("paid", ["-79.99", "-80.01", "80.00", "0.00"])
def test_reversal_of_another_amount_is_not_posted(paid: str) -> None:
    claim = billed(status="paid", paid_amount=Decimal("80.00"))
    assert post(claim, payment(paid, status_code="22")) == "amount_mismatch"


@pytest.mark.parametrize(("code", "kind"), [("23", "forwarded"), ("25", "predetermined")])
def test_what_is_no_payment_is_noted(code: str, kind: str) -> None:
    claim = billed()
    found = posted(claim, payment("0.00", status_code=code, forwarded_to="SECOND PAYER"))
    assert found.noted
    assert found.claim is claim
    assert (found.events[0].kind, found.events[0].details["forwardedTo"]) == (kind, "SECOND PAYER")


@pytest.mark.parametrize("code", ["5", "13", "99", "X", "1X"])
def test_unknown_code_is_not_posted(code: str) -> None:
    assert post(billed(), payment("80.00", status_code=code)) == "unknown_status_code"


@pytest.mark.parametrize(
    "line",
    [
        payment("100000000.00"),
        payment("80.00", charge=Decimal("-100000000.00")),
        payment("80.00", adjusted("CO", "45", "100000000.00"), adjusted("CO", "45", "-100000000.00")),
        payment("80.00", patient_responsibility=Decimal("100000000.00")),
        payment("80.00", adjusted("PR", "204", "60000000.00"), adjusted("PR", "96", "60000000.00")),
        payment("60000000.00", adjusted("PR", "2", "60000000.00")),
        payment("80.00", adjusted("CO", "50", "1.00"), *[adjusted("CO", "45", "-99999999.99")] * 2),
    ],
)
def test_amount_that_no_claim_holds_is_not_posted(line: ClaimPayment) -> None:
    assert post(billed(), line) == "amount_out_of_range"


CENTS = st.integers(min_value=0, max_value=50_000)
REASONS = st.sampled_from(["1", "2", "3", "16", "23", "45", "50", "97", "197", "204", "253", "A2"])
GROUPS = st.sampled_from(["CO", "PR", "OA", "PI"])


@given(st.lists(st.tuples(GROUPS, REASONS, CENTS), max_size=7), CENTS, st.sampled_from(sorted(PROCESSED)))
def test_payment_that_adds_up_accounts_for_every_cent(
    given_adjustments: list[tuple[Any, str, int]], paid_cents: int, code: str
) -> None:
    """Paid, write-downs, the patient's share and what was refused are the charge; the claim says the same."""
    adjustments = tuple(
        adjusted(group, reason, str(Decimal(cents) / 100)) for group, reason, cents in given_adjustments
    )
    paid = Decimal(paid_cents) / 100
    charge = paid + sum((one.amount for one in adjustments), ZERO)
    line = replace(payment("0.00", *adjustments, status_code=code), paid=paid, charge=charge)
    assert imbalances_of(line) == ()
    after = posted(billed(amount=charge), line).claim
    kept = adjustments_of(line)
    share = sum((one.amount for one in kept if one.group == "PR" and one.carc in COST_SHARE), ZERO)
    written_down = sum((one.amount for one in kept if one.carc in WRITE_DOWNS), ZERO)
    refused = charge - paid - share - written_down
    assert after.paid_amount == paid
    if after.status == "partially_paid":
        assert refused > 0
        assert after.allowed_amount == charge - written_down
    elif after.status == "paid":
        assert refused == 0
        assert after.allowed_amount == paid + share
    else:
        assert after.status == "denied"
        assert paid + share == 0
