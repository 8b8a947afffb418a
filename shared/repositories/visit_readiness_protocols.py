"""What the readiness of visits asks of a store: which visits it matters to, and a decision under a lock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Protocol
from uuid import UUID

from shared.domain.visit.readiness import HeldReadiness
from shared.models.audit import AuditEvent
from shared.models.records import EligibilityFile

# Until the patient is checked in; afterwards the readiness stays as it was.
OPEN_STATUSES: Final = ("scheduled", "confirmed", "arrived", "checking_in")


@dataclass(frozen=True, slots=True)
class OpenVisit:
    """A visit whose readiness may change, and whose it is."""

    id: UUID
    patient_id: UUID


DecideReadiness = Callable[[HeldReadiness, EligibilityFile], HeldReadiness | None]


class VisitReadinessRepository(Protocol):
    """The readiness of visits."""

    def open_visits(self, client_id: UUID, patients: Sequence[UUID], today: date) -> list[OpenVisit]:
        """Return the patients' visits from `today` on that are open, by id.

        A pending one is left out when nobody has ever asked about its day: there is nothing to say of it.
        """
        ...

    def settle(
        self, client_id: UUID, visit: OpenVisit, today: date, decide: DecideReadiness, event: AuditEvent
    ) -> bool:
        """Decide while nobody else moves the visit, and write with its history and `event`; whether anything changed.

        `decide` gets what the visit holds and the patient's file as it is then: the visit is its context, and its
        newest check is the newest about the visit's day. False too for a visit that is open no more.
        """
        ...
