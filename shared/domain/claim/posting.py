"""What a line of a payer's file makes of a claim: a payment, a denial, a reversal, a status; or why nothing.

- What the payer allowed is what it paid and what it left to the patient as a share of the costs. Where that is nothing,
  the claim is denied, whichever code it came with: 005010 keeps CLP02 4 for people whom the payer does not know.
- A denial names its reasons (CARC); a report of progress (277) has none and moves no money, so a claim that it calls
  finalized waits for the remittance. An acknowledgement (277CA) can reject, never deny.

Claim adjustment reason codes were taken from the published list (X12, external code list 139).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, TypeAlias

from shared.domain.claim.answers import NO_AUTHORIZATION, denial_of
from shared.domain.claim.appeals import ended
from shared.domain.claim.clocks import decided_anew
from shared.domain.claim.states import TRANSITIONS, UNFILED, ClaimMove, moved, steps_between
from shared.domain.claim.underpayment import missing
from shared.models.claim import Adjustment, Appeal, BilledClaim, ClaimFile, ClaimStatus, NewClaimEvent
from shared.models.identifiers import uuid7
from shared.models.remittance import ZERO, ClaimPayment, ClaimStatusAnswer, StatedStatus, StatusCode

NotPosted = Literal[
    "unknown_claim", "ambiguous", "person_mismatch", "amount_mismatch", "illegal_state", "unknown_status_code",
    "amount_out_of_range", "about_all_claims", "appeal_denied", "unreadable",
]  # fmt: skip
# The patient's share of the costs: deductible, coinsurance, copayment, blood deductible.
COST_SHARE = frozenset({"1", "2", "3", "66"})
# What was agreed, or what another payer has paid: no part of the claim is refused by them. 23 is the prior payer's
# part, 94 what was paid beyond the charge, 104 and 105 are withholdings, 131 and 253 reductions by contract and law.
WRITE_DOWNS = frozenset({"23", "42", "45", "90", "91", "94", "104", "105", "131", "253", "A2"})
PROCESSED = frozenset({"1", "2", "3", "19", "20", "21"})
SECONDARY = frozenset({"2", "3", "20", "21"})
DENIED, REVERSED = "4", "22"
_NOTED = {"23": "forwarded", "25": "predetermined"}
_REJECTIONS = frozenset({"A3", "A6", "A7", "A8"})
_ACCEPTED = "A2"
_STOOD: frozenset[ClaimStatus] = UNFILED - {"rejected"}
_LARGEST = Decimal("99999999.99")  # what columns of amounts hold


@dataclass(frozen=True, slots=True)
class LineSource:
    """Where a line stands: the file, its number there, what marks it wherever it is repeated; who has matched it."""

    file_id: str
    trace_number: str
    number: int
    fingerprint: str
    dated_on: date | None = None
    by_hand: bool = False

    @property
    def reference(self) -> str:
        """What a claim takes once."""
        return f"x12:{self.fingerprint}"


@dataclass(frozen=True, slots=True)
class Posted:
    """The claim after a line, and what its history tells. `noted` when the line moved nothing.

    `appeal` is the one that the line decides.
    """

    claim: BilledClaim
    events: tuple[NewClaimEvent, ...]
    noted: bool = False
    appeal: Appeal | None = None


Posting: TypeAlias = Posted | NotPosted


def paid_by(file: ClaimFile, payment: ClaimPayment, source: LineSource, *, now: datetime, today: date) -> Posting:
    """What one claim of a remittance makes of a claim, with the deadlines that run from a denial.

    A payment ends an open appeal. That the payer denies again does not: whether the next level follows a person says,
    so such a line is only noted, and only by hand.
    """
    claim = file.claim
    if not _held(payment.charge, payment.paid, *(one.amount for one in payment.all_adjustments)):
        return "amount_out_of_range"
    code = payment.status_code.lstrip("0")
    if code in _NOTED:
        return _note(claim, _NOTED[code], source, _details(payment), now=now)
    if code == REVERSED:
        return _reversed(claim, payment, source, now=now)
    if code not in PROCESSED | {DENIED}:
        return "unknown_status_code"
    return _adjudicated(file, payment, source, now=now, today=today)


def _adjudicated(file: ClaimFile, payment: ClaimPayment, source: LineSource, *, now: datetime, today: date) -> Posting:
    claim, adjustments = file.claim, adjustments_of(payment)
    decided_on = min(source.dated_on or today, today)  # money may be dated on the day on which it will arrive
    target = _target(claim, payment, adjustments)
    if target == "denied_final":
        return _note(claim, "appeal_denied", source, _details(payment), now=now) if source.by_hand else "appeal_denied"
    steps = steps_between(claim.status, target)
    if not steps or "reverse" in steps:  # what was adjudicated takes a further answer after its reversal
        return "illegal_state"
    denial = _denial(adjustments) if target == "denied" else None
    reason = (denial.code if denial else "denied") if target == "denied" else None
    after, events = _moved(claim, steps, reason=reason, now=now)
    after = replace(
        after,
        paid_amount=payment.paid,
        allowed_amount=_allowed(target, payment, adjustments),
        patient_amount=_patient_amount(payment, adjustments),
        adjudicated_on=decided_on,
        payer_control_number=payment.payer_control_number or claim.payer_control_number,
        denial_code=denial.code if denial else None,
        denial_reason=_words(denial) if denial else None,
        requires_authorization=_authorization_needed(adjustments) or claim.requires_authorization,
    )
    if not _held(after.allowed_amount, after.patient_amount):  # sums of amounts that a claim holds one by one
        return "amount_out_of_range"
    after = decided_anew(file, after)
    last = replace(events[-1], amount=payment.paid, adjustments=adjustments)
    posted = _sourced(after, (*events[:-1], last), source, _details(payment))
    return replace(posted, appeal=ended(file, "won" if target == "paid" else "partially_won", decided_on))


def _held(*amounts: Decimal | None) -> bool:
    """Whether a claim's columns hold these amounts."""
    return all(one is None or abs(one) <= _LARGEST for one in amounts)


