"""A check's state machine: one table of moves.

`requested → in_flight → completed | failed`; a failed one that can be tried again goes back in flight.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Literal, get_args

from shared.domain.eligibility.failures import retry_at
from shared.errors import InvalidTransitionError
from shared.models.payer_answer import CheckFailure, PayerAnswer
from shared.models.records import CheckState, EligibilityCheck

CheckMove = Literal["send", "complete", "fail"]
TRANSITIONS: dict[CheckMove, tuple[frozenset[CheckState], CheckState]] = {
    "send": (frozenset({"requested", "failed"}), "in_flight"),
    "complete": (frozenset({"in_flight"}), "completed"),
    "fail": (frozenset({"in_flight"}), "failed"),
}


def allowed_moves(check: EligibilityCheck) -> list[CheckMove]:
    """List the moves that `check` can make: only what may pass by itself is sent again."""
    return [move for move in get_args(CheckMove) if _possible(check, move)]


def send(check: EligibilityCheck) -> EligibilityCheck:
    """Return `check` on its way to the payer. Raises InvalidTransitionError."""
    moved = _moved(check, "send")
    return replace(moved, attempts=check.attempts + 1, next_attempt_at=None, failure=None)


def complete(check: EligibilityCheck, answer: PayerAnswer) -> EligibilityCheck:
    """Return `check` with its answer. Raises InvalidTransitionError."""
    return replace(_moved(check, "complete"), answer=answer)


def fail(check: EligibilityCheck, failure: CheckFailure, *, at: datetime) -> EligibilityCheck:
    """Return `check` without an answer, with the moment of the next attempt when there is one.

    The failure's own moment counts when it names one: a date that the payer does not answer for yet.
    Raises InvalidTransitionError.
    """
    again = failure.retry_at
    if again is None and failure.kind == "retryable":
        again = retry_at(check.attempts, at)
    return replace(_moved(check, "fail"), failure=replace(failure, retry_at=again), next_attempt_at=again)


def _possible(check: EligibilityCheck, move: CheckMove) -> bool:
    sources, _ = TRANSITIONS[move]
    if check.state == "failed":
        return move == "send" and check.next_attempt_at is not None
    return check.state in sources


def _moved(check: EligibilityCheck, move: CheckMove) -> EligibilityCheck:
    if not _possible(check, move):
        allowed = allowed_moves(check)
        raise InvalidTransitionError(f"A check that is {check.state} cannot {move}", allowed=allowed)
    return replace(check, state=TRANSITIONS[move][1])
