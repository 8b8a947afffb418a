"""How an organisation runs its front desk: how long patients may wait, when a no-show is one, which forms it wants."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

Minutes = Annotated[int, Field(ge=1, le=1440)]
FormName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,59}$")]


class FrontDeskSettings(BaseModel):
    """`clients.front_desk`. Minutes until a wait is too long, by state; `graceMinutes` behind the start of a visit."""

    model_config = ConfigDict(
        frozen=True, alias_generator=to_camel, populate_by_name=True, extra="forbid", defer_build=True
    )

    arrived_minutes: Minutes = 10
    checked_in_minutes: Minutes = 15
    roomed_minutes: Minutes = 40
    grace_minutes: Annotated[int, Field(ge=0, le=1440)] = 15
    required_forms: Annotated[tuple[FormName, ...], Field(max_length=20)] = (
        "privacy_notice",
        "consent_to_treat",
        "financial_responsibility",
    )

    def too_long_since(self, now: datetime) -> dict[str, datetime]:
        """Since when a patient in each waiting state has waited too long at `now`."""
        minutes = {
            "arrived": self.arrived_minutes,
            "checked_in": self.checked_in_minutes,
            "roomed": self.roomed_minutes,
        }
        return {state: now - timedelta(minutes=limit) for state, limit in minutes.items()}

    def awaited_since(self, now: datetime) -> datetime:
        """Behind which start a patient who has not come is still awaited at `now`: the grace is not over."""
        return now - timedelta(minutes=self.grace_minutes)
