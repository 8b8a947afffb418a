"""Structured records as the services see them: frozen, typed, money as exact decimals, dates without a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from shared.models.authorization import AuthorizationState, ExtensionRequest, PayerDecision, Urgency, VisitHold
from shared.models.payer_answer import CheckFailure, PayerAnswer

GENERAL_SERVICE = "30"  # X12 service type: the health plan
Verdict = Literal["eligible", "not_eligible", "undetermined"]
CoverageStanding = Literal["active", "inactive", "unknown"]  # on a day


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
class Payer:
    """What the organisation knows of a payer; None where it does not.

    `program` is commercial, medicare, medicare_advantage, medicaid, medicaid_managed or other; `network` tells whether
    the organisation is in the payer's network (in, out). `plan_year_month` is the month in which its plan years start.
    `electronic_id` is the number that the payer's connection knows it by. `appeal_days` and `correction_days` are how
    long after its decision it takes a first appeal or a corrected claim; what works with claims reads them.
    """

    id: UUID
    name: str
    program: str | None = None
    network: str | None = None
    real_time_supported: bool | None = None
    electronic_id: str | None = None
    plan_year_month: int = 1
    filing_days: int | None = None
    version: int = 1
    appeal_days: int | None = None
    correction_days: int | None = None


@dataclass(frozen=True, slots=True)
class Coverage:
    """One coverage period. `payer_kind` self_pay documents that there was no insurance.

    `relationship` is what the patient is to the subscriber (self, spouse, child …). `updated_at` is when the coverage
    was last edited.
    """

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
    relationship: str | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Benefit:
    """A benefit of a coverage on file: what an EB of a 271 would say of it.

    `kind` is active, inactive, not_covered, copay, coinsurance, deductible, out_of_pocket or limit; `network` in, out,
    both or unknown; `level` individual or family. Amounts are in USD, `percent` from 0 to 100, quantities in visits.
    """

    id: UUID
    coverage_id: UUID
    service_type: str
    kind: str
    network: str
    level: str
    amount: Decimal | None
    percent: Decimal | None
    quantity: int | None
    remaining_amount: Decimal | None
    remaining_quantity: int | None
    requires_auth: bool | None
    period_start: date | None
    period_end: date | None
    as_of: datetime
    version: int


@dataclass(frozen=True, slots=True)
class PayerRule:
    """Whether a payer wants an authorization for a service type (X12 code); None when it depends.

    With a `procedure` (CPT or HCPCS code) it is about that procedure alone. `required_fields` are members that a
    request must have beside the usual ones. `decision_hours` (urgent requests) and `decision_days` (standard ones,
    calendar days) are how long the payer takes; None is the general deadline.
    """

    id: UUID
    payer_id: UUID
    service_type: str
    requires_auth: bool | None
    procedure: str | None = None
    version: int = 1
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


CheckState = Literal["requested", "in_flight", "completed", "failed"]
CheckSource = Literal["on_file", "clearinghouse", "phone"]


@dataclass(frozen=True, slots=True)
class EligibilityCheck:
    """A check: made, or on its way. `answer` and `failure` are what a payer connection or a telephone call brought."""

    id: UUID
    date_of_service: date
    service_type: str
    verdict: Verdict
    requires_auth: bool | None
    status: str
    reasons: tuple[str, ...]
    checked_at: datetime
    coverage_id: UUID | None = None
    state: CheckState = "completed"
    source: CheckSource = "on_file"
    attempts: int = 0
    next_attempt_at: datetime | None = None
    answer: PayerAnswer | None = None
    failure: CheckFailure | None = None


@dataclass(frozen=True, slots=True)
class EligibilityFile:
    """Everything on file that a verdict about one patient needs. `booked_visits` are those to come, soonest first."""

    patient: Patient
    coverages: tuple[Coverage, ...]
    payer_rules: tuple[PayerRule, ...]
    authorizations: tuple[Authorization, ...]
    context_visit: Visit | None
    newest_check: EligibilityCheck | None
    payers: tuple[Payer, ...] = ()
    benefits: tuple[Benefit, ...] = ()
    booked_visits: tuple[Visit, ...] = ()

    @property
    def next_visit(self) -> Visit | None:
        """The next booked visit."""
        return self.booked_visits[0] if self.booked_visits else None


@dataclass(frozen=True, slots=True)
class RecordReference:
    """A record found by its number or uuid: what a context needs of it. `number` is the one people use."""

    type: str
    id: UUID
    number: str
    patient_id: UUID | None
