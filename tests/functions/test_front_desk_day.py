"""The front desk around its visits: summary, guidance, what is not ready, calls and hand-offs, in memory."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from infra.local.demo_accounts import RIVERSIDE
from shared.models.roles import Role
from tests.functions.authorization_office import PATIENT, faults, today
from tests.functions.front_desk import Desk
from tests.functions.in_memory import InMemoryProduct

ZONE = ZoneInfo(RIVERSIDE.time_zone)
COVERAGE = {"code": "coverage_inactive", "text": "The coverage has ended", "ruleId": "E02"}
AUTHORIZATION = {"code": "authorization_required", "text": "An authorization is needed", "ruleId": "E09"}
NOT_READY: dict[str, Any] = {"readiness": "not_ready", "readiness_reasons": (COVERAGE,)}


@pytest.fixture
def desk(product: InMemoryProduct) -> Desk:
    at_work = Desk(product)
    # The demo's own visits are of other days; those of today are each test's.
    rows = product.records.tables.rows["visits"]
    rows[:] = [row for row in rows if row["visit_date"] != today()]
    return at_work


def guided(desk: Desk, role: Role = Role.FRONT_DESK) -> dict[str, Any]:
    """The offers by their id, as the guidance component shows them to a role."""
    answer = desk.product.request(
        "GET", f"/api/v1/components/guidance/{desk.context}", role=role, organisation=desk.organisation
    )
    assert answer.status == 200, answer.json
    return {one["id"]: one for one in answer.json["guidanceActions"]}


def why(desk: Desk, action: str, role: Role = Role.FRONT_DESK) -> Any:
    body = {"contextId": desk.context, "action": "why_not", "params": {"action": action}}
    answer = desk.product.request(
        "POST", "/api/v1/components/guidance/execute", role=role, organisation=desk.organisation, json=body
    )
    assert answer.status == 200, answer.json
    return answer.json["data"]


def summary(desk: Desk) -> Any:
    answer = desk.ask("GET", f"/summary?contextId={desk.context}")
    assert answer.status == 200, answer.json
    return answer.json


def in_a_while(minutes: int = 30) -> datetime:
    return datetime.now(UTC) + timedelta(minutes=minutes)


# Summary


def test_summary_counts_the_day_and_names_who_comes_next(desk: Desk) -> None:
    desk.visit("V-1", "arrived", status_since=datetime.now(UTC) - timedelta(minutes=11))
    desk.visit("V-2", "checked_in")
    start = in_a_while()
    desk.visit("V-3", starts_at=start, **NOT_READY)
    desk.visit("V-4", "cancelled")
    desk.open()
    told = summary(desk)
    at = start.astimezone(ZONE).strftime("%H:%M")
    assert told["summary"] == (
        "3 today: 2 arrived, 1 checked in, 1 waiting too long, 1 not ready (coverage inactive)."
        f" Next: Elena Vasquez at {at}."
    )
    assert told["status"] == "proceed"


def test_who_is_late_is_next_and_who_left_has_come(desk: Desk) -> None:
    start = datetime.now(UTC) - timedelta(minutes=7, seconds=20)
    desk.visit("V-1", "left_without_being_seen")
    desk.visit("V-2", starts_at=start)
    desk.visit("V-3", starts_at=in_a_while())
    desk.visit("V-4")
    desk.open()
    at = start.astimezone(ZONE).strftime("%H:%M")
    assert summary(desk)["summary"] == (
        f"4 today: 1 arrived, 0 checked in, 0 waiting too long, 0 not ready. Next: Elena Vasquez at {at} (7 min late)."
    )


def test_each_number_of_the_summary_is_a_fact_with_its_source(desk: Desk) -> None:
    desk.visit("V-1", starts_at=in_a_while(), **NOT_READY)
    desk.open("V-1", "Visit ID")
    told = summary(desk)
    facts = {one["label"]: one for one in told["facts"]}
    assert {one["source"].partition("/")[0].partition(":")[0] for one in told["facts"]} == {"visits", "rule"}
    assert (facts["Visits"]["value"], facts["Not ready"]["value"]) == ("1", "1")
    assert facts["Next"]["source"].startswith("visits/")
    assert facts["Status"]["value"] == "scheduled"
    assert "Visit V-1" in told["summary"]
    assert told["status"] == "pending"
    assert len(told["summary"]) <= 600


def test_summary_of_a_day_without_visits_says_so(desk: Desk) -> None:
    desk.open()
    assert summary(desk)["summary"] == (
        "0 today: 0 arrived, 0 checked in, 0 waiting too long, 0 not ready. Next: nobody is expected any more."
    )


def test_data_to_correct_is_an_error(desk: Desk) -> None:
    mismatch = {"code": "member_mismatch", "text": "Another person", "ruleId": "E08"}
    desk.visit("V-1", readiness="not_ready", readiness_reasons=(mismatch,))
    desk.open("V-1", "Visit ID")
    assert summary(desk)["status"] == "error"


def test_snapshot_holds_its_own_visit_and_nobody_elses(desk: Desk) -> None:
    desk.visit("V-1", **NOT_READY)
    desk.open("V-1", "Visit ID")
    from shared import bootstrap

    context = desk.product.live.contexts.get(RIVERSIDE.id, desk.context)
    handler = bootstrap.mode_service().get_mode_handler("front-desk")
    snapshot = handler.snapshot(RIVERSIDE.id, context, now=datetime.now(ZONE))
    assert snapshot.status == "pending"
    assert snapshot.summary.startswith("Visit V-1 on ")
    assert "Vasquez" not in snapshot.summary
    assert [one.code for one in snapshot.facts] == ["scheduled", "not_ready", "coverage_inactive"]


# Guidance


def test_ready_patient_who_has_arrived_is_checked_in_and_pays(desk: Desk) -> None:
    desk.visit("V-1", "arrived")
    desk.open("V-1", "Visit ID")
    offers = guided(desk)
    assert offers["front-desk.check_in"]["action"] == "start_check_in"
    copay = offers["front-desk.copay"]
    assert copay["label"] == "Collect Copay $25.00"
    assert copay["form"]["properties"]["amountCents"]["default"] == 2500
    assert "front-desk.override" not in offers


def test_copay_that_nobody_knows_is_asked_for_without_an_amount(desk: Desk) -> None:
    for row in desk.product.records.tables.rows["coverages"]:
        row["copay"] = None
    desk.visit("V-1", "arrived")
    desk.open("V-1", "Visit ID")
    copay = guided(desk)["front-desk.copay"]
    assert copay["label"] == "Record Copay"
    assert "default" not in copay["form"]["properties"]["amountCents"]


def test_visit_that_is_not_ready_has_a_button_for_each_reason_and_an_override(desk: Desk) -> None:
    desk.visit("V-1", "arrived", readiness="not_ready", readiness_reasons=(COVERAGE, AUTHORIZATION))
    desk.open("V-1", "Visit ID")
    offers = guided(desk, Role.MANAGER)
    coverage = offers["front-desk.clear.coverage_inactive"]
    assert (coverage["action"], coverage["params"]["whom"]) == ("call_script", "patient")
    authorization = offers["front-desk.clear.authorization_required"]
    assert (authorization["action"], authorization["params"]["to"]) == ("handoff", "eligibility")
    assert authorization["reason"]["ruleId"] == "E09"
    assert "disabledReason" not in offers["front-desk.override"]


def test_missing_authorization_is_overridden_by_a_manager_only(desk: Desk) -> None:
    desk.visit("V-1", "checking_in", readiness="not_ready", readiness_reasons=(AUTHORIZATION,))
    desk.open("V-1", "Visit ID")
    offers = guided(desk)
    assert "A manager overrides it" in offers["front-desk.override"]["disabledReason"]
    assert "A manager overrides it" in offers["front-desk.complete"]["disabledReason"]
    assert why(desk, "override_readiness")["reason"]["code"] == "guard_fails"
    assert why(desk, "override_readiness", Role.MANAGER) == {"action": "override_readiness", "available": True}


def test_long_wait_is_brought_before_the_lead(desk: Desk) -> None:
    desk.visit("V-1", "arrived", status_since=datetime.now(UTC) - timedelta(minutes=11))
    desk.open("V-1", "Visit ID")
    first = next(iter(guided(desk).values()))
    assert (first["id"], first["params"]["to"]) == ("front-desk.long_wait", "lead")
    assert "11 minutes" in first["reason"]["text"]


def test_past_its_grace_a_visit_may_be_a_no_show_and_not_before(desk: Desk) -> None:
    desk.visit("V-1", starts_at=datetime.now(UTC) - timedelta(minutes=16))
    desk.visit("V-2", starts_at=datetime.now(UTC) - timedelta(minutes=14))
    desk.open("V-1", "Visit ID")
    assert "front-desk.past_grace" in guided(desk)
    desk.open("V-2", "Visit ID")
    assert "front-desk.past_grace" not in guided(desk)
    assert "grace is over" in why(desk, "mark_no_show")["reason"]["text"]


@pytest.mark.parametrize("over", ["completed", "no_show", "left_without_being_seen"])
def test_patient_is_guided_in_the_visit_that_is_still_to_come(desk: Desk, over: str) -> None:
    desk.visit("V-1", over)
    desk.visit("V-2", "arrived", starts_at=in_a_while())
    desk.open("MRN553", "Patient ID")
    assert guided(desk)["front-desk.check_in"]["params"]["visitId"] == str(desk.row("V-2")["id"])
    assert "Visit V-2" in summary(desk)["summary"]


def test_patient_who_did_not_come_is_booked_again(desk: Desk) -> None:
    desk.visit("V-1", "no_show")
    desk.open("V-1", "Visit ID")
    offers = guided(desk)
    assert offers["front-desk.rebook"]["params"]["assignedTo"] == "role:front_desk"
    assert not {"front-desk.arrive", "front-desk.check_in"} & set(offers)


def test_missing_forms_are_a_checklist(desk: Desk) -> None:
    desk.visit("V-1", "checking_in")
    desk.open("V-1", "Visit ID")
    offers = guided(desk)
    assert offers["front-desk.forms"]["kind"] == "checklist"
    assert "privacy_notice" in offers["front-desk.forms"]["reason"]["text"]
    asked = offers["front-desk.complete"]["form"]["properties"]
    assert {"identifiers", "demographicsReviewed", "forms", "copay"} - {"copay"} <= set(asked)


def test_visit_of_another_day_cannot_arrive_yet(desk: Desk) -> None:
    desk.visit("V-1", visit_date=today() + timedelta(days=1), starts_at=in_a_while(60 * 24))
    desk.open("V-1", "Visit ID")
    assert "disabledReason" in guided(desk)["front-desk.arrive"]
    assert why(desk, "mark_arrived")["reason"]["code"] == "guard_fails"


def test_each_following_step_is_offered_in_its_state_only(desk: Desk) -> None:
    steps = {
        "checked_in": "room_patient",
        "roomed": "start_visit",
        "with_provider": "check_out",
        "checked_out": "complete_visit",
    }
    for status, action in steps.items():
        desk.visit(f"V-{status}", status)
        desk.open(f"V-{status}", "Visit ID")
        offers = guided(desk)
        assert {one["action"] for one in offers.values()} & set(steps.values()) == {action}


@pytest.mark.parametrize("role", [Role.AUDITOR])
def test_who_only_looks_is_offered_nothing_that_writes(desk: Desk, role: Role) -> None:
    desk.visit("V-1", "arrived", **NOT_READY)
    desk.open("V-1", "Visit ID")
    assert {one["action"] for one in guided(desk, role).values()} <= {
        "view_record", "open_record", "switch_mode", "explain_verdict", "why_not",
    }  # fmt: skip


def test_context_without_a_visit_is_offered_the_day(desk: Desk) -> None:
    desk.open()
    assert {"todays_schedule", "readiness_list"} <= {one["action"] for one in guided(desk).values()}
    assert why(desk, "start_check_in")["reason"]["code"] == "no_visit"


def test_other_modes_are_offered_to_roles_that_work_in_them(desk: Desk) -> None:
    desk.visit("V-1")
    desk.open("V-1", "Visit ID")
    modes = guided(desk)["everywhere.switch_mode"]["form"]["properties"]["mode"]["enum"]
    assert "eligibility" in modes
    assert not {"backend", "front-desk"} & set(modes)
    body = {"contextId": desk.context, "action": "switch_mode", "params": {"mode": "eligibility"}}
    path = "/api/v1/components/guidance/execute"
    answer = desk.product.request("POST", path, role=Role.FRONT_DESK, organisation=desk.organisation, json=body)
    context = answer.json["data"]["context"]
    assert (context["mode"], context["recordId"]) == ("eligibility", "V-1")


# What is not ready


def tomorrow(desk: Desk, number: str, **columns: Any) -> str:
    day = today() + timedelta(days=1)
    starts = datetime.combine(day, datetime.min.time(), ZONE) + timedelta(hours=9)
    return desk.visit(number, visit_date=day, **({"starts_at": starts.astimezone(UTC)} | columns))


def test_tomorrows_visits_that_are_not_ready_are_listed_with_what_clears_them(desk: Desk) -> None:
    tomorrow(desk, "V-1", **NOT_READY)
    tomorrow(desk, "V-2")
    tomorrow(desk, "V-3", readiness="pending")
    desk.visit("V-4", **NOT_READY)
    told = desk.done("readiness_list")
    assert told["date"] == (today() + timedelta(days=1)).isoformat()
    assert {one["visitNumber"] for one in told["visits"]} == {"V-1", "V-3"}
    reasons = {one["visitNumber"]: one["reasons"] for one in told["visits"]}
    assert reasons["V-1"][0]["clear"]["action"] == "call_script"
    assert (reasons["V-3"][0]["code"], reasons["V-3"][0]["clear"]["params"]["to"]) == ("never_checked", "eligibility")


def test_money_at_risk_says_how_it_is_known(desk: Desk) -> None:
    tomorrow(desk, "V-1", **NOT_READY)
    (line,) = desk.done("readiness_list")["visits"]
    newest = max(
        (row for row in desk.product.records.tables.rows["claims"] if row["patient_id"] == PATIENT),
        key=lambda row: (row["service_date"] or date.min, row["id"]),
    )
    amount: Decimal = newest["amount"]
    assert line["atRisk"] == {
        "cents": int(amount * 100), "basis": "claim_history", "source": f"claims/{newest['id']}",
    }  # fmt: skip


def test_nothing_is_invented_where_no_record_says_an_amount(desk: Desk) -> None:
    tomorrow(desk, "V-1", **NOT_READY)
    for table in ("claims", "coverages"):
        desk.product.records.tables.rows[table].clear()
    told = desk.done("readiness_list")
    assert (told["visits"][0]["atRisk"], told["atRiskCents"], told["withoutAmount"]) == (None, 0, 1)


def test_money_at_risk_is_of_the_whole_list_however_much_of_it_is_shown(desk: Desk) -> None:
    for number in ("V-1", "V-2", "V-3"):
        tomorrow(desk, number, **NOT_READY)
    whole, first = desk.done("readiness_list"), desk.done("readiness_list", limit=1)
    assert (len(whole["visits"]), len(first["visits"])) == (3, 1)
    assert first["atRiskCents"] == whole["atRiskCents"] == 3 * first["visits"][0]["atRisk"]["cents"] > 0


def test_another_day_is_listed_when_it_is_named(desk: Desk) -> None:
    desk.visit("V-4", **NOT_READY)
    told = desk.done("readiness_list", date=today().isoformat())
    assert [one["visitNumber"] for one in told["visits"]] == ["V-4"]


@pytest.mark.parametrize(
    ("params", "field"),
    [({"date": "tomorrow"}, "params.date"), ({"limit": 0}, "params.limit"), ({"day": "x"}, "params.day")],
)
def test_list_refuses_what_it_does_not_understand(desk: Desk, params: dict[str, Any], field: str) -> None:
    answer = desk.act("readiness_list", **params)
    assert (answer.status, faults(answer)[0][0]) == (422, field)


def test_role_that_clears_nothing_is_shown_no_actions(desk: Desk) -> None:
    tomorrow(desk, "V-1", **NOT_READY)
    (line,) = desk.done("readiness_list", role=Role.AUDITOR)["visits"]
    assert line["reasons"][0]["clear"] is None


def test_list_is_audited_without_names(desk: Desk) -> None:
    tomorrow(desk, "V-1", **NOT_READY)
    desk.done("readiness_list")
    event = desk.events()[-1]
    assert (event.action, event.resource_type) == ("quick_action:execute", "visit")
    assert "Vasquez" not in event.model_dump_json()


# Calls


def test_call_to_the_patient_asks_for_what_is_missing(desk: Desk) -> None:
    desk.visit("V-1", **NOT_READY)
    desk.open("V-1", "Visit ID")
    told = desk.done("call_script", whom="patient")
    codes = [line["code"] for line in told["lines"]]
    assert codes.index("confirm_identity") < codes.index("ask_coverage")
    assert "tell_copay" in codes
    words = " ".join(line["text"] for line in told["lines"])
    assert not [said for said in ("Vasquez", "1981", "BST553018842") if said in words]


def test_call_to_the_payer_gives_the_member_id_and_no_more(desk: Desk) -> None:
    desk.visit("V-1", readiness="not_ready", readiness_reasons=(AUTHORIZATION,))
    desk.open("V-1", "Visit ID")
    told = desk.done("call_script", whom="payer")
    words = " ".join(line["text"] for line in told["lines"])
    assert "Bluestem Health Plan at 555-0140" in words
    assert "BST553018842" in words
    assert "ask_authorization" in [line["code"] for line in told["lines"]]
    assert "Vasquez" not in words


def test_who_sees_no_numbers_gets_no_script(desk: Desk) -> None:
    desk.visit("V-1")
    desk.open("V-1", "Visit ID")
    assert desk.act("call_script", role=Role.AUDITOR).status == 403


def test_call_about_another_patients_visit_is_refused(desk: Desk) -> None:
    desk.visit("V-1")
    desk.open("MRN554", "Patient ID")
    assert faults(desk.act("call_script", visitId="V-1")) == [("params.visitId", "other_patient")]
    assert faults(desk.act("call_script")) == [("params.visitId", "no_visit_today")]
    assert desk.act("call_script", visitId="V-none").status == 404
