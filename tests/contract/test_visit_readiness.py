"""A visit's readiness follows the records, whatever events come twice or late; an override stands and falls."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from shared.models.audit import AuditAction
from shared.models.caller import Caller
from shared.models.outcome import Outcome
from shared.models.visit import DeskVisit
from shared.repositories.visit_protocols import VisitCase, VisitChange
from shared.services.clock import utc_now
from tests.contract.conftest import Live, Records
from tests.unit.effects_office import EffectsOffice

pytestmark = pytest.mark.parametrize(
    ("live", "records"), [("memory", "memory"), ("firestore", "postgres")], indirect=True
)


@pytest.fixture
def office(live: Live, records: Records) -> EffectsOffice:
    made = EffectsOffice(live.store, records.store, records.client, utc_now)
    made.furnish()
    made.book("VIS-1", 3)
    made.carry()
    return made


def case(office: EffectsOffice) -> VisitCase:
    found = office.records.visits.get(office.client, "VIS-1")
    assert found is not None
    return found


def told(office: EffectsOffice) -> tuple[str, list[str], str]:
    visit = case(office).visit
    return visit.readiness, [one.code for one in visit.readiness_reasons], visit.readiness_source


def check(office: EffectsOffice) -> None:
    office.check(context=office.open("VIS-1", "visit"))


def override(office: EffectsOffice, caller: Caller) -> None:
    def decide(found: VisitCase) -> VisitChange:
        visit: DeskVisit = replace(
            found.visit, readiness="ready", readiness_source="manual", version=found.visit.version + 1
        )
        event = caller.changed("visit", resource_id=visit.id, patient_ref=str(visit.patient_id))
        return VisitChange(visit, event, None)

    office.records.visits.change(office.client, "VIS-1", decide, changed_by=caller.user_id, key=None)


def test_before_a_check_nobody_knows(office: EffectsOffice) -> None:
    assert told(office) == ("pending", [], "machine")


def test_check_without_the_needed_authorization_makes_it_not_ready_and_blocks_nothing(office: EffectsOffice) -> None:
    check(office)
    assert office.carry() is Outcome.DONE
    readiness, reasons, source = told(office)
    assert (readiness, source) == ("not_ready", "machine")
    assert reasons == ["authorization_required"]
    assert case(office).visit.readiness_reasons[0].rule_id == "E09"
    assert case(office).visit.status == "scheduled"  # E21


def test_change_leaves_a_row_of_its_own_axis_with_the_reasons(office: EffectsOffice) -> None:
    check(office)
    office.carry()
    rows = [step for step in case(office).history if step.axis == "readiness"]
    assert [(step.before, step.now, step.reason, step.changed_by) for step in rows] == [
        ("pending", "not_ready", "authorization_required", None)
    ]


def test_approved_authorization_makes_it_ready(office: EffectsOffice) -> None:
    check(office)
    office.carry()
    office.authorize("A-1", "approved", unitsApproved=5)
    office.carry()
    assert told(office) == ("ready", [], "machine")


def test_ended_coverage_makes_it_not_ready_after_the_next_check(office: EffectsOffice) -> None:
    office.need(requires_auth=False)
    check(office)
    office.carry()
    assert told(office)[0] == "ready"
    office.cover(until=office.today)
    office.carry()
    assert told(office) == ("pending", ["coverage_edited"], "machine")
    check(office)
    office.carry()
    assert told(office)[0] == "not_ready"


def test_edited_coverage_hides_no_authorization_that_lacks(office: EffectsOffice) -> None:
    check(office)
    office.carry()
    assert told(office)[0] == "not_ready"
    office.cover(until=office.today + timedelta(days=90))
    office.carry()
    assert told(office) == ("pending", ["coverage_edited", "authorization_required"], "machine")
    office.need(requires_auth=False)
    check(office)
    office.carry()
    assert told(office) == ("ready", [], "machine")


def test_visit_on_another_day_is_another_question(office: EffectsOffice) -> None:
    office.need(requires_auth=False)
    check(office)
    office.carry()
    office.write("visit", visitNumber="VIS-1", visitDate=(office.today + timedelta(days=9)).isoformat())
    office.carry()
    assert told(office) == ("pending", [], "machine")


def test_override_of_what_was_never_checked_falls_when_the_day_changes(office: EffectsOffice) -> None:
    override(office, office.admin)
    office.write("visit", visitNumber="VIS-1", reason="Knee")
    office.carry()
    assert told(office) == ("ready", [], "manual")
    office.write("visit", visitNumber="VIS-1", visitDate=(office.today + timedelta(days=9)).isoformat())
    assert told(office) == ("pending", [], "machine")
    office.carry()
    assert told(office) == ("pending", [], "machine")


def test_same_event_twice_writes_once(office: EffectsOffice) -> None:
    check(office)
    events = tuple(office.told)
    office.carry(*events)
    before = case(office)
    office.carry(*events)
    assert case(office) == before


def test_events_in_any_order_end_the_same(office: EffectsOffice) -> None:
    check(office)
    office.authorize("A-1", "approved", unitsApproved=5)
    events = list(office.told)
    for seed in range(4):
        random.Random(seed).shuffle(events)  # noqa: S311 (an order, no secret)
        for one in events:
            office.carry(one)
        assert told(office) == ("ready", [], "machine")


def test_events_at_once_write_one_change(office: EffectsOffice) -> None:
    check(office)
    events = tuple(office.told)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: office.carry(*events), range(6)))
    assert told(office)[0] == "not_ready"
    assert len([step for step in case(office).history if step.axis == "readiness"]) == 1


def test_override_stands_while_the_reasons_are_the_same(office: EffectsOffice) -> None:
    check(office)
    office.carry()
    override(office, office.admin)
    check(office)
    office.carry()
    assert told(office) == ("ready", ["authorization_required"], "manual")


def test_override_falls_when_the_reasons_change(office: EffectsOffice) -> None:
    check(office)
    office.carry()
    override(office, office.admin)
    office.cover(until=office.today)
    check(office)
    office.carry()
    readiness, reasons, source = told(office)
    assert (readiness, source) == ("not_ready", "machine")
    assert "authorization_required" not in reasons


def test_override_gives_way_to_records_that_say_the_same_by_themselves(office: EffectsOffice) -> None:
    check(office)
    office.carry()
    override(office, office.admin)
    office.authorize("A-1", "approved", unitsApproved=5)
    office.carry()
    assert told(office) == ("ready", [], "machine")
    last = [step for step in case(office).history if step.axis == "readiness"][-1]
    assert (last.before, last.now, last.changed_by) == ("ready", "ready", None)


def test_checked_in_visit_stays_as_it_was(office: EffectsOffice) -> None:
    check(office)
    office.carry()
    office.move("VIS-1", "checked_in")
    office.authorize("A-1", "approved", unitsApproved=5)
    office.carry()
    assert told(office)[0] == "not_ready"


def test_only_changed_reasons_are_noted_too(office: EffectsOffice) -> None:
    check(office)
    office.carry()
    office.authorize("A-1", "submitted", unitsRequested=5)
    office.carry()
    rows = [step for step in case(office).history if step.axis == "readiness"]
    assert (rows[-1].before, rows[-1].now) == ("not_ready", "not_ready")
    assert rows[-1].reason == ", ".join(one.code for one in case(office).visit.readiness_reasons)
    assert rows[-1].reason != rows[0].reason


def test_each_change_leaves_one_audit_event(office: EffectsOffice, records: Records) -> None:
    check(office)
    events = tuple(office.told)
    office.carry(*events)
    office.carry(*events)
    found = [one for one in records.events() if one.action is AuditAction.VISIT_READINESS]
    assert [(one.resource_id, one.user_id) for one in found] == [(case(office).visit.id, None)]
    assert isinstance(found[0].patient_ref, str)
    assert UUID(found[0].patient_ref) == office.patient
