"""Inviting people into an organisation, and letting them in."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from shared.domain.invitation import VALID_FOR, InvitationCode, proves, read_code, write_code
from shared.errors import ConflictError, MobiusError, NotFoundError
from shared.models.api.users import Acceptance, AcceptedView, Invitation, InvitedView, UserView
from shared.models.audit import AuditAction, AuditEvent
from shared.models.caller import Caller
from shared.models.identifiers import uuid7
from shared.models.replay import Replayed
from shared.models.users import Membership, NewAccount, User
from shared.repositories.protocols import KeptAnswer
from shared.repositories.user_protocols import Accounts, UserChange, UserRepository
from shared.services.access_log import AccessLog
from shared.services.clock import Clock, utc_now
from shared.services.member_sync import MemberSync
from shared.services.users import user_id_of


class InvitationService:
    """Makes invitations and redeems them. `key` is the secret that codes are made with; it stands in no store."""

    def __init__(
        self,
        users: Callable[[], UserRepository],
        accounts: Callable[[], Accounts],
        sync: Callable[[], MemberSync],
        access_log: AccessLog,
        key: bytes,
        *,
        now: Clock = utc_now,
    ) -> None:
        self._users = users
        self._accounts = accounts
        self._sync = sync
        self._access_log = access_log
        self._key = key
        self._now = now

    def invite(self, caller: Caller, wanted: Invitation) -> InvitedView:
        """Add a person as invited; the answer holds the code, this once. Raises ConflictError `email_in_use`."""
        user = invited_user(caller.client_id, wanted, now=self._now())
        event = caller.changed("user", resource_id=user.id, metadata={"role": user.role.value})
        try:
            self._users().invite(user, event, key=caller.idempotency, kept=_kept(caller, user, 201))
        except Replayed as answer:
            raise self._with_code(caller, answer) from answer
        self._access_log.hand_on(event)
        return self.view(user)

    def renew(self, caller: Caller, reference: str) -> InvitedView:
        """Make a new code for a person still invited; the one before is void. Raises ConflictError."""
        events: list[AuditEvent] = []

        def decide(user: User, _: int) -> UserChange:
            if user.status != "invited":
                raise ConflictError("This person is not invited", code="not_invited")
            now = self._now()
            renewed = replace(user, version=user.version + 1, updated_at=now)
            renewed = replace(renewed, invitation_id=uuid7(), invitation_expires_at=now + VALID_FOR)
            events.append(caller.changed("user", resource_id=user.id))
            return UserChange(renewed, events[-1], _kept(caller, renewed, 200))

        try:
            user = self._users().change(caller.client_id, user_id_of(reference), decide, key=caller.idempotency)
        except Replayed as answer:
            raise self._with_code(caller, answer) from answer
        self._access_log.hand_on(events[-1])
        return self.view(user)

    def accept(self, acceptance: Acceptance, *, request_id: str) -> AcceptedView:
        """Redeem a code: open the account with the chosen password and make the person a member.

        The user's row stays locked while the account is opened, so of two who redeem one code one is refused. Raises
        NotFoundError `invitation_not_found` alike for a code that is unknown, used, replaced or expired.
        """
        code = read_code(acceptance.code)
        if code is None:
            raise _no_invitation()
        event = AuditEvent(
            id=uuid7(),
            client_id=code.client_id,
            user_id=code.user_id,
            action=AuditAction.USER_ACCEPT,
            resource_type="user",
            resource_id=code.user_id,
            request_id=request_id,
        )

        def decide(user: User, _: int) -> UserChange:
            self._check(code, user)
            accepted = replace(user, status="active", uid=f"user_{user.id.hex}", version=user.version + 1)
            accepted = replace(accepted, updated_at=self._now(), invitation_id=None, invitation_expires_at=None)
            account = NewAccount(accepted.uid or "", user.email, user.name, acceptance.password)
            self._accounts().open(account, _membership(accepted))
            return UserChange(accepted, event, mirrored=True)

        try:
            user = self._users().change(code.client_id, code.user_id, decide)
        except NotFoundError as exc:
            raise _no_invitation() from exc
        with self._access_log.handing_on(event):
            self._sync().carry_now(code.client_id)
        return AcceptedView(user_id=str(user.id), email=user.email, status=user.status)

    def view(self, user: User) -> InvitedView:
        """Show an invited user with the code."""
        code = self._code(user.client_id, user.id, user.invitation_id)
        return InvitedView(**UserView.of(user).model_dump(), invitation_code=code)

    def _check(self, code: InvitationCode, user: User) -> None:
        open_until = user.invitation_expires_at
        if user.status != "invited" or user.invitation_id is None or open_until is None:
            raise _no_invitation()
        if open_until <= self._now() or not proves(code, self._key, user.invitation_id):
            raise _no_invitation()

    def _code(self, client_id: UUID, user_id: UUID, invitation_id: UUID | None) -> str:
        if invitation_id is None:
            raise ConflictError("This person is not invited", code="not_invited")
        return write_code(self._key, client_id=client_id, user_id=user_id, invitation_id=invitation_id)

    def _with_code(self, caller: Caller, answer: Replayed) -> Replayed:
        """Put the code into a kept answer: it is made again, because codes are kept nowhere."""
        body = json.loads(answer.body)
        code = self._code(caller.client_id, UUID(body["id"]), UUID(body.pop("invitationId")))
        return Replayed(status=answer.status, body=json.dumps(body | {"invitationCode": code}))


def invited_user(client_id: UUID, wanted: Invitation, *, now: datetime) -> User:
    """Make the row of a person who is invited."""
    return User(
        id=uuid7(),
        client_id=client_id,
        email=wanted.email,
        name=wanted.name,
        role=wanted.role,
        status="invited",
        created_at=now,
        updated_at=now,
        invitation_id=uuid7(),
        invitation_expires_at=now + VALID_FOR,
    )


def _kept(caller: Caller, user: User, status: int) -> KeptAnswer | None:
    """Keep the answer without its code; see InvitationService._with_code."""
    if caller.idempotency is None:
        return None
    body = UserView.of(user).model_dump(mode="json", by_alias=True) | {"invitationId": str(user.invitation_id)}
    return KeptAnswer(caller.idempotency, status, json.dumps(body))


def _membership(user: User) -> Membership:
    return Membership(
        client_id=user.client_id,
        user_id=user.id,
        uid=user.uid or "",
        role=user.role,
        status=user.status,
        time_zone="UTC",
        version=user.version,
        tokens_valid_after=user.tokens_valid_after,
    )


def _no_invitation() -> MobiusError:
    return NotFoundError("This invitation is not open: ask for a new one", code="invitation_not_found")
