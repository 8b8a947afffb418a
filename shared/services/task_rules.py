"""Tasks that rules make and close by themselves. The same rule on the same record never has two open ones."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid4

from shared.domain import task as rules
from shared.domain.rule_effects import RuleTask
from shared.models.audit import AuditAction, AuditEvent
from shared.models.firestore.documents import ContextDocument, TaskDocument
from shared.models.identifiers import derived_document_id, uuid7
from shared.repositories.protocols import Change, LiveStore
from shared.services.clock import Clock, utc_now
from shared.services.task_contents import record_mark

REASON_PART = 4  # of a dedupe key


class RuleTaskService:
    """Opens a rule's task while its condition holds, and closes it when that has gone."""

    def __init__(self, live: LiveStore, *, now: Clock = utc_now) -> None:
        self._live = live
        self._now = now

    def open(self, context: ContextDocument, wanted: RuleTask) -> TaskDocument:
        """Return the open task of this rule for the context's record; make it when there is none.

        One that people have closed after it was known what it is wanted for stays closed, and is returned. Safe to
        repeat and to run in parallel: the id follows from rule, record and how often it was made, and one creation of
        an id wins.
        """
        key = dedupe_key(context.record_type, context.record_uuid, wanted.rule, wanted.reason)
        client_id, tasks = UUID(context.client_id), self._live.tasks
        latest = tasks.of_rule(client_id, key)
        while latest is None or not (stands(latest) or _settled(latest, wanted.since)):
            occurrence = 1 if latest is None else latest.occurrence + 1
            task = self._task(context, wanted, key, occurrence)
            existing = tasks.create(task, _event(task, AuditAction.TASK_RULE, "opened"))
            if existing is None:
                return task
            latest = existing
        return latest

    def close(self, context: ContextDocument, rule: str, reason: str = "") -> TaskDocument | None:
        """Close the rule's open task because its condition has gone; None when there was none to close."""
        key = dedupe_key(context.record_type, context.record_uuid, rule, reason)
        latest = self._live.tasks.of_rule(UUID(context.client_id), key)
        return None if latest is None or not stands(latest) else self.close_task(latest)

    def close_task(self, task: TaskDocument) -> TaskDocument | None:
        """Close a rule's task because its condition has gone; None when it was closed already."""
        closed: list[TaskDocument] = []

        def decide(task: TaskDocument) -> Change[TaskDocument] | None:
            closed.clear()
            after = rules.auto_close(task, at=self._now()) if task.deleted_at is None else None
            if after is None:
                return None
            closed.append(after)
            return Change(after, _event(after, AuditAction.TASK_RULE, "closed"))

        self._live.tasks.change(UUID(task.client_id), task.id, decide)
        return closed[0] if closed else None

    def _task(self, context: ContextDocument, wanted: RuleTask, key: str, occurrence: int) -> TaskDocument:
        now = self._now()
        shared = () if wanted.type == "normal" else (record_mark(context), *wanted.also_about)
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
            state=rules.state_for(wanted.not_before, now),
            due_at=wanted.due_at,
            not_before=wanted.not_before,
            remind_at=wanted.remind_at,
            dedupe_key=key,
            occurrence=occurrence,
            created_by=f"rule:{wanted.rule}",
            audience=tuple(dict.fromkeys((f"ctx:{context.id}", *shared))),
            sort_at=wanted.due_at or now,
        )


def dedupe_key(record_type: str, record_uuid: str, rule: str, reason: str = "") -> str:
    """Return what is the same for one rule and reason on one record, whichever context it was found in."""
    return ":".join(("rule", rule, record_type, record_uuid, *([reason] if reason else [])))


def situation_of(task: TaskDocument) -> str | None:
    """The `id` of the guidance for which a rule has made the task (`eligibility.enrolment`); None for people's own."""
    parts = (task.dedupe_key or "").split(":")
    return f"{task.mode}.{parts[REASON_PART]}" if parts[0] == "rule" and len(parts) > REASON_PART else None


def stands(task: TaskDocument) -> bool:
    """Tell whether the task is there and open."""
    return task.is_open and task.deleted_at is None


def _settled(task: TaskDocument, since: datetime | None) -> bool:
    """Tell whether people have closed the task knowing what it was wanted for."""
    by_people = task.state != "auto_closed" or task.deleted_at is not None
    return by_people and since is not None and since <= task.updated_at


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
