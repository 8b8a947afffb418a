"""Each person's alerts in Firestore: `inboxes/{uid}/entries/{alertId}`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from google.api_core import exceptions
from google.cloud import firestore
from google.cloud.firestore_v1.base_query import BaseQuery, FieldFilter

from shared.db.firestore import READ_RETRY, TIMEOUT_SECONDS, firestore_errors
from shared.models.firestore.alerts import InboxEntryDocument, delivered, is_graver
from shared.models.identifiers import uuid7
from shared.repositories.changes import Change, Position
from shared.repositories.document_protocols import Delivered
from shared.repositories.firestore.changing import add_update, change, checked, difference, parse, read, reference
from shared.repositories.firestore.collection import documents_of, equal, of_client
from shared.repositories.firestore.committing import MARK, Commit, Prepared
from shared.repositories.firestore.creating import new_fields

AT_ONCE = 200  # writes in one commit; Firestore takes 500
NEWEST_FIRST = BaseQuery.DESCENDING


class FirestoreInboxRepository:
    """See InboxRepository."""

    def __init__(self, client: firestore.Client) -> None:
        self._client = client

    def get(self, client_id: UUID, uid: str, alert_id: str) -> InboxEntryDocument | None:
        """See InboxRepository.get."""
        found = read(self._at(uid, alert_id), InboxEntryDocument, client_id)
        return found[0] if found else None

    def deliver(self, entries: Sequence[InboxEntryDocument], *, fresh: bool = True) -> Delivered:
        """See InboxRepository.deliver. New entries cost no read; a repeated delivery reads what is there.

        Entries carry the mark of the delivery that wrote them, so that one whose answer was lost finds its own.
        """
        written, delivery = 0, str(uuid7())
        news: list[InboxEntryDocument] = []
        for start in range(0, len(entries), AT_ONCE):
            some = entries[start : start + AT_ONCE]
            created = fresh and self._create(some, delivery)
            done = Delivered(len(some), tuple(some)) if created else self._renew(some, delivery)
            written += done.written
            news += done.news
        return Delivered(written, tuple(news))

    def behind(self, client_id: UUID, alert_id: str, version: int, *, limit: int) -> list[InboxEntryDocument]:
        """See InboxRepository.behind."""
        query = self._of_alert(client_id, alert_id).where(filter=FieldFilter("alertVersion", "<", version))
        return documents_of(query.order_by("alertVersion").limit(limit), InboxEntryDocument)

    def is_taken(self, client_id: UUID, alert_id: str) -> bool:
        """See InboxRepository.is_taken."""
        query = self._of_alert(client_id, alert_id).where(filter=FieldFilter("taken", "==", value=True))
        return bool(documents_of(query.limit(1), InboxEntryDocument))

    def _of_alert(self, client_id: UUID, alert_id: str) -> Any:
        """The entries of one alert in everybody's inboxes."""
        return equal(of_client(self._client.collection_group("entries"), client_id), alertId=checked(alert_id))

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

    def _renew(self, entries: Sequence[InboxEntryDocument], delivery: str) -> Delivered:
        """Write what is older than the delivery or not there, in one commit, again when somebody writes in between."""
        wanted = {self._at(entry.uid, entry.id).path: entry for entry in entries}
        targets = [self._at(entry.uid, entry.id) for entry in entries]
        commit = Commit[Delivered](self._client)

        def prepare() -> Prepared[Delivered]:
            with firestore_errors():
                snapshots = list(self._client.get_all(targets, timeout=TIMEOUT_SECONDS, retry=READ_RETRY))
            batch = self._client.batch()
            if any((one.to_dict() or {}).get(MARK) == delivery for one in snapshots):
                return commit.sent or Prepared(Delivered(len(entries), tuple(entries)))
            each = [self._renew_one(batch, one, wanted[one.reference.path], delivery) for one in snapshots]
            done = Delivered(sum(one.written for one in each), tuple(entry for one in each for entry in one.news))
            return Prepared(done, batch if done.written else None)

        return commit.run(prepare)

    def _renew_one(self, batch: Any, snapshot: Any, entry: InboxEntryDocument, delivery: str) -> Delivered:
        """Put the entry into the batch unless what is stored is as new; what that does."""
        if not snapshot.exists:
            batch.create(snapshot.reference, _new(entry, delivery))
            return Delivered(1, (entry,))
        found = parse(snapshot, InboxEntryDocument, UUID(entry.client_id))
        if found is None or found[0].alert_version >= entry.alert_version:
            return Delivered(0)
        updates = difference(found[0], delivered(found[0], entry)) | {MARK: delivery}
        add_update(self._client, batch, snapshot, updates, None, store_times=True)
        return Delivered(1, (entry,) if is_graver(found[0], entry) else ())

    def _entries(self, uid: str) -> Any:
        return reference(self._client, "inboxes", uid).collection("entries")

    def _at(self, uid: str, alert_id: str) -> Any:
        return self._entries(uid).document(checked(alert_id))


def _new(entry: InboxEntryDocument, delivery: str) -> dict[str, Any]:
    return new_fields(entry, store_times=True) | {MARK: delivery}
