"""Open tasks of a context in memory: counted, and kept on the context."""

from __future__ import annotations

from datetime import UTC, datetime

from shared.repositories.memory.documents import InMemoryDocuments
from shared.repositories.projection_protocols import OpenTasks, Place


class InMemoryOpenTasks:
    """See OpenTaskStore."""

    def __init__(self, documents: InMemoryDocuments) -> None:
        self._documents = documents

    def count(self, place: Place) -> OpenTasks:
        """See OpenTaskStore.count."""
        with self._documents.lock:
            wanted = (place.client_id, place.context_id, True, None)
            found = [
                task
                for task in self._documents.tasks.values()
                if (task.client_id, task.context_id, task.is_open, task.deleted_at) == wanted
            ]
            return OpenTasks(len(found), datetime.now(UTC))

    def keep(self, place: Place, counted: OpenTasks) -> bool:
        """See OpenTaskStore.keep."""
        with self._documents.lock:
            context = self._documents.contexts.get(place.context_id)
            if context is None or context.client_id != place.client_id:
                return False
            if context.open_task_count_at is not None and context.open_task_count_at >= counted.at:
                return False
            kept = {"open_task_count": counted.count, "open_task_count_at": counted.at}
            self._documents.contexts[context.id] = context.model_copy(update=kept)
            return True
