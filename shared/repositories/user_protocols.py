"""What services ask of the stores about users, their organisation, and the copies of both elsewhere.

`users` and `clients` in PostgreSQL are the truth. A change of either writes a row of `member_outbox` in its
transaction; `MemberOutbox` hands those rows to whoever carries them to the accounts and to the live store.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from shared.models.audit import AuditEvent
from shared.models.caller import IdempotencyKey
from shared.models.users import Membership, MembershipChanges, NewAccount, Organisation, User
from shared.repositories.protocols import KeptAnswer


@dataclass(frozen=True, slots=True)
class UserFilter:
    """Which users: each of the given members."""

    role: str | None = None
    status: str | None = None


@dataclass(frozen=True, slots=True)
class UserChange:
    """A decided change: the user as it shall be, who did it, the answer to keep, and whether others must learn of it.

    A user that is the same object as before is left alone; the event is written all the same.
    """

    user: User
    event: AuditEvent
    kept: KeptAnswer | None = None
    mirrored: bool = False


class UserRepository(Protocol):
    """Users of an organisation."""

    def find(
        self,
        client_id: UUID,
        wanted: UserFilter,
        *,
        after: tuple[str, UUID] | None,
        limit: int,
        seen: AuditEvent | None,
    ) -> list[User]:
        """Return at most `limit` users in (lower-case name, id) order, starting behind `after`."""
        ...

    def get(self, client_id: UUID, user_id: UUID, *, seen: AuditEvent | None = None) -> User | None:
        """Return the user, None when there is none or it belongs to another client."""
        ...

    def invite(self, user: User, event: AuditEvent, *, key: IdempotencyKey | None, kept: KeptAnswer | None) -> None:
        """Add the user with its event, its outbox row and the answer to keep in one transaction.

        Raises ConflictError `email_in_use` when anybody has this address, Replayed for a repeated request.
        """
        ...

    def change(
        self,
        client_id: UUID,
        user_id: UUID,
        decide: Callable[[User, int], UserChange],
        *,
        key: IdempotencyKey | None = None,
    ) -> User:
        """Get, decide, write, in one transaction that no other change of the organisation's users overlaps.

        `decide` gets the user and how many other active admins there are. Raises NotFoundError for an unknown or
        foreign id, Replayed for a repeated request, and whatever `decide` raises.
        """
        ...


class OrganisationRepository(Protocol):
    """The organisation itself."""

    def get(self, client_id: UUID) -> Organisation | None:
        """Return the organisation."""
        ...

    def create(self, organisation: Organisation, admin: User, event: AuditEvent) -> None:
        """Add an organisation with its first admin. Raises ConflictError `email_in_use`."""
        ...

    def change(
        self, client_id: UUID, decide: Callable[[Organisation], tuple[Organisation, AuditEvent]]
    ) -> Organisation:
        """Get, decide, write, in one transaction; a new time zone goes to every member. Raises NotFoundError."""
        ...


class MemberOutbox(Protocol):
    """Changes of memberships that others do not know yet, or may not know everywhere yet."""

    def waiting(self) -> list[UUID]:
        """Return the clients that have something due: never carried, or carried while old copies were in use."""
        ...

    def taken(self, client_id: UUID) -> AbstractContextManager[MembershipChanges]:
        """Lend out what waits for a client, to one borrower at a time; it is noted as carried unless the body fails.

        A change is carried again, and then forgotten, once every cached copy of a membership has run out: a sign-in
        that was still let in meanwhile is found then.
        """
        ...


class MemberMirror(Protocol):
    """The live store's copies: `members/{uid}` and `rosters/{clientId}`."""

    def store(self, changes: MembershipChanges) -> None:
        """Write the copies, never an older one over a newer one, and end the sign-ins that are over."""
        ...


class Accounts(Protocol):
    """The accounts that people sign in with. Raises StoreUnavailableError when they do not answer."""

    def open(self, account: NewAccount, membership: Membership) -> None:
        """Open the account. One that has this address or uid already is replaced: it belongs to no member."""
        ...

    def apply(self, membership: Membership) -> None:
        """Set the claims, lock or unlock the account, and end its earlier sign-ins; no harm if there is none."""
        ...

    def end_sign_ins(self, uid: str, *, before: datetime) -> None:
        """End every refresh token of a sign-in earlier than `before`."""
        ...

    def uid_of(self, email: str) -> str | None:
        """Return the account that has this address and has it verified, open or locked; None when there is none."""
        ...
