"""What the eligibility mode's quick actions are asked with that look, or look at single coverages."""

from __future__ import annotations

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from shared.models.api.base import Day, RequestModel
from shared.models.api.members import Money, Number, RecordDay, Reference, Text
from shared.models.api.modes import CheckEligibilityParams


class ExplainParams(RequestModel):
    """Which check to explain; the newest completed one by default."""

    check_id: Annotated[UUID, Field(strict=False)] | None = None


class WhyNotParams(RequestModel):
    """The action that is missed among those offered."""

    action: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{0,59}$")]


class EstimateParams(CheckEligibilityParams):
    """What the payer allows for the service, in USD, and for which day and service."""

    allowed_amount: Annotated[Money, Field(strict=False)]


class ClaimsParams(RequestModel):
    """Claims of this status only."""

    status: Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}$")] | None = None


class RecheckParams(RequestModel):
    """For which day: the visit's, the next visit's or today by default."""

    date_of_service: Day | None = None


class CoordinationParams(RequestModel):
    """For which day: the newest check's, the visit's, the next visit's or today by default.

    `order` ranks the coverages that are active then: each of them once, the one that pays first at the beginning.
    """

    date_of_service: Day | None = None
    order: Annotated[tuple[Annotated[UUID, Field(strict=False)], ...], Field(min_length=1, max_length=99)] | None = None


class PhoneVerificationParams(RequestModel):
    """What the payer said on the telephone about one of the patient's coverages, for which day.

    `reference` is the payer's number for the call, `spokeWith` what answered it: never a person's name. `copay` is what
    the payer named for a visit, in USD; it belongs to an active coverage.
    """

    coverage_id: Annotated[UUID, Field(strict=False)]
    outcome: Literal["active", "inactive", "unknown"]
    date_of_service: Day | None = None
    reference: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._/#-]{0,99}$")] | None = None
    spoke_with: Literal["representative", "supervisor", "automated_system", "provider_portal_desk"] | None = None
    copay: Annotated[Money, Field(strict=False)] | None = None

    @model_validator(mode="after")
    def _copay_of_an_active_coverage(self) -> Self:
        if self.copay is not None and self.outcome != "active":
            raise ValueError("send copay with the outcome active only")
        return self


class SwitchPayerParams(RequestModel):
    """Which coverage (as of which version) is replaced from `startDate` on; it ends the day before, and stays on file.

    Another payer (its number or uuid) takes over with a `memberId`, or `replacementCoverageId` does: a coverage of the
    patient that is on file already. The check that follows is for `dateOfService`, by default as a check's.
    """

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": ["payerId", "memberId"]}, {"required": ["replacementCoverageId"]}]}
    )

    coverage_id: Annotated[UUID, Field(strict=False)]
    version: Annotated[int, Field(ge=1)]
    start_date: RecordDay
    payer_id: Reference | None = None
    member_id: Number | None = None
    plan_name: Text | None = None
    replacement_coverage_id: Annotated[UUID, Field(strict=False)] | None = None
    date_of_service: Day | None = None
