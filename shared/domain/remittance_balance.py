"""Whether the sums of a remittance add up (005010X221A1, 1.10.2.1).

What does not is told, and posted all the same: the money has moved, and a person must see what was left unexplained.
"""

from __future__ import annotations

from decimal import Decimal

from shared.models.remittance import ZERO, Adjustment, ClaimPayment, Imbalance, Remittance


def imbalances(remittance: Remittance) -> tuple[Imbalance, ...]:
    """Everything in `remittance` that does not add up: of its claims in their order, then of the whole."""
    found = [one for claim in remittance.claims for one in imbalances_of(claim)]
    paid = sum((claim.paid for claim in remittance.claims), ZERO)
    expected = paid - sum((one.amount for one in remittance.provider_adjustments), ZERO)
    if expected != remittance.amount:
        found.append(Imbalance("file", 1, expected, remittance.amount))
    return tuple(found)


def imbalances_of(claim: ClaimPayment) -> tuple[Imbalance, ...]:
    """What does not add up in one claim."""
    found = []
    for service in claim.services:
        expected = service.charge - total(service.adjustments)
        if expected != service.paid:
            found.append(Imbalance("service", service.position, expected, service.paid))
    expected = claim.charge - total(claim.all_adjustments)
    if expected != claim.paid:
        found.append(Imbalance("claim", claim.position, expected, claim.paid))
    charged = sum((service.charge for service in claim.services), ZERO)
    if claim.services and charged != claim.charge:
        found.append(Imbalance("services", claim.position, charged, claim.charge))
    return tuple(found)


def total(adjustments: tuple[Adjustment, ...]) -> Decimal:
    """The sum of `adjustments`."""
    return sum((one.amount for one in adjustments), ZERO)
