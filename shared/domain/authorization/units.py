"""Units: what is left, and which visits take them. `remaining = quantity - used - reserved`; no quantity, no limit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from shared.domain.authorization.states import IN_FORCE
from shared.models.authorization import VisitHold
from shared.models.records import Authorization

# A booked visit holds its units until it is over or called off, also when its day went by and nobody closed it.
RESERVING = frozenset({"scheduled", "confirmed", "arrived", "checking_in"})
USING = frozenset({"checked_in", "roomed", "with_provider", "checked_out", "completed"})
EXPIRING_DAYS = 14
FEW_UNITS = 2


@dataclass(frozen=True, slots=True)
class UnitCount:
    """`remaining` is None without a limit and never below zero; what was taken beyond the grant is `overused`."""

    approved: int | None
    used: int
    reserved: int
    remaining: int | None
    overused: int


def taken(visits: Iterable[VisitHold]) -> tuple[int, int]:
    """How many units the linked visits have used and hold; a visit that was called off takes none."""
    used = reserved = 0
    for visit in visits:
        used += visit.units if visit.status in USING else 0
        reserved += visit.units if visit.status in RESERVING else 0
    return used, reserved


def units_of(authorization: Authorization) -> UnitCount:
    """Count the units of an authorization."""
    approved, used, reserved = authorization.units_approved, authorization.units_used, authorization.units_reserved
    if approved is None:
        return UnitCount(None, used, reserved, None, 0)
    left = approved - used - reserved
    return UnitCount(approved, used, reserved, max(left, 0), max(-left, 0))


def is_held_for(authorization: Authorization, visit: object) -> bool:
    """Tell whether the visit with this id has units of the authorization already."""
    counted = RESERVING | USING
    return any(hold.visit_id == visit and hold.status in counted for hold in authorization.visits)


def is_expiring(authorization: Authorization, today: date) -> bool:
    """E11: in force, and its end is at most 14 days away."""
    end = authorization.period_end
    return authorization.status in IN_FORCE and end is not None and 0 <= (end - today).days <= EXPIRING_DAYS


def has_few_units(authorization: Authorization) -> bool:
    """E11: in force, and at most two units are left."""
    remaining = units_of(authorization).remaining
    return authorization.status in IN_FORCE and remaining is not None and remaining <= FEW_UNITS


def with_visit(authorization: Authorization, hold: VisitHold) -> Authorization:
    """Return `authorization` with a visit that takes units of it, in place of that visit's former link."""
    others = tuple(known for known in authorization.visits if known.visit_id != hold.visit_id)
    return _recounted(authorization, (*others, hold))


def without_visit(authorization: Authorization, visit_id: object) -> Authorization:
    """Return `authorization` without the visit; the same object when the visit has no link to it."""
    others = tuple(known for known in authorization.visits if known.visit_id != visit_id)
    return authorization if len(others) == len(authorization.visits) else _recounted(authorization, others)


def _recounted(authorization: Authorization, visits: tuple[VisitHold, ...]) -> Authorization:
    """Units that were brought forward stay; those of visits are counted anew."""
    used_before, reserved_before = taken(authorization.visits)
    used, reserved = taken(visits)
    return replace(
        authorization,
        visits=visits,
        units_used=authorization.units_used - used_before + used,
        units_reserved=authorization.units_reserved - reserved_before + reserved,
        version=authorization.version + 1,
    )
