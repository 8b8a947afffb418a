"""Each person's alerts in Firestore: `inboxes/{uid}/entries/{alertId}`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from google.api_core import exceptions
from google.cloud import firestore
from google.cloud.firestore_v1.base_query import BaseQuery

from shared.db.firestore import READ_RETRY, TIMEOUT_SECONDS, firestore_errors
from shared.errors import NotFoundError, StoreUnavailableError
from shared.models.firestore.alerts import InboxEntryDocument, delivered
from shared.models.identifiers import DOCUMENT_ID
from shared.repositories.changes import Change, Position
from shared.repositories.firestore.changing import add_update, attempts, change, parse, read
from shared.repositories.firestore.collection import documents_of, equal, new_fields, of_client

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
        """Create all the entries at once; False when one of them is there."""
        batch = self._client.batch()
        for entry in entries:
            batch.create(self._at(entry.uid, entry.id), new_fields(entry, store_times=True))
        try:
            with firestore_errors():
                batch.commit(timeout=TIMEOUT_SECONDS)
        except exceptions.AlreadyExists:
            return False
        return True

    def _renew(self, entries: Sequence[InboxEntryDocument]) -> int:
        """Write what is older than the delivery or not there, in one commit, again when somebody writes in between."""
        wanted = {self._at(entry.uid, entry.id).path: entry for entry in entries}
        for _ in attempts():
            targets = [self._at(entry.uid, entry.id) for entry in entries]
            with firestore_errors():
                snapshots = list(self._client.get_all(targets, timeout=TIMEOUT_SECONDS, retry=READ_RETRY))
            batch, written = self._client.batch(), 0
            for snapshot in snapshots:
                entry = wanted[snapshot.reference.path]
                found = parse(snapshot, InboxEntryDocument, UUID(entry.client_id))
                if not snapshot.exists:
                    batch.create(snapshot.reference, new_fields(entry, store_times=True))
                elif found is not None and found[0].alert_version < entry.alert_version:
                    add_update(self._client, batch, snapshot, found[0], delivered(found[0], entry), store_times=True)
                else:
                    continue
                written += 1
            if not written:
                return 0
            try:
                with firestore_errors():
                    batch.commit(timeout=TIMEOUT_SECONDS)
            except (
                exceptions.AlreadyExists,
                exceptions.FailedPrecondition,
                exceptions.Aborted,
                exceptions.NotFound,
            ):
                continue
            return written
        raise StoreUnavailableError("Too many people change this at once", retry_after=1)

    def _entries(self, uid: str) -> Any:
        return self._client.collection("inboxes").document(_checked(uid)).collection("entries")

    def _at(self, uid: str, alert_id: str) -> Any:
        return self._entries(uid).document(_checked(alert_id))


def _checked(document_id: str) -> str:
    """Return the id; one that could be a deeper path is an unknown record."""
    if not DOCUMENT_ID.match(document_id):
        raise NotFoundError("There is no such record")
    return document_id
