"""Each person's alerts in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

from shared.errors import NotFoundError
from shared.models.firestore.alerts import InboxEntryDocument, delivered, is_graver
from shared.repositories.changes import Change, Position
from shared.repositories.document_protocols import Delivered
from shared.repositories.memory.collections import by_change, page
from shared.repositories.memory.documents import InMemoryDocuments, checked_id, of_client, stamped


class InMemoryInboxRepository:
    """See InboxRepository."""

    def __init__(self, stored: InMemoryDocuments) -> None:
        self._stored = stored

    def get(self, client_id: UUID, uid: str, alert_id: str) -> InboxEntryDocument | None:
        """See InboxRepository.get."""
        return of_client(self._entries(uid), alert_id, client_id)

    def deliver(self, entries: Sequence[InboxEntryDocument], *, fresh: bool = True) -> Delivered:
        """See InboxRepository.deliver."""
        del fresh
        written = 0
        news: list[InboxEntryDocument] = []
        with self._stored.lock:
            for entry in entries:
                inbox = self._stored.inboxes.setdefault(checked_id(entry.uid), {})
                held = inbox.get(checked_id(entry.id))
                if held is None:
                    inbox[entry.id] = stamped(entry)
                elif held.client_id == entry.client_id and held.alert_version < entry.alert_version:
                    inbox[entry.id] = stamped(delivered(held, entry))
                else:
                    continue
                written += 1
                if held is None or is_graver(held, entry):
                    news.append(entry)
        return Delivered(written, tuple(news))

    def behind(self, client_id: UUID, alert_id: str, version: int, *, limit: int) -> list[InboxEntryDocument]:
        """See InboxRepository.behind."""
        found = [one for one in self._of_alert(client_id, alert_id) if one.alert_version < version]
        return sorted(found, key=lambda one: one.alert_version)[:limit]

    def is_taken(self, client_id: UUID, alert_id: str) -> bool:
        """See InboxRepository.is_taken."""
        return any(one.taken for one in self._of_alert(client_id, alert_id))

    def _of_alert(self, client_id: UUID, alert_id: str) -> list[InboxEntryDocument]:
        wanted = checked_id(alert_id)
        with self._stored.lock:
            held = [inbox[wanted] for inbox in self._stored.inboxes.values() if wanted in inbox]
        return [one for one in held if one.client_id == str(client_id)]

    def change(
        self,
        client_id: UUID,
        uid: str,
        alert_id: str,
        decide: Callable[[InboxEntryDocument], Change[InboxEntryDocument] | None],
    ) -> InboxEntryDocument:
        """See InboxRepository.change."""
        with self._stored.lock:
            entry = self.get(client_id, uid, alert_id)
            if entry is None:
                raise NotFoundError("There is no such record")
            decided = decide(entry)
            if decided is None:
                return entry
            self._stored.record(decided.event, decided.kept)
            if decided.document == entry:
                return entry
            self._stored.inboxes[uid][alert_id] = changed = stamped(decided.document)
            return changed

    def active(self, client_id: UUID, uid: str, *, after: Position | None, limit: int) -> list[InboxEntryDocument]:
        """See InboxRepository.active."""
        found = [one for one in self._of(client_id, uid) if one.is_active]
        return page(found, by_change, after, limit, newest=True)

    def changed_since(
        self, client_id: UUID, uid: str, *, after: Position | None, limit: int
    ) -> list[InboxEntryDocument]:
        """See InboxRepository.changed_since."""
        return page(self._of(client_id, uid), by_change, after, limit, newest=False)

    def _entries(self, uid: str) -> dict[str, InboxEntryDocument]:
        return self._stored.inboxes.get(checked_id(uid), {})

    def _of(self, client_id: UUID, uid: str) -> list[InboxEntryDocument]:
        with self._stored.lock:
            return [entry for entry in self._entries(uid).values() if entry.client_id == str(client_id)]
