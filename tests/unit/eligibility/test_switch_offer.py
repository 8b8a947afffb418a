"""E17 and E18: which switch of payers a verdict speaks for, and what guidance offers of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import jsonschema
import pytest

from shared.domain import eligibility
from shared.domain.eligibility.switch_offer import proposed
from shared.models.coverage_changes import NewCoverage
from shared.models.guidance import GuidanceAction
from shared.models.payer_answer import AnswerPeriod, BenefitLine, PayerAnswer, RelatedEntity
from shared.models.records import Coverage
from shared.models.verdict import VerdictReceipt
from tests.unit.eligibility.deciding import DAY, answered, decided, the
from tests.unit.factories import NOW, OTHER_PAYER, PAYER, TODAY, answer, coverage, given_to, line, payer

MEDICARE = line("1", "30", insurance_type="MA")
SUNRISE = RelatedEntity("PRP", "SUNRISE ADVANTAGE")
PLANS = payer(id=OTHER_PAYER, name="Sunrise Advantage", program="medicaid_managed")
PAYERS = (payer(program="medicaid"), PLANS)
JULY = date(2026, 7, 1)


def plan(code: str = "R", kind: str | None = "HN", since: date | None = None, **members: Any) -> BenefitLine:
    """A line that names Sunrise Advantage, since a day if there is one."""
    periods = () if since is None else (AnswerPeriod("290", since, None), AnswerPeriod("292", since, None))
    given: dict[str, Any] = {"source": "271:EB[2]", "insurance_type": kind, "entities": (SUNRISE,), "periods": periods}
    return line(code, "30", **given | members)


def offers(receipt: VerdictReceipt) -> list[GuidanceAction]:
    found = eligibility.guidance(eligibility.situation_after(receipt, now=NOW))
    return [one for one in found if one.action == "switch_payer"]


def offer(receipt: VerdictReceipt) -> GuidanceAction:
    (one,) = offers(receipt)
    return one


def test_a_plan_that_an_answer_names_is_offered_as_a_form() -> None:
    held = coverage()
    one = offer(answered(answer(MEDICARE, plan()), of=held))
    assert (one.kind, one.disabled_reason, one.reason and one.reason.rule_id) == ("form", None, "E17")
    assert one.params == {"coverageId": str(held.id), "version": 1, "dateOfService": TODAY.isoformat()}
    assert one.form is not None
    jsonschema.Draft202012Validator.check_schema(one.form)
    jsonschema.validate({"payerId": "SUN-1", "memberId": "M1", "startDate": "2026-07-01"}, one.form)
    for missing in ("payerId", "memberId", "startDate"):
        assert missing in one.form["required"]


@pytest.mark.parametrize(
    ("since", "told"),
    [
        (JULY, "2026-07-01"),
        (None, None),
        (date(2026, 1, 1), None),  # the first day of the coverage: it would end before it began
        (date(2026, 1, 2), "2026-01-02"),
        (date(2020, 1, 1), None),
    ],
)
def test_since_when_is_told_where_the_answer_says_so(since: date | None, told: str | None) -> None:
    assert offer(answered(answer(MEDICARE, plan(since=since)))).params.get("startDate") == told


def test_a_plan_that_begins_later_does_not_pay_yet() -> None:
    assert offers(answered(answer(MEDICARE, plan(since=TODAY + DAY)))) == []


def test_the_payer_is_told_where_the_patient_had_it_before() -> None:
    held, over = coverage(), coverage(payer_id=OTHER_PAYER, rank=2, period_end=JULY - DAY)
    told = given_to(held, answer(MEDICARE, plan(since=JULY)))
    one = offer(decided(held, over, answers=(told,), payers=PAYERS))
    assert (one.params["payerId"], one.params["startDate"]) == (str(OTHER_PAYER), "2026-07-01")
    assert "replacementCoverageId" not in one.params
    strangers = (PAYERS[0], replace(PLANS, name="Somebody Else"))
    assert "payerId" not in offer(decided(held, over, answers=(told,), payers=strangers)).params


def on_file(*, plan_since: date, program_since: date = date(2026, 1, 1), **members: Any) -> tuple[Coverage, Coverage]:
    """Medicaid, and beside it its plan."""
    program = coverage(period_start=program_since, period_end=None)
    given: dict[str, Any] = {"rank": 2, "payer_id": OTHER_PAYER, "payer_name": "Sunrise Advantage", "period_end": None}
    return program, coverage(period_start=plan_since, **given | members)


@pytest.mark.parametrize(
    ("plan_since", "told"), [(JULY, "2026-07-01"), (date(2025, 1, 1), "2026-01-02"), (date(2026, 1, 1), "2026-01-02")]
)
def test_a_plan_on_file_is_offered_as_a_button(plan_since: date, told: str) -> None:
    program, beside = on_file(plan_since=plan_since)
    one = offer(decided(program, beside, payers=PAYERS))
    assert (one.kind, one.form, one.disabled_reason) == ("button", None, None)
    assert one.params == {
        "coverageId": str(program.id),
        "version": 1,
        "startDate": told,
        "replacementCoverageId": str(beside.id),
        "dateOfService": TODAY.isoformat(),
    }


def test_a_plan_that_an_answer_names_and_that_is_on_file_takes_over_as_it_is() -> None:
    held, beside = on_file(plan_since=JULY)
    payers = (payer(), replace(PLANS, program=None))
    receipt = decided(held, beside, answers=(given_to(held, answer(MEDICARE, plan())),), payers=payers)
    assert offer(receipt).params["replacementCoverageId"] == str(beside.id)


def test_what_would_be_refused_is_disabled() -> None:
    program, beside = on_file(plan_since=JULY, program_since=TODAY, period_end=TODAY)
    assert offer(decided(program, beside, payers=PAYERS)).disabled_reason == (
        "replacementCoverageId: is not in force on the start date"
    )
    ended = coverage(status="terminated")
    assert offer(answered(answer(MEDICARE, plan()), of=ended)).disabled_reason == "The coverage on file is terminated"


def test_e18_a_payer_whose_plan_is_not_active_may_name_the_one_that_is() -> None:
    held = coverage()
    receipt = answered(answer(line("6", "30"), plan(kind=None, since=JULY)), of=held)
    assert receipt.verdict == "not_eligible"
    evidence = the(receipt, "payer_instead")
    assert (evidence.rule, evidence.source, evidence.params) == ("E18", "271:EB[2]", {"payer": "SUNRISE ADVANTAGE"})
    one = offer(receipt)
    assert (one.params["coverageId"], one.params["startDate"]) == (str(held.id), "2026-07-01")
    assert one.reason is not None
    assert one.reason.rule_id == "E18"


@pytest.mark.parametrize(
    "told",
    [
        answer(line("1", "30")),
        answer(line("6", "30")),
        answer(line("1", "30"), plan(kind=None)),
        answer(line("6", "30"), plan(kind=None, entities=())),
        answer(line("6", "30"), plan(kind=None, entities=(RelatedEntity("P3", "DR SMITH"),))),
        answer(line("6", "30"), plan(kind=None, service_types=("88",))),
        answer(line("6", "30"), plan(kind=None, periods=(AnswerPeriod("292", date(2020, 1, 1), date(2020, 2, 1)),))),
        answer(line("U", "30"), plan(kind=None)),
        answer(line("I", "30"), plan(kind=None)),
    ],
)
def test_nothing_else_speaks_for_a_switch(told: PayerAnswer) -> None:
    receipt = answered(told)
    assert (offers(receipt), receipt.fired("payer_instead"), proposed(receipt)) == ([], None, None)


def test_where_another_coverage_is_active_its_order_matters_not_the_payer() -> None:
    held, second = coverage(), coverage(rank=2, payer_id=OTHER_PAYER)
    receipt = decided(held, second, answers=(given_to(held, answer(line("6", "30"), plan(kind=None))),))
    assert (offers(receipt), receipt.fired("rank_again") is not None) == ([], True)


def test_why_it_is_not_offered_names_it_once() -> None:
    reason = eligibility.why_not(eligibility.situation_after(decided(coverage()), now=NOW), "switch_payer")
    assert reason is not None
    assert reason.text.startswith("Switch Payer is offered when Medicare or Medicaid names a plan")
    assert "or when a plan that pays instead of Medicare or Medicaid is on file" in reason.text


NEW = UUID(int=99)


def test_what_takes_over_begins_where_the_one_before_ends() -> None:
    held = coverage(rank=2, period_end=None)
    switch = eligibility.Switch(held, JULY, OTHER_PAYER, "insurance", member_id="M1", plan_name="HMO")
    changes = eligibility.switched(switch, NEW)
    assert changes.changed == (replace(held, period_end=JULY - DAY),)
    assert changes.begins == NewCoverage(NEW, held.id, OTHER_PAYER, "M1", "HMO", 2, JULY)


def test_what_is_on_file_takes_over_the_rank_and_never_loses_one() -> None:
    held, beside = coverage(rank=2), coverage(rank=5, payer_id=OTHER_PAYER)
    switch = eligibility.Switch(held, JULY, OTHER_PAYER, "insurance", beside)
    assert eligibility.switched(switch, NEW).changed[1] == replace(beside, rank=2)
    before = replace(switch, replacement=replace(beside, rank=1))
    assert eligibility.switched(before, NEW).changed[1].rank == 1
    assert eligibility.switched(before, NEW).begins is None


def test_a_switch_of_a_payer_to_itself_is_none() -> None:
    switch = eligibility.Switch(coverage(), JULY, PAYER, "insurance", member_id="M1")
    against = eligibility.against_switch(switch, ())
    assert (against and against.field, against and against.code) == ("payerId", "same_payer")
