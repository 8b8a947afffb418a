"""Billing a secondary payer: when the rest of a claim may be forwarded, and to whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from shared.domain.claim.standing import NOTHING, balance
from shared.domain.eligibility.coverage import ranked
from shared.domain.eligibility.dates import is_active
from shared.domain.eligibility.registry import found
from shared.models.claim import BilledClaim
from shared.models.records import Coverage
from shared.models.verdict import Evidence

FORWARDABLE = frozenset({"denied", "partially_paid"})


@dataclass(frozen=True, slots=True)
class Forwarding:
    """Whether the rest of a claim may go to another payer: to which coverage, how much, or what stands in the way."""

    coverage: Coverage | None
    rest: Decimal
    hindrance: Evidence | None


def forwarding(
    claim: BilledClaim,
    coverages: Sequence[Coverage],
    *,
    today: date,
    chosen: Coverage | None = None,
    before: frozenset[UUID] = frozenset(),
) -> Forwarding:
    """Decide whether a claim's rest goes to another payer; `chosen` is the coverage that was named.

    `before` are the payers that have decided on the claims whose rest this one bills: it does not go back to them.

    The primary has decided (X12 CARC 23 builds on that), on a day that is known and has come; another coverage holds
    on the date of service; and something is left. `rest` is what the primary left open, refused or left to the
    patient alike: all of a denied claim, of one that was paid in part what was not written down.
    """
    rest = _rest(claim)
    left = [one for one in coverages if one.payer_id not in before]
    other = chosen or next(iter(others(claim, left)), None)
    if other is not None and other.payer_id in before:
        text = "This coverage's payer has decided on the claim already"
        return Forwarding(other, rest, found("C11", "coverage_does_not_fit", text, f"coverages/{other.id}"))
    return Forwarding(other, rest, _hindrance(claim, other, rest, today))


def others(claim: BilledClaim, coverages: Sequence[Coverage]) -> tuple[Coverage, ...]:
    """The coverages of other payers that hold on the date of service, in the order of their rank."""
    on = claim.service_date
    if on is None:
        return ()
    return tuple(one for one in ranked(coverages) if _holds(one, on) and one.payer_id != claim.payer_id)


def _holds(coverage: Coverage, on: date) -> bool:
    return coverage.payer_kind != "self_pay" and coverage.status == "active" and is_active(coverage, on)


def _rest(claim: BilledClaim) -> Decimal:
    """What is open. Where of a part payment the patient's part is all that is known, the rest was written down."""
    if claim.status != "partially_paid" or claim.allowed_amount is not None or claim.patient_amount is None:
        return balance(claim)
    return max(claim.patient_amount - (claim.written_off_amount or NOTHING), NOTHING)


def _hindrance(claim: BilledClaim, other: Coverage | None, rest: Decimal, today: date) -> Evidence | None:
    source = f"claims/{claim.id}"
    if claim.status not in FORWARDABLE:
        return found(
            "C11", "primary_not_decided", "The primary payer has not denied or partly paid it", source, "status"
        )
    if claim.adjudicated_on is None or claim.adjudicated_on > today:
        text = "The date of the primary payer's explanation of benefits is not on file"
        return found("C11", "primary_eob_missing", text, source, "adjudicated_on")
    if other is None:
        return found("C11", "no_other_coverage", "No other coverage holds on the date of service", source)
    on = claim.service_date
    if on is None or other.payer_id == claim.payer_id or not _holds(other, on):
        text = "This coverage is the primary payer's, or does not hold on the date of service"
        return found("C11", "coverage_does_not_fit", text, f"coverages/{other.id}")
    if rest <= 0:
        return found("C11", "nothing_left", "Nothing is left to bill", source, "patient_amount")
    return None
