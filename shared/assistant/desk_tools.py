"""Tools about the front desk's day: its figures, who waits too long, who is not ready, what check-in lacks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.assistant.desk_readings import (
    CheckInReading,
    DeskDayReading,
    DeskVisitSeen,
    MissingSeen,
    NextVisit,
    NotReadyReading,
    ReasonCount,
    ReasonSeen,
    WaitingReading,
)
from shared.assistant.live_tools import NothingAsked
from shared.assistant.protocol import Citation
from shared.assistant.readings import Reading
from shared.assistant.tools import Desk, Tool
from shared.models.api.base import Day, RequestModel
from shared.models.api.visits import AppointmentQuery, AppointmentView
from shared.models.visit import VisitStatus

if TYPE_CHECKING:
    from shared.repositories.front_desk_day_protocols import VisitAtRisk

MODE = "front-desk"
MOST_SHOWN = 25
MOST_PAGES, PAGE = 5, 100
# The states in which an organisation limits how long a patient waits.
_LIMITED: Final[tuple[VisitStatus, ...]] = ("arrived", "checked_in", "roomed")


class DeskDayParams(RequestModel):
    """Which day; left out: today for figures, tomorrow for what is not ready."""

    day: Day | None = None


def read_desk_day(desk: Desk, params: DeskDayParams) -> Reading:
    """See Tool.read."""
    day = params.day or desk.today
    found = desk.services.desk_figures().of_day(desk.caller, day)
    following = found.following
    data = DeskDayReading(
        day=day,
        total=found.total,
        arrived=found.arrived,
        checked_in=found.checked_in,
        waiting_too_long=found.waiting_too_long,
        not_ready=found.not_ready,
        reasons=tuple(ReasonCount(code=code, visits=number) for code, number in found.reasons),
        following=None
        if following is None
        else NextVisit(
            id=str(following.visit_id),
            patient=following.name,
            time=_time(desk, following.starts_at) or "",
            minutes_late=following.minutes_late,
        ),
    )
    cited = () if following is None else (Citation(f"visits/{following.visit_id}", "The next visit"),)
    return Reading(data, (organisation(desk, f"Visits of {day.isoformat()}"), *cited))


def read_waiting(desk: Desk, params: NothingAsked) -> Reading:
    """See Tool.read."""
    del params
    found: list[AppointmentView] = []
    complete = True
    for status in _LIMITED:
        cursor = None
        for _ in range(MOST_PAGES):
            query = AppointmentQuery(date=desk.today, status=status, limit=PAGE, cursor=cursor)
            page = desk.services.visits().board(desk.caller, query)
            found += [one for one in page.appointments if one.wait is not None and one.wait.too_long]
            cursor = page.next_cursor
            if cursor is None:
                break
        complete = complete and cursor is None
    found.sort(key=lambda one: (-(one.wait.minutes if one.wait else 0), one.visit_number))
    visits = tuple(_on_board(desk, one) for one in found)
    title = f"Visits of {desk.today.isoformat()}"
    data = WaitingReading(day=desk.today, visits=visits, complete=complete)
    return Reading(data, (organisation(desk, title), *_visits(visits)))


def read_not_ready(desk: Desk, params: DeskDayParams) -> Reading:
    """See Tool.read."""
    day = params.day or desk.today + timedelta(days=1)
    figures = desk.services.desk_figures()
    total = figures.of_day(desk.caller, day).not_ready
    found = figures.not_ready(desk.caller, day, limit=MOST_SHOWN) if total else ()
    visits = tuple(_at_risk(desk, one) for one in found)
    data = NotReadyReading(day=day, total=max(total, len(visits)), visits=visits)
    return Reading(data, (organisation(desk, f"Visits of {day.isoformat()}"), *_visits(visits)))


def read_check_in(desk: Desk, params: NothingAsked) -> Reading:
    """See Tool.read: the visit in hand, else the patient's first one of today."""
    del params
    reference = next(_visit_in_hand(desk), None)
    context = Citation(f"contexts/{desk.context.id}", f"Record in hand {desk.context.record_id}")
    if reference is None:
        return Reading(CheckInReading(visit=None, day=desk.today), (context,))
    visit = desk.services.visits().get(desk.caller, reference)
    data = CheckInReading(
        visit=_on_board(desk, visit),
        day=visit.visit_date,
        missing=tuple(MissingSeen(code=one.code, text=one.text, clear=one.clear) for one in visit.missing),
        reasons=tuple(ReasonSeen(text=one.text, rule=one.rule_id) for one in visit.readiness_reasons),
    )
    rules = [Citation(f"rule:{one.rule}", f"Rule {one.rule}") for one in data.reasons if one.rule]
    return Reading(data, (Citation(f"visits/{visit.id}", f"Visit {visit.visit_number}"), *dict.fromkeys(rules)))


