"""What tools return: the answer as data (a model is shown it as JSON) and the records that it was read from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from shared.assistant.protocol import Citation
from shared.models.api.alerts import AlertView
from shared.models.api.authorizations import AuthorizationRecord
from shared.models.api.base import AnswerModel
from shared.models.api.modes import CheckView, CoverageView, PatientView, VerdictView
from shared.models.api.tasks import TaskView
from shared.models.guidance import GuidanceAction


@dataclass(frozen=True, slots=True)
class Reading:
    """What a tool read. `sources` are cited by what is said of it."""

    data: AnswerModel
    sources: tuple[Citation, ...]

    def cited(self, *references: str | None) -> tuple[Citation, ...]:
        """The sources with these references, in this order; one that was not read is not cited."""
        known = {one.source: one for one in self.sources}
        return tuple(dict.fromkeys(known[one] for one in references if one is not None and one in known))


class PatientReading(AnswerModel):
    """A patient, with the names of the payers and plans on file."""

    patient: PatientView
    plans: tuple[str, ...]


class FoundPatient(AnswerModel):
    """A patient that a search found."""

    id: str
    mrn: str
    label: str


class FoundPatients(AnswerModel):
    """What a search for a patient found; not `complete` when there are more."""

    patients: tuple[FoundPatient, ...]
    complete: bool


class Stretch(AnswerModel):
    """Days on which the verdict is the same."""

    first: date
    last: date
    verdict: VerdictView


class CoverageReading(AnswerModel):
    """Whether a patient is covered: the verdict for each stretch of the days asked for, and what is on file."""

    patient: PatientView
    stretches: tuple[Stretch, ...]
    today: VerdictView
    coverages: tuple[CoverageView, ...]
    newest_check: CheckView | None
    stale: str | None


class AuthorizationsReading(AnswerModel):
    """A patient's authorizations as they are today, newest request first."""

    patient: PatientView
    authorizations: tuple[AuthorizationRecord, ...]


class ClaimSeen(AnswerModel):
    """A claim."""

    id: str
    claim_number: str
    status: str
    amount_cents: int
    paid_cents: int | None
    currency: str
    service_date: date | None
    submitted_date: date | None
    payer: str | None
    denial_reason: str | None


class ClaimsReading(AnswerModel):
    """A patient's claims, newest service date first; not `complete` when there are more. Members may be hidden."""

    patient: PatientView
    first: date | None
    last: date | None
    claims: tuple[ClaimSeen, ...]
    complete: bool
    hidden: tuple[str, ...]


class VisitSeen(AnswerModel):
    """A visit; `visitDate` and `time` are the organisation's."""

    id: str
    visit_number: str
    visit_date: date
    time: str | None
    visit_type: str | None
    status: str
    readiness: str
    provider: str | None


class VisitsReading(AnswerModel):
    """A patient's visits, newest first; not `complete` when there are more."""

    patient: PatientView
    first: date | None
    last: date | None
    visits: tuple[VisitSeen, ...]
    complete: bool


class TasksReading(AnswerModel):
    """Tasks of the record in hand, soonest first; not `complete` when there are more."""

    tasks: tuple[TaskView, ...]
    complete: bool


class AlertsReading(AnswerModel):
    """The caller's active alerts about the record in hand."""

    alerts: tuple[AlertView, ...]


class DeadlineSeen(AnswerModel):
    """A deadline: `kind` is filing, claim, authorization_end or decision; `confirmed` by the payer's own terms."""

    kind: str
    label: str
    due: date
    days_left: int
    confirmed: bool
    source: str
    rule: str | None


class DeadlinesReading(AnswerModel):
    """A patient's deadlines, soonest first; `undated` counts claims that have no day to count from."""

    patient: PatientView
    deadlines: tuple[DeadlineSeen, ...]
    undated: int
    complete: bool


class GuidanceReading(AnswerModel):
    """What the caller is offered to do in this context, most urgent first."""

    actions: tuple[GuidanceAction, ...]


class ActionReading(AnswerModel):
    """What a quick action that only reads answered."""

    action: str
    data: dict[str, Any]
    at: datetime
