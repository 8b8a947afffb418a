"""What an import holds before it is stored, and what was left out, with the reason.

Records point at each other by `source_ref` (payers by number). A `source_ref` is the record's id in the system it came
from; the same record has the same one at every import.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class PayerRecord:
    """A payer; `number` is what coverages and claims point at. `by_name` when only its name was given."""

    path: str
    source_ref: str | None
    number: str
    name: str
    kind: str = "insurance"
    phone: str | None = None
    by_name: bool = False


@dataclass(frozen=True, slots=True)
class ProviderRecord:
    """A person or an organization that gives care."""

    path: str
    source_ref: str
    number: str
    kind: str
    name: str
    specialty: str | None = None
    npi: str | None = None


@dataclass(frozen=True, slots=True)
class PatientRecord:
    """A patient of the client organisation."""

    path: str
    source_ref: str
    mrn: str
    first_name: str
    last_name: str
    date_of_birth: date | None = None
    sex: str | None = None
    phone: str | None = None
    deceased_on: date | None = None


@dataclass(frozen=True, slots=True)
class CoverageRecord:
    """A coverage; a missing start stays missing, a missing end is open."""

    path: str
    source_ref: str
    patient: str
    payer: str
    plan_name: str | None = None
    member_id: str | None = None
    subscriber_name: str | None = None
    relationship: str | None = None
    rank: int = 1
    period_start: date | None = None
    period_end: date | None = None
    status: str = "active"


@dataclass(frozen=True, slots=True)
class VisitFact:
    """What the source saw happen to a visit: the status it came to, and when."""

    status: str
    at: datetime


@dataclass(frozen=True, slots=True)
class VisitRecord:
    """A visit, past or booked; `visit_date` is the day in the client's time zone.

    A `stepwise` one is booked first (at `booked_at`), then goes through its `facts` to its status; its source moves no
    visit to another day to which something has happened.
    """

    path: str
    source_ref: str
    number: str
    patient: str
    visit_date: date
    status: str
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    provider: str | None = None
    visit_type: str | None = None
    reason: str | None = None
    facts: tuple[VisitFact, ...] = ()
    stepwise: bool = False
    booked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ClaimRecord:
    """A claim with what its payer answered; `adjudicated` when there was an answer. Money is exact."""

    path: str
    source_ref: str
    number: str
    patient: str
    amount: Decimal
    status: str
    currency: str = "USD"
    paid_amount: Decimal | None = None
    adjudicated: bool = False
    submitted_date: date | None = None
    service_date: date | None = None
    payer: str | None = None
    visit: str | None = None
    provider: str | None = None
    claim_type: str | None = None
    denial_reason: str | None = None


@dataclass(frozen=True, slots=True)
class RemittanceRecord:
    """A payer's answer to a claim that was imported before."""

    path: str
    claim: str
    outcome: str
    paid_amount: Decimal | None
    payer: str | None


ImportedRecord: TypeAlias = (
    PayerRecord | ProviderRecord | PatientRecord | CoverageRecord | VisitRecord | ClaimRecord | RemittanceRecord
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A sound resource that cannot be taken: of which record type, why (a code), and where it stands."""

    record_type: str
    reason: str
    path: str


@dataclass(slots=True)
class ImportBatch:
    """Everything one bundle or folder holds, stored in one transaction.

    `notes` counts, by record type, what was taken but not word for word (an amount rounded to cents, a contained
    coverage that repeats another); `ignored` counts the resource types that the product does not hold.
    """

    payers: list[PayerRecord] = field(default_factory=list)
    providers: list[ProviderRecord] = field(default_factory=list)
    patients: list[PatientRecord] = field(default_factory=list)
    coverages: list[CoverageRecord] = field(default_factory=list)
    visits: list[VisitRecord] = field(default_factory=list)
    claims: list[ClaimRecord] = field(default_factory=list)
    remittances: list[RemittanceRecord] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    notes: Counter[tuple[str, str]] = field(default_factory=Counter)
    ignored: Counter[str] = field(default_factory=Counter)


class RefusedRecordError(Exception):
    """Raised while one resource is read: it is sound and cannot be taken. Becomes a Refusal."""

    def __init__(self, reason: str, path: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.path = path


# The words of the product for the words of the senders.
SEXES: Mapping[str, str] = {
    "m": "male",
    "f": "female",
    "male": "male",
    "female": "female",
    "other": "other",
    "unknown": "unknown",
}


@dataclass(slots=True)
class ImportOutcome:
    """What became of a batch: how many records of each type were created, updated or left as they were."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    refused: list[Refusal] = field(default_factory=list)
    notes: Counter[tuple[str, str]] = field(default_factory=Counter)
    ignored: Counter[str] = field(default_factory=Counter)
