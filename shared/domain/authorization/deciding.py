"""A payer's answer applied to an authorization: the move it means, and what is granted by it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from shared.domain.authorization.answers import (
    decided_day,
    digest_of,
    grant_of,
    is_older,
    reason_of,
    state_of,
)
from shared.domain.authorization.states import (
    GRANTED,
    AuthorizationMove,
    allowed_moves,
    target_of,
)
from shared.errors import FieldError, InvalidTransitionError, ValidationFailedError
from shared.models.authorization import AuthorizationState, PayerDecision
from shared.models.records import Authorization

Effect = Literal["applied", "repeated", "older"]
KEPT_DIGESTS = 50
AHEAD = timedelta(days=1)  # a payer's clock and calendar may be ahead of ours
NO_REASON = "The payer gave no reason"
# What stands as the reason where a state needs one and the payer gave none.
_WITHOUT_REASON: Mapping[AuthorizationState, str] = {
    "denied": NO_REASON,
    "denied_final": NO_REASON,
    "revoked": NO_REASON,
    "not_required": "The payer answered that none is needed",
}

# The move that an answer means while a request is with the payer.
_MOVES: Mapping[AuthorizationState, AuthorizationMove] = {
    "approved": "approve",
    "partially_approved": "approve_partially",
    "modified": "modify",
    "denied": "deny",
    "pended": "pend",
    "contact_payer": "refer_to_payer",
    "cancelled": "cancel",
    "not_required": "mark_not_required",
    "error": "fail",
}
# States that go on waiting through an answer which decides nothing.
_WAITS: Mapping[AuthorizationState, frozenset[AuthorizationState]] = {
    "pended": frozenset({"pended"}),
    "contact_payer": frozenset({"contact_payer"}),
    "extension_requested": frozenset({"pended", "contact_payer", "error"}),
    "peer_to_peer": frozenset({"pended", "contact_payer", "error"}),
    "appealed": frozenset({"pended", "contact_payer", "error"}),
}


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of an answer: the authorization after it, which is the one before when it changed nothing."""

    authorization: Authorization
    effect: Effect


def answered(
    authorization: Authorization, decision: PayerDecision, *, received_at: datetime, zone: ZoneInfo
) -> Applied:
    """Apply an answer. The same one again, and one that is older than the last, change nothing.

    Raises InvalidTransitionError when the state takes no such answer, ValidationFailedError for one that says nothing,
    lies in the future, or grants less than was asked without saying how much.
    """
    _check_day(decision, received_at, zone)
    digest = digest_of(decision)
    if digest in authorization.answer_digests:
        return Applied(authorization, "repeated")
    if is_older(decision, authorization.decision, zone):
        return Applied(authorization, "older")
    meaning = state_of(decision)
    reason = reason_of(decision)
    target = _target(authorization.status, meaning, reason)
    changed = replace(
        authorization,
        status=target,
        status_reason=reason or _WITHOUT_REASON.get(target),
        decision=decision,
        answer_digests=(*authorization.answer_digests, digest)[-KEPT_DIGESTS:],
        version=authorization.version + 1,
    )
    if target in GRANTED:
        changed = _granted(changed, decision, meaning, received_at, zone)
    if target not in _STILL_ASKED:
        changed = replace(changed, decision_due_at=None, extension=None)
    return Applied(changed, "applied")


_STILL_ASKED = frozenset({"submitted", "pended", "contact_payer", "extension_requested", "peer_to_peer", "appealed"})


def _target(state: AuthorizationState, meaning: AuthorizationState, reason: str | None) -> AuthorizationState:
    if meaning in _WAITS.get(state, ()):
        return state
    move = _move(state, meaning)
    if move is None:
        words = f"An authorization that is {state} does not take the answer {meaning}"
        raise InvalidTransitionError(words, allowed=allowed_moves(state), current=state)
    target = target_of(state, move, reason=reason or NO_REASON)
    if target is None:
        words = f"The authorization is {state} already, by another answer"
        raise InvalidTransitionError(words, allowed=allowed_moves(state), current=state)
    return target


def _move(state: AuthorizationState, meaning: AuthorizationState) -> AuthorizationMove | None:
    """The move that an answer means in `state`; None where it means nothing."""
    if state in GRANTED:
        return "revoke" if meaning in {"denied", "cancelled"} else None
    if state in {"peer_to_peer", "appealed"}:
        return "approve" if meaning in GRANTED else "uphold_denial" if meaning == "denied" else None
    if state == "extension_requested":
        return "approve" if meaning in GRANTED else "deny" if meaning == "denied" else None
    return _MOVES[meaning]


def _granted(
    changed: Authorization,
    decision: PayerDecision,
    meaning: AuthorizationState,
    received_at: datetime,
    zone: ZoneInfo,
) -> Authorization:
    """Enter what is granted. "In total" means what was asked for; less than that must be said in figures.

    An extension adds its units to those granted before, and moves the end.
    """
    grant = grant_of(decision)
    said_nothing = grant.units is None and grant.period_start is None and grant.period_end is None
    if (meaning == "partially_approved" and grant.units is None) or (meaning == "modified" and said_nothing):
        message = "The answer grants less than was asked and does not say how much: record it with its units"
        raise ValidationFailedError(message, errors=(FieldError("decision.units", "missing", message),))
    asked = changed.extension
    units, end = grant.units, grant.period_end
    if asked is not None:
        more = units if units is not None else asked.units or 0
        units = None if changed.units_approved is None else changed.units_approved + more
        end = end or asked.period_end
    elif units is None:
        units = changed.units_requested
    start, end = grant.period_start or changed.period_start, end or changed.period_end
    if start is not None and end is not None and end < start:
        message = "The period that is granted ends before it begins"
        raise ValidationFailedError(message, errors=(FieldError("decision.periodEnd", "before_start", message),))
    return replace(
        changed,
        units_approved=units,
        period_start=start,
        period_end=end,
        approved_date=decided_day(decision, received_at, zone),
        certification_number=grant.certification_number or changed.certification_number,
    )


def _check_day(decision: PayerDecision, received_at: datetime, zone: ZoneInfo) -> None:
    """An answer from the future would be newer than every true one after it."""
    latest = received_at + AHEAD
    moment = decision.decided_at
    day = decision.decided_on
    if (moment is not None and moment > latest) or (day is not None and day > latest.astimezone(zone).date()):
        message = "The answer is dated in the future"
        raise ValidationFailedError(message, errors=(FieldError("decision.decidedOn", "in_the_future", message),))
