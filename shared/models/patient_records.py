"""A patient's claims and visits as they are read together, and what comes with them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from shared.models.records import Claim, Patient, Payer


@dataclass(frozen=True, slots=True)
class DatedClaim:
    """A claim with its payer, and the moment that somebody noted as its next deadline.

    `filing_due_on` is the last day to file it, which is another thing; the rest is what a letter about it tells.
    """

    claim: Claim
    payer: Payer | None
    next_deadline_at: datetime | None
    filing_due_on: date | None = None
    coverage_id: UUID | None = None
    authorization_id: UUID | None = None
    provider_id: UUID | None = None
    diagnosis_codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class VisitOnFile:
    """A visit with the name of its provider; `visit_date` is the day at the organisation."""

    id: UUID
    visit_number: str
    visit_date: date
    starts_at: datetime | None
    visit_type: str | None
    reason: str | None
    status: str
    readiness: str
    provider_id: UUID | None
    provider_name: str | None


@dataclass(frozen=True, slots=True)
class PatientClaims:
    """A patient's claims, newest service date first; not `complete` when there are more than were read."""

    patient: Patient
    claims: tuple[DatedClaim, ...]
    complete: bool


@dataclass(frozen=True, slots=True)
class PatientVisits:
    """A patient's visits, newest first; not `complete` when there are more than were read."""

    patient: Patient
    visits: tuple[VisitOnFile, ...]
    complete: bool
