"""The claim's state machine: one table of moves. Source: the design's claim states.

**Rejected and denied are never the same thing**: a rejection comes from the front end, the claim was never adjudicated
and goes back to draft; a denial is the payer's decision and is appealed, corrected, or accepted. No move leads from one
to the other. Some rows are ours, where the design names no way on (decision 0028): see `OURS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal, get_args

from shared.domain.steps import Transition, possible, target_in
from shared.errors import FieldError, InvalidTransitionError, ValidationFailedError
from shared.models.claim import BilledClaim, ClaimStatus

ClaimMove = Literal[
    "hold", "release", "flag_missing", "supply", "make_ready", "submit", "reject", "redraft", "accept", "pend", "pay",
    "pay_partially", "underpay", "deny", "appeal", "uphold_denial", "correct", "forward_secondary", "write_off",
    "finalize", "void", "reverse",
]  # fmt: skip
MOVES: tuple[ClaimMove, ...] = get_args(ClaimMove)
STATUSES: tuple[ClaimStatus, ...] = get_args(ClaimStatus)

# Not with the payer yet, or back from the front end: the time for filing runs.
UNFILED: frozenset[ClaimStatus] = frozenset({"draft", "on_hold", "missing_information", "ready", "rejected"})
WITH_PAYER: frozenset[ClaimStatus] = frozenset({"submitted", "accepted", "pended"})
# Nothing is to be done any more, and nothing is open: what is left of a forwarded claim is the secondary one's.
CLOSED: frozenset[ClaimStatus] = frozenset({"finalized", "written_off", "voided"})
_ADJUDICATED: frozenset[ClaimStatus] = frozenset({"paid", "partially_paid", "underpaid", "denied"})
_ALL: frozenset[ClaimStatus] = frozenset(STATUSES)


def _from(*sources: ClaimStatus) -> frozenset[ClaimStatus]:
    return frozenset(sources)


TRANSITIONS: dict[ClaimMove, Transition[ClaimStatus]] = {
    "hold": Transition(_from("draft", "ready"), "on_hold", needs_reason=True),
    "release": Transition(_from("on_hold"), "draft"),
    "flag_missing": Transition(_from("draft"), "missing_information", needs_reason=True),
    "supply": Transition(_from("missing_information"), "draft"),
    "make_ready": Transition(_from("draft"), "ready"),
    "submit": Transition(_from("ready", "corrected"), "submitted"),
    "reject": Transition(_from("submitted"), "rejected", needs_reason=True),
    "redraft": Transition(_from("rejected", "ready"), "draft"),
    "accept": Transition(_from("submitted"), "accepted"),
    "pend": Transition(_from("accepted"), "pended"),
    "pay": Transition(_from("accepted", "pended", "appealed"), "paid"),
    "pay_partially": Transition(_from("accepted", "pended", "appealed"), "partially_paid"),
    "underpay": Transition(_from("accepted", "pended"), "underpaid"),
    "deny": Transition(_from("accepted", "pended"), "denied", needs_reason=True),
    "appeal": Transition(_from("denied", "underpaid", "partially_paid"), "appealed", needs_reason=True),
    "uphold_denial": Transition(_from("appealed"), "denied_final", needs_reason=True),
    "correct": Transition(_from("denied"), "corrected"),
    "forward_secondary": Transition(_from("denied", "partially_paid"), "forwarded_secondary"),
    "write_off": Transition(_ALL - CLOSED, "written_off", needs_reason=True),
    "finalize": Transition(_from("paid", "partially_paid", "underpaid", "forwarded_secondary"), "finalized"),
    "void": Transition(_ALL - CLOSED, "voided", needs_reason=True),
    "reverse": Transition(_ADJUDICATED, "accepted", needs_reason=True),
}
# The rows that the design does not draw, as (move, source).
OURS: frozenset[tuple[ClaimMove, ClaimStatus]] = frozenset(
    {
        ("hold", "ready"),
        ("redraft", "ready"),
        ("appeal", "underpaid"),
        ("appeal", "partially_paid"),  # what was refused of it
        ("finalize", "partially_paid"),
        ("finalize", "underpaid"),
        ("finalize", "forwarded_secondary"),
        *(("reverse", status) for status in _ADJUDICATED),
    }
)
# Moves that rest on more than the state (scrubbing, a secondary claim, what is given up): who makes them instead.
GUARDED: Mapping[ClaimMove, str] = {
    "submit": "submit_claim", "forward_secondary": "bill_secondary", "finalize": "finalize",
}  # fmt: skip
# What a payer's answer means, or what must have happened before it; by these an answer may take several steps at once.
ANSWERS: frozenset[ClaimMove] = frozenset(
    {"accept", "pend", "reject", "pay", "pay_partially", "underpay", "deny", "uphold_denial", "reverse"}
)

# After these the payer's adjustments are those that came with it; what was decided before stays with its event.
ADJUDICATIONS: frozenset[str] = frozenset({"pay", "pay_partially", "underpay", "deny", "uphold_denial"})


def allowed_moves(status: str) -> list[ClaimMove]:
    """List the moves that are possible in `status`."""
    return possible(TRANSITIONS, status)


def target_of(status: ClaimStatus, move: ClaimMove, *, reason: str | None) -> ClaimStatus:
    """Where `move` leads from `status`.

    Raises InvalidTransitionError with the moves there are, ValidationFailedError when a reason is missing.
    """
    return target_in(TRANSITIONS, status, move, reason=reason, record="A claim")


def check_step(status: str, target: str) -> None:
    """Refuse a state that a record's writer may not set: no single step leads to it, it needs a reason, or is guarded.

    Raises InvalidTransitionError with the steps there are (for a guarded one with what the backend mode makes it by),
    ValidationFailedError for a step that needs its reason told.
    """
    if status == target:
        return
    moves = [move for move, one in TRANSITIONS.items() if status in one.sources and one.target == target]
    guards = [GUARDED[move] for move in moves if move in GUARDED]
    if guards:
        words = f"A claim becomes {target} in the backend mode only"
        raise InvalidTransitionError(words, allowed=guards, current=status)
    if not moves:
        words = f"A claim that is {status} does not become {target} in one step"
        raise InvalidTransitionError(words, allowed=allowed_moves(status), current=status)
    if all(TRANSITIONS[move].needs_reason for move in moves):
        message = "This step needs a reason: make it in the backend mode"
        raise ValidationFailedError(message, errors=(FieldError("data.status", "needs_reason", message),))


def steps_between(status: ClaimStatus, target: ClaimStatus) -> tuple[ClaimMove, ...] | None:
    """The fewest moves of a payer's answer from `status` to `target`; None when there is no such way.

    A payment of a claim that was only submitted says that it was accepted first.
    """
    ways: dict[ClaimStatus, tuple[ClaimMove, ...]] = {status: ()}
    waiting = [status]
    for at in waiting:
        for move in allowed_moves(at):
            after = TRANSITIONS[move].target
            if move in ANSWERS and after not in ways:
                ways[after] = (*ways[at], move)
                waiting.append(after)
    return ways.get(target)


def moved(claim: BilledClaim, move: ClaimMove, *, reason: str | None = None) -> BilledClaim:
    """Return `claim` after the move, as its next version, with what belongs to states it has left taken away.

    What else a move brings (amounts, deadlines, denial codes) its caller puts in with `replace`.
    """
    target = target_of(claim.status, move, reason=reason)
    left: dict[str, Any] = dict.fromkeys(_LEFT_BEHIND.get(move, ()))
    after = replace(claim, **left, status=target, status_reason=reason, version=claim.version + 1)
    return replace(after, hold_reason=reason) if move == "hold" else after


_OF_A_DENIAL = ("denial_code", "denial_reason", "appeal_due_on", "corrected_due_on")
_LEFT_BEHIND: Mapping[ClaimMove, tuple[str, ...]] = {
    "release": ("hold_reason",),
    "pay": ("pended_since", *_OF_A_DENIAL),
    "pay_partially": ("pended_since",),
    "underpay": ("pended_since",),
    "deny": ("pended_since",),
    "appeal": ("appeal_due_on",),  # a lost one brings the day of the next level
    "correct": ("denial_code", "denial_reason"),
    "reverse": (*_OF_A_DENIAL, "paid_amount", "allowed_amount", "patient_amount", "adjudicated_on"),
    "submit": ("pended_since", "hold_reason"),
}
