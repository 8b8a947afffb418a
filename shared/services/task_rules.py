"""Tasks that rules make and close by themselves. The same rule on the same record never has two open ones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID, uuid4

from shared.domain import task as rules
from shared.models.audit import AuditAction, AuditEvent
from shared.models.firestore.documents import ContextDocument, TaskDocument, TaskType
from shared.models.identifiers import derived_document_id, uuid7
from shared.repositories.protocols import Change, LiveStore
from shared.services.clock import Clock, utc_now
from shared.services.task_contents import record_mark


@dataclass(frozen=True, slots=True)
class RuleTask:
    """What a rule asks to be done. `rule` is its id (`E11`); `reason` tells apart what one rule finds on one record."""

    rule: str
    label: str
    reason: str = ""
    type: TaskType = "shared"
    description: str | None = None
    assigned_to: str | None = None
    priority: Literal["low", "normal", "high", "urgent"] = "normal"
    due_at: datetime | None = None


class RuleTaskService:
    """Opens a rule's task while its condition holds, and closes it when that has gone."""

    def __init__(self, live: LiveStore, *, now: Clock = utc_now) -> None:
        self._live = live
        self._now = now

    def open(self, context: ContextDocument, wanted: RuleTask) -> TaskDocument:
        """Return the open task of this rule for the context's record; make it when there is none.

        Safe to repeat and to run in parallel: the id follows from rule, record and how often it was made, and one
        creation of an id wins.
        """
        key = dedupe_key(context, wanted.rule, wanted.reason)
        client_id, tasks = UUID(context.client_id), self._live.tasks
        latest = tasks.of_rule(client_id, key)
        while latest is None or not _stands(latest):
            occurrence = 1 if latest is None else latest.occurrence + 1
            task = self._task(context, wanted, key, occurrence)
            existing = tasks.create(task, _event(task, AuditAction.TASK_RULE, "opened"))
            if existing is None:
                return task
            latest = existing
        return latest

    def close(self, context: ContextDocument, rule: str, reason: str = "") -> TaskDocument | None:
        """Close the rule's open task because its condition has gone; None when there was none to close."""
        client_id = UUID(context.client_id)
        latest = self._live.tasks.of_rule(client_id, dedupe_key(context, rule, reason))
        if latest is None or not _stands(latest):
            return None
        closed: list[TaskDocument] = []

        def decide(task: TaskDocument) -> Change[TaskDocument] | None:
            closed.clear()
            after = rules.auto_close(task, at=self._now()) if task.deleted_at is None else None
            if after is None:
                return None
            closed.append(after)
            return Change(after, _event(after, AuditAction.TASK_RULE, "closed"))

        self._live.tasks.change(client_id, latest.id, decide)
        return closed[0] if closed else None

    def _task(self, context: ContextDocument, wanted: RuleTask, key: str, occurrence: int) -> TaskDocument:
        now = self._now()
        shared = () if wanted.type == "normal" else (record_mark(context),)
        return TaskDocument(
            id=derived_document_id("task", context.client_id, key, occurrence),
            client_id=context.client_id,
            created_at=now,
            updated_at=now,
            context_id=context.id,
            mode=context.mode,
            record_type=context.record_type,
            record_uuid=context.record_uuid,
            patient_uuid=context.patient_uuid,
            label=wanted.label,
            description=wanted.description,
            type=wanted.type,
            source=f"rule:{wanted.rule}",
            assigned_to=wanted.assigned_to,
            priority=wanted.priority,
            due_at=wanted.due_at,
            dedupe_key=key,
            occurrence=occurrence,
            created_by=f"rule:{wanted.rule}",
            audience=(f"ctx:{context.id}", *shared),
            sort_at=wanted.due_at or now,
        )


def dedupe_key(context: ContextDocument, rule: str, reason: str = "") -> str:
    """Return what is the same for one rule and reason on one record, whichever context it was found in."""
    return ":".join(("rule", rule, context.record_type, context.record_uuid, *([reason] if reason else [])))


def _stands(task: TaskDocument) -> bool:
    return task.is_open and task.deleted_at is None


def _event(task: TaskDocument, action: AuditAction, what: str) -> AuditEvent:
    return AuditEvent(
        id=uuid7(),
        client_id=UUID(task.client_id),
        user_id=None,
        action=action,
        resource_type="task",
        resource_ref=task.id,
        patient_ref=task.patient_uuid,
        mode=task.mode,
        request_id=uuid4().hex,
        metadata={"rule": what, "source": task.source},
    )
