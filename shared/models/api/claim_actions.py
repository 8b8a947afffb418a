"""What the backend mode's quick actions are asked with. Each is about the context's claim, or one of its patient's."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from shared.models.api.base import RequestModel
from shared.models.api.claims import ControlNumber, DenialCode, Rarc
from shared.models.api.members import Money, Procedure, RecordDay, Reference, Text
from shared.models.api.tasks import Reason
from shared.models.claim import AppealGround, AppealKind, CauseStep, ClaimQueue, DeadlineKind, WriteOffReason

Paid = Annotated[Money, Field(strict=False)]
# More than nothing: negative and zero amounts, and fractions of a cent, are refused by name.
Amount = Annotated[Decimal, Field(gt=0, max_digits=10, decimal_places=2, allow_inf_nan=False, strict=False)]
DenialCodeText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=12)]
Diagnosis = Annotated[str, StringConstraints(pattern=r"^[A-Z][0-9][0-9A-Z](\.?[0-9A-Z]{1,4})?$")]  # ICD-10-CM
Some = Annotated[int, Field(ge=1, le=100)]


class ClaimParams(RequestModel):
    """Which claim (number or uuid; the context's by default), and the version of it that was read."""

    claim_id: Reference | None = None
    version: Annotated[int, Field(ge=1)] | None = None


class WorkQueueParams(RequestModel):
    """Which queue is listed, and for which reason or kind of deadline; none: the totals of all."""

    queue: ClaimQueue | None = None
    reason: DenialCode | None = None
    order: Literal["amount", "date"] = "amount"
    limit: Some = 25


class ScrubParams(ClaimParams):
    """Whether a claim that does not pass is put on hold."""

    hold: bool = True


class HoldParams(ClaimParams):
    """Why the claim is held back."""

    reason: Reason


class FilingProof(RequestModel):
    """What shows that the claim was filed in time, and when that was."""

    kind: Literal["clearinghouse_report", "payer_letter", "portal_record", "other"]
    reference: Text
    filed_on: RecordDay


class SubmitParams(ClaimParams):
    """Past the time for filing a claim is submitted with proof only."""

    proof: FilingProof | None = None


class CorrectParams(SubmitParams):
    """What is corrected in the claim; what is left out stays. Without `resubmit` it is corrected only."""

    service_date: RecordDay | None = None
    amount: Amount | None = None
    payer_id: Reference | None = None
    provider_id: Reference | None = None
    payer_control_number: ControlNumber | None = None
    procedure_codes: Annotated[tuple[Procedure, ...], Field(max_length=50, strict=False)] | None = None
    diagnosis_codes: Annotated[tuple[Diagnosis, ...], Field(max_length=12, strict=False)] | None = None
    attachment: Text | None = None
    resubmit: bool = True


class DenialParams(ClaimParams):
    """The payer's denial: group and reason as CO-197, its remarks, and when it decided (today by default)."""

    code: DenialCodeText
    decided_on: RecordDay | None = None
    remarks: Annotated[tuple[Rarc, ...], Field(max_length=5, strict=False)] = ()
    control_number: ControlNumber | None = None


class AppealParams(ClaimParams):
    """On what ground the payer is asked to decide again, and when that was sent (today by default)."""

    ground: AppealGround = "other"
    kind: AppealKind = "appeal"
    filed_on: RecordDay | None = None
    reference: Text | None = None
    note: Text | None = None


class AppealOutcomeParams(ClaimParams):
    """How the payer decided. With `goOn` a lost level is not the end: the next one may be started.

    `paidAmount` is all that the payer has paid now; it belongs to an appeal that was won, and only to one.
    """

    outcome: Literal["won", "partially_won", "lost", "withdrawn"]
    decided_on: RecordDay | None = None
    paid_amount: Paid | None = None
    go_on: bool = False

    @model_validator(mode="after")
    def _paid_when_won(self) -> Self:
        if (self.paid_amount is not None) != (self.outcome in {"won", "partially_won"}):
            raise ValueError("send paidAmount with the outcomes won and partially_won, and only with these")
        if self.go_on and self.outcome != "lost":
            raise ValueError("send goOn with the outcome lost only")
        return self


class LinkAuthorizationParams(ClaimParams):
    """The authorization (number or uuid) of the claim's patient."""

    authorization_id: Reference


class SecondaryParams(ClaimParams):
    """The coverage to bill; by default the first other one that holds on the date of service."""

    coverage_id: Reference | None = None


class WriteOffParams(ClaimParams):
    """How much is given up (all that is open by default), and why; a lead may `refuse` what was asked for."""

    reason: WriteOffReason
    amount: Amount | None = None
    note: Text | None = None
    refuse: bool = False


class DeadlineParams(RequestModel):
    """How many days ahead, and which kind of deadline."""

    days: Annotated[int, Field(ge=0, le=3650)] = 14
    kind: DeadlineKind | None = None
    order: Literal["amount", "date"] = "amount"
    limit: Some = 25


class AgingParams(RequestModel):
    """The day at which the age is counted; today by default."""

    as_of: RecordDay | None = None


class RootCauseParams(RequestModel):
    """One step only."""

    step: CauseStep | None = None
