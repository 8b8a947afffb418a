"""What the front desk's tools return."""

from __future__ import annotations

from datetime import date

from shared.models.api.base import AnswerModel


class ReasonCount(AnswerModel):
    """Why visits are not ready, and how many are not for that reason."""

    code: str
    visits: int


class NextVisit(AnswerModel):
    """The visit that comes next; `time` is the organisation's, `minutes_late` counts while the patient has not come."""

    id: str
    patient: str
    time: str
    minutes_late: int = 0


class DeskDayReading(AnswerModel):
    """A day's visits in figures. `arrived` came, `checkedIn` are those of them who were checked in."""

    day: date
    total: int
    arrived: int
    checked_in: int
    waiting_too_long: int
    not_ready: int
    reasons: tuple[ReasonCount, ...]
    following: NextVisit | None


class DeskVisitSeen(AnswerModel):
    """A visit of the board and whose it is; `time` is the organisation's, `minutes` how long the patient waits."""

    id: str
    visit_number: str
    patient: str
    mrn: str
    time: str | None
    status: str
    readiness: str
    reasons: tuple[str, ...]
    minutes: int | None = None
    limit_minutes: int | None = None
    at_risk_cents: int | None = None


class WaitingReading(AnswerModel):
    """Today's patients who wait longer than the organisation's limits, the longest first."""

    day: date
    visits: tuple[DeskVisitSeen, ...]
    complete: bool


class NotReadyReading(AnswerModel):
    """A day's visits that are not ready, the most money at risk first; `total` counts all of them."""

    day: date
    total: int
    visits: tuple[DeskVisitSeen, ...]


class MissingSeen(AnswerModel):
    """What check-in lacks, and what clears it."""

    code: str
    text: str
    clear: str


class ReasonSeen(AnswerModel):
    """Why a visit is not ready, by which rule."""

    text: str
    rule: str | None


class CheckInReading(AnswerModel):
    """The visit in hand on its way through check-in; None: the record in hand has no visit today."""

    visit: DeskVisitSeen | None
    day: date
    missing: tuple[MissingSeen, ...] = ()
    reasons: tuple[ReasonSeen, ...] = ()
