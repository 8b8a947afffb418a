"""Requests and answers about claims as billers work with them: one claim, its history, queues, deadlines, aging."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from shared.models.api.base import AnswerModel, Page, RequestModel
from shared.models.api.members import Cents, LongText, RecordDay, Reference
from shared.models.claim import (
    AppealStatus,
    ArStage,
    ClaimQueue,
    ClaimStatus,
    DeadlineKind,
    GroupCode,
    PaidStatus,
)

Version = Annotated[int, Field(ge=1)]
ControlNumber = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
# As people say them: group and CARC, such as CO-197.
DenialCode = Annotated[str, StringConstraints(pattern=r"^(CO|PR|OA|PI|CR)-[A-Z]?[0-9]{1,3}$")]
Carc = Annotated[str, StringConstraints(pattern=r"^[A-Z]?[0-9]{1,3}$")]
Rarc = Annotated[str, StringConstraints(pattern=r"^(M[0-9]{1,3}|MA[0-9]{1,3}|N[0-9]{1,4})$")]
EventKind = Literal[
    "note", "hold", "release", "flag_missing", "supply", "make_ready", "submit", "reject", "redraft", "accept", "pend",
    "pay", "pay_partially", "underpay", "deny", "appeal", "uphold_denial", "correct", "forward_secondary", "write_off",
    "finalize", "void", "reverse",
]  # fmt: skip
Limit = Annotated[int, Field(ge=1, le=100)]


class AdjustmentInput(RequestModel):
    """Why the payer paid less: one adjustment of an explanation of benefits."""

    group_code: GroupCode
    carc: Carc
    amount_cents: Annotated[int, Field(ge=-9_999_999_999, le=9_999_999_999)]
    remarks: Annotated[tuple[Rarc, ...], Field(max_length=5)] = ()
    line: Annotated[int, Field(ge=1, le=999)] | None = None


class ClaimEventRequest(RequestModel):
    """A step of a claim, or a note. Amounts are totals of the claim; `occurredOn` is today when it is left out.

    A reason is needed by: note, hold, flag_missing, reject, deny, appeal, uphold_denial, write_off, void, reverse.
    """

    kind: EventKind
    reason: LongText | None = None
    occurred_on: RecordDay | None = None
    paid_cents: Cents | None = None
    allowed_cents: Cents | None = None
    expected_cents: Cents | None = None
    patient_cents: Cents | None = None
    adjustments: Annotated[tuple[AdjustmentInput, ...], Field(max_length=99)] = ()
    payer_control_number: ControlNumber | None = None
    appeal_due_on: RecordDay | None = None
    corrected_due_on: RecordDay | None = None
    filing_due_on: RecordDay | None = None
    version: Version | None = None


class ClaimsQuery(Page):
    """Claims that fit everything that is given, newest day of service first. `denialCode` is what it is known by."""

    patient_id: Reference | None = None
    status: ClaimStatus | None = None
    payer_id: Reference | None = None
    provider_id: Reference | None = None
    denial_code: DenialCode | None = None
    first_day: RecordDay | None = None
    last_day: RecordDay | None = None
    least_cents: Cents | None = None
    most_cents: Cents | None = None
    limit: Limit = 25


class QueueQuery(Page):
    """All queues with what they hold; with `queue`, its claims: of one `reason` where it is told apart by reason."""

    queue: ClaimQueue | None = None
    reason: DenialCode | None = None
    order: Literal["amount", "date"] = "amount"
    limit: Limit = 25


class DeadlineQuery(Page):
    """Deadlines up to a day (30 days from today), those that have passed included; the most money first."""

    until: RecordDay | None = None
    kind: DeadlineKind | None = None
    order: Literal["amount", "date"] = "amount"
    limit: Limit = 25


class AgingQuery(RequestModel):
    """From which day back the age is counted: today when it is left out."""

    as_of: RecordDay | None = None


class EventsQuery(Page):
    """A claim's history, newest first."""

    limit: Limit = 25


class PartyView(AnswerModel):
    """Somebody a claim is about or for."""

    id: str
    number: str | None
    name: str | None


class AdjustmentView(AnswerModel):
    """Why the payer paid less; `code` as people say it."""

    code: str
    group_code: str
    carc: str
    remarks: tuple[str, ...]
    amount_cents: int
    line: int | None


class AppealView(AnswerModel):
    """One level of appeal; `dueOn` is until when the payer should have decided."""

    id: str
    level: int
    status: AppealStatus
    filed_on: date
    due_on: date | None
    decided_on: date | None
    reason: str | None
    reference: str | None
    amount_cents: int | None


