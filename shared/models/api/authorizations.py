"""Requests and answers about authorizations: asking for one, a payer's answer, units, and what fits."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from shared.models.api.base import AnswerModel, RequestModel, UtcTime
from shared.models.api.members import Code, Count, LongText, RecordDay, Reference
from shared.models.api.tasks import DocumentId
from shared.models.authorization import AuthorizationState, Urgency

ServiceType = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{1,2}$")]
ProcedureCode = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{5}$")]
DiagnosisCode = Annotated[str, StringConstraints(pattern=r"^[A-Z][0-9][0-9A-Z](\.?[0-9A-Z]{1,4})?$")]
Units = Annotated[int, Field(ge=1, le=9999)]
CertificationNumber = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Version = Annotated[int, Field(ge=1)]
DecisionOutcome = Literal[
    "approved", "partially_approved", "modified", "denied", "pended", "contact_payer", "cancelled", "not_required"
]


class AuthorizationMembers(RequestModel):
    """What is asked for. `serviceType` is an X12 code, `procedureCodes` CPT or HCPCS, `diagnosisCodes` ICD-10.

    References are a uuid or the number people use. What is left out comes from the patient's file where it is known:
    the coverage in force and its payer; of the visit (the context's, or the next one) its provider, service and day.
    """

    payer_id: Reference | None = None
    coverage_id: Reference | None = None
    provider_id: Reference | None = None
    visit_id: Reference | None = None
    service_type: ServiceType | None = None
    procedure_codes: Annotated[tuple[ProcedureCode, ...], Field(max_length=20)] = ()
    diagnosis_codes: Annotated[tuple[DiagnosisCode, ...], Field(max_length=12)] = ()
    period_start: RecordDay | None = None
    period_end: RecordDay | None = None
    units: Units | None = None
    urgency: Urgency | None = None
    notes: LongText | None = None


class AuthorizationRequest(AuthorizationMembers):
    """A request for a patient, or for the patient of a context (the caller's current one).

    With `draft` it is kept and not sent, whatever it lacks.
    """

    patient_id: Reference | None = None
    context_id: DocumentId | None = None
    draft: bool = False


class AuthorizationSubmit(AuthorizationMembers):
    """What a draft lacked; it is sent with it."""

    version: Version | None = None


class AuthorizationStep(RequestModel):
    """A step with its reason; for "not required" the reason is the evidence."""

    reason: LongText | None = None
    version: Version | None = None


class ExtensionMembers(RequestModel):
    """What is asked for beyond the grant: more units, a later end, or both."""

    units: Units | None = None
    period_end: RecordDay | None = None
    version: Version | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.units is None and self.period_end is None:
            raise ValueError("asks for nothing: send units, periodEnd, or both")
        return self


class ManualLine(RequestModel):
    """What the payer decided about one service."""

    outcome: DecisionOutcome
    procedure: ProcedureCode | None = None
    units: Count | None = None
    period_start: RecordDay | None = None
    period_end: RecordDay | None = None
    certification_number: CertificationNumber | None = None
    reason: LongText | None = None


class ManualDecision(RequestModel):
    """What a person heard or read: by telephone, fax, or on the payer's portal."""

    outcome: DecisionOutcome | None = None
    decided_on: RecordDay | None = None
    decided_at: UtcTime | None = None
    certification_number: CertificationNumber | None = None
    period_start: RecordDay | None = None
    period_end: RecordDay | None = None
    units: Count | None = None
    reason_code: Code | None = None
    reason: LongText | None = None
    lines: Annotated[tuple[ManualLine, ...], Field(max_length=50)] = ()


class DecisionRequest(RequestModel):
    """A payer's answer, as exactly one of: a person's entry, an X12 278 interchange, a FHIR ClaimResponse or Bundle."""

    manual: ManualDecision | None = None
    x12: Annotated[str, StringConstraints(min_length=1, max_length=500_000)] | None = None
    fhir: dict[str, Any] | None = None
    version: Version | None = None

    @model_validator(mode="after")
    def _one_answer(self) -> Self:
        if sum(given is not None for given in (self.manual, self.x12, self.fhir)) != 1:
            raise ValueError("send exactly one of manual, x12, fhir")
        return self


class ReserveRequest(RequestModel):
    """Units for a visit of the same patient."""

    visit_id: Reference
    units: Units = 1
    version: Version | None = None


class ReleaseRequest(RequestModel):
    """A visit that takes no units any longer."""

    visit_id: Reference
    version: Version | None = None


class MatchQuery(RequestModel):
    """A visit or a claim to compare with, by uuid or number."""

    visit_id: Reference | None = None
    claim_id: Reference | None = None
    procedure: ProcedureCode | None = None

    @model_validator(mode="after")
    def _one_service(self) -> Self:
        if (self.visit_id is None) == (self.claim_id is None):
            raise ValueError("send visitId or claimId")
        return self


class UnitsView(AnswerModel):
    """Units: asked for, granted (null: no limit), used, held for visits, left, and taken beyond the grant."""

    requested: int | None
    approved: int | None
    used: int
    reserved: int
    remaining: int | None
    overused: int


class LinkedVisitView(AnswerModel):
    """A visit that takes units."""

    visit_id: str
    visit_date: date
    status: str
    units: int


class DecisionReasonView(AnswerModel):
    """Why: the payer's code and words."""

    code: str | None
    text: str | None


class DecisionLineView(AnswerModel):
    """What was decided about one service."""

    number: int
    review_code: str | None
    outcome: str | None
    procedure: str | None
    units: int | None
    period_start: date | None
    period_end: date | None
    certification_number: str | None
    reasons: tuple[DecisionReasonView, ...]


class DecisionView(AnswerModel):
    """The last answer that was applied; `unread` names what was in it and was not understood."""

    source: str
    review_code: str | None
    decided_on: date | None
    certification_number: str | None
    reasons: tuple[DecisionReasonView, ...]
    lines: tuple[DecisionLineView, ...]
    notes: tuple[str, ...]
    unread: tuple[str, ...]


class ExtensionView(AnswerModel):
    """An extension that is being decided."""

    units: int | None
    period_end: date | None
    requested_at: datetime


class AuthorizationWarning(AnswerModel):
    """Something to look at: `possible_duplicate` names authorizations for the same thing."""

    code: Literal["possible_duplicate"]
    record_ids: tuple[str, ...]


class AuthorizationRecord(AnswerModel):
    """An authorization as it is today; `flags` are expiring, few_units, decision_overdue, overused.

    `period*` is what was asked for, and what was granted once it is. `allowed` are the steps there are.
    `answer` tells what became of a payer's answer: applied, repeated or older (then nothing changed).
    """

    id: str
    auth_number: str
    patient_id: str
    status: AuthorizationState
    status_reason: str | None
    payer_id: str | None
    coverage_id: str | None
    provider_id: str | None
    service_type: str | None
    procedure_codes: tuple[str, ...]
    diagnosis_codes: tuple[str, ...]
    urgency: Urgency | None
    notes: str | None
    requested_date: date | None
    submitted_at: datetime | None
    decision_due_at: datetime | None
    approved_date: date | None
    period_start: date | None
    period_end: date | None
    certification_number: str | None
    units: UnitsView
    flags: tuple[str, ...]
    visits: tuple[LinkedVisitView, ...]
    decision: DecisionView | None
    extension: ExtensionView | None
    allowed: tuple[str, ...]
    version: int
    warnings: tuple[AuthorizationWarning, ...] = ()
    answer: Literal["applied", "repeated", "older"] | None = None


class MismatchView(AnswerModel):
    """One thing that does not fit: status, patient, payer, service, procedure, provider, date or units."""

    code: str
    text: str


class MatchView(AnswerModel):
    """Whether an authorization fits a visit or a claim, and everything that does not."""

    authorization_id: str
    matches: bool
    mismatches: tuple[MismatchView, ...]
    not_compared: tuple[str, ...]


class AuthorizationReference(RequestModel):
    """Which authorization of the patient; the one that matters most by default."""

    authorization_id: Reference | None = None


class RequirementParams(RequestModel):
    """For which day (the visit's, the next visit's or today) and service."""

    date_of_service: RecordDay | None = None
    service_type: ServiceType | None = None


class ExtendParams(ExtensionMembers):
    """Which authorization of the patient, and what is asked for beyond its grant."""

    authorization_id: Reference | None = None


class NotRequiredParams(AuthorizationMembers):
    """How it is known that no authorization is needed, and for what."""

    evidence: LongText


class RecordDecisionParams(DecisionRequest):
    """Which authorization of the patient, and the payer's answer."""

    authorization_id: Reference | None = None
