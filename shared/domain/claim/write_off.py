"""Writing off: for which reasons, and up to which amount by whom. Above it stands a request that another approves."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import get_args

from shared.domain.claim.standing import balance
from shared.domain.claim.states import ADJUDICATIONS, UNFILED, ClaimMove
from shared.models.claim import BilledClaim, ClaimEvent, ClaimStatus, WriteOffReason
from shared.models.roles import Role

REASONS: tuple[WriteOffReason, ...] = get_args(WriteOffReason)
# The largest amount that a role writes off by itself, in USD; None is without limit. Roles left out write off nothing.
LIMITS: dict[Role, Decimal | None] = {Role.BILLER: Decimal(100), Role.MANAGER: Decimal(2500), Role.ADMIN: None}
# Closed with something open, they give it up.
_SHORT_PAID: frozenset[ClaimStatus] = frozenset({"partially_paid", "underpaid"})
# What is agreed with the payer, and not given up: no limit applies.
_AGREED: frozenset[WriteOffReason] = frozenset({"contractual"})


def limit_of(role: Role) -> Decimal | None:
    """The role's limit; 0 for a role that writes off nothing, None for one without a limit."""
    return LIMITS.get(role, Decimal(0))


def may_write_off(role: Role, amount: Decimal, *, agreed: Decimal = Decimal(0)) -> bool:
    """Tell whether the role writes off `amount` by itself. What is contractually `agreed` of it does not count."""
    limit = limit_of(role)
    return limit is None or (role in LIMITS and amount - max(agreed, Decimal(0)) <= limit)


def given_up(claim: BilledClaim, move: ClaimMove) -> Decimal:
    """What a move gives up of a claim for good, with what was given up of it before; 0 when it gives up nothing.

    To void what no payer has seen gives up nothing: it was never owed. What a payer has in hand, or has decided on
    (also where the decision was reversed since), is given up by it.
    """
    left = balance(claim)
    filed = claim.status not in UNFILED or claim.adjudicated_on is not None
    gives = move == "write_off" or (move == "finalize" and claim.status in _SHORT_PAID) or (move == "void" and filed)
    return left + (claim.written_off_amount or Decimal(0)) if gives and left > 0 else Decimal(0)


def needs_approval(amount: Decimal) -> bool:
    """Tell whether a write-off is above what a biller gives up unasked: then it is kept who approved it."""
    return not may_write_off(Role.BILLER, amount)


def approvers(amount: Decimal) -> tuple[Role, ...]:
    """Who may approve a write-off of `amount`, those with the smallest limit first; never a biller."""
    able = [role for role in (Role.MANAGER, Role.ADMIN) if may_write_off(role, amount)]
    return tuple(able)


def agreed_in(claim: BilledClaim, history: Iterable[ClaimEvent]) -> Decimal:
    """What the contract gives up of what is open or was written off, as the payer's own file says (CO-45).

    Amounts that people have entered exempt nobody: who is limited would set the limit. What the payer's answer has
    already taken out of the balance is not given up once more.
    """
    told = Decimal(0)
    for one in history:
        if one.kind in ADJUDICATIONS or one.kind == "reverse":
            posted = one.adjustments if one.source_ref is not None and one.kind in ADJUDICATIONS else ()
            told = sum((each.amount for each in posted if (each.group, each.carc) == ("CO", "45")), start=Decimal(0))
    counted = balance(claim) + (claim.written_off_amount or Decimal(0))
    outside = claim.amount - (claim.paid_amount or Decimal(0)) - counted
    return max(told - max(outside, Decimal(0)), Decimal(0))


def is_agreed(reason: WriteOffReason) -> bool:
    """Whether the reason says that the payer's contract already gives the amount up."""
    return reason in _AGREED
