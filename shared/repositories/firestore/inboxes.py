"""Each person's alerts in Firestore: `inboxes/{uid}/entries/{alertId}`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from google.api_core import exceptions
from google.cloud import firestore
from google.cloud.firestore_v1.base_query import BaseQuery

from shared.db.firestore import READ_RETRY, TIMEOUT_SECONDS, firestore_errors
from shared.errors import NotFoundError
from shared.models.firestore.alerts import InboxEntryDocument, delivered
from shared.models.identifiers import DOCUMENT_ID
from shared.repositories.changes import Change, Position
from shared.repositories.firestore.changing import add_update, change, difference, parse, read
from shared.repositories.firestore.collection import documents_of, equal, of_client
from shared.repositories.firestore.committing import Commit, Prepared
from shared.repositories.firestore.creating import new_fields

AT_ONCE = 400  # writes in one commit; Firestore takes 500
NEWEST_FIRST = BaseQuery.DESCENDING


class FirestoreInboxRepository:
    """See InboxRepository."""

    def __init__(self, client: firestore.Client) -> None:
        self._client = client

    def get(self, client_id: UUID, uid: str, alert_id: str) -> InboxEntryDocument | None:
        """See InboxRepository.get."""
        found = read(self._at(uid, alert_id), InboxEntryDocument, client_id)
        return found[0] if found else None

    def deliver(self, entries: Sequence[InboxEntryDocument]) -> int:
        """See InboxRepository.deliver. New entries cost no read; a repeated delivery reads what is there."""
        changed = 0
        for start in range(0, len(entries), AT_ONCE):
            some = entries[start : start + AT_ONCE]
            changed += len(some) if self._create(some) else self._renew(some)
        return changed

    def change(
        self,
        client_id: UUID,
        uid: str,
        alert_id: str,
        decide: Callable[[InboxEntryDocument], Change[InboxEntryDocument] | None],
    ) -> InboxEntryDocument:
        """See InboxRepository.change."""
        target = self._at(uid, alert_id)
        return change(self._client, target, InboxEntryDocument, client_id, decide, store_times=True)

    def active(self, client_id: UUID, uid: str, *, after: Position | None, limit: int) -> list[InboxEntryDocument]:
        """See InboxRepository.active."""
        query = equal(of_client(self._entries(uid), client_id), isActive=True)
        query = query.order_by("updatedAt", direction=NEWEST_FIRST).order_by("__name__", direction=NEWEST_FIRST)
        return self._page(query, uid, after, limit)

    def changed_since(
        self, client_id: UUID, uid: str, *, after: Position | None, limit: int
    ) -> list[InboxEntryDocument]:
        """See InboxRepository.changed_since."""
        query = of_client(self._entries(uid), client_id).order_by("updatedAt").order_by("__name__")
        return self._page(query, uid, after, limit)

    def _page(self, query: Any, uid: str, after: Position | None, limit: int) -> list[InboxEntryDocument]:
        if after is not None:
            query = query.start_after({"updatedAt": after.sort_at, "__name__": self._at(uid, after.id)})
        return documents_of(query.limit(limit), InboxEntryDocument)

    def _create(self, entries: Sequence[InboxEntryDocument]) -> bool:
        """Create all the entries at once; False when one of them is there, or when the answer was lost."""
        batch = self._client.batch()
        for entry in entries:
            batch.create(self._at(entry.uid, entry.id), new_fields(entry, store_times=True))
        try:
            with firestore_errors():
                batch.commit(retry=None, timeout=TIMEOUT_SECONDS)
        except exceptions.AlreadyExists:
            return False
        return True

    def _renew(self, entries: Sequence[InboxEntryDocument]) -> int:
        """Write what is older than the delivery or not there, in one commit, again when somebody writes in between."""
        wanted = {self._at(entry.uid, entry.id).path: entry for entry in entries}
        targets = [self._at(entry.uid, entry.id) for entry in entries]

        def prepare() -> Prepared[int]:
            with firestore_errors():
                snapshots = list(self._client.get_all(targets, timeout=TIMEOUT_SECONDS, retry=READ_RETRY))
            batch = self._client.batch()
            written = sum(self._renew_one(batch, one, wanted[one.reference.path]) for one in snapshots)
            return Prepared(written, batch if written else None)

        return Commit[int](self._client).run(prepare)

    def _renew_one(self, batch: Any, snapshot: Any, entry: InboxEntryDocument) -> bool:
        """Put the entry into the batch unless what is stored is as new; whether it was put."""
        if not snapshot.exists:
            batch.create(snapshot.reference, new_fields(entry, store_times=True))
            return True
        found = parse(snapshot, InboxEntryDocument, UUID(entry.client_id))
        if found is None or found[0].alert_version >= entry.alert_version:
            return False
        updates = difference(found[0], delivered(found[0], entry))
        add_update(self._client, batch, snapshot, updates, None, store_times=True)
        return True

    def _entries(self, uid: str) -> Any:
        return self._client.collection("inboxes").document(_checked(uid)).collection("entries")

    def _at(self, uid: str, alert_id: str) -> Any:
        return self._entries(uid).document(_checked(alert_id))


def _checked(document_id: str) -> str:
    """Return the id; one that could be a deeper path is an unknown record."""
    if not DOCUMENT_ID.match(document_id):
        raise NotFoundError("There is no such record")
    return document_id
