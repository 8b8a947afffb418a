"""The Firestore outbox as the relay and the sweep see it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from google.cloud import firestore

from shared.db.firestore import READ_RETRY, TIMEOUT_SECONDS, firestore_errors
from shared.repositories.audit_protocols import StoredEvent
from shared.repositories.firestore.audit_outbox import OUTBOX


class FirestoreWaitingEvents:
    """See WaitingEvents. A document's id is its event's version 7 UUID, so the order of ids is the order of time."""

    def __init__(self, client: firestore.Client) -> None:
        self._client = client

    def older_than(self, age: timedelta, *, page: int) -> Iterator[Sequence[StoredEvent]]:
        """See WaitingEvents.older_than. How long a document has waited is the store's own record, not a field's."""
        cutoff = datetime.now(UTC) - age
        query: Any = self._client.collection(OUTBOX).order_by("__name__").limit(page)
        step = query
        while True:
            with firestore_errors():
                snapshots = step.get(timeout=TIMEOUT_SECONDS, retry=READ_RETRY)
            waiting = [snapshot for snapshot in snapshots if snapshot.create_time <= cutoff]
            if waiting:
                yield [
                    StoredEvent(snapshot.id, json.dumps(snapshot.to_dict(), default=str).encode())
                    for snapshot in waiting
                ]
            if len(snapshots) < page:
                return
            step = query.start_after(snapshots[-1])

    def published(self, event_ids: Sequence[str]) -> None:
        """Delete the documents; one that is gone already is no error, so this may be sent again."""
        batch = self._client.batch()
        for event_id in event_ids:
            batch.delete(self._client.collection(OUTBOX).document(event_id))
        with firestore_errors():
            batch.commit(timeout=TIMEOUT_SECONDS, retry=READ_RETRY)
