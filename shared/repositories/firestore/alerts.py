"""Alerts in Firestore."""

from __future__ import annotations

from uuid import UUID

from google.cloud.firestore_v1.base_query import BaseQuery

from shared.models.firestore.alerts import AlertDocument
from shared.repositories.changes import Position
from shared.repositories.firestore.collection import FirestoreCollection, documents_of, equal

NEWEST_FIRST = BaseQuery.DESCENDING


class FirestoreAlertRepository(FirestoreCollection[AlertDocument]):
    """See AlertRepository."""

    name = "alerts"
    model = AlertDocument
    store_times = True

    def active_with_key(self, client_id: UUID, dedupe_key: str) -> AlertDocument | None:
        """See AlertRepository.active_with_key."""
        query = equal(self._of(client_id), dedupeKey=dedupe_key, isActive=True).limit(1)
        return next(iter(documents_of(query, AlertDocument)), None)

    def active(self, client_id: UUID, *, after: Position | None, limit: int) -> list[AlertDocument]:
        """See AlertRepository.active."""
        query = equal(self._of(client_id), isActive=True)
        query = query.order_by("updatedAt", direction=NEWEST_FIRST).order_by("__name__", direction=NEWEST_FIRST)
        if after is not None:
            query = query.start_after({"updatedAt": after.sort_at, "__name__": self._at(after.id)})
        return documents_of(query.limit(limit), AlertDocument)
