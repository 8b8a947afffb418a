"""The backend mode's quick actions through the real app on in-memory stores."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from shared.models.identifiers import uuid7
from shared.models.roles import Role
from tests.functions.authorization_office import day, faults, today
from tests.functions.claim_office import OTHER_PAYER, PATIENT, PAYER, PROVIDER, BillingOffice
from tests.functions.in_memory import InMemoryProduct


@pytest.fixture
def office(product: InMemoryProduct) -> BillingOffice:
    return BillingOffice.at_work(product)


def status(result: dict[str, Any]) -> str:
    return str(result["data"]["claim"]["status"])


def offered(result: dict[str, Any]) -> list[str]:
    return [action["action"] for action in result["guidanceActions"]]


def test_the_whole_life_of_a_claim(office: BillingOffice) -> None:
    office.change_row("providers", PROVIDER, npi="1234567890")
    held = office.act("scrub_claim")
    assert status(held) == "on_hold"
    assert [one["code"] for one in held["data"]["scrub"]["blocks"]] == ["npi_invalid"]
    assert held["data"]["claim"]["holdReason"] == "npi_invalid"
    office.change_row("providers", PROVIDER, npi="1234567893")
    assert status(office.act("release_hold")) == "draft"
    sent = office.act("submit_claim")
    assert (status(sent), sent["data"]["claim"]["submittedDate"]) == ("submitted", day(0))
    rejected = office.record("reject", reason="A7:187")
    assert rejected["status"] == "rejected"
    guidance = office.act("claim_status_check")
    assert offered(guidance)[0] == "correct_and_resubmit"
    again = office.act("correct_and_resubmit", serviceDate=day(-9))
    assert (status(again), again["data"]["corrected"]) == ("submitted", ["service_date"])
    assert office.record("accept")["status"] == "accepted"
    no = office.act("record_denial", code="co 197", remarks=["N54"])
    assert (status(no), no["data"]["claim"]["denialCode"], no["data"]["rootCause"]) == (
        "denied", "CO-197", "authorization",
    )  # fmt: skip
    kinds = {one["kind"]: one["on"] for one in no["data"]["claim"]["deadlines"]}
    assert kinds["appeal"] == day(180)
    appealed = office.act("start_appeal", ground="authorization", reference="FAX-1")
    assert status(appealed) == "appealed"
    assert appealed["data"]["appeal"] == {"level": 1, "name": "first level", "decisionDueOn": day(60)}
    paid = office.act("record_appeal_outcome", outcome="won", paidAmount=310)
    assert (status(paid), paid["data"]["claim"]["paidCents"]) == ("paid", 31_000)
    assert office.record("finalize")["status"] == "finalized"
    events = office.done("GET", "/claims/CLM-1/events?limit=100")["events"]
    assert [one["kind"] for one in reversed(events[:-1]) if one["fromStatus"] != one["toStatus"]] == [
        "hold", "release", "make_ready", "submit", "reject", "redraft", "make_ready", "submit", "accept", "deny",
        "appeal", "pay", "finalize",
    ]  # fmt: skip


def test_what_does_not_pass_is_not_submitted_and_says_why(office: BillingOffice) -> None:
    office.change_row("claims", office.stored()["id"], amount=Decimal(0))
    refused = office.try_to("submit_claim")
    assert (refused.status, refused.json["code"]) == (409, "scrub_blocked")
    assert [one["code"] for one in refused.json["missing"]] == ["amount_not_positive"]
    assert office.stored()["status"] == "draft"


def test_past_its_time_a_claim_needs_proof(office: BillingOffice) -> None:
    office.claim("OLD", days=100)
    refused = office.try_to("submit_claim", {"claimId": "OLD"})
    assert [one["code"] for one in refused.json["missing"]] == ["filing_past"]
    proof = {"kind": "clearinghouse_report", "reference": "R-1", "filedOn": day(1)}
    ahead = office.try_to("submit_claim", {"claimId": "OLD", "proof": proof})
    assert (ahead.status, faults(ahead)) == (422, [("params.proof.filedOn", "in_the_future")])
    early = office.try_to("submit_claim", {"claimId": "OLD", "proof": proof | {"filedOn": day(-101)}})
    assert faults(early) == [("params.proof.filedOn", "before_service")]
    sent = office.act("submit_claim", claimId="OLD", proof=proof | {"filedOn": day(-50)})
    assert status(sent) == "submitted"
    kept = office.done("GET", "/claims/OLD/events")["events"][0]["details"]
    assert kept["proof"] == {"kind": "clearinghouse_report", "reference": "R-1", "filedOn": day(-50)}


def test_a_duplicate_is_found_among_the_patients_claims(office: BillingOffice) -> None:
    office.claim("TWIN")
    found = office.act("scrub_claim", hold=False)
    assert [one["code"] for one in found["data"]["scrub"]["blocks"]] == ["duplicate_claim"]
    assert status(found) == "draft"
    office.change_row("claims", office.stored("TWIN")["id"], status="voided")
    assert office.act("scrub_claim", hold=False)["data"]["scrub"]["passed"] is True


@pytest.mark.parametrize(
    ("action", "params", "fault"),
    [
        ("record_denial", {"code": "CO-999"}, ("params.code", "unknown_code")),
        ("record_denial", {"code": "nonsense"}, ("params.code", "invalid_code")),
        ("record_denial", {"code": "PR-1"}, ("params.code", "not_a_denial")),
        ("record_denial", {"code": "CO-50", "decidedOn": "2999-01-01"}, ("params.decidedOn", "unknown")),
        ("write_off", {"reason": "not_covered", "amount": -1}, ("params.amount", "greater_than")),
        ("write_off", {"reason": "not_covered", "amount": 0}, ("params.amount", "greater_than")),
        ("write_off", {"reason": "not_covered", "amount": 10.005}, ("params.amount", "decimal_max_places")),
        ("write_off", {"reason": "not_covered", "amount": 123456789.5}, ("params.amount", "decimal_whole_digits")),
        ("write_off", {"reason": "because"}, ("params.reason", "literal_error")),
        ("write_off", {}, ("params.reason", "missing")),
        ("write_off", {"reason": "not_covered", "amount": 310.01}, ("params.amount", "more_than_open")),
        ("hold_claim", {"reason": "  "}, ("params.reason", "string_too_short")),
        ("hold_claim", {}, ("params.reason", "missing")),
        ("correct_and_resubmit", {"amount": 0}, ("params.amount", "greater_than")),
        ("correct_and_resubmit", {"payerId": "nobody"}, ("params.payerId", "unknown_payer")),
        ("correct_and_resubmit", {"providerId": "nobody"}, ("params.providerId", "unknown_provider")),
        ("correct_and_resubmit", {"diagnosisCodes": ["12"]}, ("params.diagnosisCodes.0", "string_pattern_mismatch")),
        ("link_authorization", {"authorizationId": "nobody"}, ("params.authorizationId", "unknown_authorization")),
        ("record_appeal_outcome", {"outcome": "won"}, ("params", "value_error")),
        ("record_appeal_outcome", {"outcome": "won", "goOn": True, "paidAmount": 1}, ("params", "value_error")),
        ("start_appeal", {"ground": "anger"}, ("params.ground", "literal_error")),
        ("work_queue", {"queue": "lost"}, ("params.queue", "literal_error")),
        ("deadline_list", {"days": -1}, ("params.days", "greater_than_equal")),
        ("scrub_claim", {"surprise": 1}, ("params.surprise", "extra_forbidden")),
        ("scrub_claim", {"version": 0}, ("params.version", "greater_than_equal")),
    ],
)
def test_bad_params_are_refused_by_name(
    office: BillingOffice, action: str, params: dict[str, Any], fault: tuple[str, str]
) -> None:
    before = dict(office.stored())
    answer = office.try_to(action, params)
    assert answer.status == 422, answer.json
    found = faults(answer)[0]
    assert found[0] == fault[0]
    if fault[1] not in {"unknown", "value_error"}:
        assert found[1] == fault[1]
    assert office.stored() == before


def test_steps_that_a_state_does_not_take_are_refused_with_those_it_takes(office: BillingOffice) -> None:
    for action, params in (
        ("release_hold", {}),
        ("start_appeal", {}),
        ("record_appeal_outcome", {"outcome": "lost"}),
        ("record_denial", {"code": "CO-50"}),
        ("bill_secondary", {}),
    ):
        answer = office.try_to(action, params)
        assert (answer.status, answer.json["code"]) == (409, "invalid_transition"), (action, answer.json)
        assert "make_ready" in answer.json["allowed"]
        assert answer.json["current"] == "draft"


def test_a_stale_version_is_refused_with_the_claim_as_it_is(office: BillingOffice) -> None:
    office.act("hold_claim", reason="Ask the provider", version=1)
    stale = office.try_to("release_hold", {"version": 1})
    assert stale.status == 412
    assert (stale.json["current"]["status"], stale.json["current"]["version"]) == ("on_hold", 2)
    assert office.try_to("release_hold", If_Match='"1"').status == 412
    assert status(office.act("release_hold", version=2)) == "draft"


def test_a_repeated_request_is_answered_alike_and_done_once(office: BillingOffice) -> None:
    first = office.try_to("submit_claim", Idempotency_Key="k1")
    again = office.try_to("submit_claim", Idempotency_Key="k1")
    assert (first.status, again.status) == (200, 200)
    assert again.json == first.json
    assert len([one for one in office.done("GET", "/claims/CLM-1/events")["events"] if one["kind"] == "submit"]) == 1


def test_a_write_off_above_the_limit_is_asked_for_and_a_manager_approves_it(office: BillingOffice) -> None:
    office.denied("CO-27")
    asked = office.act("write_off", reason="not_covered")
    told = asked["data"]["writeOff"]
    assert (status(asked), told["asked"], told["limit"], told["approvers"]) == (
        "denied", True, 100.0, ["manager", "admin"],
    )  # fmt: skip
    assert "write_off" in offered(office.as_role(Role.MANAGER).act("claim_status_check"))
    done = office.as_role(Role.MANAGER).act("write_off", reason="not_covered")
    assert (status(done), done["data"]["claim"]["writtenOffCents"]) == ("written_off", 31_000)
    assert office.stored()["write_off_approved_by"] is not None


def test_a_manager_refuses_and_the_request_is_gone(office: BillingOffice) -> None:
    office.denied("CO-27")
    office.act("write_off", reason="not_covered")
    assert office.try_to("write_off", {"reason": "not_covered", "refuse": True}).status == 403
    manager = office.as_role(Role.MANAGER)
    refused = manager.act("write_off", reason="not_covered", refuse=True, note="Appeal it")
    assert (status(refused), refused["data"]["writeOff"]["refused"]) == ("denied", True)
    gone = manager.try_to("write_off", {"reason": "not_covered", "refuse": True})
    assert (gone.status, gone.json["code"]) == (409, "nothing_asked")


def test_a_limit_is_not_got_round_in_parts_nor_by_the_history(office: BillingOffice) -> None:
    office.denied("CO-27")
    part = office.act("write_off", reason="not_covered", amount=60)
    assert (status(part), part["data"]["claim"]["balanceCents"]) == ("denied", 25_000)
    assert office.act("write_off", reason="not_covered", amount=60)["data"]["writeOff"]["asked"] is True
    assert office.act("write_off", reason="not_covered", amount=40)["data"]["writeOff"]["asked"] is False
    past = office.ask("POST", "/claims/CLM-1/events", {"kind": "write_off", "reason": "not_covered"})
    assert past.status == 403
    record = {"type": "claim", "data": {"claimNumber": "CLM-1", "status": "written_off"}}
    version = office.stored()["version"]
    written = office.product.request("POST", "/api/v1/records/", role=Role.BILLER, json=record | {"version": version})
    assert written.status == 422, written.json
    assert office.stored()["status"] == "denied"


def test_a_correction_counts_at_once_for_provider_payer_and_authorization(office: BillingOffice) -> None:
    office.act("submit_claim")
    office.record("reject", reason="A7:562:85")
    office.change_row("providers", PROVIDER, npi=None)
    blocked = office.try_to("correct_and_resubmit")
    assert [one["code"] for one in blocked.json["missing"]] == ["npi_missing"]
    assert office.stored()["status"] == "rejected"  # nothing of a correction that is not sent is kept
    row = {"client_id": office.organisation.id, "provider_number": "PRV-12", "kind": "person", "name": "B"}
    other = office.product.records.tables.add("providers", row | {"npi": "1234567893"})
    assert status(office.act("correct_and_resubmit", providerId="PRV-12")) == "submitted"
    assert office.stored()["provider_id"] == other["id"]
    office.record("reject", reason="A3:116")
    office.change_row("claims", office.stored()["id"], authorization_id=uuid7())
    coverage = office.second_coverage()
    wrong = office.try_to("correct_and_resubmit", {"payerId": "nobody"})
    assert faults(wrong) == [("params.payerId", "unknown_payer")]
    rules = office.product.records.tables.rows["payer_rules"]
    rules[:] = [one for one in rules if one["payer_id"] != OTHER_PAYER]
    sent = office.act("correct_and_resubmit", payerId="BST-01", resubmit=False)
    assert (status(sent), sent["data"]["corrected"]) == ("draft", ["authorization_id", "payer_id"])
    stored = office.stored()
    assert sent["data"]["claim"]["authorizationId"] is None
    assert (stored["payer_id"], stored["coverage_id"], stored["authorization_id"]) == (OTHER_PAYER, coverage, None)


def test_what_is_with_the_payer_is_not_asked_to_be_given_up(office: BillingOffice) -> None:
    office.act("submit_claim")
    early = office.try_to("write_off", {"reason": "not_covered"})
    assert (early.status, early.json["code"]) == (409, "with_payer")


def test_everything_that_guidance_offers_can_be_run(office: BillingOffice) -> None:
    """Offers that an action would refuse are left out by the component: none of these may be."""

    def offers(role: Role = Role.BILLER) -> dict[str, str | None]:
        path = f"/api/v1/components/guidance/{office.context}"
        found = office.product.request("GET", path, role=role).json["guidanceActions"]
        return {one.get("id", one["action"]): one.get("disabledReason") for one in found}

    assert {"backend.submit": None, "backend.scrub": None}.items() <= offers().items()
    office.change_row("claims", office.stored()["id"], service_date=today() - timedelta(days=85))
    assert offers()["backend.submit_now"] is None
    office.act("submit_claim")
    assert offers()["backend.status"] is None
    office.record("reject", reason="A7:158:QC; A7:187")
    assert {"backend.correct": None, "backend.correct_registration": None}.items() <= offers().items()
    office.act("correct_and_resubmit")
    office.record("accept")
    office.act("record_denial", code="CO-197")
    told = offers()
    assert told["backend.denied.link_authorization"] == "No authorization on file fits the claim"
    assert told["backend.denied.retro_authorization"] is None
    assert told["backend.denied.appeal_authorization"] is None
    assert told["backend.denied.write_off"] is None
    office.act("write_off", reason="no_authorization")
    assert "backend.approve_write_off" in offers(Role.MANAGER)
    assert "backend.approve_write_off" not in offers()
    assert not [one for one in offers(Role.AUDITOR) if one.startswith("backend.denied")]
    why = office.act_anywhere("why_not", action="submit_claim")
    assert why["reason"]["code"] == "not_offered", why


def test_an_authorization_is_linked_only_when_it_fits(office: BillingOffice) -> None:
    row = {
        "client_id": office.organisation.id, "auth_number": "A-1", "patient_id": PATIENT, "payer_id": OTHER_PAYER,
        "service_type": "98", "status": "approved", "period_start": today() - timedelta(days=30),
        "period_end": today() + timedelta(days=30), "units_approved": 3,
    }  # fmt: skip
    held = office.product.records.tables.add("authorizations", row)
    misfit = office.try_to("link_authorization", {"authorizationId": "A-1"})
    assert (misfit.status, misfit.json["code"], misfit.json["faults"]) == (409, "authorization_misfit", ["payer"])
    office.change_row("claims", office.stored()["id"], status="rejected")
    misfit = office.try_to("correct_and_resubmit", {"authorizationId": "A-1"})
    assert (misfit.status, misfit.json["faults"]) == (409, ["payer"])
    held["payer_id"] = PAYER
    kept = office.act("correct_and_resubmit", authorizationId="A-1", resubmit=False)
    assert (status(kept), kept["data"]["corrected"]) == ("draft", ["authorization_id"])
    office.change_row("claims", office.stored()["id"], authorization_id=None)
    linked = office.act("link_authorization", authorizationId="A-1")
    assert linked["data"]["claim"]["authorizationId"] == str(held["id"])
    assert office.act("scrub_claim", hold=False)["data"]["scrub"]["passed"] is True


def test_the_rest_of_a_claim_is_billed_to_the_second_payer(office: BillingOffice) -> None:
    office.act("submit_claim")
    office.record("accept")
    office.record("pay_partially", paidCents=20_000, patientCents=11_000)
    nobody = office.try_to("bill_secondary")
    assert (nobody.status, nobody.json["code"]) == (409, "no_other_coverage")
    coverage = office.second_coverage()
    office.claim("CLM-1-2", status="paid")  # the number that would be next is somebody else's
    done = office.act("bill_secondary")
    assert status(done) == "forwarded_secondary"
    made = done["data"]["secondary"]
    assert office.done("GET", "/claims/CLM-1-3")["secondaryOfId"] == str(office.stored()["id"])
    assert (made["claimNumber"], made["amount"]) == ("CLM-1-3", 110.0)
    second = office.stored("CLM-1-3")
    assert (second["status"], second["coverage_id"], second["payer_id"]) == ("draft", coverage, OTHER_PAYER)
    assert second["filing_due_on"] is not None
    assert office.try_to("bill_secondary").status == 409


def test_a_lost_appeal_goes_on_to_the_next_level_and_ends(office: BillingOffice) -> None:
    office.denied("CO-50")
    late = office.try_to("start_appeal", {"ground": "medical_necessity", "filedOn": day(1)})
    assert faults(late) == [("params.filedOn", "in_the_future")]
    office.act("start_appeal", ground="medical_necessity")
    assert office.try_to("start_appeal", {}).status == 409
    for outcome, paid, code in (
        ("won", 0, "out_of_range"),
        ("won", 310.01, "out_of_range"),
        ("partially_won", 310, "not_partial"),
    ):
        answer = office.try_to("record_appeal_outcome", {"outcome": outcome, "paidAmount": paid})
        assert faults(answer) == [("params.paidAmount", code)], paid
    lost = office.act("record_appeal_outcome", outcome="lost", goOn=True)
    assert (status(lost), lost["data"]["nextLevelDueOn"]) == ("appealed", day(60))
    second = office.act("start_appeal", ground="medical_necessity")
    assert second["data"]["appeal"]["level"] == 2
    over = office.act("record_appeal_outcome", outcome="lost")
    assert status(over) == "denied_final"


def test_a_talk_between_physicians_lets_the_payer_decide_anew(office: BillingOffice) -> None:
    office.denied("CO-50")
    asked = office.act("start_appeal", ground="medical_necessity", kind="peer_to_peer")
    assert (status(asked), asked["data"]["peerToPeer"]) == ("denied", {"usuallyUntil": day(14), "late": False})
    assert status(office.act("record_appeal_outcome", outcome="won", paidAmount=0)) == "accepted"


def test_an_extension_holds_until_the_claim_is_counted_anew(office: BillingOffice) -> None:
    office.change_row("claims", office.stored()["id"], service_date=today() - timedelta(days=200))
    assert office.try_to("submit_claim", {}).json["code"] == "scrub_blocked"
    office.change_row("claims", office.stored()["id"], filing_due_on=today() + timedelta(days=5))
    office.act("submit_claim")
    assert office.stored()["filing_due_on"] == today() + timedelta(days=5)
    office.record("reject", reason="A7:187")
    office.act("correct_and_resubmit", serviceDate=day(-20))
    assert office.stored()["filing_due_on"] == today() + timedelta(days=70)


@pytest.mark.parametrize(("code", "due"), [("CO-197", day(180)), ("CO-50", None)])
def test_a_denial_entered_by_hand_says_until_when_its_authorization_is_asked_for(
    office: BillingOffice, code: str, due: str | None
) -> None:
    office.change_row("claims", office.stored()["id"], authorization_due_on=today())  # of a denial before
    claim = office.denied(code)["data"]["claim"]
    kinds = {one["kind"]: one["on"] for one in claim["deadlines"]}
    assert kinds.get("authorization") == due
    assert str(office.stored()["authorization_due_on"]) == str(due)
    assert bool(office.stored()["requires_authorization"]) == (due is not None)


def test_a_rest_never_goes_back_to_a_payer_before_and_its_first_claim_is_no_duplicate_of_it(
    office: BillingOffice,
) -> None:
    second = office.second_coverage()
    office.denied("CO-50")
    office.act("bill_secondary")
    office.change_row("claims", office.stored("CLM-1-2")["id"], status="denied", adjudicated_on=today())
    back = office.try_to("bill_secondary", {"claimId": "CLM-1-2"})
    assert (back.status, back.json["code"]) == (409, "no_other_coverage")
    payer = {"client_id": office.organisation.id, "payer_number": "THD-03", "name": "Third Mutual"}
    third = {"payer_id": office.product.records.tables.add("payers", payer)["id"], "member_id": "T-1", "rank": 3}
    row = next(one for one in office.product.records.tables.rows["coverages"] if one["id"] == second)
    kept = {name: row[name] for name in ("client_id", "patient_id", "period_start")}
    office.product.records.tables.add("coverages", kept | third)
    made = office.act("bill_secondary", claimId="CLM-1-2")["data"]["secondary"]
    assert office.stored(made["claimNumber"])["payer_id"] == third["payer_id"]
    scrubbed = office.act("scrub_claim", claimId=made["claimNumber"])["data"]["scrub"]
    assert "duplicate_claim" not in [one["code"] for one in scrubbed["blocks"]]
