"""Underpayment: the payer paid less than it owes by the contract, beyond what rounding explains."""

from __future__ import annotations

from decimal import Decimal

from shared.models.claim import BilledClaim

CENT = Decimal("0.01")
# A claim is underpaid when more is missing than the larger of the two: a dollar, or one part in a hundred.
LEAST = Decimal("1.00")
SHARE = Decimal("0.01")


def owed(claim: BilledClaim) -> Decimal | None:
    """What the payer owes: what is expected, else allowed, less the patient's part; None when neither is known."""
    agreed = claim.expected_amount if claim.expected_amount is not None else claim.allowed_amount
    if agreed is None:
        return None
    return max(agreed - (claim.patient_amount or Decimal(0)), Decimal(0))


def missing(claim: BilledClaim) -> Decimal:
    """How much less than it owes the payer has paid; 0 within the tolerance, and where nothing is known."""
    expected = owed(claim)
    if expected is None or claim.paid_amount is None:
        return Decimal(0)
    short = expected - claim.paid_amount
    return short if short > max(LEAST, (expected * SHARE).quantize(CENT)) else Decimal(0)
