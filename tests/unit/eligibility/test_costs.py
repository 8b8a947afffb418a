"""E12 to E16, E24: visits left, network, copay, deductible, estimates; money exact to the cent."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.eligibility.estimate import estimate_of
from shared.models.payer_answer import AnswerPeriod, BenefitLine
from shared.models.records import Benefit, Visit
from shared.models.verdict import Accumulator, Copay, Deductible, Figures, VerdictReceipt
from tests.unit.eligibility.deciding import DAY, answered, decided, the
from tests.unit.factories import TODAY, answer, benefit, coverage, line, payer, visit

ACTIVE = line("1", "30")
YEAR = (AnswerPeriod("292", date(2026, 1, 1), date(2026, 12, 31)),)


def figures(*lines: BenefitLine, **members: Any) -> Figures:
    return answered(answer(ACTIVE, *lines), **{"asked_service": "PT"} | members).figures


def on_file(*rows: Benefit, **members: Any) -> VerdictReceipt:
    held = coverage(**{name: members.pop(name) for name in ("copay", "relationship") & members.keys()})
    mine = tuple(benefit_of(held, row) for row in rows)
    return decided(held, benefits=mine, **{"asked_service": "PT"} | members)


def benefit_of(held: Any, row: Benefit) -> Benefit:
    return replace(row, coverage_id=held.id)


def limit(remaining: int | None, total: int | None = 20, **members: Any) -> Benefit:
    return benefit(
        coverage(), "limit", **{"service_type": "PT", "quantity": total, "remaining_quantity": remaining} | members
    )


def booked(*days: date, visit_type: str = "physical_therapy") -> tuple[Visit, ...]:
    return tuple(visit(visit_type, on=day) for day in days)


DAYS = tuple(TODAY + n * DAY for n in (1, 8, 15))


@pytest.mark.parametrize(
    ("remaining", "code", "runs_out"),
    [
        (4, None, None),
        (3, "visits_run_out", 2),
        (2, "visits_run_out", 1),
        (1, "visits_run_out", 0),
        (0, "visit_limit_reached", 0),
    ],
)
def test_e12_the_visit_that_takes_the_last_covered_one_is_named(
    remaining: int, code: str | None, runs_out: int | None
) -> None:
    visits = booked(*DAYS)
    receipt = on_file(limit(remaining), booked_visits=visits, on=TODAY)
    found = receipt.figures.visit_limit
    assert found is not None
    assert (found.total, found.remaining, found.booked, found.left) == (20, remaining, 3, max(0, remaining - 3))
    assert found.runs_out_with == (None if runs_out is None else visits[runs_out].id)
    if code is None:
        assert receipt.fired("visits_run_out", "visit_limit_reached") is None
    else:
        assert the(receipt, code).rule == "E12"
    assert receipt.verdict == "eligible"


def test_e12_only_visits_of_the_service_and_the_period_take_from_it() -> None:
    visits = (*booked(DAYS[0]), *booked(DAYS[1], visit_type="office"), *booked(date(2027, 1, 1)))
    this_year = limit(2, period_start=date(2026, 1, 1), period_end=date(2026, 12, 31))
    found = on_file(this_year, booked_visits=visits).figures.visit_limit
    assert found is not None
    assert (found.booked, found.left) == (1, 1)
    every_year = on_file(limit(2), booked_visits=visits).figures.visit_limit
    assert every_year is not None
    assert every_year.booked == 2


def test_e12_a_limit_of_last_year_says_nothing_about_this_one() -> None:
    last_year = limit(0, period_start=date(2025, 1, 1), period_end=date(2025, 12, 31))
    assert on_file(last_year).figures.visit_limit is None
    ends_today = limit(1, period_start=date(2026, 1, 1), period_end=TODAY)
    assert on_file(ends_today).figures.visit_limit is not None


def test_e12_without_what_remains_nothing_is_warned_of() -> None:
    assert on_file(limit(None)).figures.visit_limit is None
    assert the(on_file(limit(0)), "visit_limit_reached").text == "No covered visit is left"


def test_e12_a_payers_answer_is_counted_like_the_file() -> None:
    whole = line("F", "PT", quantity=Decimal(20), quantity_qualifier="VS", period="23")
    rest = line("F", "PT", quantity=Decimal(2), quantity_qualifier="VS", period="29", periods=YEAR)
    receipt = answered(answer(ACTIVE, whole, rest), asked_service="PT", booked_visits=booked(*DAYS))
    evidence = the(receipt, "visits_run_out")
    assert evidence.params == {"remaining": "2", "booked": "3", "visit_date": DAYS[1].isoformat()}
    days_of_stay = line("F", "PT", quantity=Decimal(1), quantity_qualifier="DY", period="29")
    assert figures(days_of_stay).visit_limit is None


@pytest.mark.parametrize(("network", "amount"), [("in", "25.00"), ("out", "60.00")])
def test_e13_our_own_data_says_which_benefit_applies(network: str, amount: str) -> None:
    lines = (
        line("B", "PT", amount=Decimal("25.00"), network="Y"),
        line("B", "PT", amount=Decimal("60.00"), network="N"),
    )
    found = figures(*lines, payers=(payer(network=network),))
    assert (found.network, found.copay) == (network, Copay(Decimal(amount), Decimal(amount), needs_review=False))


def test_e13_an_unknown_network_shows_both() -> None:
    lines = (
        line("B", "PT", amount=Decimal(25), network="Y"),
        line("B", "PT", amount=Decimal(60), network="N"),
    )
    found = figures(*lines)
    expected = Copay(Decimal(25), Decimal(60), needs_review=False, in_network=Decimal(25), out_of_network=Decimal(60))
    assert (found.network, found.copay) == (None, expected)


def test_e13_a_line_for_every_network_counts_in_each() -> None:
    for label in ("W", "U", None):
        for network in ("in", "out"):
            found = figures(line("B", "PT", amount=Decimal(30), network=label), payers=(payer(network=network),))
            assert found.copay == Copay(Decimal(30), Decimal(30), needs_review=False)


def test_e14_the_services_copay_goes_before_the_general_one() -> None:
    general, own = line("B", "30", amount=Decimal(40)), line("B", "PT", amount=Decimal(25))
    assert figures(general, own).copay == Copay(Decimal(25), Decimal(25), needs_review=False)
    assert figures(general).copay == Copay(Decimal(40), Decimal(40), needs_review=False)
    assert figures(line("B", "98", amount=Decimal(25))).copay is None


def test_e14_contradicting_copays_are_a_range_to_review_and_never_an_average() -> None:
    receipt = answered(
        answer(ACTIVE, line("B", "PT", amount=Decimal(20)), line("B", "PT", amount=Decimal(50))), asked_service="PT"
    )
    assert receipt.figures.copay == Copay(Decimal(20), Decimal(50), needs_review=True)
    assert the(receipt, "copay_needs_review").rule == "E14"
    assert "35" not in the(receipt, "copay_needs_review").text


def test_e14_the_network_goes_before_the_service() -> None:
    lines = (line("B", "PT", amount=Decimal(60), network="N"), line("B", "30", amount=Decimal(25), network="Y"))
    found = figures(*lines, payers=(payer(network="in"),))
    assert found.copay == Copay(Decimal(25), Decimal(25), needs_review=False)


def test_e14_no_copay_is_an_amount_and_no_line_is_none() -> None:
    assert figures(line("B", "PT", amount=Decimal(0))).copay == Copay(Decimal(0), Decimal(0), needs_review=False)
    assert figures().copay is None
    assert on_file(copay=Decimal("25.00")).figures.copay == Copay(Decimal(25), Decimal(25), needs_review=False)


def test_e14_a_copay_of_the_coverage_and_one_of_its_benefits_must_agree() -> None:
    general = benefit(coverage(), amount=Decimal(40))
    assert on_file(general, copay=Decimal(25)).figures.copay == Copay(Decimal(25), Decimal(40), needs_review=True)
    own = benefit(coverage(), amount=Decimal(40), service_type="PT")
    assert on_file(own, copay=Decimal(25)).figures.copay == Copay(Decimal(40), Decimal(40), needs_review=False)


def deductible(amount: str | None, left: str | None, level: str = "IND") -> tuple[BenefitLine, ...]:
    lines = []
    if amount is not None:
        lines.append(line("C", "30", amount=Decimal(amount), period="23", level=level))
    if left is not None:
        lines.append(line("C", "30", amount=Decimal(left), period="29", level=level))
    return tuple(lines)


@pytest.mark.parametrize(
    ("individual", "family", "met", "remaining"),
    [
        (("1500", "0"), ("3000", "2000"), True, "0"),
        (("1500", "700"), ("3000", "0"), True, "0"),
        (("1500", "700"), ("3000", "2000"), False, "700"),
        (("1500", "700"), ("3000", "300"), False, "300"),
        (("1500", "700"), (None, None), False, "700"),
        ((None, None), ("3000", "400"), False, "400"),
        (("0", None), (None, None), True, "0"),
        (("1500", None), (None, None), None, None),
        (("1500", None), ("3000", "0"), True, "0"),
    ],
)
def test_e15_a_deductible_is_met_when_either_is(
    individual: Any, family: Any, met: bool | None, remaining: str | None
) -> None:
    found = figures(*deductible(*individual), *deductible(family[0], family[1], "FAM")).deductible
    assert found is not None
    assert (found.met, found.remaining) == (met, None if remaining is None else Decimal(remaining))


def test_e15_what_was_used_this_year_is_taken_off_the_base() -> None:
    used = line("C", "30", amount=Decimal("620.55"), period="24", level="IND")
    found = figures(*deductible("1500", None), used).deductible
    assert found is not None
    assert found.individual == Accumulator(Decimal(1500), Decimal("879.45"))


@pytest.mark.parametrize(("relationship", "remaining"), [("self", "100"), (None, "100"), ("child", "40"), ("19", "40")])
def test_e15_dependents_have_lines_of_their_own(relationship: str | None, remaining: str) -> None:
    lines = (*deductible(None, "100", "EMP"), *deductible(None, "40", "DEP"))
    found = answered(
        answer(ACTIVE, *lines), of=coverage(relationship=relationship), asked_service="PT"
    ).figures.deductible
    assert found is not None
    assert found.remaining == Decimal(remaining)


def test_e15_the_file_holds_base_and_remainder_in_one_row() -> None:
    rows = (
        benefit(coverage(), "deductible", amount=Decimal(1500), remaining_amount=Decimal("700.10")),
        benefit(coverage(), "deductible", amount=Decimal(3000), remaining_amount=Decimal(0), level="family"),
    )
    found = on_file(*rows).figures.deductible
    assert found is not None
    assert (found.individual, found.met) == (Accumulator(Decimal(1500), Decimal("700.10")), True)
    new_year = benefit(coverage(), "deductible", remaining_amount=Decimal(0), period_end=TODAY - DAY)
    assert on_file(new_year).figures.deductible is None


def estimate(allowed: str | None, copay: str, left: str, percent: str, out_of_pocket: str | None) -> Any:
    owed = Decimal(left)
    return estimate_of(
        None if allowed is None else Decimal(allowed),
        copay=Copay(Decimal(copay), Decimal(copay), needs_review=False),
        deductible=Deductible(None, None, met=owed == 0, remaining=owed),
        coinsurance=Decimal(percent),
        out_of_pocket=None if out_of_pocket is None else Decimal(out_of_pocket),
    )[0]


@pytest.mark.parametrize(
    ("allowed", "copay", "left", "percent", "out_of_pocket", "total"),
    [
        ("182.40", "25", "0", "0", None, "25"),
        ("182.40", "25", "50", "20", None, "101.48"),
        ("182.40", "0", "500", "20", None, "182.40"),
        ("182.40", "25", "0", "33.33", None, "85.79"),
        ("0.05", "0", "0", "10", None, "0.01"),
        ("0.04", "0", "0", "10", None, "0.00"),
        ("182.40", "25", "50", "20", "60.00", "60.00"),
        ("182.40", "25", "50", "20", "101.48", "101.48"),
        ("182.40", "25", "50", "20", "0", "0"),
    ],
)
def test_e16_copay_deductible_and_coinsurance_up_to_the_out_of_pocket_limit(
    allowed: str, copay: str, left: str, percent: str, out_of_pocket: str | None, total: str
) -> None:
    found = estimate(allowed, copay, left, percent, out_of_pocket)
    assert (found.low, found.high) == (Decimal(total), Decimal(total))
    assert found.capped == (out_of_pocket is not None and Decimal(total) < Decimal("101.48"))


def test_e16_nothing_is_estimated_without_the_allowed_amount() -> None:
    assert estimate(None, "25", "0", "0", None) is None
    assert on_file(copay=Decimal(25)).figures.estimate is None


def test_e16_what_is_not_known_is_named_and_the_text_says_estimated() -> None:
    receipt = on_file(copay=Decimal(25), allowed=Decimal("182.40"))
    found = receipt.figures.estimate
    assert found is not None
    assert (found.high, found.missing) == (Decimal(25), ("deductible", "coinsurance"))
    assert "estimated" in the(receipt, "patient_estimate").text


def test_e16_a_range_of_copays_is_a_range_of_estimates_to_review() -> None:
    lines = (line("B", "PT", amount=Decimal(20)), line("B", "PT", amount=Decimal(50)))
    found = figures(*lines, allowed=Decimal(100)).estimate
    assert found is not None
    assert (found.low, found.high, found.needs_review) == (Decimal(20), Decimal(50), True)


def test_e16_an_estimate_above_the_allowed_amount_is_reviewed() -> None:
    assert estimate("100", "25", "500", "0", None).needs_review
    assert not estimate("100", "0", "500", "0", None).needs_review


def test_e16_the_familys_out_of_pocket_limit_caps_too() -> None:
    caps = (
        line("G", "30", amount=Decimal(900), period="29", level="IND"),
        line("G", "30", amount=Decimal(10), period="29", level="FAM"),
    )
    found = figures(line("B", "PT", amount=Decimal(25)), *caps, allowed=Decimal(100))
    assert found.out_of_pocket == Decimal(10)
    assert found.estimate is not None
    assert (found.estimate.high, found.estimate.capped) == (Decimal(10), True)


CENTS = st.integers(0, 500_000).map(lambda cents: Decimal(cents) / 100)


@given(CENTS, CENTS, CENTS, st.integers(0, 100).map(Decimal), st.none() | CENTS)
def test_e16_an_estimate_is_whole_cents_and_never_above_its_cap(
    allowed: Decimal, copay: Decimal, left: Decimal, percent: Decimal, out_of_pocket: Decimal | None
) -> None:
    found = estimate(
        str(allowed), str(copay), str(left), str(percent), None if out_of_pocket is None else str(out_of_pocket)
    )
    assert found.high == found.high.quantize(Decimal("0.01"))
    assert 0 <= found.low <= found.high <= copay + allowed
    assert out_of_pocket is None or found.high <= out_of_pocket
    assert found.deductible <= min(allowed, left)


def test_e24_without_coverage_the_patient_may_pay_and_is_told_an_estimate() -> None:
    receipt = decided(coverage(period_end=TODAY - DAY), allowed=Decimal("182.40"))
    assert the(receipt, "self_pay_path").params == {"estimate": "182.40"}
    assert receipt.figures.self_pay_estimate == Decimal("182.40")


@pytest.mark.parametrize(("held", "offered"), [(coverage(), False), (coverage(period_start=None), True)])
def test_e24_undetermined_offers_it_too_and_a_covered_patient_does_not_need_it(held: Any, offered: bool) -> None:
    assert (decided(held).fired("self_pay_path") is not None) == offered
