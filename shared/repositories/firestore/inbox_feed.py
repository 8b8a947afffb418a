"""Inboxes of Firestore as they change.

Order is that of the commits (a document's update time): whoever reads at a time has all that was committed before. The
field `updatedAt`, which queries go by, is when the store began a write, so they look some seconds further back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from google.cloud import firestore
from google.cloud.firestore_v1.base_query import BaseQuery, FieldFilter
from pydantic import ValidationError

from shared import log_line
from shared.db.firestore import READ_RETRY, TIMEOUT_SECONDS, firestore_errors
from shared.models.firestore.alerts import InboxEntryDocument
from shared.repositories.firestore.changing import reference
from shared.repositories.firestore.collection import equal, of_client
from shared.repositories.live_protocols import EntryChange, Listener, Reading

PAGE = 300
# What was committed so shortly before a reading may lack in it: Firestore's readings are exact, but the emulator's time
# of reading is ahead of what it shows by what is just being written.
SETTLING = timedelta(seconds=1)
LONGEST_WRITE = timedelta(seconds=20)  # between `updatedAt` and its commit: no write of ours may take longer


class FirestoreInboxFeed:
    """See InboxFeed."""

    def __init__(self, client: firestore.Client) -> None:
        self._client = client

    def active(self, client_id: UUID, uid: str) -> Reading:
        """See InboxFeed.active."""
        return self._read(self._active(client_id, uid))

    def since(self, client_id: UUID, uid: str | None, after: datetime) -> Reading:
        """See InboxFeed.since."""
        found = self._read(self._changed(client_id, uid, after))
        return Reading(tuple(one for one in found.changes if one.at >= after), found.at)

    def listen(self, client_id: UUID, after: datetime, changed: Callable[[Sequence[EntryChange]], None]) -> Listener:
        """See InboxFeed.listen."""

        def told(_: object, changes: Sequence[Any], __: object) -> None:
            documents = [one.document for one in changes if one.type.name != "REMOVED"]  # deleted is no news
            found = _in_order(documents)
            changed([one for one in found if one.at >= after])

        with firestore_errors():
            return _FirestoreListener(self._changed(client_id, None, after).on_snapshot(told))

    def _active(self, client_id: UUID, uid: str) -> Any:
        query = equal(of_client(self._entries(uid), client_id), isActive=True)
        query = query.order_by("updatedAt", direction=BaseQuery.DESCENDING)
        return query.order_by("__name__", direction=BaseQuery.DESCENDING)

    def _changed(self, client_id: UUID, uid: str | None, after: datetime) -> Any:
        entries = self._client.collection_group("entries") if uid is None else self._entries(uid)
        changed = FieldFilter("updatedAt", ">", after - LONGEST_WRITE)
        return of_client(entries, client_id).where(filter=changed).order_by("updatedAt").order_by("__name__")

    def _read(self, query: Any) -> Reading:
        """Carry out a query, page by page. What changes while it runs, after the first page's time, is left out."""
        pages = self._pages(query)
        if not pages[0]:  # an answer with nothing in it does not say when it was read
            at = self._store_time()
            pages = self._pages(query)
        else:
            at = _time(pages[0][0].read_time)
        found = _in_order([one for page in pages for one in page])
        return Reading(tuple(one for one in found if one.at <= at), at - SETTLING)

    def _pages(self, query: Any) -> list[list[Any]]:
        pages: list[list[Any]] = []
        following = query
        while not pages or len(pages[-1]) == PAGE:
            with firestore_errors():
                pages.append(list(following.limit(PAGE).get(timeout=TIMEOUT_SECONDS, retry=READ_RETRY)))
            if pages[-1]:
                following = query.start_after(pages[-1][-1])
        return pages

    def _store_time(self) -> datetime:
        nothing = reference(self._client, "inboxes", "nobody")
        with firestore_errors():
            return _time(nothing.get([], timeout=TIMEOUT_SECONDS, retry=READ_RETRY).read_time)

    def _entries(self, uid: str) -> Any:
        return reference(self._client, "inboxes", uid).collection("entries")


class _FirestoreListener:
    def __init__(self, watch: Any) -> None:
        self._watch = watch

    def is_listening(self) -> bool:
        """See Listener.is_listening."""
        return bool(self._watch.is_active)

    def stop(self) -> None:
        """See Listener.stop."""
        self._watch.unsubscribe()


def _in_order(snapshots: Sequence[Any]) -> list[EntryChange]:
    """The entries in the order of their changes; one that moved while it was read is there once, as it was last.

    What is no entry (of a later version of the product, say) is left out: it must not keep everybody from theirs.
    """
    latest: dict[str, EntryChange] = {}
    for one in snapshots:
        try:
            entry = InboxEntryDocument.model_validate({**one.to_dict(), "id": one.id})
        except ValidationError:
            log_line.write("ERROR", "an inbox entry could not be read", alertId=one.id)
            continue
        change = EntryChange(entry, _time(one.update_time))
        held = latest.get(one.reference.path)
        if held is None or held.at <= change.at:
            latest[one.reference.path] = change
    return sorted(latest.values(), key=lambda change: (change.at, change.entry.id))


def _time(stamp: Any) -> datetime:
    """The driver gives times of documents as messages, and those of a listener as datetimes."""
    return stamp if isinstance(stamp, datetime) else stamp.ToDatetime(tzinfo=UTC)
