"""Users and their organisation in PostgreSQL.

Every change of a user locks the organisation's row first: two admins who demote each other at once come one after the
other, and the second one finds itself the last.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from shared.db.postgres import Postgres
from shared.errors import ConflictError, NotFoundError
from shared.models.audit import AuditEvent
from shared.models.caller import IdempotencyKey
from shared.models.front_desk import FrontDeskSettings
from shared.models.identifiers import uuid7
from shared.models.roles import Role
from shared.models.users import Organisation, Preferences, User
from shared.repositories.postgres.transaction import add_event, keep, recall
from shared.repositories.protocols import KeptAnswer
from shared.repositories.user_protocols import UserChange, UserFilter

_COLUMNS = """id, client_id, email, name, role, status, created_at, updated_at, firebase_uid, preferences, version,
  tokens_valid_after, invitation_id, invitation_expires_at"""
_GET = text(f"SELECT {_COLUMNS} FROM users WHERE client_id = :client AND id = :user")  # noqa: S608 (a constant)
_LOCK = text("SELECT 1 FROM clients WHERE id = :client FOR UPDATE")
_OTHER_ADMINS = text(
    "SELECT count(*) FROM users WHERE client_id = :client AND role = 'admin' AND status = 'active' AND id <> :user"
)
_INSERT = text("""
INSERT INTO users (id, client_id, email, name, role, status, created_at, updated_at, firebase_uid, preferences,
  version, tokens_valid_after, invitation_id, invitation_expires_at)
VALUES (:id, :client_id, :email, :name, :role, :status, :created_at, :updated_at, :uid, CAST(:preferences AS jsonb),
  :version, :tokens_valid_after, :invitation_id, :invitation_expires_at)
""")
_UPDATE = text("""
UPDATE users SET name = :name, role = :role, status = :status, updated_at = :updated_at, firebase_uid = :uid,
  preferences = preferences || CAST(:preferences AS jsonb), version = :version,
  tokens_valid_after = :tokens_valid_after, invitation_id = :invitation_id,
  invitation_expires_at = :invitation_expires_at
WHERE client_id = :client_id AND id = :id
""")
# Whoever comes back later signs in with whichever identity the provider then proves.
_UNLINK = text("DELETE FROM sign_in_links WHERE uid = :uid")
_ANNOUNCE = text("INSERT INTO member_outbox (id, client_id, user_id) VALUES (:id, :client, :user)")
_ANNOUNCE_ALL = text("""
INSERT INTO member_outbox (id, client_id, user_id)
SELECT gen_random_uuid(), client_id, id FROM users WHERE client_id = :client AND firebase_uid IS NOT NULL
""")
_GET_CLIENT = text("""
SELECT id, name, logo_url, time_zone, created_at, updated_at, version, front_desk FROM clients WHERE id = :id
""")
_INSERT_CLIENT = text("""
INSERT INTO clients (id, name, logo_url, time_zone, created_at, updated_at, version, front_desk)
VALUES (:id, :name, :logo_url, :time_zone, :created_at, :updated_at, :version, CAST(:front_desk AS jsonb))
""")
_UPDATE_CLIENT = text("""
UPDATE clients SET name = :name, logo_url = :logo_url, time_zone = :time_zone, updated_at = :updated_at,
  version = :version, front_desk = CAST(:front_desk AS jsonb) WHERE id = :id
""")


class PostgresUserRepository:
    """See UserRepository."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    def find(
        self,
        client_id: UUID,
        wanted: UserFilter,
        *,
        after: tuple[str, UUID] | None,
        limit: int,
        seen: AuditEvent | None,
    ) -> list[User]:
        """See UserRepository.find."""
        conditions = "".join(f" AND {name} = :{name}" for name in ("role", "status") if getattr(wanted, name))
        if after is not None:
            conditions += " AND (sort_name, id) > (lower(:after_name), CAST(:after_id AS uuid))"
        statement = text(
            f"SELECT {_COLUMNS} FROM users WHERE client_id = :client{conditions}"  # noqa: S608 (constants of this file)
            " ORDER BY sort_name, id LIMIT :limit"
        )
        parameters: dict[str, Any] = {"client": client_id, "limit": limit}
        parameters |= {"role": wanted.role} if wanted.role else {}
        parameters |= {"status": wanted.status} if wanted.status else {}
        parameters |= {"after_name": after[0], "after_id": after[1]} if after else {}
        with self._postgres.tenant(client_id) as connection:
            rows = connection.execute(statement, parameters).all()
            if seen is not None:
                add_event(connection, seen)
        return [_user(row) for row in rows]

    def get(self, client_id: UUID, user_id: UUID, *, seen: AuditEvent | None = None) -> User | None:
        """See UserRepository.get."""
        with self._postgres.tenant(client_id) as connection:
            user = _read(connection, client_id, user_id)
            if user is not None and seen is not None:
                add_event(connection, seen)
        return user

    def invite(self, user: User, event: AuditEvent, *, key: IdempotencyKey | None, kept: KeptAnswer | None) -> None:
        """See UserRepository.invite."""
        try:
            with self._postgres.tenant(user.client_id) as connection:
                recall(connection, user.client_id, key)
                _add(connection, user, event)
                keep(connection, user.client_id, kept)
        except IntegrityError as exc:
            with self._postgres.tenant(user.client_id) as connection:
                recall(connection, user.client_id, key)  # a parallel request with the same key was faster
            raise _in_use(exc) from exc

    def change(
        self,
        client_id: UUID,
        user_id: UUID,
        decide: Callable[[User, int], UserChange],
        *,
        key: IdempotencyKey | None = None,
    ) -> User:
        """See UserRepository.change."""
        with self._postgres.tenant(client_id) as connection:
            connection.execute(_LOCK, {"client": client_id})
            recall(connection, client_id, key)
            user = _read(connection, client_id, user_id)
            if user is None:
                raise NotFoundError("There is no such record")
            others = connection.execute(_OTHER_ADMINS, {"client": client_id, "user": user_id}).scalar_one()
            decided = decide(user, int(others))
            if decided.user is not user:
                connection.execute(_UPDATE, _row(decided.user))
            if decided.user.status == "deactivated":
                connection.execute(_UNLINK, {"uid": decided.user.uid})
            if decided.mirrored:
                connection.execute(_ANNOUNCE, {"id": uuid7(), "client": client_id, "user": user_id})
            add_event(connection, decided.event)
            keep(connection, client_id, decided.kept)
        return decided.user


