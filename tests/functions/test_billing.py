"""The billers' routes through the real app on in-memory stores."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from shared.domain.claim.states import MOVES, STATUSES, TRANSITIONS, ClaimMove, allowed_moves
from shared.models.claim import ClaimStatus
from shared.models.roles import Role
from tests.functions.authorization_office import day, faults, today
from tests.functions.billing_office import PAYER, BillingOffice
from tests.functions.in_memory import InMemoryProduct

# What these steps need more than the state: tests/functions/test_claim_guards.py.
_GUARDED = {"submit": "scrub_blocked", "forward_secondary": "invalid_transition"}


@pytest.fixture
def office(product: InMemoryProduct) -> BillingOffice:
    return BillingOffice(product, Role.MANAGER)


@pytest.mark.parametrize("status", STATUSES)
def test_every_step_from_every_state_is_made_or_refused_with_what_is_allowed(
    office: BillingOffice, status: ClaimStatus
) -> None:
    for move in MOVES:
        office.claim(f"S-{move}", status)
        answer = office.move(f"S-{move}", move)
        if status in TRANSITIONS[move].sources and move in _GUARDED:
            assert (answer.status, answer.json["code"]) == (409, _GUARDED[move]), move
            assert office.done("GET", f"/claims/S-{move}")["status"] == status
        elif status in TRANSITIONS[move].sources:
            made = answer.json
            target = TRANSITIONS[move].target
            assert (answer.status, made["status"], made["version"]) == (200, target, 2), move
            assert made["allowed"] == allowed_moves(target)
            assert answer.headers["ETag"] == '"2"'
        else:
            refused = answer.json
            assert (answer.status, refused["code"]) == (409, "invalid_transition"), move
            assert (refused["allowed"], refused["current"]) == (allowed_moves(status), status)
            assert office.done("GET", f"/claims/S-{move}")["status"] == status


@pytest.mark.parametrize("move", [move for move in MOVES if TRANSITIONS[move].needs_reason])
def test_a_reason_that_is_missing_is_named(office: BillingOffice, move: ClaimMove) -> None:
    office.claim("R-1", next(iter(TRANSITIONS[move].sources)))
    answer = office.move("R-1", move, reason=None)
    assert (answer.status, faults(answer)) == (422, [("reason", "missing")])


def test_a_claim_is_shown_with_everything(office: BillingOffice) -> None:
    office.claim("C-1", "accepted", service_date=today() - timedelta(days=40))
    codes = [
        {"groupCode": "CO", "carc": "45", "amountCents": 10_000},
        {"groupCode": "CO", "carc": "197", "amountCents": 8_240, "remarks": ["N54"], "line": 1},
    ]
    denied = office.done(
        "POST",
        "/claims/C-1/events",
        {"kind": "deny", "reason": "No authorization", "adjustments": codes, "appealDueOn": day(9), "version": 1},
    )
    assert office.done("GET", "/claims/C-1") == denied
    assert office.done("GET", f"/claims/{denied['id']}") == denied
    assert denied["adjustments"][1] == {
        "code": "CO-197",
        "groupCode": "CO",
        "carc": "197",
        "remarks": ["N54"],
        "amountCents": 8_240,
        "line": 1,
    }
    assert (denied["denialCode"], denied["queue"]) == ("CO-197", "denied")
    assert denied["queues"] == ["denied", "deadline", "authorization_gaps"]
    assert denied["deadlines"][0] == {"kind": "appeal", "on": day(9), "daysLeft": 9}
    assert (denied["balanceCents"], denied["paidStatus"], denied["arStage"]) == (18_240, "unpaid", "insurance")
    assert denied["patient"]["number"] == "MRN553"
    assert denied["allowed"] == allowed_moves("denied")


def test_a_history_is_told_page_by_page_and_replays(office: BillingOffice) -> None:
    office.claim("H-1")
    for kind in ("flag_missing", "supply", "hold", "release"):
        assert office.move("H-1", kind).status == 200
    note = office.done("POST", "/claims/H-1/events", {"kind": "note", "reason": "Called the payer"})
    assert (note["status"], note["version"]) == ("draft", 5)
    told: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = office.done("GET", f"/claims/H-1/events?limit=2{cursor}")
        told += page["events"]
        if page["nextCursor"] is None:
            break
        cursor = f"&cursor={page['nextCursor']}"
    told.reverse()
    assert [one["number"] for one in told] == [1, 2, 3, 4, 5, 6]
    assert [one["kind"] for one in told] == ["recorded", "flag_missing", "supply", "hold", "release", "note"]
    for before, after in pairwise(told):
        assert after["fromStatus"] == before["toStatus"]
    assert told[-1]["toStatus"] == note["status"]
    assert told[3]["reason"] == "Because"


def test_of_two_who_move_one_claim_at_once_one_wins(office: BillingOffice) -> None:
    office.claim("T-1", "submitted")
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda kind: office.move("T-1", kind), ("accept", "reject")))
    assert sorted(answer.status for answer in answers) == [200, 409]
    lost = next(answer.json for answer in answers if answer.status == 409)
    now = office.done("GET", "/claims/T-1")
    assert (lost["current"], lost["allowed"]) == (now["status"], now["allowed"])
    assert now["version"] == 2


def test_a_stale_version_is_answered_with_the_claim_as_it_is(office: BillingOffice) -> None:
    office.claim("V-1", "submitted")
    assert office.move("V-1", "accept", version=1).status == 200
    for answer in (
        office.move("V-1", "pend", version=1),
        office.ask("POST", "/claims/V-1/events", {"kind": "pend"}, If_Match='"1"'),
    ):
        assert (answer.status, answer.json["code"]) == (412, "precondition_failed")
        assert answer.json["current"] == office.done("GET", "/claims/V-1")


def test_a_repeated_request_moves_once(office: BillingOffice) -> None:
    office.claim("K-1", "submitted")
    body = {"kind": "accept"}
    first = office.ask("POST", "/claims/K-1/events", body, Idempotency_Key="key-1")
    again = office.ask("POST", "/claims/K-1/events", body, Idempotency_Key="key-1")
    assert (first.status, again.status) == (200, 200)
    assert first.json == again.json
    assert office.done("GET", "/claims/K-1")["version"] == 2
    other = office.ask("POST", "/claims/K-1/events", {"kind": "pend"}, Idempotency_Key="key-1")
    assert other.status == 422


def test_only_leads_write_off(office: BillingOffice) -> None:
    office.claim("W-1", "denied")
    office.role = Role.BILLER
    assert office.move("W-1", "write_off").status == 403
    office.role = Role.MANAGER
    off = office.move("W-1", "write_off").json
    assert (off["status"], off["writtenOffCents"], off["balanceCents"]) == ("written_off", 18_240, 0)


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({"kind": "dance"}, ("kind", "literal_error")),
        ({"kind": "note"}, ("reason", "missing")),
        ({"kind": "note", "reason": "x", "paidCents": 4}, ("paidCents", "not_of_this_step")),
        ({"kind": "accept", "paidCents": 4}, ("paidCents", "not_of_this_step")),
        ({"kind": "accept", "occurredOn": "2199-01-01"}, ("occurredOn", "in_the_future")),
        ({"kind": "reject", "reason": " "}, ("reason", "string_too_short")),
        (
            {"kind": "deny", "adjustments": [{"groupCode": "XX", "carc": "1", "amountCents": 1}]},
            ("adjustments[0].groupCode", "literal_error"),
        ),
        (
            {"kind": "deny", "adjustments": [{"groupCode": "CO", "carc": "no", "amountCents": 1}]},
            ("adjustments[0].carc", "string_pattern_mismatch"),
        ),
    ],
)
def test_what_cannot_be_is_refused_by_name(office: BillingOffice, body: dict[str, Any], fault: tuple[str, str]) -> None:
    office.claim("B-1", "submitted")
    answer = office.ask("POST", "/claims/B-1/events", body)
    assert (answer.status, faults(answer)) == (422, [fault])


def test_a_record_is_written_one_step_on_and_never_past_a_reason(office: BillingOffice) -> None:
    office.claim("P-1", "draft")

    def write(status: str, version: int) -> Any:
        data = {"claimNumber": "P-1", "status": status}
        body = {"type": "claim", "data": data, "version": version}
        return office.product.request("POST", "/api/v1/records/", role=Role.BILLER, json=body)

    refused = write("paid", 1)
    assert (refused.status, refused.json["code"]) == (409, "invalid_transition")
    assert (refused.json["allowed"], refused.json["current"]) == (allowed_moves("draft"), "draft")
    needs = write("written_off", 1)
    assert (needs.status, faults(needs)) == (422, [("data.status", "needs_reason")])
    assert write("ready", 1).status == 200
    events = office.done("GET", "/claims/P-1/events")["events"]
    assert [(one["kind"], one["fromStatus"], one["toStatus"]) for one in events] == [
        ("recorded", "draft", "ready"),
        ("recorded", None, "draft"),
    ]


def test_queues_tell_claims_and_money_and_list_them(office: BillingOffice) -> None:
    before = {one["queue"]: one for one in office.done("GET", "/work-queue")["queues"]}
    office.claim("Q-1", "denied", denial_code="CO-197", amount=Decimal("50.00"))
    office.claim("Q-2", "denied", denial_code="CO-50", amount=Decimal("70.00"))
    office.claim("Q-3", "pended", pended_since=today() - timedelta(days=31))
    office.claim("Q-4", "pended", pended_since=today() - timedelta(days=29))
    office.claim("Q-5", "draft", filing_due_on=today() - timedelta(days=1))
    office.claim("Q-6", "draft", filing_due_on=today() + timedelta(days=15))
    now = {one["queue"]: one for one in office.done("GET", "/work-queue")["queues"]}
    grown = {name: now[name]["claims"] - before[name]["claims"] for name in now}
    assert grown == {
        "rejected": 0,
        "denied": 2,
        "deadline": 1,
        "underpaid": 0,
        "pended_too_long": 1,
        "authorization_gaps": 0,
    }
    assert now["denied"]["amountCents"] - before["denied"]["amountCents"] == 12_000
    listed = office.done("GET", "/work-queue?queue=denied&reason=CO-197")
    assert [one["claimNumber"] for one in listed["items"]] == ["Q-1"]
    assert listed["queue"] == "denied"
    assert [one["claimNumber"] for one in office.done("GET", "/work-queue?queue=deadline")["items"]] == ["Q-5"]


@pytest.mark.parametrize("path", ["/claims", "/work-queue?queue=denied", "/deadlines", "/deadlines?order=date"])
def test_lists_go_on_page_by_page_and_a_cursor_belongs_to_its_list(office: BillingOffice, path: str) -> None:
    for place in range(7):
        due = today() + timedelta(days=place % 3)
        office.claim(f"L-{place}", "denied", amount=Decimal(100 + place % 4), appeal_due_on=due, service_date=today())
    sep = "&" if "?" in path else "?"
    key = "claims" if path == "/claims" else "items"
    whole = [one["id"] for one in office.done("GET", f"{path}{sep}limit=100")[key]]
    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = office.done("GET", f"{path}{sep}limit=2" + (f"&cursor={cursor}" if cursor else ""))
        found += [one["id"] for one in page[key]]
        cursor = page["nextCursor"]
    assert found == whole
    first = office.done("GET", f"{path}{sep}limit=2")["nextCursor"]
    other = "/work-queue?queue=rejected&" if path == "/claims" else "/claims?"
    answer = office.ask("GET", f"{other}cursor={first}")
    assert (answer.status, faults(answer)) == (422, [("cursor", "invalid_cursor")])


def test_claims_are_filtered(office: BillingOffice) -> None:
    office.claim("F-1", "denied", denial_code="CO-197", service_date=today(), amount=Decimal("10.00"))
    office.claim("F-2", "denied", denial_code="CO-50", service_date=today(), amount=Decimal("20.00"))

    def numbers(query: str) -> set[str]:
        return {one["claimNumber"] for one in office.done("GET", f"/claims?{query}")["claims"]} & {"F-1", "F-2"}

    assert numbers("denialCode=CO-197") == {"F-1"}
    assert numbers("status=denied&mostCents=1000") == {"F-1"}
    assert numbers(f"firstDay={day(0)}&leastCents=1500") == {"F-2"}
    assert numbers(f"lastDay={day(-1)}") == set()
    assert numbers(f"payerId={PAYER}") == numbers("payerId=BST-01") == numbers("patientId=MRN553") == {"F-1", "F-2"}
    assert numbers("patientId=MRN-none") == set()


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        ("/claims?payerId=none", ("payerId", "unknown_payer")),
        ("/claims?providerId=none", ("providerId", "unknown_provider")),
        ("/claims?status=odd", ("status", "literal_error")),
        ("/claims?leastCents=5&mostCents=4", ("mostCents", "below_least")),
        ("/claims?firstDay=2026-02-02&lastDay=2026-02-01", ("lastDay", "before_start")),
        ("/claims?limit=101", ("limit", "less_than_equal")),
        ("/claims?denialCode=197", ("denialCode", "string_pattern_mismatch")),
        ("/work-queue?queue=odd", ("queue", "literal_error")),
        ("/work-queue?queue=rejected&reason=CO-197", ("reason", "not_of_this_queue")),
        ("/work-queue?queue=denied&order=date", ("order", "not_of_this_queue")),
        ("/deadlines?until=soon", ("until", "value_error")),
        ("/aging?asOf=2026-13-01", ("asOf", "value_error")),
    ],
)
def test_a_query_that_cannot_be_is_refused_by_name(office: BillingOffice, path: str, fault: tuple[str, str]) -> None:
    answer = office.ask("GET", path)
    assert (answer.status, faults(answer)[0][0]) == (422, fault[0])
    assert faults(answer)[0][1] == fault[1]


def test_aging_is_a_table_with_every_bucket(office: BillingOffice) -> None:
    before = office.done("GET", "/aging")
    office.claim("A-1", "submitted", service_date=today() - timedelta(days=100), amount=Decimal("10.00"))
    office.claim("A-2", "submitted", amount=Decimal("5.00"))
    now = office.done("GET", "/aging")
    names = ["0-30", "31-60", "61-90", "91-120", "120+", "undated"]
    grown = {
        one["bucket"]: one["amountCents"] - old["amountCents"]
        for one, old in zip(now["total"], before["total"], strict=True)
    }
    assert grown == dict.fromkeys(names, 0) | {"91-120": 1000, "undated": 500}
    assert now["amountCents"] - before["amountCents"] == 1500
    assert all([one["bucket"] for one in row["buckets"]] == names for row in now["rows"])
    later = office.done("GET", f"/aging?asOf={day(30)}")
    assert later["amountCents"] == now["amountCents"]
    assert later["asOf"] == day(30)


def test_the_ledger_sums_up_what_it_lists(office: BillingOffice) -> None:
    office.claim("D-1", "denied", appeal_due_on=today() + timedelta(days=3), corrected_due_on=today())
    office.claim("D-2", "rejected", filing_due_on=today() + timedelta(days=29), amount=Decimal("900.00"))
    office.claim("D-3", "rejected", filing_due_on=today() + timedelta(days=31))
    ledger = office.done("GET", "/deadlines")
    assert [(one["claimNumber"], one["deadlineKind"], one["daysLeft"]) for one in ledger["items"]] == [
        ("D-2", "filing", 29),
        ("D-1", "corrected_claim", 0),
    ]
    assert (ledger["claims"], ledger["amountCents"], ledger["until"]) == (2, 108_240, day(30))
    assert office.done("GET", "/deadlines?kind=filing")["claims"] == 1
    assert office.done("GET", f"/deadlines?until={day(31)}")["claims"] == 3


def test_a_claim_in_context_is_viewed_whole(office: BillingOffice) -> None:
    office.claim("X-1", "ready")
    context = office.done("POST", "/context", {"recordType": "Claim ID", "recordId": "X-1"}, 201)["contextId"]
    body = {"action": "view_record", "params": {}, "contextId": context}
    shown = office.done("POST", "/quick-action", body)
    assert shown["data"]["record"]["claimNumber"] == "X-1"
    assert shown["data"]["record"]["allowed"] == allowed_moves("ready")
