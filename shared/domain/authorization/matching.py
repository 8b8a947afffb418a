"""E10: does an authorization fit a service? Payer, service, provider, date and units; each mismatch has a name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

from shared.domain.authorization.states import IN_FORCE
from shared.domain.authorization.units import is_held_for, units_of
from shared.models.records import Authorization

MismatchCode = Literal["status", "patient", "payer", "service", "procedure", "provider", "date", "units"]


@dataclass(frozen=True, slots=True)
class ServiceNeed:
    """A service that is to be, or was, rendered: a visit's or a claim line's. What is None is not known.

    `visit_id` is the visit it is part of: units that are held for it already are its own.
    """

    on: date | None
    payer_id: UUID | None
    service_type: str | None = None
    procedure_codes: tuple[str, ...] = ()
    provider_id: UUID | None = None
    units: int = 1
    visit_id: UUID | None = None
    patient_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One thing that does not fit, as code and sentence."""

    code: MismatchCode
    text: str


def mismatches(held: Authorization, need: ServiceNeed) -> tuple[Mismatch, ...]:
    """Name everything about `held` that does not fit `need`; nothing when it fits.

    What either side leaves open does not count against it, except the payer and the day: without these nobody can say
    that it fits. "Not required" fits as a grant does, and needs no units.
    """
    found: list[Mismatch] = []

    def unless(fits: bool, code: MismatchCode, text: str) -> None:
        if not fits:
            found.append(Mismatch(code, text))

    free = held.status == "not_required"
    unless(free or held.status in IN_FORCE, "status", f"The authorization is {held.status}")
    unless(_agree(held.patient_id, need.patient_id), "patient", "It is another patient's")
    unless(held.payer_id is not None and held.payer_id == need.payer_id, "payer", "It is of another payer")
    unless(_agree(held.service_type, need.service_type), "service", "It is for another service type")
    unless(_covers(held.procedure_codes, need.procedure_codes), "procedure", "It is for other procedures")
    unless(_agree(held.provider_id, need.provider_id), "provider", "It is for another provider")
    unless(_in_period(held, need.on), "date", "The day of service lies outside its period")
    unless(free or _has_units(held, need), "units", "It has not enough units left")
    return tuple(found)


def _agree(held: object, needed: object) -> bool:
    return held is None or needed is None or held == needed


def _covers(held: tuple[str, ...], needed: tuple[str, ...]) -> bool:
    return not held or set(needed) <= set(held)


def _in_period(held: Authorization, on: date | None) -> bool:
    if on is None:
        return False
    start, end = held.period_start, held.period_end
    return (start is None or start <= on) and (end is None or on <= end)


def _has_units(held: Authorization, need: ServiceNeed) -> bool:
    remaining = units_of(held).remaining
    return remaining is None or remaining >= need.units or is_held_for(held, need.visit_id)
