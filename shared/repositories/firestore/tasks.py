"""Tasks in Firestore."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from google.cloud import firestore
from google.cloud.firestore_v1.base_query import BaseQuery, FieldFilter

from shared.db.firestore import READ_RETRY, TIMEOUT_SECONDS, firestore_errors
from shared.errors import ConflictError
from shared.models.audit import AuditEvent
from shared.models.firestore.documents import TaskDocument
from shared.repositories.firestore.changing import change, change_several, parse, read, reference
from shared.repositories.firestore.collection import documents_of
from shared.repositories.firestore.committing import Commit, Prepared
from shared.repositories.firestore.creating import marked
from shared.repositories.protocols import Change, Changes, Position, TaskFilter

TASKS = "tasks"
NEWEST_FIRST = BaseQuery.DESCENDING


class FirestoreTaskRepository:
    """See TaskRepository."""

    def __init__(self, client: firestore.Client) -> None:
        self._client = client

    def get(self, client_id: UUID, task_id: str) -> TaskDocument | None:
        """See TaskRepository.get."""
        found = read(reference(self._client, TASKS, task_id), TaskDocument, client_id)
        return found[0] if found else None

    def find(self, client_id: UUID, wanted: TaskFilter, *, after: Position | None, limit: int) -> list[TaskDocument]:
        """See TaskRepository.find. Each combination of filters has its index in firestore.indexes.json."""
        query: Any = self._client.collection(TASKS).where(filter=FieldFilter("clientId", "==", str(client_id)))
        query = query.where(filter=FieldFilter("deletedAt", "==", None))
        if wanted.audience:
            query = query.where(filter=FieldFilter("audience", "array_contains_any", list(wanted.audience)))
        for name, value in (
            ("type", wanted.type),
            ("isOpen", wanted.is_open),
            ("completed", wanted.completed),
            ("assignedTo", wanted.assigned_to),
        ):
            if value is not None:
                query = query.where(filter=FieldFilter(name, "==", value))
        order = "sortAt"
        if wanted.due_before is not None:  # a task with a due time sorts by it, so the cursor stays the same
            order = "dueAt"
            query = query.where(filter=FieldFilter("dueAt", "<", wanted.due_before))
        query = query.order_by(order).order_by("__name__").limit(limit)
        if after is not None:
            query = query.start_after({order: after.sort_at, "__name__": reference(self._client, TASKS, after.id)})
        return documents_of(query, TaskDocument)

    def of_rule(self, client_id: UUID, dedupe_key: str) -> TaskDocument | None:
        """See TaskRepository.of_rule."""
        query: Any = self._client.collection(TASKS).where(filter=FieldFilter("clientId", "==", str(client_id)))
        query = query.where(filter=FieldFilter("dedupeKey", "==", dedupe_key))
        query = query.order_by("occurrence", direction=NEWEST_FIRST).limit(1)
        return next(iter(documents_of(query, TaskDocument)), None)

    def create(self, task: TaskDocument, event: AuditEvent) -> TaskDocument | None:
        """See TaskRepository.create."""
        target = reference(self._client, TASKS, task.id)
        commit: Commit[TaskDocument | None] = Commit(self._client)

        def prepare() -> Prepared[TaskDocument | None]:
            if commit.sent is not None:
                with firestore_errors():
                    snapshot = target.get(timeout=TIMEOUT_SECONDS, retry=READ_RETRY)
                if (landed := commit.landed([snapshot])) is not None:
                    return landed
                if snapshot.exists:
                    return Prepared(_of_client(snapshot, UUID(task.client_id)))
            batch = self._client.batch()
            batch.create(target, marked(task.fields(), event))
            return Prepared(None, batch, event)

        return commit.run(prepare)

    def change(
        self, client_id: UUID, task_id: str, decide: Callable[[TaskDocument], Change[TaskDocument] | None]
    ) -> TaskDocument:
        """See TaskRepository.change."""
        return change(self._client, reference(self._client, TASKS, task_id), TaskDocument, client_id, decide)

    def change_several(
        self,
        client_id: UUID,
        task_ids: Sequence[str],
        decide: Callable[[dict[str, TaskDocument]], Changes[TaskDocument] | None],
    ) -> None:
        """See TaskRepository.change_several."""
        references = [reference(self._client, TASKS, task_id) for task_id in task_ids]
        change_several(self._client, references, TaskDocument, client_id, decide)


def _of_client(snapshot: Any, client_id: UUID) -> TaskDocument:
    found = parse(snapshot, TaskDocument, client_id)
    if found is None:
        raise ConflictError("This id is taken")
    return found[0]
