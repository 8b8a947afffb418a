"""Requests and answers about visits at the front desk."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from shared.models.api.base import AnswerModel, Page, RequestModel, UtcTime
from shared.models.api.members import Code, LongText, RecordDay, Reference, Text
from shared.models.api.tasks import DocumentId
from shared.models.front_desk import FormName
from shared.models.visit import FactKind, Readiness, ReadinessSource, VisitStatus

Identifier = Literal["full_name", "date_of_birth", "photo_id", "address", "phone", "member_id"]
PayingBy = Literal["cash", "card", "check", "other"]
CheckInStep = Literal["whole", "start", "complete"]
Version = Annotated[int, Field(ge=1)]
CopayCents = Annotated[int, Field(ge=0, le=10_000_000)]


class AppointmentQuery(Page):
    """A day's visits: of today at the organisation, of every state and provider, unless something else is said."""

    limit: Annotated[int, Field(ge=1, le=100)] = 25
    date: RecordDay | None = None
    status: VisitStatus | None = None
    provider_id: Reference | None = None


class Copay(RequestModel):
    """What the patient paid, in cents; 0 when nothing is due."""

    amount_cents: CopayCents
    method: PayingBy = "card"


class CheckInFacts(RequestModel):
    """What was found out at the desk; what is left out was not."""

    identifiers: Annotated[tuple[Identifier, ...], Field(max_length=6)] = ()
    demographics_reviewed: bool = False
    coverage_verified: bool = False
    self_pay_acknowledged: bool = False
    forms: Annotated[tuple[FormName, ...], Field(max_length=20)] = ()
    copay: Copay | None = None
    copay_waived: LongText | None = Field(default=None, description="Why no copay is taken")
    override: LongText | None = Field(default=None, description="Why the visit goes on though it is not ready")

    @model_validator(mode="after")
    def _paid_or_waived(self) -> Self:
        if self.copay is not None and self.copay_waived is not None:
            raise ValueError("copayWaived cannot be sent beside copay")
        return self


class CheckInRequest(CheckInFacts):
    """Check a visit in, by its id or by a context's: the whole of it, or only its start or its completion."""

    visit_id: Reference | None = None
    context_id: DocumentId | None = None
    step: CheckInStep = "whole"
    version: Version | None = None


class VisitParams(RequestModel):
    """Which visit (the context's by default), and the version that was read."""

    visit_id: Reference | None = None
    version: Version | None = None


class MoveParams(VisitParams):
    """A move, with a reason where there is one."""

    reason: LongText | None = None


class CancelParams(VisitParams):
    """A move that needs a reason."""

    reason: LongText


class CheckInParams(VisitParams, CheckInFacts):
    """A part of the check-in."""


class CopayParams(VisitParams):
    """What the patient paid, or why nothing is taken; `additional` for what is paid beside what is recorded."""

    amount_cents: CopayCents | None = None
    method: PayingBy = "card"
    waived: LongText | None = None
    additional: bool = False

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.amount_cents is None) == (self.waived is None):
            raise ValueError("either amountCents or waived is needed")
        return self


class RescheduleParams(MoveParams):
    """The day and time of the visit that takes its place; provider and kind stay unless they are named."""

    visit_date: RecordDay
    starts_at: UtcTime | None = None
    ends_at: UtcTime | None = None
    provider_id: Reference | None = None


class WalkInParams(RequestModel):
    """A patient without an appointment (the context's by default)."""

    patient_id: Reference | None = None
    provider_id: Reference | None = None
    visit_type: Code | None = None
    reason: LongText | None = None


class DemographicsParams(RequestModel):
    """What to correct of the context's patient, with the version that was read."""

    version: Version
    first_name: Text | None = None
    last_name: Text | None = None
    date_of_birth: RecordDay | None = None
    sex: Literal["female", "male", "other", "unknown"] | None = None
    phone: str | None = None


class VisitPatient(AnswerModel):
    """Whose visit it is."""

    id: str
    mrn: str
    first_name: str
    last_name: str
    date_of_birth: date | None


class WaitView(AnswerModel):
    """Minutes in the present state; `limit` null where somebody is with the patient."""

    minutes: int
    limit: int | None
    too_long: bool


class ReadinessReasonView(AnswerModel):
    """Why a visit is not ready."""

    code: str
    text: str
    rule_id: str | None


class AppointmentView(AnswerModel):
    """A line of the board. `minutesLate` is how late the patient came, or is by now."""

    id: str
    visit_number: str
    patient: VisitPatient
    visit_date: date
    starts_at: datetime | None
    ends_at: datetime | None
    provider_id: str | None
    provider_name: str | None
    visit_type: str | None
    reason: str | None = None
    status: VisitStatus
    since: datetime
    arrived_at: datetime | None
    wait: WaitView | None
    minutes_late: int
    readiness: Readiness
    readiness_source: ReadinessSource
    readiness_reasons: tuple[ReadinessReasonView, ...]
    walk_in: bool
    authorization_id: str | None
    rescheduled_from: str | None
    allowed: tuple[str, ...]
    version: int


class AppointmentList(AnswerModel):
    """A day's board, by start."""

    date: date
    appointments: tuple[AppointmentView, ...]
    next_cursor: str | None


class StepView(AnswerModel):
    """Who moved the visit, or changed its readiness, and when; `undoes` is the entry that was taken back."""

    id: str
    axis: Literal["status", "readiness"]
    before: str | None
    now: str
    reason: str | None = None
    changed_by: str | None
    changed_at: datetime
    undoes: str | None


class FactView(AnswerModel):
    """What somebody confirmed; `amount` in the currency's unit beside the cents."""

    kind: FactKind
    details: tuple[str, ...]
    reason: str | None = None
    amount_cents: int | None
    amount: float | None
    recorded_by: str
    role: str
    recorded_at: datetime


class MissingView(AnswerModel):
    """What check-in lacks, and what to do about it: `action` with `members` clears it."""

    code: str
    text: str
    clear: str
    action: str
    members: tuple[str, ...]
    reasons: tuple[ReadinessReasonView, ...]
    needs_manager: bool


class SuccessorView(AnswerModel):
    """The visit that took this one's place."""

    id: str
    visit_number: str
    visit_date: date


class VisitView(AppointmentView):
    """A visit with its history and its check-in; until `undoUntil` the last step can be taken back."""

    history: tuple[StepView, ...]
    facts: tuple[FactView, ...]
    missing: tuple[MissingView, ...]
    copay_due_cents: int | None
    rescheduled_to: SuccessorView | None
    undo_until: datetime | None
