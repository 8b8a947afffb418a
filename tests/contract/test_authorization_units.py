"""Units of authorizations: one contract, both implementations; nobody books what another has."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.domain.authorization.holding import reserved
from shared.domain.authorization.units import units_of, without_visit
from shared.errors import ConflictError
from shared.models.authorization import VisitHold
from shared.models.records import Authorization
from shared.repositories.authorization_protocols import (
    AuthorizationCase,
    VisitLink,
)
from tests.contract.authorization_steps import change, in_parallel, known, request
from tests.contract.conftest import Records
from tests.contract.practice import Practice, file_of, store_practice
from tests.unit.factories import NOW, TODAY


@pytest.fixture
def practice(records: Records) -> Practice:
    return store_practice(records)


def book(records: Records, authorization: Authorization, visit: str) -> str:
    def decide(case: AuthorizationCase) -> Authorization:
        assert case.visit is not None
        held = VisitHold(case.visit.id, case.visit.visit_date, case.visit.status)
        return reserved(case.authorization, case.visit, held, today=TODAY) or case.authorization

    def link(case: AuthorizationCase) -> VisitLink:
        assert case.visit is not None
        return VisitLink(case.visit.id, case.visit.authorization_id, authorization.id)

    try:
        change(records, str(authorization.id), decide, visit=visit, link=link)
    except ConflictError as refused:
        return refused.code
    return "booked"


def visits(records: Records, practice: Practice, count: int) -> list[str]:
    for number in range(count):
        row = {
            "visit_number": f"V-{number}",
            "patient_id": practice.patient,
            "visit_date": TODAY + timedelta(days=number),
        }
        records.add("visits", {"client_id": records.client, "status": "scheduled", "visit_type": "office"} | row)
    return [f"V-{number}" for number in range(count)]


def test_two_who_book_the_last_unit_at_once_do_not_both_get_it(records: Records, practice: Practice) -> None:
    granted = request(records, practice, status="approved", units_approved=1)
    numbers = visits(records, practice, 6)
    answers = in_parallel(lambda number: book(records, granted, numbers[number]))
    assert answers == ["booked", *["units_exhausted"] * 5]
    count = units_of(known(records, granted.id))
    assert (count.reserved, count.remaining, count.overused) == (1, 0, 0)


def test_one_visit_booked_many_times_at_once_takes_its_unit_once(records: Records, practice: Practice) -> None:
    granted = request(records, practice, status="approved", units_approved=5)
    visits(records, practice, 1)
    assert in_parallel(lambda _: book(records, granted, "V-0")) == ["booked"] * 6
    assert units_of(known(records, granted.id)).reserved == 1


def test_units_follow_the_visits_status(records: Records, practice: Practice) -> None:
    granted = request(records, practice, status="approved", units_approved=9)
    for status in ("scheduled", "confirmed", "completed", "with_provider", "cancelled", "no_show"):
        row = {"visit_number": f"W-{status}", "patient_id": practice.patient, "visit_date": TODAY, "status": status}
        linked = {"authorization_id": granted.id, "authorization_units": 2}
        records.add("visits", {"client_id": records.client} | row | linked)
    gone = {"visit_number": "W-gone", "patient_id": practice.patient, "visit_date": TODAY, "status": "scheduled"}
    records.add("visits", {"client_id": records.client, "authorization_id": granted.id, "deleted_at": NOW} | gone)
    count = units_of(known(records, granted.id))
    assert (count.used, count.reserved, count.remaining) == (4, 4, 1)
    (in_file,) = [one for one in file_of(records).authorizations if one.id == granted.id]
    assert units_of(in_file) == count


def test_a_visit_that_is_unlinked_is_told_in_its_history(records: Records, practice: Practice) -> None:
    granted = request(records, practice, status="approved", units_approved=1)
    visits(records, practice, 1)
    assert book(records, granted, "V-0") == "booked"

    def unlink(case: AuthorizationCase) -> VisitLink:
        assert case.visit is not None
        return VisitLink(case.visit.id, case.visit.authorization_id, None)

    def without(case: AuthorizationCase) -> Authorization:
        assert case.visit is not None
        return without_visit(case.authorization, case.visit.id)

    change(records, str(granted.id), without, visit="V-0", link=unlink)
    assert units_of(known(records, granted.id)).reserved == 0
    history = records.store.record_writes.history(records.client, "visit", "V-0", seen=None)
    assert history is not None
    assert [entry.changes["authorization_id"] for entry in history[1]] == [
        (str(granted.id), None),
        (None, str(granted.id)),
    ]
    assert [entry.version for entry in history[1]] == [3, 2]
