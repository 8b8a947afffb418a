"""What claims bring about: see patient_effects. They are found in the billers' context of the patient."""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property
from typing import ClassVar
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.domain.claim.effects import RULES, effects_of
from shared.domain.rule_effects import Effects
from shared.errors import NotFoundError
from shared.models.firestore.documents import ContextDocument
from shared.models.records import Patient
from shared.services.claim_situations import ClaimSituations
from shared.services.patient_effects import CAUSE, OnFile, PatientEffects

MODE = "backend"


class ClaimEffects(PatientEffects):
    """Brings the billers' tasks and alerts to where claims stand."""

    mode: ClassVar[str] = MODE
    sources: ClassVar[frozenset[str]] = frozenset(f"rule:{rule}" for rule in RULES)

    def concerned(self, client_id: UUID, patients: Collection[UUID]) -> Collection[UUID]:
        """See PatientEffects.concerned: who has claims."""
        return self._db.postgres.claims.with_claims(client_id, list(patients))

    def on_file(self, client_id: UUID, patient: str, zone: ZoneInfo) -> _OnFile:
        """See PatientEffects.on_file."""
        return _OnFile(self._db, self._contexts, client_id, patient, self._now().astimezone(zone))


class _OnFile(OnFile):
    """See OnFile."""

    mode: ClassVar[str] = MODE

    @cached_property
    def effects(self) -> Effects:
        """What the patient's claims want."""
        worked = ClaimSituations(self._db).worked(self.client_id, self.patient)
        if not worked or self._db.postgres.records.resolve(self.client_id, "patient", self.patient) is None:
            return Effects()
        return effects_of(worked, now=self._now)

    @cached_property
    def context(self) -> ContextDocument:
        """See OnFile.context."""
        known = self._contexts.known(self.client_id, MODE, "patient", UUID(self.patient))
        if known is not None:
            return known
        situations = ClaimSituations(self._db)
        snapshot = situations.snapshot(self.client_id, "patient", self.patient, self.patient, self._now)
        return self._contexts.of_patient(self.client_id, MODE, self._person, snapshot, cause=CAUSE)

    @property
    def _person(self) -> Patient:
        file = self._db.postgres.eligibility.file_of(self.client_id, self.patient, today=self._now.date())
        if file is None:
            raise NotFoundError("There is no such record")
        return file.patient
