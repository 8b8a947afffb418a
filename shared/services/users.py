"""Members of an organisation: listing, changing, deactivating, and what a person sets for themselves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.auth.permissions import (
    MODES_BY_ROLE,
    ROLES_BY_PERMISSION,
    ROLES_BY_QUICK_ACTION,
    Permission,
)
from shared.domain.membership import push_choice
from shared.errors import ConflictError, NotFoundError, PreconditionFailedError
from shared.models.api.users import (
    OwnEdit,
    OwnView,
    PreferencesEdit,
    RoleList,
    RoleView,
    UserEdit,
    UserList,
    UserQuery,
    UserView,
)
from shared.models.caller import Caller
from shared.models.cursor import decode_cursor, encode_cursor, refused_cursor
from shared.models.roles import Role
from shared.models.users import Preferences, User
from shared.repositories.protocols import KeptAnswer
from shared.repositories.user_protocols import UserChange, UserFilter, UserRepository
from shared.services.access_log import AccessLog
from shared.services.clock import Clock, utc_now
from shared.services.member_sync import MemberSync

Decision = Callable[[User, datetime], User]


class UserService:
    """Reads and changes members. A change of role or status reaches accounts, live store and sessions at once."""

    def __init__(
        self,
        users: Callable[[], UserRepository],
        sync: Callable[[], MemberSync],
        access_log: AccessLog,
        *,
        now: Clock = utc_now,
    ) -> None:
        self._users = users
        self._sync = sync
        self._access_log = access_log
        self._now = now

    def find(self, caller: Caller, query: UserQuery) -> UserList:
        """List the organisation's members by name."""
        filters = (caller.client_id, query.role, query.status)
        after = None
        if query.cursor is not None:
            after = _position(decode_cursor(query.cursor, filters))
        wanted = UserFilter(role=query.role.value if query.role else None, status=query.status)
        event = caller.seen("user_list", same=repr((query.role, query.status, query.cursor)))
        with self._access_log.in_transaction(event) as seen:
            found = self._users().find(caller.client_id, wanted, after=after, limit=query.limit + 1, seen=seen)
        shown = found[: query.limit]
        more = len(found) > query.limit
        return UserList(
            users=tuple(UserView.of(user) for user in shown),
            next_cursor=encode_cursor(filters, shown[-1].name, str(shown[-1].id)) if more else None,
        )

    def get(self, caller: Caller, reference: str) -> UserView:
        """Return a member. Raises NotFoundError for an unknown or foreign id."""
        user_id = user_id_of(reference)
        with self._access_log.in_transaction(caller.seen("user", resource_id=user_id)) as seen:
            user = self._users().get(caller.client_id, user_id, seen=seen)
            if user is None:
                raise NotFoundError("There is no such record")
        return UserView.of(user)

    def update(self, caller: Caller, reference: str, edit: UserEdit) -> UserView:
        """Change a member's name or role. Raises ConflictError `last_admin`, PreconditionFailedError."""

        def decide(user: User, now: datetime) -> User:
            changed = replace(user, name=edit.name or user.name, role=edit.role or user.role)
            if changed.role is not user.role:
                changed = replace(changed, tokens_valid_after=now)
            return changed

        return self._change(caller, user_id_of(reference), decide, version=edit.version)

    def deactivate(self, caller: Caller, reference: str) -> UserView:
        """End a membership: every sign-in of the person is over. Raises ConflictError `last_admin`."""

        def decide(user: User, now: datetime) -> User:
            if user.status == "deactivated":
                return user
            gone = replace(user, status="deactivated", tokens_valid_after=now)
            return replace(gone, invitation_id=None, invitation_expires_at=None)

        return self._change(caller, user_id_of(reference), decide)

    def reactivate(self, caller: Caller, reference: str) -> UserView:
        """Take a deactivated member back; one who never accepted is invited again, with a new invitation to be made."""

        def decide(user: User, _: datetime) -> User:
            back = "invited" if user.uid is None else "active"
            return replace(user, status=back) if user.status == "deactivated" else user  # type: ignore[arg-type]  # a literal of two

        return self._change(caller, user_id_of(reference), decide)

    def me(self, caller: Caller) -> OwnView:
        """Return the caller. Raises NotFoundError when the row is gone."""
        user = self._users().get(caller.client_id, caller.user_id)
        if user is None:
            raise NotFoundError("There is no such record")
        return OwnView.of(user)

    def update_me(self, caller: Caller, edit: OwnEdit) -> OwnView:
        """Change the caller's own name."""

        def decide(user: User, _: datetime) -> User:
            return replace(user, name=edit.name or user.name)

        self._change(caller, caller.user_id, decide, version=edit.version)
        return self.me(caller)

    def set_preferences(self, caller: Caller, edit: PreferencesEdit) -> Preferences:
        """Change the caller's own settings; what is left out stays."""

        def decide(user: User, _: datetime) -> User:
            return replace(user, preferences=edit.applied_to(user.preferences))

        self._change(caller, caller.user_id, decide)
        return self.me(caller).preferences

    def roles(self) -> RoleList:
        """Describe what each role may do, from the permission table."""
        return RoleList(
            roles=tuple(
                RoleView(
                    role=role,
                    permissions=tuple(
                        sorted(
                            one
                            for one in Permission
                            if role in ROLES_BY_PERMISSION[one] and one is not Permission.PUBLIC
                        )
                    ),
                    modes=tuple(sorted(MODES_BY_ROLE[role])),
                    actions=tuple(sorted(name for name, roles in ROLES_BY_QUICK_ACTION.items() if role in roles)),
                )
                for role in Role
            )
        )

    def _change(self, caller: Caller, user_id: UUID, decision: Decision, *, version: int | None = None) -> UserView:
        expected = caller.if_match if caller.if_match is not None else version
        key = caller.idempotency
        events = []

        def decide(user: User, other_admins: int) -> UserChange:
            check_version(user, expected)
            now = self._now()
            wanted = decision(user, now)
            changed = user if wanted == user else replace(wanted, version=user.version + 1, updated_at=now)
            _keep_an_admin(user, changed, other_admins)
            event = caller.changed("user", resource_id=user.id, metadata=_what_changed(user, changed))
            events.append(event)
            kept = KeptAnswer(key, 200, UserView.of(changed).model_dump_json(by_alias=True)) if key else None
            mirrored = user.uid is not None and _mirrored(user) != _mirrored(changed)
            return UserChange(changed, event, kept, mirrored=mirrored)

        changed = self._users().change(caller.client_id, user_id, decide, key=key)
        with self._access_log.handing_on(events[-1]):
            self._sync().carry_now(caller.client_id)
        return UserView.of(changed)


