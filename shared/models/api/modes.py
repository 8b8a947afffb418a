"""Requests and answers of the modes."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from shared.models.api.base import AnswerModel, Day, Page, RequestModel
from shared.models.api.members import Reference
from shared.models.api.tasks import DocumentId
from shared.models.firestore.alerts import Text
from shared.models.firestore.documents import ContextDocument, ContextStatus, Fact
from shared.models.guidance import GuidanceAction
from shared.models.records import Verdict

RecordType = Literal[
    "Patient ID",
    "Claim ID",
    "Visit ID",
    "Authorization ID",
    "Other",
    "patient",
    "claim",
    "visit",
    "authorization",
    "other",
]
RecordId = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")
]
MACHINE_NAMES = {
    "Patient ID": "patient",
    "Claim ID": "claim",
    "Visit ID": "visit",
    "Authorization ID": "authorization",
    "Other": "other",
}
OneDay = date  # the type, where a member is called date
MOST_DAYS = 31
LABELS = {machine: label for label, machine in MACHINE_NAMES.items()}


class SetContext(RequestModel):
    """The record to work on, by its number or uuid."""

    record_type: RecordType
    record_id: RecordId


class ContextQuery(RequestModel):
    """Which context; the caller's current one by default."""

    context_id: DocumentId | None = None


class ContextView(AnswerModel):
    """A context as clients see it."""

    mode: str
    context_id: str
    record_type: str
    record_id: str
    record_uuid: str
    status: ContextStatus
    summary: str
    open_task_count: int
    version: int
    updated_at: datetime

    @classmethod
    def of(cls, context: ContextDocument) -> ContextView:
        """Show `context`."""
        return cls(
            mode=context.mode,
            context_id=context.id,
            record_type=LABELS[context.record_type],
            record_id=context.record_id,
            record_uuid=context.record_uuid,
            status=context.status,
            summary=context.summary,
            open_task_count=context.open_task_count,
            version=context.version,
            updated_at=context.updated_at,
        )


class SummaryView(AnswerModel):
    """A summary made from the records: every sentence is backed by a fact, and told apart with its code and params."""

    mode: str
    context_id: str
    summary: str
    status: ContextStatus
    facts: tuple[Fact, ...]
    sentences: tuple[Text, ...] = ()
    updated_at: datetime


class QuickAction(RequestModel):
    """A quick action of the mode on a context (the caller's current one by default)."""

    action: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{1,60}$")]
    params: dict[str, Any] = Field(default_factory=dict)
    context_id: DocumentId | None = None


class QuickActionResult(AnswerModel):
    """How it went, and what to do next."""

    status: ClassVar[int] = 200

    success: bool
    data: dict[str, Any]
    guidance_actions: tuple[GuidanceAction, ...]


class QuickActionAccepted(QuickActionResult):
    """What was begun and goes on: `data.jobId` names the job that tells how far it is."""

    status: ClassVar[int] = 202


class CheckEligibilityParams(RequestModel):
    """For which day (the visit's, the next visit's or today by default) and X12 service type."""

    date_of_service: Day | None = None
    service_type: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{1,2}$")] | None = None


class BatchCheckParams(RequestModel):
    """Which visits: of a day (today by default), or of the days `dateFrom` to `dateTo`, of one provider or of all."""

    date: Day | None = None
    date_from: Day | None = None
    date_to: Day | None = None
    provider_id: Reference | None = None

    @model_validator(mode="after")
    def _one_range(self) -> Self:
        first, last = self.date_from, self.date_to
        if (first is None) != (last is None):
            raise ValueError("send dateFrom and dateTo together")
        if first is None or last is None:
            return self
        if self.date is not None:
            raise ValueError("send date, or dateFrom and dateTo")
        if not 0 <= (last - first).days < MOST_DAYS:
            raise ValueError(f"dateTo must lie from dateFrom to {MOST_DAYS - 1} days later")
        return self

    def days(self, today: OneDay) -> tuple[OneDay, OneDay]:
        """The first and the last day that is asked for."""
        if self.date_from is not None and self.date_to is not None:
            return self.date_from, self.date_to
        day = self.date or today
        return day, day


