"""What a record is written with: one model a type, the members it must have, and what a member may hold.

A member that is left out of a change stays as it is; null empties it, where it may be empty. References are a uuid or
the number people use. Answers can be sent back: what only they have is left aside.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import ConfigDict, Field, StringConstraints, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from shared.errors import FieldError, ValidationFailedError
from shared.models.api.base import AnswerModel, RequestModel, UtcTime, faults_of
from shared.models.api.members import (
    Cents,
    Code,
    Count,
    LongText,
    Money,
    Npi,
    Number,
    Procedure,
    RecordDay,
    Reference,
    Text,
)
from shared.models.api.records import RecordTypeName, RecordView
from shared.models.authorization import AuthorizationState, RequiredField, Urgency
from shared.models.claim import ClaimStatus
from shared.models.visit import Readiness, VisitStatus

PayerProgram = Literal[
    "commercial", "medicare", "medicare_advantage", "medicaid", "medicaid_managed", "other",
]  # fmt: skip


def _left_out() -> Any:
    """What stands in the place of a member that was not sent; it is never read."""
    return None


def _needed() -> Any:
    return Field(default_factory=_left_out)


class RecordInput(RequestModel):
    """Members of one type; `mandatory` ones must be there when the record is made, `key` ones always."""

    model_config = ConfigDict(field_title_generator=lambda name, _: name.replace("_", " ").capitalize())
    key: ClassVar[tuple[str, ...]] = ()
    mandatory: ClassVar[frozenset[str]] = frozenset()
    read_only: ClassVar[frozenset[str]] = frozenset()

    def columns(self) -> dict[str, Any]:
        """The columns that were sent, with their values; references as they were written."""
        return {name: getattr(self, name) for name in self.model_fields_set}

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """The JSON Schema of a new record's `data`."""
        schema = cls.model_json_schema(by_alias=True)
        required = {*cls.key, *cls.mandatory} - _NULLABLE_KEYS
        schema["required"] = [to_camel(name) for name in cls.model_fields if name in required]
        return schema


_NULLABLE_KEYS = frozenset({"member_id", "period_start", "procedure"})


class PatientInput(RecordInput):
    """A patient. `memberId` only helps to find out whether the patient is on file already; a coverage holds it."""

    key = ("mrn",)
    mandatory = frozenset({"first_name", "last_name", "date_of_birth"})

    mrn: Number = _needed()
    first_name: Text = _needed()
    last_name: Text = _needed()
    date_of_birth: RecordDay = _needed()
    sex: Literal["female", "male", "other", "unknown"] | None = None
    phone: Annotated[str, StringConstraints(pattern=r"^[0-9+(). x#-]{3,40}$")] | None = None
    deceased_on: RecordDay | None = None
    member_id: Annotated[Number | None, Field(json_schema_extra={"writeOnly": True})] = None

    def columns(self) -> dict[str, Any]:
        """See RecordInput.columns; the member id is no column of a patient."""
        given = super().columns()
        given.pop("member_id", None)
        return given


class ClaimInput(RecordInput):
    """A claim; `amount` has at most two decimals, in `currency`."""

    key = ("claim_number",)
    mandatory = frozenset({"patient_id", "amount"})

    claim_number: Number = _needed()
    patient_id: Reference = _needed()
    status: ClaimStatus = Field(default="draft")
    amount: Money = _needed()
    amount_cents: Cents | None = None
    paid_cents: Cents | None = None
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] = "USD"
    submitted_date: RecordDay | None = None
    service_date: RecordDay | None = None
    payer_id: Reference | None = None
    visit_id: Reference | None = None
    provider_id: Reference | None = None
    claim_type: Code | None = None
    denial_reason: LongText | None = None
    next_deadline_at: UtcTime | None = None

    @model_validator(mode="after")
    def _one_amount(self) -> Self:
        if self.amount_cents is not None and self.amount is not None and self.amount * 100 != self.amount_cents:
            raise ValueError("amountCents is not amount")
        return self

    def columns(self) -> dict[str, Any]:
        """See RecordInput.columns; amounts in the currency's unit."""
        given = super().columns()
        given.pop("amount_cents", None)
        return _to_units(given, "paid_cents", "paid_amount")


class VisitInput(RecordInput):
    """A visit; `visitDate` is the day at the organisation."""

    key = ("visit_number",)
    mandatory = frozenset({"patient_id", "visit_date"})

    visit_number: Number = _needed()
    patient_id: Reference = _needed()
    visit_date: RecordDay = _needed()
    starts_at: UtcTime | None = None
    ends_at: UtcTime | None = None
    provider_id: Reference | None = None
    visit_type: Code | None = None
    reason: LongText | None = None
    status: VisitStatus = "scheduled"
    readiness: Readiness = "pending"


class AuthorizationInput(RecordInput):
    """An authorization; units are visits or service units.

    A change of `status` is a step of its state machine. `unitsUsed` and `unitsReserved` are what the visits on file do
    not show.
    """

    key = ("auth_number",)
    mandatory = frozenset({"patient_id"})

    auth_number: Number = _needed()
    patient_id: Reference = _needed()
    payer_id: Reference | None = None
    provider_id: Reference | None = None
    service_type: Code | None = None
    status: AuthorizationState = "draft"
    requested_date: RecordDay | None = None
    approved_date: RecordDay | None = None
    period_start: RecordDay | None = None
    period_end: RecordDay | None = None
    units_requested: Count | None = None
    units_approved: Count | None = None
    units_used: Count = 0
    units_reserved: Count = 0
    urgency: Urgency | None = None
    certification_number: Text | None = None


