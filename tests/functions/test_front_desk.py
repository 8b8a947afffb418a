"""The front desk over the API: every pair of state and move, the guards, and what is refused and why."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, get_args

import pytest

from shared.domain.visit.states import MOVES, TRANSITIONS, VisitMove, allowed_moves
from shared.models.front_desk import FrontDeskSettings
from shared.models.roles import Role
from shared.models.visit import VisitStatus
from tests.functions.authorization_office import faults, today
from tests.functions.front_desk import WHOLE, Desk
from tests.functions.in_memory import InMemoryProduct

NOT_AUTHORIZED = [{"code": "authorization_missing", "text": "No authorization", "ruleId": "E09"}]
NOT_COVERED = [{"code": "coverage_inactive", "text": "The coverage is inactive", "ruleId": "E02"}]


@pytest.fixture
def desk(product: InMemoryProduct) -> Desk:
    return Desk(product)


def day(days: int) -> str:
    return (today() + timedelta(days=days)).isoformat()


def params_for(move: VisitMove) -> dict[str, Any]:
    """What lets each move pass its guards."""
    given: dict[str, dict[str, Any]] = {
        "complete_check_in": WHOLE,
        "cancel_visit": {"reason": "The patient called"},
        "reschedule_visit": {"visitDate": day(3)},
    }
    return given.get(move, {})


@pytest.mark.parametrize("state", get_args(VisitStatus))
def test_every_move_from_every_state_is_made_or_refused_with_what_is_allowed(desk: Desk, state: VisitStatus) -> None:
    for move in MOVES:
        number = desk.visit(f"V-{move}", state)
        answer = desk.act(move, visitId=number, **params_for(move))
        if state in TRANSITIONS[move].sources:
            assert answer.status == 200, (move, answer.json)
            shown = answer.json["data"]["visit"]
            assert (shown["status"], shown["version"]) == (TRANSITIONS[move].target, 2)
            assert shown["allowed"] == allowed_moves(TRANSITIONS[move].target)
        else:
            told = answer.json
            assert (answer.status, told["code"], told["current"]) == (409, "invalid_transition", state)
            assert told["allowed"] == allowed_moves(state)
            assert desk.row(number)["status"] == state


def test_a_whole_day_of_one_visit_leaves_one_event_a_step_and_offers_the_next(desk: Desk) -> None:
    desk.visit("V1")
    for move in ("confirm_appointment", "mark_arrived", "start_check_in", "complete_check_in", "room_patient",
                 "start_visit", "check_out", "complete_visit"):  # fmt: skip
        before = len(desk.events())
        answer = desk.act(move, visitId="V1", **params_for(move)).json
        offered = {one["action"] for one in answer["guidanceActions"]}
        assert offered == {*answer["data"]["visit"]["allowed"], "undo_last_status"}
        (event,) = desk.events()[before:]
        assert (event.action, event.resource_type, event.mode) == ("quick_action:execute", "visit", "front-desk")
        assert event.metadata["change"] == move
        assert "Vasquez" not in event.model_dump_json()


@pytest.mark.parametrize(
    ("member", "code"),
    [
        ("identifiers", "identity_not_confirmed"),
        ("demographicsReviewed", "demographics_not_reviewed"),
        ("coverageVerified", "coverage_not_verified"),
        ("forms", "forms_missing"),
        ("copay", "copay_open"),
    ],
)
def test_each_guard_alone_keeps_the_check_in_from_being_complete(desk: Desk, member: str, code: str) -> None:
    desk.visit("V1", "arrived")
    given = {name: value for name, value in WHOLE.items() if name != member}
    answer = desk.ask("POST", "/check-in", {"visitId": "V1", **given})
    assert (answer.status, answer.json["code"], answer.json["current"]) == (409, "check_in_incomplete", "arrived")
    (missing,) = answer.json["missing"]
    assert (missing["code"], member in missing["members"]) == (code, True)
    assert missing["text"]
    assert missing["clear"]
    assert set(answer.json["allowed"]) == {*allowed_moves("arrived"), "override_readiness", "record_copay"}
    assert desk.shown("V1")["status"] == "arrived"
    assert desk.shown("V1")["facts"] == []
    assert desk.ask("POST", "/check-in", {"visitId": "V1", **WHOLE}).json["status"] == "checked_in"


@pytest.mark.parametrize(
    ("facts", "codes"),
    [
        ({"identifiers": ["full_name"]}, ["identity_not_confirmed"]),
        ({"identifiers": ["full_name", "full_name"]}, ["identity_not_confirmed"]),
        ({"forms": ["privacy_notice", "consent_to_treat"]}, ["forms_missing"]),
        ({"copay": None, "copayWaived": "Hardship"}, []),
        ({"copay": None, "coverageVerified": False, "selfPayAcknowledged": True}, []),
    ],
)
def test_what_satisfies_a_guard(desk: Desk, facts: dict[str, Any], codes: list[str]) -> None:
    desk.visit("V1", "arrived")
    given = {name: value for name, value in (WHOLE | facts).items() if value is not None}
    answer = desk.ask("POST", "/check-in", {"visitId": "V1", **given})
    assert [one["code"] for one in answer.json.get("missing") or []] == codes
    assert answer.status == (409 if codes else 200)


def test_an_eligible_check_of_the_day_verifies_the_coverage(desk: Desk) -> None:
    desk.visit("V1", "arrived")
    row = {"client_id": desk.organisation.id, "patient_id": desk.row("V1")["patient_id"], "date_of_service": today(),
           "service_type": "98", "verdict": "eligible", "status": "proceed", "reasons": []}  # fmt: skip
    tables = desk.product.records.tables
    given = {"visitId": "V1", **WHOLE, "coverageVerified": False}
    tables.add("eligibility_checks", row | {"verdict": "undetermined"})
    assert desk.ask("POST", "/check-in", given).status == 409
    tables.add("eligibility_checks", row)
    assert desk.ask("POST", "/check-in", given).status == 200


def test_a_visit_that_is_not_ready_needs_an_override_with_a_reason(desk: Desk) -> None:
    desk.visit("V1", "arrived", readiness="not_ready", readiness_reasons=NOT_COVERED)
    answer = desk.ask("POST", "/check-in", {"visitId": "V1", **WHOLE})
    (missing,) = answer.json["missing"]
    assert (missing["code"], missing["needsManager"]) == ("not_ready", False)
    assert [one["code"] for one in missing["reasons"]] == ["coverage_inactive"]
    assert faults(desk.act("override_readiness", visitId="V1"))[0][0] == "params.reason"
    shown = desk.done("override_readiness", visitId="V1", reason="The patient pays")["visit"]
    assert (shown["readiness"], shown["readinessSource"]) == ("ready", "manual")
    (fact,) = shown["facts"]
    assert (fact["kind"], fact["reason"], fact["role"], fact["details"]) == (
        "readiness_override", "The patient pays", "front_desk", ["coverage_inactive"],
    )  # fmt: skip
    last = shown["history"][-1]
    assert (last["axis"], last["before"], last["now"], last["reason"]) == (
        "readiness", "not_ready", "ready", "The patient pays",
    )  # fmt: skip
    assert desk.act("override_readiness", visitId="V1", reason="Again").json["code"] == "already_ready"
    assert desk.ask("POST", "/check-in", {"visitId": "V1", **WHOLE}).status == 200


def test_a_missing_authorization_is_overridden_by_a_manager_only(desk: Desk) -> None:
    desk.visit("V1", "arrived", readiness="not_ready", readiness_reasons=NOT_AUTHORIZED)
    refused = desk.act("override_readiness", visitId="V1", reason="Urgent")
    assert (refused.status, refused.json["code"]) == (403, "needs_manager")
    refused = desk.ask("POST", "/check-in", {"visitId": "V1", **WHOLE, "override": "Urgent"})
    assert (refused.status, refused.json["code"]) == (403, "needs_manager")
    (missing,) = desk.ask("POST", "/check-in", {"visitId": "V1", **WHOLE}).json["missing"]
    assert (missing["code"], missing["needsManager"]) == ("authorization_missing", True)
    manager = Desk(desk.product, Role.MANAGER)
    answer = manager.ask("POST", "/check-in", {"visitId": "V1", **WHOLE, "override": "Urgent"})
    assert (answer.status, answer.json["status"], answer.json["readiness"]) == (200, "checked_in", "ready")


def test_authorization_that_lacked_before_the_coverage_was_edited_is_still_a_managers(desk: Desk) -> None:
    edited = {"code": "coverage_edited", "text": "The coverage was edited since", "ruleId": "E04"}
    desk.visit("V1", "arrived", readiness="pending", readiness_reasons=(edited, *NOT_AUTHORIZED))
    refused = desk.act("override_readiness", visitId="V1", reason="Urgent")
    assert (refused.status, refused.json["code"]) == (403, "needs_manager")


def test_nobody_knows_yet_whether_it_is_ready_is_not_ready(desk: Desk) -> None:
    desk.visit("V1", "arrived", readiness="pending")
    (missing,) = desk.ask("POST", "/check-in", {"visitId": "V1", **WHOLE}).json["missing"]
    assert missing["code"] == "not_known_ready"


def test_undoing_a_check_in_takes_back_what_came_with_it_and_nothing_else(desk: Desk) -> None:
    desk.visit("V1", "arrived", readiness="not_ready", readiness_reasons=NOT_COVERED)
    desk.done("start_check_in", visitId="V1", identifiers=["full_name", "photo_id"])
    desk.done("complete_check_in", visitId="V1", override="He pays", **{**WHOLE, "identifiers": []})
    told = desk.done("undo_last_status", visitId="V1")
    assert (told["undone"], told["takenBack"]["copayCents"]) == ("checked_in", 2500)
    shown = told["visit"]
    assert (shown["status"], shown["readiness"], shown["readinessSource"]) == ("checking_in", "not_ready", "machine")
    assert [one["kind"] for one in shown["facts"]] == ["identity"]
    assert [one["code"] for one in shown["readinessReasons"]] == ["coverage_inactive"]
    again = desk.act("undo_last_status", visitId="V1")
    assert (again.status, again.json["code"]) == (409, "nothing_to_undo")


def test_after_ten_minutes_a_step_stays(desk: Desk) -> None:
    desk.visit("V1", status_since=datetime.now(UTC) - timedelta(hours=1))
    desk.done("mark_arrived", visitId="V1")
    desk.age("V1", 11)
    answer = desk.act("undo_last_status", visitId="V1")
    assert (answer.status, answer.json["code"]) == (409, "undo_too_late")
    assert desk.shown("V1")["undoUntil"] is None
    assert desk.row("V1")["status"] == "arrived"


def test_a_no_show_is_one_only_after_the_grace_of_the_organisation(desk: Desk) -> None:
    desk.product.records.tables.desks[desk.organisation.id] = FrontDeskSettings(grace_minutes=30)
    start = datetime.now(UTC) - timedelta(minutes=20)
    desk.visit("V1", starts_at=start)
    answer = desk.act("mark_no_show", visitId="V1")
    assert (answer.status, answer.json["code"]) == (409, "grace_not_over")
    assert datetime.fromisoformat(answer.json["possibleAt"]) == start + timedelta(minutes=30)
    desk.product.records.tables.desks[desk.organisation.id] = FrontDeskSettings(grace_minutes=15)
    assert desk.done("mark_no_show", visitId="V1")["visit"]["status"] == "no_show"
    assert desk.done("mark_arrived", visitId="V1")["visit"]["minutesLate"] == 20


def test_a_patient_arrives_on_the_day_of_the_visit(desk: Desk) -> None:
    desk.visit("V1", visit_date=today() + timedelta(days=1))
    answer = desk.act("mark_arrived", visitId="V1")
    assert (answer.status, answer.json["code"], answer.json["visitDate"]) == (409, "other_day", day(1))


def test_long_waits_and_late_arrivals_are_seen_on_the_board(desk: Desk) -> None:
    now = datetime.now(UTC)
    desk.visit("V1", "arrived", starts_at=now - timedelta(minutes=30), status_since=now - timedelta(minutes=12))
    desk.visit("V2", starts_at=now - timedelta(minutes=5))
    first, second = desk.ask("GET", "/appointments").json["appointments"]
    assert (first["visitNumber"], first["wait"], first["minutesLate"]) == (
        "V1", {"minutes": 12, "limit": 10, "tooLong": True}, 18,
    )  # fmt: skip
    assert (second["visitNumber"], second["wait"], second["minutesLate"]) == ("V2", None, 5)
    assert desk.done("todays_schedule", status="arrived")["appointments"][0]["visitNumber"] == "V1"


def test_copays_are_cents_and_recorded_once_unless_they_are_additional(desk: Desk) -> None:
    desk.visit("V1", "arrived")
    desk.done("record_copay", visitId="V1", amountCents=1999, method="cash")
    answer = desk.act("record_copay", visitId="V1", amountCents=1999)
    assert (answer.status, answer.json["code"], answer.json["amountCents"]) == (409, "copay_recorded", 1999)
    shown = desk.done("record_copay", visitId="V1", amountCents=1, additional=True)["visit"]
    assert [(one["amountCents"], one["amount"]) for one in shown["facts"]] == [(1999, 19.99), (1, 0.01)]
    desk.visit("V2", "cancelled")
    assert desk.act("record_copay", visitId="V2", amountCents=100).json["code"] == "called_off"


@pytest.mark.parametrize("first", [{"amountCents": 2000}, {"waived": "Hardship"}])
@pytest.mark.parametrize("second", [{"copay": {"amountCents": 2000}}, {"copayWaived": "Hardship"}])
def test_check_in_records_no_second_copay(desk: Desk, first: dict[str, Any], second: dict[str, Any]) -> None:
    desk.visit("V1", "arrived")
    desk.done("record_copay", visitId="V1", **first)
    facts = {name: value for name, value in WHOLE.items() if name != "copay"}
    answer = desk.ask("POST", "/check-in", {"visitId": "V1", **facts, **second})
    assert (answer.status, answer.json["code"]) == (409, "copay_recorded")
    assert len(desk.shown("V1")["facts"]) == 1
    assert desk.ask("POST", "/check-in", {"visitId": "V1", **facts}).json["status"] == "checked_in"


def test_nothing_paid_is_a_waiver_with_a_reason_where_a_copay_is_due(desk: Desk) -> None:
    desk.visit("V1", "arrived")
    none: dict[str, Any] = {"copay": {"amountCents": 0}}
    answers = (
        desk.ask("POST", "/check-in", {"visitId": "V1", **WHOLE, **none}),
        desk.act("start_check_in", visitId="V1", **none),
        desk.act("record_copay", visitId="V1", amountCents=0),
    )
    assert [(one.status, faults(one)) for one in answers] == [
        (422, [(member, "waiver_needed")])
        for member in ("copay.amountCents", "params.copay.amountCents", "params.amountCents")
    ]
    row = {"client_id": desk.organisation.id, "patient_id": desk.row("V1")["patient_id"], "rank": 0,
           "status": "active", "period_start": today(), "period_end": None}  # fmt: skip
    desk.product.records.tables.add("coverages", row | {"copay": Decimal(0)})
    assert desk.ask("POST", "/check-in", {"visitId": "V1", **WHOLE, **none}).status == 200


def test_putting_off_keeps_the_chain_and_the_units(desk: Desk) -> None:
    row = {"auth_number": "A-1", "patient_id": desk.row(desk.visit("V0"))["patient_id"], "status": "approved",
           "units_approved": 2, "client_id": desk.organisation.id}  # fmt: skip
    held = desk.product.records.tables.add("authorizations", row)["id"]
    desk.visit("V1", authorization_id=held, authorization_units=2)

    def reserved() -> int:
        found = desk.product.records.authorizations.get(desk.organisation.id, "A-1")
        assert found is not None
        return found.units_reserved

    assert reserved() == 2
    new = desk.done("reschedule_visit", visitId="V1", visitDate=day(4))["visit"]["rescheduledTo"]["visitNumber"]
    assert (reserved(), desk.row(new)["authorization_id"], desk.row(new)["authorization_units"]) == (2, held, 2)
    assert desk.shown(new)["rescheduledFrom"] == str(desk.row("V1")["id"])
    desk.done("undo_last_status", visitId="V1")
    assert reserved() == 2
    desk.done("cancel_visit", visitId="V1", reason="Ill")
    assert reserved() == 0
    desk.done("undo_last_status", visitId="V1")
    assert reserved() == 2


def test_a_walk_in_is_made_for_the_contexts_patient_or_the_one_named(desk: Desk) -> None:
    assert faults(desk.act("add_walk_in")) == [("contextId", "no_patient")]
    made = desk.done("add_walk_in", patientId="MRN553", providerId="PRV-11", reason="Cut finger")["visit"]
    assert (made["status"], made["walkIn"], made["visitDate"]) == ("arrived", True, day(0))
    assert desk.act("add_walk_in", patientId="MRN-UNKNOWN").status == 404
    answer = desk.act("add_walk_in", patientId="MRN553", providerId="PRV-UNKNOWN")
    assert faults(answer) == [("params.providerId", "unknown_provider")]
    desk.open("MRN553", "Patient ID")
    assert desk.done("add_walk_in")["visit"]["patient"]["mrn"] == "MRN553"
    other = {"client_id": desk.organisation.id, "mrn": "MRN-Y", "first_name": "A", "last_name": "B"}
    desk.product.records.tables.add("patients", other)
    rows = len(desk.product.records.tables.rows["visits"])
    assert faults(desk.act("add_walk_in", patientId="MRN-Y")) == [("params.patientId", "other_patient")]
    assert len(desk.product.records.tables.rows["visits"]) == rows


def test_the_context_says_which_visit_is_meant(desk: Desk) -> None:
    desk.visit("V1")
    desk.open("V1", "Visit ID")
    assert desk.done("mark_arrived")["visit"]["visitNumber"] == "V1"
    desk.open("MRN553", "Patient ID")
    body = {"contextId": desk.context, **WHOLE}
    assert desk.ask("POST", "/check-in", body).json["status"] == "checked_in"
    desk.visit("V2")
    assert faults(desk.act("mark_arrived")) == [("params.visitId", "ambiguous")]
    other = desk.product.records.tables.add(
        "patients", {"client_id": desk.organisation.id, "mrn": "MRN-X", "first_name": "A", "last_name": "B"}
    )
    desk.visit("V3", patient_id=other["id"])
    assert faults(desk.act("mark_arrived", visitId="V3")) == [("params.visitId", "other_patient")]
    desk.open("MRN-X", "Patient ID")
    desk.done("cancel_visit", visitId="V3", reason="Ill")
    assert faults(desk.act("mark_arrived")) == [("params.visitId", "no_visit_today")]


def test_demographics_are_corrected_with_the_version_that_was_read(desk: Desk) -> None:
    desk.open("MRN553", "Patient ID")
    answer = desk.act("update_demographics", version=1, phone="555-0199")
    assert (answer.status, answer.json["data"]["patient"]["data"]["phone"]) == (200, "555-0199")
    assert desk.act("update_demographics", version=1, phone="555-0198").status == 412
    assert faults(desk.act("update_demographics", version=2, phone="not a number")) == [
        ("params.phone", "string_pattern_mismatch")
    ]
    key = {"Idempotency_Key": "correct-once"}
    body = {"action": "update_demographics", "params": {"version": 2, "phone": "555-0197"}, "contextId": desk.context}
    first = desk.ask("POST", "/quick-action", body, **key)
    assert desk.ask("POST", "/quick-action", body, **key).json == first.json
    assert first.json["data"]["patient"]["version"] == 3


def test_a_repetition_is_answered_again_though_the_visit_is_no_longer_on_the_board(desk: Desk) -> None:
    desk.visit("V1")
    desk.open("MRN553", "Patient ID")
    body = {"action": "cancel_visit", "params": {"reason": "Ill"}, "contextId": desk.context}
    first = desk.ask("POST", "/quick-action", body, Idempotency_Key="once")
    again = desk.ask("POST", "/quick-action", body, Idempotency_Key="once")
    assert (first.status, again.status, again.json) == (200, 200, first.json)
    assert faults(desk.ask("POST", "/quick-action", body)) == [("params.visitId", "no_visit_today")]


def test_a_repeated_request_is_answered_again_and_done_once(desk: Desk) -> None:
    desk.visit("V1", "arrived")
    body = {"visitId": "V1", **WHOLE}
    first = desk.ask("POST", "/check-in", body, Idempotency_Key="once")
    again = desk.ask("POST", "/check-in", body, Idempotency_Key="once")
    assert (first.status, again.status, again.json) == (200, 200, first.json)
    other = desk.ask("POST", "/check-in", {**body, "version": 1}, Idempotency_Key="once")
    assert (other.status, other.json["code"]) == (422, "idempotency_mismatch")
    late = desk.ask("POST", "/check-in", body)
    assert (late.status, late.json["code"], late.json["current"]) == (409, "invalid_transition", "checked_in")
