"""What stored checks and authorizations bring about without anybody asking: tasks, which close again, and alerts.

Nothing is remembered of what was done: each time the tasks that are open are compared with what the records want then,
until both agree. So an event may come twice, late, or in any order, and a process may be killed anywhere: whoever wrote
last has looked at the records after that, and a change that came later still has an event of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.db.selector import DatabaseSelector
from shared.domain.authorization import effects as authorization_rules
from shared.domain.eligibility import effects as check_rules
from shared.domain.raised_alert import Subject, raised_alert
from shared.domain.rule_effects import Effects, RuleAlert
from shared.errors import NotFoundError, StoreUnavailableError
from shared.failpoints import failpoint
from shared.models.audit import AuditAction, AuditEvent, own_act
from shared.models.caller import IdempotencyKey
from shared.models.firestore.alerts import AlertDocument, Audience
from shared.models.firestore.documents import ContextDocument, TaskDocument
from shared.models.identifiers import derived_document_id
from shared.models.records import EligibilityCheck, EligibilityFile
from shared.models.replay import Replayed
from shared.repositories.changes import KeptAnswer, Position
from shared.repositories.protocols import TaskFilter
from shared.services.alert_raising import raise_alert
from shared.services.clock import Clock, utc_now
from shared.services.contexts import ContextService
from shared.services.eligibility_situations import newest_situation, snapshot_of
from shared.services.task_rules import RuleTaskService, dedupe_key, stands

MODE = "eligibility"
CAUSE = "project_record_event"
AT_ONCE = 30  # marks that the live store takes in one question
PAGE = 100
PASSES = 5
OWN_SOURCES = frozenset(
    {f"rule:{row.situation.rule}" for row in check_rules.TASK_ROWS}
    | {f"rule:{row.rule}" for row in authorization_rules.STATE_ROWS}
    | {f"rule:{authorization_rules.OVERDUE_RULE}"}
)


@dataclass(frozen=True, slots=True)
class StoredCheckOf:
    """A check that was stored, and whose it is."""

    patient_id: UUID
    check_id: UUID


class EligibilityEffects:
    """Brings the tasks and alerts of patients to what is on file about them."""

    def __init__(
        self, db: DatabaseSelector, contexts: ContextService, rules: RuleTaskService, *, now: Clock = utc_now
    ) -> None:
        self._db = db
        self._contexts = contexts
        self._rules = rules
        self._now = now

    def carry(
        self, client_id: UUID, patients: Collection[str], checks: Collection[StoredCheckOf], zone: ZoneInfo
    ) -> bool:
        """Settle the tasks of these patients, and tell of what these checks have found changed; whether it did any.

        Raises StoreUnavailableError: what is left is done when the event comes again.
        """
        every, done = sorted(patients), False
        checked = self._db.postgres.eligibility.with_checks(client_id, [UUID(patient) for patient in every])
        for start in range(0, len(every), AT_ONCE):
            for patient, tasks in self._open_tasks(client_id, every[start : start + AT_ONCE]).items():
                if tasks or UUID(patient) in checked:
                    done |= self._settle(client_id, patient, tasks, zone)
        for check in checks:
            done |= self._tell_difference(client_id, check, zone)
        return done

    def _settle(self, client_id: UUID, patient: str, open_tasks: list[TaskDocument], zone: ZoneInfo) -> bool:
        """Open what is wanted and not open, close what is open and not wanted, until neither is left.

        The open tasks are read before the records, so that nothing is closed that newer records have opened.
        """
        wrote = False
        for _ in range(PASSES):
            on_file = _OnFile(self._db, self._contexts, client_id, patient, self._now().astimezone(zone))
            if not self._pass(on_file, open_tasks):
                return any([wrote, *(self._tell(on_file, alert) for alert in on_file.effects.alerts)])
            wrote = True
            open_tasks = self._open_tasks(client_id, (patient,))[patient]
        raise StoreUnavailableError("The records change faster than their tasks", retry_after=5)

    def _pass(self, on_file: _OnFile, open_tasks: list[TaskDocument]) -> bool:
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
            if task.source in OWN_SOURCES and task.mode == MODE and task.record_uuid in found:
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

    def _tell(self, on_file: _OnFile, alert: RuleAlert) -> bool:
        """Make the alert of a state, once for its cause."""
        wanted = on_file.alert(alert, key=f"{_alert_key(on_file, alert)}:{alert.cause}")
        if self._db.firestore.alerts.get(on_file.client_id, wanted.id) is not None:
            return False
        new = self._db.firestore.alerts.create(wanted, _alert_event(wanted))[1]
        failpoint("effects.told")
        return new

    def _tell_difference(self, client_id: UUID, check: StoredCheckOf, zone: ZoneInfo) -> bool:
        """Tell of what a check has found changed; the same check once."""
        alert = self._difference(client_id, check)
        if alert is None:
            return False
        on_file = _OnFile(self._db, self._contexts, client_id, str(check.patient_id), self._now().astimezone(zone))
        if on_file.file is None:
            return False
        key = _alert_key(on_file, alert)
        wanted = on_file.alert(alert, key=key)
        once = IdempotencyKey(derived_document_id("cause", client_id, key, alert.cause), alert.cause)
        alerts, answers = self._db.firestore.alerts, self._db.firestore.kept_answers

        def kept(alert: AlertDocument, *, is_new: bool) -> KeptAnswer:
            del is_new
            return KeptAnswer(once, 200, alert.id)

        try:
            answers.recall(once)
            raise_alert(alerts, wanted, event=_alert_event, kept=kept, now=self._now())
            failpoint("effects.told")
        except Replayed:
            return False
        return True

    def _difference(self, client_id: UUID, check: StoredCheckOf) -> RuleAlert | None:
        """The alert of a check's difference. What failed says nothing; another service is another question."""
        read = self._db.postgres.eligibility.check_of
        stored = read(client_id, check.patient_id, check.check_id, seen=None)
        if stored is None or stored.state != "completed" or stored.difference is None or stored.receipt is None:
            return None
        alert = check_rules.difference_alert(str(stored.id), stored.difference)
        if alert is None:
            return None
        before = read(client_id, check.patient_id, stored.difference.previous, seen=None)
        if before is None or before.receipt is None:
            return None
        asked_otherwise = before.receipt.service_type != stored.receipt.service_type
        return None if asked_otherwise and before.receipt.inputs.answers else alert


