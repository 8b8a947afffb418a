"""A sign-in's session: when it is over, what it points at, and that an ended one points at nothing new."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from shared.errors import UnauthenticatedError
from shared.models.caller import Caller
from shared.models.firestore.documents import SessionDocument

MAX_OPEN_CONTEXTS = 50


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """How long a session may be idle, and how long it lasts at most."""

    idle: timedelta = timedelta(minutes=60)
    length: timedelta = timedelta(hours=12)


def limits_of(*, idle_minutes: int, hours: int) -> SessionLimits:
    """The limits in the units that they are configured in."""
    return SessionLimits(idle=timedelta(minutes=idle_minutes), length=timedelta(hours=hours))


def signed_in_at(session_id: str) -> datetime:
    """The moment of the sign-in whose session is `{uid}_{auth_time}`."""
    signed_in = session_id.rpartition("_")[2]
    return datetime.fromtimestamp(int(signed_in) if signed_in.isascii() and signed_in.isdecimal() else 0, UTC)


def new_session(caller: Caller, limits: SessionLimits, *, now: datetime) -> SessionDocument:
    """Make the session of the caller's sign-in, in use since `now`."""
    return SessionDocument(
        id=caller.session_id,
        client_id=str(caller.client_id),
        created_at=now,
        updated_at=now,
        uid=caller.uid,
        user_id=str(caller.user_id),
        role=caller.role,
        last_activity_at=now,
        idle_until=now + limits.idle,
        expire_at=signed_in_at(caller.session_id) + limits.length,
    )


def in_use(session: SessionDocument, limits: SessionLimits, *, now: datetime) -> SessionDocument:
    """Return the session as it is after activity at `now`."""
    return session.model_copy(update={"last_activity_at": now, "idle_until": now + limits.idle})


def ended(session: SessionDocument, at: datetime) -> SessionDocument:
    """Return the session as it is after its end: rules refuse its reads, and nothing wakes it."""
    return session.model_copy(update={"ended_at": at, "updated_at": at, "version": session.version + 1})


def pointed(stored: SessionDocument, wanted: SessionDocument) -> SessionDocument:
    """Return `stored` pointing at what `wanted` points at, beside what it has open; the oldest are forgotten.

    Raises UnauthenticatedError for an ended session.
    """
    if stored.ended_at is not None:
        raise UnauthenticatedError("This sign-in was ended: sign in again")
    others = (known for known in stored.open_contexts if known not in wanted.open_contexts)
    return stored.model_copy(
        update={
            "current_mode": wanted.current_mode,
            "current_contexts": {**stored.current_contexts, **wanted.current_contexts},
            "open_contexts": (*others, *wanted.open_contexts)[-MAX_OPEN_CONTEXTS:],
            "last_activity_at": wanted.last_activity_at,
            "idle_until": wanted.idle_until,
            "expire_at": wanted.expire_at,
            "updated_at": wanted.updated_at,
            "version": stored.version + 1,
        }
    )
