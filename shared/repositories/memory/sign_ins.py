"""Sessions, sign-in attempts, tickets, profiles and Firebase's accounts in memory."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Lock
from uuid import UUID

from shared.errors import UnauthenticatedError
from shared.models.audit import AuditEvent
from shared.models.firestore.documents import SessionDocument
from shared.models.sign_in import Profile, Ticket, TicketKind, Tokens
from shared.repositories.memory.documents import InMemoryDocuments
from shared.repositories.memory.members import InMemoryMemberRepository


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
            active = known.model_copy(update={"last_activity_at": session.last_activity_at})
            self._documents.sessions[session.id] = active

    def end_all(self, uid: str, *, at: datetime, event: AuditEvent) -> int:
        """See SessionRepository.end_all."""
        with self._documents.lock:
            going = [one for one in self._documents.sessions.values() if one.uid == uid and one.ended_at is None]
            for session in going:
                changes = {"ended_at": at, "updated_at": at, "version": session.version + 1}
                self._documents.sessions[session.id] = session.model_copy(update=changes)
            member = self._members.members[uid]
            self._members.members[uid] = member.model_copy(update={"tokens_valid_after": at})
            self._documents.record(event, None)
            return len(going)


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


@dataclass(slots=True)
class InMemoryProfileRepository:
    """See ProfileRepository."""

    profiles: dict[tuple[UUID, UUID], Profile] = field(default_factory=dict)

    def get(self, client_id: UUID, user_id: UUID) -> Profile | None:
        """See ProfileRepository.get."""
        return self.profiles.get((client_id, user_id))


@dataclass(slots=True)
class InMemoryIdentityPlatform:
    """See IdentityPlatform. `passwords` is by address; `uids` too; `id_token` makes a token for a uid."""

    id_token: Callable[[str], str]
    uids: dict[str, str]
    passwords: dict[str, str]
    refresh_tokens: dict[str, str] = field(default_factory=dict)

    def sign_in(self, email: str, password: str) -> Tokens:
        """See IdentityPlatform.sign_in."""
        if email not in self.uids or self.passwords.get(email) != password:
            raise UnauthenticatedError("The e-mail address or the password is wrong", code="wrong_credentials")
        return self.sign_in_as(self.uids[email])

    def sign_in_as(self, uid: str) -> Tokens:
        """See IdentityPlatform.sign_in_as."""
        refresh_token = secrets.token_urlsafe(16)
        self.refresh_tokens[refresh_token] = uid
        return Tokens(self.id_token(uid), refresh_token, 3600)

    def refresh(self, refresh_token: str) -> Tokens:
        """See IdentityPlatform.refresh."""
        uid = self.refresh_tokens.get(refresh_token)
        if uid is None:
            raise UnauthenticatedError("This sign-in cannot be continued: sign in again", code="sign_in_ended")
        return Tokens(self.id_token(uid), refresh_token, 3600)

    def revoke(self, uid: str, *, before: datetime) -> None:
        """See IdentityPlatform.revoke."""
        del before
        self.refresh_tokens = {known: of for known, of in self.refresh_tokens.items() if of != uid}

    def uid_of(self, email: str) -> str | None:
        """See IdentityPlatform.uid_of."""
        return self.uids.get(email)
