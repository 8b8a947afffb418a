"""What the backend mode says of claims, and to whom, through the real app on in-memory stores."""

from __future__ import annotations

from decimal import Decimal

import pytest

from infra.local.demo_accounts import LAKESIDE
from shared.models.roles import Role
from tests.functions.claim_office import BillingOffice
from tests.functions.in_memory import InMemoryProduct


@pytest.fixture
def office(product: InMemoryProduct) -> BillingOffice:
    return BillingOffice.at_work(product)


def test_queues_deadlines_aging_and_root_causes_are_told_with_their_money(office: BillingOffice) -> None:
    office.denied("CO-27")
    office.claim("CLM-2", amount=Decimal("50.00"))
    office.denied("CO-197", "CLM-2")
    queues = office.act("work_queue", queue="denied")["data"]
    mine = [one["claimNumber"] for one in queues["items"]]
    assert mine[:1] == ["CLM-1"]
    assert {"CLM-1", "CLM-2"} <= set(mine)
    due = office.act("deadline_list", days=3650)["data"]
    assert {"CLM-1", "CLM-2"} <= {one["claimNumber"] for one in due["items"]}
    assert office.act("aging_report")["data"]["amountCents"] > 36_000
    causes = {one["step"]: one for one in office.act("denial_root_cause")["data"]["steps"]}
    assert causes["eligibility_check"]["amountCents"] == 31_000
    assert causes["eligibility_check"]["role"] == "eligibility_specialist"
    assert causes["eligibility_check"]["payers"][0]["payer"] == "Capstone Mutual"
    assert {one["code"] for one in causes["authorization"]["reasons"]} == {"CO-197"}
    only = office.act("denial_root_cause", step="coding")["data"]
    assert only["steps"] == []


def test_only_billers_and_leads_change_claims_and_auditors_look(office: BillingOffice) -> None:
    auditor = office.as_role(Role.AUDITOR)
    assert auditor.try_to("claim_status_check", {"claimId": "CLM-1"}).status == 200
    assert auditor.try_to("submit_claim", {"claimId": "CLM-1"}).status == 403
    for role in (Role.FRONT_DESK, Role.ELIGIBILITY_SPECIALIST):
        assert office.as_role(role).try_to("submit_claim", {"claimId": "CLM-1"}).status == 403


def test_another_organisations_or_patients_claim_is_not_there(office: BillingOffice) -> None:
    for reference in ("CLM-NOBODY", "CLM-91"):  # CLM-91 is MRN553's, and the context is MRN554's claim
        answer = office.try_to("claim_status_check", {"claimId": reference})
        assert (answer.status, answer.json["code"]) == (404, "not_found"), reference


def test_a_neighbours_claim_is_not_there_by_its_uuid_either(office: BillingOffice) -> None:
    neighbour = BillingOffice(office.product, Role.ADMIN, LAKESIDE)
    neighbour.open("MRN553")
    for action in ("claim_status_check", "submit_claim", "write_off"):
        params = {"claimId": str(office.stored()["id"])} | ({"reason": "deceased"} if action == "write_off" else {})
        answer = neighbour.try_to(action, params)
        assert (answer.status, answer.json["code"]) == (404, "not_found"), action
    assert office.stored()["status"] == "draft"


def test_a_context_follows_its_claim(office: BillingOffice) -> None:
    office.denied("CO-197")
    shown = office.done("GET", f"/context?contextId={office.context}")
    assert shown["status"] == "error"
    assert shown["summary"].startswith("Claim CLM-1, 310.00 USD: denied (CO-197, there was no authorization")
    told = office.done("GET", f"/summary?contextId={office.context}")
    assert told["summary"] == shown["summary"]
    assert {one["label"] for one in told["facts"]} >= {"Status", "Reason", "Open", "Deadline"}
    assert all(one["source"] for one in told["facts"])


def test_a_patients_and_the_desks_summary_count_claims(office: BillingOffice) -> None:
    office.denied("CO-27")
    office.open("MRN554")
    told = office.done("GET", f"/summary?contextId={office.context}")["summary"]
    assert told.startswith("2 open claims, 620.00 USD: 0 rejected, 2 denied, 0 pended; nearest deadline ")
    office.open("Morning", "Other")
    desk = office.done("GET", f"/summary?contextId={office.context}")["summary"]
    assert "open claims" in desk
    assert len(desk) <= 600
