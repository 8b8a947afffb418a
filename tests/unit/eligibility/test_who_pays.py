"""E18, E21, E25: two payers, another order of coverages, and what a verdict means for the visit."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from shared.domain import eligibility
from shared.domain.eligibility import readiness, readiness_of
from shared.models.payer_answer import CheckFailure, RelatedEntity
from tests.unit.eligibility.deciding import DAY, answered, codes, decided, the
from tests.unit.factories import OTHER_PAYER, TODAY, answer, authorization, coverage, given_to, line, rule

OTHER = RelatedEntity("PR", "CAPSTONE MUTUAL")


def test_e18_another_payer_on_the_answer_must_be_put_in_order() -> None:
    told = answer(line("1", "30"), line("R", "30", source="271:EB[7]", entities=(OTHER,)))
    receipt = answered(told)
    assert receipt.verdict == "eligible"
    evidence = the(receipt, "verify_cob")
    assert (evidence.source, evidence.params) == ("271:EB[7]", {"payer": "CAPSTONE MUTUAL"})


def test_e18_a_drug_plan_is_no_other_payer_but_for_the_pharmacy() -> None:
    told = answer(line("1", "30"), line("R", "88", entities=(OTHER,)))
    assert answered(told).fired("verify_cob") is None
    assert answered(told, asked_service="88").fired("verify_cob") is not None


def test_e25_an_inactive_coverage_ranked_before_an_active_one_suggests_another_order() -> None:
    first, second = coverage(rank=1, period_end=TODAY - DAY), coverage(rank=2)
    receipt = decided(first, second)
    assert (receipt.verdict, receipt.coverage_id) == ("eligible", second.id)
    suggestion = the(receipt, "rank_again")
    assert (suggestion.rule, suggestion.source) == ("E25", f"coverages/{second.id}")
    assert suggestion.params == {"inactive": f"coverages/{first.id}"}
    assert suggestion in receipt.suggestions
    assert ("E25", "rank_again") not in codes(receipt)


@pytest.mark.parametrize(
    "held",
    [
        (coverage(rank=1), coverage(rank=2)),
        (coverage(rank=1), coverage(rank=2, period_end=TODAY - DAY)),
        (coverage(rank=1, period_end=TODAY - DAY), coverage(rank=1)),
        (coverage(rank=1, status="removed"), coverage(rank=2)),
        (coverage(rank=1, period_end=TODAY - DAY), coverage(rank=2, period_end=TODAY - DAY)),
        (coverage(rank=1, payer_kind="self_pay"), coverage(rank=2)),
    ],
)
def test_e25_no_other_order_helps(held: tuple[Any, ...]) -> None:
    assert decided(*held).fired("rank_again") is None


def test_e25_what_the_payer_says_ranks_again_too() -> None:
    first, second = coverage(rank=1), coverage(rank=2, payer_id=OTHER_PAYER)
    told = answer(line("6", "30"))
    receipt = decided(first, second, answers=(given_to(first, told),))
    assert (receipt.coverage_id, receipt.fired("rank_again") is not None) == (second.id, True)


@pytest.mark.parametrize(
    ("receipt", "state", "reasons"),
    [
        (decided(coverage()), "ready", []),
        (decided(coverage(), payer_rules=(rule(requires_auth=False),)), "ready", []),
        (decided(coverage(), payer_rules=(rule(),), authorizations=(authorization(service_type=None),)), "ready", []),
        (decided(coverage(), payer_rules=(rule(),)), "not_ready", ["authorization_required"]),
        (decided(coverage(period_end=TODAY - DAY)), "not_ready", ["coverage_inactive"]),
        (decided(), "pending", ["no_coverage_on_file"]),
        (answered(CheckFailure("retryable", "timeout")), "pending", ["payer_did_not_answer"]),
        (answered(CheckFailure("needs_correction", "rejected", ("72",))), "not_ready", ["rejected_needs_correction"]),
    ],
)
def test_e21_a_check_sets_the_readiness(receipt: Any, state: str, reasons: list[str]) -> None:
    found = readiness_of(receipt)
    assert (found.state, [one.code for one in found.reasons]) == (state, reasons)


def test_e21_before_a_check_the_readiness_is_pending() -> None:
    assert readiness_of(None).state == "pending"


def test_e21_nothing_about_a_verdict_blocks() -> None:
    """A readiness is told, never raised: the module knows no error and no way to refuse."""
    source = inspect.getsource(readiness)
    assert "raise" not in source
    assert "Error" not in source
    assert {one.name for one in inspect.signature(readiness_of).parameters.values()} == {"receipt"}


def test_unexpected_words_of_an_answer_are_no_active_coverage() -> None:
    assert answered(answer(line("??", "30"))).verdict == "undetermined"
    assert eligibility.readiness_of(answered(answer())).state == "pending"
