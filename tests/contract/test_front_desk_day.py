"""A day at the front desk as a whole, held to one contract in both stores."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from shared.domain.visit.day import DayFigures, MoneyAtRisk
from shared.repositories.front_desk_day_protocols import AtRisk, CallNumbers
from tests.contract.conftest import Records
from tests.unit.factories import event

pytestmark = pytest.mark.parametrize("records", ["memory", "postgres"], indirect=True)
DAY = date(2026, 3, 17)
NOON = datetime(2026, 3, 17, 16, tzinfo=UTC)


class Practice:
    """Patients with visits on one day."""

    def __init__(self, records: Records) -> None:
        self.records = records
        self.count = 0

    def add(self, table: str, row: dict[str, Any]) -> UUID:
        return self.records.add(table, {"client_id": self.records.client} | row)

    def patient(self, last: str = "Vasquez", **members: Any) -> UUID:
        self.count += 1
        named = {"mrn": f"M-{self.count}", "first_name": "Elena", "last_name": last}
        return self.add("patients", named | members)

    def visit(
        self, patient: UUID, status: str = "scheduled", *, minutes: int = 0, since: int = 0, **members: Any
    ) -> UUID:
        """A visit that starts so many minutes after noon, and has its status since so many minutes before it."""
        self.count += 1
        row = {
            "visit_number": f"V-{self.count}",
            "patient_id": patient,
            "visit_date": DAY,
            "starts_at": NOON + timedelta(minutes=minutes),
            "status": status,
            "status_since": NOON - timedelta(minutes=since),
        }
        return self.add("visits", row | members)

    def cover(self, patient: UUID, copay: str | None) -> UUID:
        payer = self.add("payers", {"payer_number": f"P-{patient}", "name": "Bluestem", "phone": "555-0140"})
        period = {"period_start": DAY - timedelta(days=9), "member_id": "W-1"}
        amount = None if copay is None else Decimal(copay)
        return self.add("coverages", {"patient_id": patient, "payer_id": payer, "copay": amount} | period)

    def claim(self, patient: UUID, amount: str, on: date | None = DAY, status: str = "paid") -> UUID:
        self.count += 1
        row = {"claim_number": f"C-{self.count}", "patient_id": patient, "status": status, "service_date": on}
        return self.add("claims", row | {"amount": Decimal(amount)})

    def figures(self) -> DayFigures:
        return self.records.store.front_desk_day.figures(self.records.client, DAY, NOON, seen=None)

    def at_risk(self, limit: int = 10) -> list[tuple[UUID, MoneyAtRisk | None]]:
        return [(one.visit.id, one.at_risk) for one in self.listed(limit).visits]

    def listed(self, limit: int) -> AtRisk:
        return self.records.store.front_desk_day.at_risk(self.records.client, DAY, limit=limit, seen=None)


@pytest.fixture
def practice(records: Records) -> Practice:
    return Practice(records)


def reasons(*codes: str) -> dict[str, Any]:
    return {"readiness": "not_ready", "readiness_reasons": [{"code": code, "text": code} for code in codes]}


def test_day_without_visits_is_empty(practice: Practice) -> None:
    assert practice.figures() == DayFigures(DAY, 0, 0, 0, 0, 0)


def test_visits_are_counted_by_where_they_stand(practice: Practice) -> None:
    patient = practice.patient()
    for status in ("scheduled", "arrived", "checking_in", "checked_in", "with_provider", "completed", "no_show"):
        practice.visit(patient, status, minutes=-60, readiness="ready")
    for status in ("cancelled", "rescheduled"):
        practice.visit(patient, status)
    practice.visit(patient, visit_date=DAY + timedelta(days=1))
    found = practice.figures()
    assert (found.total, found.arrived, found.checked_in, found.not_ready) == (7, 5, 3, 0)
    practice.visit(patient, "left_without_being_seen", minutes=-60)
    found = practice.figures()
    assert (found.total, found.arrived, found.checked_in, found.not_ready) == (8, 6, 3, 0)


@pytest.mark.parametrize(
    ("status", "minutes", "too_long"),
    [("arrived", 9, 0), ("arrived", 10, 1), ("checked_in", 14, 0), ("checked_in", 15, 1), ("roomed", 39, 0),
     ("roomed", 40, 1), ("checking_in", 90, 0), ("with_provider", 90, 0)],
)  # fmt: skip
def test_who_waits_too_long_follows_the_state(practice: Practice, status: str, minutes: int, too_long: int) -> None:
    practice.visit(practice.patient(), status, since=minutes)
    assert practice.figures().waiting_too_long == too_long


def test_reasons_are_counted_most_frequent_first(practice: Practice) -> None:
    patient = practice.patient()
    practice.visit(patient, **reasons("authorization_required", "coverage_inactive"))
    practice.visit(patient, **reasons("coverage_inactive"))
    practice.visit(patient)
    practice.visit(patient, "completed", **reasons("member_mismatch"))
    found = practice.figures()
    assert found.not_ready == 3
    assert found.reasons == (("coverage_inactive", 2), ("authorization_required", 1), ("never_checked", 1))


def test_next_patient_is_who_is_expected_soonest(practice: Practice) -> None:
    practice.visit(practice.patient("Gone"), minutes=-30)
    practice.visit(practice.patient("Later"), minutes=60)
    soon = practice.visit(practice.patient("Soon"), "confirmed", minutes=15)
    practice.visit(practice.patient("Here"), "arrived", minutes=5)
    following = practice.figures().following
    assert following is not None
    assert (following.visit_id, following.name) == (soon, "Elena Soon")
    assert following.starts_at == NOON + timedelta(minutes=15)


@pytest.mark.parametrize(("minutes", "late"), [(-14, 14), (-1, 1), (0, 0)])
def test_who_is_late_comes_next_until_the_grace_is_over(practice: Practice, minutes: int, late: int) -> None:
    practice.visit(practice.patient("Past"), minutes=-15)
    practice.visit(practice.patient("Later"), minutes=5)
    practice.visit(practice.patient("Here"), "arrived", minutes=-14)
    awaited = practice.visit(practice.patient("Late"), "confirmed", minutes=minutes)
    following = practice.figures().following
    assert following is not None
    assert (following.visit_id, following.minutes_late) == (awaited, late)


def test_a_walk_in_whose_arrival_was_taken_back_is_not_late(practice: Practice) -> None:
    made = practice.visit(practice.patient("Walker"), minutes=-5, walk_in=True)
    following = practice.figures().following
    assert following is not None
    assert (following.visit_id, following.minutes_late) == (made, 0)


def test_most_money_comes_first_and_unknown_amounts_last_by_time(practice: Practice) -> None:
    late, early, rich, poor = (practice.patient() for _ in range(4))
    unknown_late = practice.visit(late, minutes=90)
    unknown_early = practice.visit(early, minutes=10)
    coverage = practice.cover(poor, "25.00")
    copay = practice.visit(poor)
    practice.claim(rich, "9000.00", DAY - timedelta(days=400))
    newest = practice.claim(rich, "182.40", DAY - timedelta(days=4))
    practice.claim(rich, "999.00", DAY, status="voided")
    practice.cover(rich, "40.00")
    history = practice.visit(rich, minutes=120)
    practice.visit(practice.patient(), readiness="ready")
    practice.visit(practice.patient(), "checked_in")
    assert practice.at_risk() == [
        (history, MoneyAtRisk(Decimal("182.40"), "claim_history", f"claims/{newest}")),
        (copay, MoneyAtRisk(Decimal("25.00"), "copay", f"coverages/{coverage}")),
        (unknown_early, None),
        (unknown_late, None),
    ]
    assert [visit for visit, _ in practice.at_risk(limit=1)] == [history]
    whole, first = practice.listed(10), practice.listed(1)
    assert [(one.amount, one.without_amount) for one in (whole, first)] == [(Decimal("207.40"), 2)] * 2


def test_line_names_visit_patient_and_provider(practice: Practice) -> None:
    doctor = practice.add("providers", {"provider_number": "D-1", "kind": "person", "name": "Amara Okonkwo"})
    practice.visit(practice.patient("Soto"), provider_id=doctor, **reasons("coverage_inactive"))
    (found,) = practice.records.store.front_desk_day.at_risk(practice.records.client, DAY, limit=5, seen=None).visits
    assert (found.patient.last_name, found.provider_name) == ("Soto", "Amara Okonkwo")
    assert [one.code for one in found.visit.readiness_reasons] == ["coverage_inactive"]


def test_numbers_are_those_of_the_coverage_in_force(practice: Practice) -> None:
    patient = practice.patient(phone="555-0199")
    visit = practice.visit(patient)
    find = practice.records.store.front_desk_day.numbers
    client = practice.records.client
    assert find(client, visit, seen=None) == CallNumbers("555-0199", None, None, None)
    practice.cover(patient, None)
    assert find(client, visit, seen=None) == CallNumbers("555-0199", "Bluestem", "555-0140", "W-1")
    assert find(client, UUID(int=1), seen=None) is None


def test_another_organisation_sees_nothing_of_it(practice: Practice) -> None:
    visit = practice.visit(practice.patient())
    day, other = practice.records.store.front_desk_day, practice.records.other
    assert day.figures(other, DAY, NOON, seen=None).total == 0
    assert day.at_risk(other, DAY, limit=5, seen=None) == AtRisk()
    assert day.numbers(other, visit, seen=None) is None


def test_reads_leave_their_events(practice: Practice) -> None:
    visit = practice.visit(practice.patient())
    day, client = practice.records.store.front_desk_day, practice.records.client
    events = [event(client), event(client), event(client)]
    day.figures(client, DAY, NOON, seen=events[0])
    day.at_risk(client, DAY, limit=5, seen=events[1])
    day.numbers(client, visit, seen=events[2])
    assert {one.id for one in practice.records.events()} == {one.id for one in events}
    assert [one.resource_id for one in practice.records.events() if one.id == events[2].id] == [visit]
