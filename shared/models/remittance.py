"""What a payer says it paid (X12 835, 005010X221A1) and what it says of a claim's progress (277, 277CA).

Amounts are dollars exact to the cent. Members named after elements hold their codes as they stand; `source` and
`position` say where in the file. `unread` quotes what the payer wrote: it can name a person and never goes into a log.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from shared.models.claim import GroupCode
from shared.models.payer_answer import AnsweredPerson, AnswerPeriod, Reference

ZERO = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class Adjustment:
    """One reason why less (or more, when negative) was paid than charged: `group` is CAS01, `reason` a CARC."""

    group: GroupCode
    reason: str
    amount: Decimal
    quantity: Decimal | None = None


@dataclass(frozen=True, slots=True)
class StatedAmount:
    """One AMT: `qualifier` is AMT01 (AU covered, B6 allowed, I interest, F5 the patient has paid …)."""

    qualifier: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class ServicePayment:
    """One service line (loop 2110): `procedure` is SVC01 as `HC:99213:25`, `remarks` are RARCs (LQ)."""

    position: int
    procedure: str
    charge: Decimal
    paid: Decimal
    revenue_code: str | None = None
    units: Decimal | None = None
    adjustments: tuple[Adjustment, ...] = ()
    remarks: tuple[str, ...] = ()
    periods: tuple[AnswerPeriod, ...] = ()
    amounts: tuple[StatedAmount, ...] = ()
    references: tuple[Reference, ...] = ()


@dataclass(frozen=True, slots=True)
class ClaimPayment:
    """One claim of a remittance (loop 2100).

    `status_code` is CLP02: 1 primary, 2 secondary, 3 tertiary, 4 denied, 19 to 21 the first three and forwarded,
    22 reversal, 23 not ours and forwarded, 25 predetermination. `claim_number` is ours (CLP01),
    `payer_control_number` the payer's (CLP07); `remarks` are RARCs; `forwarded_to` is the payer it was handed on to.
    """

    position: int
    claim_number: str
    status_code: str
    charge: Decimal
    paid: Decimal
    patient_responsibility: Decimal = ZERO
    filing_indicator: str | None = None
    payer_control_number: str | None = None
    frequency: str | None = None
    patient: AnsweredPerson | None = None
    corrected_patient: AnsweredPerson | None = None
    forwarded_to: str | None = None
    adjustments: tuple[Adjustment, ...] = ()
    remarks: tuple[str, ...] = ()
    periods: tuple[AnswerPeriod, ...] = ()
    amounts: tuple[StatedAmount, ...] = ()
    references: tuple[Reference, ...] = ()
    services: tuple[ServicePayment, ...] = ()

    @property
    def all_adjustments(self) -> tuple[Adjustment, ...]:
        """Those of the claim, then those of its services."""
        return (*self.adjustments, *(one for service in self.services for one in service.adjustments))

    @property
    def all_remarks(self) -> tuple[str, ...]:
        """The remark codes of the claim and of its services, each once."""
        return tuple(dict.fromkeys((*self.remarks, *(one for service in self.services for one in service.remarks))))

    @property
    def first_service_day(self) -> date | None:
        """The earliest day of service that is said of the claim or of its services."""
        said = (*self.periods, *(one for service in self.services for one in service.periods))
        return min((one.start for one in said if one.start is not None), default=None)


@dataclass(frozen=True, slots=True)
class ProviderAdjustment:
    """Money that belongs to no claim of the file (PLB): `amount` lowers the payment; a negative one raises it."""

    provider: str
    period_end: date | None
    reason: str
    reference: str | None
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Remittance:
    """One 835: a payment and the claims that it is for.

    `trace_number` is TRN02 (of the check or transfer), `originator` TRN03; `amount` is negative for a debit. `method`
    is BPR04 (CHK, ACH, NON …). `faults` are codes of what does not add up in the envelope.
    """

    trace_number: str
    originator: str | None
    amount: Decimal
    method: str | None
    paid_on: date | None
    payer_name: str | None
    payer_id: str | None
    payee_name: str | None
    payee_id: str | None
    claims: tuple[ClaimPayment, ...]
    provider_adjustments: tuple[ProviderAdjustment, ...] = ()
    unread: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()


BalanceLevel = Literal["service", "claim", "services", "file"]


@dataclass(frozen=True, slots=True)
class Imbalance:
    """A sum that does not add up: `expected` follows from the parts, `stated` is what the file says.

    `level` service: charge less its adjustments is not what it paid. claim: the same with all adjustments of the claim
    and its services. services: the charges of the services are not the claim's. file: what the claims were paid, less
    the provider's adjustments, is not the payment.
    """

    level: BalanceLevel
    position: int
    expected: Decimal
    stated: Decimal


@dataclass(frozen=True, slots=True)
class StatusCode:
    """One composite of an STC: category (A1, F2 …), status, and the entity (PR payer, 85 provider …) it is about."""

    category: str
    status: str
    entity: str | None = None


@dataclass(frozen=True, slots=True)
class StatedStatus:
    """One STC: the first of `codes` is the one that counts. `charge` and `paid` are of the claim or line."""

    codes: tuple[StatusCode, ...]
    on: date | None = None
    action: str | None = None
    charge: Decimal | None = None
    paid: Decimal | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """What is said of one service line."""

    position: int
    procedure: str
    statuses: tuple[StatedStatus, ...] = ()


StatusLevel = Literal["information_receiver", "provider", "claim"]


@dataclass(frozen=True, slots=True)
class ClaimStatusAnswer:
    """What is said of one claim; of all that we asked or sent, when `level` is that of the receiver or provider.

    `claim_number` is ours: REF EJ, in an acknowledgement (277CA) the trace. `trace_number` is TRN02.
    """

    level: StatusLevel
    position: int
    statuses: tuple[StatedStatus, ...]
    trace_number: str | None = None
    claim_number: str | None = None
    payer_control_number: str | None = None
    patient: AnsweredPerson | None = None
    service_period: AnswerPeriod | None = None
    references: tuple[Reference, ...] = ()
    services: tuple[ServiceStatus, ...] = ()


@dataclass(frozen=True, slots=True)
class ClaimStatusReport:
    """One 277 (`acknowledgement` false) or 277CA: `reference` is BHT03, `made_on` BHT04."""

    acknowledgement: bool
    reference: str
    made_on: date | None
    payer_name: str | None
    payer_id: str | None
    answers: tuple[ClaimStatusAnswer, ...]
    unread: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
