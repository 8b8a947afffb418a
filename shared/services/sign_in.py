"""Signing in by password, staying signed in, signing out.

The identity platform proves who it is; the membership and the session decide the rest.
"""

from __future__ import annotations

import hashlib
import hmac
import math
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from shared.auth.membership import caller_for, not_a_member
from shared.auth.permissions import MODES_BY_ROLE, ROLES_BY_PERMISSION, Permission
from shared.auth.tokens import TokenVerifier
from shared.errors import ForbiddenError, MobiusError, TooManyRequestsError, UnauthenticatedError
from shared.models.api.sign_in import ClientView, Login, Refresh, SignedIn, SignedOut, UserView
from shared.models.audit import AuditEvent, AuditOutcome
from shared.models.caller import Caller
from shared.models.firestore.documents import MemberDocument
from shared.models.identifiers import uuid7
from shared.models.sign_in import Profile, Tokens, Visitor
from shared.repositories.protocols import MemberRepository
from shared.repositories.sign_in_protocols import IdentityPlatform, ProfileRepository, SignInAttempts
from shared.repositories.user_protocols import Accounts
from shared.services.access_log import AccessLog
from shared.services.clock import Clock, utc_now
from shared.services.sessions import SessionService

ATTEMPTS = 10
WINDOW = timedelta(minutes=15)


class SignInService:
    """Login, refresh, sign-out, and who is signed in. `key` is the secret with which addresses are hashed."""

    def __init__(
        self,
        *,
        platform: IdentityPlatform,
        accounts: Callable[[], Accounts],
        verifier: TokenVerifier,
        members: MemberRepository,
        sessions: SessionService,
        attempts: SignInAttempts,
        profiles: ProfileRepository,
        access_log: AccessLog,
        key: bytes,
        now: Clock = utc_now,
    ) -> None:
        self._platform = platform
        self._accounts = accounts
        self._verifier = verifier
        self._members = members
        self._sessions = sessions
        self._attempts = attempts
        self._profiles = profiles
        self._access_log = access_log
        self._key = key
        self._now = now

    def login(self, visitor: Visitor, login: Login) -> SignedIn:
        """Sign in by password and begin a session.

        Raises UnauthenticatedError (one and the same for an unknown address and a wrong password),
        TooManyRequestsError after ten failures in a quarter of an hour, ForbiddenError for nobody's member.
        """
        subject = self._subject(login.email)
        attempts, left = self._attempts.begin(subject, window=WINDOW)
        if attempts > ATTEMPTS:
            seconds = max(1, math.ceil(left.total_seconds()))
            raise TooManyRequestsError("Too many sign-ins failed: wait a while", retry_after=seconds)
        tokens = self._platform.sign_in(login.email, login.password)
        self._attempts.succeeded(subject)
        return self.begin(self.caller(visitor, tokens), tokens, method="password")

    def admit(self, visitor: Visitor, uid: str | None, *, email: str | None) -> None:
        """Let somebody go on whose identity was proven by a provider; `email` is how they were found, if by that.

        Raises ForbiddenError for nobody's member, and for an account whose address is not its member's.
        """
        member = self._members.get(uid) if uid else None
        if member is None or member.status != "active" or not self._has_address(member, email):
            refusal = not_a_member()
            self._record_refusal(visitor, member, refusal)
            raise refusal

    def begin(self, caller: Caller, tokens: Tokens, *, method: str) -> SignedIn:
        """Begin the session of a sign-in that the identity platform has accepted by `method`."""
        user = self._user(caller)
        event = caller.changed("session", resource_ref=caller.session_id, metadata={"method": method})
        self._sessions.start(caller, event)
        return _signed_in(tokens, user)

    def refresh(self, visitor: Visitor, wanted: Refresh) -> SignedIn:
        """Renew the tokens of a sign-in whose session goes on. Raises UnauthenticatedError when it does not."""
        tokens = self._platform.refresh(wanted.refresh_token)
        caller = self.caller(visitor, tokens)
        self._sessions.check(caller, active=False)
        event = caller.changed("session", resource_ref=caller.session_id)
        with self._access_log.reading(event):
            user = self._user(caller)
        return _signed_in(tokens, user)

    def logout(self, caller: Caller) -> SignedOut:
        """End every session, refresh token and ID token of the caller.

        Firebase revokes a person's tokens all at once, so signing out is signing out everywhere. Its tokens go first:
        if that fails nothing has happened, and the caller can try again.
        """
        self._accounts().end_sign_ins(caller.uid, before=self._now())
        self._sessions.end(caller, caller.changed("session", resource_ref=caller.session_id))
        return SignedOut(success=True)

    def me(self, caller: Caller) -> UserView:
        """Return who is signed in."""
        return self._user(caller)

    def caller(self, visitor: Visitor, tokens: Tokens) -> Caller:
        """Return who has signed in. Raises ForbiddenError for nobody's member; known ones are audited."""
        claims = self._verifier.verify(tokens.id_token)
        member = self._members.get(claims.uid)
        try:
            return caller_for(claims, member, request_id=visitor.request_id, action=visitor.action)
        except (ForbiddenError, UnauthenticatedError) as refusal:
            if member and (claims.client_id, claims.user_id) == (member.client_id, member.user_id):
                self._record_refusal(visitor, member, refusal)
            raise

    def _has_address(self, member: MemberDocument, email: str | None) -> bool:
        """Whether the address is the member's: an account's own may have been changed behind our back."""
        if email is None:
            return True
        profile = self._profiles.get(UUID(member.client_id), UUID(member.user_id))
        return profile is not None and profile.email.lower() == email

    def _record_refusal(self, visitor: Visitor, member: MemberDocument | None, refusal: MobiusError) -> None:
        """Audit a sign-in that was proven and is not let in, where it belongs to a known membership."""
        if member is None:
            return
        event = AuditEvent(
            id=uuid7(),
            client_id=UUID(member.client_id),
            user_id=UUID(member.user_id),
            action=visitor.action,
            resource_type="operation",
            outcome=AuditOutcome.DENIED,
            request_id=visitor.request_id,
            metadata={"route": "sign-in", "code": refusal.code},
        )
        self._access_log.publish(event)

    def _user(self, caller: Caller) -> UserView:
        profile = self._profiles.get(caller.client_id, caller.user_id)
        if profile is None:
            raise ForbiddenError("This membership is not set up", code="not_a_member")
        return user_view(caller, profile)

    def _subject(self, email: str) -> str:
        return hmac.new(self._key, f"sign-in\x1f{email.strip().casefold()}".encode(), hashlib.sha256).hexdigest()


def user_view(caller: Caller, profile: Profile) -> UserView:
    """Return the caller as they are shown to themselves."""
    return UserView(
        id=profile.user_id,
        email=profile.email,
        name=profile.name,
        role=caller.role.value,
        client=ClientView(
            id=profile.client_id, name=profile.client_name, logo_url=profile.logo_url, time_zone=profile.time_zone
        ),
        permissions=tuple(
            sorted(
                permission.value
                for permission, roles in ROLES_BY_PERMISSION.items()
                if caller.role in roles and permission is not Permission.PUBLIC
            )
        ),
        modes=tuple(sorted(MODES_BY_ROLE[caller.role])),
        preferences=profile.preferences,
    )


def _signed_in(tokens: Tokens, user: UserView) -> SignedIn:
    return SignedIn(
        id_token=tokens.id_token, refresh_token=tokens.refresh_token, expires_in=tokens.expires_in, user=user
    )
