"""What the front desk asks of a store about a whole day: its figures, and what is not ready."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final, Protocol
from uuid import UUID

from shared.domain.visit.day import DayFigures, MoneyAtRisk
from shared.models.audit import AuditEvent
from shared.models.visit import DeskVisit
from shared.repositories.visit_protocols import DeskPatient

CALLED_OFF: Final = ("cancelled", "rescheduled")
CHECKED_IN: Final = ("checked_in", "roomed", "with_provider", "checked_out", "completed")
CAME: Final = ("arrived", "checking_in", "left_without_being_seen", *CHECKED_IN)
AWAITED: Final = ("scheduled", "confirmed")


@dataclass(frozen=True, slots=True)
class VisitAtRisk:
    """A visit that is not ready, and what it is likely to bring; None where no record says."""

    visit: DeskVisit
    patient: DeskPatient
    provider_name: str | None
    at_risk: MoneyAtRisk | None


@dataclass(frozen=True, slots=True)
class AtRisk:
    """The first visits of a day that are not ready; the amount, and how many are without one, are of all of them."""

    visits: tuple[VisitAtRisk, ...] = ()
    amount: Decimal = Decimal(0)
    without_amount: int = 0


@dataclass(frozen=True, slots=True)
class CallNumbers:
    """Whom to call about a visit; the first coverage in force on its day, None where there is none."""

    patient_phone: str | None
    payer_name: str | None
    payer_phone: str | None
    member_id: str | None


class FrontDeskDayRepository(Protocol):
    """A day at the front desk."""

    def figures(self, client_id: UUID, day: date, now: datetime, *, seen: AuditEvent | None) -> DayFigures:
        """Count a day's visits as they stand at `now`; the organisation's own limits say who waits too long.

        Who is late comes next until the organisation's grace is over.
        """
        ...

    def at_risk(self, client_id: UUID, day: date, *, limit: int, seen: AuditEvent | None) -> AtRisk:
        """Return a day's open visits that are not ready: the most money first, without an amount last, by start."""
        ...

    def numbers(self, client_id: UUID, visit_id: UUID, *, seen: AuditEvent | None) -> CallNumbers | None:
        """Return whom to call about a visit; None for an unknown one."""
        ...
