"""Keeps the readiness of visits to what is on file: made anew whenever something about their patients has changed.

Nothing is remembered of what was said before but the readiness itself: a pass reads the records while it holds the
visit and writes what they say then. So an event may come twice, late, or in any order (decision 0027).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.db.selector import DatabaseSelector
from shared.domain.visit.readiness import HeldReadiness, readiness_in, settled
from shared.failpoints import failpoint
from shared.models.audit import AuditAction, own_act
from shared.models.records import EligibilityFile
from shared.repositories.visit_readiness_protocols import OpenVisit
from shared.services.clock import Clock, utc_now
from shared.services.eligibility_situations import newest_situation

CAUSE = "project_record_event"
AT_ONCE = 300  # patients in one question


class VisitReadinessService:
    """Brings the readiness of patients' visits to what is on file about them."""

    def __init__(self, db: DatabaseSelector, *, now: Clock = utc_now) -> None:
        self._db = db
        self._now = now

    def settle(self, client_id: UUID, patients: Collection[str], zone: ZoneInfo) -> bool:
        """Settle the readiness of these patients' visits from today on; whether any changed.

        Raises StoreUnavailableError: what is left is done when the event comes again.
        """
        every, today, done = sorted(patients), self._now().astimezone(zone).date(), False
        for start in range(0, len(every), AT_ONCE):
            some = [UUID(patient) for patient in every[start : start + AT_ONCE]]
            for visit in self._db.postgres.visit_readiness.open_visits(client_id, some, today):
                done |= self._settle(client_id, visit, zone)
        return done

    def _settle(self, client_id: UUID, visit: OpenVisit, zone: ZoneInfo) -> bool:
        now = self._now().astimezone(zone)

        def decide(held: HeldReadiness, file: EligibilityFile) -> HeldReadiness | None:
            return settled(held, found_in(file, now=now))

        event = own_act(
            client_id,
            AuditAction.VISIT_READINESS,
            "visit",
            cause=CAUSE,
            resource_id=visit.id,
            patient_ref=str(visit.patient_id),
            mode="front-desk",
        )
        changed = self._db.postgres.visit_readiness.settle(client_id, visit, now.date(), decide, event)
        failpoint("readiness.settled")
        return changed


def found_in(file: EligibilityFile, *, now: datetime) -> HeldReadiness:
    """What the file says of the readiness of its context's visit."""
    return HeldReadiness() if file.newest_check is None else readiness_in(newest_situation(file, now=now))
