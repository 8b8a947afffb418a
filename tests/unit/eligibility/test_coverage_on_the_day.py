"""E01, E02, E05, E07: coverages on the day at their edges, and the dates against an oracle that goes day by day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain import eligibility
from shared.domain.eligibility.coverage import ranked
from shared.domain.eligibility.dates import SERVICE_TYPES
from shared.models.records import Coverage
from tests.unit.eligibility.deciding import DAY, codes, decided
from tests.unit.factories import OTHER_PAYER, PAYER, TODAY, coverage, file, visit

FIRST, LAST = date(2026, 1, 1), date(2026, 12, 31)
SELF_PAY = {"payer_kind": "self_pay", "payer_name": "No insurance"}


@pytest.mark.parametrize(
    ("on", "verdict"),
    [(FIRST - DAY, "not_eligible"), (FIRST, "eligible"), (LAST, "eligible"), (LAST + DAY, "not_eligible")],
)
def test_e02_a_coverage_holds_from_its_first_to_its_last_day(on: date, verdict: str) -> None:
    receipt = decided(coverage(), on=on)
    assert receipt.verdict == verdict
    assert codes(receipt)[0] == ("E02", "coverage_active" if verdict == "eligible" else "coverage_inactive")


def test_e02_a_coverage_of_one_day_holds_on_it() -> None:
    one_day = coverage(period_start=TODAY, period_end=TODAY)
    assert [decided(one_day, on=TODAY + n * DAY).eligible for n in (-1, 0, 1)] == [False, True, False]


def test_e02_no_end_is_open() -> None:
    receipt = decided(coverage(period_end=None), on=date(2999, 12, 31))
    assert receipt.verdict == "eligible"


@pytest.mark.parametrize("end", [None, LAST, FIRST])
def test_e02_an_unknown_start_is_never_invented(end: date | None) -> None:
    undated = coverage(period_start=None, period_end=end)
    receipt = decided(undated)
    assert (receipt.verdict, receipt.eligible, receipt.status) == ("undetermined", None, "pending")
    assert codes(receipt) == [("E02", "coverage_period_unknown")]
    assert receipt.evidence[0].source == f"coverages/{undated.id}"
    assert receipt.requires_auth is None
    assert receipt.coverage_id == undated.id


def test_e07_an_active_coverage_outweighs_one_without_a_start() -> None:
    active = coverage(rank=2)
    receipt = decided(coverage(period_start=None, rank=1), active)
    assert (receipt.verdict, receipt.coverage_id) == ("eligible", active.id)


def test_e07_nothing_on_file_is_undetermined() -> None:
    for receipt in (decided(), decided(coverage(status="removed"))):
        assert receipt.verdict == "undetermined"
        assert codes(receipt) == [("E07", "no_coverage_on_file")]


def test_e24_self_pay_documents_that_there_is_no_insurance() -> None:
    receipt = decided(coverage(**SELF_PAY))
    assert (receipt.verdict, receipt.status, receipt.coverage_id) == ("not_eligible", "error", None)
    assert codes(receipt) == [("E24", "no_insurance")]


def test_e01_self_pay_beside_an_active_insurance_does_not_count() -> None:
    insured = coverage(rank=2)
    receipt = decided(coverage(**SELF_PAY), insured)
    assert receipt.coverage_id == insured.id
    assert ("E18", "verify_cob") not in codes(receipt)


def test_e07_self_pay_does_not_settle_an_insurance_without_a_start() -> None:
    assert decided(coverage(**SELF_PAY), coverage(period_start=None)).verdict == "undetermined"


def test_e24_self_pay_of_another_time_says_nothing_about_the_day() -> None:
    past = coverage(**SELF_PAY, period_end=TODAY - DAY)
    assert codes(decided(past)) == [("E02", "coverage_inactive")]


def test_e01_the_first_rank_that_is_active_decides() -> None:
    over = coverage(rank=1, period_end=TODAY - DAY)
    second, third = coverage(rank=2), coverage(rank=3, payer_id=OTHER_PAYER)
    for order in ((over, second, third), (third, second, over)):
        assert decided(*order).coverage_id == second.id


def test_e01_of_one_rank_the_newest_goes_first() -> None:
    old, new = coverage(period_start=date(2024, 1, 1), period_end=None), coverage(period_start=date(2026, 11, 1))
    undated = coverage(period_start=None)
    assert ranked([old, new, undated]) == [undated, new, old]
    assert decided(old, new).coverage_id == new.id
    assert decided(replace(old, rank=0), new).coverage_id == old.id


def test_e01_a_removed_coverage_is_skipped() -> None:
    removed, kept = coverage(status="removed"), coverage(rank=2)
    assert decided(removed, kept).coverage_id == kept.id


@pytest.mark.parametrize("status", ["cancelled", "draft"])
def test_e02_a_coverage_that_is_not_in_force_covers_nothing(status: str) -> None:
    out_of_force, kept = coverage(status=status), coverage(rank=2)
    assert decided(out_of_force, kept).coverage_id == kept.id
    receipt = decided(out_of_force)
    assert receipt.verdict == "not_eligible"
    assert codes(receipt) == [("E02", "coverage_not_in_force")]
    assert codes(decided(out_of_force, on=LAST + DAY)) == [("E02", "coverage_inactive")]
    assert decided(coverage(status=status, period_start=None)).verdict == "not_eligible"


def test_e18_two_active_payers_must_be_put_in_order() -> None:
    other = coverage(rank=2, payer_id=OTHER_PAYER)
    receipt = decided(coverage(), other)
    assert receipt.verdict == "eligible"
    assert [(e.rule, e.code, e.source) for e in receipt.evidence][1] == ("E18", "verify_cob", f"coverages/{other.id}")


def test_e18_two_periods_of_one_payer_need_no_order() -> None:
    assert ("E18", "verify_cob") not in codes(decided(coverage(), coverage(rank=2)))


def test_e18_a_second_payer_that_is_not_active_needs_no_order() -> None:
    past = coverage(rank=2, payer_id=OTHER_PAYER, period_end=TODAY - DAY)
    assert ("E18", "verify_cob") not in codes(decided(coverage(), past))


def test_e02_the_date_of_service_comes_from_the_nearest_source() -> None:
    asked, here, coming = date(2026, 5, 5), visit(on=date(2026, 6, 6)), visit(on=date(2026, 7, 7))
    both = file(context_visit=here, next_visit=coming)
    assert both.next_visit == coming
    assert eligibility.service_date(both, asked=asked, today=TODAY) == (asked, "params")
    assert eligibility.service_date(both, asked=None, today=TODAY) == (here.visit_date, "context_visit")
    only = replace(both, context_visit=None)
    assert eligibility.service_date(only, asked=None, today=TODAY) == (coming.visit_date, "next_visit")
    assert eligibility.service_date(file(), asked=None, today=TODAY) == (TODAY, "today")


def test_e02_the_receipt_says_which_day_and_why() -> None:
    receipt = eligibility.decide(file(coverage(), next_visit=visit()), today=TODAY)
    assert (receipt.date_of_service, receipt.date_source) == (date(2026, 12, 1), "next_visit")
    assert receipt.service_type == "98"


@pytest.mark.parametrize(
    ("visit_type", "service"),
    [
        ("office", "98"),
        ("general", "30"),
        ("mental_health", "MH"),
        ("urgent", "UC"),
        ("physical_therapy", "PT"),
        ("chiropractic", "33"),
        ("emergency", "86"),
        ("pharmacy", "88"),
        ("dental", "35"),
        ("vision", "AL"),
        ("something new", "30"),
        (None, "30"),
    ],
)
def test_e05_the_service_type_follows_from_the_visit(visit_type: str | None, service: str) -> None:
    receipt = eligibility.decide(file(context_visit=visit(visit_type)), today=TODAY)
    assert receipt.service_type == service
    asked = eligibility.decide(file(context_visit=visit(visit_type)), asked_service="MH", today=TODAY)
    assert asked.service_type == "MH"


def test_e05_every_service_type_is_tried_above() -> None:
    assert len(SERVICE_TYPES) == 10


DAYS = st.integers(0, 40).map(lambda n: date(2026, 11, 1) + n * DAY)
KINDS = st.sampled_from(["insurance", "self_pay"])
STATUSES = st.sampled_from(["active", "active", "removed", "cancelled"])


@st.composite
def coverages(draw: st.DrawFn) -> Coverage:
    start, end = draw(st.none() | DAYS), draw(st.none() | DAYS)
    if start and end and end < start:
        start, end = end, start
    return coverage(
        rank=draw(st.integers(1, 3)),
        period_start=start,
        period_end=end,
        payer_kind=draw(KINDS),
        payer_id=draw(st.sampled_from([PAYER, OTHER_PAYER])),
        status=draw(STATUSES),
    )


def covered_days(held: Coverage) -> set[date]:
    """Every day of the window that a coverage with a start holds on, one by one."""
    if held.period_start is None:
        return set()
    days = set()
    day = held.period_start
    while day <= (held.period_end or date(2026, 12, 31)):
        days.add(day)
        day += DAY
    return days


@given(st.lists(coverages(), max_size=5), DAYS)
def test_e02_the_verdict_agrees_with_a_calendar(held: list[Coverage], on: date) -> None:
    counting = [one for one in held if one.status != "removed"]
    insured = [one for one in counting if one.payer_kind == "insurance" and one.status == "active"]
    on_the_day = [one for one in insured if on in covered_days(one)]
    receipt = decided(*held, on=on)
    verdict, chosen, evidence = receipt.verdict, receipt.coverage, receipt.evidence
    assert evidence
    if on_the_day:
        assert verdict == "eligible"
        assert chosen is not None
        assert chosen.id in {one.id for one in on_the_day}
        assert chosen.rank == min(one.rank for one in on_the_day)
        payers = {one.payer_id for one in on_the_day}
        assert ("verify_cob" in {one.code for one in evidence}) == (len(payers) > 1)
    elif any(one.period_start is None for one in insured) or not counting:
        assert verdict == "undetermined"
    else:
        assert verdict == "not_eligible"


@given(st.lists(coverages(), max_size=5).flatmap(lambda held: st.tuples(st.just(held), st.permutations(held))), DAYS)
def test_e01_the_order_in_which_coverages_are_read_does_not_matter(
    held: tuple[list[Coverage], list[Coverage]], on: date
) -> None:
    assert decided(*held[0], on=on) == decided(*held[1], on=on)
