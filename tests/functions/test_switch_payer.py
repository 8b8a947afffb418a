"""Letting another payer's coverage take the place of one, through the real app on in-memory stores."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from infra.local.demo_accounts import LAKESIDE, RIVERSIDE, demo_id
from shared.models.identifiers import uuid7
from shared.models.payer_answer import BenefitLine, PayerAnswer, RelatedEntity
from tests.functions.authorization_office import PATIENT, Office, faults, today
from tests.functions.in_memory import Answer, InMemoryProduct

COVERAGE = demo_id("coverage", RIVERSIDE.key, "MRN553")
OTHERS = demo_id("coverage", RIVERSIDE.key, "MRN554")
OTHER_PAYER = demo_id("payer", RIVERSIDE.key, "CAP-02")
START = today() - timedelta(days=1)


@pytest.fixture
def office(product: InMemoryProduct) -> Office:
    at_work = Office(product)
    at_work.open()
    return at_work


def rows(office: Office, table: str = "coverages") -> list[dict[str, Any]]:
    """Rows as they are stored."""
    held: list[dict[str, Any]] = office.product.records.tables.rows[table]
    return held


def row(office: Office, identity: UUID | str) -> dict[str, Any]:
    return next(one for one in rows(office) if str(one["id"]) == str(identity))


def add(office: Office, **columns: Any) -> UUID:
    """Another coverage of MRN553."""
    given = {"client_id": RIVERSIDE.id, "patient_id": PATIENT, "payer_id": OTHER_PAYER, "member_id": "SUN-1"}
    given |= {"rank": 2, "period_start": START - timedelta(days=90), "status": "active"}
    identity: UUID = office.product.records.tables.add("coverages", given | columns)["id"]
    return identity


def asked(**params: Any) -> dict[str, Any]:
    """A switch of MRN553's coverage to the other payer; None leaves a param out."""
    given: dict[str, Any] = {
        "coverageId": str(COVERAGE),
        "version": 1,
        "startDate": START.isoformat(),
        "payerId": "CAP-02",
        "memberId": "SUN-88.1",
        "planName": "Sunrise HMO",
    }
    return {name: value for name, value in (given | params).items() if value is not None}


def switched(office: Office, **params: Any) -> Answer:
    return office.try_to("switch_payer", asked(**params))


def test_the_coverage_ends_and_another_one_begins_in_its_place(office: Office) -> None:
    secondary = add(office, rank=2, payer_id=demo_id("payer", RIVERSIDE.key, "BST-01"), member_id="SECOND")
    before = dict(row(office, secondary))
    told = switched(office).json["data"]
    assert told["replacedCoverageId"] == str(COVERAGE)
    ended, begun = row(office, COVERAGE), row(office, told["replacementCoverageId"])
    assert (ended["period_end"], ended["rank"], ended["version"], ended["status"], ended["deleted_at"]) == (
        START - timedelta(days=1), 1, 2, "active", None,
    )  # fmt: skip
    new = {name: begun[name] for name in ("payer_id", "member_id", "plan_name", "rank", "period_start", "period_end")}
    assert new == {
        "payer_id": OTHER_PAYER,
        "member_id": "SUN-88.1",
        "plan_name": "Sunrise HMO",
        "rank": 1,
        "period_start": START,
        "period_end": None,
    }
    assert (begun["patient_id"], begun["relationship"]) == (PATIENT, ended["relationship"])
    assert row(office, secondary) == before


def test_what_follows_is_a_check_of_the_new_coverage(office: Office) -> None:
    office.act("check_eligibility")
    told = switched(office).json["data"]
    new = told["replacementCoverageId"]
    assert (told["eligible"], told["coverageId"]) == (True, new)
    states = [(one["coverageId"], one["state"], one["version"]) for one in told["coverages"]]
    assert states == [(new, "active", 1), (str(COVERAGE), "inactive", 2)]
    check = rows(office, "eligibility_checks")[-1]
    assert (str(check["id"]), str(check["coverage_id"]), check["source"]) == (told["checkId"], new, "on_file")
    assert told["difference"]["material"] is True
    assert office.context_status() == told["status"]
    assert "switch_payer" not in [one["action"] for one in guidance(office)]
    before = office.act("check_eligibility", dateOfService=(START - timedelta(days=1)).isoformat())["data"]
    assert (before["eligible"], before["coverageId"]) == (True, str(COVERAGE))


def test_the_check_is_for_the_day_that_is_asked(office: Office) -> None:
    on = (START - timedelta(days=1)).isoformat()
    told = switched(office, dateOfService=on).json["data"]
    assert (told["dateOfService"], told["coverageId"]) == (on, str(COVERAGE))


