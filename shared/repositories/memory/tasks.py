"""Tasks in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from shared.errors import ConflictError, NotFoundError
from shared.models.audit import AuditEvent
from shared.models.firestore.documents import TaskDocument
from shared.repositories.memory.documents import InMemoryDocuments, checked_id, of_client
from shared.repositories.protocols import Change, Changes, Position, TaskFilter


class InMemoryTaskRepository:
    """See TaskRepository."""

    def __init__(self, documents: InMemoryDocuments) -> None:
        self._documents = documents

    def get(self, client_id: UUID, task_id: str) -> TaskDocument | None:
        """See TaskRepository.get."""
        return of_client(self._documents.tasks, task_id, client_id)

    def find(self, client_id: UUID, wanted: TaskFilter, *, after: Position | None, limit: int) -> list[TaskDocument]:
        """See TaskRepository.find."""

        def key(task: TaskDocument) -> tuple[datetime, str]:
            due = task.due_at if wanted.due_before is not None else None
            return due or task.sort_at, task.id

        with self._documents.lock:
            tasks = list(self._documents.tasks.values())
        fitting = [task for task in tasks if task.client_id == str(client_id) and _fits(task, wanted)]
        behind = [task for task in fitting if after is None or key(task) > (after.sort_at, after.id)]
        return sorted(behind, key=key)[:limit]

    def create(self, task: TaskDocument, event: AuditEvent) -> TaskDocument | None:
        """See TaskRepository.create."""
        with self._documents.lock:
            if checked_id(task.id) in self._documents.tasks:
                existing = self.get(UUID(task.client_id), task.id)
                if existing is None:
                    raise ConflictError("This id is taken")
                return existing
            self._documents.record(event, None)
            self._documents.tasks[task.id] = task
            return None

    def change(
        self, client_id: UUID, task_id: str, decide: Callable[[TaskDocument], Change[TaskDocument] | None]
    ) -> TaskDocument:
        """See TaskRepository.change."""
        with self._documents.lock:
            task = self.get(client_id, task_id)
            if task is None:
                raise NotFoundError("There is no such record")
            decided = decide(task)
            if decided is None:
                return task
            self._documents.record(decided.event, decided.kept, decided.new)
            self._documents.tasks[task_id] = decided.document
            return decided.document

    def of_rule(self, client_id: UUID, dedupe_key: str) -> TaskDocument | None:
        """See TaskRepository.of_rule."""
        with self._documents.lock:
            tasks = list(self._documents.tasks.values())
        mine = [task for task in tasks if (task.client_id, task.dedupe_key) == (str(client_id), dedupe_key)]
        return max(mine, key=lambda task: task.occurrence, default=None)

    def change_several(
        self,
        client_id: UUID,
        task_ids: Sequence[str],
        decide: Callable[[dict[str, TaskDocument]], Changes[TaskDocument] | None],
    ) -> None:
        """See TaskRepository.change_several."""
        with self._documents.lock:
            found = {task_id: task for task_id in task_ids if (task := self.get(client_id, task_id))}
            decided = decide(found)
            if decided is None:
                return
            self._documents.record(decided.event, decided.kept, decided.new)
            self._documents.tasks.update({task.id: task for task in decided.documents})


def _fits(task: TaskDocument, wanted: TaskFilter) -> bool:
    if task.deleted_at is not None or (wanted.audience and not set(wanted.audience) & set(task.audience)):
        return False
    if wanted.due_before is not None and (task.due_at is None or task.due_at >= wanted.due_before):
        return False
    return all(
        asked is None or asked == held
        for asked, held in (
            (wanted.type, task.type),
            (wanted.is_open, task.is_open),
            (wanted.completed, task.completed),
            (wanted.assigned_to, task.assigned_to),
        )
    )
