"""Each person's alerts in Firestore: `inboxes/{uid}/entries/{alertId}`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from google.api_core import exceptions
from google.cloud import firestore
from google.cloud.firestore_v1.base_query import BaseQuery

from shared.db.firestore import READ_RETRY, TIMEOUT_SECONDS, firestore_errors
from shared.models.firestore.alerts import InboxEntryDocument, delivered
from shared.models.identifiers import uuid7
from shared.repositories.changes import Change, Position
from shared.repositories.firestore.changing import add_update, change, checked, difference, parse, read, reference
from shared.repositories.firestore.collection import documents_of, equal, new_fields, of_client
from shared.repositories.firestore.committing import MARK, Commit, Prepared

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
        """See InboxRepository.deliver. New entries cost no read; a repeated delivery reads what is there.

        Entries carry the mark of the delivery that wrote them, so that one whose answer was lost finds its own.
        """
        changed, delivery = 0, str(uuid7())
        for start in range(0, len(entries), AT_ONCE):
            some = entries[start : start + AT_ONCE]
            changed += len(some) if self._create(some, delivery) else self._renew(some, delivery)
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

    def _create(self, entries: Sequence[InboxEntryDocument], delivery: str) -> bool:
        """Create all the entries at once; False when one of them is there, or when the answer was lost."""
        batch = self._client.batch()
        for entry in entries:
            batch.create(self._at(entry.uid, entry.id), _new(entry, delivery))
        with firestore_errors():
            try:
                batch.commit(retry=None, timeout=TIMEOUT_SECONDS)
            except (exceptions.AlreadyExists, exceptions.ServiceUnavailable):
                return False
        return True

    def _renew(self, entries: Sequence[InboxEntryDocument], delivery: str) -> int:
        """Write what is older than the delivery or not there, in one commit, again when somebody writes in between."""
        wanted = {self._at(entry.uid, entry.id).path: entry for entry in entries}
        targets = [self._at(entry.uid, entry.id) for entry in entries]

        def prepare() -> Prepared[int]:
            with firestore_errors():
                snapshots = list(self._client.get_all(targets, timeout=TIMEOUT_SECONDS, retry=READ_RETRY))
            batch = self._client.batch()
            others = [one for one in snapshots if (one.to_dict() or {}).get(MARK) != delivery]
            written = sum(self._renew_one(batch, one, wanted[one.reference.path], delivery) for one in others)
            return Prepared(written + len(snapshots) - len(others), batch if written else None)

        return Commit[int](self._client).run(prepare)

    def _renew_one(self, batch: Any, snapshot: Any, entry: InboxEntryDocument, delivery: str) -> bool:
        """Put the entry into the batch unless what is stored is as new; whether it was put."""
        if not snapshot.exists:
            batch.create(snapshot.reference, _new(entry, delivery))
            return True
        found = parse(snapshot, InboxEntryDocument, UUID(entry.client_id))
        if found is None or found[0].alert_version >= entry.alert_version:
            return False
        updates = difference(found[0], delivered(found[0], entry)) | {MARK: delivery}
        add_update(self._client, batch, snapshot, updates, None, store_times=True)
        return True

    def _entries(self, uid: str) -> Any:
        return reference(self._client, "inboxes", uid).collection("entries")

    def _at(self, uid: str, alert_id: str) -> Any:
        return self._entries(uid).document(checked(alert_id))


def _new(entry: InboxEntryDocument, delivery: str) -> dict[str, Any]:
    return new_fields(entry, store_times=True) | {MARK: delivery}