class DeadlineView(AnswerModel):
    """A deadline that runs; `daysLeft` is negative when it has passed."""

    kind: DeadlineKind
    on: date
    days_left: int


class ClaimDetail(AnswerModel):
    """A claim with everything. `balanceCents` is what is open, `queues` where it lies today, the first is `queue`.

    `allowed` are the steps there are.
    """

    id: str
    claim_number: str
    status: ClaimStatus
    status_reason: str | None
    hold_reason: str | None
    ar_stage: ArStage
    paid_status: PaidStatus
    queue: ClaimQueue | None
    queues: tuple[ClaimQueue, ...]
    amount: float
    amount_cents: int
    paid_cents: int | None
    expected_cents: int | None
    allowed_cents: int | None
    patient_cents: int | None
    written_off_cents: int | None
    balance_cents: int
    currency: str
    patient: PartyView
    payer: PartyView | None
    provider: PartyView | None
    visit_id: str | None
    coverage_id: str | None
    authorization_id: str | None
    requires_authorization: bool | None
    authorization_gap: bool
    service_date: date | None
    submitted_date: date | None
    adjudicated_on: date | None
    pended_since: date | None
    claim_type: str | None
    procedure_codes: tuple[str, ...]
    diagnosis_codes: tuple[str, ...]
    denial_code: str | None
    denial_reason: str | None
    adjustments: tuple[AdjustmentView, ...]
    appeals: tuple[AppealView, ...]
    deadlines: tuple[DeadlineView, ...]
    payer_control_number: str | None
    secondary_of_id: str | None
    secondary_ids: tuple[str, ...]
    scrub: dict[str, Any] | None
    allowed: tuple[str, ...]
    version: int


class ClaimItem(AnswerModel):
    """A claim in a list."""

    id: str
    claim_number: str
    status: ClaimStatus
    patient_id: str
    mrn: str
    payer_id: str | None
    payer: str | None
    provider_id: str | None
    amount_cents: int
    paid_cents: int | None
    balance_cents: int
    ar_stage: ArStage
    currency: str
    service_date: date | None
    submitted_date: date | None
    denial_code: str | None
    next_deadline_on: date | None
    deadline_kind: DeadlineKind | None
    days_left: int | None
    pended_since: date | None
    authorization_gap: bool
    version: int


class ClaimItems(AnswerModel):
    """A page of claims; it may hold fewer than was asked for and still have a next one."""

    claims: tuple[ClaimItem, ...]
    next_cursor: str | None


class ClaimEventView(AnswerModel):
    """One entry of a claim's history."""

    id: str
    number: int
    kind: str
    from_status: str | None
    to_status: str | None
    reason: str | None
    amount_cents: int | None
    adjustments: tuple[AdjustmentView, ...]
    details: dict[str, Any]
    source_ref: str | None
    recorded_by: str | None
    occurred_at: datetime
    claim_version: int | None


class ClaimEvents(AnswerModel):
    """A page of a claim's history, newest first."""

    claim_id: str
    events: tuple[ClaimEventView, ...]
    next_cursor: str | None


class ReasonTotal(AnswerModel):
    """What lies in a queue for one reason (a denial code, a kind of deadline)."""

    reason: str
    claims: int
    amount_cents: int


class QueueView(AnswerModel):
    """What lies in a queue: how many claims, and how much of them is open; the largest reason first."""

    queue: ClaimQueue
    claims: int
    amount_cents: int
    reasons: tuple[ReasonTotal, ...]


class WorkQueues(AnswerModel):
    """All queues with what they hold; `items` are the claims of the queue that was asked for."""

    as_of: date
    queues: tuple[QueueView, ...]
    queue: ClaimQueue | None = None
    items: tuple[ClaimItem, ...] | None = None
    next_cursor: str | None = None


class Deadlines(AnswerModel):
    """The ledger of deadlines: each claim once, with the one that comes first. The sums are of the whole ledger."""

    as_of: date
    until: date
    claims: int
    amount_cents: int
    items: tuple[ClaimItem, ...]
    next_cursor: str | None


class AgingBucket(AnswerModel):
    """What is open in one bucket."""

    bucket: str
    claims: int
    amount_cents: int


class AgingRow(AnswerModel):
    """What is open of one payer's claims in one stage, by age; buckets of nothing are there with 0."""

    payer_id: str | None
    payer: str | None
    ar_stage: ArStage
    buckets: tuple[AgingBucket, ...]
    claims: int
    amount_cents: int


class Aging(AnswerModel):
    """What is open by payer, stage and age; `total` is that of all rows."""

    as_of: date
    rows: tuple[AgingRow, ...]
    total: tuple[AgingBucket, ...]
    claims: int
    amount_cents: int
