"""Failed sign-ins, single-use tickets, linked identities and profiles in PostgreSQL.

Attempts and tickets are one statement each, so that of parallel requests every one is counted and only one redeems.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from shared.db.postgres import Postgres
from shared.errors import ConflictError
from shared.models.audit import AuditEvent
from shared.models.postgres.sign_in import sign_in_attempts, sign_in_links, sign_in_tickets
from shared.models.sign_in import Profile, SignInLink, Ticket, TicketKind
from shared.repositories.postgres.transaction import add_event

_BEGIN = text(
    "INSERT INTO sign_in_attempts AS known (subject) VALUES (:subject)"
    " ON CONFLICT (subject) DO UPDATE SET"
    " attempts = CASE WHEN known.window_started_at <= now() - CAST(:window AS interval) THEN 1"
    " ELSE known.attempts + 1 END,"
    " window_started_at = CASE WHEN known.window_started_at <= now() - CAST(:window AS interval) THEN now()"
    " ELSE known.window_started_at END"
    " RETURNING attempts, window_started_at + CAST(:window AS interval) - now()"
)
# A few of what is over go with each new row, so that the table stays as small as the traffic.
_CLEAR_TICKETS = text(
    "DELETE FROM sign_in_tickets WHERE secret_hash IN"
    " (SELECT secret_hash FROM sign_in_tickets WHERE expires_at < now() ORDER BY expires_at LIMIT 10"
    " FOR UPDATE SKIP LOCKED)"
)
_CLEAR_ATTEMPTS = text(
    "DELETE FROM sign_in_attempts WHERE subject IN"
    " (SELECT subject FROM sign_in_attempts WHERE window_started_at < now() - interval '1 day'"
    " ORDER BY window_started_at LIMIT 10 FOR UPDATE SKIP LOCKED)"
)
_PROFILE = text(
    "SELECT u.id, u.email, u.name, u.preferences, c.id AS client_id, c.name AS client_name, c.logo_url, c.time_zone"
    " FROM users u JOIN clients c ON c.id = u.client_id WHERE u.client_id = :client_id AND u.id = :user_id"
)


class PostgresSignInAttempts:
    """See SignInAttempts."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    def begin(self, subject: str, *, window: timedelta) -> tuple[int, timedelta]:
        """See SignInAttempts.begin."""
        with self._postgres.unbound() as connection:
            row = connection.execute(_BEGIN, {"subject": subject, "window": window}).one()
        return int(row[0]), row[1]

    def succeeded(self, subject: str) -> None:
        """See SignInAttempts.succeeded."""
        with self._postgres.unbound() as connection:
            connection.execute(delete(sign_in_attempts).where(sign_in_attempts.c.subject == subject))
            connection.execute(_CLEAR_ATTEMPTS)


class PostgresTicketRepository:
    """See TicketRepository."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    def issue(self, ticket: Ticket) -> None:
        """See TicketRepository.issue."""
        row = {
            "secret_hash": ticket.secret_hash,
            "kind": ticket.kind,
            "content": ticket.content,
            "expires_at": ticket.expires_at,
        }
        with self._postgres.unbound() as connection:
            connection.execute(insert(sign_in_tickets).values(row))
            connection.execute(_CLEAR_TICKETS)

    def redeem(self, secret_hash: str, kind: TicketKind, *, now: datetime) -> Ticket | None:
        """See TicketRepository.redeem. Of parallel deletions of one row, one returns it."""
        taken = (
            delete(sign_in_tickets)
            .where(sign_in_tickets.c.secret_hash == secret_hash, sign_in_tickets.c.kind == kind)
            .returning(sign_in_tickets.c.content, sign_in_tickets.c.expires_at)
        )
        with self._postgres.unbound() as connection:
            row = connection.execute(taken).one_or_none()
        if row is None or row.expires_at <= now:
            return None
        content = json.loads(row.content) if isinstance(row.content, str) else row.content
        return Ticket(secret_hash, kind, content, row.expires_at)


class PostgresSignInLinks:
    """See SignInLinks."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    def account_of(self, subject_hash: str) -> str | None:
        """See SignInLinks.account_of."""
        return self._one(select(sign_in_links.c.uid).where(sign_in_links.c.subject_hash == subject_hash))

    def is_linked(self, uid: str, issuer: str) -> bool:
        """See SignInLinks.is_linked."""
        mine = (sign_in_links.c.uid == uid, sign_in_links.c.issuer == issuer)
        return self._one(select(sign_in_links.c.uid).where(*mine)) is not None

    def add(self, link: SignInLink, client_id: UUID, event: AuditEvent) -> None:
        """See SignInLinks.add."""
        try:
            with self._postgres.tenant(client_id) as connection:
                connection.execute(insert(sign_in_links).values(**asdict(link)))
                add_event(connection, event)
        except IntegrityError as exc:
            if self.account_of(link.subject_hash) != link.uid:  # else another request added this very link
                raise ConflictError("This account signs in with another identity", code="identity_conflict") from exc

    def _one(self, wanted: Select[Any]) -> str | None:
        with self._postgres.unbound() as connection:
            found: str | None = connection.execute(wanted).scalar_one_or_none()
        return found


class PostgresProfileRepository:
    """See ProfileRepository."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    def get(self, client_id: UUID, user_id: UUID) -> Profile | None:
        """See ProfileRepository.get."""
        with self._postgres.tenant(client_id) as connection:
            row = connection.execute(_PROFILE, {"client_id": client_id, "user_id": user_id}).one_or_none()
        if row is None:
            return None
        return Profile(
            user_id=row.id,
            email=row.email,
            name=row.name,
            client_id=row.client_id,
            client_name=row.client_name,
            logo_url=row.logo_url,
            time_zone=row.time_zone,
            preferences=dict(row.preferences or {}),
        )
