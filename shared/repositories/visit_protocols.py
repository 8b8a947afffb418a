"""What the front desk asks of a store: the day's board, a visit with its history, and moves under a lock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from shared.models.audit import AuditEvent
from shared.models.caller import IdempotencyKey
from shared.models.front_desk import FrontDeskSettings
from shared.models.visit import CheckInFact, DeskVisit, VisitStatus, VisitStep

if TYPE_CHECKING:
    from shared.repositories.protocols import KeptAnswer

# A visit without a start stands behind those that have one.
NO_START = datetime.fromisoformat("9999-12-31T00:00:00Z")


@dataclass(frozen=True, slots=True)
class BoardFilter:
    """Which visits of a day; `provider` is a uuid or number."""

    day: date
    status: VisitStatus | None = None
    provider: str | None = None


@dataclass(frozen=True, slots=True)
class BoardPosition:
    """Where a page ended: the start of its last visit (NO_START without one) and its id."""

    starts_at: datetime
    visit_id: UUID


@dataclass(frozen=True, slots=True)
class DeskPatient:
    """The patient as the desk calls them."""

    id: UUID
    mrn: str
    first_name: str
    last_name: str
    date_of_birth: date | None


@dataclass(frozen=True, slots=True)
class BoardVisit:
    """A line of the board."""

    visit: DeskVisit
    patient: DeskPatient
    provider_name: str | None


@dataclass(frozen=True, slots=True)
class Board:
    """A page of a day's visits by their start, and how the organisation runs its desk."""

    visits: tuple[BoardVisit, ...]
    settings: FrontDeskSettings


@dataclass(frozen=True, slots=True)
class Successor:
    """The visit that took a visit's place; `touched` when somebody moved it, or something points at it."""

    id: UUID
    visit_number: str
    visit_date: date
    touched: bool


@dataclass(frozen=True, slots=True)
class VisitCase:
    """A visit and what a decision about it needs; `history` oldest first, `facts` those that were not taken back.

    `verified` and `copay`: see CheckInGround. `provider` is the one that was named, None when there is no such one.
    `owed` is what insurances have left to the patient, over all claims.
    """

    visit: DeskVisit
    patient: DeskPatient
    provider_name: str | None
    settings: FrontDeskSettings
    history: tuple[VisitStep, ...]
    facts: tuple[CheckInFact, ...]
    verified: bool
    copay: Decimal | None
    successor: Successor | None = None
    provider: UUID | None = None
    owed: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class VisitChange:
    """What is decided, written in one transaction.

    The visit afterwards, the new rows of its history, what was confirmed, the step whose facts are taken back, a visit
    that is made in its place and one that is made undone, the audit event and the answer to keep.
    """

    visit: DeskVisit
    event: AuditEvent
    kept: KeptAnswer | None
    steps: tuple[VisitStep, ...] = ()
    facts: tuple[CheckInFact, ...] = ()
    withdrawn_step: UUID | None = None
    made: DeskVisit | None = None
    unmade: UUID | None = None


@dataclass(frozen=True, slots=True)
class WalkInGround:
    """What a walk-in is made on; `provider` is None when none was named, or there is no such one.

    `verified` and `copay`: see CheckInGround.
    """

    patient: DeskPatient
    provider: UUID | None
    provider_name: str | None
    settings: FrontDeskSettings
    verified: bool
    copay: Decimal | None


class VisitRepository(Protocol):
    """Visits at the front desk: each write is one transaction with history, audit event and kept answer."""

    def board(
        self,
        client_id: UUID,
        wanted: BoardFilter,
        *,
        after: BoardPosition | None,
        limit: int,
        seen: AuditEvent | None,
    ) -> Board | None:
        """Return at most `limit` visits of a day by start and id, behind `after`; None for an unknown provider."""
        ...

    def get(self, client_id: UUID, reference: str, *, seen: AuditEvent | None = None) -> VisitCase | None:
        """Return a visit by uuid or number; `seen` is recorded in the same transaction."""
        ...

    def of_patient_on(self, client_id: UUID, patient_id: UUID, day: date) -> Sequence[UUID]:
        """Return the patient's visits of a day that were not called off, at most three.

        By their start; those that are over come behind those that are not.
        """
        ...

    def change(
        self,
        client_id: UUID,
        reference: str,
        decide: Callable[[VisitCase], VisitChange],
        *,
        changed_by: UUID,
        key: IdempotencyKey | None,
        provider: str | None = None,
    ) -> None:
        """Decide while nobody else moves the visit, and write.

        Raises NotFoundError, Replayed, and whatever `decide` raises: then nothing is written.
        """
        ...

    def add_walk_in(
        self,
        client_id: UUID,
        patient: str,
        decide: Callable[[WalkInGround], VisitChange],
        *,
        day: date,
        changed_by: UUID,
        key: IdempotencyKey | None,
        provider: str | None = None,
    ) -> None:
        """Make a visit (`change.made`) of `day` with its history.

        Raises NotFoundError for an unknown patient, Replayed.
        """
        ...
