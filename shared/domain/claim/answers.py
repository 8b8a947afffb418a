"""What a payer's answer makes of a claim: an import's remittance, and which denial counts."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from shared.domain.claim.states import WITH_PAYER
from shared.models.claim import Adjustment, ClaimStatus
from shared.models.imported import RemittanceRecord

# States that a source's newer answer may still change. What people work on here further (held, denied, appealed,
# written off, a draft) keeps its state; a front-end rejection is over once the payer has answered.
ANSWERABLE: frozenset[ClaimStatus] = WITH_PAYER | {"paid", "partially_paid", "rejected"}
# Contractual write-downs are no denial: the charge exceeds what was agreed.
_CONTRACTUAL = frozenset({"CO-45", "CO-253"})
# The authorization is what is missing (CARC 197: absent; 15: invalid; 198: exceeded).
NO_AUTHORIZATION = frozenset({"197", "15", "198"})


def answered(status: str, amount: Decimal, answer: RemittanceRecord) -> str:
    """The state of a claim of `amount` in `status` after the answer that an import brought.

    An answer that pays nothing makes it `accepted`: nobody said that it was denied.
    """
    if status not in ANSWERABLE:
        return status
    if answer.outcome == "error":
        return "rejected"
    if answer.outcome == "queued" or not answer.paid_amount:
        return "accepted"
    return "paid" if answer.paid_amount >= amount else "partially_paid"


def denial_of(adjustments: Iterable[Adjustment]) -> Adjustment | None:
    """The adjustment that a denial is known by: the largest that is neither contractual nor the patient's part.

    None when there is none, else the first of those that are alike; a patient's part counts where nothing else does.
    """
    given = [one for one in adjustments if one.code not in _CONTRACTUAL]
    own = [one for one in given if one.group != "PR"] or given
    return max(own, key=lambda one: one.amount, default=None)
