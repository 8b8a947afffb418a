"""Sessions: one a sign-in, over after some idleness, after some hours, or at sign-out."""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.domain.session import SessionLimits, in_use, new_session, signed_in_at
from shared.errors import StoreUnavailableError, UnauthenticatedError
from shared.models.audit import AuditEvent
from shared.models.caller import Caller
from shared.models.firestore.documents import SessionDocument
from shared.repositories.sign_in_protocols import SessionRepository
from shared.services.clock import Clock, utc_now

ACTIVITY_STEP = timedelta(minutes=5)


class SessionService:
    """Starts, checks and ends sessions.

    Activity is recorded in steps of five minutes, so idleness is counted from up to five minutes before the last
    request: a session ends early by that much and never late.
    """

    def __init__(self, sessions: SessionRepository, limits: SessionLimits, *, now: Clock = utc_now) -> None:
        self._sessions = sessions
        self._limits = limits
        self._now = now

    def start(self, caller: Caller, event: AuditEvent) -> None:
        """Begin the session of a new sign-in, with its event.

        Raises StoreUnavailableError for a sign-in in the second of a sign-out: the two cannot be told apart.
        """
        session = new_session(caller, self._limits, now=self._now())
        if self._sessions.start(session, event).ended_at is not None:
            raise StoreUnavailableError("You signed out just now: sign in again", retry_after=1)

    def check(self, caller: Caller, *, active: bool = True, latest: bool = False) -> None:
        """Refuse a session that is over; record that it is in use when `active`. Raises UnauthenticatedError.

        A sign-in without a session yet (made with the Firebase SDK) gets one after its first minutes. With `latest`
        the store is asked for what the session is now: a copy of it may be a minute old.
        """
        session = self._sessions.latest(caller.session_id) if latest else self._sessions.get(caller.session_id)
        if not latest and self._is_idle(caller, session):  # another instance may have seen activity since
            session = self._sessions.latest(caller.session_id)
        now = self._now()
        if session is not None and session.ended_at is not None:
            raise UnauthenticatedError("This sign-in was ended: sign in again", code="session_ended")
        if now >= signed_in_at(caller.session_id) + self._limits.length or self._is_idle(caller, session):
            raise UnauthenticatedError("This sign-in has expired: sign in again", code="session_expired")
        if active and now - _last_activity(caller, session) >= ACTIVITY_STEP:
            known = session or new_session(caller, self._limits, now=now)
            self._sessions.touch(in_use(known, self._limits, now=now))

    def end(self, caller: Caller, event: AuditEvent) -> None:
        """End every session of the caller, with the event in the same commit."""
        self._sessions.end_all(caller.uid, at=self._now().replace(microsecond=0), event=event)

    def _is_idle(self, caller: Caller, session: SessionDocument | None) -> bool:
        return self._now() - _last_activity(caller, session) >= self._limits.idle


def _last_activity(caller: Caller, session: SessionDocument | None) -> datetime:
    """When the session was last in use; the sign-in itself counts."""
    signed_in = signed_in_at(caller.session_id)
    return signed_in if session is None else max(signed_in, session.last_activity_at)
