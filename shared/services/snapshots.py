"""Keeping a context's snapshot of its record: always made anew from the records, never patched."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from shared.errors import StoreUnavailableError
from shared.models.firestore.documents import ContextDocument
from shared.models.snapshot import Snapshot
from shared.repositories.protocols import Change, ContextRepository
from shared.services.clock import Clock

ATTEMPTS = 5
PAUSE_SECONDS = 0.2


def refresh(
    contexts: ContextRepository,
    client_id: UUID,
    context_id: str,
    make: Callable[[], Snapshot | None],
    *,
    now: Clock,
    record_version: int | None = None,
    wait: Callable[[float], None] = time.sleep,
) -> bool:
    """Make a context's snapshot and write it over an older one; tell whether anything was written.

    What was read earlier never replaces what was read later: where somebody wrote in between, `make` reads once more.
    So it may run twice, late, or in any order with others, and the records as they were read last stand. Raises
    NotFoundError for an unknown context, StoreUnavailableError when others always come first.
    """
    for _ in range(ATTEMPTS):
        read_at = now()
        snapshot = make()
        written = late = False

        def decide(
            stored: ContextDocument, read_at: datetime = read_at, snapshot: Snapshot | None = snapshot
        ) -> Change[ContextDocument] | None:
            nonlocal written, late
            late = snapshot is not None and stored.as_of > read_at
            after = stored if late or snapshot is None else taken(stored, snapshot, read_at=read_at)
            if record_version is not None and (after.record_version or 0) < record_version:
                after = after.model_copy(update={"record_version": record_version})
            written = after is not stored
            return Change(after, None) if written else None

        contexts.change(client_id, context_id, decide)
        if not late:
            return written
        wait(random.uniform(0, PAUSE_SECONDS))  # noqa: S311 (jitter, not a secret)
    raise StoreUnavailableError("Too many people change this context at once", retry_after=1)


def taken(stored: ContextDocument, snapshot: Snapshot, *, read_at: datetime) -> ContextDocument:
    """Return the context with a snapshot that was read at `read_at`.

    `facts_version` grows when it says something new, and then alone: guidance that was given before is stale.
    """
    said = {"status": snapshot.status, "summary": snapshot.summary, "facts": snapshot.facts}
    changes: dict[str, object] = {"as_of": read_at, "payer_uuids": snapshot.payer_uuids}
    if any(getattr(stored, name) != value for name, value in said.items()):
        changes |= said | {"facts_version": stored.facts_version + 1, "updated_at": read_at}
    return stored.model_copy(update=changes)
