"""What the billers' mode asks of a store: claims changed under a lock with their history, queues, deadlines, aging."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, Protocol
from uuid import UUID

from shared.models.audit import AuditEvent
from shared.models.caller import IdempotencyKey
from shared.models.claim import (
    AgingCell,
    Appeal,
    BilledClaim,
    ClaimEvent,
    ClaimFile,
    ClaimQueue,
    ClaimStatus,
    DeadlineKind,
    ListedClaim,
    NewClaimEvent,
    QueueTotal,
    Total,
)

if TYPE_CHECKING:
    from shared.repositories.protocols import KeptAnswer

ListOrder = Literal["amount", "date"]
# At most so many claims are looked at for one page when no index knows a filter.
PROBED = 1000


@dataclass(frozen=True, slots=True)
class ClaimChange:
    """What is decided: the claim afterwards, what its history tells, an appeal, a new claim, the audit event.

    The claim is the same object when nothing of it changes; events may be added all the same. `appeal` is added, or
    takes the place of the one of its level. `made` is a new claim (a secondary one) with version 1.
    """

    claim: BilledClaim
    event: AuditEvent
    kept: KeptAnswer | None
    events: tuple[NewClaimEvent, ...] = ()
    appeal: Appeal | None = None
    made: BilledClaim | None = None


@dataclass(frozen=True, slots=True)
class ClaimFilter:
    """Which claims; None is any. `first_day` to `last_day` are days of service, amounts are inclusive."""

    patient: str | None = None
    status: ClaimStatus | None = None
    payer_id: UUID | None = None
    provider_id: UUID | None = None
    denial_code: str | None = None
    first_day: date | None = None
    last_day: date | None = None
    least: Decimal | None = None
    most: Decimal | None = None


@dataclass(frozen=True, slots=True)
class DayPosition:
    """Behind which claim a page begins, in the order of days."""

    day: date
    id: UUID


@dataclass(frozen=True, slots=True)
class AmountPosition:
    """Behind which claim a page begins, in the order of what is open."""

    cents: int
    id: UUID


@dataclass(frozen=True, slots=True)
class ClaimPage:
    """Claims in their order. `ends` is the last one that was looked at; None when there are no more behind it."""

    claims: tuple[ListedClaim, ...]
    ends: DayPosition | AmountPosition | None = None


@dataclass(frozen=True, slots=True)
class QueueAsked:
    """Which queue, of which reason or kind of deadline, at which day, in which order."""

    queue: ClaimQueue
    today: date
    reason: str | None = None
    order: ListOrder = "amount"


@dataclass(frozen=True, slots=True)
class DeadlinesAsked:
    """The deadlines up to a day, of one kind or of all, those that have passed included."""

    until: date
    kind: DeadlineKind | None = None
    order: ListOrder = "amount"


class ClaimRepository(Protocol):
    """Claims: each write is one transaction with the claim's history, its audit event and its kept answer."""

    def get(self, client_id: UUID, reference: str, *, seen: AuditEvent | None = None) -> ClaimFile | None:
        """Return a claim by uuid or number with what belongs to it; `seen` is recorded in the same transaction."""
        ...

    def with_claims(self, client_id: UUID, patients: Sequence[UUID]) -> set[UUID]:
        """Return those of the patients who have claims."""
        ...

    def change(
        self,
        client_id: UUID,
        reference: str,
        decide: Callable[[ClaimFile], ClaimChange],
        *,
        changed_by: UUID,
        key: IdempotencyKey | None,
    ) -> BilledClaim:
        """Lock, read, decide, write. Of two who change one claim the second sees what the first one wrote.

        An event whose `source_ref` the claim has already is refused with ConflictError (`already_posted`), and so is a
        new claim whose number another one has, or had (`number_taken`). Raises
        NotFoundError, Replayed, and whatever `decide` raises, which undoes everything.
        """
        ...

    def events(
        self, client_id: UUID, reference: str, *, before: int | None, limit: int, seen: AuditEvent | None
    ) -> tuple[UUID, tuple[ClaimEvent, ...]] | None:
        """Return the claim's uuid and its history, newest first, below the number `before`."""
        ...

    def page(
        self,
        client_id: UUID,
        wanted: ClaimFilter,
        *,
        after: DayPosition | None,
        limit: int,
        seen: AuditEvent | None,
    ) -> ClaimPage:
        """Return at most `limit` claims, newest day of service first.

        A page may be short and not the last: for filters that no index knows, at most PROBED claims are looked at.
        """
        ...

    def queues(self, client_id: UUID, today: date, *, seen: AuditEvent | None) -> tuple[QueueTotal, ...]:
        """Return what lies in each queue today."""
        ...

    def queue(
        self,
        client_id: UUID,
        asked: QueueAsked,
        *,
        after: DayPosition | AmountPosition | None,
        limit: int,
        seen: AuditEvent | None,
    ) -> ClaimPage:
        """Return claims of one queue: the most money first, or the soonest deadline (the longest wait) first."""
        ...

    def deadlines(
        self,
        client_id: UUID,
        asked: DeadlinesAsked,
        *,
        after: DayPosition | AmountPosition | None,
        limit: int,
        seen: AuditEvent | None,
    ) -> tuple[Total, ClaimPage]:
        """Return how much is at risk up to a day, and the claims: each with the deadline that comes first."""
        ...

    def aging(self, client_id: UUID, as_of: date, *, seen: AuditEvent | None) -> tuple[AgingCell, ...]:
        """Return what is open now by payer, stage, and age on the day `as_of`."""
        ...