def _denial(adjustments: tuple[Adjustment, ...]) -> Adjustment | None:
    """The adjustment that a denial is known by; a write-down only where there is nothing else."""
    return denial_of(one for one in adjustments if one.carc not in WRITE_DOWNS) or denial_of(adjustments)


def reported_on(
    claim: BilledClaim, answer: ClaimStatusAnswer, source: LineSource, *, now: datetime, today: date
) -> Posting:
    """What a report of progress, or an acknowledgement, makes of `claim`: of all that it says the strongest counts."""
    if claim.status in _STOOD:
        return "illegal_state"
    status = strongest(answer)
    code = status.codes[0]
    details = {"codes": [words_of(one) for said in answer.statuses for one in said.codes]}
    target = _reported(code)
    number = claim.payer_control_number or answer.payer_control_number
    known = claim if number == claim.payer_control_number else replace(claim, payer_control_number=number)
    steps = steps_between(claim.status, target) if target else None
    if target == "rejected" and claim.status != "rejected" and steps != ("reject",):
        return "illegal_state"
    if not steps or "reverse" in steps:
        noted = _note(known, "status", source, details, now=now)
        return noted if known is claim else replace(noted, claim=replace(known, version=claim.version + 1))
    after, events = _moved(known, steps, reason=words_of(code) if target == "rejected" else None, now=now)
    if target == "pended":
        after = replace(after, pended_since=min(status.on or today, today))
    return _sourced(after, events, source, details)


def strongest(answer: ClaimStatusAnswer) -> StatedStatus:
    """The status that counts of all that is said of a claim; of those that go as far the one that was said first."""
    return max(answer.statuses, key=_strength)


def adjustments_of(payment: ClaimPayment) -> tuple[Adjustment, ...]:
    """The adjustments of the claim, then of its services with the number of their line, each with its remarks."""
    of_claim = [Adjustment(one.group, one.reason, one.amount, payment.remarks) for one in payment.adjustments]
    of_services = [
        Adjustment(one.group, one.reason, one.amount, service.remarks, line)
        for line, service in enumerate(payment.services, start=1)
        for one in service.adjustments
    ]
    return (*of_claim, *of_services)


def words_of(code: StatusCode) -> str:
    """A status as people write it: A7:562:85."""
    return ":".join(part for part in (code.category, code.status, code.entity) if part)


def _target(claim: BilledClaim, payment: ClaimPayment, adjustments: tuple[Adjustment, ...]) -> ClaimStatus:
    denied = payment.status_code.lstrip("0") == DENIED
    refused = _sum(adjustments, lambda one: not _shared(one) and one.carc not in WRITE_DOWNS)
    granted = payment.paid + _share(adjustments)
    if denied or (granted <= 0 and claim.amount > 0 and not _settled_by_others(adjustments)):
        return "denied_final" if claim.status == "appealed" else "denied"
    if refused > 0:
        return "partially_paid"
    paid = replace(claim, paid_amount=payment.paid, patient_amount=_patient_amount(payment, adjustments))
    if claim.expected_amount is not None and missing(paid) > 0:
        return "partially_paid" if claim.status == "appealed" else "underpaid"
    return "paid"


