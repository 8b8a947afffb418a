"""A visit as the front desk works with it: where it stands, who moved it when, and what check-in has found out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

VisitStatus = Literal[
    "scheduled", "confirmed", "arrived", "checking_in", "checked_in", "roomed", "with_provider", "checked_out",
    "completed", "cancelled", "rescheduled", "no_show", "left_without_being_seen",
]  # fmt: skip
Readiness = Literal["pending", "ready", "not_ready"]
ReadinessSource = Literal["machine", "manual"]
FactKind = Literal[
    "identity", "demographics", "coverage", "self_pay", "form", "copay", "copay_waived", "readiness_override"
]  # fmt: skip
# The rules that speak of an authorization.
_ABOUT_AUTHORIZATION = frozenset({"E09", "E10", "E23"})


@dataclass(frozen=True, slots=True)
class ReadinessReason:
    """Why a visit is not ready: a machine's word, a sentence, and the rule that says so."""

    code: str
    text: str
    rule_id: str | None = None

    @property
    def about_authorization(self) -> bool:
        """Whether it says that an authorization is lacking: needed, not fitting, not decided in time."""
        return self.rule_id in _ABOUT_AUTHORIZATION or self.code.startswith("authorization")


@dataclass(frozen=True, slots=True)
class DeskVisit:
    """A visit; times are UTC, `visit_date` is the day at the organisation.

    `status_since` is since when it has its status, `arrived_at` when the patient came (None while nobody has). With
    the source `manual` a person found it ready in spite of `readiness_reasons`, which are those that were overridden.
    `rescheduled_from` is the visit in whose place it was made.
    """

    id: UUID
    visit_number: str
    patient_id: UUID
    visit_date: date
    starts_at: datetime | None
    ends_at: datetime | None
    provider_id: UUID | None
    visit_type: str | None
    reason: str | None
    status: VisitStatus
    status_since: datetime
    arrived_at: datetime | None = None
    readiness: Readiness = "pending"
    readiness_reasons: tuple[ReadinessReason, ...] = ()
    readiness_source: ReadinessSource = "machine"
    authorization_id: UUID | None = None
    authorization_units: int = 1
    rescheduled_from: UUID | None = None
    walk_in: bool = False
    version: int = 1


@dataclass(frozen=True, slots=True)
class VisitStep:
    """One row of a visit's history. `undoes` is the row that it took back; of the first row nothing came before.

    `changed_by` is None for what was there when a file was imported, and for what the product did by itself.
    """

    id: UUID
    axis: Literal["status", "readiness"]
    before: str | None
    now: str
    reason: str | None
    changed_by: UUID | None
    changed_at: datetime
    undoes: UUID | None = None


@dataclass(frozen=True, slots=True)
class CheckInFact:
    """What somebody confirmed at the desk. `details` are the identifiers, the form's name or the way of paying.

    Amounts are in cents; `step_id` is the move that it came with, and which takes it back when it is undone.
    """

    id: UUID
    kind: FactKind
    details: tuple[str, ...]
    reason: str | None
    cents: int | None
    recorded_by: UUID
    role: str
    recorded_at: datetime
    step_id: UUID | None = None
