"""Guidance, summaries, tasks and alerts of claims: what each state offers, to whom, and what stands in the way."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from shared.domain.claim.clocks import filing_of
from shared.domain.claim.effects import RULES, WorkedClaim, effects_of
from shared.domain.claim.guidance import guidance, why_not
from shared.domain.claim.scrub import scrub
from shared.domain.claim.secondary import forwarding
from shared.domain.claim.situation import ClaimSituation
from shared.domain.claim.wording import Desk, claim_status, claim_summary, desk_summary, in_words
from shared.domain.claim.write_off_request import WriteOffRequest
from shared.models.claim import Appeal
from shared.models.guidance import GuidanceAction
from shared.models.roles import Role
from shared.services.claim_action_table import CLAIM_ACTIONS
from tests.unit.claim.claims import DAY, OTHER, TODAY, claim, claim_file, coverage, ground, on_file
from tests.unit.factories import authorization

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
ASKED = WriteOffRequest(UUID(int=5), Decimal(150), "not_covered", None)


def _situation(**members: Any) -> ClaimSituation:
    extra = {name: members.pop(name) for name in ("fitting", "forwarding", "asked", "scrubbed") if name in members}
    appeals = members.pop("appeals", ())
    billed = claim(**members)
    file = claim_file(claim=billed, appeals=appeals)
    return ClaimSituation(file=file, today=TODAY, filing=filing_of(billed, file.payer), **extra)


def _offered(situation: ClaimSituation, role: Role | None = None) -> dict[str, GuidanceAction]:
    return {one.id or "": one for one in guidance(situation, role)}


def test_a_rejection_offers_the_form_of_what_it_names_first() -> None:
    offers = guidance(_situation(status="rejected", status_reason="A7:187; A7:158:QC"))
    assert [one.id for one in offers[:2]] == ["backend.correct", "backend.correct_registration"]
    assert offers[0].form is not None
    assert list(offers[0].form["properties"]) == ["serviceDate"]
    assert offers[1].params == {"recordType": "Patient ID", "recordId": "MRN1"}
    assert not any(one.action == "start_appeal" for one in offers)  # never adjudicated: nothing to appeal


@pytest.mark.parametrize(
    ("code", "first", "action"),
    [
        ("CO-197", "Link Authorization", "link_authorization"),
        ("CO-50", "Request Peer-to-Peer Review", "start_appeal"),
        ("CO-22", "Verify Coordination of Benefits", "create_task"), ("CO-27", "Re-verify Eligibility", "create_task"),
        ("CO-29", "Send Proof of Filing", "start_appeal"), ("CO-16", "Read Remark and Attach", "correct_and_resubmit"),
    ],
)  # fmt: skip
def test_a_denial_offers_its_own_action_first(code: str, first: str, action: str) -> None:
    offer = guidance(_situation(status="denied", denial_code=code))[0]
    assert (offer.label, offer.action) == (first, action)
    assert offer.reason is not None
    assert offer.reason.params["denial"] == code


def test_retro_authorization_and_appeal_stand_beside_each_other() -> None:
    ids = [one.id for one in guidance(_situation(status="denied", denial_code="CO-197"))]
    assert ids[:3] == [
        "backend.denied.link_authorization",
        "backend.denied.retro_authorization",
        "backend.denied.appeal_authorization",
    ]  # fmt: skip


def test_linking_is_disabled_where_nothing_fits_and_has_the_choices_where_something_does() -> None:
    denied: dict[str, Any] = {"status": "denied", "denial_code": "CO-197"}
    without = _offered(_situation(**denied))["backend.denied.link_authorization"]
    assert without.disabled_reason == "No authorization on file fits the claim"
    held = authorization(auth_number="AUTH-7")
    fits = _offered(_situation(**denied, fitting=(held,)))["backend.denied.link_authorization"]
    assert fits.disabled_reason is None
    assert fits.form is not None
    assert fits.form["properties"]["authorizationId"]["oneOf"] == [{"const": str(held.id), "title": "AUTH-7"}]


def test_an_appeal_is_disabled_past_its_day_and_open_on_it() -> None:
    denied: dict[str, Any] = {"status": "denied", "denial_code": "CO-50"}
    late = _offered(_situation(**denied, appeal_due_on=TODAY - timedelta(days=1)))["backend.denied.appeal_clinically"]
    assert late.disabled_reason == f"The time to appeal ended on {TODAY - timedelta(days=1)}"
    on_time = _offered(_situation(**denied, appeal_due_on=TODAY))["backend.denied.appeal_clinically"]
    assert on_time.disabled_reason is None


def test_near_its_deadline_a_claim_is_submitted_now_unless_something_keeps_it_back() -> None:
    near = {"service_date": TODAY - timedelta(days=80)}
    assert _offered(_situation(**near))["backend.submit_now"].disabled_reason is None
    assert "backend.submit_now" not in _offered(_situation())
    assert _offered(_situation())["backend.submit"].disabled_reason is None
    held = _offered(_situation(**near, status="on_hold", hold_reason="npi_missing"))["backend.submit_now"]
    assert held.disabled_reason == "The claim is on hold: npi_missing"
    blocked = _offered(_situation(**near, scrubbed=scrub(ground(provider_npi=None))))["backend.submit_now"]
    assert blocked.disabled_reason == "The provider has no NPI"
    past = _offered(_situation(service_date=TODAY - timedelta(days=91)))["backend.submit_now"]
    assert past.form is not None
    assert past.form["required"] == ["proof"]


def test_a_write_off_that_was_asked_for_is_for_leads_to_approve() -> None:
    situation = _situation(status="denied", denial_code="CO-27", asked=ASKED)
    offer = guidance(situation, Role.MANAGER)[0]
    assert (offer.id, offer.params) == ("backend.approve_write_off", {"amount": 150.0, "reason": "not_covered"})
    assert "backend.approve_write_off" not in _offered(situation, Role.BILLER)
    assert guidance(situation, Role.AUDITOR) == guidance(situation, Role.FRONT_DESK) == ()


def test_underpaid_is_appealed_and_a_rest_billed_to_the_second_payer() -> None:
    short = _situation(status="underpaid", expected_amount=Decimal(100), paid_amount=Decimal(60))
    offer = _offered(short)["backend.appeal_underpayment"]
    assert offer.reason is not None
    assert offer.reason.params == {"short": "40.00"}
    assert offer.params == {"ground": "underpayment"}
    paid = claim(status="partially_paid", adjudicated_on=TODAY, paid_amount=Decimal("82.40"))
    found = forwarding(paid, (coverage(OTHER),), today=TODAY)
    rest = ClaimSituation(claim_file(claim=paid), TODAY, forwarding=found)
    assert _offered(rest)["backend.secondary"].disabled_reason is None
    assert "backend.secondary" not in _offered(replace(rest, forwarding=forwarding(paid, (), today=TODAY)))


def test_what_was_refused_of_a_part_payment_is_appealed_but_not_what_the_patient_owes() -> None:
    refused = {"status": "partially_paid", "paid_amount": Decimal("82.40"), "patient_amount": Decimal(20)}
    offer = _offered(_situation(**refused))["backend.appeal_refused_part"]
    assert (offer.action, offer.disabled_reason) == ("start_appeal", None)
    late = _situation(**refused, appeal_due_on=TODAY - timedelta(days=1))
    assert _offered(late)["backend.appeal_refused_part"].disabled_reason is not None
    patients = _situation(**refused, allowed_amount=Decimal("102.40"))
    assert "backend.appeal_refused_part" not in _offered(patients)


def test_every_form_asks_for_what_its_action_takes() -> None:
    takes = {one.name: {field.alias for field in one.params.model_fields.values()} for one in CLAIM_ACTIONS}
    situations = [
        _situation(service_date=TODAY - timedelta(days=91)),
        _situation(status="rejected"),
        _situation(status="accepted"),
        _situation(status="appealed"),
        _situation(status="underpaid"),
        _situation(requires_authorization=True),
        *(_situation(status="denied", denial_code=code) for code in ("CO-197", "CO-50", "CO-29", "CO-16", "CO-45")),
    ]
    forms = [(one.action, one.form) for each in situations for one in guidance(each) if one.form is not None]
    assert {action for action, _ in forms} == {
        "submit_claim", "correct_and_resubmit", "record_denial", "record_appeal_outcome", "start_appeal",
        "link_authorization", "write_off",
    }  # fmt: skip
    for action, form in forms:
        assert set(form["properties"]) <= takes[action], action
        assert set(form.get("required", ())) <= set(form["properties"])


def test_why_not_says_what_stands_in_the_way_or_when_an_action_comes() -> None:
    denied = _situation(status="denied", denial_code="CO-197")
    hindered = why_not(denied, "link_authorization")
    assert hindered is not None
    assert hindered.code == "no_authorization_fits"
    absent = why_not(_situation(), "start_appeal")
    assert absent is not None
    assert absent.code == "not_offered"
    assert "the payer pays less" not in absent.text
    assert why_not(_situation(), "submit_claim") is None
    assert why_not(_situation(), "deadline_list") is None
    assert why_not(_situation(), "no_such_action") is None


def test_summary_of_a_claim_says_state_deadline_and_next_step() -> None:
    situation = _situation(
        status="denied", denial_code="CO-197", adjudicated_on=TODAY, appeal_due_on=TODAY + timedelta(days=1)
    )
    words = in_words(claim_summary(situation, guidance(situation)[0]))
    assert words == (
        "Claim CLM-1, 182.40 USD: denied (CO-197, there was no authorization or notification). "
        f"Nearest deadline {TODAY + timedelta(days=1)} (tomorrow) to appeal, 182.40 USD at risk. "
        "Next: Link Authorization."
    )
    assert claim_status(situation) == "error"
    assert claim_status(_situation(status="submitted")) == "pending"
    assert claim_status(_situation(status="finalized")) == "proceed"


def test_summary_of_a_desk_is_the_designs_sentence() -> None:
    desk = Desk(4, Decimal("812.50"), rejected=1, denied=2, pended=1, nearest=(date(2026, 12, 1), Decimal("310.00")))
    following = GuidanceAction(label="Correct and Resubmit", action="correct_and_resubmit")
    assert in_words(desk_summary(desk, following)) == (
        "4 open claims, 812.50 USD: 1 rejected, 2 denied, 1 pended; nearest deadline 2026-12-01, 310.00 USD at risk. "
        "Next: Correct and Resubmit."
    )


def test_a_long_summary_keeps_its_first_and_last_sentence() -> None:
    situation = _situation(status="on_hold", hold_reason="x" * 700)
    assert len(in_words(claim_summary(situation, None))) <= 600


def _effects(now: datetime = NOW, *, asked: WriteOffRequest | None = None, **members: Any) -> Any:
    appeals = members.pop("appeals", ())
    billed = claim(**members)
    file = claim_file(claim=billed, appeals=appeals)
    return effects_of([WorkedClaim(file, NOW, filing_of(billed, file.payer), asked)], now=now)


def _tasks(effects: Any) -> dict[str, Any]:
    return {task.reason.split(":")[0]: task for task in effects.tasks}


def test_each_state_wants_its_task_and_moving_on_wants_none() -> None:
    assert set(_tasks(_effects(status="rejected"))) == {"rejected", "filing"}
    denied = _tasks(_effects(status="denied", denial_code="CO-197", appeal_due_on=TODAY + timedelta(days=30)))
    assert set(denied) == {"denied", "appeal", "cause"}
    assert set(_tasks(_effects(status="underpaid"))) == {"underpaid"}
    assert set(_tasks(_effects(status="draft", requires_authorization=True))) == {"authorization_gap", "filing"}
    for status in ("submitted", "accepted", "paid", "written_off", "voided", "finalized"):
        assert _effects(status=status).tasks == _effects(status=status).alerts == ()
    every = [
        _effects(status=s, denial_code="CO-197", asked=ASKED) for s in ("rejected", "denied", "underpaid", "draft")
    ]
    assert {task.rule for one in every for task in one.tasks} <= RULES


def test_whoever_may_appeal_is_reminded_of_the_time_for_it() -> None:
    due = TODAY + timedelta(days=30)
    for status in ("denied", "underpaid", "partially_paid", "appealed"):
        task = _tasks(_effects(status=status, appeal_due_on=due))["appeal"]
        assert (task.rule, task.due_at.date()) == ("A01", due)
        assert "appeal" not in _tasks(_effects(status=status))
    assert "appeal" not in _tasks(_effects(status="denied_final", appeal_due_on=due))


def test_the_filing_clock_opens_with_its_first_warning_and_reminds_at_each_to_come() -> None:
    task = _tasks(_effects(status="draft"))["filing"]
    due = DAY + timedelta(days=90)
    days = [DAY + timedelta(days=72), *(due - timedelta(days=n) for n in (14, 7, 3, 1))]
    assert task.due_at.date() == due
    assert task.not_before.date() == min(days)
    assert [one.date() for one in task.remind_at] == sorted(days)
    late = _tasks(_effects(datetime(2027, 2, 7, tzinfo=UTC), status="draft"))["filing"]
    assert [one.date() for one in late.remind_at] == [due - timedelta(days=n) for n in (3, 1)]


def test_a_pended_claim_and_an_open_appeal_are_asked_after_when_the_payer_is_late() -> None:
    pended = _tasks(_effects(status="pended", pended_since=TODAY))["pended"]
    assert pended.not_before.date() == TODAY + timedelta(days=30)
    open_one = Appeal(UUID(int=3), 1, "open", TODAY, TODAY + timedelta(days=60))
    decision = _tasks(_effects(status="appealed", appeals=(open_one,)))["decision"]
    assert decision.not_before.date() == TODAY + timedelta(days=60)


def test_what_let_a_denial_happen_is_told_to_its_step_once_for_each_claim() -> None:
    told = _tasks(_effects(status="denied", denial_code="CO-27"))["cause"]
    assert (told.assigned_to, told.type) == ("role:eligibility_specialist", "shared")
    again = _tasks(_effects(status="appealed", denial_code="CO-27"))["cause"]
    assert (again.rule, again.reason) == (told.rule, told.reason)
    assert _tasks(_effects(status="denied", denial_code="CO-22"))["cause"].assigned_to == "role:front_desk"
    assert "cause" not in _tasks(_effects(status="denied", denial_code="CO-4"))  # the billers' own work


def test_a_write_off_above_the_limit_is_a_task_and_an_alert_for_a_lead() -> None:
    effects = _effects(status="denied", denial_code="CO-4", asked=ASKED)
    assert _tasks(effects)["write_off"].assigned_to == "role:manager"
    big = replace(ASKED, amount=Decimal(3000))
    assert _tasks(_effects(status="denied", asked=big))["write_off"].assigned_to == "role:admin"
    assert {one.message.code for one in effects.alerts} == {"claim_denied", "write_off_asked"}
    before = _effects(status="denied", denial_code="CO-4", asked=ASKED, written_off_amount=Decimal(2400))
    assert _tasks(before)["write_off"].assigned_to == "role:admin"
    alert = next(one for one in before.alerts if one.message.code == "write_off_asked")
    assert alert.roles == (Role.ADMIN,)


def test_a_second_denial_of_one_day_is_told_again() -> None:
    file = claim_file(claim=claim(status="denied", denial_code="CO-4", adjudicated_on=TODAY))
    causes = {
        alert.cause
        for since in (NOW, NOW, NOW + timedelta(hours=1))
        for alert in effects_of([WorkedClaim(file, since)], now=NOW).alerts
    }
    assert len(causes) == 2


def test_no_text_of_a_task_or_alert_names_the_patient() -> None:
    effects = _effects(status="denied", denial_code="CO-197", asked=ASKED, appeal_due_on=TODAY)
    words = [task.label for task in effects.tasks] + [one.message.text for one in effects.alerts]
    assert not any("Ada" in one or "Fox" in one or "MRN1" in one for one in words)
    assert on_file().patient.last_name == "Fox"