def _authorization_needed(adjustments: tuple[Adjustment, ...]) -> bool | None:
    return True if any(one.carc in NO_AUTHORIZATION for one in adjustments) else None


def _settled_by_others(adjustments: tuple[Adjustment, ...]) -> bool:
    """Whether nothing was left to pay because a payer before has paid, or because of what was agreed alone."""
    return bool(adjustments) and all(one.carc in WRITE_DOWNS for one in adjustments)


def _allowed(target: ClaimStatus, payment: ClaimPayment, adjustments: tuple[Adjustment, ...]) -> Decimal:
    """What was granted; of a claim that was paid in part, what is left of the charge after the write-downs.

    The charge is the line's: a further payer repeats the first claim's, and what others have paid is a write-down.
    """
    if target == "partially_paid":
        return payment.charge - _sum(adjustments, lambda one: one.carc in WRITE_DOWNS)
    return payment.paid + _share(adjustments)


def _patient_amount(payment: ClaimPayment, adjustments: tuple[Adjustment, ...]) -> Decimal:
    stated = _sum(adjustments, lambda one: one.group == "PR")
    return max(stated or payment.patient_responsibility, ZERO)


def _shared(one: Adjustment) -> bool:
    return one.group == "PR" and one.carc in COST_SHARE


def _share(adjustments: tuple[Adjustment, ...]) -> Decimal:
    return _sum(adjustments, _shared)


def _sum(adjustments: tuple[Adjustment, ...], counts: Callable[[Adjustment], bool]) -> Decimal:
    return sum((one.amount for one in adjustments if counts(one)), ZERO)


def _reversed(claim: BilledClaim, payment: ClaimPayment, source: LineSource, *, now: datetime) -> Posting:
    """A reversal takes back exactly what was paid; the claim waits again for what the payer makes of it."""
    if claim.status not in TRANSITIONS["reverse"].sources:
        return "illegal_state"
    if (claim.paid_amount or ZERO) != -payment.paid:
        return "amount_mismatch"
    after, events = _moved(claim, ("reverse",), reason="reversed_by_payer", now=now)
    last = replace(events[-1], amount=payment.paid)
    return _sourced(after, (*events[:-1], last), source, _details(payment))


def _reported(code: StatusCode) -> ClaimStatus | None:
    if code.category in _REJECTIONS:
        return "rejected"
    if code.category == _ACCEPTED:
        return "accepted"
    return "pended" if code.category.startswith(("P", "R")) else None


def _strength(status: StatedStatus) -> int:
    """How far a status goes: a rejection ends a claim's way whatever came before it; nothing follows a finalization."""
    code = status.codes[0]
    target = _reported(code)
    if target == "rejected":
        return 4
    if code.category.startswith("F"):
        return 3
    return {"pended": 2, "accepted": 1}.get(target or "", 0)


def _moved(
    claim: BilledClaim, steps: tuple[ClaimMove, ...], *, reason: str | None, now: datetime
) -> tuple[BilledClaim, tuple[NewClaimEvent, ...]]:
    """Take all steps as one version of the claim, each told in its history."""
    after, events = claim, []
    for step in steps:
        given = reason if TRANSITIONS[step].needs_reason else None
        next_one = moved(after, step, reason=given)
        events.append(NewClaimEvent(uuid7(), step, after.status, next_one.status, now, reason=given))
        after = next_one
    return replace(after, version=claim.version + 1), tuple(events)


def _note(claim: BilledClaim, kind: str, source: LineSource, details: Mapping[str, object], *, now: datetime) -> Posted:
    event = NewClaimEvent(uuid7(), kind, claim.status, claim.status, now)
    posted = _sourced(claim, (event,), source, details)
    return replace(posted, noted=True)


def _sourced(
    claim: BilledClaim, events: tuple[NewClaimEvent, ...], source: LineSource, details: Mapping[str, object]
) -> Posted:
    """Mark the last event with the line: that is what lets a claim take it once."""
    where = {
        "fileId": source.file_id,
        "traceNumber": source.trace_number,
        "line": source.number,
        "matchedByHand": source.by_hand,
    }
    last = replace(events[-1], source_ref=source.reference, details=where | dict(details))
    return Posted(claim, (*events[:-1], last))


def _details(payment: ClaimPayment) -> dict[str, object]:
    said = {
        "statusCode": payment.status_code,
        "payerControlNumber": payment.payer_control_number,
        "forwardedTo": payment.forwarded_to,
        "remarks": list(payment.all_remarks) or None,
    }
    return {name: value for name, value in said.items() if value is not None}


def _words(denial: Adjustment) -> str:
    return " ".join((denial.code, *denial.remarks))
