"""Tasks with a reminder that is due, across organisations."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from google.cloud import firestore
from google.cloud.firestore_v1.base_query import FieldFilter
from pydantic import ValidationError

from shared.db.firestore import READ_RETRY, TIMEOUT_SECONDS, firestore_errors
from shared.models.firestore.documents import TaskDocument
from shared.repositories.changes import Position
from shared.repositories.firestore.changing import reference
from shared.repositories.projection_protocols import DuePage


class FirestoreDueReminders:
    """See DueReminders. `nextReminderAt` alone is asked for, so its automatic index serves the query."""

    def __init__(self, client: firestore.Client) -> None:
        self._client = client

    def due(self, until: datetime, *, after: Position | None, limit: int) -> DuePage:
        """See DueReminders.due."""
        query: Any = self._client.collection("tasks").where(filter=FieldFilter("nextReminderAt", "<=", until))
        query = query.order_by("nextReminderAt").order_by("__name__").limit(limit)
        if after is not None:
            place = reference(self._client, "tasks", after.id)
            query = query.start_after({"nextReminderAt": after.sort_at, "__name__": place})
        with firestore_errors():
            snapshots = query.get(timeout=TIMEOUT_SECONDS, retry=READ_RETRY)
        found, unreadable = [], []
        for snapshot in snapshots:
            try:
                found.append(TaskDocument.model_validate({**snapshot.to_dict(), "id": snapshot.id}))
            except ValidationError:
                unreadable.append(snapshot.id)
        full = len(snapshots) == limit
        last = Position(snapshots[-1].get("nextReminderAt"), snapshots[-1].id) if full else None
        return DuePage(tuple(found), tuple(unreadable), last)
