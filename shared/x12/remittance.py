"""The 835 (005010X221A1) read into one Remittance per transaction. What is not understood is noted, never dropped.

An amount that is none, or a claim without its number, refuses the transaction: half a payment is posted nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from shared.models.payer_answer import AnswerPeriod, Reference
from shared.models.remittance import (
    ZERO,
    Adjustment,
    ClaimPayment,
    ProviderAdjustment,
    Remittance,
    ServicePayment,
    StatedAmount,
)
from shared.x12.amounts import adjustments_of, amount_at, identifier_at, required_amount_at, stated_amount
from shared.x12.errors import UnreadableTransactionError
from shared.x12.interchange import Transaction
from shared.x12.parties import Party
from shared.x12.segments import Segment
from shared.x12.values import Notes, day, number_at, reference

_DEBIT = "D"
_PRODUCED = "405"  # the day of the file, where the payment says none
_PAYER, _PAYEE = "PR", "PE"
_PATIENT, _CORRECTED, _CROSSOVER = "QC", "74", "TT"
_PERIOD_STARTS, _PERIOD_ENDS = frozenset({"232", "150"}), frozenset({"233", "151"})
_SERVICE_DATES = frozenset({"472", *_PERIOD_STARTS, *_PERIOD_ENDS})
_REMARKS = {"MIA": (5, 20, 21, 22, 23), "MOA": (3, 4, 5, 6, 7)}
_REMARK_LIST = "HE"  # of LQ: remittance advice remark codes
_SUMMARIES = frozenset(
    {"TS2", "TS3", "RDM", "CUR", "LX", "QTY", "PER"}
)  # totals of the payer; nothing is posted by them
_PLB_PAIRS = range(3, 15, 2)
_BPR_DATE = 16


def read_remittance(transaction: Transaction) -> Remittance:
    """Read one 835. Raises UnreadableTransactionError naming the segment."""
    reading = _Reading()
    for segment in transaction.segments:
        reading.take(segment)
    return reading.done(tuple(fault.code for fault in transaction.faults))


@dataclass(slots=True)
class _Said:
    """What may be said of a claim and of a service alike."""

    adjustments: list[Adjustment] = field(default_factory=list)
    amounts: list[StatedAmount] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    dates: list[tuple[str, date]] = field(default_factory=list)

    def take(self, segment: Segment, notes: Notes) -> bool:
        """Read one more segment; False when it says something else."""
        if segment.id == "CAS":
            self.adjustments += adjustments_of(segment, notes)
        elif segment.id == "AMT":
            self.amounts.append(stated_amount(segment))
        elif segment.id == "REF":
            self.references.append(reference(segment))
        elif segment.id in _REMARKS:
            self.remarks += [segment[number] for number in _REMARKS[segment.id] if segment[number]]
        elif segment.id == "LQ" and segment[1] == _REMARK_LIST:
            self.remarks.append(segment[2])
        elif segment.id == "DTM":
            self._date(segment, notes)
        else:
            return segment.id == "QTY"
        return True

    def periods(self) -> tuple[AnswerPeriod, ...]:
        """The days of service as one period, then all other dates. A start alone is one day."""
        first = min((on for qualifier, on in self.dates if qualifier in {"472", *_PERIOD_STARTS}), default=None)
        last = max((on for qualifier, on in self.dates if qualifier in _PERIOD_ENDS), default=first)
        service = [AnswerPeriod("472", first or last, last)] if first or last else []
        others = [AnswerPeriod(qualifier, on, on) for qualifier, on in self.dates if qualifier not in _SERVICE_DATES]
        return (*service, *others)

    def _date(self, segment: Segment, notes: Notes) -> None:
        on = day(segment[2])
        if on is None:
            notes.add(segment, "the date was not read")
        else:
            self.dates.append((segment[1], on))


@dataclass(slots=True)
class _Claim:
    """One CLP while it is read."""

    payment: ClaimPayment
    said: _Said = field(default_factory=_Said)
    services: list[tuple[ServicePayment, _Said]] = field(default_factory=list)
    parties: dict[str, Party] = field(default_factory=dict)

    def take(self, segment: Segment, notes: Notes) -> None:
        if segment.id == "SVC":
            self.services.append((_service(segment, notes), _Said()))
        elif segment.id == "NM1":
            self.parties[segment[1]] = Party(segment)
        elif not (self.services[-1][1] if self.services else self.said).take(segment, notes):
            notes.add(segment, "not read")

    def done(self) -> ClaimPayment:
        """The claim with all that belongs to it."""
        patient, corrected = (self.parties.get(role) for role in (_PATIENT, _CORRECTED))
        crossover = self.parties.get(_CROSSOVER)
        return replace(
            self.payment,
            patient=patient.person() if patient else None,
            corrected_patient=corrected.person() if corrected else None,
            forwarded_to=(crossover.entity().name or None) if crossover else None,
            adjustments=tuple(self.said.adjustments),
            remarks=tuple(dict.fromkeys(self.said.remarks)),
            periods=self.said.periods(),
            amounts=tuple(self.said.amounts),
            references=tuple(self.said.references),
            services=tuple(
                replace(
                    service,
                    adjustments=tuple(said.adjustments),
                    remarks=tuple(dict.fromkeys(said.remarks)),
                    periods=said.periods(),
                    amounts=tuple(said.amounts),
                    references=tuple(said.references),
                )
                for service, said in self.services
            ),
        )


@dataclass(slots=True)
class _Reading:
    """Where we are in one 835."""

    notes: Notes = field(default_factory=Notes)
    payment: Segment | None = None
    trace: Segment | None = None
    produced: Segment | None = None
    named: dict[str, Segment] = field(default_factory=dict)
    claims: list[_Claim] = field(default_factory=list)
    provider_adjustments: list[ProviderAdjustment] = field(default_factory=list)

    def take(self, segment: Segment) -> None:
        """Read one segment."""
        if segment.id == "CLP":
            self.claims.append(_Claim(_claim(segment)))
        elif segment.id == "PLB":
            self.provider_adjustments += _provider_adjustments(segment, self.notes)
        elif segment.id in _SUMMARIES:
            return
        elif self.claims:
            self.claims[-1].take(segment, self.notes)
        elif segment.id == "BPR" and self.payment is None:
            self.payment = segment
        elif segment.id == "TRN" and self.trace is None:
            self.trace = segment
        elif segment.id == "DTM" and segment[1] == _PRODUCED:
            self.produced = segment
        elif segment.id == "N1":
            self.named[segment[1]] = segment
        elif segment.id not in {"N3", "N4", "REF", "DTM"}:
            self.notes.add(segment, "not read")

    def done(self, faults: tuple[str, ...]) -> Remittance:
        """The remittance. Raises UnreadableTransactionError when it says no payment, or not which one."""
        if self.payment is None:
            raise UnreadableTransactionError("payment_missing", "There is no BPR before the claims", segment=1)
        if self.trace is None or not self.trace[2]:
            at = self.payment.position
            raise UnreadableTransactionError("trace_missing", "There is no TRN with a number after BPR", segment=at)
        amount = required_amount_at(self.payment, 2)
        paid_on = day(self.payment[_BPR_DATE])
        if paid_on is None and self.payment[_BPR_DATE]:
            self.notes.add(self.payment, "the date was not read")
        paid_on = paid_on or (day(self.produced[2]) if self.produced else None)
        payer, payee = self.named.get(_PAYER), self.named.get(_PAYEE)
        return Remittance(
            trace_number=identifier_at(self.trace, 2) or "",
            originator=identifier_at(self.trace, 3),
            amount=-amount if self.payment[3] == _DEBIT else amount,
            method=self.payment[4] or None,
            paid_on=paid_on,
            payer_name=(payer[2] or None) if payer else None,
            payer_id=(payer[4] or None) if payer else None,
            payee_name=(payee[2] or None) if payee else None,
            payee_id=(payee[4] or None) if payee else None,
            claims=tuple(claim.done() for claim in self.claims),
            provider_adjustments=tuple(self.provider_adjustments),
            unread=self.notes.lines(),
            faults=faults,
        )


def _claim(segment: Segment) -> ClaimPayment:
    if not segment[1] or not segment[2]:
        missing = "CLP01" if not segment[1] else "CLP02"
        raise UnreadableTransactionError("claim_incomplete", f"{missing} is missing", segment=segment.position)
    return ClaimPayment(
        position=segment.position,
        claim_number=identifier_at(segment, 1) or "",
        status_code=segment[2],
        charge=required_amount_at(segment, 3),
        paid=required_amount_at(segment, 4),
        patient_responsibility=amount_at(segment, 5) or ZERO,
        filing_indicator=segment[6] or None,
        payer_control_number=identifier_at(segment, 7),
        frequency=segment[9] or None,
    )


def _service(segment: Segment, notes: Notes) -> ServicePayment:
    return ServicePayment(
        position=segment.position,
        procedure=":".join(segment.components(1)),
        charge=required_amount_at(segment, 2),
        paid=amount_at(segment, 3) or ZERO,
        revenue_code=segment[4] or None,
        units=number_at(segment, 5, notes),
    )


def _provider_adjustments(segment: Segment, notes: Notes) -> list[ProviderAdjustment]:
    end = day(segment[2])
    if end is None and segment[2]:
        notes.add(segment, "the date was not read")
    found = []
    for position in _PLB_PAIRS:
        amount = amount_at(segment, position + 1)
        if amount is None:
            continue
        reason, *more = segment.components(position) or ("",)
        found.append(ProviderAdjustment(segment[1], end, reason, ":".join(more) or None, Decimal(amount)))
    return found