class PostgresOrganisationRepository:
    """See OrganisationRepository."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    def get(self, client_id: UUID) -> Organisation | None:
        """See OrganisationRepository.get."""
        with self._postgres.tenant(client_id) as connection:
            return _read_client(connection, client_id)

    def create(self, organisation: Organisation, admin: User, event: AuditEvent) -> None:
        """See OrganisationRepository.create."""
        try:
            with self._postgres.tenant(organisation.id) as connection:
                connection.execute(_INSERT_CLIENT, _client_row(organisation))
                _add(connection, admin, event)
        except IntegrityError as exc:
            raise _in_use(exc) from exc

    def change(
        self, client_id: UUID, decide: Callable[[Organisation], tuple[Organisation, AuditEvent]]
    ) -> Organisation:
        """See OrganisationRepository.change."""
        with self._postgres.tenant(client_id) as connection:
            connection.execute(_LOCK, {"client": client_id})
            before = _read_client(connection, client_id)
            if before is None:
                raise NotFoundError("There is no such record")
            after, event = decide(before)
            if after is not before:
                connection.execute(_UPDATE_CLIENT, _client_row(after))
            if after.time_zone != before.time_zone:
                connection.execute(_ANNOUNCE_ALL, {"client": client_id})
            add_event(connection, event)
        return after


def _add(connection: Connection, user: User, event: AuditEvent) -> None:
    connection.execute(_INSERT, _row(user))
    connection.execute(_ANNOUNCE, {"id": uuid7(), "client": user.client_id, "user": user.id})
    add_event(connection, event)


def _in_use(error: IntegrityError) -> ConflictError | IntegrityError:
    """The address belongs to somebody; nothing is told about whom or where."""
    if "uq_users_email" in str(error.orig):
        return ConflictError("This e-mail address cannot be invited", code="email_in_use")
    return error


def _read(connection: Connection, client_id: UUID, user_id: UUID) -> User | None:
    row = connection.execute(_GET, {"client": client_id, "user": user_id}).one_or_none()
    return None if row is None else _user(row)


def _user(row: Any) -> User:
    return User(
        id=row.id,
        client_id=row.client_id,
        email=row.email,
        name=row.name,
        role=Role(row.role),
        status=row.status,
        created_at=row.created_at,
        updated_at=row.updated_at,
        uid=row.firebase_uid,
        preferences=Preferences.model_validate(row.preferences),
        version=row.version,
        tokens_valid_after=row.tokens_valid_after,
        invitation_id=row.invitation_id,
        invitation_expires_at=row.invitation_expires_at,
    )


def _row(user: User) -> dict[str, Any]:
    members: tuple[str, ...] = (
        "id",
        "client_id",
        "email",
        "name",
        "status",
        "created_at",
        "updated_at",
        "uid",
        "version",
    )
    members += ("tokens_valid_after", "invitation_id", "invitation_expires_at")
    preferences = user.preferences.model_dump(mode="json", by_alias=True)
    return {name: getattr(user, name) for name in members} | {
        "role": user.role.value,
        "preferences": json.dumps(preferences),
    }


def _read_client(connection: Connection, client_id: UUID) -> Organisation | None:
    row = connection.execute(_GET_CLIENT, {"id": client_id}).one_or_none()
    if row is None:
        return None
    identity, name, logo, zone, created, updated, version, desk = row
    return Organisation(identity, name, logo, zone, created, updated, version, FrontDeskSettings.model_validate(desk))


def _client_row(organisation: Organisation) -> dict[str, Any]:
    members = ("id", "name", "logo_url", "time_zone", "created_at", "updated_at", "version")
    desk = organisation.front_desk.model_dump_json(by_alias=True, exclude_defaults=True)
    return {name: getattr(organisation, name) for name in members} | {"front_desk": desk}
