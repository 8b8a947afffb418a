"""One patient's file, claims and visits as a whole, as far as the caller's role sees them; every read is audited."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from uuid import UUID

from shared.auth.permissions import hidden_fields, may_read
from shared.db.selector import DatabaseSelector
from shared.errors import ForbiddenError, NotFoundError
from shared.models.caller import Caller
from shared.models.patient_records import PatientClaims, PatientVisits
from shared.models.records import EligibilityFile
from shared.services.access_log import AccessLog
from shared.services.clock import Clock

MOST_READ = 500  # of one patient's claims or visits; what was not read is told


class PatientRecordService:
    """Reads what is on file of a patient. What the role must not see is not among it."""

    def __init__(self, db_selector: DatabaseSelector, access_log: AccessLog, *, now: Clock) -> None:
        self._db = db_selector
        self._access_log = access_log
        self._now = now

    def file(
        self, caller: Caller, reference: str, *, visit_id: UUID | None = None, mode: str | None = None
    ) -> EligibilityFile:
        """Return everything that a verdict needs. Raises NotFoundError."""
        _check_role(caller, "patient", "coverage", "authorization")
        today = caller.today(self._now())
        event = caller.seen("patient", mode=mode, same=reference)
        with self._access_log.in_transaction(event) as seen:
            file = self._db.postgres.eligibility.file_of(
                caller.client_id, reference, visit_id=visit_id, today=today, seen=seen
            )
            if file is None:
                raise NotFoundError("There is no such record")
        return _shown(caller, file)

    def claims(
        self,
        caller: Caller,
        reference: str,
        *,
        first: date | None = None,
        last: date | None = None,
        mode: str | None = None,
    ) -> PatientClaims:
        """Return the newest claims, at most MOST_READ, by service date. Raises NotFoundError."""
        _check_role(caller, "claim")
        event = caller.seen("claim_list", mode=mode, same=f"{reference}/{first}/{last}")
        with self._access_log.in_transaction(event) as seen:
            found = self._db.postgres.patient_records.claims(
                caller.client_id, reference, first=first, last=last, limit=MOST_READ, seen=seen
            )
            if found is None:
                raise NotFoundError("There is no such record")
        if "denialReason" not in hidden_fields(caller.role, "claim"):
            return found
        claims = tuple(replace(one, claim=replace(one.claim, denial_reason=None)) for one in found.claims)
        return replace(found, claims=claims)

    def visits(
        self,
        caller: Caller,
        reference: str,
        *,
        first: date | None = None,
        last: date | None = None,
        mode: str | None = None,
    ) -> PatientVisits:
        """Return the newest visits, at most MOST_READ, those to come among them. Raises NotFoundError."""
        _check_role(caller, "visit")
        event = caller.seen("visit_list", mode=mode, same=f"{reference}/{first}/{last}")
        with self._access_log.in_transaction(event) as seen:
            found = self._db.postgres.patient_records.visits(
                caller.client_id, reference, first=first, last=last, limit=MOST_READ, seen=seen
            )
            if found is None:
                raise NotFoundError("There is no such record")
        if "reason" not in hidden_fields(caller.role, "visit"):
            return found
        return replace(found, visits=tuple(replace(one, reason=None) for one in found.visits))


def _check_role(caller: Caller, *record_types: str) -> None:
    if not all(may_read(caller.role, one) for one in record_types):
        raise ForbiddenError("Your role does not see these records")


def _shown(caller: Caller, file: EligibilityFile) -> EligibilityFile:
    """Leave out what the role must not see."""
    if "phone" in hidden_fields(caller.role, "patient"):
        file = replace(file, patient=replace(file.patient, phone=None))
    if "memberId" in hidden_fields(caller.role, "coverage"):
        file = replace(file, coverages=tuple(replace(one, member_id=None) for one in file.coverages))
    return file
