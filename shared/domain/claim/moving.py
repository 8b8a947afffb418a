"""A move with what it brings: amounts, adjustments, days. What does not belong to a move is refused by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from shared.domain.claim.answers import NO_AUTHORIZATION, denial_of
from shared.domain.claim.standing import balance
from shared.domain.claim.states import ClaimMove, allowed_moves, moved, steps_between
from shared.errors import FieldError, InvalidTransitionError, ValidationFailedError
from shared.models.claim import Adjustment, BilledClaim, ClaimStatus, NewClaimEvent
from shared.models.identifiers import uuid7


@dataclass(frozen=True, slots=True)
class MoveDetails:
    """What may come with a move; None where it was not said. Amounts are totals of the claim, in its currency."""

    reason: str | None = None
    on: date | None = None
    paid: Decimal | None = None
    allowed: Decimal | None = None
    expected: Decimal | None = None
    patient: Decimal | None = None
    adjustments: tuple[Adjustment, ...] = ()
    payer_control_number: str | None = None
    appeal_due_on: date | None = None
    corrected_due_on: date | None = None
    filing_due_on: date | None = None
    source_ref: str | None = None


IMPLIED = "It follows from the payer's answer"
_PAYMENT = frozenset({"paid", "allowed", "expected", "patient", "adjustments", "payer_control_number"})
# Beside the reason and the day, which every move may have.
TAKES: Mapping[ClaimMove, frozenset[str]] = {
    "submit": frozenset({"expected"}),
    "reject": frozenset({"payer_control_number", "filing_due_on"}),
    "redraft": frozenset({"filing_due_on"}),
    "accept": frozenset({"payer_control_number"}),
    "pend": frozenset({"payer_control_number"}),
    "pay": _PAYMENT,
    "pay_partially": _PAYMENT | {"appeal_due_on"},
    "underpay": _PAYMENT | {"appeal_due_on"},
    "deny": frozenset({"adjustments", "payer_control_number", "appeal_due_on", "corrected_due_on"}),
    "uphold_denial": frozenset({"adjustments"}),
}
# As the API calls them.
MEMBERS: Mapping[str, str] = {
    "paid": "paidCents",
    "allowed": "allowedCents",
    "expected": "expectedCents",
    "patient": "patientCents",
    "adjustments": "adjustments",
    "payer_control_number": "payerControlNumber",
    "appeal_due_on": "appealDueOn",
    "corrected_due_on": "correctedDueOn",
    "filing_due_on": "filingDueOn",
}
_PAID_MOVES: frozenset[ClaimMove] = frozenset({"pay", "pay_partially", "underpay"})


def step(
    claim: BilledClaim, move: ClaimMove, given: MoveDetails, *, at: datetime, today: date, by: UUID | None = None
) -> tuple[BilledClaim, NewClaimEvent]:
    """Make one move: the claim after it, and what its history tells.

    Raises InvalidTransitionError with the moves there are; ValidationFailedError naming what is missing, or what does
    not belong to the move. `by` is who approves a write-off, where that is needed.
    """
    after = moved(claim, move, reason=given.reason)
    _check(claim, move, given)
    on = given.on or today
    if on > today:
        raise _fault("occurredOn", "in_the_future", "must not lie in the future")
    after = _with_details(claim, after, move, given, on, by)
    amount = after.paid_amount if move in _PAID_MOVES else balance(claim) if move == "write_off" else None
    details: dict[str, Any] = {} if given.on is None else {"occurredOn": given.on.isoformat()}
    event = NewClaimEvent(
        id=uuid7(),
        kind=move,
        from_status=claim.status,
        to_status=after.status,
        occurred_at=at,
        reason=given.reason,
        amount=amount,
        adjustments=given.adjustments,
        details=details,
        source_ref=given.source_ref,
    )
    return after, event


def answer(
    claim: BilledClaim, target: ClaimStatus, given: MoveDetails, *, at: datetime, today: date
) -> tuple[BilledClaim, tuple[NewClaimEvent, ...]]:
    """Bring a claim where a payer's answer says that it is, by the moves that must have happened before.

    `given` belongs to the last of them. Raises InvalidTransitionError when the payer's moves do not lead there.
    """
    moves = steps_between(claim.status, target)
    if not moves:
        words = f"No answer of a payer leads from {claim.status} to {target}"
        raise InvalidTransitionError(words, allowed=allowed_moves(claim.status), current=claim.status)
    events = []
    for move in moves[:-1]:
        implied = MoveDetails(reason=given.reason or IMPLIED, on=given.on)
        claim, event = step(claim, move, implied, at=at, today=today)
        events.append(event)
    claim, event = step(claim, moves[-1], given, at=at, today=today)
    return claim, (*events, event)


def note(claim: BilledClaim, words: str, *, at: datetime, kind: str = "note") -> NewClaimEvent:
    """An entry of the history that changes no state."""
    return NewClaimEvent(uuid7(), kind, claim.status, claim.status, at, reason=words)


def _check(claim: BilledClaim, move: ClaimMove, given: MoveDetails) -> None:
    """Refuse what does not belong to the move, and amounts that cannot be."""
    takes = TAKES.get(move, frozenset())
    for name, member in MEMBERS.items():
        if name not in takes and getattr(given, name):
            raise _fault(member, "not_of_this_step", f"does not belong to the step {move}")
    if move in _PAID_MOVES and given.paid is None:
        raise _fault("paidCents", "missing", "This step needs the amount that was paid")
    if given.paid is not None and move == "pay_partially" and given.paid >= claim.amount:
        raise _fault("paidCents", "not_partial", "A part is less than the claim's amount")


def _with_details(
    before: BilledClaim, after: BilledClaim, move: ClaimMove, given: MoveDetails, on: date, by: UUID | None
) -> BilledClaim:
    brought = {
        "paid_amount": given.paid,
        "allowed_amount": given.allowed,
        "expected_amount": given.expected,
        "patient_amount": given.patient,
        "payer_control_number": given.payer_control_number,
        "appeal_due_on": given.appeal_due_on,
        "corrected_due_on": given.corrected_due_on,
        "filing_due_on": given.filing_due_on,
    }
    values: dict[str, Any] = {name: value for name, value in brought.items() if value is not None}
    if move == "submit":
        values["submitted_date"] = on
    elif move == "pend":
        values["pended_since"] = on
    elif move == "write_off":
        values["written_off_amount"] = balance(before) + (before.written_off_amount or Decimal(0))
        values["write_off_approved_by"] = by or before.write_off_approved_by
    elif move in _PAID_MOVES:
        values["adjudicated_on"] = on
    elif move == "deny":
        main = denial_of(given.adjustments)
        values |= {
            "adjudicated_on": on,
            "denial_reason": given.reason,
            "denial_code": None if main is None else main.code,
        }
        if any(one.carc in NO_AUTHORIZATION for one in given.adjustments):
            values["requires_authorization"] = True
    return replace(after, **values)


def _fault(field: str, code: str, message: str) -> ValidationFailedError:
    return ValidationFailedError(message, errors=(FieldError(field, code, message),))
