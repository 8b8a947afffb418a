"""Sessions, sign-in attempts, tickets, profiles and Firebase's accounts in memory."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Lock
from uuid import UUID

from shared.errors import ConflictError, UnauthenticatedError
from shared.models.audit import AuditEvent
from shared.models.firestore.documents import SessionDocument
from shared.models.sign_in import Profile, SignInLink, Ticket, TicketKind, Tokens
from shared.repositories.memory.documents import InMemoryDocuments
from shared.repositories.memory.members import InMemoryMemberRepository
from shared.repositories.memory.users import InMemoryAccounts, InMemoryPeople


class InMemorySessionRepository:
    """See SessionRepository."""

    def __init__(self, documents: InMemoryDocuments, members: InMemoryMemberRepository) -> None:
        self._documents = documents
        self._members = members

    def get(self, session_id: str) -> SessionDocument | None:
        """See SessionRepository.get."""
        return self._documents.sessions.get(session_id)

    def latest(self, session_id: str) -> SessionDocument | None:
        """See SessionRepository.latest."""
        return self.get(session_id)

    def start(self, session: SessionDocument, event: AuditEvent) -> SessionDocument:
        """See SessionRepository.start."""
        with self._documents.lock:
            self._documents.record(event, None)
            return self._documents.sessions.setdefault(session.id, session)

    def touch(self, session: SessionDocument) -> None:
        """See SessionRepository.touch."""
        with self._documents.lock:
            known = self._documents.sessions.setdefault(session.id, session)
            use = {"last_activity_at": session.last_activity_at, "idle_until": session.idle_until}
            self._documents.sessions[session.id] = known.model_copy(update=use)

    def end_all(self, uid: str, *, at: datetime, event: AuditEvent) -> int:
        """See SessionRepository.end_all."""
        with self._documents.lock:
            count = self._documents.end_sessions(uid, at=at)
            member = self._members.members[uid]
            self._members.members[uid] = member.model_copy(update={"tokens_valid_after": at})
            self._documents.record(event, None)
            return count


@dataclass(slots=True)
class InMemorySignInAttempts:
    """See SignInAttempts. `now` is the clock."""

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    windows: dict[str, tuple[int, datetime]] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    def begin(self, subject: str, *, window: timedelta) -> tuple[int, timedelta]:
        """See SignInAttempts.begin."""
        with self.lock:
            now = self.now()
            attempts, started = self.windows.get(subject, (0, now))
            if started <= now - window:
                attempts, started = 0, now
            self.windows[subject] = (attempts + 1, started)
            return attempts + 1, started + window - now

    def succeeded(self, subject: str) -> None:
        """See SignInAttempts.succeeded."""
        with self.lock:
            self.windows.pop(subject, None)


@dataclass(slots=True)
class InMemoryTicketRepository:
    """See TicketRepository."""

    tickets: dict[str, Ticket] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    def issue(self, ticket: Ticket) -> None:
        """See TicketRepository.issue."""
        with self.lock:
            self.tickets[ticket.secret_hash] = ticket

    def redeem(self, secret_hash: str, kind: TicketKind, *, now: datetime) -> Ticket | None:
        """See TicketRepository.redeem."""
        with self.lock:
            ticket = self.tickets.get(secret_hash)
            if ticket is None or ticket.kind != kind:
                return None
            del self.tickets[secret_hash]
            return ticket if ticket.expires_at > now else None


class InMemorySignInLinks:
    """See SignInLinks."""

    def __init__(self, people: InMemoryPeople) -> None:
        self._people = people

    def account_of(self, subject_hash: str) -> str | None:
        """See SignInLinks.account_of."""
        link = self._people.links.get(subject_hash)
        return link.uid if link else None

    def is_linked(self, uid: str, issuer: str) -> bool:
        """See SignInLinks.is_linked."""
        return any((one.uid, one.issuer) == (uid, issuer) for one in self._people.links.values())

    def add(self, link: SignInLink, client_id: UUID, event: AuditEvent) -> None:
        """See SignInLinks.add."""
        del client_id
        with self._people.lock:
            if self.account_of(link.subject_hash) == link.uid:
                return
            if link.subject_hash in self._people.links or self.is_linked(link.uid, link.issuer):
                raise ConflictError("This account signs in with another identity", code="identity_conflict")
            self._people.links[link.subject_hash] = link
            self._people.record(event)


@dataclass(slots=True)
class InMemoryProfileRepository:
    """See ProfileRepository."""

    profiles: dict[tuple[UUID, UUID], Profile] = field(default_factory=dict)

    def get(self, client_id: UUID, user_id: UUID) -> Profile | None:
        """See ProfileRepository.get."""
        return self.profiles.get((client_id, user_id))


@dataclass(slots=True)
class InMemoryIdentityPlatform:
    """See IdentityPlatform. `passwords` is by address; `id_token` makes a token for a uid."""

    id_token: Callable[[str], str]
    accounts: InMemoryAccounts
    passwords: dict[str, str]
    refresh_tokens: dict[str, tuple[str, datetime]] = field(default_factory=dict)

    def sign_in(self, email: str, password: str) -> Tokens:
        """See IdentityPlatform.sign_in."""
        uid = self.accounts.uids.get(email)
        if uid is None or self.passwords.get(email) != password:
            raise UnauthenticatedError("The e-mail address or the password is wrong", code="wrong_credentials")
        return self.sign_in_as(uid)

    def sign_in_as(self, uid: str) -> Tokens:
        """See IdentityPlatform.sign_in_as."""
        refresh_token = secrets.token_urlsafe(16)
        self.refresh_tokens[refresh_token] = uid, datetime.now(UTC)
        return Tokens(self.id_token(uid), refresh_token, 3600)

    def refresh(self, refresh_token: str) -> Tokens:
        """See IdentityPlatform.refresh."""
        uid, since = self.refresh_tokens.get(refresh_token, ("", datetime.now(UTC)))
        if not uid or since < self.accounts.ended.get(uid, since):
            raise UnauthenticatedError("This sign-in cannot be continued: sign in again", code="sign_in_ended")
        return Tokens(self.id_token(uid), refresh_token, 3600)
