"""What signing in asks of the stores and of the identity platform.

Implementations raise StoreUnavailableError when they do not answer in time.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from shared.models.audit import AuditEvent
from shared.models.firestore.documents import SessionDocument
from shared.models.sign_in import Profile, ProvenIdentity, SignInLink, SignInStep, Ticket, TicketKind, Tokens


class SessionRepository(Protocol):
    """Session documents: one a sign-in."""

    def get(self, session_id: str) -> SessionDocument | None:
        """Return the session as it was within the last minute."""
        ...

    def latest(self, session_id: str) -> SessionDocument | None:
        """Return the session as it is now."""
        ...

    def start(self, session: SessionDocument, event: AuditEvent) -> SessionDocument:
        """Create the session and its event in one commit; returns what is stored.

        A session that is there already stays as it is, and the event is stored with it.
        """
        ...

    def touch(self, session: SessionDocument) -> None:
        """Record the session's last activity; a missing session is created, an ended one stays ended."""
        ...

    def end_all(self, uid: str, *, at: datetime, event: AuditEvent) -> int:
        """End every session of a person and their older tokens in one commit with `event`; returns how many ended."""
        ...


class SignInAttempts(Protocol):
    """Failed sign-ins by the hash of what was tried."""

    def begin(self, subject: str, *, window: timedelta) -> tuple[int, timedelta]:
        """Count one attempt; returns the attempts of the current window and how long it still lasts."""
        ...

    def succeeded(self, subject: str) -> None:
        """Forget the attempts."""
        ...


class TicketRepository(Protocol):
    """Single-use secrets."""

    def issue(self, ticket: Ticket) -> None:
        """Store a ticket."""
        ...

    def redeem(self, secret_hash: str, kind: TicketKind, *, now: datetime) -> Ticket | None:
        """Take the ticket away; None when there is none, it expired, or somebody else was faster."""
        ...


class SignInLinks(Protocol):
    """Which identities at providers sign in as which accounts: an account has one identity at an issuer."""

    def account_of(self, subject_hash: str) -> str | None:
        """Return the uid that the identity signs in as."""
        ...

    def is_linked(self, uid: str, issuer: str) -> bool:
        """Tell whether some identity at the issuer signs in as the account."""
        ...

    def add(self, link: SignInLink, client_id: UUID, event: AuditEvent) -> None:
        """Add the link with its event. Raises ConflictError when the identity or the account has another."""
        ...


class IdentityProvider(Protocol):
    """Somebody who proves who a person is. Raises StoreUnavailableError when it does not answer as it should."""

    @property
    def label(self) -> str:
        """What people know it as."""
        ...

    def login_address(self, step: SignInStep, challenge: str) -> str:
        """Return the address of the provider's login page; `challenge` is the hash of the step's verifier."""
        ...

    def identity(self, step: SignInStep, *, code: str, issuer: str | None) -> ProvenIdentity:
        """Exchange the provider's code; `issuer` is who the answer says it is of.

        Raises UnauthenticatedError `identity_not_proven`.
        """
        ...


class ProfileRepository(Protocol):
    """People as they are shown to themselves."""

    def get(self, client_id: UUID, user_id: UUID) -> Profile | None:
        """Return a member of the organisation."""
        ...


class IdentityPlatform(Protocol):
    """Firebase, as it signs people in. Their accounts are administered by shared.repositories.user_protocols.Accounts.

    Raises UnauthenticatedError for whatever it refuses, TooManyRequestsError when it is busy.
    """

    def sign_in(self, email: str, password: str) -> Tokens:
        """Sign in by password. Unknown address, wrong password and closed account are one and the same refusal."""
        ...

    def sign_in_as(self, uid: str) -> Tokens:
        """Sign in a person whose identity was proven elsewhere."""
        ...

    def refresh(self, refresh_token: str) -> Tokens:
        """Exchange a refresh token."""
        ...
