"""What a context shows of its tasks: how many are open. Recounted, never incremented."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.models.outcome import Outcome
from shared.repositories.projection_protocols import OpenTaskStore, Place


class TaskProjection:
    """Keeps `openTaskCount` of contexts."""

    def __init__(self, store: OpenTaskStore) -> None:
        self._store = store

    def task_written(self, *, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> Outcome:
        """Recount the contexts that a change of a task touches.

        A change that neither opens, closes, moves nor deletes the task is left alone. The count is taken now, at a
        moment that the store names, and written only over an older one: an event that comes twice, late or out of
        order leaves the newest count standing.
        """
        was, now = _counts_in(before), _counts_in(after)
        if was == now:
            return Outcome.UNCHANGED
        touched = sorted({place for place in (was, now) if place}, key=lambda place: place.context_id)
        kept = [self._store.keep(place, self._store.count(place)) for place in touched]
        return Outcome.DONE if any(kept) else Outcome.UNCHANGED


def _counts_in(task: Mapping[str, Any] | None) -> Place | None:
    """The context in which this task counts as open, or None."""
    if task is None or task.get("isOpen") is not True or task.get("deletedAt") is not None:
        return None
    client_id, context_id = task.get("clientId"), task.get("contextId")
    if not isinstance(client_id, str) or not isinstance(context_id, str):
        return None
    return Place(client_id, context_id)