class CoverageInput(RecordInput):
    """A coverage period; both dates are inclusive. Patient, payer, member id and start tell coverages apart."""

    key = ("patient_id", "payer_id", "member_id", "period_start")

    patient_id: Reference = _needed()
    payer_id: Reference = _needed()
    plan_name: Text | None = None
    member_id: Number | None = None
    subscriber_name: Text | None = None
    relationship: Code | None = None
    rank: Annotated[int, Field(ge=1, le=99)] = 1
    period_start: RecordDay | None = None
    period_end: RecordDay | None = None
    status: Literal["active", "inactive", "terminated", "cancelled", "removed"] = "active"
    copay_cents: Cents | None = None

    def columns(self) -> dict[str, Any]:
        """See RecordInput.columns; the key whole, amounts in the currency's unit."""
        whole = {"member_id": self.member_id, "period_start": self.period_start}
        return _to_units(whole | super().columns(), "copay_cents", "copay")


class PayerInput(RecordInput):
    """A payer. `network` is whether the organisation is in its network, `planYearMonth` when its plan years begin.

    `electronicId` is the number by which its connection knows it, `filingDays` how long claims can be filed.
    """

    key = ("payer_number",)
    mandatory = frozenset({"name"})

    payer_number: Number = _needed()
    name: Text = _needed()
    kind: Literal["insurance", "self_pay"] = "insurance"
    phone: Annotated[str, StringConstraints(pattern=r"^[0-9+(). x#-]{3,40}$")] | None = None
    program: PayerProgram | None = None
    network: Literal["in", "out"] | None = None
    real_time_supported: bool | None = None
    electronic_id: Number | None = None
    plan_year_month: Annotated[int, Field(ge=1, le=12)] = 1
    filing_days: Annotated[int, Field(ge=1, le=3660)] | None = None


class PayerRuleInput(RecordInput):
    """Whether a payer wants an authorization for a service type, or a procedure of it; null when it depends.

    `requiredFields` are members of a request that this payer wants beside the usual ones. The payer decides within
    `decisionHours` (urgent) or `decisionDays` (standard); null is 72 hours and 7 days.
    """

    key = ("payer_id", "service_type", "procedure")

    payer_id: Reference = _needed()
    service_type: Code = _needed()
    procedure: Procedure | None = None
    requires_auth: bool | None = None
    required_fields: Annotated[tuple[RequiredField, ...], Field(max_length=20)] = ()
    decision_hours: Annotated[int, Field(ge=1, le=8760)] | None = None
    decision_days: Annotated[int, Field(ge=1, le=365)] | None = None

    def columns(self) -> dict[str, Any]:
        """See RecordInput.columns; the key whole."""
        return {"procedure": self.procedure} | super().columns()


class ProviderInput(RecordInput):
    """A provider: a person or an organization."""

    key = ("provider_number",)
    mandatory = frozenset({"kind", "name"})

    provider_number: Number = _needed()
    kind: Literal["person", "organization"] = _needed()
    name: Text = _needed()
    specialty: Text | None = None
    npi: Npi | None = None


INPUT_MODELS: dict[str, type[RecordInput]] = {
    "patient": PatientInput,
    "claim": ClaimInput,
    "visit": VisitInput,
    "authorization": AuthorizationInput,
    "coverage": CoverageInput,
    "payer": PayerInput,
    "payer_rule": PayerRuleInput,
    "provider": ProviderInput,
}


class RecordWrite(RequestModel):
    """A record to make, or to change when one has its natural key: then with the `version` that was read.

    `data` is what GET /records/types says of the type.
    """

    model_config = ConfigDict(json_schema_extra={"description": "`data` is what GET /records/types says of `type`."})
    read_only: ClassVar[frozenset[str]] = frozenset({"id", "createdAt", "updatedAt", "warnings"})

    type: RecordTypeName
    data: dict[str, Any]
    version: Annotated[int, Field(ge=1)] | None = None


class RecordWarning(AnswerModel):
    """Something to look at: `possible_duplicate` names records that may be of the same person."""

    code: Literal["possible_duplicate"]
    record_ids: tuple[str, ...]


class WrittenRecord(RecordView):
    """The record as it is now."""

    warnings: tuple[RecordWarning, ...] = ()


def read_data(record_type: str, data: dict[str, Any]) -> RecordInput:
    """Read the `data` of a write. Raises ValidationFailedError naming each refused member (`data.amount`)."""
    try:
        given = INPUT_MODELS[record_type].model_validate_json(
            json.dumps(data), strict=True, by_alias=True, by_name=False
        )
    except ValidationError as exc:
        raise refused([(_place(location), code, message) for location, code, message in faults_of(exc)]) from exc
    missing = [
        (to_camel(name), "missing", "Field required")
        for name in given.key
        if name not in given.model_fields_set and name not in _NULLABLE_KEYS
    ]
    if missing:
        raise refused(missing)
    return given


def refused(faults: list[tuple[str, str, str]]) -> ValidationFailedError:
    """Build the error of refused members of `data`: (member, code, message) each."""
    errors = tuple(FieldError(f"data.{name}" if name else "data", code, message) for name, code, message in faults)
    return ValidationFailedError(f"{errors[0].field}: {errors[0].message}", errors=errors)


def _place(location: tuple[int | str, ...]) -> str:
    return str(location[0]) if location else "amountCents"


def _to_units(given: dict[str, Any], cents: str, column: str) -> dict[str, Any]:
    if cents in given:
        amount = given.pop(cents)
        given[column] = None if amount is None else Decimal(amount) / 100
    return given
