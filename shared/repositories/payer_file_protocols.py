"""What posting asks of a store: files of payers with their lines, and the claims that a line may be about."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from shared.models.audit import AuditEvent
from shared.models.caller import IdempotencyKey
from shared.models.payer_files import (
    ClaimCandidate,
    NewPayerFile,
    PayerFile,
    PayerFileHead,
    PayerFileKind,
    Settlement,
)
from shared.repositories.changes import KeptAnswer

# Of so many claims of one day and charge nobody looks for a name any more.
MOST_OF_A_DAY = 25


@dataclass(frozen=True, slots=True)
class WantedPerson:
    """A claim by whose it is, when it was, and what was charged: all three must be the same."""

    first_name: str
    last_name: str
    service_date: date
    amount: Decimal


@dataclass(frozen=True, slots=True)
class FileFilter:
    """Which files: of one of `kinds`; with `unmatched`, those that have lines of no claim."""

    kinds: tuple[PayerFileKind, ...]
    unmatched: bool = False


class PayerFileRepository(Protocol):
    """Files of payers."""

    def recall(self, client_id: UUID, key: IdempotencyKey | None) -> None:
        """Raise Replayed when this request was answered within 24 hours."""
        ...

    def answered(self, client_id: UUID, kept: KeptAnswer | None) -> None:
        """Keep the answer of a request that is done. Raises Replayed when the same request was faster."""
        ...

    def keep(self, client_id: UUID, file: NewPayerFile, event: AuditEvent) -> tuple[UUID, bool]:
        """Keep a transaction with all its lines and its audit event in one commit; whether it is new.

        Of one digest and place there is one: the id of the one that was kept first is returned, and nothing changes.
        """
        ...

    def get(self, client_id: UUID, reference: str, *, seen: AuditEvent | None) -> PayerFile | None:
        """Return a kept transaction by its uuid; None for an unknown or foreign one."""
        ...

    def find(
        self,
        client_id: UUID,
        wanted: FileFilter,
        *,
        after: tuple[datetime, UUID] | None,
        limit: int,
        seen: AuditEvent | None,
    ) -> list[PayerFileHead]:
        """Return at most `limit` files, the newest first, starting behind `after`."""
        ...

    def settle(
        self, client_id: UUID, file_id: UUID, number: int, settlement: Settlement, event: AuditEvent | None
    ) -> bool:
        """Say what became of a line, unless it is settled already; `event` in the same commit. Whether it was said."""
        ...

    def posted_before(self, client_id: UUID, fingerprints: Collection[str]) -> Mapping[str, UUID]:
        """Return the claim that a line with each of these fingerprints was posted to, for those there are."""
        ...

    def taken(self, client_id: UUID, source_ref: str) -> UUID | None:
        """Return the claim whose history has an entry from this line of a payer's file."""
        ...

    def by_numbers(self, client_id: UUID, claim_numbers: Collection[str]) -> Mapping[str, ClaimCandidate]:
        """Return the claims that have these numbers of ours, by number."""
        ...

    def by_control_number(self, client_id: UUID, control_number: str) -> tuple[ClaimCandidate, ...]:
        """Return at most two claims that the payer knows by this number."""
        ...

    def by_person(self, client_id: UUID, wanted: WantedPerson) -> tuple[ClaimCandidate, ...]:
        """Return at most two claims of that day and charge whose patient has that name.

        Where a day has MOST_OF_A_DAY claims of that charge, any two of them: no name is looked for.
        """
        ...
