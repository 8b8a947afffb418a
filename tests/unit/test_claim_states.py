"""The claim's state machine: every state with every move, what a move brings, histories that replay."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.claim import standing
from shared.domain.claim.answers import ANSWERABLE, answered, denial_of
from shared.domain.claim.day_blocks import FIRST, LEVELS, blocks_between, day_number
from shared.domain.claim.moving import MEMBERS, TAKES, MoveDetails, answer, step
from shared.domain.claim.states import (
    ANSWERS,
    CLOSED,
    MOVES,
    OURS,
    STATUSES,
    TRANSITIONS,
    ClaimMove,
    allowed_moves,
    check_step,
    moved,
    steps_between,
    target_of,
)
from shared.errors import InvalidTransitionError, ValidationFailedError
from shared.models.claim import Adjustment, BilledClaim, ClaimStatus
from shared.models.imported import RemittanceRecord

NOW = datetime(2026, 11, 24, 15, tzinfo=UTC)
TODAY = date(2026, 11, 24)
CLAIM = BilledClaim(
    UUID(int=1), "CLM-1", UUID(int=2), "draft", Decimal("182.40"), service_date=date(2026, 10, 1), version=3
)
PAYMENTS = frozenset({"pay", "pay_partially", "underpay"})
# The design's table, written a second time: (state, state after), in its own order.
DESIGN: frozenset[tuple[str, str]] = frozenset(
    {
        ("draft", "on_hold"), ("on_hold", "draft"), ("draft", "missing_information"), ("missing_information", "draft"),
        ("draft", "ready"), ("ready", "submitted"), ("submitted", "rejected"), ("rejected", "draft"),
        ("submitted", "accepted"), ("accepted", "pended"),
        *((before, after) for before in ("accepted", "pended")
          for after in ("paid", "partially_paid", "underpaid", "denied")),
        ("denied", "appealed"), ("appealed", "paid"), ("appealed", "partially_paid"), ("appealed", "denied_final"),
        ("denied", "corrected"), ("corrected", "submitted"),
        ("denied", "forwarded_secondary"), ("partially_paid", "forwarded_secondary"), ("paid", "finalized"),
    }
)  # fmt: skip
ENDS = {"written_off", "voided"}


def full(move: ClaimMove, **members: Any) -> MoveDetails:
    """What a move needs."""
    paid = Decimal("82.40") if move in PAYMENTS else None
    return replace(MoveDetails(reason="Because", paid=paid), **members)


def taken(claim: BilledClaim, move: ClaimMove, **members: Any) -> BilledClaim:
    return step(claim, move, full(move, **members), at=NOW, today=TODAY)[0]


def test_the_table_is_the_designs_and_what_we_have_added() -> None:
    edges = {(status, one.target) for one in TRANSITIONS.values() for status in one.sources}
    ours = {(status, TRANSITIONS[move].target) for move, status in OURS}
    open_states = set(STATUSES) - CLOSED
    assert edges == DESIGN | ours | {(status, end) for status in open_states for end in ENDS}
    assert not ours & DESIGN
    assert {status for status in STATUSES if not allowed_moves(status)} == CLOSED


@pytest.mark.parametrize("move", MOVES)
@pytest.mark.parametrize("status", STATUSES)
def test_every_move_from_every_state_is_made_or_refused_with_what_is_allowed(
    status: ClaimStatus, move: ClaimMove
) -> None:
    claim = replace(CLAIM, status=status)
    if status in TRANSITIONS[move].sources:
        after, event = step(claim, move, full(move), at=NOW, today=TODAY)
        assert (after.status, after.version) == (TRANSITIONS[move].target, claim.version + 1)
        assert (event.kind, event.from_status, event.to_status) == (move, status, after.status)
        return
    with pytest.raises(InvalidTransitionError) as refused:
        step(claim, move, full(move), at=NOW, today=TODAY)
    assert refused.value.extra == {"allowed": allowed_moves(status), "current": status}
    assert move not in allowed_moves(status)


def test_rejected_and_denied_never_lead_to_one_another() -> None:
    for move, transition in TRANSITIONS.items():
        assert not (transition.target == "denied" and "rejected" in transition.sources), move
        assert not (transition.target == "rejected" and transition.sources & {"denied", "accepted", "pended"}), move
    assert allowed_moves("rejected") == ["redraft", "write_off", "void"]
    assert "redraft" not in allowed_moves("denied")
    assert steps_between("rejected", "denied") is None
    assert steps_between("denied", "rejected") is None


@pytest.mark.parametrize("move", MOVES)
def test_a_step_that_needs_a_reason_is_not_made_without(move: ClaimMove) -> None:
    status = next(iter(TRANSITIONS[move].sources))
    if not TRANSITIONS[move].needs_reason:
        assert target_of(status, move, reason=None) == TRANSITIONS[move].target
        return
    with pytest.raises(ValidationFailedError) as refused:
        target_of(status, move, reason=None)
    assert [(one.field, one.code) for one in refused.value.errors] == [("reason", "missing")]


SAMPLES: dict[str, Any] = {
    "adjustments": (Adjustment("CO", "97", Decimal(1)),),
    "payer_control_number": "PCN-1",
    **dict.fromkeys(("appeal_due_on", "corrected_due_on", "filing_due_on"), TODAY),
    **{name: Decimal("10.00") for name in ("paid", "allowed", "expected", "patient")},
}


@pytest.mark.parametrize("member", MEMBERS)
@pytest.mark.parametrize("move", MOVES)
def test_what_does_not_belong_to_a_step_is_refused_by_name(move: ClaimMove, member: str) -> None:
    claim = replace(CLAIM, status=next(iter(TRANSITIONS[move].sources)))
    details = full(move, **{member: SAMPLES[member]})
    if member in TAKES.get(move, ()):
        step(claim, move, details, at=NOW, today=TODAY)
        return
    with pytest.raises(ValidationFailedError) as refused:
        step(claim, move, details, at=NOW, today=TODAY)
    assert [(one.field, one.code) for one in refused.value.errors] == [(MEMBERS[member], "not_of_this_step")]


def test_amounts_and_days_that_cannot_be_are_refused() -> None:
    accepted = replace(CLAIM, status="accepted")
    for move, members, fault in (
        ("pay", {"paid": None}, ("paidCents", "missing")),
        ("pay_partially", {"paid": CLAIM.amount}, ("paidCents", "not_partial")),
        ("deny", {"on": TODAY + timedelta(days=1)}, ("occurredOn", "in_the_future")),
    ):
        with pytest.raises(ValidationFailedError) as refused:
            taken(accepted, move, **members)  # type: ignore[arg-type]
        assert [(one.field, one.code) for one in refused.value.errors] == [fault]


def test_a_denial_is_known_by_its_largest_reason_that_is_neither_contract_nor_patient() -> None:
    given = (
        Adjustment("CO", "45", Decimal(900)),
        Adjustment("PR", "1", Decimal(500)),
        Adjustment("CO", "16", Decimal(20)),
        Adjustment("CO", "197", Decimal(80)),
    )
    assert denial_of(given) == given[3]
    assert denial_of(given[:2]) == given[1]
    assert denial_of(given[:1]) is None
    denied = taken(replace(CLAIM, status="pended", pended_since=TODAY), "deny", adjustments=given)
    assert (denied.denial_code, denied.denial_reason, denied.pended_since) == ("CO-197", "Because", None)
    assert standing.authorization_gap(denied)
    assert "authorization_gaps" in standing.queues(denied, TODAY)
    back = taken(denied, "reverse")
    assert (back.denial_code, back.denial_reason, back.status) == (None, None, "accepted")


def test_a_write_off_takes_what_is_open_and_who_approved_it() -> None:
    partly = replace(CLAIM, status="partially_paid", paid_amount=Decimal("100.00"))
    after, event = step(partly, "write_off", full("write_off"), at=NOW, today=TODAY, by=UUID(int=9))
    assert (after.written_off_amount, after.write_off_approved_by) == (Decimal("82.40"), UUID(int=9))
    assert (event.amount, standing.balance(after)) == (Decimal("82.40"), Decimal(0))


def test_a_payment_of_what_was_only_submitted_says_that_it_was_accepted() -> None:
    submitted = replace(CLAIM, status="submitted")
    after, events = answer(submitted, "paid", full("pay", source_ref="835:1"), at=NOW, today=TODAY)
    assert [(one.kind, one.source_ref) for one in events] == [("accept", None), ("pay", "835:1")]
    assert (after.status, after.paid_amount, after.version) == ("paid", Decimal("82.40"), 5)
    with pytest.raises(InvalidTransitionError) as refused:
        answer(replace(CLAIM, status="written_off"), "paid", full("pay"), at=NOW, today=TODAY)
    assert refused.value.extra["current"] == "written_off"


@pytest.mark.parametrize("outcome", ["error", "queued", "complete", "partial"])
@pytest.mark.parametrize("paid", [None, Decimal(0), Decimal(10), Decimal(500)])
@pytest.mark.parametrize("status", STATUSES)
def test_an_imports_answer_agrees_with_the_payers_moves(
    status: ClaimStatus, outcome: str, paid: Decimal | None
) -> None:
    after = answered(status, CLAIM.amount, RemittanceRecord("r", "c", outcome, paid, None))
    if status not in ANSWERABLE:
        assert after == status
    elif status == "rejected":
        # The source has sent it again: what comes is what may come of a claim that was submitted.
        assert after == "rejected" or steps_between("submitted", after) is not None  # type: ignore[arg-type]
    elif after == "rejected":
        assert outcome == "error"
    else:
        assert steps_between(status, after) is not None  # type: ignore[arg-type]


def test_a_record_is_written_one_step_on_and_never_past_a_reason() -> None:
    check_step("draft", "draft")
    check_step("draft", "ready")
    with pytest.raises(InvalidTransitionError) as refused:
        check_step("draft", "paid")
    assert refused.value.extra == {"allowed": allowed_moves("draft"), "current": "draft"}
    for status, target in (("accepted", "denied"), ("draft", "written_off"), ("submitted", "rejected")):
        with pytest.raises(ValidationFailedError) as needed:
            check_step(status, target)
        assert needed.value.errors[0].code == "needs_reason"


@given(st.lists(st.integers(min_value=0, max_value=99), max_size=30))
def test_a_history_replays_to_the_present_state(choices: list[int]) -> None:
    claim, events = CLAIM, []
    for choice in choices:
        moves = allowed_moves(claim.status)
        if not moves:
            break
        move = moves[choice % len(moves)]
        claim, event = step(claim, move, full(move), at=NOW, today=TODAY)
        events.append(event)
    replayed: ClaimStatus = CLAIM.status
    for event in events:
        assert event.from_status == replayed
        replayed = target_of(replayed, event.kind, reason=event.reason)  # type: ignore[arg-type]
        assert event.to_status == replayed
    assert (replayed, claim.version) == (claim.status, CLAIM.version + len(events))


def test_answers_are_the_payers_alone() -> None:
    assert {"submit", "appeal", "write_off", "void", "hold", "correct", "finalize"}.isdisjoint(ANSWERS)


@given(st.integers(FIRST, 3_000_000), st.integers(0, 9_000))
def test_blocks_make_up_exactly_the_days_asked_for(first: int, length: int) -> None:
    last = first + length - 1
    covered: list[tuple[int, int]] = []
    for level, low, high in blocks_between(first, last):
        size = 8**level
        assert 0 <= level < LEVELS
        assert level == LEVELS - 1 or high - low < 14
        covered.append((low * size, (high + 1) * size - 1))
    covered.sort()
    assert [day for low, high in covered for day in (low, high)] == _joined(covered, first, last)


def _joined(covered: list[tuple[int, int]], first: int, last: int) -> list[int]:
    """The ends that pieces have which follow each other without a gap from `first` to `last`."""
    ends, at = [], first
    for low, high in covered:
        ends += [at, high]
        assert low == at
        at = high + 1
    assert at == last + 1
    return ends


def test_day_numbers_begin_with_the_millennium() -> None:
    assert (day_number(date(2000, 1, 1)), day_number(date(1999, 12, 31)), day_number(date.min) > FIRST) == (0, -1, True)


@pytest.mark.parametrize(
    ("days", "name"), [(-5, "0-30"), (0, "0-30"), (30, "0-30"), (31, "31-60"), (60, "31-60"), (61, "61-90"),
                       (90, "61-90"), (91, "91-120"), (120, "91-120"), (121, "120+"), (4000, "120+")],
)  # fmt: skip
def test_a_claim_ages_by_whole_days(days: int, name: str) -> None:
    assert standing.bucket(TODAY - timedelta(days=days), TODAY) == name
    assert standing.bucket(None, TODAY) == "undated"


def test_the_deadline_that_counts_follows_from_the_state() -> None:
    soon, later = TODAY + timedelta(days=3), TODAY + timedelta(days=30)
    claim = replace(CLAIM, filing_due_on=later, appeal_due_on=soon, corrected_due_on=later, noted_due_on=later)
    assert standing.next_deadline(claim) == (later, "filing")
    assert standing.queues(claim, TODAY) == ()
    denied = replace(claim, status="denied")
    assert standing.deadlines(denied) == ((soon, "appeal"), (later, "corrected_claim"), (later, "noted"))
    assert standing.queues(denied, TODAY) == ("denied", "deadline")
    assert standing.deadlines(replace(claim, status="underpaid")) == ((soon, "appeal"), (later, "noted"))
    assert standing.next_deadline(replace(claim, status="submitted")) == (later, "noted")
    assert standing.deadlines(replace(claim, status="finalized")) == ()


def test_the_time_for_an_appeal_runs_until_it_is_filed_and_again_for_the_next_level() -> None:
    soon = TODAY + timedelta(days=3)
    denied = replace(CLAIM, status="denied", appeal_due_on=soon)
    appealed = moved(denied, "appeal", reason="coding")
    assert (appealed.appeal_due_on, standing.deadlines(appealed)) == (None, ())
    lost = replace(appealed, appeal_due_on=soon)  # and may go on
    assert standing.deadlines(lost) == ((soon, "appeal"),)
    assert standing.queues(lost, TODAY) == ("deadline",)


@pytest.mark.parametrize(
    ("members", "open_amount", "stage", "paid"),
    [
        ({"status": "submitted"}, "182.40", "insurance", "unpaid"),
        ({"status": "paid", "paid_amount": Decimal(150)}, "0", "insurance", "paid"),
        ({"status": "paid", "paid_amount": Decimal(150), "patient_amount": Decimal(32)}, "32", "patient", "paid"),
        ({"status": "underpaid", "paid_amount": Decimal(50), "expected_amount": Decimal(120)}, "70", "insurance",
         "partially_paid"),
        ({"status": "partially_paid", "paid_amount": Decimal(50), "allowed_amount": Decimal(80),
          "patient_amount": Decimal(30)}, "30", "patient", "partially_paid"),
        ({"status": "partially_paid", "paid_amount": Decimal(50), "allowed_amount": Decimal(90),
          "patient_amount": Decimal(30)}, "40", "insurance", "partially_paid"),
        ({"status": "denied"}, "182.40", "insurance", "unpaid"),
        ({"status": "appealed"}, "182.40", "insurance", "unpaid"),
        ({"status": "appealed", "paid_amount": Decimal(100), "expected_amount": Decimal(120)}, "20", "insurance",
         "partially_paid"),
        ({"status": "denied_final", "paid_amount": Decimal(50), "allowed_amount": Decimal(90),
          "patient_amount": Decimal(30)}, "40", "insurance", "partially_paid"),
        ({"status": "denied_final", "paid_amount": Decimal(50), "allowed_amount": Decimal(80),
          "patient_amount": Decimal(30)}, "30", "patient", "partially_paid"),
        ({"status": "partially_paid", "paid_amount": Decimal(50), "allowed_amount": Decimal(80),
          "expected_amount": Decimal(100), "patient_amount": Decimal(30)}, "50", "insurance", "partially_paid"),
        ({"status": "denied_final", "paid_amount": Decimal(50), "allowed_amount": Decimal(80),
          "expected_amount": Decimal(100), "patient_amount": Decimal(30)}, "50", "insurance", "partially_paid"),
        ({"status": "denied_final", "allowed_amount": Decimal(0), "patient_amount": Decimal(30)}, "182.40", "insurance",
         "unpaid"),
        ({"status": "forwarded_secondary", "paid_amount": Decimal(9)}, "0", "insurance", "partially_paid"),
    ],
)  # fmt: skip
def test_what_is_open_and_whose_turn_it_is(members: dict[str, Any], open_amount: str, stage: str, paid: str) -> None:
    claim = replace(CLAIM, **members)
    found = (standing.balance(claim), standing.ar_stage(claim), standing.paid_status(claim))
    assert found == (Decimal(open_amount), stage, paid)
