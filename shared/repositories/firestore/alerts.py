"""Alerts in Firestore."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from google.cloud import firestore
from google.cloud.firestore_v1.base_query import BaseQuery, FieldFilter

from shared.models.firestore.alerts import AlertDocument
from shared.repositories.changes import Position
from shared.repositories.firestore.collection import FirestoreCollection, documents_of, equal

NEWEST_FIRST = BaseQuery.DESCENDING


class FirestoreAlertRepository(FirestoreCollection[AlertDocument]):
    """See AlertRepository."""

    name = "alerts"
    model = AlertDocument
    store_times = True

    def latest_with_key(self, client_id: UUID, dedupe_key: str) -> AlertDocument | None:
        """See AlertRepository.latest_with_key."""
        query = equal(self._of(client_id), dedupeKey=dedupe_key).order_by("createdAt", direction=NEWEST_FIRST)
        return next(iter(documents_of(query.limit(1), AlertDocument)), None)

    def active(self, client_id: UUID, *, after: Position | None, limit: int) -> list[AlertDocument]:
        """See AlertRepository.active."""
        query = equal(self._of(client_id), isActive=True)
        query = query.order_by("updatedAt", direction=NEWEST_FIRST).order_by("__name__", direction=NEWEST_FIRST)
        if after is not None:
            query = query.start_after({"updatedAt": after.sort_at, "__name__": self._at(after.id)})
        return documents_of(query.limit(limit), AlertDocument)


class FirestoreAlertSweep:
    """See AlertSweepStore. These queries are bound to no client: only the sweep makes them."""

    def __init__(self, client: firestore.Client) -> None:
        self._client = client

    def due(self, at: datetime, *, limit: int) -> list[AlertDocument]:
        """See AlertSweepStore.due."""
        return self._until("escalateAt", at, limit)

    def over(self, at: datetime, *, limit: int) -> list[AlertDocument]:
        """See AlertSweepStore.over."""
        return self._until("expiresAt", at, limit)

    def of_source(self, source: str, *, after: str | None, limit: int) -> list[AlertDocument]:
        """See AlertSweepStore.of_source."""
        alerts = self._client.collection("alerts")
        query: Any = equal(alerts, isActive=True, source=source).order_by("__name__")
        if after is not None:
            query = query.start_after({"__name__": alerts.document(after)})
        return documents_of(query.limit(limit), AlertDocument)

    def _until(self, name: str, at: datetime, limit: int) -> list[AlertDocument]:
        query: Any = equal(self._client.collection("alerts"), isActive=True)
        query = query.where(filter=FieldFilter(name, "<=", at)).order_by(name)
        return documents_of(query.limit(limit), AlertDocument)
