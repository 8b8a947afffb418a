"""What guidance and call scripts of a visit are made from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from shared.domain.visit.check_in import MissingStep
from shared.domain.visit.clearing import reasons_of
from shared.domain.visit.states import NOT_CHECKED_IN
from shared.domain.visit.waits import Wait
from shared.models.visit import DeskVisit, ReadinessReason


@dataclass(frozen=True, slots=True)
class DeskGround:
    """A visit and what is known of it at `now` (the organisation's local time).

    `copay` is what the coverage of the day asks for, None where nobody knows; `missing` is what check-in lacks; `owed`
    is what the patient's insurances have left to the patient.
    """

    visit: DeskVisit
    missing: tuple[MissingStep, ...]
    copay: Decimal | None
    wait: Wait | None
    no_show_from: datetime
    now: datetime
    owed: Decimal = Decimal(0)

    def lacks(self, code: str) -> MissingStep | None:
        """The step of check-in with this code, when it is missing."""
        return next((step for step in self.missing if step.code == code), None)

    @property
    def reasons(self) -> tuple[ReadinessReason, ...]:
        """Why the visit is not ready, while that still matters."""
        return (
            reasons_of(self.visit.readiness, self.visit.readiness_reasons)
            if self.visit.status in NOT_CHECKED_IN
            else ()
        )