def test_it_is_one_event_and_its_repetition_the_same_answer(office: Office) -> None:
    before = len(office.product.events)
    first = office.try_to("switch_payer", asked(), Idempotency_Key="once")
    again = office.try_to("switch_payer", asked(), Idempotency_Key="once")
    assert (first.status, again.json) == (200, first.json)
    data = first.json["data"]
    made = [one for one in office.product.events[before:] if one.resource_type != "context"]
    assert [(one.resource_type, str(one.resource_id)) for one in made] == [("coverage", data["replacementCoverageId"])]
    assert made[0].metadata == {"action": "switch_payer", "verdict": "eligible", "replaced": str(COVERAGE)}
    assert made[0].patient_ref == str(PATIENT)
    assert "SUN-88" not in str(office.product.events)
    assert len(rows(office, "eligibility_checks")) == 1
    other = office.try_to("switch_payer", asked(memberId="SUN-99"), Idempotency_Key="once")
    assert (other.status, other.json["code"]) == (422, "idempotency_mismatch")


def test_both_remember_it_and_the_new_one_is_found_by_its_member_id(office: Office) -> None:
    new = switched(office).json["data"]["replacementCoverageId"]

    def read(path: str) -> Any:
        return office.product.request("GET", f"/api/v1/records/{path}", role="admin").json

    ended = read(f"coverage/{COVERAGE}/history")["changes"][0]
    last = row(office, COVERAGE)["period_end"].isoformat()
    assert [(one["field"], one["now"]) for one in ended["fields"]] == [("periodEnd", last)]
    begun = {one["field"]: one["now"] for one in read(f"coverage/{new}/history")["changes"][0]["fields"]}
    assert (begun["memberId"], begun["periodStart"]) == ("SUN-88.1", START.isoformat())
    assert [one["id"] for one in read("search?q=SUN-88.1")["results"]] == [new]


def test_a_coverage_on_file_takes_over(office: Office) -> None:
    second = add(office, rank=2)
    told = switched(office, payerId=None, memberId=None, planName=None, replacementCoverageId=str(second)).json
    assert told["data"]["replacementCoverageId"] == told["data"]["coverageId"] == str(second)
    assert (row(office, second)["rank"], row(office, second)["version"]) == (1, 2)
    assert row(office, COVERAGE)["period_end"] == START - timedelta(days=1)
    assert len(rows(office)) == 4
    changes = office.product.request("GET", f"/api/v1/records/coverage/{second}/history", role="admin").json["changes"]
    assert [one["field"] for one in changes[0]["fields"]] == ["rank"]


def test_one_that_is_ranked_before_keeps_its_place(office: Office) -> None:
    row(office, COVERAGE).update(rank=3)
    second = add(office, rank=2)
    switched(office, payerId=None, memberId=None, planName=None, replacementCoverageId=str(second))
    assert (row(office, second)["rank"], row(office, second)["version"]) == (2, 1)


@pytest.mark.parametrize(
    ("params", "field", "code"),
    [
        ({"coverageId": None}, "params.coverageId", "missing"),
        ({"coverageId": str(uuid7())}, "params.coverageId", "unknown_coverage"),
        ({"coverageId": str(OTHERS)}, "params.coverageId", "unknown_coverage"),
        ({"coverageId": str(demo_id("coverage", LAKESIDE.key, "MRN553"))}, "params.coverageId", "unknown_coverage"),
        ({"version": None}, "params.version", "missing"),
        ({"version": 0}, "params.version", "greater_than_equal"),
        ({"startDate": None}, "params.startDate", "missing"),
        ({"startDate": "soon"}, "params.startDate", "value_error"),
        ({"startDate": "2900-01-01"}, "params.startDate", "value_error"),
        ({"startDate": "1999-01-01"}, "params.startDate", "not_after_start"),
        ({"payerId": None}, "params.payerId", "missing"),
        ({"memberId": None}, "params.memberId", "missing"),
        ({"memberId": " "}, "params.memberId", "string_pattern_mismatch"),
        ({"planName": ""}, "params.planName", "string_too_short"),
        ({"payerId": "nobody"}, "params.payerId", "unknown_payer"),
        ({"payerId": "GRN-07"}, "params.payerId", "unknown_payer"),
        ({"payerId": str(demo_id("payer", LAKESIDE.key, "GRN-07"))}, "params.payerId", "unknown_payer"),
        ({"payerId": "BST-01"}, "params.payerId", "same_payer"),
        ({"replacementCoverageId": str(COVERAGE)}, "params.payerId", "not_both"),
        ({"dateOfService": "soon"}, "params.dateOfService", "value_error"),
        ({"rank": 1}, "params.rank", "extra_forbidden"),
    ],
)
def test_what_cannot_be_switched_is_refused(office: Office, params: dict[str, Any], field: str, code: str) -> None:
    refused(office, switched(office, **params), [(field, code)])


