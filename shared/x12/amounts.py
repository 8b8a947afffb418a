"""Money in transactions that post it: an amount that is none refuses the whole, instead of being noted."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import get_args

from shared.models.claim import GroupCode
from shared.models.remittance import Adjustment, StatedAmount
from shared.x12.errors import UnreadableTransactionError
from shared.x12.segments import Segment
from shared.x12.values import Notes, number, number_at

CENT = Decimal("0.01")
LARGEST = Decimal("9999999999.99")  # what columns of amounts hold, with room for a file's total
LONGEST_IDENTIFIER = 80  # the guides' longest is 50
_TRIPLET = 3  # reason, amount, quantity
_GROUPS: dict[str, GroupCode] = {code: code for code in get_args(GroupCode)}
_REASON = re.compile(r"[A-Z0-9]{1,5}", re.ASCII)


def amount_at(segment: Segment, position: int) -> Decimal | None:
    """The dollars of an element; None when it is absent.

    Raises UnreadableTransactionError naming the element: no number, fractions of a cent, too large.
    """
    stated = segment[position]
    if not stated:
        return None
    value = number(stated)
    if value is None:
        raise _unreadable(segment, position, "no_amount", "is no amount")
    if abs(value) > LARGEST:
        raise _unreadable(segment, position, "amount_too_large", "is too large an amount")
    exact = value.quantize(CENT)
    if exact != value:
        raise _unreadable(segment, position, "fraction_of_a_cent", "has fractions of a cent")
    return exact + Decimal(0)  # minus zero is zero


def required_amount_at(segment: Segment, position: int) -> Decimal:
    """The same of an element that must be there."""
    value = amount_at(segment, position)
    if value is None:
        raise _unreadable(segment, position, "amount_missing", "must say an amount")
    return value


def adjustments_of(segment: Segment, notes: Notes) -> list[Adjustment]:
    """All triplets of a CAS. An amount without a reason is refused: it could not be explained to anybody."""
    found = []
    for first in range(2, len(segment.elements) + 1, _TRIPLET):
        reason, amount = segment[first], amount_at(segment, first + 1)
        if amount is None and not reason:
            continue
        if amount is None or not reason:
            raise _unreadable(segment, first, "adjustment_incomplete", "needs a reason and an amount")
        if segment[1] not in _GROUPS or not _REASON.fullmatch(reason):
            raise _unreadable(segment, first, "adjustment_code", "is no adjustment reason of a known group")
        found.append(Adjustment(_GROUPS[segment[1]], reason, amount, number_at(segment, first + 2, notes)))
    return found


def identifier_at(segment: Segment, position: int) -> str | None:
    """The number of an element; None when it is absent. One that no index could hold is refused."""
    stated = segment[position]
    if len(stated) > LONGEST_IDENTIFIER:
        raise _unreadable(segment, position, "identifier_too_long", "is too long")
    return stated or None


def stated_amount(segment: Segment) -> StatedAmount:
    """An AMT."""
    return StatedAmount(segment[1], required_amount_at(segment, 2))


def _unreadable(segment: Segment, position: int, reason: str, message: str) -> UnreadableTransactionError:
    return UnreadableTransactionError(reason, f"{segment.id}{position:02} {message}", segment=segment.position)
