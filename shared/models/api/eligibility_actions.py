"""What the eligibility mode's quick actions are asked with that only look."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from shared.models.api.base import RequestModel
from shared.models.api.members import Money
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
