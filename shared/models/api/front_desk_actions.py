"""Params of the front desk's quick actions about a whole day, calls and hand-offs."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from shared.models.api.base import RequestModel, UtcTime
from shared.models.api.members import RecordDay, Reference
from shared.models.api.tasks import Description, Priority


class ReadinessListParams(RequestModel):
    """Of which day: tomorrow at the organisation unless another is named."""

    date: RecordDay | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 25


class CallScriptParams(RequestModel):
    """Whom to call, about which visit (the context's by default)."""

    whom: Literal["patient", "payer"] = "patient"
    visit_id: Reference | None = None


class HandoffParams(RequestModel):
    """To whom the visit (the context's by default) is handed, and what they should know."""

    to: Literal["eligibility", "billing", "lead"]
    visit_id: Reference | None = None
    note: Description | None = None
    due_at: UtcTime | None = None
    priority: Priority = "normal"
