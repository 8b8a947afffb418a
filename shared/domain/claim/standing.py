"""What follows from a claim's state: what is open of it, whose turn it is, which deadline counts, where it lies.

The database computes the same in generated columns, so that whoever writes a claim cannot forget it; a test holds both
to one another.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from shared.domain.claim.states import CLOSED, UNFILED
from shared.models.claim import ArStage, BilledClaim, ClaimQueue, ClaimStatus, DeadlineKind, PaidStatus

NOTHING = Decimal(0)
# A claim is in the deadline's queue from so many days before on; the first of E22's warnings in days.
DEADLINE_DAYS = 14
PENDED_DAYS = 30
QUEUES: tuple[ClaimQueue, ...] = (
    "rejected", "denied", "deadline", "underpaid", "pended_too_long", "authorization_gaps",
)  # fmt: skip
BUCKETS: tuple[tuple[str, int, int | None], ...] = (
    ("0-30", 0, 30), ("31-60", 31, 60), ("61-90", 61, 90), ("91-120", 91, 120), ("120+", 121, None),
)  # fmt: skip
UNDATED = "undated"
# The rest is somebody else's: the secondary claim's.
_NOTHING_OPEN = CLOSED | {"forwarded_secondary"}
# A missing authorization matters while it can still be put right.
_GAP_MATTERS: frozenset[ClaimStatus] = UNFILED | {"denied", "corrected"}
_AFTER_ANSWER: frozenset[ClaimStatus] = frozenset({"denied", "underpaid", "partially_paid"})
_CORRECTABLE: frozenset[ClaimStatus] = frozenset({"denied", "corrected"})
_PAID_IN_PART: frozenset[ClaimStatus] = frozenset({"underpaid", "partially_paid"})
# Of these the payer has paid a part, or nothing: then the whole is open.
_DISPUTED: frozenset[ClaimStatus] = frozenset({"appealed", "denied_final"})
# The time for an appeal runs: for the first after an answer, for the next level after a lost one. While one is open no
# such day is kept.
APPEALABLE: frozenset[ClaimStatus] = _AFTER_ANSWER | {"appealed"}


def balance(claim: BilledClaim) -> Decimal:
    """What is open of a claim: the amount at risk."""
    paid = claim.paid_amount or NOTHING
    if claim.status in _NOTHING_OPEN:
        return NOTHING
    if claim.status == "paid":
        left = claim.patient_amount or NOTHING
    elif claim.status in _PAID_IN_PART or (claim.status in _DISPUTED and paid > 0):
        left = _part_open(claim)
    else:
        left = claim.amount - paid
    return max(left - (claim.written_off_amount or NOTHING), NOTHING)


def ar_stage(claim: BilledClaim) -> ArStage:
    """Whose turn it is to pay: the patient's when the insurance has paid and left a part."""
    patient = claim.patient_amount or NOTHING
    if patient <= 0:
        return "insurance"
    if claim.status == "paid":
        return "patient"
    settled = claim.status == "partially_paid" or (claim.status == "denied_final" and bool(claim.paid_amount))
    return "patient" if settled and patient >= _part_open(claim) else "insurance"


def paid_status(claim: BilledClaim) -> PaidStatus:
    """How much of what the payer owes was paid."""
    if not claim.paid_amount:
        return "unpaid"
    if claim.status in {"finalized", "paid"}:
        return "paid"
    return "paid" if claim.paid_amount >= claim.amount else "partially_paid"


def authorization_gap(claim: BilledClaim) -> bool:
    """Tell whether an authorization is needed and missing, while that can still be put right."""
    return bool(claim.requires_authorization) and claim.authorization_id is None and claim.status in _GAP_MATTERS


def deadlines(claim: BilledClaim) -> tuple[tuple[date, DeadlineKind], ...]:
    """The deadlines that run in the claim's state, the soonest first."""
    running: list[tuple[date | None, DeadlineKind]] = []
    if claim.status in UNFILED:
        running.append((claim.filing_due_on, "filing"))
    if claim.status in _CORRECTABLE:
        running.append((claim.corrected_due_on, "corrected_claim"))
    if claim.status in APPEALABLE:
        running.append((claim.appeal_due_on, "appeal"))
    if authorization_gap(claim):
        running.append((claim.authorization_due_on, "authorization"))
    if claim.status not in _NOTHING_OPEN:
        running.append((claim.noted_due_on, "noted"))
    known = [(on, kind) for on, kind in running if on is not None]
    return tuple(sorted(known, key=lambda one: one[0]))


def next_deadline(claim: BilledClaim) -> tuple[date, DeadlineKind] | None:
    """The deadline that comes first; of several on one day filing, corrected claim, appeal, authorization, noted."""
    return next(iter(deadlines(claim)), None)


def queues(claim: BilledClaim, today: date) -> tuple[ClaimQueue, ...]:
    """The work queues in which a claim lies today, in the order of QUEUES: the first is its own `queue`."""
    due = next_deadline(claim)
    lies = {
        "rejected": claim.status == "rejected",
        "denied": claim.status == "denied",
        "deadline": due is not None and due[0] <= deadline_horizon(today),
        "underpaid": claim.status == "underpaid",
        "pended_too_long": claim.status == "pended"
        and claim.pended_since is not None
        and claim.pended_since <= pended_horizon(today),
        "authorization_gaps": authorization_gap(claim),
    }
    return tuple(name for name in QUEUES if lies[name])


def deadline_horizon(today: date) -> date:
    """The last day whose deadlines lie in the queue; those that have passed lie in it until they are dealt with."""
    return today + timedelta(days=DEADLINE_DAYS)


def pended_horizon(today: date) -> date:
    """The day since which a claim must be pended to be pended too long."""
    return today - timedelta(days=PENDED_DAYS)


def bucket(on: date | None, as_of: date) -> str:
    """The aging bucket of a claim of the day `on`; what lies ahead is new."""
    if on is None:
        return UNDATED
    days = max((as_of - on).days, 0)
    return next(name for name, first, last in BUCKETS if days >= first and (last is None or days <= last))


def _part_open(claim: BilledClaim) -> Decimal:
    """Of a claim that was paid in part what was expected, else what was allowed, less what was paid."""
    whole = next(one for one in (claim.expected_amount, claim.allowed_amount, claim.amount) if one is not None)
    return whole - (claim.paid_amount or NOTHING)
