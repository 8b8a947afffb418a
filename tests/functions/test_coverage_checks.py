"""Checking coverages one by one, and recording what a payer said of one, through the real app on in-memory stores."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from infra.local.demo_accounts import LAKESIDE, RIVERSIDE, demo_id
from shared.models.identifiers import uuid7
from tests.functions.authorization_office import PATIENT, Office, faults, today
from tests.functions.in_memory import InMemoryProduct

COVERAGE = demo_id("coverage", RIVERSIDE.key, "MRN553")


@pytest.fixture
def office(product: InMemoryProduct) -> Office:
    at_work = Office(product)
    at_work.open()
    return at_work


def second_coverage(office: Office, **columns: Any) -> UUID:
    """Another coverage of MRN553, of another payer, behind the first one."""
    row = {
        "client_id": RIVERSIDE.id,
        "patient_id": PATIENT,
        "payer_id": demo_id("payer", RIVERSIDE.key, "CAP-02"),
        "plan_name": "Capstone Silver HMO",
        "member_id": "CAP1",
        "rank": 2,
        "period_start": today().replace(year=today().year - 1, day=1),
        "status": "active",
    }
    identity: UUID = office.product.records.tables.add("coverages", row | columns)["id"]
    return identity


def checks(office: Office) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = office.product.records.tables.rows["eligibility_checks"]
    return rows


def phoned(office: Office, outcome: str = "active", coverage: UUID = COVERAGE, **params: Any) -> Any:
    return office.act("record_phone_verification", coverageId=str(coverage), outcome=outcome, **params)


def states(told: Any) -> list[tuple[str, str]]:
    return [(one["coverageId"], one["state"]) for one in told["data"]["coverages"]]


def test_every_coverage_is_checked_and_one_check_is_stored(office: Office) -> None:
    ended = second_coverage(office, period_end=today().replace(day=1).replace(year=today().year - 1))
    unclear = second_coverage(office, rank=3, period_start=None)
    told = office.act("recheck_all_coverages")
    assert states(told) == [(str(COVERAGE), "active"), (str(ended), "inactive"), (str(unclear), "undetermined")]
    assert all(one["reasons"][0]["source"] == f"coverages/{one['coverageId']}" for one in told["data"]["coverages"])
    assert told["data"]["eligible"] is True
    assert {"requiresAuth", "status", "reasons", "checkId"} <= set(told["data"])
    assert [str(row["id"]) for row in checks(office)] == [told["data"]["checkId"]]
    assert told["guidanceActions"]


def test_coverages_are_checked_for_the_day_that_is_asked(office: Office) -> None:
    told = office.act("recheck_all_coverages", dateOfService="2024-06-01")
    assert states(told) == [(str(COVERAGE), "inactive")]
    assert (told["data"]["dateOfService"], told["data"]["eligible"]) == ("2024-06-01", False)


@pytest.mark.parametrize(
    ("action", "params"),
    [
        ("recheck_all_coverages", {}),
        ("record_phone_verification", {"coverageId": str(COVERAGE), "outcome": "active", "reference": "REF-1"}),
    ],
)
def test_one_event_each_and_a_repetition_is_the_same_answer(
    office: Office, action: str, params: dict[str, Any]
) -> None:
    before = len(office.product.events)
    first = office.try_to(action, params, Idempotency_Key="once")
    again = office.try_to(action, params, Idempotency_Key="once")
    assert (first.status, again.json) == (200, first.json)
    assert len(checks(office)) == 1
    made = [one for one in office.product.events[before:] if one.resource_type == "eligibility_check"]
    assert [one.metadata["action"] for one in made] == [action]
    assert "REF-1" not in str(office.product.events)


def test_what_a_payer_says_on_the_telephone_decides(office: Office) -> None:
    office.act("check_eligibility")
    told = phoned(office, "inactive", reference="CALL 88/1", spokeWith="representative")
    assert (told["data"]["eligible"], told["data"]["verdict"]) == (False, "not_eligible")
    assert [one["code"] for one in told["data"]["reasons"]] == ["plan_inactive"]
    assert told["data"]["difference"]["material"] is True
    row = checks(office)[-1]
    assert (row["source"], row["coverage_id"], row["state"]) == ("phone", COVERAGE, "completed")
    assert row["answer"].payer_trace_numbers == ("CALL 88/1",)
    assert row["answer"].messages == ("Spoke with: representative",)
    assert office.context_status() == told["data"]["status"]
    assert office.act("explain_verdict")["data"]["eligible"] is False


def test_a_payer_who_cannot_say_leaves_it_open(office: Office) -> None:
    told = phoned(office, "unknown")
    assert (told["data"]["eligible"], told["data"]["verdict"]) == (None, "undetermined")
    assert states(told) == [(str(COVERAGE), "undetermined")]


def test_a_call_about_an_active_coverage_keeps_what_it_did_not_touch(office: Office) -> None:
    before = office.act("check_eligibility")["data"]
    told = phoned(office, copay=35.5)["data"]
    assert (told["requiresAuth"], told["eligible"]) == (before["requiresAuth"], True)
    figures = before["figures"] | {"copayCents": 3550, "copayRangeCents": [3550, 3550]}
    assert told["figures"] == figures
    lines = checks(office)[-1]["answer"].benefits
    assert [line.amount for line in lines if line.code == "B"] == [Decimal("35.5")]


def test_a_call_about_one_coverage_says_nothing_of_another(office: Office) -> None:
    second = second_coverage(office)
    told = phoned(office, "inactive")
    assert states(told) == [(str(COVERAGE), "inactive"), (str(second), "active")]
    assert (told["data"]["coverageId"], told["data"]["eligible"]) == (str(second), True)
    assert checks(office)[-1]["coverage_id"] == COVERAGE
    assert office.act("compare_last_check")["data"]["difference"]["material"] is False


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"outcome": "active"}, "params.coverageId"),
        ({"coverageId": "first", "outcome": "active"}, "params.coverageId"),
        ({"coverageId": str(uuid7()), "outcome": "active"}, "params.coverageId"),
        ({"coverageId": str(demo_id("coverage", LAKESIDE.key, "MRN553")), "outcome": "active"}, "params.coverageId"),
        ({"coverageId": str(demo_id("coverage", RIVERSIDE.key, "MRN554")), "outcome": "active"}, "params.coverageId"),
        ({"coverageId": str(COVERAGE)}, "params.outcome"),
        ({"coverageId": str(COVERAGE), "outcome": "maybe"}, "params.outcome"),
        ({"coverageId": str(COVERAGE), "outcome": "active", "copay": -1}, "params.copay"),
        ({"coverageId": str(COVERAGE), "outcome": "inactive", "copay": 5}, "params"),
        ({"coverageId": str(COVERAGE), "outcome": "active", "reference": "x" * 101}, "params.reference"),
        ({"coverageId": str(COVERAGE), "outcome": "active", "spokeWith": "Jane Doe"}, "params.spokeWith"),
        ({"coverageId": str(COVERAGE), "outcome": "active", "dateOfService": "soon"}, "params.dateOfService"),
    ],
)
def test_a_call_that_cannot_be_recorded_is_refused(office: Office, params: dict[str, Any], field: str) -> None:
    answer = office.try_to("record_phone_verification", params)
    assert (answer.status, [one for one, _ in faults(answer)]) == (422, [field])
    assert checks(office) == []


@pytest.mark.parametrize("action", ["recheck_all_coverages", "record_phone_verification"])
@pytest.mark.parametrize("role", ["biller", "auditor"])
def test_others_do_not_check(office: Office, role: str, action: str) -> None:
    office.role = role
    assert office.try_to(action, {"coverageId": str(COVERAGE), "outcome": "active"}).status == 403
    assert checks(office) == []


def test_who_pays_first_is_told_with_what_speaks_against_it(office: Office) -> None:
    alone = office.act("verify_cob")["data"]
    assert (alone["activeCoverageIds"], alone["coordination"]) == ([str(COVERAGE)], [])
    second = second_coverage(office)
    told = office.act("verify_cob")
    assert told["data"]["activeCoverageIds"] == [str(COVERAGE), str(second)]
    assert [(one["rank"], one["version"]) for one in told["data"]["coverages"]] == [(1, 1), (2, 1)]
    assert [(one["ruleId"], one["source"]) for one in told["data"]["coordination"]] == [("E18", f"coverages/{second}")]
    assert "verify_cob" in [one["action"] for one in told["guidanceActions"]]
    assert checks(office) == []


def test_a_coverage_ranked_first_that_is_not_active_is_told(office: Office) -> None:
    second = second_coverage(office)
    phoned(office, "inactive")
    told = office.act("verify_cob")["data"]
    assert told["activeCoverageIds"] == [str(second)]
    assert [(one["ruleId"], one["code"]) for one in told["coordination"]] == [("E25", "rank_again")]
    past = office.act("verify_cob", dateOfService="2020-01-01")["data"]
    assert (past["activeCoverageIds"], past["eligible"]) == ([], False)
    assert faults(office.try_to("verify_cob", {"dateOfService": "soon"}))[0][0] == "params.dateOfService"


def test_the_front_desk_does_not_coordinate(office: Office) -> None:
    office.role = "front_desk"
    assert office.try_to("verify_cob").status == 403


def test_coverages_are_ranked_again_as_one_change(office: Office) -> None:
    second, ended = second_coverage(office), second_coverage(office, rank=1, status="terminated")
    before = len(office.product.events)
    order = {"order": [str(second), str(COVERAGE)]}
    first = office.try_to("verify_cob", order, Idempotency_Key="once")
    assert (first.status, first.json["data"]["coverageId"]) == (200, str(second))
    ranks = {one["coverageId"]: (one["rank"], one["version"]) for one in first.json["data"]["coverages"]}
    assert ranks == {str(second): (1, 2), str(COVERAGE): (2, 2), str(ended): (3, 2)}
    assert office.try_to("verify_cob", order, Idempotency_Key="once").json == first.json
    changed = [one for one in office.product.events[before:] if one.resource_type == "coverage"]
    assert [one.metadata["action"] for one in changed] == ["verify_cob"]
    again = office.act("verify_cob", **order)["data"]["coverages"]
    assert {one["coverageId"]: (one["rank"], one["version"]) for one in again} == ranks
    told = office.product.request("GET", f"/api/v1/records/coverage/{second}/history", role="admin").json
    assert told["changes"][0]["fields"] == [{"field": "rank", "before": 2, "now": 1, "hidden": False}]


@pytest.mark.parametrize("order", [[], ["first"], [COVERAGE], [COVERAGE, COVERAGE], [COVERAGE, uuid7()]])
def test_an_order_that_is_not_of_the_active_coverages_is_refused(office: Office, order: list[Any]) -> None:
    second_coverage(office)
    answer = office.try_to("verify_cob", {"order": [str(one) for one in order]})
    assert (answer.status, faults(answer)[0][0][:12]) == (422, "params.order")
    assert [row["version"] for row in office.product.records.tables.rows["coverages"]] == [1] * 4


def test_the_offered_ranking_can_be_run_as_it_is_offered(office: Office) -> None:
    second = second_coverage(office)
    told = phoned(office, "inactive")
    offered = next(one for one in told["guidanceActions"] if one["label"] == "Rank Coverages Again")
    assert offered["params"]["order"] == [str(second)]
    done = office.act(offered["action"], **offered["params"])
    assert [(one["coverageId"], one["rank"]) for one in done["data"]["coverages"]] == [
        (str(second), 1),
        (str(COVERAGE), 2),
    ]
    assert done["data"]["coordination"] == []
