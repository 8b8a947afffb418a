"""What the authorization service asks of a store: requests, changes under a lock, and the visits that take units."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from shared.models.audit import AuditEvent
from shared.models.caller import IdempotencyKey
from shared.models.records import Authorization, EligibilityFile, PayerRule, Visit
from shared.repositories.record_protocols import RecordChanges

if TYPE_CHECKING:
    from shared.repositories.protocols import KeptAnswer


@dataclass(frozen=True, slots=True)
class RequestReferences:
    """What a request names, by uuid or number: whose it is, and the payer, provider and visit where they were given."""

    patient: str
    payer: str | None = None
    provider: str | None = None
    visit: str | None = None


@dataclass(frozen=True, slots=True)
class RequestGround:
    """What a request is made on.

    `payer_id`, `provider_id` and `file.context_visit` are what was named, None when there is no such record; `rules`
    are those of every payer concerned, `npis` the providers that may be meant, with their NPI.
    """

    file: EligibilityFile
    payer_id: UUID | None
    provider_id: UUID | None
    rules: tuple[PayerRule, ...]
    npis: Mapping[UUID, str | None]


@dataclass(frozen=True, slots=True)
class VisitLink:
    """A visit that is linked to the authorization `now`, or to none; `before` is its former link."""

    visit_id: UUID
    before: UUID | None
    now: UUID | None
    units: int = 1

    @property
    def changes(self) -> RecordChanges:
        """What the visit's history tells."""
        before, now = (None if one is None else str(one) for one in (self.before, self.now))
        return {"authorization_id": (before, now)}


@dataclass(frozen=True, slots=True)
class AuthorizationChange:
    """What is decided: the authorization afterwards, a visit's link, the audit event, and the answer to keep.

    The authorization is the same object when nothing changes.
    """

    authorization: Authorization
    event: AuditEvent
    kept: KeptAnswer | None
    link: VisitLink | None = None


@dataclass(frozen=True, slots=True)
class AuthorizationCase:
    """An authorization and what a decision about it needs.

    Its payer's rules, its coverage's member id, its provider's NPI; `visit` is the one that was named, None when there
    is no such visit.
    """

    authorization: Authorization
    rules: tuple[PayerRule, ...]
    member_id: str | None
    provider_npi: str | None
    visit: Visit | None


@dataclass(frozen=True, slots=True)
class ClaimLine:
    """A claim as far as an authorization is concerned."""

    id: UUID
    patient_id: UUID
    payer_id: UUID | None
    provider_id: UUID | None
    service_date: date | None
    visit: Visit | None


class AuthorizationRepository(Protocol):
    """Authorizations: each write is one transaction with its history, its audit event and its kept answer."""

    def request(
        self,
        client_id: UUID,
        references: RequestReferences,
        decide: Callable[[RequestGround], AuthorizationChange],
        *,
        today: date,
        changed_by: UUID,
        key: IdempotencyKey | None,
    ) -> Authorization | None:
        """Make a request, one at a time for each patient; None for an unknown patient.

        `decide` returns the new authorization, or one of the file's when it is there already. Raises Replayed.
        """
        ...

    def get(self, client_id: UUID, reference: str, *, seen: AuditEvent | None = None) -> Authorization | None:
        """Return an authorization by uuid or number; `seen` is recorded in the same transaction."""
        ...

    def change(
        self,
        client_id: UUID,
        reference: str,
        decide: Callable[[AuthorizationCase], AuthorizationChange],
        *,
        changed_by: UUID,
        key: IdempotencyKey | None,
        visit: str | None = None,
    ) -> Authorization:
        """Lock, read, decide, write. Of two who change one authorization the second sees what the first one wrote.

        Raises NotFoundError, Replayed, and whatever `decide` raises, which undoes everything.
        """
        ...

    def visit(self, client_id: UUID, reference: str) -> Visit | None:
        """Return a visit by uuid or number."""
        ...

    def claim(self, client_id: UUID, reference: str) -> ClaimLine | None:
        """Return a claim by uuid or number."""
        ...
