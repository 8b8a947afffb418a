"""What is asked of a store about one patient's claims and visits as a whole."""

from __future__ import annotations

from datetime import date
from typing import Protocol
from uuid import UUID

from shared.models.audit import AuditEvent
from shared.models.patient_records import PatientClaims, PatientVisits


class PatientRecordRepository(Protocol):
    """A patient's claims and visits, at most `limit` of either, newest first, from day `first` to day `last`.

    `reference` is an MRN or a uuid; None for an unknown patient. `seen` is recorded in the same transaction.
    """

    def claims(
        self,
        client_id: UUID,
        reference: str,
        *,
        first: date | None,
        last: date | None,
        limit: int,
        seen: AuditEvent | None,
    ) -> PatientClaims | None:
        """Return the claims by service date; one without a date is there when no days are named."""
        ...

    def visits(
        self,
        client_id: UUID,
        reference: str,
        *,
        first: date | None,
        last: date | None,
        limit: int,
        seen: AuditEvent | None,
    ) -> PatientVisits | None:
        """Return the visits by their day."""
        ...
