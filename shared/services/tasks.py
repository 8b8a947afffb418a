"""Tasks: making, changing, and the moves of their state machine."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from shared.auth.permissions import allows_mode
from shared.domain import task as rules
from shared.errors import (
    ConflictError,
    ForbiddenError,
    InvalidTransitionError,
    MobiusError,
    NotFoundError,
    PreconditionFailedError,
)
from shared.models.api.tasks import NewTask, TaskBulk, TaskBulkResult, TaskEdit, TaskOutcome, TaskView
from shared.models.audit import AuditEvent
from shared.models.caller import Caller
from shared.models.firestore.documents import StoredAnswer, TaskDocument, TaskMove
from shared.models.identifiers import derived_document_id, document_id
from shared.models.replay import KEPT_SECONDS, replay
from shared.repositories.protocols import Change, Changes, KeptAnswer
from shared.services.task_contents import edited, invalid, new_task
from shared.services.task_lists import TaskLists

KEPT_FOR = timedelta(seconds=KEPT_SECONDS)


class TaskService(TaskLists):
    """The tasks component."""

    def create_task(self, caller: Caller, new: NewTask) -> TaskView:
        """Make a task in a context. A repeated Idempotency-Key gets the first answer again."""
        context = self.context_of(caller, new.context_id)
        now, key = self._now(), caller.idempotency
        task_id = document_id("task") if key is None else derived_document_id("task", key.id)
        while True:
            task = new_task(caller, context, new, task_id=task_id, now=now)
            if key is not None:
                answer = TaskView.of(task).model_dump_json(by_alias=True)
                task = task.model_copy(update={"idempotency": StoredAnswer(request=key.request, answer=answer)})
            existing = self.db.firestore.tasks.create(task, self._event(caller, task, {"type": new.type}))
            if existing is None:
                return TaskView.of(task)
            kept = existing.idempotency
            if key is None or kept is None:
                raise ConflictError("This id is taken")
            if existing.created_at + KEPT_FOR > now:
                raise replay(kept_request=kept.request, request=key.request, status=201, body=kept.answer)
            # The key is free again after its day, its task is still there: the next one's id follows from that task's.
            task_id = derived_document_id("task", key.id, existing.id)

    def recall(self, caller: Caller) -> None:
        """Raise Replayed when the caller's Idempotency-Key was used within 24 hours to make or to move a task."""
        key = caller.idempotency
        self.db.firestore.kept_answers.recall(key)
        made = (
            None if key is None else self.db.firestore.tasks.get(caller.client_id, derived_document_id("task", key.id))
        )
        if key and made and made.idempotency and made.created_at + KEPT_FOR > self._now():
            raise replay(
                kept_request=made.idempotency.request, request=key.request, status=201, body=made.idempotency.answer
            )

    def update_task(self, caller: Caller, task_id: str, edit: TaskEdit) -> TaskView:
        """Change what the edit names. Raises PreconditionFailedError when the caller's version is stale."""
        expected = caller.if_match if caller.if_match is not None else edit.version

        def decide(stored: TaskDocument) -> Change[TaskDocument]:
            now = self._now()
            task = _checked(caller, stored, now, version=expected)
            changed = edited(caller, task, edit, now)
            return Change(changed, self._event(caller, changed))

        return TaskView.of(self.db.firestore.tasks.change(caller.client_id, task_id, decide))

    def delete_task(self, caller: Caller, task_id: str) -> TaskView:
        """Delete softly: the task leaves every list and cannot be changed any more."""

        def decide(stored: TaskDocument) -> Change[TaskDocument]:
            now = self._now()
            task = _checked(caller, stored, now, version=caller.if_match)
            gone = task.model_copy(
                update={"deleted_at": now, "is_open": False, "updated_at": now, "version": task.version + 1}
            )
            return Change(gone, self._event(caller, gone))

        return TaskView.of(self.db.firestore.tasks.change(caller.client_id, task_id, decide))

    def move(self, caller: Caller, task_id: str, wanted: TaskMove, reason: str | None = None) -> TaskView:
        """Make one move of the state machine; a repetition of the move changes nothing."""

        def moved(task: TaskDocument, now: datetime) -> TaskDocument | None:
            return rules.move(task, wanted, by=str(caller.user_id), at=now, reason=reason)

        return self._transition(caller, task_id, moved, {"move": wanted})

    def snooze(self, caller: Caller, task_id: str, until: datetime) -> TaskView:
        """Put an open task out of sight until a time in the future."""
        if until <= self._now():
            raise invalid("until", "in_the_past", "must lie in the future")

        def snoozed(task: TaskDocument, now: datetime) -> TaskDocument | None:
            if task.snoozed_until == until:
                return None
            if not task.is_open:
                raise InvalidTransitionError(
                    f"A task that is {task.state} cannot be snoozed", allowed=rules.allowed_moves(task)
                )
            return task.model_copy(update={"snoozed_until": until, "updated_at": now, "version": task.version + 1})

        return self._transition(caller, task_id, snoozed, {"move": "snooze"})

    def bulk(self, caller: Caller, request: TaskBulk) -> TaskBulkResult:
        """Make one move for several tasks in one commit; each that cannot move says why, in the order asked for."""
        key = caller.idempotency
        self.db.firestore.kept_answers.recall(key)
        now = self._now()
        task_ids = list(dict.fromkeys(request.task_ids))
        result = TaskBulkResult(results=())

        def decide(found: dict[str, TaskDocument]) -> Changes[TaskDocument]:
            nonlocal result
            moved: list[TaskDocument] = []
            outcomes = []
            for task_id in task_ids:
                try:
                    if task_id not in found:
                        raise NotFoundError("There is no such record")
                    task = _checked(caller, found[task_id], now)
                    after = rules.move(task, request.move, by=str(caller.user_id), at=now, reason=request.reason)
                    if after is not None:
                        moved.append(after)
                    outcomes.append(TaskOutcome(id=task_id, success=True, task=TaskView.of(after or task)))
                except MobiusError as error:
                    outcomes.append(TaskOutcome(id=task_id, success=False, code=error.code))
            result = TaskBulkResult(results=tuple(outcomes))
            refused = sum(not outcome.success for outcome in outcomes)
            event = _bulk_event(caller, moved, {"move": request.move, "refused": refused})
            kept = KeptAnswer(key, 200, result.model_dump_json(by_alias=True)) if key else None
            return Changes(tuple(moved), event, kept)

        self.db.firestore.tasks.change_several(caller.client_id, task_ids, decide)
        return result

    def _transition(
        self,
        caller: Caller,
        task_id: str,
        moved: Callable[[TaskDocument, datetime], TaskDocument | None],
        metadata: dict[str, object],
    ) -> TaskView:
        key = caller.idempotency
        self.db.firestore.kept_answers.recall(key)

        def decide(stored: TaskDocument) -> Change[TaskDocument]:
            now = self._now()
            task = _checked(caller, stored, now, version=caller.if_match)
            changed = moved(task, now) or task
            body = TaskView.of(changed).model_dump_json(by_alias=True)
            kept = KeptAnswer(key, 200, body) if key else None
            return Change(changed, self._event(caller, changed, metadata), kept)

        return TaskView.of(self.db.firestore.tasks.change(caller.client_id, task_id, decide))

    def _event(self, caller: Caller, task: TaskDocument, metadata: dict[str, object] | None = None) -> AuditEvent:
        return caller.changed(
            "task", resource_ref=task.id, patient_ref=task.patient_uuid, mode=task.mode, metadata=metadata
        )


def _checked(caller: Caller, stored: TaskDocument, now: datetime, *, version: int | None = None) -> TaskDocument:
    """Return the task as it is `now`, when the caller may change it and has read this `version` of it."""
    task = rules.as_of(stored, now)
    if task.deleted_at is not None:
        raise NotFoundError("There is no such record")
    if task.type == "normal" and not allows_mode(caller.role, task.mode):
        raise ForbiddenError("Your role does not work in this task's mode")
    if version is not None and version != task.version:
        current = TaskView.of(task).model_dump(mode="json", by_alias=True)
        raise PreconditionFailedError("The task has changed since you read it", current=current)
    return task


def _bulk_event(caller: Caller, moved: list[TaskDocument], metadata: dict[str, object]) -> AuditEvent:
    """Make the event of a bulk move: about the one patient of its tasks, else naming each of them."""
    patients = sorted({task.patient_uuid for task in moved if task.patient_uuid is not None})
    several = {"patientRefs": patients} if len(patients) > 1 else {}
    return caller.changed(
        "task",
        patient_ref=patients[0] if len(patients) == 1 else None,
        metadata={**metadata, "taskIds": [task.id for task in moved], **several},
    )
