"""The outbox of changed memberships in PostgreSQL, as the role that serves (one client) or that relays (all)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from shared.db.postgres import Postgres
from shared.domain.membership import push_choice
from shared.models.roles import Role
from shared.models.users import Membership, MembershipChanges, Preferences

PAGE = 100
# Later than the copies of memberships that instances keep: see shared.repositories.firestore.members.CACHE_SECONDS.
SETTLED = "35 seconds"
_WAITING = text(
    "SELECT client_id FROM member_outbox"  # noqa: S608 (a constant)
    f" WHERE carried_at IS NULL OR created_at < now() - interval '{SETTLED}'"
    " GROUP BY client_id ORDER BY min(created_at) LIMIT 500"
)
# One borrower a client at a time; the lock ends with the transaction, also when the process dies.
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('member_outbox:' || CAST(:client AS text), 0))")
_PATIENCE = text("SET LOCAL lock_timeout = '4s'")
_DUE = text(
    f"SELECT id, user_id, created_at < now() - interval '{SETTLED}' AS settled FROM member_outbox"  # noqa: S608 (a constant)
    " WHERE client_id = :client ORDER BY created_at, id LIMIT :page"
)
_MEMBERS = text("""
SELECT u.client_id, u.id, u.firebase_uid, u.role, u.status, c.time_zone, u.version, u.tokens_valid_after, u.preferences
FROM users u JOIN clients c ON c.id = u.client_id
WHERE u.client_id = :client AND u.firebase_uid IS NOT NULL AND (u.status = 'active' OR u.id = ANY(:changed))
ORDER BY u.id
""")
_VERSION = text("""
SELECT c.version + (SELECT coalesce(sum(u.version), 0) FROM users u WHERE u.client_id = c.id) AS version, c.time_zone
FROM clients c WHERE c.id = :client
""")
_FORGET = text("DELETE FROM member_outbox WHERE client_id = :client AND id = ANY(:ids)")
_CARRIED = text(
    "UPDATE member_outbox SET carried_at = now() WHERE client_id = :client AND id = ANY(:ids) AND carried_at IS NULL"
)


class PostgresMemberOutbox:
    """See MemberOutbox. `across_clients` is for the relay role, whose policies are bound to no client."""

    def __init__(self, postgres: Postgres, *, across_clients: bool = False) -> None:
        self._postgres = postgres
        self._across_clients = across_clients

    def waiting(self) -> list[UUID]:
        """See MemberOutbox.waiting."""
        with self._postgres.unbound() as connection:
            return [row.client_id for row in connection.execute(_WAITING)]

    @contextmanager
    def taken(self, client_id: UUID) -> Iterator[MembershipChanges]:
        """See MemberOutbox.taken."""
        with self._transaction(client_id) as connection:
            connection.execute(_PATIENCE)
            connection.execute(_LOCK, {"client": client_id})
            due = connection.execute(_DUE, {"client": client_id, "page": PAGE}).all()
            changed = {row.user_id for row in due}
            members = _members(connection, client_id, changed) if due else []
            row = connection.execute(_VERSION, {"client": client_id}).one_or_none()
            yield MembershipChanges(
                client_id,
                version=int(row.version) if row else 0,
                time_zone=row.time_zone if row else "UTC",
                changed=tuple(member for member in members if member.user_id in changed),
                roster=tuple(member for member in members if member.status == "active"),
            )
            settled = [row.id for row in due if row.settled]
            fresh = [row.id for row in due if not row.settled]
            if settled:
                connection.execute(_FORGET, {"client": client_id, "ids": settled})
            if fresh:
                connection.execute(_CARRIED, {"client": client_id, "ids": fresh})

    def _transaction(self, client_id: UUID) -> AbstractContextManager[Connection]:
        return self._postgres.unbound() if self._across_clients else self._postgres.tenant(client_id)


def _members(connection: Connection, client_id: UUID, changed: set[UUID]) -> list[Membership]:
    rows = connection.execute(_MEMBERS, {"client": client_id, "changed": list(changed)}).all()
    return [_membership(row) for row in rows]


def _membership(row: Any) -> Membership:
    client_id, user_id, uid, role, status, time_zone, version, valid_after, preferences = row
    push = push_choice(Preferences.model_validate(preferences))
    return Membership(client_id, user_id, uid, Role(role), status, time_zone, version, valid_after, push)
