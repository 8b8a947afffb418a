"""Scrub rules: each fails alone, at its edge, on a claim that is clean otherwise."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from shared.domain.claim.scrub import RULES, is_npi, scrub
from shared.domain.claim.scrubbing import PrimaryAnswer, ScrubInput
from shared.models.records import Payer
from tests.unit.claim.claims import (
    DAY,
    OTHER,
    PAYER,
    TODAY,
    claim,
    coverage,
    ground,
    needs_authorization,
    on_file,
    patient,
    visit,
)
from tests.unit.factories import authorization

HELD = authorization(
    id=UUID(int=70), payer_id=PAYER, service_type="98", status="approved", period_start=date(2026, 1, 1),
    period_end=date(2026, 12, 31), units_approved=5, patient_id=UUID(int=1), provider_id=None, coverage_id=None,
)  # fmt: skip


def _file(**members: Any) -> ScrubInput:
    return ground(on_file(**members))


def _claim(**members: Any) -> ScrubInput:
    return ground(claim=claim(**members))


def _secondary(primary: PrimaryAnswer | None) -> ScrubInput:
    return ground(claim=claim(secondary_of_id=UUID(int=99)), primary=primary)


NEEDED = on_file(payer_rules=(needs_authorization(needed=True),))
CASES: tuple[tuple[str, str, ScrubInput], ...] = (
    ("C01", "provider_missing", _claim(provider_id=None)),
    ("C01", "npi_missing", ground(provider_npi=None)),
    ("C01", "npi_invalid", ground(provider_npi="1234567890")),
    ("C02", "payer_missing", _claim(payer_id=None)),
    ("C02", "payer_self_pay", ground(self_pay=True)),
    ("C03", "no_coverage_of_payer", _file(coverages=(coverage(OTHER),))),
    ("C03", "not_covered", _file(coverages=(coverage(period_end=DAY - timedelta(days=1)),))),
    ("C04", "authorization_missing", ground(NEEDED)),
    ("C04", "authorization_missing", _claim(requires_authorization=True)),
    ("C04", "authorization_misfit", ground(claim=claim(authorization_id=HELD.id), authorization=authorization())),
    ("C05", "service_date_missing", _claim(service_date=None)),
    ("C05", "service_date_ahead", _claim(service_date=TODAY + timedelta(days=1))),
    ("C05", "service_before_birth", _file(patient=patient(date_of_birth=DAY + timedelta(days=1)))),
    ("C06", "filing_past", _claim(service_date=TODAY - timedelta(days=91))),
    ("C07", "amount_not_positive", _claim(amount=Decimal(0))),
    ("C07", "amount_not_positive", _claim(amount=Decimal("-0.01"))),
    ("C08", "duplicate_claim", ground(twins=("CLM-2",))),
    ("C09", "birth_date_missing", _file(patient=patient(date_of_birth=None))),
    ("C09", "name_missing", _file(patient=patient(last_name="  "))),
    ("C10", "visit_not_held", _file(context_visit=visit(status="no_show"))),
    ("C10", "visit_not_completed", _file(context_visit=visit(status="with_provider"))),
    ("C11", "primary_not_decided", _secondary(PrimaryAnswer("submitted", None))),
    ("C11", "primary_not_decided", _secondary(None)),
    ("C11", "primary_eob_missing", _secondary(PrimaryAnswer("partially_paid", None))),
    ("C12", "diagnosis_missing", _claim(procedure_codes=("99213",))),
    ("C12", "procedure_missing", _claim(diagnosis_codes=("I10",))),
)
WARNINGS: tuple[tuple[str, str, ScrubInput], ...] = (
    ("C03", "coverage_unknown", _file(coverages=(coverage(period_start=None),))),
    ("C04", "authorization_not_linked", ground(on_file(payer_rules=NEEDED.payer_rules, authorizations=(HELD,)))),
    ("C04", "authorization_depends", _file(payer_rules=(needs_authorization(None),))),
    ("C06", "filing_near", _claim(service_date=TODAY - timedelta(days=90))),
    ("C09", "sex_missing", _file(patient=patient(sex=None))),
    ("C10", "visit_unknown", _file(context_visit=None)),
    ("C10", "visit_on_another_day", _file(context_visit=visit(visit_date=DAY - timedelta(days=1)))),
    ("C11", "other_payer_first", _file(coverages=(coverage(rank=2), coverage(OTHER, rank=1)))),
)


def test_clean_claim_passes_without_a_word() -> None:
    found = scrub(ground())
    assert (found.passed, found.hits, found.hold_reason) == (True, (), None)


@pytest.mark.parametrize(("rule", "code", "given"), CASES, ids=[f"{one[1]}-{n}" for n, one in enumerate(CASES)])
def test_rule_keeps_the_claim_back_with_its_evidence(rule: str, code: str, given: ScrubInput) -> None:
    found = scrub(given)
    hits = [one for one in found.blocks if one.code == code]
    assert not found.passed
    assert [one.rule for one in hits] == [rule]
    assert hits[0].text
    assert code in (found.hold_reason or "")


@pytest.mark.parametrize(("rule", "code", "given"), WARNINGS, ids=[one[1] for one in WARNINGS])
def test_rule_warns_and_lets_the_claim_pass(rule: str, code: str, given: ScrubInput) -> None:
    found = scrub(given)
    assert found.passed
    assert [(one.rule, one.code) for one in found.warnings if one.code == code] == [(rule, code)]


def test_every_rule_has_a_case_a_title_and_a_source() -> None:
    assert {one[0] for one in CASES} == set(RULES)
    assert all(rule.title and rule.source for rule in RULES.values())


def test_what_passes_at_the_edge() -> None:
    assert scrub(_claim(service_date=TODAY, visit_id=None)).passed  # today is not ahead
    assert scrub(_claim(amount=Decimal("0.01"))).passed
    assert scrub(_file(patient=patient(date_of_birth=DAY))).passed  # born on the day
    assert scrub(_file(coverages=(coverage(period_end=DAY),))).passed  # the last day counts
    fitting = on_file(payer_rules=NEEDED.payer_rules, authorizations=(HELD,))
    assert scrub(ground(fitting, claim=claim(authorization_id=HELD.id), authorization=HELD)).hits == ()
    assert scrub(_secondary(PrimaryAnswer("denied", DAY))).passed


def test_past_its_time_a_claim_passes_with_proof_only() -> None:
    late = claim(service_date=TODAY - timedelta(days=91))
    assert "filing_past" in {one.code for one in scrub(ground(claim=late)).blocks}
    assert "filing_past" not in {one.code for one in scrub(ground(claim=late, filing_proof=True)).blocks}


def test_medicare_has_a_year_and_an_unknown_payer_ninety_days() -> None:
    old = claim(service_date=TODAY - timedelta(days=300))
    medicare = ground(claim=old, payer=Payer(PAYER, "Medicare", program="medicare"))
    assert "filing_past" not in {one.code for one in scrub(medicare).blocks}
    assert "filing_past" in {one.code for one in scrub(ground(claim=old, payer=Payer(PAYER, "?"))).blocks}


@pytest.mark.parametrize("nine", ["123456789", "199399999", "200000000", "111111111", "298765432"])
def test_of_ten_numbers_one_is_an_npi(nine: str) -> None:
    right = [digit for digit in "0123456789" if is_npi(nine + digit)]
    assert right == [digit for digit in "0123456789" if _luhn("80840" + nine + digit)]
    assert len(right) == 1


@pytest.mark.parametrize(
    "number", ["1234567894", "123456789", "12345678933", "3234567893", "12345६7893", "", "123456789X"]
)
def test_what_is_no_npi(number: str) -> None:
    assert not is_npi(number)


def _luhn(number: str) -> bool:
    """The check of ISO 7812, written out apart from the code's own."""
    total = 0
    for place, digit in enumerate(reversed(number)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value // 10 + value % 10
    return total % 10 == 0


@pytest.mark.parametrize(("left", "severity"), [(-1, "block"), (0, "warn"), (60, None)])
def test_a_corrected_claim_has_the_time_of_its_correction(left: int, severity: str | None) -> None:
    """Not that of the first filing, which has passed here."""
    billed = claim(
        status="corrected",
        service_date=TODAY - timedelta(days=200),
        adjudicated_on=TODAY - timedelta(days=20),
        corrected_due_on=TODAY + timedelta(days=left),
    )
    hits = [one.severity for one in scrub(ground(claim=billed)).hits if one.evidence.rule == "C06"]
    assert hits == ([] if severity is None else [severity])
