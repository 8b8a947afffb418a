"""E10: what an authorization fits, each mismatch by its name; which visits take units of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from shared.domain.authorization.holding import released, reserved
from shared.domain.authorization.matching import ServiceNeed, mismatches
from shared.domain.authorization.units import (
    units_of,
)
from shared.errors import ConflictError
from shared.models.authorization import VisitHold
from shared.models.identifiers import uuid7
from shared.models.records import Authorization, Visit
from tests.unit.factories import OTHER_PAYER, PAYER, TODAY, authorization

PROVIDER, PATIENT = UUID(int=0xC), UUID(int=0xD)


def hold(status: str = "scheduled", units: int = 1, visit: UUID | None = None) -> VisitHold:
    return VisitHold(visit or uuid7(), TODAY, status, units)


def need(**members: Any) -> ServiceNeed:
    given: dict[str, Any] = {"on": date(2026, 11, 15), "payer_id": PAYER}
    return ServiceNeed(**given | members)


@pytest.mark.parametrize(
    ("held", "wanted", "faults"),
    [
        ({}, {}, ()),
        ({"status": "partially_approved"}, {"service_type": "98"}, ()),
        ({"status": "extension_requested"}, {}, ()),
        ({"status": "pended"}, {}, ("status",)),
        ({"status": "revoked"}, {}, ("status",)),
        ({"patient_id": PATIENT}, {"patient_id": uuid7()}, ("patient",)),
        ({}, {"payer_id": OTHER_PAYER}, ("payer",)),
        ({}, {"payer_id": None}, ("payer",)),
        ({"payer_id": None}, {}, ("payer",)),
        ({}, {"service_type": "PT"}, ("service",)),
        ({"service_type": None}, {"service_type": "PT"}, ()),
        ({"procedure_codes": ("97110", "97112")}, {"procedure_codes": ("97112",)}, ()),
        ({"procedure_codes": ("97110",)}, {"procedure_codes": ("97112",)}, ("procedure",)),
        ({"provider_id": PROVIDER}, {"provider_id": uuid7()}, ("provider",)),
        ({"provider_id": PROVIDER}, {"provider_id": None}, ()),
        ({}, {"on": date(2026, 10, 31)}, ("date",)),
        ({}, {"on": date(2026, 11, 1)}, ()),
        ({}, {"on": date(2026, 11, 30)}, ()),
        ({}, {"on": date(2026, 12, 1)}, ("date",)),
        ({}, {"on": None}, ("date",)),
        ({"period_start": None, "period_end": None}, {"on": date(2030, 1, 1)}, ()),
        ({"units_approved": 3}, {}, ("units",)),
        ({"units_approved": 4}, {"units": 2}, ("units",)),
        ({"units_approved": None}, {"units": 99}, ()),
        ({"status": "not_required", "units_approved": 0}, {}, ()),
        ({"status": "denied", "units_approved": 0}, {"payer_id": OTHER_PAYER}, ("status", "payer", "units")),
    ],
)
def test_an_authorization_fits_when_everything_does_and_each_mismatch_is_named(
    held: dict[str, Any], wanted: dict[str, Any], faults: tuple[str, ...]
) -> None:
    found = mismatches(authorization(**held), need(**wanted))
    assert tuple(fault.code for fault in found) == faults
    assert all(fault.text for fault in found)


def test_units_that_are_held_for_the_visit_are_its_own() -> None:
    visit = uuid7()
    full = authorization(units_approved=1, units_used=0, units_reserved=1, visits=(hold(visit=visit),))
    assert mismatches(full, need(visit_id=visit)) == ()
    assert [fault.code for fault in mismatches(full, need(visit_id=uuid7()))] == ["units"]
    called_off = replace(full, units_reserved=1, visits=(hold("cancelled", visit=visit),))
    assert [fault.code for fault in mismatches(called_off, need(visit_id=visit))] == ["units"]


def visit(**members: Any) -> Visit:
    given: dict[str, Any] = {
        "id": uuid7(),
        "visit_number": "VIS-9",
        "visit_date": date(2026, 11, 15),
        "visit_type": "office",
        "status": "scheduled",
        "patient_id": PATIENT,
    }
    return Visit(**given | members)


def book(held: Authorization, one: Visit, units: int = 1) -> Authorization | None:
    return reserved(held, one, VisitHold(one.id, one.visit_date, one.status, units), today=TODAY)


def test_a_visit_takes_units_once() -> None:
    one = visit()
    held = book(authorization(units_approved=4), one)
    assert held is not None
    assert units_of(held).remaining == 0
    assert book(held, one) is None
    with pytest.raises(ConflictError) as refused:
        book(held, visit())
    assert (refused.value.code, refused.value.extra["remaining"]) == ("units_exhausted", 0)


@pytest.mark.parametrize(
    ("members", "of_visit", "code"),
    [
        ({"status": "pended"}, {}, "not_in_force"),
        ({"period_end": date(2026, 11, 20)}, {}, "not_in_force"),
        ({}, {"status": "cancelled"}, "visit_not_booked"),
        ({}, {"visit_date": date(2027, 1, 1)}, "does_not_fit"),
        ({}, {"visit_type": "dental"}, "does_not_fit"),
        ({"provider_id": PROVIDER}, {"provider_id": uuid7()}, "does_not_fit"),
        ({"patient_id": uuid7()}, {}, "does_not_fit"),
    ],
)
def test_a_visit_that_does_not_fit_takes_no_units(members: dict[str, Any], of_visit: dict[str, Any], code: str) -> None:
    with pytest.raises(ConflictError) as refused:
        book(authorization(**members), visit(**of_visit))
    assert refused.value.code == code


def test_units_are_given_back_until_the_visit_begins() -> None:
    one = visit()
    held = book(authorization(), one)
    assert held is not None
    back = released(held, one)
    assert back is not None
    assert (back.units_reserved, back.visits) == (1, ())
    assert released(back, one) is None
    with pytest.raises(ConflictError) as refused:
        released(held, replace(one, status="checked_in"))
    assert refused.value.code == "units_used"
