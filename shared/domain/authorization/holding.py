"""Holding units of a grant for a visit, and giving them back."""

from __future__ import annotations

from datetime import date

from shared.domain.authorization.matching import ServiceNeed, mismatches
from shared.domain.authorization.states import IN_FORCE, as_of
from shared.domain.authorization.units import RESERVING, USING, units_of, with_visit, without_visit
from shared.domain.eligibility.dates import SERVICE_TYPES
from shared.errors import ConflictError
from shared.models.authorization import VisitHold
from shared.models.records import Authorization, Visit


def reserved(authorization: Authorization, visit: Visit, hold: VisitHold, *, today: date) -> Authorization | None:
    """Return `authorization` with units held for `visit`; None when they are held already.

    Raises ConflictError: `not_in_force`, `visit_not_booked`, `does_not_fit` (with what does not), `units_exhausted`.
    """
    if hold in authorization.visits:
        return None
    if as_of(authorization, today).status not in IN_FORCE:
        raise ConflictError("The authorization is not in force", code="not_in_force")
    if visit.status not in RESERVING | USING:
        raise ConflictError("The visit is not booked", code="visit_not_booked")
    without = without_visit(authorization, visit.id)
    faults = mismatches(without, need_of_visit(visit, authorization, units=hold.units))
    others = [fault for fault in faults if fault.code != "units"]
    if others:
        words = "; ".join(fault.text for fault in others)
        raise ConflictError(words, code="does_not_fit", mismatches=[fault.code for fault in others])
    if faults:
        left = units_of(without).remaining
        raise ConflictError("The authorization has not enough units left", code="units_exhausted", remaining=left)
    return with_visit(authorization, hold)


def released(authorization: Authorization, visit: Visit) -> Authorization | None:
    """Return `authorization` without the visit's units; None when the visit has none of it.

    Raises ConflictError (`units_used`) when the visit has begun.
    """
    after = without_visit(authorization, visit.id)
    if after is authorization:
        return None
    if visit.status in USING:
        raise ConflictError("The visit has used its units", code="units_used")
    return after


def need_of_visit(
    visit: Visit, authorization: Authorization, *, units: int = 1, procedure: str | None = None
) -> ServiceNeed:
    """What a visit needs of an authorization. The payer is that of the authorization: a visit names none."""
    return ServiceNeed(
        on=visit.visit_date,
        payer_id=authorization.payer_id,
        service_type=SERVICE_TYPES.get(visit.visit_type) if visit.visit_type else None,
        procedure_codes=(procedure,) if procedure else (),
        provider_id=visit.provider_id,
        units=units,
        visit_id=visit.id,
        patient_id=visit.patient_id,
    )
