"""Inboxes in memory as they change; the listener looks at them a hundred times a second."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from uuid import UUID

from shared.repositories.live_protocols import EntryChange, Listener, Reading
from shared.repositories.memory.documents import InMemoryDocuments, checked_id

LOOKING_SECONDS = 0.01


class InMemoryInboxFeed:
    """See InboxFeed."""

    def __init__(self, stored: InMemoryDocuments) -> None:
        self._stored = stored

    def active(self, client_id: UUID, uid: str) -> Reading:
        """See InboxFeed.active."""
        found = self.since(client_id, uid, datetime.min.replace(tzinfo=UTC))
        return Reading(tuple(one for one in found.changes if one.entry.is_active), found.at)

    def since(self, client_id: UUID, uid: str | None, after: datetime) -> Reading:
        """See InboxFeed.since."""
        with self._stored.lock:
            inboxes = self._stored.inboxes
            held = inboxes.values() if uid is None else [inboxes.get(checked_id(uid), {})]
            entries = [one for inbox in held for one in inbox.values() if one.client_id == str(client_id)]
            at = datetime.now(UTC)
        found = [EntryChange(one, one.updated_at) for one in entries if one.updated_at >= after]
        return Reading(tuple(sorted(found, key=lambda one: (one.at, one.entry.id))), at)

    def listen(self, client_id: UUID, after: datetime, changed: Callable[[Sequence[EntryChange]], None]) -> Listener:
        """See InboxFeed.listen."""
        return _InMemoryListener(lambda since: self.since(client_id, None, since), after, changed)


class _InMemoryListener:
    def __init__(
        self,
        look: Callable[[datetime], Reading],
        after: datetime,
        changed: Callable[[Sequence[EntryChange]], None],
    ) -> None:
        self._look = look
        self._after = after
        self._changed = changed
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def is_listening(self) -> bool:
        """See Listener.is_listening."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """See Listener.stop."""
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(LOOKING_SECONDS):
            reading = self._look(self._after)
            if reading.changes:
                self._changed(reading.changes)
            self._after = reading.at
