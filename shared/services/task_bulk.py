"""One update of several tasks: in one commit, with an outcome for each."""

from __future__ import annotations

from datetime import datetime

from pydantic.alias_generators import to_camel

from shared.domain import task as rules
from shared.domain.task_series import followed
from shared.errors import MobiusError, NotFoundError
from shared.models.api.tasks import TaskBulk, TaskBulkResult, TaskEdit, TaskOutcome, TaskView
from shared.models.audit import AuditEvent
from shared.models.caller import Caller
from shared.models.firestore.documents import TaskDocument
from shared.repositories.protocols import Changes, KeptAnswer, TaskRepository
from shared.services.task_changes import checked, naming_followers, refuse_second_of_rule
from shared.services.task_contents import edited


class BulkUpdate:
    """A caller's request; `result` are the outcomes of the last decision, in the order asked for."""

    def __init__(self, caller: Caller, request: TaskBulk, tasks: TaskRepository, *, now: datetime) -> None:
        self.task_ids = list(dict.fromkeys(request.task_ids))
        self.result = TaskBulkResult(results=())
        self._caller = caller
        self._request = request
        self._tasks = tasks
        self._now = now
        self._edit = None if request.set is None else TaskEdit(**request.set.model_dump(exclude_unset=True))

    def decide(self, found: dict[str, TaskDocument]) -> Changes[TaskDocument]:
        """Change what can be changed of `found`; what cannot says why."""
        documents: list[TaskDocument] = []
        followers: list[TaskDocument] = []
        outcomes = []
        for task_id in self.task_ids:
            try:
                task, after, new = self._updated(task_id, found)
            except MobiusError as error:
                outcomes.append(TaskOutcome(id=task_id, success=False, code=error.code))
                continue
            outcomes.append(TaskOutcome(id=task_id, success=True, task=TaskView.of(after)))
            followers += new
            if after != task:
                documents.append(after)
        self.result = TaskBulkResult(results=tuple(outcomes))
        key = self._caller.idempotency
        kept = KeptAnswer(key, 200, self.result.model_dump_json(by_alias=True)) if key else None
        event = naming_followers(self._event(documents), followers)
        return Changes(tuple(documents), event, kept, tuple(followers))

    def _updated(
        self, task_id: str, found: dict[str, TaskDocument]
    ) -> tuple[TaskDocument, TaskDocument, list[TaskDocument]]:
        """Return the task before and after, and what comes with it. Raises as the same change of one task does."""
        if task_id not in found:
            raise NotFoundError("There is no such record")
        caller, request, now = self._caller, self._request, self._now
        task = checked(caller, found[task_id], now, version=request.versions.get(task_id))
        if self._edit is not None:
            after = edited(caller, task, self._edit, now)
        elif request.move is not None:
            if request.move == "reopen" and not task.is_open:
                refuse_second_of_rule(self._tasks, caller, task)
            by, role = str(caller.user_id), caller.role
            after = rules.move(task, request.move, by=by, role=role, at=now, reason=request.reason) or task
        after, follower = followed(task, after, at=now, time_zone=caller.time_zone)
        return task, after, [follower] if follower else []

    def _event(self, documents: list[TaskDocument]) -> AuditEvent:
        """Make the event of the update: about the one patient of its tasks, else naming each of them."""
        patients = sorted({task.patient_uuid for task in documents if task.patient_uuid is not None})
        refused = sum(not outcome.success for outcome in self.result.results)
        what: dict[str, object] = {"move": self._request.move} if self._request.move else {}
        if self._edit is not None:
            what = {"set": sorted(map(to_camel, self._edit.model_fields_set))}
        several = {"patientRefs": patients} if len(patients) > 1 else {}
        return self._caller.changed(
            "task",
            patient_ref=patients[0] if len(patients) == 1 else None,
            metadata={**what, "refused": refused, "taskIds": [task.id for task in documents], **several},
        )
