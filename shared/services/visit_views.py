"""Visits as clients see them: where they stand now, how long somebody waits, and what can be done."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from shared.auth.permissions import hidden_fields
from shared.domain.visit.check_in import CheckInGround, MissingStep, missing_steps
from shared.domain.visit.states import UNDO_FOR, allowed_moves, undoable
from shared.domain.visit.waits import minutes_late, wait_of
from shared.errors import ConflictError
from shared.models.api.visits import (
    AppointmentView,
    FactView,
    MissingView,
    ReadinessReasonView,
    StepView,
    SuccessorView,
    VisitPatient,
    VisitView,
    WaitView,
)
from shared.models.caller import Caller
from shared.models.front_desk import FrontDeskSettings
from shared.models.visit import CheckInFact, DeskVisit, ReadinessReason, VisitStep
from shared.repositories.visit_protocols import BoardVisit, VisitCase

_CHECKED_IN_FROM = frozenset({"scheduled", "confirmed", "arrived", "checking_in"})
_CALLED_OFF = frozenset({"cancelled", "rescheduled", "no_show", "left_without_being_seen"})


def appointment_view(caller: Caller, line: BoardVisit, settings: FrontDeskSettings, now: datetime) -> AppointmentView:
    """Show a line of the board as the caller's role sees it."""
    visit, wait = line.visit, wait_of(line.visit, settings, now)
    return AppointmentView(
        id=str(visit.id),
        visit_number=visit.visit_number,
        patient=VisitPatient(
            id=str(line.patient.id),
            mrn=line.patient.mrn,
            first_name=line.patient.first_name,
            last_name=line.patient.last_name,
            date_of_birth=line.patient.date_of_birth,
        ),
        visit_date=visit.visit_date,
        starts_at=visit.starts_at,
        ends_at=visit.ends_at,
        provider_id=_text(visit.provider_id),
        provider_name=line.provider_name,
        visit_type=visit.visit_type,
        reason=None if "reason" in hidden_fields(caller.role, "visit") else visit.reason,
        status=visit.status,
        since=visit.status_since,
        arrived_at=visit.arrived_at,
        wait=None if wait is None else WaitView(minutes=wait.minutes, limit=wait.limit, too_long=wait.too_long),
        minutes_late=minutes_late(visit, now),
        readiness=visit.readiness,
        readiness_source=visit.readiness_source,
        readiness_reasons=tuple(_reason(one) for one in visit.readiness_reasons),
        walk_in=visit.walk_in,
        authorization_id=_text(visit.authorization_id),
        rescheduled_from=_text(visit.rescheduled_from),
        allowed=tuple(allowed_moves(visit.status)),
        version=visit.version,
    )


def visit_view(caller: Caller, case: VisitCase, now: datetime) -> VisitView:
    """Show a visit with its history and its check-in."""
    line = appointment_view(caller, BoardVisit(case.visit, case.patient, case.provider_name), case.settings, now)
    told = "reason" not in hidden_fields(caller.role, "visit")
    successor = case.successor
    return VisitView(
        **dict(line),
        history=tuple(_step(one, told=told) for one in case.history),
        facts=tuple(_fact(one, told=told) for one in case.facts),
        missing=tuple(missing_view(one) for one in missing_of(case)),
        copay_due_cents=None if case.copay is None else int(case.copay * 100),
        rescheduled_to=None
        if successor is None
        else SuccessorView(id=str(successor.id), visit_number=successor.visit_number, visit_date=successor.visit_date),
        undo_until=_undo_until(case, now),
    )


def missing_of(case: VisitCase) -> tuple[MissingStep, ...]:
    """What check-in lacks; nothing of a visit that is behind it, or called off."""
    if case.visit.status not in _CHECKED_IN_FROM:
        return ()
    return missing_steps(CheckInGround(case.visit, case.facts, case.settings, case.verified, case.copay))


def missing_view(step: MissingStep) -> MissingView:
    """Show one of them."""
    return MissingView(
        code=step.code,
        text=step.text,
        clear=step.clear,
        action=step.action,
        members=step.members,
        reasons=tuple(_reason(one) for one in step.reasons),
        needs_manager=step.needs_manager,
    )


def is_called_off(visit: DeskVisit) -> bool:
    """Tell whether the visit takes place no more."""
    return visit.status in _CALLED_OFF


def _undo_until(case: VisitCase, now: datetime) -> datetime | None:
    with suppress(ConflictError):
        return undoable(case.history, now).changed_at + UNDO_FOR
    return None


def _step(step: VisitStep, *, told: bool) -> StepView:
    return StepView(
        id=str(step.id),
        axis=step.axis,
        before=step.before,
        now=step.now,
        reason=step.reason if told else None,
        changed_by=_text(step.changed_by),
        changed_at=step.changed_at,
        undoes=_text(step.undoes),
    )


def _fact(fact: CheckInFact, *, told: bool) -> FactView:
    return FactView(
        kind=fact.kind,
        details=fact.details,
        reason=fact.reason if told else None,
        amount_cents=fact.cents,
        amount=None if fact.cents is None else fact.cents / 100,
        recorded_by=str(fact.recorded_by),
        role=fact.role,
        recorded_at=fact.recorded_at,
    )


def _reason(reason: ReadinessReason) -> ReadinessReasonView:
    return ReadinessReasonView(code=reason.code, text=reason.text, rule_id=reason.rule_id)


def _text(value: object) -> str | None:
    return None if value is None else str(value)
