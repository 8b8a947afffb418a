"""Receipts: complete, impersonal, kept exactly, decided again alike; differences; explanations; what always holds."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain import eligibility
from shared.models.identifiers import uuid7
from shared.models.payer_answer import AnsweredPerson, CheckFailure, PayerAnswer, Rejection
from shared.models.records import EligibilityFile
from shared.models.typed_json import from_json, to_json
from shared.models.verdict import Difference, GivenAnswer, VerdictReceipt
from tests.unit.eligibility.deciding import DAY, answered, codes, decided
from tests.unit.factories import (
    NOW,
    OTHER_PAYER,
    PAYER,
    TODAY,
    answer,
    authorization,
    benefit,
    coverage,
    file,
    given_to,
    line,
    payer,
    rule,
    visit,
)

PREVIOUS = UUID(int=0xC)
DAYS = st.integers(-40, 40).map(lambda n: TODAY + n * DAY)
MAYBE_DAY = st.none() | DAYS
SERVICES = st.sampled_from(["30", "98", "MH"])
PAYERS = st.sampled_from([PAYER, OTHER_PAYER])
EB = st.sampled_from(["1", "5", "6", "8", "I", "U", "V", "B", "C", "F", "R", "MC", "??"])
MONEY = st.none() | st.integers(0, 100_000).map(lambda cents: Decimal(cents) / 100)
REJECTED = st.sampled_from(["42", "72", "58", "41", "62", "ZZ"]).map(lambda code: Rejection(code, "subscriber"))
FAILURES = st.builds(
    CheckFailure,
    kind=st.sampled_from(["retryable", "needs_correction", "payer_setup", "unsupported", "date_window"]),
    reason=st.sampled_from(
        ["timeout", "unreachable", "unreadable", "not_supported", "outside_window", "rejected", "?"]
    ),
)
LINES = st.builds(
    line,
    EB,
    SERVICES,
    amount=MONEY,
    period=st.sampled_from([None, "23", "29"]),
    quantity=st.none() | st.integers(0, 3).map(Decimal),
    requires_auth=st.sampled_from([None, "Y", "N", "U"]),
    network=st.sampled_from([None, "Y", "N", "W", "U"]),
    insurance_type=st.sampled_from([None, "MA", "HN", "MC"]),
)
PEOPLE = st.none() | st.builds(
    AnsweredPerson,
    last_name=st.sampled_from(["Vasquez", "Other", None]),
    first_name=st.sampled_from(["Elena", None]),
    date_of_birth=st.sampled_from([date(1981, 4, 3), None]),
    member_id=st.just("BST553018842"),
)
ANSWERS = st.builds(
    lambda lines, rejections, person: answer(*lines, rejections=tuple(rejections), person=person),
    st.lists(LINES, max_size=4),
    st.lists(REJECTED, max_size=2),
    PEOPLE,
)


@st.composite
def coverages(draw: st.DrawFn) -> Any:
    start, end = draw(MAYBE_DAY), draw(MAYBE_DAY)
    if start and end and end < start:
        start, end = end, start
    return coverage(
        rank=draw(st.integers(1, 3)),
        period_start=start,
        period_end=end,
        payer_id=draw(PAYERS),
        payer_kind=draw(st.sampled_from(["insurance", "insurance", "self_pay"])),
        status=draw(st.sampled_from(["active", "active", "active", "removed", "cancelled"])),
        copay=draw(MONEY),
    )


@st.composite
def files(draw: st.DrawFn) -> EligibilityFile:
    held = draw(st.lists(coverages(), max_size=4))
    rows = [
        benefit(
            draw(st.sampled_from(held)),
            draw(st.sampled_from(["active", "not_covered", "copay", "deductible", "limit"])),
            service_type=draw(SERVICES),
            amount=draw(MONEY),
            remaining_amount=draw(MONEY),
            remaining_quantity=draw(st.none() | st.integers(0, 3)),
        )
        for _ in range(draw(st.integers(0, 3)) if held else 0)
    ]
    rules = {(one.payer_id, one.service_type): one for one in draw(st.lists(st.builds(
        rule, SERVICES, requires_auth=st.sampled_from([True, False, None]), payer_id=PAYERS), max_size=4))}  # fmt: skip
    granted = st.builds(authorization, status=st.sampled_from(["approved", "pended", "denied", "not_required"]))
    return file(
        *held,
        benefits=tuple(rows),
        payer_rules=tuple(rules.values()),
        authorizations=tuple(draw(st.lists(granted, max_size=2))),
        booked_visits=tuple(draw(st.lists(st.builds(visit, st.just("office"), DAYS), max_size=3))),
        payers=(payer(program=draw(st.sampled_from([None, "medicare"])), network=draw(st.sampled_from([None, "in"]))),),
    )


@st.composite
def cases(draw: st.DrawFn) -> tuple[EligibilityFile, dict[str, Any]]:
    """A file, and a question with what payers answered about some of its coverages."""
    on_file = draw(files())
    told = {
        held.id: given_to(held, draw(ANSWERS | FAILURES))
        for held in on_file.coverages
        if held.payer_kind == "insurance" and draw(st.booleans())
    }
    asked = {"asked_date": draw(MAYBE_DAY), "asked_service": draw(st.none() | SERVICES), "allowed": draw(MONEY)}
    return on_file, asked | {"answers": tuple(told.values())}


def verdict_of(case: tuple[EligibilityFile, dict[str, Any]]) -> VerdictReceipt:
    return eligibility.decide(case[0], **case[1], today=TODAY)


@given(cases())
def test_a_receipt_decided_again_gives_the_identical_verdict(case: tuple[EligibilityFile, dict[str, Any]]) -> None:
    receipt = verdict_of(case)
    assert eligibility.replay(receipt) == receipt


@given(cases())
def test_a_receipt_is_kept_exactly(case: tuple[EligibilityFile, dict[str, Any]]) -> None:
    receipt = verdict_of(case)
    written = to_json(receipt)
    assert from_json(VerdictReceipt, written) == receipt
    assert from_json(VerdictReceipt, json.loads(written)) == receipt
    assert eligibility.replay(from_json(VerdictReceipt, written) or receipt) == receipt


@given(cases(), st.randoms())
def test_the_order_in_which_anything_is_read_does_not_matter(
    case: tuple[EligibilityFile, dict[str, Any]], chance: Any
) -> None:
    on_file, asked = case
    members = ("coverages", "payer_rules", "authorizations", "payers", "benefits")
    shuffled: dict[str, Any] = {}
    for name in members:
        rows = list(getattr(on_file, name))
        shuffled[name] = tuple(chance.sample(rows, len(rows)))
    again = (replace(on_file, **shuffled), asked | {"answers": tuple(reversed(asked["answers"]))})
    assert verdict_of(again) == verdict_of(case)


@given(files(), st.data())
def test_a_check_that_failed_is_never_not_eligible(on_file: EligibilityFile, data: st.DataObject) -> None:
    """Whatever is on file: as long as a coverage in force got no answer, nobody is told that they are not covered."""
    insured = [one for one in on_file.coverages if one.payer_kind == "insurance" and one.status != "removed"]
    failed = tuple(given_to(one, data.draw(FAILURES)) for one in insured)
    receipt = eligibility.decide(on_file, answers=failed, today=TODAY)
    assert receipt.verdict != "eligible" or not insured
    if insured:
        assert receipt.verdict == "undetermined"
        assert receipt.failure is not None


@given(cases(), coverages())
def test_another_coverage_never_takes_eligibility_away(case: tuple[EligibilityFile, dict[str, Any]], more: Any) -> None:
    """Removed, self-pay, lower-ranked or not active: a further coverage of no bearing never turns a yes into a no."""
    on_file, asked = case
    receipt = verdict_of(case)
    program_of_its_own = replace(more, payer_id=uuid7())
    further = replace(on_file, coverages=(*on_file.coverages, program_of_its_own))
    if receipt.verdict == "eligible":
        assert verdict_of((further, asked)).verdict == "eligible"


@given(cases())
def test_every_verdict_explains_itself(case: tuple[EligibilityFile, dict[str, Any]]) -> None:
    receipt = verdict_of(case)
    assert receipt.evidence
    steps = eligibility.explain(receipt)
    assert [step.evidence.code for step in steps[:3]] == ["date_of_service", "service_type", "coverages_ranked"]
    assert all(step.title and step.rule_source and step.evidence.text for step in steps)
    assert {one.code for one in (*receipt.evidence, *receipt.suggestions)} <= {step.evidence.code for step in steps}


@given(cases())
def test_the_status_follows_from_the_verdict(case: tuple[EligibilityFile, dict[str, Any]]) -> None:
    receipt = verdict_of(case)
    assert (receipt.status == "proceed") <= (receipt.verdict == "eligible")
    assert (receipt.verdict == "not_eligible") <= (receipt.status == "error")
    assert (receipt.status == "proceed") <= (receipt.requires_auth is not True or receipt.authorization_met)


def test_a_receipt_names_ids_and_versions_and_nobody() -> None:
    held = coverage(version=7)
    receipt = decided(held, payer_rules=(rule(),), authorizations=(authorization(),), next_visit=visit())
    written = to_json(receipt)
    assert f'"{held.id}"' in written
    assert '"version":7' in written
    assert not [
        word for word in ("Elena", "Vasquez", "MRN553", "BST553018842", "555-0100", "AUTH-1") if word in written
    ]


def test_evidence_says_as_of_when_it_was_known() -> None:
    edited = coverage(updated_at=NOW - timedelta(days=3))
    assert decided(edited).evidence[0].as_of == NOW - timedelta(days=3)
    held = coverage()
    told = GivenAnswer(held.id, "clearinghouse", NOW, answer(line("1", "30")))
    assert decided(held, answers=(told,)).evidence[0].as_of == NOW


def test_a_receipt_is_decided_again_for_an_older_date() -> None:
    held = coverage(period_start=date(2026, 6, 1))
    receipt = decided(held)
    older = eligibility.replay(receipt, on=date(2026, 5, 31))
    assert (older.verdict, older.date_of_service, older.date_source) == ("not_eligible", date(2026, 5, 31), "params")
    assert eligibility.replay(receipt, on=date(2026, 6, 1)).verdict == "eligible"
    assert eligibility.replay(receipt, service="MH").service_type == "MH"


@pytest.mark.parametrize("kept", ['{"dateSource": "today", "authorizationMet": false}', "{}", None])
def test_a_receipt_of_another_shape_is_not_read(kept: str | None) -> None:
    assert from_json(VerdictReceipt, kept) is None


def changes(before: VerdictReceipt, after: VerdictReceipt) -> dict[str, tuple[str | None, str | None, bool]]:
    found = eligibility.difference(PREVIOUS, before, after)
    assert found.previous == PREVIOUS
    return {one.member: (one.before, one.after, one.material) for one in found.changes}


HELD = coverage(copay=Decimal("25.00"), plan_name="Choice PPO")


def test_nothing_changed_is_no_difference() -> None:
    assert changes(decided(HELD), decided(HELD)) == {}
    assert not eligibility.difference(PREVIOUS, decided(HELD), decided(HELD)).material


@pytest.mark.parametrize(
    ("after", "member", "was", "now"),
    [
        (decided(replace(HELD, plan_name="Choice HMO")), "plan", "Choice PPO", "Choice HMO"),
        (decided(replace(HELD, payer_name="Capstone")), "payer", "Bluestem Health Plan", "Capstone"),
        (decided(replace(HELD, copay=Decimal(40))), "copay", "25.00", "40.00"),
        (decided(HELD, payer_rules=(rule(),)), "requires_auth", None, "required"),
        (decided(replace(HELD, period_end=TODAY - DAY)), "verdict", "eligible", "not_eligible"),
        (
            decided(HELD, benefits=(benefit(HELD, "limit", remaining_quantity=3),)),
            "visits_left",
            None,
            "3",
        ),
    ],
)
def test_material_changes_are_told_apart(after: VerdictReceipt, member: str, was: str | None, now: str) -> None:
    found = changes(decided(HELD), after)
    assert found[member] == (was, now, True)
    assert eligibility.difference(PREVIOUS, decided(HELD), after).material


def test_immaterial_changes_are_shown_and_raise_nothing() -> None:
    left = [
        decided(HELD, benefits=(benefit(HELD, "deductible", amount=Decimal(1500), remaining_amount=Decimal(amount)),))
        for amount in (700, 500)
    ]
    assert changes(*left) == {"deductible_left": ("700.00", "500.00", False)}
    assert not eligibility.difference(PREVIOUS, *left).material
    extended = decided(replace(HELD, version=2))
    assert changes(decided(HELD), extended) == {"coverage_version": ("1", "2", False)}


def test_asking_about_another_day_or_service_is_no_change() -> None:
    long_ago = decided(HELD, on=date(2020, 1, 1))
    assert long_ago.verdict == "not_eligible"
    assert changes(long_ago, decided(HELD)) == {}
    rules: dict[str, Any] = {"payer_rules": (rule("98"), rule("MH", requires_auth=False))}
    assert changes(decided(HELD, asked_service="MH", **rules), decided(HELD, asked_service="98", **rules)) == {}


def test_a_payers_answers_are_compared_as_they_are() -> None:
    before = answered(answer(line("1", "30")), of=HELD)
    after = answered(answer(line("6", "30")), of=HELD)
    assert changes(before, after)["verdict"] == ("eligible", "not_eligible", True)


def test_a_difference_is_kept_exactly() -> None:
    found = eligibility.difference(PREVIOUS, decided(HELD), decided(replace(HELD, plan_name=None)))
    assert from_json(Difference, to_json(found)) == found


def test_an_answer_is_kept_exactly_with_everything_in_it() -> None:
    told = answer(
        line("B", "98", amount=Decimal("25.10"), percent=Decimal("12.5"), messages=("CALL US",)),
        person=AnsweredPerson("VASQUEZ", "ELENA", date(1981, 4, 3), "BST1"),
        rejections=(Rejection("42", "subscriber", "R", "TRY LATER"),),
    )
    assert from_json(PayerAnswer, to_json(told)) == told


def test_the_payers_own_words_stay_with_the_check_and_out_of_the_receipt() -> None:
    failure = CheckFailure(
        "needs_correction", "rejected", ("72",), ("coverage.memberId",), texts=("MS VASQUEZ UNKNOWN",)
    )
    receipt = answered(failure)
    assert "VASQUEZ" not in to_json(receipt)
    assert codes(receipt) == [("E19", "rejected_needs_correction")]