class NoParams(RequestModel):
    """An action without parameters."""


class CoverageView(AnswerModel):
    """A coverage period; dates are inclusive."""

    id: str
    payer: str
    kind: str
    plan_name: str | None
    member_id: str | None
    rank: int
    period_start: date | None
    period_end: date | None
    status: str
    copay_cents: int | None


class ReasonView(AnswerModel):
    """Why: the rule, a code, a sentence and the record it was read from."""

    rule_id: str
    code: str
    text: str
    source: str | None
    element: str | None = None
    params: dict[str, str] = Field(default={})
    as_of: datetime | None = None


class FiguresView(AnswerModel):
    """What the coverage says of costs and visits; null where nothing is known. Ranges are lowest and highest.

    `needsReview` when sources contradict each other. Estimates are never prices.
    """

    network: str | None
    copay_cents: int | None
    copay_range_cents: tuple[int, int] | None
    needs_review: bool
    coinsurance_percent: float | None
    deductible_left_cents: int | None
    deductible_met: bool | None
    out_of_pocket_left_cents: int | None
    visits_left: int | None
    estimate_cents: tuple[int, int] | None
    self_pay_estimate_cents: int | None


class ChangeView(AnswerModel):
    """What differs from the check before; material changes matter to the visit."""

    member: str
    before: str | None
    after: str | None
    material: bool


class DifferenceView(AnswerModel):
    """How a verdict differs from that of the check before, asked the same question."""

    previous_check_id: str
    material: bool
    changes: tuple[ChangeView, ...]


class VerdictView(AnswerModel):
    """A verdict and its reasons; `suggestions` are ways on."""

    eligible: bool | None
    verdict: Verdict
    requires_auth: bool | None
    status: ContextStatus
    date_of_service: date
    date_of_service_source: str
    service_type: str
    coverage_id: str | None
    reasons: tuple[ReasonView, ...]
    suggestions: tuple[ReasonView, ...] = ()
    figures: FiguresView | None = None


class CheckView(AnswerModel):
    """A check that was made."""

    id: str
    verdict: Verdict
    requires_auth: bool | None
    status: str
    date_of_service: date
    service_type: str
    reasons: tuple[str, ...]
    checked_at: datetime


class AuthorizationView(AnswerModel):
    """An authorization."""

    id: str
    auth_number: str
    status: str
    service_type: str | None
    requested_date: date | None
    approved_date: date | None
    period_start: date | None
    period_end: date | None
    units_approved: int | None
    units_used: int
    units_reserved: int


class PatientView(AnswerModel):
    """Demographics, as far as the caller's role needs them."""

    id: str
    mrn: str
    first_name: str
    last_name: str
    date_of_birth: date | None
    sex: str | None
    phone: str | None = None
    version: int


class PatientQuery(RequestModel):
    """For which day the verdict is given (today by default)."""

    date_of_service: Day | None = None


class PatientEligibility(AnswerModel):
    """A patient in the eligibility mode."""

    patient: PatientView
    coverages: tuple[CoverageView, ...]
    verdict: VerdictView
    newest_check: CheckView | None
    authorizations: tuple[AuthorizationView, ...]


class ClaimQuery(Page):
    """Claims of a patient by status, newest service date first."""

    status: Annotated[str, StringConstraints(pattern=r"^[a-z_]{2,40}$")] | None = None
    limit: int = Field(default=25, ge=1, le=100)


class ClaimView(AnswerModel):
    """A claim; `amount` in `currency` as the owner shows it, the cents exact beside it."""

    id: str
    claim_number: str
    status: str
    amount: float
    amount_cents: int
    paid_cents: int | None
    currency: str
    service_date: date | None
    submitted_date: date | None
    payer: str | None
    denial_reason: str | None
    version: int


class ClaimList(AnswerModel):
    """A page of a patient's claims."""

    patient_id: str
    mrn: str
    claims: tuple[ClaimView, ...]
    next_cursor: str | None
