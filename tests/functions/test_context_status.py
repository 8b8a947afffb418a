"""What a quick action and the summary say of one context is the same: proceed, pending or error. In memory."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.functions.authorization_office import day, today
from tests.functions.claim_office import NPI, PROVIDER, BillingOffice
from tests.functions.front_desk import Desk
from tests.functions.in_memory import InMemoryProduct

MISMATCH = {"code": "member_mismatch", "text": "Another person", "ruleId": "E08"}
INACTIVE = {"code": "coverage_inactive", "text": "The coverage has ended", "ruleId": "E02"}
READINESS: list[tuple[dict[str, Any], str]] = [
    ({"readiness": "not_ready", "readiness_reasons": (MISMATCH,)}, "error"),
    ({"readiness": "not_ready", "readiness_reasons": (INACTIVE,)}, "pending"),
    ({"readiness": "ready"}, "proceed"),
]


@pytest.fixture
def desk(product: InMemoryProduct) -> Desk:
    rows = product.records.tables.rows["visits"]
    rows[:] = [row for row in rows if row["visit_date"] != today()]
    return Desk(product)


def told_of(at: Desk | BillingOffice) -> str:
    """The status in the summary of what somebody works on."""
    answer = at.ask("GET", f"/summary?contextId={at.context}")
    assert answer.status == 200, answer.json
    return str(answer.json["status"])


@pytest.mark.parametrize(("columns", "status"), READINESS)
@pytest.mark.parametrize("record", [("V-1", "Visit ID"), ("MRN553", "Patient ID")])
def test_a_move_at_the_desk_tells_what_the_summary_tells(
    desk: Desk, record: tuple[str, str], columns: dict[str, Any], status: str
) -> None:
    desk.visit("V-1", **columns)
    desk.open(*record)
    for action in ("confirm_appointment", "mark_arrived", "start_check_in"):
        assert desk.done(action)["status"] == told_of(desk) == status
    assert desk.done("undo_last_status")["status"] == told_of(desk) == status
    assert desk.done("left_without_being_seen", reason="Had to go")["status"] == told_of(desk) == "proceed"


@pytest.mark.parametrize(("columns", "status"), READINESS)
def test_what_only_looks_at_the_desk_tells_what_the_summary_tells(
    desk: Desk, columns: dict[str, Any], status: str
) -> None:
    desk.visit("V-1", **columns)
    desk.open("V-1", "Visit ID")
    asked: dict[str, dict[str, Any]] = {
        "view_record": {},
        "todays_schedule": {},
        "readiness_list": {},
        "call_script": {"whom": "patient"},
        "handoff": {"to": "lead"},
        "update_demographics": {"phone": "555-0123", "version": 1},
    }
    for action, params in asked.items():
        assert (action, desk.done(action, **params)["status"]) == (action, status)
    assert desk.done("view_record")["record"]["status"] == told_of(desk) == status


def test_the_board_itself_has_nothing_in_its_way(desk: Desk) -> None:
    desk.visit("V-1", **READINESS[0][0])
    desk.open()
    assert desk.done("todays_schedule")["status"] == told_of(desk) == "proceed"


def test_a_write_off_that_was_asked_for_is_somebody_elses_turn(product: InMemoryProduct) -> None:
    office = BillingOffice.at_work(product)
    office.change_row("claims", office.stored()["id"], amount=Decimal(5000))
    asked = office.act("write_off", reason="not_covered")
    assert asked["data"]["writeOff"]["asked"] is True
    assert asked["data"]["status"] == told_of(office) == "pending"


def test_a_step_of_a_claim_tells_what_the_summary_tells(product: InMemoryProduct) -> None:
    office = BillingOffice.at_work(product)

    def act(name: str, **params: Any) -> str:
        told = str(office.act(name, **params)["data"]["status"])
        assert office.act("view_record")["data"]["status"] == told_of(office) == told, name
        return told

    office.change_row("providers", PROVIDER, npi="1234567890")
    assert act("scrub_claim") == "error"
    office.furnish()
    assert act("release_hold") == "proceed"
    assert act("submit_claim") == "pending"
    office.record("reject", reason="A7:187")
    assert act("claim_status_check") == "error"
    assert act("correct_and_resubmit", serviceDate=day(-9)) == "pending"
    office.record("accept")
    assert act("record_denial", code="CO-197") == "error"
    assert act("start_appeal", ground="authorization", reference="FAX-1") == "pending"
    assert act("record_appeal_outcome", outcome="won", paidAmount=310) == "proceed"


def test_a_claim_that_was_put_right_has_nothing_in_its_way(product: InMemoryProduct) -> None:
    office = BillingOffice.at_work(product)
    office.change_row("claims", office.stored()["id"], amount=Decimal(0))
    assert told_of(office) == "error"
    done = office.act("correct_and_resubmit", amount=310, resubmit=False)
    assert done["data"]["status"] == told_of(office) == "proceed"
    assert "submit_claim" in {one["action"] for one in done["guidanceActions"]}


@pytest.mark.parametrize(("npi", "status"), [(NPI, "proceed"), ("1234567890", "error")])
def test_a_corrected_claim_is_scrubbed_before_its_status_is_told(
    product: InMemoryProduct, npi: str, status: str
) -> None:
    office = BillingOffice.at_work(product)
    office.denied("CO-252")
    office.change_row("providers", PROVIDER, npi=npi)
    done = office.act("correct_and_resubmit", amount=300, resubmit=False)
    assert done["data"]["status"] == told_of(office) == status


def test_another_provider_counts_at_once(product: InMemoryProduct) -> None:
    office = BillingOffice.at_work(product)
    office.change_row("providers", PROVIDER, npi="1234567890")
    other = {"client_id": office.organisation.id, "provider_number": "PRV-77", "name": "Dr. Ada Wells", "npi": NPI}
    product.records.tables.add("providers", other)
    done = office.act("correct_and_resubmit", providerId="PRV-77", resubmit=False)
    assert done["data"]["status"] == told_of(office) == "proceed"
