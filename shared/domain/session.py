"""A sign-in's session: what it points at, and that an ended one points at nothing new."""

from __future__ import annotations

from shared.errors import UnauthenticatedError
from shared.models.firestore.documents import SessionDocument

MAX_OPEN_CONTEXTS = 50


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
            "expire_at": wanted.expire_at,
            "updated_at": wanted.updated_at,
            "version": stored.version + 1,
        }
    )
