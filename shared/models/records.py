"""Structured records as the services see them: frozen, typed, money as exact decimals, dates without a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from shared.models.authorization import AuthorizationState, ExtensionRequest, PayerDecision, Urgency, VisitHold

Verdict = Literal["eligible", "not_eligible", "undetermined"]


@dataclass(frozen=True, slots=True)
class Patient:
    """A patient of one organisation."""

    id: UUID
    mrn: str
    first_name: str
    last_name: str
    date_of_birth: date | None
    sex: str | None
    phone: str | None
    version: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """One coverage period. `payer_kind` self_pay documents that there was no insurance."""

    id: UUID
    payer_id: UUID
    payer_name: str
    payer_kind: str
    plan_name: str | None
    member_id: str | None
    rank: int
    period_start: date | None
    period_end: date | None
    status: str
    copay: Decimal | None
    version: int


@dataclass(frozen=True, slots=True)
class PayerRule:
    """Whether a payer wants an authorization for a service type (X12 code); None when it depends.

    `required_fields` are members that a request must have beside the usual ones. `decision_hours` (urgent requests) and
    `decision_days` (standard ones, calendar days) are how long the payer takes; None is the general deadline.
    """

    id: UUID
    payer_id: UUID
    service_type: str
    requires_auth: bool | None
    required_fields: tuple[str, ...] = ()
    decision_hours: int | None = None
    decision_days: int | None = None


@dataclass(frozen=True, slots=True)
class Authorization:
    """An authorization; units are visits or service units, None when not limited.

    `status` is the stored state; `shared.domain.authorization.as_of` says what it is on a day. `period_*` is what was
    asked for, and what was granted once it is. `units_used` and `units_reserved` count the linked visits and what was
    brought forward. `answer_digests` are those of the answers that were applied, `decision` the last one.
    """

    id: UUID
    auth_number: str
    payer_id: UUID | None
    service_type: str | None
    status: AuthorizationState
    requested_date: date | None
    approved_date: date | None
    period_start: date | None
    period_end: date | None
    units_approved: int | None
    units_used: int
    units_reserved: int
    patient_id: UUID | None = None
    coverage_id: UUID | None = None
    provider_id: UUID | None = None
    procedure_codes: tuple[str, ...] = ()
    diagnosis_codes: tuple[str, ...] = ()
    units_requested: int | None = None
    urgency: Urgency | None = None
    notes: str | None = None
    submitted_at: datetime | None = None
    decision_due_at: datetime | None = None
    status_reason: str | None = None
    certification_number: str | None = None
    decision: PayerDecision | None = None
    answer_digests: tuple[str, ...] = ()
    extension: ExtensionRequest | None = None
    visits: tuple[VisitHold, ...] = ()
    version: int = 1


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit; `visit_date` is the day at the organisation, `authorization_id` what it takes units of."""

    id: UUID
    visit_number: str
    visit_date: date
    visit_type: str | None
    status: str
    provider_id: UUID | None = None
    patient_id: UUID | None = None
    authorization_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim; amounts in `currency`, exact to the cent."""

    id: UUID
    claim_number: str
    status: str
    amount: Decimal
    paid_amount: Decimal | None
    currency: str
    service_date: date | None
    submitted_date: date | None
    payer_name: str | None
    denial_reason: str | None
    version: int


@dataclass(frozen=True, slots=True)
class EligibilityCheck:
    """A check that was made."""

    id: UUID
    date_of_service: date
    service_type: str
    verdict: Verdict
    requires_auth: bool | None
    status: str
    reasons: tuple[str, ...]
    checked_at: datetime


@dataclass(frozen=True, slots=True)
class EligibilityFile:
    """Everything on file that a verdict about one patient needs."""

    patient: Patient
    coverages: tuple[Coverage, ...]
    payer_rules: tuple[PayerRule, ...]
    authorizations: tuple[Authorization, ...]
    context_visit: Visit | None
    next_visit: Visit | None
    newest_check: EligibilityCheck | None


@dataclass(frozen=True, slots=True)
class RecordReference:
    """A record found by its number or uuid: what a context needs of it. `number` is the one people use."""

    type: str
    id: UUID
    number: str
    patient_id: UUID | None
