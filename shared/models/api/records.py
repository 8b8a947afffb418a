"""Requests and answers of the records: what each type looks like, a record, search hits."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from shared.models.api.base import AnswerModel, Page, RequestModel

RecordTypeName = Literal["patient", "claim", "visit", "authorization", "coverage", "payer", "payer_rule", "provider"]


class PatientData(AnswerModel):
    """A patient."""

    mrn: str
    first_name: str
    last_name: str
    date_of_birth: date | None
    sex: str | None
    phone: str | None = None
    deceased_on: date | None


class ClaimData(AnswerModel):
    """A claim; the amounts are exact, in `currency`."""

    claim_number: str
    patient_id: str
    status: str
    amount: float
    amount_cents: int
    paid_cents: int | None
    currency: str
    submitted_date: date | None
    service_date: date | None
    payer_id: str | None
    visit_id: str | None
    provider_id: str | None
    claim_type: str | None
    denial_reason: str | None
    next_deadline_at: datetime | None


class VisitData(AnswerModel):
    """A visit; `visitDate` is the day at the organisation."""

    visit_number: str
    patient_id: str
    visit_date: date
    starts_at: datetime | None
    ends_at: datetime | None
    provider_id: str | None
    visit_type: str | None
    reason: str | None = None
    status: str
    readiness: str


class AuthorizationData(AnswerModel):
    """An authorization."""

    auth_number: str
    patient_id: str
    payer_id: str | None
    provider_id: str | None
    service_type: str | None
    status: str
    requested_date: date | None
    approved_date: date | None
    period_start: date | None
    period_end: date | None
    units_requested: int | None
    units_approved: int | None
    units_used: int
    units_reserved: int
    urgency: str | None
    certification_number: str | None


class CoverageData(AnswerModel):
    """A coverage period; both dates are inclusive, an unknown start is null."""

    patient_id: str
    payer_id: str
    plan_name: str | None
    member_id: str | None = None
    subscriber_name: str | None = None
    relationship: str | None
    rank: int
    period_start: date | None
    period_end: date | None
    status: str
    copay_cents: int | None


class PayerData(AnswerModel):
    """A payer, with what the eligibility rules need to know of it; null where nobody has said."""

    payer_number: str
    name: str
    kind: str
    phone: str | None
    program: str | None
    network: str | None
    real_time_supported: bool | None
    electronic_id: str | None
    plan_year_month: int
    filing_days: int | None
    appeal_days: int | None
    correction_days: int | None


class PayerRuleData(AnswerModel):
    """Whether a payer wants an authorization for a service type, or a procedure of it; null when it depends."""

    payer_id: str
    service_type: str
    procedure: str | None
    requires_auth: bool | None
    required_fields: tuple[str, ...]
    decision_hours: int | None
    decision_days: int | None


class ProviderData(AnswerModel):
    """A provider: a person or an organization."""

    provider_number: str
    kind: str
    name: str
    specialty: str | None
    npi: str | None


DATA_MODELS: dict[str, type[AnswerModel]] = {
    "patient": PatientData,
    "claim": ClaimData,
    "visit": VisitData,
    "authorization": AuthorizationData,
    "coverage": CoverageData,
    "payer": PayerData,
    "payer_rule": PayerRuleData,
    "provider": ProviderData,
}


class RecordView(AnswerModel):
    """A record: what its type says, as far as the caller's role needs it."""

    type: str
    id: str
    data: dict[str, Any]
    version: int
    created_at: datetime
    updated_at: datetime


class RecordTypeView(AnswerModel):
    """A type of record."""

    type: str
    label: str
    id_pattern: str
    data_schema: dict[str, Any] = Field(serialization_alias="schema")
    searchable: tuple[str, ...]
    actions: tuple[str, ...]


class RecordTypes(AnswerModel):
    """The types that the caller may see."""

    types: tuple[RecordTypeView, ...]


class SearchQuery(Page):
    """What to look for: names, numbers, a date of birth, a member id, in any order."""

    q: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
    type: RecordTypeName | None = None
    limit: int = Field(default=25, ge=1, le=100)


class SearchHit(AnswerModel):
    """A record found; `score` ranks it."""

    type: str
    id: str
    number: str
    label: str
    patient_id: str | None
    score: int


class SearchResult(AnswerModel):
    """A page of hits, best first."""

    results: tuple[SearchHit, ...]
    next_cursor: str | None


class NoQuery(RequestModel):
    """An operation without parameters."""
