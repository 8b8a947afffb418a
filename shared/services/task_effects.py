"""What a change of a task does elsewhere: counts, telling a new assignee, follow-ups, the other side of a shared task.

Each effect follows from what the event says, carries the version it follows from, and gives way to what is newer. So an
event may come twice, late, out of order or after a crash between two effects; and an event that such an effect causes
finds nothing more to do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from shared.domain import alert as alert_rules
from shared.domain import task_links as links
from shared.errors import NotFoundError, PermanentEventError
from shared.failpoints import failpoint
from shared.models.audit import AuditAction, AuditEvent, own_act
from shared.models.firestore.alerts import AlertDocument, Audience, Text
from shared.models.firestore.documents import TaskDocument
from shared.models.identifiers import derived_document_id
from shared.models.outcome import Outcome
from shared.repositories.changes import Change
from shared.repositories.protocols import LiveStore
from shared.services.task_projection import TaskProjection


class TaskEffects:
    """Carries changes of tasks on."""

    def __init__(self, projection: TaskProjection, store: LiveStore) -> None:
        self._projection = projection
        self._store = store

    def task_written(
        self, task_id: str, *, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
    ) -> Outcome:
        """Carry one change on. Raises StoreUnavailableError: the event comes again and does what is left."""
        counted = self._projection.task_written(before=before, after=after)
        failpoint("task.counted")
        was, now = _typed(task_id, before), _typed(task_id, after)
        done = [
            self._tell(was, now),
            self._follow_up(was, now),
            self._mirror(was, now),
        ]
        return Outcome.DONE if any(done) or counted is Outcome.DONE else counted

    def _tell(self, was: TaskDocument | None, now: TaskDocument | None) -> bool:
        """Tell whoever has got the task, and take back what was told to whoever had it or is done with it.

        An assignment has one alert, whose id follows from it and which knows the version of the task that it speaks of.
        """
        ended, begun = _assignment_alert(was), _assignment_alert(now)
        if (ended and ended.id) == (begun and begun.id):
            return False
        version = now.version if now is not None else was.version + 1 if was is not None else 0
        if ended is not None:
            self._put(alert_rules.superseded(ended), version)
            failpoint("task.assignment_ended")
        if begun is not None:
            self._put(begun, version)
            failpoint("task.assignee_told")
        return True

    def _put(self, wanted: AlertDocument, version: int) -> None:
        """Bring an assignment's alert to what a version of its task says, unless it knows of a newer one."""
        wanted = wanted.model_copy(update={"source_version": version})
        _, new = self._store.alerts.create(wanted, _alert_event(wanted))
        if new:
            return

        def decide(found: AlertDocument) -> Change[AlertDocument] | None:
            changed = alert_rules.overtaken(found, wanted)
            if changed is None:
                return None
            seen = changed.version != found.version
            return Change(changed, _alert_event(changed) if seen else None)

        self._store.alerts.change(UUID(wanted.client_id), wanted.id, decide)

    def _follow_up(self, was: TaskDocument | None, now: TaskDocument | None) -> bool:
        """Open what follows a completed task; close it again when the completion was taken back."""
        if links.is_done(was) == links.is_done(now):
            return False
        if now is not None and links.is_done(now):
            wanted = links.successor(now, version=now.version)
        elif was is not None:
            version, at = (was.version + 1, was.updated_at) if now is None else (now.version, now.updated_at)
            opened = links.successor(was, version=version)
            wanted = None if opened is None else links.closed(opened, at=at)
        else:
            wanted = None
        if wanted is None:
            return False
        self._settle(wanted)
        failpoint("task.followed_up")
        return True

    def _settle(self, wanted: TaskDocument) -> None:
        held = self._store.tasks.create(wanted, _task_event(wanted, AuditAction.TASK_CREATE, "follow_up"))
        if held is not None:
            self._change(wanted, lambda found: links.settled(found, wanted), "follow_up")

    def _mirror(self, was: TaskDocument | None, now: TaskDocument | None) -> bool:
        """Carry the outcome of one side of a shared task to the other side."""
        if now is None:
            return False
        if was is None:
            return self._meet(now)
        if links.outcome(was) == links.outcome(now) or now.linked_version > was.linked_version:
            return False  # what the other side has just done to this one does not go back
        other = now.linked_to or (links.counterpart_id(now.id) if now.type == "shared" else None)
        if other is None:
            return False
        target = now.model_copy(update={"id": other})
        changed = self._change(target, lambda found: links.mirrored(found, now), "counterpart")
        failpoint("task.mirrored")
        return changed

    def _meet(self, now: TaskDocument) -> bool:
        """A new back-office side takes notice of what its shared task has become while it was made."""
        if now.linked_to is None:
            return False
        shared = self._store.tasks.get(UUID(now.client_id), now.linked_to)
        if shared is None or links.outcome(shared) in {"open", shared.linked_outcome}:
            return False  # or what this side has made of it since
        return self._change(now, lambda found: links.mirrored(found, shared), "counterpart")

    def _change(self, target: TaskDocument, step: Callable[[TaskDocument], TaskDocument | None], rule: str) -> bool:
        """Change a task, if it is there; an audit event where people see the change."""

        def decide(found: TaskDocument) -> Change[TaskDocument] | None:
            changed = step(found)
            if changed is None:
                return None
            seen = changed.version != found.version
            return Change(changed, _task_event(changed, AuditAction.TASK_MOVE, rule) if seen else None)

        try:
            self._store.tasks.change(UUID(target.client_id), target.id, decide)
        except NotFoundError:
            return False
        return True


def _typed(task_id: str, fields: Mapping[str, Any] | None) -> TaskDocument | None:
    """Read a document. Raises PermanentEventError for one that no version of ours has written."""
    if fields is None:
        return None
    try:
        task = TaskDocument.model_validate({**fields, "id": task_id})
        UUID(task.client_id)
    except (ValidationError, ValueError) as exc:
        raise PermanentEventError("the document is no task") from exc
    return task


def _assignment_alert(task: TaskDocument | None) -> AlertDocument | None:
    """What tells a person that an open task is theirs; None when it is nobody's, a role's, or taken by themselves."""
    if task is None or not task.is_open or task.deleted_at is not None or task.assigned_to is None:
        return None
    if task.assigned_to.startswith("role:") or task.assigned_to == task.assigned_by:
        return None
    at = task.assigned_at or task.created_at
    return alert_rules.new_alert(
        derived_document_id("alert", "assigned", task.id, task.assigned_to, at.isoformat()),
        task.client_id,
        at=at,
        severity="warning" if task.priority == "urgent" else "info",
        # Not what it says: opening its context is the audited way to that.
        message=Text(code="task_assigned", params={"taskId": task.id}, text="A task was assigned to you"),
        audience=Audience(user_ids=(task.assigned_to,)),
        source="task",
        created_by=task.assigned_by,
        **alert_rules.place_of(task),
    )


def _alert_event(alert: AlertDocument) -> AuditEvent:
    action = AuditAction.ALERT_CREATE if alert.is_active else AuditAction.ALERT_RESOLVE
    return own_act(
        UUID(alert.client_id),
        action,
        "alert",
        cause="on_task_written",
        resource_ref=alert.id,
        patient_ref=alert.patient_uuid,
        mode=alert.mode,
    )


def _task_event(task: TaskDocument, action: AuditAction, rule: str) -> AuditEvent:
    return own_act(
        UUID(task.client_id),
        action,
        "task",
        cause="on_task_written",
        resource_ref=task.id,
        patient_ref=task.patient_uuid,
        mode=task.mode,
        metadata={"rule": rule, "state": task.state},
    )
