"""What records of a patient bring about without anybody asking: tasks, which close again, and alerts.

Nothing is remembered of what was done: each time the tasks that are open are compared with what the records want then,
until both agree. So an event may come twice, late, or in any order, and a process may be killed anywhere: whoever wrote
last has looked at the records after that, and a change that came later still has an event of its own.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.db.selector import DatabaseSelector
from shared.domain.raised_alert import Subject, raised_alert
from shared.domain.rule_effects import Effects, RuleAlert
from shared.errors import StoreUnavailableError
from shared.failpoints import failpoint
from shared.models.audit import AuditAction, AuditEvent, own_act
from shared.models.firestore.alerts import AlertDocument, Audience
from shared.models.firestore.documents import ContextDocument, TaskDocument
from shared.repositories.changes import Position
from shared.repositories.protocols import TaskFilter
from shared.services.clock import Clock, utc_now
from shared.services.contexts import ContextService
from shared.services.task_rules import RuleTaskService, dedupe_key, stands

CAUSE = "project_record_event"
AT_ONCE = 30  # marks that the live store takes in one question
PAGE = 100
PASSES = 5


@dataclass(frozen=True, slots=True)
class StoredCheckOf:
    """A check that was stored, and whose it is."""

    patient_id: UUID
    check_id: UUID


class OnFile(ABC):
    """What is on file about a patient at a moment, what that wants, and where people find it: read when asked for."""

    mode: ClassVar[str]

    def __init__(
        self, db: DatabaseSelector, contexts: ContextService, client_id: UUID, patient: str, now: datetime
    ) -> None:
        self.client_id = client_id
        self.patient = patient
        self._db = db
        self._contexts = contexts
        self._now = now

    @property
    @abstractmethod
    def effects(self) -> Effects:
        """What the records want; nothing of a patient who is deleted."""

    @property
    @abstractmethod
    def context(self) -> ContextDocument:
        """The patient's context; made when nobody has opened it yet. Raises NotFoundError for a deleted patient."""

    def alert(self, alert: RuleAlert, *, key: str) -> AlertDocument:
        """The alert's document."""
        context = self.context
        return raised_alert(
            Subject(context.client_id, context.id, self.mode, context.record_type, context.record_uuid, self.patient),
            key=key,
            severity=alert.severity,
            message=alert.message,
            audience=Audience(roles=tuple(role.value for role in alert.roles)),
            source=f"rule:{alert.rule}",
            at=self._now.astimezone(UTC),
        )


class PatientEffects(ABC):
    """Brings the tasks and alerts of one mode's rules to what is on file about patients."""

    mode: ClassVar[str]
    sources: ClassVar[frozenset[str]]  # of the tasks that are its own

    def __init__(
        self, db: DatabaseSelector, contexts: ContextService, rules: RuleTaskService, *, now: Clock = utc_now
    ) -> None:
        self._db = db
        self._contexts = contexts
        self._rules = rules
        self._now = now

    @abstractmethod
    def concerned(self, client_id: UUID, patients: Collection[UUID]) -> Collection[UUID]:
        """Those of the patients of whom something may be wanted."""

    @abstractmethod
    def on_file(self, client_id: UUID, patient: str, zone: ZoneInfo) -> OnFile:
        """What is on file about a patient now."""

    def carry(
        self, client_id: UUID, patients: Collection[str], checks: Collection[StoredCheckOf], zone: ZoneInfo
    ) -> bool:
        """Settle the tasks of these patients, and tell of what is new in these checks; whether it did any.

        Raises StoreUnavailableError: what is left is done when the event comes again.
        """
        del checks
        every, done = sorted(patients), False
        concerned = self.concerned(client_id, [UUID(patient) for patient in every])
        for start in range(0, len(every), AT_ONCE):
            for patient, tasks in self._open_tasks(client_id, every[start : start + AT_ONCE]).items():
                if tasks or UUID(patient) in concerned:
                    done |= self._settle(client_id, patient, tasks, zone)
        return done

    def _settle(self, client_id: UUID, patient: str, open_tasks: list[TaskDocument], zone: ZoneInfo) -> bool:
        """Open what is wanted and not open, close what is open and not wanted, until neither is left.

        The open tasks are read before the records, so that nothing is closed that newer records have opened.
        """
        wrote = False
        for _ in range(PASSES):
            on_file = self.on_file(client_id, patient, zone)
            if not self._pass(on_file, open_tasks):
                return any([wrote, *(self._tell(on_file, alert) for alert in on_file.effects.alerts)])
            wrote = True
            open_tasks = self._open_tasks(client_id, (patient,))[patient]
        raise StoreUnavailableError("The records change faster than their tasks", retry_after=5)

    def _pass(self, on_file: OnFile, open_tasks: list[TaskDocument]) -> bool:
        """Whether the open tasks were others than those that are wanted, and that people have not closed."""
        standing = {task.dedupe_key for task in open_tasks}
        wanted = {dedupe_key("patient", on_file.patient, one.rule, one.reason): one for one in on_file.effects.tasks}
        changed = False
        for task in open_tasks:
            if task.dedupe_key not in wanted:
                changed |= self._rules.close_task(task) is not None
                failpoint("effects.task_closed")
        for key, one in wanted.items():
            if key not in standing:
                changed |= stands(self._rules.open(on_file.context, one))
                failpoint("effects.task_opened")
        return changed

    def _open_tasks(self, client_id: UUID, patients: Collection[str]) -> dict[str, list[TaskDocument]]:
        """The open tasks of these rules, by patient."""
        found: dict[str, list[TaskDocument]] = {patient: [] for patient in patients}
        for task in self._tasks_about(client_id, tuple(f"rec:patient:{patient}" for patient in patients)):
            if task.source in self.sources and task.mode == self.mode and task.record_uuid in found:
                found[task.record_uuid].append(task)
        return found

    def _tasks_about(self, client_id: UUID, audience: tuple[str, ...]) -> Iterator[TaskDocument]:
        after: Position | None = None
        wanted = TaskFilter(audience=audience, is_open=True)
        while True:
            page = self._db.firestore.tasks.find(client_id, wanted, after=after, limit=PAGE)
            yield from page
            if len(page) < PAGE:
                return
            after = Position(page[-1].sort_at, page[-1].id)

    def _tell(self, on_file: OnFile, alert: RuleAlert) -> bool:
        """Make the alert of a state, once for its cause."""
        wanted = on_file.alert(alert, key=f"{alert_key(on_file, alert)}:{alert.cause}")
        if self._db.firestore.alerts.get(on_file.client_id, wanted.id) is not None:
            return False
        new = self._db.firestore.alerts.create(wanted, alert_event(wanted))[1]
        failpoint("effects.told")
        return new


def alert_key(on_file: OnFile, alert: RuleAlert) -> str:
    """What an alert has in common with every other one of its reason."""
    return dedupe_key("patient", on_file.patient, alert.rule, alert.reason)


def alert_event(alert: AlertDocument) -> AuditEvent:
    """The audit event of an alert that a rule has made."""
    return own_act(
        UUID(alert.client_id),
        AuditAction.ALERT_CREATE,
        "alert",
        cause=CAUSE,
        resource_ref=alert.id,
        patient_ref=alert.patient_uuid,
        mode=alert.mode,
        metadata={"severity": alert.severity, "count": alert.count},
    )
