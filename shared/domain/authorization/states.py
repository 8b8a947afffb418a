"""The authorization's state machine: one table of moves. Source: the design's authorization states.

Two rows are ours, where the design names no way on (decision 0014): a payer may answer "not required" to a request
that was sent, and what was left to a telephone call (`contact_payer`) takes the same answers as a pended request.
`exhausted` and `expired` come by time and by visits, not by a write: `as_of` decides them whenever somebody looks.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Literal, get_args

from shared.domain.steps import Transition, possible, target_in
from shared.errors import InvalidTransitionError
from shared.models.authorization import AuthorizationState
from shared.models.records import Authorization

AuthorizationMove = Literal[
    "submit", "mark_not_required", "pend", "resubmit", "approve", "approve_partially", "modify", "deny",
    "refer_to_payer", "cancel", "fail", "redraft", "exhaust", "expire", "revoke", "extend", "peer_to_peer", "appeal",
    "uphold_denial",
]  # fmt: skip
MOVES: tuple[AuthorizationMove, ...] = get_args(AuthorizationMove)

GRANTED: frozenset[AuthorizationState] = frozenset({"approved", "partially_approved", "modified"})
# A grant stays good while its extension is being decided.
IN_FORCE: frozenset[AuthorizationState] = GRANTED | {"extension_requested"}
# Whose next step is the payer's.
AWAITING: frozenset[AuthorizationState] = frozenset(
    {"submitted", "pended", "contact_payer", "extension_requested", "peer_to_peer", "appealed"}
)
# Asked for and not over: a second request for the same thing would be one too many.
OPEN: frozenset[AuthorizationState] = AWAITING | {"draft", "error"}
_WITH_PAYER: frozenset[AuthorizationState] = frozenset({"submitted", "pended", "contact_payer"})
_REVIEWED: frozenset[AuthorizationState] = frozenset({"peer_to_peer", "appealed"})


def _from(*sources: AuthorizationState) -> frozenset[AuthorizationState]:
    return frozenset(sources)


TRANSITIONS: dict[AuthorizationMove, Transition[AuthorizationState]] = {
    "submit": Transition(_from("draft"), "submitted"),
    "mark_not_required": Transition(_from("draft") | _WITH_PAYER, "not_required", needs_reason=True),
    "pend": Transition(_from("submitted", "contact_payer"), "pended"),
    "resubmit": Transition(_from("pended"), "submitted"),
    "approve": Transition(_WITH_PAYER | _REVIEWED | {"extension_requested"}, "approved"),
    "approve_partially": Transition(_WITH_PAYER, "partially_approved"),
    "modify": Transition(_WITH_PAYER, "modified"),
    "deny": Transition(_WITH_PAYER | {"extension_requested"}, "denied", needs_reason=True),
    "refer_to_payer": Transition(_from("submitted", "pended"), "contact_payer"),
    "cancel": Transition(_WITH_PAYER, "cancelled"),
    "fail": Transition(_WITH_PAYER, "error"),
    "redraft": Transition(_from("error"), "draft"),
    "exhaust": Transition(GRANTED, "exhausted"),
    "expire": Transition(GRANTED, "expired"),
    "revoke": Transition(GRANTED, "revoked", needs_reason=True),
    "extend": Transition(GRANTED, "extension_requested"),
    "peer_to_peer": Transition(_from("denied"), "peer_to_peer"),
    "appeal": Transition(_from("denied"), "appealed"),
    "uphold_denial": Transition(_REVIEWED, "denied_final"),
}

# A person may enter the same words as the answer to another question; what machines sent stays known.
_ASK_ANEW: frozenset[AuthorizationMove] = frozenset({"resubmit", "redraft", "extend", "appeal", "peer_to_peer"})
# The steps that people decide by themselves, as their paths name them.
BY_HAND: dict[str, AuthorizationMove] = {
    "not-required": "mark_not_required",
    "resubmit": "resubmit",
    "cancel": "cancel",
    "redraft": "redraft",
    "revoke": "revoke",
    "appeal": "appeal",
    "peer-to-peer": "peer_to_peer",
}


def allowed_moves(state: AuthorizationState) -> list[AuthorizationMove]:
    """List the moves that are possible in `state`."""
    return possible(TRANSITIONS, state)


def target_of(state: AuthorizationState, move: AuthorizationMove, *, reason: str | None) -> AuthorizationState | None:
    """Where `move` leads from `state`; None when it is there already (a repetition).

    Raises InvalidTransitionError with the moves there are, ValidationFailedError when a reason is missing.
    """
    if state == TRANSITIONS[move].target:
        return None
    return target_in(TRANSITIONS, state, move, reason=reason, record="An authorization")


def check_step(state: object, target: object) -> None:
    """Refuse a state that no single step leads to. Raises InvalidTransitionError with the steps there are."""
    if state == target:
        return
    if not any(state in one.sources and one.target == target for one in TRANSITIONS.values()):
        moves = [move for move, one in TRANSITIONS.items() if state in one.sources]
        words = f"An authorization that is {state} does not become {target} in one step"
        raise InvalidTransitionError(words, allowed=moves, current=state)


def moved(authorization: Authorization, move: AuthorizationMove, *, reason: str | None = None) -> Authorization | None:
    """Return `authorization` after the move, with its reason; None when it is there already."""
    target = target_of(authorization.status, move, reason=reason)
    if target is None:
        return None
    digests = authorization.answer_digests
    if move in _ASK_ANEW:
        digests = tuple(one for one in digests if not one.startswith("manual:"))
    return replace(
        authorization,
        status=target,
        status_reason=reason,
        answer_digests=digests,
        version=authorization.version + 1,
    )


def as_of(authorization: Authorization, today: date) -> Authorization:
    """Return `authorization` as it is on `today`: a grant whose units are used is exhausted, else past its end expired.

    Nothing is stored for it: a visit that is taken back or an end that is moved makes it good again.
    """
    if authorization.status not in GRANTED:
        return authorization
    approved = authorization.units_approved
    if approved is not None and authorization.units_used >= approved:
        return replace(authorization, status="exhausted")
    if authorization.period_end is not None and authorization.period_end < today:
        return replace(authorization, status="expired")
    return authorization
