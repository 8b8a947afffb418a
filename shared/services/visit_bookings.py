"""Making visits at the desk: for a patient without an appointment, and in the place of one that is put off."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from shared.domain.visit.moving import moved
from shared.errors import FieldError, ValidationFailedError
from shared.models.api.visits import RescheduleParams, WalkInParams
from shared.models.caller import Caller
from shared.models.identifiers import spoken_number, uuid7
from shared.models.visit import DeskVisit, VisitStep
from shared.repositories.visit_protocols import VisitCase, WalkInGround
from shared.services.visits import Stepped, unknown

LONGEST_AHEAD = timedelta(days=730)


def walk_in(
    caller: Caller, asked: WalkInParams, ground: WalkInGround, now: datetime
) -> tuple[DeskVisit, DeskVisit, VisitStep]:
    """Make a visit of today that begins now, and let its patient have arrived: the new one, the arrived one, the step.

    Raises ValidationFailedError for an unknown provider.
    """
    if asked.provider_id is not None and ground.provider is None:
        raise unknown("params.providerId", "provider")
    new = DeskVisit(
        id=uuid7(),
        visit_number=spoken_number("VIS"),
        patient_id=ground.patient.id,
        visit_date=caller.today(now),
        starts_at=now,
        ends_at=None,
        provider_id=ground.provider,
        visit_type=asked.visit_type,
        reason=asked.reason,
        status="scheduled",
        status_since=now,
        walk_in=True,
    )
    first = VisitStep(new.id, "status", None, "scheduled", None, caller.user_id, now)
    arrived, step = moved(new, (first,), "mark_arrived", reason=None, by=caller.user_id, now=now)
    return new, replace(arrived, version=2), step


def rescheduled(caller: Caller, case: VisitCase, asked: RescheduleParams, now: datetime) -> Stepped:
    """Put a visit off: a new one takes its place, and the units that it holds. Raises ValidationFailedError.

    An authorization that is known to lack stays known until a check decides about the new day.
    """
    visit, step = moved(case.visit, case.history, "reschedule_visit", reason=asked.reason, by=caller.user_id, now=now)
    _check_day(asked, caller.today(now), ZoneInfo(caller.time_zone))
    if asked.provider_id is not None and case.provider is None:
        raise unknown("params.providerId", "provider")
    new = DeskVisit(
        id=uuid7(),
        visit_number=spoken_number("VIS"),
        patient_id=visit.patient_id,
        visit_date=asked.visit_date,
        starts_at=asked.starts_at,
        ends_at=asked.ends_at,
        provider_id=case.provider or visit.provider_id,
        visit_type=visit.visit_type,
        reason=visit.reason,
        status="scheduled",
        status_since=step.changed_at,
        readiness_reasons=tuple(one for one in visit.readiness_reasons if one.about_authorization),
        authorization_id=visit.authorization_id,
        authorization_units=visit.authorization_units,
        rescheduled_from=visit.id,
    )
    return Stepped(visit, (step,), made=new)


def _check_day(asked: RescheduleParams, today: date, zone: ZoneInfo) -> None:
    if asked.visit_date < today:
        raise _refused("visitDate", "in_the_past", "must not lie in the past")
    if asked.visit_date > today + LONGEST_AHEAD:
        raise _refused("visitDate", "too_far_ahead", "must lie within two years")
    if asked.starts_at is not None and asked.starts_at.astimezone(zone).date() != asked.visit_date:
        raise _refused("startsAt", "other_day", "must lie on visitDate at the organisation")
    if asked.ends_at is not None and (asked.starts_at is None or asked.ends_at < asked.starts_at):
        raise _refused("endsAt", "before_start", "must not lie before startsAt")


def _refused(member: str, code: str, message: str) -> ValidationFailedError:
    field = f"params.{member}"
    return ValidationFailedError(f"{field} {message}", errors=(FieldError(field, code, message),))
