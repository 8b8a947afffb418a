"""E16 and E24: what the patient is likely to pay, with insurance and without."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from shared.domain.eligibility.benefits import ZERO
from shared.domain.eligibility.registry import found, rule
from shared.models.records import Verdict
from shared.models.verdict import Copay, Deductible, Estimate, Evidence

CENT = Decimal("0.01")


@rule("E16")
def estimate_of(
    allowed: Decimal | None,
    *,
    copay: Copay | None,
    deductible: Deductible | None,
    coinsurance: Decimal | None,
    out_of_pocket: Decimal | None,
) -> tuple[Estimate | None, Evidence | None]:
    """E16: copay + min(allowed, remaining deductible) + coinsurance of the rest, capped by what is left out of pocket.

    Only when the allowed amount is known; always an estimate. What is not known counts as nothing and is named.
    `coinsurance` is a percentage. One that comes to more than the allowed amount is to be reviewed.
    """
    if allowed is None:
        return None, None
    left = deductible.remaining if deductible is not None else None
    applied = min(allowed, left or ZERO)
    shared_cost = ((allowed - applied) * (coinsurance or ZERO) / 100).quantize(CENT, rounding=ROUND_HALF_UP)
    sums = [(amount or ZERO) + applied + shared_cost for amount in ((copay.low, copay.high) if copay else (None, None))]
    low, high = (total if out_of_pocket is None else min(total, out_of_pocket) for total in sums)
    known = {"copay": copay, "deductible": left, "coinsurance": coinsurance}
    estimate = Estimate(
        low=low,
        high=high,
        copay=copay.high if copay else ZERO,
        deductible=applied,
        coinsurance=shared_cost,
        capped=out_of_pocket is not None and max(sums) > out_of_pocket,
        missing=tuple(name for name, value in known.items() if value is None),
        needs_review=high > allowed or bool(copay and copay.needs_review),
    )
    amount = f"{high:.2f}" if low == high else f"{low:.2f} to {high:.2f}"
    without = f", without {' and '.join(estimate.missing)} (not known)" if estimate.missing else ""
    text = f"The patient pays an estimated {amount} USD{without}"
    return estimate, found("E16", "patient_estimate", text, None, None, low=low, high=high, allowed=allowed)


@rule("E24", source="45 CFR 149.610 (good faith estimates for the uninsured)")
def self_pay(verdict: Verdict, charge: Decimal | None) -> Evidence | None:
    """E24: undetermined or not covered on the day: the patient may pay themselves, and is told an estimate first.

    The estimate is the amount asked about, when there is one; the allowed amount of a payer binds nobody here.
    """
    if verdict == "eligible":
        return None
    text = "The patient can pay without insurance"
    if charge is None:
        return found("E24", "self_pay_path", f"{text}; give a written estimate first")
    return found("E24", "self_pay_path", f"{text}: an estimated {charge:.2f} USD", None, None, estimate=f"{charge:.2f}")
