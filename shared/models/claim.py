"""Claims as the billers' mode works with them: frozen, typed, money as exact decimals, deadlines as days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from shared.models.records import Payer

ClaimStatus = Literal[
    "draft", "on_hold", "missing_information", "ready", "submitted", "rejected", "accepted", "pended", "paid",
    "partially_paid", "underpaid", "denied", "appealed", "denied_final", "corrected", "forwarded_secondary",
    "written_off", "finalized", "voided",
]  # fmt: skip
ArStage = Literal["insurance", "patient"]
PaidStatus = Literal["unpaid", "partially_paid", "paid"]
DeadlineKind = Literal["filing", "corrected_claim", "appeal", "authorization", "noted"]
ClaimQueue = Literal["rejected", "denied", "deadline", "underpaid", "pended_too_long", "authorization_gaps"]
AppealStatus = Literal["open", "won", "partially_won", "lost", "withdrawn"]
# Whose an adjustment is: contractual, patient's, other, payer-initiated, corrections (X12 835 CAS01).
GroupCode = Literal["CO", "PR", "OA", "PI", "CR"]
AppealKind = Literal["appeal", "peer_to_peer"]
AppealGround = Literal["authorization", "medical_necessity", "timely_filing", "coding", "underpayment", "other"]
# The step of the practice's work that a denial goes back to.
CauseStep = Literal["eligibility_check", "registration", "authorization", "scheduling", "coding", "filing", "payer"]
WriteOffReason = Literal[
    "timely_filing", "no_authorization", "not_covered", "medical_necessity", "contractual", "small_balance",
    "charity_care", "bankruptcy", "deceased", "uncollectible", "duplicate", "administrative",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Adjustment:
    """Why a payer paid less than was billed: one CAS triplet. `remarks` are RARC codes."""

    group: GroupCode
    carc: str
    amount: Decimal
    remarks: tuple[str, ...] = ()
    line: int | None = None

    @property
    def code(self) -> str:
        """As people say it: CO-197."""
        return f"{self.group}-{self.carc}"


@dataclass(frozen=True, slots=True)
class Appeal:
    """One level of appeal. `due_on` is until when the payer should have decided."""

    id: UUID
    level: int
    status: AppealStatus
    filed_on: date
    due_on: date | None = None
    reason: str | None = None
    reference: str | None = None
    amount: Decimal | None = None
    decided_on: date | None = None


@dataclass(frozen=True, slots=True)
class BilledClaim:
    """A claim with all that is kept of it.

    `expected_amount` is what the contract promises, `allowed_amount` what the payer allowed, `patient_amount` what it
    left to the patient. `*_due_on` are the deadlines that are known; which of them counts follows from the state.
    `noted_due_on` is the organisation's day of `next_deadline_at`, which somebody noted with the record.
    `scrub` is the result of the newest scrubbing. `secondary_of_id` is the primary payer's claim.
    """

    id: UUID
    claim_number: str
    patient_id: UUID
    status: ClaimStatus
    amount: Decimal
    paid_amount: Decimal | None = None
    currency: str = "USD"
    service_date: date | None = None
    submitted_date: date | None = None
    payer_id: UUID | None = None
    visit_id: UUID | None = None
    provider_id: UUID | None = None
    coverage_id: UUID | None = None
    claim_type: str | None = None
    procedure_codes: tuple[str, ...] = ()
    diagnosis_codes: tuple[str, ...] = ()
    status_reason: str | None = None
    hold_reason: str | None = None
    denial_reason: str | None = None
    denial_code: str | None = None
    payer_control_number: str | None = None
    expected_amount: Decimal | None = None
    allowed_amount: Decimal | None = None
    patient_amount: Decimal | None = None
    adjudicated_on: date | None = None
    pended_since: date | None = None
    written_off_amount: Decimal | None = None
    write_off_approved_by: UUID | None = None
    requires_authorization: bool | None = None
    authorization_id: UUID | None = None
    secondary_of_id: UUID | None = None
    filing_due_on: date | None = None
    corrected_due_on: date | None = None
    appeal_due_on: date | None = None
    authorization_due_on: date | None = None
    noted_due_on: date | None = None
    next_deadline_at: datetime | None = None
    scrub: Mapping[str, Any] | None = None
    version: int = 1


@dataclass(frozen=True, slots=True)
class ClaimParty:
    """Who a claim is about or for: the uuid, the number people use, the name."""

    id: UUID
    number: str
    name: str
    npi: str | None = None


@dataclass(frozen=True, slots=True)
class ClaimFile:
    """A claim and what a decision about it needs.

    `adjustments` are those of the newest adjudication; `secondary_ids` the claims that bill the rest to another payer.
    """

    claim: BilledClaim
    patient: ClaimParty
    payer: Payer | None = None
    provider: ClaimParty | None = None
    adjustments: tuple[Adjustment, ...] = ()
    appeals: tuple[Appeal, ...] = ()
    secondary_ids: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class NewClaimEvent:
    """What is added to a claim's history: a move (`kind` is its verb), or what changes no state (a note, a scrubbing).

    `source_ref` names what it was read from, such as one payment of one 835: a claim takes it once. `details` are
    plain JSON values.
    """

    id: UUID
    kind: str
    from_status: ClaimStatus
    to_status: ClaimStatus
    occurred_at: datetime
    reason: str | None = None
    amount: Decimal | None = None
    adjustments: tuple[Adjustment, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
    source_ref: str | None = None


@dataclass(frozen=True, slots=True)
class ClaimEvent:
    """One entry of a claim's history. `number` counts from 1; `claim_version` is the version that the claim had after.

    `kind` is a move's verb, `recorded` for a state that came with the record (made, changed or imported), or another
    word for what changes no state. `recorded_by` is None for what no person of the organisation entered.
    """

    id: UUID
    number: int
    kind: str
    from_status: ClaimStatus | None
    to_status: ClaimStatus | None
    reason: str | None
    amount: Decimal | None
    adjustments: tuple[Adjustment, ...]
    details: Mapping[str, Any]
    source_ref: str | None
    recorded_by: UUID | None
    occurred_at: datetime
    claim_version: int | None


@dataclass(frozen=True, slots=True)
class ListedClaim:
    """A claim in a list: with whose it is and who pays, and what is open of it."""

    id: UUID
    claim_number: str
    status: ClaimStatus
    amount: Decimal
    paid_amount: Decimal | None
    balance: Decimal
    ar_stage: ArStage
    currency: str
    service_date: date | None
    submitted_date: date | None
    patient_id: UUID
    mrn: str
    payer_id: UUID | None
    payer_name: str | None
    provider_id: UUID | None
    denial_code: str | None
    next_deadline_on: date | None
    deadline_kind: DeadlineKind | None
    pended_since: date | None
    authorization_gap: bool
    version: int


@dataclass(frozen=True, slots=True)
class Total:
    """How many claims, and how much money of them."""

    claims: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class QueueTotal:
    """What lies in a work queue; `reasons` where it is told apart by reason."""

    queue: ClaimQueue
    total: Total
    reasons: Mapping[str, Total] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AgingCell:
    """What is open of one payer's claims in one bucket and stage; `bucket` `undated` where no day is known."""

    payer_id: UUID | None
    payer_name: str | None
    stage: ArStage
    bucket: str
    total: Total