def refused(office: Office, answer: Answer, errors: list[tuple[str, str]], status: int = 422) -> None:
    """An answer that names what is wrong; nothing is written."""
    assert (answer.status, faults(answer)) == (status, errors)
    assert {one["version"] for one in rows(office)} == {1}
    assert rows(office, "eligibility_checks") == []


def test_the_first_day_of_the_coverage_is_no_day_to_replace_it_from(office: Office) -> None:
    first = row(office, COVERAGE)["period_start"]
    refused(office, switched(office, startDate=first.isoformat()), [("params.startDate", "not_after_start")])
    done = switched(office, startDate=(first + timedelta(days=1)).isoformat())
    assert (done.status, row(office, COVERAGE)["period_end"]) == (200, first)


def test_a_coverage_that_has_ended_is_not_replaced(office: Office) -> None:
    row(office, COVERAGE).update(period_end=START - timedelta(days=1))
    refused(office, switched(office), [("params.startDate", "coverage_ended")])
    row(office, COVERAGE).update(period_end=START)
    assert switched(office).status == 200


@pytest.mark.parametrize(("status", "code"), [("terminated", "not_in_force"), ("removed", "unknown_coverage")])
def test_a_coverage_that_does_not_count_is_not_replaced(office: Office, status: str, code: str) -> None:
    row(office, COVERAGE).update(status=status)
    refused(office, switched(office), [("params.coverageId", code)])


def test_a_coverage_without_a_start_is_replaced(office: Office) -> None:
    row(office, COVERAGE).update(period_start=None)
    assert switched(office).status == 200
    assert row(office, COVERAGE)["period_end"] == START - timedelta(days=1)


@pytest.mark.parametrize(
    "columns",
    [
        {},
        {"period_end": START},
        {"period_start": START + timedelta(days=30)},
        {"period_start": None},
        {"member_id": "SUN-88.1", "period_start": START, "status": "terminated"},
    ],
)
def test_beside_a_coverage_of_the_payer_none_begins(office: Office, columns: dict[str, Any]) -> None:
    add(office, **columns)
    refused(office, switched(office), [("params.payerId", "overlapping_coverage")])


@pytest.mark.parametrize(
    "columns", [{"period_end": START - timedelta(days=1)}, {"status": "removed"}, {"status": "terminated"}]
)
def test_after_one_that_is_over_another_begins(office: Office, columns: dict[str, Any]) -> None:
    add(office, **columns)
    assert switched(office).status == 200


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        ({"period_start": START + timedelta(days=1)}, "not_in_force"),
        ({"period_end": START - timedelta(days=1)}, "not_in_force"),
        ({"status": "terminated"}, "not_in_force"),
        ({"period_start": None}, "not_in_force"),
        ({"status": "removed"}, "unknown_coverage"),
        ({"payer_id": demo_id("payer", RIVERSIDE.key, "BST-01")}, "same_payer"),
    ],
)
def test_what_is_not_in_force_takes_nothing_over(office: Office, columns: dict[str, Any], code: str) -> None:
    second = add(office, **columns)
    answer = switched(office, payerId=None, memberId=None, planName=None, replacementCoverageId=str(second))
    refused(office, answer, [("params.replacementCoverageId", code)])


@pytest.mark.parametrize("instead", [uuid7(), OTHERS, demo_id("coverage", LAKESIDE.key, "MRN553")])
def test_what_is_not_the_patients_takes_nothing_over(office: Office, instead: UUID) -> None:
    answer = switched(office, payerId=None, memberId=None, planName=None, replacementCoverageId=str(instead))
    refused(office, answer, [("params.replacementCoverageId", "unknown_coverage")])


def test_self_pay_takes_nothing_over(office: Office) -> None:
    payer = next(one for one in rows(office, "payers") if one["id"] == OTHER_PAYER)
    payer.update(kind="self_pay")
    refused(office, switched(office), [("params.payerId", "self_pay")])


