"""What a payer's answer makes of a claim (DOMAIN, claim states)."""

from __future__ import annotations

from decimal import Decimal

from shared.models.imported import RemittanceRecord

ANSWERABLE = frozenset({"submitted", "accepted", "pended", "paid", "partially_paid", "rejected"})


def answered(status: str, amount: Decimal, answer: RemittanceRecord) -> str:
    """The state of a claim of `amount` in `status` after `answer`.

    An answer that pays nothing makes it `accepted`: nobody said that it was denied. A claim that people work on further
    (held, appealed, written off, voided, a draft) keeps its state.
    """
    if status not in ANSWERABLE:
        return status
    if answer.outcome == "error":
        return "rejected"
    if answer.outcome == "queued" or not answer.paid_amount:
        return "accepted"
    return "paid" if answer.paid_amount >= amount else "partially_paid"
