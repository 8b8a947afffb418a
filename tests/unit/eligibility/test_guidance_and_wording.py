"""Guidance, facts and summary of the eligibility mode, made from a verdict."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import jsonschema
import pytest
from hypothesis import given

from shared.domain import eligibility
from shared.domain.eligibility import (
    Situation,
    facts,
    guidance,
    in_words,
    situation_after,
    situation_of,
    summary,
    why_not,
)
from shared.domain.eligibility.guidance_rows import ALWAYS, ROWS
from shared.models.guidance import GuidanceAction
from shared.models.payer_answer import CheckFailure, Rejection
from shared.models.records import EligibilityCheck, EligibilityFile
from shared.models.roles import Role
from shared.models.verdict import VerdictReceipt
from tests.unit.eligibility.deciding import DAY, answered, decided
from tests.unit.eligibility.test_receipts import cases, verdict_of
from tests.unit.factories import OTHER_PAYER, TODAY, answer, authorization, benefit, coverage, file, line, rule

CHICAGO = ZoneInfo("America/Chicago")
NOON = datetime(2026, 11, 23, 12, tzinfo=CHICAGO)
COVERED, NEEDS_AUTH = decided(coverage()), decided(coverage(), payer_rules=(rule(),))
INACTIVE = decided(coverage(period_end=TODAY - DAY))


def after(receipt: VerdictReceipt) -> Situation:
    return situation_after(receipt, now=NOON)


def offered(receipt: VerdictReceipt) -> list[str]:
    return [one.action for one in guidance(after(receipt))]


def one(receipt: VerdictReceipt, action: str) -> GuidanceAction:
    return next(found for found in guidance(after(receipt)) if found.action == action)


def test_before_anything_is_known_a_check_is_offered() -> None:
    assert [(found.label, found.action) for found in guidance(None)] == [
        ("Check Eligibility", "check_eligibility"),
        ("View Full Record", "view_record"),
    ]


def test_the_owners_example_begins_as_it_must() -> None:
    first, second, *_ = guidance(after(NEEDS_AUTH))
    written = [found.model_dump(mode="json", by_alias=True) for found in (first, second)]
    assert [list(found.items())[:2] for found in written] == [
        [("label", "Request Authorization"), ("action", "request_auth")],
        [("label", "View Full Record"), ("action", "view_record")],
    ]
    assert written[0]["reason"]["ruleId"] == "E09"
    assert written[0]["reason"]["evidence"] == [NEEDS_AUTH.evidence[1].source]


def with_authorization(**members: Any) -> VerdictReceipt:
    held = (authorization(**members),)
    return decided(coverage(), payer_rules=(rule(),), authorizations=held, asked_service="98")


AWAITED = with_authorization(status="pended", requested_date=TODAY)
LATE = with_authorization(status="pended")
ENDING = with_authorization(period_end=TODAY + DAY)
FAILED = answered(CheckFailure("retryable", "timeout", retry_at=NOON + timedelta(minutes=5)))
REJECTED = answered(answer(rejections=(Rejection("72", "subscriber"), Rejection("58", "subscriber"))))
SETUP = answered(answer(rejections=(Rejection("51", "information_receiver"),)))


@pytest.mark.parametrize(
    ("receipt", "actions"),
    [
        (COVERED, []),
        (NEEDS_AUTH, ["request_auth"]),
        (AWAITED, ["record_documents_sent", "check_authorization_status", "draft_email"]),
        (LATE, ["share_to_backend", "record_documents_sent", "check_authorization_status", "draft_email"]),
        (ENDING, ["extend_authorization", "reschedule_visit"]),
        (INACTIVE, ["recheck_all_coverages", "draft_email", "estimate_patient_cost"]),
        (decided(coverage(period_start=None)), ["check_eligibility", "call_script", "estimate_patient_cost"]),
        (FAILED, ["check_eligibility", "call_script", "estimate_patient_cost"]),
        (REJECTED, ["update_demographics", "call_script", "estimate_patient_cost"]),
        (SETUP, ["create_task", "open_record", "call_script", "estimate_patient_cost"]),
        (decided(coverage(), coverage(rank=2, payer_id=OTHER_PAYER)), ["verify_cob"]),
        (decided(coverage(period_end=TODAY - DAY), coverage(rank=2)), ["verify_cob"]),
        (
            decided(coverage(), payer_rules=(rule(requires_auth=None),)),
            ["check_auth_requirement", "mark_auth_not_required"],
        ),
    ],
)
def test_each_situation_offers_its_actions(receipt: VerdictReceipt, actions: list[str]) -> None:
    found = offered(receipt)
    assert found[min(1, len(actions))] == "view_record"
    assert found[-1] == "contact_provider"
    assert [name for name in found if name not in {"view_record", "contact_provider"}] == actions


def test_no_letter_says_that_a_plan_is_not_active_when_it_only_does_not_cover_the_service() -> None:
    assert one(INACTIVE, "draft_email").params == {"template": "coverage_inactive_notice"}
    not_covered = answered(answer(line("I", service_types=("30",))))
    assert not_covered.verdict == "not_eligible"
    assert "draft_email" not in offered(not_covered)


def test_the_status_letter_names_the_authorization_that_is_awaited() -> None:
    awaited = AWAITED.fired("authorization_awaited")
    assert awaited is not None
    params = one(AWAITED, "draft_email").params
    assert params["recordType"] == "Authorization ID"
    assert f"authorizations/{params['recordId']}" == awaited.source


def test_actions_are_numbered_in_their_order() -> None:
    numbers = [found.priority for found in guidance(after(LATE))]
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_retry_names_its_time_and_waits_for_it() -> None:
    waiting = one(FAILED, "check_eligibility")
    assert (waiting.label, waiting.disabled_reason) == ("Retry at 12:05", "The next attempt is at 2026-11-23 12:05")
    later = guidance(situation_after(FAILED, now=NOON + timedelta(minutes=5)))[0]
    assert later.disabled_reason is None
    next_month = answered(CheckFailure("date_window", "outside_window", retry_at=NOON + timedelta(days=8)))
    assert one(next_month, "check_eligibility").label == "Retry on 2026-12-01"


def test_after_the_last_attempt_a_person_can_retry_or_call() -> None:
    last = answered(CheckFailure("retryable", "timeout", attempts=5))
    retry, call = one(last, "check_eligibility"), one(last, "call_script")
    assert (retry.label, retry.disabled_reason) == ("Retry", None)
    for offer in (retry, call):
        assert offer.reason is not None
        assert (offer.reason.code, offer.reason.params) == ("attempts_used_up", {"attempts": "5"})
    stopped = answered(CheckFailure("retryable", "rejected", ("42",)))  # the payer said not to ask again
    assert one(stopped, "call_script").reason != call.reason


def test_what_to_correct_is_a_form_with_the_named_members() -> None:
    form = one(REJECTED, "update_demographics").form
    assert form is not None
    assert list(form["properties"]) == ["coverage.memberId", "patient.dateOfBirth"]
    jsonschema.validate({"coverage.memberId": "BST1"}, form)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"patient.lastName": "X"}, form)


def test_every_form_is_a_json_schema_and_every_reason_has_its_rule() -> None:
    for receipt in (NEEDS_AUTH, LATE, REJECTED, SETUP, INACTIVE):
        for found in guidance(after(receipt)):
            if found.form is not None:
                jsonschema.Draft202012Validator.check_schema(found.form)
            assert (found.reason is None) == (found.action in {"view_record", "contact_provider"})
            assert found.roles


def test_a_check_on_its_way_disables_another_one() -> None:
    held = coverage()
    flying = _check(state="in_flight", verdict="undetermined")
    on_file = file(held, newest_check=flying)
    situation = situation_of(on_file, eligibility.decide(on_file, today=TODAY), now=NOON)
    assert (situation.in_flight, situation.stale, situation.checked_at) == (True, None, None)
    undated = file(coverage(period_start=None), newest_check=flying)
    waiting = situation_of(undated, eligibility.decide(undated, today=TODAY), now=NOON)
    assert guidance(waiting)[0].disabled_reason == "A check is on its way"


def _check(**members: Any) -> EligibilityCheck:
    given: dict[str, Any] = {
        "id": OTHER_PAYER, "date_of_service": TODAY, "service_type": "30", "verdict": "eligible",
        "requires_auth": None, "status": "proceed", "reasons": (), "checked_at": NOON - timedelta(hours=3),
    }  # fmt: skip
    return EligibilityCheck(**given | members)


@pytest.mark.parametrize(
    ("check", "first"),
    [
        (None, "check_eligibility"),
        (_check(), "view_record"),
        (_check(checked_at=NOON - timedelta(hours=73)), "check_eligibility"),
        (_check(checked_at=NOON - timedelta(days=30)), "check_eligibility"),
    ],
)
def test_a_check_is_offered_when_none_is_fresh(check: EligibilityCheck | None, first: str) -> None:
    on_file = file(coverage(), newest_check=check)
    situation = situation_of(on_file, eligibility.decide(on_file, today=TODAY), now=NOON)
    assert guidance(situation)[0].action == first


def test_several_stale_coverages_are_checked_together() -> None:
    def actions(held: EligibilityFile) -> set[str]:
        return {found.action for found in guidance(situation_of(held, eligibility.decide(held, today=TODAY), now=NOON))}

    assert "recheck_all_coverages" in actions(file(coverage(), coverage(rank=2)))
    assert "recheck_all_coverages" not in actions(file(coverage(), coverage(status="removed")))


def test_why_not_says_when_an_action_would_be_offered() -> None:
    reason = why_not(after(COVERED), "request_auth")
    assert reason is not None
    assert (reason.rule_id, reason.code) == ("E09", "not_offered")
    assert "when an authorization is needed and none is on file or requested" in reason.text
    assert why_not(after(NEEDS_AUTH), "request_auth") is None
    assert why_not(after(NEEDS_AUTH), "do_magic") is None
    waiting = why_not(after(FAILED), "check_eligibility")
    assert waiting is not None
    assert waiting.code == "retry_later"


def test_the_table_is_sound() -> None:
    rows = (*ROWS, *ALWAYS)
    assert len({row.key for row in rows}) == len(rows)
    assert all(row.roles and Role.AUDITOR not in row.roles for row in ROWS)
    assert {row.rule for row in rows} <= set(eligibility.RULES)


def words(receipt: VerdictReceipt, **asked: Any) -> str:
    return in_words(summary(after(receipt), **asked))


def test_the_summary_has_the_owners_shape() -> None:
    held = coverage(payer_name="Aetna", plan_name="Open Access", copay=Decimal(25))
    rows = (
        benefit(held, "deductible", amount=Decimal(1500), remaining_amount=Decimal(700)),
        benefit(held, "limit", remaining_quantity=12),
    )
    granted = authorization(units_approved=10, units_used=2, units_reserved=1)
    receipt = decided(held, benefits=rows, payer_rules=(rule(),), authorizations=(granted,), asked_service="98")
    assert words(receipt) == (
        "Aetna Open Access: active for 2026-11-23 (checked less than a minute ago)."
        " Authorization approved to 2026-11-30, 7 left."
        " Copay 25.00 USD; deductible left 700.00 USD; visits left 12."
        " Next: Extend Authorization."
    )


@pytest.mark.parametrize(
    ("receipt", "told"),
    [
        (NEEDS_AUTH, "Authorization needed. Next: Request Authorization."),
        (AWAITED, "Authorization needed and requested. Next: Record Documents Sent."),
        (
            decided(coverage(), payer_rules=(rule(requires_auth=False),)),
            "Authorization not needed. Next: View Full Record.",
        ),
        (INACTIVE, "inactive for 2026-11-23"),
        (INACTIVE, "No coverage on file is active on the date."),
        (decided(coverage(period_start=None)), "undetermined for 2026-11-23"),
        (decided(coverage(payer_kind="self_pay")), "Coverage: not covered for 2026-11-23"),
        (answered(answer(line("I", "30"))), "not covered for 2026-11-23"),
    ],
)
def test_the_summary_says_what_is_known(receipt: VerdictReceipt, told: str) -> None:
    assert told in words(receipt)


@pytest.mark.parametrize(
    ("age", "told"),
    [
        (timedelta(seconds=59), "less than a minute"),
        (timedelta(minutes=1), "1 minute"),
        (timedelta(minutes=59), "59 minutes"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(hours=47), "1 day"),
        (timedelta(hours=48), "2 days"),
    ],
)
def test_the_age_of_a_check_is_told(age: timedelta, told: str) -> None:
    situation = replace(after(COVERED), checked_at=NOON - age)
    assert f"(checked {told} ago)" in in_words(summary(situation))


def test_a_summary_that_is_stored_says_when_the_check_was() -> None:
    assert "(checked 2026-11-23 12:00)" in words(COVERED, stored=True)
    assert "checked" not in in_words(summary(replace(after(COVERED), checked_at=None)))


def test_every_sentence_has_a_code_and_params_to_be_told_in_another_language() -> None:
    sentences = summary(after(NEEDS_AUTH))
    assert [found.code for found in sentences] == ["coverage_eligible", "authorization_needed", "next"]
    assert sentences[0].params["date"] == "2026-11-23"
    assert sentences[-1].params == {"action": "request_auth"}


@given(cases())
def test_a_summary_is_short_and_every_fact_has_its_source(case: Any) -> None:
    receipt = verdict_of(case)
    long = replace(receipt.inputs, coverages=tuple(
        replace(held, plan_name="x" * 900, payer_name="y" * 900) for held in receipt.inputs.coverages))  # fmt: skip
    told = words(replace(receipt, inputs=long))
    assert len(told) <= 600
    assert "Next: " in told
    found = facts(after(receipt))
    assert found[0].label == "Coverage"
    assert all(fact.label and fact.value and fact.source for fact in found)


def test_facts_tell_what_the_summary_says() -> None:
    held = coverage(copay=Decimal(25))
    rows = (benefit(held, "limit", remaining_quantity=12),)
    found = {fact.label: fact for fact in facts(after(decided(held, benefits=rows, payer_rules=(rule(),))))}
    assert {name: fact.value for name, fact in found.items() if name != "Checked"} == {
        "Coverage": "Bluestem Health Plan Choice PPO: active for 2026-11-23",
        "Authorization": "needed",
        "Copay": "25.00 USD",
        "Visits left": "12",
    }
    assert found["Copay"].source == f"coverages/{held.id}"
    assert (found["Copay"].code, found["Copay"].params) == ("copay", {"amount": "25"})