def test_of_a_version_that_is_stale_the_present_one_is_told(office: Office) -> None:
    row(office, COVERAGE).update(version=4)
    answer = switched(office, version=3)
    assert (answer.status, answer.json["code"], faults(answer)) == (
        409,
        "stale_coverage",
        [("params.version", "stale")],
    )
    assert answer.json["current"] == {"coverageId": str(COVERAGE), "version": 4}
    assert (row(office, COVERAGE)["version"], len(rows(office))) == (4, 3)


def test_a_second_switch_with_the_same_version_is_refused(office: Office) -> None:
    assert switched(office).status == 200
    again = switched(office, memberId="SUN-99")
    assert (again.status, again.json["code"]) == (409, "stale_coverage")
    after = switched(office, memberId="SUN-99", version=2)
    assert (after.status, faults(after)) == (422, [("params.startDate", "coverage_ended")])


@pytest.mark.parametrize("role", ["front_desk", "biller", "auditor"])
def test_others_do_not_switch(office: Office, role: str) -> None:
    office.role = role
    assert switched(office).status == 403
    assert rows(office, "eligibility_checks") == []


def test_the_params_are_described(office: Office) -> None:
    modes = office.product.request("GET", "/api/v1/modes", role="eligibility_specialist").json["modes"]
    actions = next(one for one in modes if one["mode"] == "eligibility")["quickActions"]
    params = next(one for one in actions if one["action"] == "switch_payer")["params"]
    assert params["required"] == ["coverageId", "version", "startDate"]
    assert params["anyOf"] == [{"required": ["payerId", "memberId"]}, {"required": ["replacementCoverageId"]}]


def test_what_guidance_offers_can_be_run_as_it_is_offered(office: Office) -> None:
    """The plan that pays instead of Medicaid is on file beside it."""
    programs = {"CAP-02": "medicaid_managed", "BST-01": "medicaid"}
    for payer in rows(office, "payers"):
        if payer["payer_number"] in programs:
            payer.update(program=programs[payer["payer_number"]])
    second = add(office)
    offers = guidance(office)
    offered = next(one for one in offers if one["action"] == "switch_payer")
    assert (offered["label"], offered["reason"]["ruleId"], offered.get("form")) == ("Switch Payer", "E17", None)
    body = {"contextId": office.context, "action": offered["action"], "params": offered["params"]}
    done = office.product.request("POST", "/api/v1/components/guidance/execute", role=office.role, json=body)
    assert (done.status, done.json["data"]["coverageId"]) == (200, str(second))
    assert "switch_payer" not in [one["action"] for one in guidance(office)]
    assert row(office, COVERAGE)["period_end"] == max(START - timedelta(days=91), row(office, COVERAGE)["period_start"])


def test_what_an_answer_names_is_offered_with_what_is_known(office: Office) -> None:
    """Medicaid's own answer names a plan that nobody has on file yet; a person adds the payer and the member id."""
    office.act("check_eligibility", dateOfService=START.isoformat())
    named = BenefitLine("MC", "271:EB[2]", ("30",), entities=(RelatedEntity("PR", "SUNRISE COMMUNITY"),))
    told = PayerAnswer("Medicaid", None, None, benefits=(BenefitLine("1", "271:EB[1]", ("30",), None, "MC"), named))
    rows(office, "eligibility_checks")[-1].update(source="clearinghouse", answer=told, service_type="98")
    offered = next(one for one in guidance(office) if one["action"] == "switch_payer")
    assert (offered["kind"], offered["form"]["required"]) == ("form", ["payerId", "memberId", "startDate"])
    assert offered["params"] == {"coverageId": str(COVERAGE), "version": 1, "dateOfService": START.isoformat()}
    added = {"payerId": "CAP-02", "memberId": "SUN-88.1", "startDate": START.isoformat()}
    done = office.try_to("switch_payer", offered["params"] | added)
    assert (done.status, done.json["data"]["eligible"]) == (200, True)
    assert "switch_payer" not in [one["action"] for one in guidance(office)]


def guidance(office: Office) -> list[dict[str, Any]]:
    answer = office.product.request("GET", f"/api/v1/components/guidance/{office.context}", role=office.role)
    offers: list[dict[str, Any]] = answer.json["guidanceActions"]
    return offers


def test_where_nothing_speaks_for_it_it_is_not_offered(office: Office) -> None:
    office.act("check_eligibility")
    assert "switch_payer" not in [one["action"] for one in guidance(office)]
    told = office.try_to("why_not", {"action": "switch_payer"}).json["data"]
    assert (told["allowed"], told["reason"]["ruleId"], told["reason"]["code"]) == (True, "E17", "not_offered")
