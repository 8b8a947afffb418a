"""What stored checks and authorizations bring about: see patient_effects. Beside states, what a check found changed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from functools import cached_property
from typing import ClassVar
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.domain.authorization import effects as authorization_rules
from shared.domain.eligibility import effects as check_rules
from shared.domain.rule_effects import Effects, RuleAlert
from shared.errors import NotFoundError
from shared.failpoints import failpoint
from shared.models.caller import IdempotencyKey
from shared.models.firestore.alerts import AlertDocument
from shared.models.firestore.documents import ContextDocument
from shared.models.identifiers import derived_document_id
from shared.models.records import EligibilityCheck, EligibilityFile
from shared.models.replay import Replayed
from shared.repositories.changes import KeptAnswer
from shared.services.alert_raising import raise_alert
from shared.services.eligibility_situations import newest_situation, snapshot_of
from shared.services.patient_effects import CAUSE, OnFile, PatientEffects, StoredCheckOf, alert_event, alert_key

MODE = "eligibility"


class EligibilityEffects(PatientEffects):
    """Brings the tasks and alerts of patients to what their checks and authorizations say."""

    mode: ClassVar[str] = MODE
    sources: ClassVar[frozenset[str]] = frozenset(
        {f"rule:{row.situation.rule}" for row in check_rules.TASK_ROWS}
        | {f"rule:{row.rule}" for row in authorization_rules.STATE_ROWS}
        | {f"rule:{authorization_rules.OVERDUE_RULE}"}
    )

    def concerned(self, client_id: UUID, patients: Collection[UUID]) -> Collection[UUID]:
        """See PatientEffects.concerned: who was ever checked, or for whom an authorization was ever asked."""
        return self._db.postgres.eligibility.with_checks(client_id, list(patients))

    def on_file(self, client_id: UUID, patient: str, zone: ZoneInfo) -> _OnFile:
        """See PatientEffects.on_file."""
        return _OnFile(self._db, self._contexts, client_id, patient, self._now().astimezone(zone))

    def carry(
        self, client_id: UUID, patients: Collection[str], checks: Collection[StoredCheckOf], zone: ZoneInfo
    ) -> bool:
        """See PatientEffects.carry."""
        done = super().carry(client_id, patients, checks, zone)
        for check in checks:
            done |= self._tell_difference(client_id, check, zone)
        return done

    def _tell_difference(self, client_id: UUID, check: StoredCheckOf, zone: ZoneInfo) -> bool:
        """Tell of what a check has found changed; the same check once."""
        alert = self._difference(client_id, check)
        if alert is None:
            return False
        on_file = self.on_file(client_id, str(check.patient_id), zone)
        if on_file.file is None:
            return False
        key = alert_key(on_file, alert)
        wanted = on_file.alert(alert, key=key)
        once = IdempotencyKey(derived_document_id("cause", client_id, key, alert.cause), alert.cause)
        alerts, answers = self._db.firestore.alerts, self._db.firestore.kept_answers

        def kept(alert: AlertDocument, *, is_new: bool) -> KeptAnswer:
            del is_new
            return KeptAnswer(once, 200, alert.id)

        try:
            answers.recall(once)
            raise_alert(alerts, wanted, event=alert_event, kept=kept, now=self._now())
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


class _OnFile(OnFile):
    """See OnFile."""

    mode: ClassVar[str] = MODE

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

    def _checked(self, file: EligibilityFile, check: EligibilityCheck, newest: EligibilityCheck) -> check_rules.Checked:
        """What is known now of the question that a check asked."""
        visit = next((one for one in file.booked_visits if one.visit_date == check.date_of_service), None)
        asked = replace(file, newest_check=check, context_visit=visit)
        return check_rules.Checked(check, newest_situation(asked, now=self._now), newest=check is newest)