def organisation(desk: Desk, title: str) -> Citation:
    """What figures of the whole organisation cite."""
    return Citation(f"clients/{desk.caller.client_id}", title)


def _visit_in_hand(desk: Desk) -> Iterator[str]:
    if desk.context.record_type == "visit":
        yield desk.context.record_uuid
    elif desk.context.patient_uuid is not None:
        patient = UUID(desk.context.patient_uuid)
        yield from map(str, desk.services.visits().of_patient_today(desk.caller, patient))


def _on_board(desk: Desk, one: AppointmentView) -> DeskVisitSeen:
    return DeskVisitSeen(
        id=one.id,
        visit_number=one.visit_number,
        patient=f"{one.patient.first_name} {one.patient.last_name}",
        mrn=one.patient.mrn,
        time=_time(desk, one.starts_at),
        status=one.status,
        readiness=one.readiness,
        reasons=tuple(reason.code for reason in one.readiness_reasons),
        minutes=None if one.wait is None else one.wait.minutes,
        limit_minutes=None if one.wait is None else one.wait.limit,
    )


def _at_risk(desk: Desk, one: VisitAtRisk) -> DeskVisitSeen:
    visit, patient = one.visit, one.patient
    return DeskVisitSeen(
        id=str(visit.id),
        visit_number=visit.visit_number,
        patient=f"{patient.first_name} {patient.last_name}",
        mrn=patient.mrn,
        time=_time(desk, visit.starts_at),
        status=visit.status,
        readiness=visit.readiness,
        reasons=tuple(reason.code for reason in visit.readiness_reasons),
        at_risk_cents=None if one.at_risk is None else int(one.at_risk.amount * 100),
    )


def _visits(visits: tuple[DeskVisitSeen, ...]) -> Iterator[Citation]:
    return (Citation(f"visits/{one.id}", f"Visit {one.visit_number}") for one in visits)


def _time(desk: Desk, at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(ZoneInfo(desk.caller.time_zone)).strftime("%H:%M")


DESK_DAY = Tool(
    "desk_day",
    "The organization's visits of a day in figures: how many, arrived, checked in, waiting too long, not ready.",
    "Counted the day's visits",
    DeskDayParams,
    read_desk_day,
    ("patient", "visit"),
    mode=MODE,
)
WAITING = Tool(
    "waiting",
    "Who waits too long at the front desk now: patient, state, minutes and the organization's limit.",
    "Looked who is waiting too long",
    NothingAsked,
    read_waiting,
    ("patient", "visit"),
    mode=MODE,
)
NOT_READY = Tool(
    "not_ready",
    "The organization's visits of a day (tomorrow by default) that are not ready, with why and the money at risk.",
    "Looked which visits are not ready",
    DeskDayParams,
    read_not_ready,
    ("patient", "visit"),
    mode=MODE,
)
CHECK_IN = Tool(
    "check_in",
    "What the check-in of the visit in hand still lacks, and why that visit is not ready.",
    "Looked what check-in lacks",
    NothingAsked,
    read_check_in,
    ("patient", "visit"),
    mode=MODE,
)
