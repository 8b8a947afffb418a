"""Appeals, deadlines, write-offs, underpayment and secondary billing: each at its edge."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from shared.domain.claim.appeals import appeal_due, decision_due, levels, next_level, peer_to_peer_due
from shared.domain.claim.clocks import corrected_due, filing_of, with_clocks
from shared.domain.claim.secondary import forwarding
from shared.domain.claim.underpayment import missing, owed
from shared.domain.claim.write_off import approvers, limit_of, may_write_off
from shared.domain.claim.write_off_request import ASKED, REFUSED, request_in
from shared.models.claim import Appeal, ClaimEvent
from shared.models.records import Payer
from shared.models.roles import Role
from tests.unit.claim.claims import DAY, OTHER, PAYER, TODAY, claim, coverage
from tests.unit.factories import NOW

MEDICARE = Payer(PAYER, "Medicare", program="medicare")
BLUE = Payer(PAYER, "Blue", filing_days=45)
ON = date(2026, 3, 1)


def _appeal(level: int, status: str) -> Appeal:
    return Appeal(UUID(int=level), level, status, ON)  # type: ignore[arg-type]  # the test's own words


@pytest.mark.parametrize(
    ("level", "payer", "days", "code"),
    [
        (1, MEDICARE, 120, "appeal_medicare"), (2, MEDICARE, 180, "appeal_medicare"),
        (3, MEDICARE, 60, "appeal_medicare"),
        (1, BLUE, 180, "appeal_unconfirmed"), (1, None, 180, "appeal_unconfirmed"), (2, BLUE, 60, "appeal_unconfirmed"),
    ],
)  # fmt: skip
def test_levels_are_filed_within_their_days(level: int, payer: Payer | None, days: int, code: str) -> None:
    due, evidence = appeal_due(level, ON, payer)
    assert (due, evidence.code) == (ON + timedelta(days=days), code)


def test_there_is_an_end_of_levels() -> None:
    assert next_level([], BLUE, ON) == 1
    assert next_level([_appeal(1, "lost")], BLUE, None) == 2
    assert next_level([_appeal(1, "lost"), _appeal(2, "open")], BLUE, ON) is None
    lost = [_appeal(n, "lost") for n in range(1, len(levels(BLUE)) + 1)]
    assert next_level(lost, BLUE, None) is None
    assert next_level(lost, MEDICARE, None) == 4
    assert decision_due(1, ON, BLUE) == ON + timedelta(days=60)
    assert peer_to_peer_due(ON) == ON + timedelta(days=14)


def test_a_new_decision_is_appealed_from_the_first_level_on() -> None:
    decided = [replace(_appeal(n, "lost"), decided_on=ON + timedelta(days=30 * n)) for n in (1, 2, 3)]
    assert next_level(decided[:2], BLUE, ON) == 3
    assert next_level(decided[:2], BLUE, ON + timedelta(days=60)) == 3, "a lost appeal is the newest decision"
    assert next_level(decided, BLUE, ON + timedelta(days=91)) == 1
    assert next_level([*decided, _appeal(1, "open")], BLUE, ON + timedelta(days=91)) is None


def test_a_day_that_was_entered_holds_against_the_payers_time() -> None:
    own = filing_of(claim(service_date=ON), BLUE)
    assert own is not None
    later = own.due + timedelta(days=40)
    entered = filing_of(claim(service_date=ON, filing_due_on=later), BLUE)
    assert entered is not None
    assert (entered.due, entered.evidence.code) == (later, "filing_entered")
    assert with_clocks(claim(service_date=ON, filing_due_on=later), BLUE).filing_due_on == later
    assert filing_of(claim(service_date=ON, filing_due_on=own.due), BLUE) == own


def test_a_correction_has_medicares_year_or_the_payers_days_anew() -> None:
    assert corrected_due(ON, MEDICARE)[0] == ON + timedelta(days=365)
    assert corrected_due(ON, BLUE)[0] == ON + timedelta(days=45)
    assert corrected_due(ON, None)[0] == ON + timedelta(days=90)


def test_what_a_payers_contract_says_goes_before_what_is_usual() -> None:
    own = replace(BLUE, appeal_days=60, correction_days=30)
    assert appeal_due(1, ON, own)[0] == ON + timedelta(days=60)
    assert appeal_due(1, ON, own)[1].code == "appeal_days"
    assert appeal_due(2, ON, own)[0] == ON + timedelta(days=60)  # between two levels the usual
    assert corrected_due(ON, own)[0] == ON + timedelta(days=30)
    medicare = replace(MEDICARE, appeal_days=60, correction_days=30)
    assert appeal_due(1, ON, medicare)[0] == ON + timedelta(days=120)  # the regulation's
    assert corrected_due(ON, medicare)[0] == ON + timedelta(days=365)


def test_a_secondary_claim_is_filed_from_the_primarys_decision() -> None:
    second = claim(secondary_of_id=UUID(int=9))
    by_eob, by_service = filing_of(second, BLUE, primary_eob=TODAY), filing_of(claim(), BLUE)
    assert by_eob is not None
    assert by_service is not None
    assert by_eob.due == TODAY + timedelta(days=45)
    assert by_service.due == DAY + timedelta(days=45)
    assert filing_of(claim(service_date=None), BLUE) is None


def test_clocks_start_with_the_decision_and_leave_what_people_entered() -> None:
    denied = with_clocks(claim(status="denied", adjudicated_on=ON), BLUE)
    assert (denied.appeal_due_on, denied.corrected_due_on) == (ON + timedelta(days=180), ON + timedelta(days=45))
    entered = with_clocks(claim(status="denied", adjudicated_on=ON, appeal_due_on=ON), BLUE)
    assert entered.appeal_due_on == ON
    draft = with_clocks(claim(), BLUE)
    assert (draft.filing_due_on, draft.appeal_due_on) == (DAY + timedelta(days=45), None)


@pytest.mark.parametrize(
    ("role", "amount", "allowed"),
    [
        (Role.BILLER, "100.00", True), (Role.BILLER, "100.01", False), (Role.MANAGER, "2500.00", True),
        (Role.MANAGER, "2500.01", False), (Role.ADMIN, "99999999.99", True), (Role.FRONT_DESK, "0.01", False),
        (Role.AUDITOR, "0.01", False), (Role.ELIGIBILITY_SPECIALIST, "0.01", False),
    ],
)  # fmt: skip
def test_a_role_writes_off_up_to_its_limit(role: Role, amount: str, allowed: bool) -> None:
    assert may_write_off(role, Decimal(amount)) is allowed


def test_what_the_contract_gives_up_does_not_count_and_somebody_can_approve() -> None:
    assert may_write_off(Role.BILLER, Decimal(500), agreed=Decimal(400))
    assert not may_write_off(Role.BILLER, Decimal(500), agreed=Decimal(399))
    assert not may_write_off(Role.FRONT_DESK, Decimal(500), agreed=Decimal(500))
    assert approvers(Decimal(2500)) == (Role.MANAGER, Role.ADMIN)
    assert approvers(Decimal("2500.01")) == (Role.ADMIN,)
    assert limit_of(Role.ADMIN) is None


def _event(number: int, kind: str, to: str = "denied") -> ClaimEvent:
    return ClaimEvent(
        UUID(int=number), number, kind, "denied", to, "not_covered", Decimal(120), (), {}, None, None, NOW, number,  # type: ignore[arg-type]
    )  # fmt: skip


def test_a_request_is_open_until_it_is_decided_or_the_claim_moves_on() -> None:
    asked = request_in([_event(1, ASKED)])
    assert asked is not None
    assert (asked.amount, asked.reason) == (Decimal(120), "not_covered")
    assert asked.approvers(claim()) == (Role.MANAGER, Role.ADMIN)
    assert asked.approvers(claim(written_off_amount=Decimal(2380))) == (Role.MANAGER, Role.ADMIN)
    assert asked.approvers(claim(written_off_amount=Decimal("2380.01"))) == (Role.ADMIN,)
    assert request_in([_event(1, ASKED), _event(2, "note")]) is not None
    assert request_in([_event(1, ASKED), _event(2, REFUSED)]) is None
    assert request_in([_event(1, ASKED), _event(2, "appeal", "appealed")]) is None
    assert request_in([_event(1, ASKED), _event(2, REFUSED), _event(3, ASKED)]) is not None
    assert request_in([]) is None


@pytest.mark.parametrize(
    ("members", "short"),
    [
        ({"expected_amount": Decimal(100), "paid_amount": Decimal(99)}, "0"),
        ({"expected_amount": Decimal(100), "paid_amount": Decimal("98.99")}, "1.01"),
        ({"expected_amount": Decimal(500), "paid_amount": Decimal(495)}, "0"),
        ({"expected_amount": Decimal(500), "paid_amount": Decimal("494.99")}, "5.01"),
        ({"allowed_amount": Decimal(100), "patient_amount": Decimal(30), "paid_amount": Decimal(70)}, "0"),
        ({"allowed_amount": Decimal(100), "patient_amount": Decimal(30), "paid_amount": Decimal(60)}, "10"),
        ({"paid_amount": Decimal(1)}, "0"),
        ({"expected_amount": Decimal(100)}, "0"),
    ],
)
def test_underpaid_is_what_rounding_does_not_explain(members: dict[str, Any], short: str) -> None:
    assert missing(claim(**members)) == Decimal(short)


def test_the_patients_part_is_not_owed_by_the_payer() -> None:
    assert owed(claim(allowed_amount=Decimal(50), patient_amount=Decimal(80))) == 0
    assert owed(claim()) is None


PAID = {"status": "partially_paid", "adjudicated_on": TODAY, "paid_amount": Decimal("82.40")}
SECOND = coverage(OTHER, rank=2)


@pytest.mark.parametrize(
    ("members", "coverages", "code"),
    [
        (PAID, (coverage(), SECOND), None),
        (PAID | {"status": "denied", "paid_amount": None}, (SECOND,), None),
        (PAID | {"status": "accepted"}, (SECOND,), "primary_not_decided"),
        (PAID | {"adjudicated_on": None}, (SECOND,), "primary_eob_missing"),
        (PAID | {"adjudicated_on": TODAY + timedelta(days=1)}, (SECOND,), "primary_eob_missing"),
        (PAID, (coverage(),), "no_other_coverage"),
        (PAID, (coverage(OTHER, period_end=DAY - timedelta(days=1)),), "no_other_coverage"),
        (PAID, (coverage(OTHER, payer_kind="self_pay"),), "no_other_coverage"),
        (PAID | {"patient_amount": Decimal(0)}, (SECOND,), "nothing_left"),
    ],
)
def test_the_rest_goes_to_another_payer_when_the_first_has_decided(
    members: dict[str, Any], coverages: tuple[Any, ...], code: str | None
) -> None:
    found = forwarding(claim(**members), coverages, today=TODAY)
    assert (None if found.hindrance is None else found.hindrance.code) == code


def test_the_rest_is_the_patients_part_where_that_is_known() -> None:
    assert forwarding(claim(**PAID), (SECOND,), today=TODAY).rest == Decimal("100.00")
    known = claim(**PAID, patient_amount=Decimal(20))
    assert forwarding(known, (SECOND,), today=TODAY).rest == Decimal(20)
    off = replace(known, written_off_amount=Decimal(5))
    assert forwarding(off, (SECOND,), today=TODAY).rest == Decimal(15)
    own = forwarding(claim(**PAID), (coverage(), SECOND), today=TODAY, chosen=coverage())
    assert own.hindrance is not None
    assert own.hindrance.code == "coverage_does_not_fit"


def test_a_denied_claim_goes_on_whole_whatever_the_patient_was_left_with() -> None:
    members = {"status": "denied", "adjudicated_on": TODAY, "patient_amount": Decimal("0.00")}
    nothing_paid = claim(**members, paid_amount=Decimal("0.00"), allowed_amount=Decimal("0.00"))
    found = forwarding(nothing_paid, (SECOND,), today=TODAY)
    assert (found.hindrance, found.rest) == (None, nothing_paid.amount)
    lessened = replace(nothing_paid, paid_amount=Decimal("12.40"), written_off_amount=Decimal(50))
    assert forwarding(lessened, (SECOND,), today=TODAY).rest == Decimal("120.00")


def test_what_was_refused_of_a_part_payment_goes_on_with_the_patients_part() -> None:
    members = PAID | {"allowed_amount": Decimal("142.40"), "patient_amount": Decimal(20)}
    assert forwarding(claim(**members), (SECOND,), today=TODAY).rest == Decimal("60.00")
    refused = forwarding(claim(**members | {"patient_amount": Decimal(0)}), (SECOND,), today=TODAY)
    assert (refused.hindrance, refused.rest) == (None, Decimal("60.00"))
    off = claim(**members, written_off_amount=Decimal(60))
    hindrance = forwarding(off, (SECOND,), today=TODAY).hindrance
    assert hindrance is not None
    assert hindrance.code == "nothing_left"
