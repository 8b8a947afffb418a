"""Due reminders in memory."""

from __future__ import annotations

from datetime import datetime

from shared.repositories.changes import Position
from shared.repositories.memory.documents import InMemoryDocuments
from shared.repositories.projection_protocols import DuePage


class InMemoryDueReminders:
    """See DueReminders."""

    def __init__(self, documents: InMemoryDocuments) -> None:
        self._documents = documents

    def due(self, until: datetime, *, after: Position | None, limit: int) -> DuePage:
        """See DueReminders.due."""
        with self._documents.lock:
            tasks = list(self._documents.tasks.values())
        placed = sorted((at, task.id, task) for task in tasks if (at := task.next_reminder_at) and at <= until)
        behind = [one for one in placed if after is None or one[:2] > (after.sort_at, after.id)][:limit]
        last = Position(behind[-1][0], behind[-1][1]) if len(behind) == limit else None
        return DuePage(tuple(task for _, _, task in behind), (), last)
