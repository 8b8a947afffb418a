"""VisitRepository: one contract, both implementations, driven as the front desk drives it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from threading import Thread
from time import monotonic
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, text

from shared.errors import (
    InvalidTransitionError,
    MobiusError,
    NotFoundError,
    PreconditionFailedError,
    ValidationFailedError,
)
from shared.models.api.record_writes import RecordWrite
from shared.models.api.visits import AppointmentQuery, WalkInParams
from shared.models.replay import Replayed
from shared.models.roles import Role
from shared.repositories.memory.store import InMemoryRecordStore
from shared.repositories.visit_protocols import BoardFilter, VisitCase, VisitChange
from shared.services.record_writes import RecordWriteService
from tests.contract.conftest import Records
from tests.unit.factories import USER, context, key
from tests.unit.front_office import DAY, NINE, WHOLE, FrontOffice


@pytest.fixture
def office(records: Records) -> FrontOffice:
    return FrontOffice(records.store, records.client, records.add)


def test_the_board_lists_a_day_by_start_and_pages_behind_each_line(office: FrontOffice, records: Records) -> None:
    for n in range(7):
        office.visit(f"V{n}", starts_at=None if n == 3 else NINE + timedelta(minutes=10 * (6 - n) // 2))
    office.visit("OTHER-DAY", visit_date=DAY + timedelta(days=1))
    office.visit("GONE", deleted_at=NINE)
    whole = [line.visit_number for line in office.board()]
    assert (whole[-1], sorted(whole)) == ("V3", [f"V{n}" for n in range(7)])
    for size in (1, 2, 3, 7):
        assert [line.visit_number for line in office.board(limit=size)] == whole
    elsewhere = records.store.visits.board(records.other, BoardFilter(DAY), after=None, limit=9, seen=None)
    assert elsewhere is not None
    assert elsewhere.visits == ()


def test_the_board_filters_by_status_and_provider_and_knows_who_there_is(office: FrontOffice) -> None:
    office.visit("V1", provider_id=office.provider)
    office.visit("V2", "arrived")
    assert [one.visit_number for one in office.board(status="arrived")] == ["V2"]
    for reference in ("PRV-1", str(office.provider)):
        (line,) = office.board(provider_id=reference)
        assert (line.visit_number, line.provider_name, line.patient.mrn) == ("V1", "Amara Okonkwo", "MRN1")
    assert office.board(provider_id="PRV-1", status="arrived") == []
    unknown = office.store.visits.board(
        office.client, BoardFilter(DAY, provider="PRV-9"), after=None, limit=9, seen=None
    )
    assert unknown is None


def test_a_visit_is_found_by_number_and_uuid_in_its_organisation_only(office: FrontOffice, records: Records) -> None:
    identity = office.visit("V1")
    assert office.shown("V1").id == office.shown(identity).id == str(identity)
    assert records.store.visits.get(records.other, str(identity)) is None
    with pytest.raises(NotFoundError):
        office.act("mark_arrived", uuid4())


def test_what_insurances_left_to_the_patient_is_known_with_the_visit(office: FrontOffice, records: Records) -> None:
    identity = office.visit("V1")
    own = {"client_id": office.client, "patient_id": office.patient, "amount": Decimal(100), "status": "paid"}
    records.add("claims", own | {"claim_number": "C-1", "paid_amount": Decimal(70), "patient_amount": Decimal("30.25")})
    records.add("claims", own | {"claim_number": "C-2", "paid_amount": Decimal(98), "patient_amount": Decimal(2)})
    records.add("claims", own | {"claim_number": "C-3", "status": "denied", "patient_amount": Decimal(50)})
    records.add("claims", own | {"claim_number": "C-4", "patient_amount": Decimal(9), "deleted_at": NINE})
    case = office.store.visits.get(office.client, str(identity))
    assert case is not None
    assert case.owed == Decimal("32.25")


def test_a_move_leaves_history_event_version_and_record_history(office: FrontOffice, records: Records) -> None:
    identity = office.visit("V1")
    before = len(records.events())
    office.act("mark_arrived", "V1", reason="By taxi")
    shown = office.shown("V1")
    last = [step for step in shown.history if step.axis == "status"][-1]
    assert (last.before, last.now, last.reason, last.changed_by) == ("scheduled", "arrived", "By taxi", str(USER))
    assert (last.changed_at, shown.since, shown.arrived_at, shown.version) == (office.now, office.now, office.now, 2)
    (event,) = [one for one in records.events()[before:] if one.metadata.get("change") == "mark_arrived"]
    assert (event.resource_id, event.patient_ref) == (identity, str(office.patient))
    assert event.metadata == {"change": "mark_arrived", "from": "scheduled", "to": "arrived", "version": 2}
    found = records.store.record_writes.history(records.client, "visit", "V1", seen=None)
    assert found is not None
    assert (found[1][0].version, found[1][0].changes) == (2, {"status": ("scheduled", "arrived")})


def test_a_refused_move_leaves_nothing(office: FrontOffice, records: Records) -> None:
    office.visit("V1")
    before = office.shown("V1")
    events = len(records.events())
    with pytest.raises(InvalidTransitionError):
        office.act("check_out", "V1")
    assert office.shown("V1") == before
    assert len(records.events()) == events


def test_a_stale_version_is_refused_with_the_visit_as_it_is(office: FrontOffice) -> None:
    office.visit("V1")
    office.act("confirm_appointment", "V1", version=1)
    with pytest.raises(PreconditionFailedError) as refused:
        office.act("mark_arrived", "V1", version=1)
    assert refused.value.extra["current"]["status"] == "confirmed"


def test_a_repetition_gets_the_answer_again_and_moves_nothing(office: FrontOffice) -> None:
    office.visit("V1")
    asked = key()
    office.act("mark_arrived", "V1", key=asked)
    with pytest.raises(Replayed) as again:
        office.act("mark_arrived", "V1", key=asked)
    assert '"arrived"' in again.value.body
    assert len([step for step in office.shown("V1").history if step.axis == "status"]) == 2


def test_undoing_gives_back_status_time_and_arrival_by_a_new_entry(office: FrontOffice) -> None:
    office.visit("V1", "confirmed")
    office.act("mark_arrived", "V1")
    arrived = office.shown("V1")
    office.later(minutes=3)
    office.act("start_check_in", "V1")
    office.later(minutes=2)
    office.act("undo_last_status", "V1")
    back = office.shown("V1")
    assert (back.status, back.since, back.arrived_at) == ("arrived", arrived.since, arrived.arrived_at)
    assert [step.now for step in back.history if step.axis == "status"] == [
        "confirmed", "arrived", "checking_in", "arrived",
    ]  # fmt: skip
    assert back.history[-1].undoes == back.history[-2].id


def test_facts_are_kept_with_their_step_and_leave_with_it(office: FrontOffice) -> None:
    office.visit("V1", "arrived")
    office.act("record_copay", "V1", amountCents=1050, method="cash")
    office.act("start_check_in", "V1", identifiers=["photo_id", "full_name"])
    office.act("complete_check_in", "V1", **{name: value for name, value in WHOLE.items() if name != "copay"})
    kinds = sorted(fact.kind for fact in office.shown("V1").facts)
    assert kinds == ["copay", "coverage", "demographics", "form", "identity", "identity"]
    (copay,) = [fact for fact in office.shown("V1").facts if fact.kind == "copay"]
    assert (copay.amount_cents, copay.amount, copay.details, copay.role) == (1050, 10.5, ("cash",), "front_desk")
    told = office.act("undo_last_status", "V1")
    assert sorted(told["takenBack"]["facts"]) == ["coverage", "demographics", "form", "identity"]
    assert sorted(fact.kind for fact in office.shown("V1").facts) == ["copay", "identity"]


def test_putting_off_makes_a_visit_and_undoing_takes_it_away_again(office: FrontOffice, records: Records) -> None:
    identity = office.visit("V1", provider_id=office.provider, reason="Knee")
    later = DAY + timedelta(days=3)
    told = office.act("reschedule_visit", "V1", visitDate=later.isoformat())
    successor = told["visit"]["rescheduledTo"]
    new = office.shown(successor["visitNumber"])
    assert (new.visit_date, new.status, new.reason, new.provider_id) == (
        later,
        "scheduled",
        "Knee",
        str(office.provider),
    )
    assert new.rescheduled_from == str(identity)
    assert new.history[0].changed_by == str(USER)
    assert office.shown("V1").rescheduled_to is not None
    assert office.act("undo_last_status", "V1")["takenBack"]["visitId"] == new.id
    beside = [{"made", "unmade"} & one.metadata.keys() for one in records.events() if one.resource_id == identity]
    assert [names for names in beside if names] == [{"made"}, {"unmade"}]
    told_of = [one.metadata.get("made") or one.metadata.get("unmade") for one in records.events()]
    assert told_of.count(new.id) == 2
    back = office.shown("V1")
    assert (back.status, back.rescheduled_to) == ("scheduled", None)
    with pytest.raises(NotFoundError):
        office.shown(new.id)
    assert office.board(date=later) == []


def test_putting_off_does_not_forget_that_an_authorization_lacks(office: FrontOffice) -> None:
    lacks = {"code": "authorization_required", "text": "An authorization is needed", "ruleId": "E09"}
    ended = {"code": "coverage_inactive", "text": "The coverage has ended", "ruleId": "E06"}
    office.visit("V1", readiness="not_ready", readiness_reasons=[ended, lacks])
    told = office.act("reschedule_visit", "V1", visitDate=(DAY + timedelta(days=3)).isoformat())
    new = office.shown(told["visit"]["rescheduledTo"]["id"])
    assert (new.readiness, [one.code for one in new.readiness_reasons]) == ("pending", ["authorization_required"])
    assert office.refused("override_readiness", new.id, reason="Urgent").code == "needs_manager"


def test_a_visit_that_took_anothers_place_and_was_worked_on_stays(office: FrontOffice) -> None:
    office.visit("V1")
    told = office.act("reschedule_visit", "V1", visitDate=(DAY + timedelta(days=3)).isoformat())
    office.act("confirm_appointment", told["visit"]["rescheduledTo"]["id"])
    refused = office.refused("undo_last_status", "V1")
    assert refused.code == "successor_in_use"
    assert office.status("V1") == "rescheduled"


def test_a_visit_that_took_anothers_place_is_not_taken_away_from_who_is_moving_it(
    office: FrontOffice, records: Records, request: pytest.FixtureRequest
) -> None:
    office.visit("V1")
    told = office.act("reschedule_visit", "V1", visitDate=(DAY + timedelta(days=3)).isoformat())
    identity = told["visit"]["rescheduledTo"]["id"]
    admin = None if isinstance(records.store, InMemoryRecordStore) else request.getfixturevalue("postgres_engines")[1]
    refusals: list[MobiusError] = []
    undoing = Thread(target=lambda: refusals.append(office.refused("undo_last_status", "V1")))

    def decide(case: VisitCase) -> VisitChange:
        undoing.start()
        if admin is not None:
            until_it_waits(admin)
        visit = replace(case.visit, status="confirmed", version=case.visit.version + 1)
        return VisitChange(visit, office.caller().changed("visit", resource_id=visit.id), None)

    records.store.visits.change(records.client, identity, decide, changed_by=USER, key=None)
    undoing.join(timeout=10)
    assert [one.code for one in refusals] == ["successor_in_use"]
    assert (office.status("V1"), office.status(identity)) == ("rescheduled", "confirmed")


def until_it_waits(admin: Engine) -> None:
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    deadline = monotonic() + 10
    while monotonic() < deadline:
        with admin.connect() as connection:
            if connection.execute(waiting).scalar_one():
                return
    raise AssertionError("Nobody waits for the visit")


def test_a_change_of_the_record_leaves_an_entry_too(office: FrontOffice, records: Records) -> None:
    office.visit("V1")
    writes = RecordWriteService(lambda: records.store, office.log)
    data: dict[str, Any] = {"visitNumber": "V1", "status": "confirmed"}
    writes.write(office.caller(role=Role.MANAGER), RecordWrite(type="visit", data=data, version=1))
    shown = office.shown("V1")
    last = [step for step in shown.history if step.axis == "status"][-1]
    assert (last.before, last.now, last.changed_by) == ("scheduled", "confirmed", str(USER))
    assert shown.since == last.changed_at
    with pytest.raises(InvalidTransitionError):
        writes.write(
            office.caller(role=Role.MANAGER),
            RecordWrite(type="visit", data=data | {"status": "checked_in"}, version=2),
        )
    for refused, fault in (
        (data | {"status": "cancelled"}, ("data.status", "needs_reason")),
        ({"visitNumber": "V2", "patientId": "MRN1", "visitDate": DAY.isoformat(), "readiness": "ready"},
         ("data.readiness", "not_pending")),
    ):  # fmt: skip
        with pytest.raises(ValidationFailedError) as told:
            writes.write(
                office.caller(role=Role.MANAGER),
                RecordWrite(type="visit", data=refused, version=2 if "status" in refused else None),
            )
        assert [(one.field, one.code) for one in told.value.errors] == [fault]
    assert (office.status("V1"), len(office.board())) == ("confirmed", 1)


def walked_in(office: FrontOffice) -> Any:
    """The data that a walk-in of MRN1 is answered with."""
    asked = WalkInParams(patient_id="MRN1", provider_id="PRV-1", reason="Cut finger")
    return office.actions.add_walk_in(office.caller(), context(patient_uuid=None), asked).data


def test_a_walk_in_is_answered_as_it_is_shown_afterwards(office: FrontOffice) -> None:
    payer = office.add("payers", {"client_id": office.client, "payer_number": "P-1", "name": "Bluestem"})
    own = {"client_id": office.client, "patient_id": office.patient}
    held = {"payer_id": payer, "period_start": DAY - timedelta(days=9), "copay": Decimal("25.00")}
    coverage = office.add("coverages", own | held)
    told: dict[str, Any] = {"verdict": "eligible", "status": "proceed", "reasons": [], "receipt": {}}
    asked = own | {"coverage_id": coverage, "service_type": "98", "date_of_service": DAY, "checked_by": USER}
    office.add("eligibility_checks", asked | told)
    visit = walked_in(office)["visit"]
    assert visit == office.shown(visit["id"]).model_dump(mode="json", by_alias=True)
    assert visit["copayDueCents"] == 2500
    assert "coverage_not_verified" not in {one["code"] for one in visit["missing"]}


def test_a_walk_in_without_insurance_is_answered_as_it_is_shown_afterwards(office: FrontOffice) -> None:
    visit = walked_in(office)["visit"]
    assert visit == office.shown(visit["id"]).model_dump(mode="json", by_alias=True)
    assert visit["copayDueCents"] is None


def test_a_walk_in_is_on_todays_board_and_has_arrived(office: FrontOffice) -> None:
    walked_in(office)
    (line,) = office.board()
    assert (line.status, line.walk_in, line.provider_name, line.minutes_late) == ("arrived", True, "Amara Okonkwo", 0)
    steps = office.shown(line.id).history
    assert [(step.before, step.now, step.changed_by) for step in steps] == [
        (None, "scheduled", str(USER)), ("scheduled", "arrived", str(USER)),
    ]  # fmt: skip


def test_reading_the_board_and_a_visit_is_recorded(office: FrontOffice, records: Records) -> None:
    identity = office.visit("V1")
    office.service.board(office.caller(), AppointmentQuery(date=DAY))
    office.service.get(office.caller(), "V1")
    seen = [(one.resource_type, one.resource_id) for one in records.events()]
    assert seen == [("visit_list", None), ("visit", identity)]


def test_today_is_found_for_a_patient_without_what_was_called_off(office: FrontOffice) -> None:
    first, second = office.visit("V1"), office.visit("V2", starts_at=NINE + timedelta(hours=1))
    office.visit("V3", "cancelled")
    office.visit("V4", visit_date=DAY + timedelta(days=1))
    found: list[UUID] = list(office.service.of_patient_today(office.caller(), office.patient))
    assert found == [first, second]