class _OnFile:
    """What is on file about a patient at a moment, what that wants, and where people find it: read when asked for."""

    def __init__(
        self, db: DatabaseSelector, contexts: ContextService, client_id: UUID, patient: str, now: datetime
    ) -> None:
        self.client_id = client_id
        self.patient = patient
        self._db = db
        self._contexts = contexts
        self._now = now

    @cached_property
    def file(self) -> EligibilityFile | None:
        """The patient's file; None for one who is deleted."""
        return self._db.postgres.eligibility.file_of(self.client_id, self.patient, today=self._now.date())

    @cached_property
    def effects(self) -> Effects:
        """What the records want. Before the first check no verdict wants anything."""
        file = self.file
        if file is None:
            return Effects()
        requests = authorization_rules.effects_of(file.authorizations, now=self._now)
        if file.newest_check is None:
            return requests
        found = self._db.postgres.eligibility.settled_checks(self.client_id, file.patient.id, self._now.date())
        checks = check_rules.effects_of([self._checked(file, check, found[0]) for check in found])
        return Effects((*checks.tasks, *requests.tasks), (*checks.alerts, *requests.alerts))

    @cached_property
    def context(self) -> ContextDocument:
        """The patient's context; made when nobody has opened it yet. Raises NotFoundError for a deleted patient."""
        file = self.file
        if file is None:
            raise NotFoundError("There is no such record")
        snapshot = snapshot_of(file, newest_situation(file, now=self._now))
        return self._contexts.of_patient(self.client_id, MODE, file.patient, snapshot, cause=CAUSE)

    def alert(self, alert: RuleAlert, *, key: str) -> AlertDocument:
        """The alert's document."""
        context = self.context
        return raised_alert(
            Subject(context.client_id, context.id, MODE, context.record_type, context.record_uuid, self.patient),
            key=key,
            severity=alert.severity,
            message=alert.message,
            audience=Audience(roles=tuple(role.value for role in alert.roles)),
            source=f"rule:{alert.rule}",
            at=self._now.astimezone(UTC),
        )

    def _checked(self, file: EligibilityFile, check: EligibilityCheck, newest: EligibilityCheck) -> check_rules.Checked:
        """What is known now of the question that a check asked."""
        visit = next((one for one in file.booked_visits if one.visit_date == check.date_of_service), None)
        asked = replace(file, newest_check=check, context_visit=visit)
        return check_rules.Checked(check, newest_situation(asked, now=self._now), newest=check is newest)


def _alert_key(on_file: _OnFile, alert: RuleAlert) -> str:
    return dedupe_key("patient", on_file.patient, alert.rule, alert.reason)


def _alert_event(alert: AlertDocument) -> AuditEvent:
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
