"""Tasks: making, changing, and the moves of their state machine."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from shared.domain import task as rules
from shared.domain.task_links import counterpart_id, outcome
from shared.errors import ConflictError, InvalidTransitionError
from shared.models.api.tasks import NewTask, TaskBulk, TaskBulkResult, TaskEdit, TaskView
from shared.models.audit import AuditEvent
from shared.models.caller import Caller
from shared.models.firestore.documents import ContextDocument, StoredAnswer, TaskDocument, TaskMove
from shared.models.identifiers import derived_document_id, document_id
from shared.models.replay import KEPT_SECONDS, replay
from shared.repositories.protocols import Change, KeptAnswer
from shared.services.task_bulk import BulkUpdate
from shared.services.task_changes import changed, checked, refuse_second_of_rule, telling
from shared.services.task_contents import check_member, edited, invalid, new_task
from shared.services.task_lists import TaskLists

KEPT_FOR = timedelta(seconds=KEPT_SECONDS)


class TaskService(TaskLists):
    """The tasks component."""

    def create_task(self, caller: Caller, new: NewTask) -> TaskView:
        """Make a task in a context. A repeated Idempotency-Key gets the first answer again."""
        context = self.context_of(caller, new.context_id)
        check_member(self.db.firestore.rosters, caller, new.assigned_to)
        if new.follow_up is not None:
            check_member(self.db.firestore.rosters, caller, new.follow_up.assigned_to, member="followUp.assignedTo")
        now, key = self._now(), caller.idempotency
        if new.linked_to is not None:
            return self._create_counterpart(caller, context, new, shared_id=new.linked_to)
        task_id = document_id("task") if key is None else derived_document_id("task", key.id)
        while True:
            task = new_task(caller, context, new, task_id=task_id, now=now)
            if key is not None:
                answer = TaskView.of(task).model_dump_json(by_alias=True)
                task = task.model_copy(update={"idempotency": StoredAnswer(request=key.request, answer=answer)})
            existing = self.db.firestore.tasks.create(task, _event(caller, task, {"type": new.type}))
            if existing is None:
                return TaskView.of(task)
            kept = existing.idempotency
            if key is None or kept is None:
                raise ConflictError("This id is taken")
            if existing.created_at + KEPT_FOR > now:
                raise replay(kept_request=kept.request, request=key.request, status=201, body=kept.answer)
            # The key is free again after its day, its task is still there: the next one's id follows from that task's.
            task_id = derived_document_id("task", key.id, existing.id)

    def create_once(
        self,
        caller: Caller,
        new: NewTask,
        dedupe_key: str,
        *,
        context: ContextDocument | None = None,
        also_about: tuple[str, ...] = (),
    ) -> tuple[TaskView, bool]:
        """Make a task unless one of the same `dedupe_key` is open; the task, and whether it is new.

        However many ask at once, one is made: its id follows from the key and from how often one was made under it.
        With a `context` the task is for others, in a mode that the caller need not work in; `also_about` are audience
        marks of other records in whose contexts it is listed.
        """
        self.recall(caller)
        context = context or self.context_of(caller, new.context_id)
        tasks, key = self.db.firestore.tasks, caller.idempotency
        latest = tasks.of_rule(caller.client_id, dedupe_key)
        while latest is None or not latest.is_open or latest.deleted_at is not None:
            occurrence = 1 if latest is None else latest.occurrence + 1
            task_id = derived_document_id("task", caller.client_id, dedupe_key, occurrence)
            task = new_task(caller, context, new, task_id=task_id, now=self._now())
            audience = tuple(dict.fromkeys((*task.audience, *also_about)))
            task = task.model_copy(update={"dedupe_key": dedupe_key, "occurrence": occurrence, "audience": audience})
            kept = KeptAnswer(key, 201, TaskView.of(task).model_dump_json(by_alias=True)) if key else None
            latest = tasks.create(task, _event(caller, task, {"type": new.type}), kept)
            if latest is None:
                return TaskView.of(task), True
        return TaskView.of(latest), False

    def _create_counterpart(
        self, caller: Caller, context: ContextDocument, new: NewTask, *, shared_id: str
    ) -> TaskView:
        """Make the back-office side of a shared task. There is one at most: its id follows from the shared task's."""
        shared = self.db.firestore.tasks.get(caller.client_id, shared_id)
        same = shared is not None and (shared.record_type, shared.record_uuid) == (
            context.record_type,
            context.record_uuid,
        )
        if shared is None or not same or shared.deleted_at is not None or shared.type != "shared":
            raise invalid("linkedTo", "not_a_shared_task", "is not a shared task of this record")
        if new.type != "backend":
            raise invalid("linkedTo", "not_a_backend_task", "is for tasks of the type backend")
        if outcome(shared) != "open":
            raise ConflictError("The shared task is closed", code="already_closed")
        task = new_task(caller, context, new, task_id=counterpart_id(shared_id), now=self._now())
        task, key = task.model_copy(update={"linked_version": shared.version}), caller.idempotency
        if key is not None:
            answer = TaskView.of(task).model_dump_json(by_alias=True)
            task = task.model_copy(update={"idempotency": StoredAnswer(request=key.request, answer=answer)})
        existing = self.db.firestore.tasks.create(task, _event(caller, task, {"type": new.type}))
        if existing is None:
            return TaskView.of(task)
        kept = existing.idempotency
        own = existing.created_by == str(caller.user_id)
        if own and key is not None and kept is not None and kept.request == key.request:
            raise replay(kept_request=kept.request, request=key.request, status=201, body=kept.answer)
        raise ConflictError("This shared task has its back-office side already", code="already_linked")

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
        if edit.follow_up is not None:
            check_member(self.db.firestore.rosters, caller, edit.follow_up.assigned_to, member="followUp.assignedTo")

        def decide(stored: TaskDocument) -> Change[TaskDocument]:
            now = self._now()
            task = checked(caller, stored, now, version=expected)
            if edit.assigned_to != task.assigned_to:
                check_member(self.db.firestore.rosters, caller, edit.assigned_to)
            with telling(task):
                if edit.completed is False and task.completed:
                    refuse_second_of_rule(self.db.firestore.tasks, caller, task)
                after = edited(caller, task, edit, now)
            return changed(caller, task, after, now, lambda done: _event(caller, done))

        return self._change(caller, task_id, decide)

    def delete_task(self, caller: Caller, task_id: str) -> TaskView:
        """Delete softly: the task leaves every list and cannot be changed any more."""

        def decide(stored: TaskDocument) -> Change[TaskDocument]:
            now = self._now()
            task = checked(caller, stored, now, version=caller.if_match)
            gone = task.model_copy(
                update={"deleted_at": now, "is_open": False, "updated_at": now, "version": task.version + 1}
            )
            return Change(gone, _event(caller, gone))

        return self._change(caller, task_id, decide)

    def move(self, caller: Caller, task_id: str, wanted: TaskMove, reason: str | None = None) -> TaskView:
        """Make one move of the state machine; a repetition of the move changes nothing."""

        def moved(task: TaskDocument, now: datetime) -> TaskDocument | None:
            if wanted == "reopen" and not task.is_open:
                refuse_second_of_rule(self.db.firestore.tasks, caller, task)
            return rules.move(task, wanted, by=str(caller.user_id), role=caller.role, at=now, reason=reason)

        return self._transition(caller, task_id, moved, {"move": wanted})

    def snooze(self, caller: Caller, task_id: str, until: datetime) -> TaskView:
        """Put an open task out of sight until a time in the future; its reminders wait as long."""
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
        """Make one move or change for several tasks in one commit; each that cannot be changed says why."""
        self.db.firestore.kept_answers.recall(caller.idempotency)
        if request.set is not None:
            check_member(self.db.firestore.rosters, caller, request.set.assigned_to)
        update = BulkUpdate(caller, request, self.db.firestore.tasks, now=self._now())
        self.db.firestore.tasks.change_several(caller.client_id, update.task_ids, update.decide)
        return update.result

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
            task = checked(caller, stored, now, version=caller.if_match)
            with telling(task):
                after = moved(task, now) or task

            def kept(done: TaskDocument) -> KeptAnswer | None:
                return KeptAnswer(key, 200, TaskView.of(done).model_dump_json(by_alias=True)) if key else None

            return changed(caller, task, after, now, lambda done: _event(caller, done, metadata), kept)

        return self._change(caller, task_id, decide)

    def _change(self, caller: Caller, task_id: str, decide: Callable[[TaskDocument], Change[TaskDocument]]) -> TaskView:
        return TaskView.of(self.db.firestore.tasks.change(caller.client_id, task_id, decide))


def _event(caller: Caller, task: TaskDocument, metadata: dict[str, object] | None = None) -> AuditEvent:
    return caller.changed(
        "task", resource_ref=task.id, patient_ref=task.patient_uuid, mode=task.mode, metadata=metadata
    )