def _position(parts: tuple[str, ...]) -> tuple[str, UUID]:
    try:
        return parts[0], UUID(parts[1])
    except ValueError as exc:
        raise refused_cursor() from exc


def user_id_of(reference: str) -> UUID:
    """Read a user's id. Raises NotFoundError for what is none."""
    try:
        return UUID(reference)
    except ValueError as exc:
        raise NotFoundError("There is no such record") from exc


def check_version(user: User, expected: int | None) -> None:
    """Refuse a stale version. Raises PreconditionFailedError."""
    if expected is not None and expected != user.version:
        current = UserView.of(user).model_dump(mode="json", by_alias=True)
        raise PreconditionFailedError("The user has changed since you read it", current=current)


def _keep_an_admin(before: User, after: User, others: int) -> None:
    """Nobody may leave an organisation without an active admin. Raises ConflictError."""
    was, remains = ((one.role, one.status) == (Role.ADMIN, "active") for one in (before, after))
    if was and not remains and others == 0:
        raise ConflictError("The last active admin stays: make another one first", code="last_admin")


def _mirrored(user: User) -> tuple[str, str, str]:
    """What the live store knows of a user."""
    return user.role, user.status, push_choice(user.preferences)


def _what_changed(before: User, after: User) -> dict[str, Any]:
    """Names of what changed; the values only of what is no personal data."""
    changed = [
        name for name in ("name", "role", "status", "preferences") if getattr(before, name) != getattr(after, name)
    ]
    told = {
        name: [str(getattr(before, name)), str(getattr(after, name))] for name in changed if name in {"role", "status"}
    }
    return {"changed": changed} | told
