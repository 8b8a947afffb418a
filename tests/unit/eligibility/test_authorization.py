"""E09, E10, E11, E23: is an authorization needed, does one fit, does it end soon, is its decision late."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from shared.domain.eligibility.authorization import overdue
from shared.models.records import Authorization
from shared.models.verdict import VerdictReceipt
from tests.unit.eligibility.deciding import DAY, answered, codes, decided, the
from tests.unit.factories import (
    OTHER_PAYER,
    TODAY,
    answer,
    authorization,
    benefit,
    coverage,
    line,
    payer,
    rule,
    visit,
)

DOCTOR, COLLEAGUE = UUID(int=0xD1), UUID(int=0xD2)


def asked(**members: Any) -> VerdictReceipt:
    return decided(coverage(), **{"asked_service": "98"} | members)


@pytest.mark.parametrize(
    ("rules", "needed", "code"),
    [
        ((), None, "auth_requirement_unknown"),
        ((rule("98", requires_auth=True),), True, "authorization_required"),
        ((rule("98", requires_auth=False), rule("30", requires_auth=True)), False, "authorization_not_required"),
        ((rule("30", requires_auth=True),), True, "authorization_required"),
        ((rule("98", requires_auth=None), rule("30", requires_auth=True)), None, "authorization_depends"),
        ((rule("MH", requires_auth=True),), None, "auth_requirement_unknown"),
        ((rule("98", payer_id=OTHER_PAYER),), None, "auth_requirement_unknown"),
        ((rule("98", procedure="97110"),), None, "auth_requirement_unknown"),
    ],
)
def test_e09_the_payers_rule_for_the_service_goes_before_its_general_one(
    rules: tuple[Any, ...], needed: bool | None, code: str
) -> None:
    receipt = asked(payer_rules=rules)
    assert receipt.requires_auth == needed
    assert the(receipt, code).rule == "E09"


def test_e09_the_procedures_rule_goes_before_the_services() -> None:
    rules = (rule("98", requires_auth=False), rule("98", requires_auth=True, procedure="97110"))
    assert asked(payer_rules=rules).requires_auth is False
    assert asked(payer_rules=rules, procedure="97110").requires_auth is True
    assert asked(payer_rules=rules, procedure="99213").requires_auth is False
    general = (rule("98", requires_auth=False), rule("30", requires_auth=True, procedure="97110"))
    assert asked(payer_rules=general, procedure="97110").requires_auth is True


@pytest.mark.parametrize(
    ("flag", "own", "needed"),
    [
        ("Y", False, True),
        ("Y", None, True),
        ("Y", "absent", True),
        ("N", True, True),
        ("N", None, None),
        ("N", False, False),
        ("N", "absent", False),
        ("U", False, None),
        ("U", True, True),
        ("U", "absent", None),
        (None, True, True),
        (None, False, False),
        (None, "absent", None),
    ],
)
def test_e09_the_stronger_of_the_answers_flag_and_the_payers_rule_counts(
    flag: Any, own: Any, needed: bool | None
) -> None:
    rules = () if own == "absent" else (rule("98", requires_auth=own),)
    told = answer(line("1", "30"), line("B", "98", requires_auth=flag, amount=None))
    receipt = answered(told, payer_rules=rules, asked_service="98")
    assert receipt.requires_auth is needed


def test_e09_a_flag_is_read_from_the_services_line_in_our_network() -> None:
    general = line("1", "30", requires_auth="N")
    outside = line("1", "98", requires_auth="Y", network="N")
    inside = line("1", "98", requires_auth="N", network="Y")
    told = answer(general, outside, inside)
    assert answered(told, asked_service="98", payers=(payer(network="in"),)).requires_auth is False
    assert answered(told, asked_service="98", payers=(payer(network="out"),)).requires_auth is True
    assert answered(told, asked_service="98").requires_auth is True
    assert answered(told, asked_service="MH").requires_auth is False


def test_e09_a_benefit_on_file_carries_a_flag_too() -> None:
    held = coverage()
    flagged = benefit(held, "active", service_type="98", requires_auth=True)
    receipt = decided(held, benefits=(flagged,), asked_service="98")
    assert (receipt.requires_auth, the(receipt, "authorization_required").source) == (True, f"benefits/{flagged.id}")


def test_e09_what_depends_must_be_asked_and_what_is_unknown_stands_in_nobodys_way() -> None:
    assert asked(payer_rules=(rule("98", requires_auth=None),)).status == "pending"
    assert asked().status == "proceed"


def test_e09_a_payer_that_said_no_authorization_is_needed_for_this_service_settles_it() -> None:
    said = authorization(status="not_required", units_approved=None)
    receipt = asked(payer_rules=(rule("98"),), authorizations=(said,))
    assert (receipt.requires_auth, receipt.status) == (False, "proceed")
    assert the(receipt, "authorization_waived").source == f"authorizations/{said.id}"
    other = authorization(status="not_required", service_type="MH")
    assert asked(payer_rules=(rule("98"),), authorizations=(other,)).requires_auth is True


@pytest.mark.parametrize(
    ("members", "fits"),
    [
        ({}, True),
        ({"status": "partially_approved"}, True),
        ({"status": "modified"}, True),
        ({"status": "submitted"}, False),
        ({"status": "denied"}, False),
        ({"status": "expired"}, False),
        ({"status": "revoked"}, False),
        ({"payer_id": OTHER_PAYER}, False),
        ({"payer_id": None}, False),
        ({"service_type": None}, True),
        ({"service_type": "MH"}, False),
        ({"period_start": TODAY}, True),
        ({"period_start": TODAY + DAY}, False),
        ({"period_end": TODAY}, True),
        ({"period_end": TODAY - DAY}, False),
        ({"period_start": None, "period_end": None}, True),
        ({"units_approved": None}, True),
        ({"units_approved": 4, "units_used": 2, "units_reserved": 1}, True),
        ({"units_approved": 3, "units_used": 2, "units_reserved": 1}, False),
        ({"units_approved": 3, "units_used": 3, "units_reserved": 0}, False),
        ({"units_approved": 0, "units_used": 0, "units_reserved": 0}, False),
        ({"provider_id": DOCTOR}, True),
        ({"provider_id": COLLEAGUE}, False),
        ({"procedure_codes": ("97110", "97140")}, True),
        ({"procedure_codes": ("97140",)}, False),
    ],
)
def test_e10_an_authorization_fits_only_when_everything_does(members: dict[str, Any], fits: bool) -> None:
    held = authorization(**members)
    here = visit(on=TODAY, provider_id=DOCTOR)
    receipt = asked(payer_rules=(rule(),), authorizations=(held,), context_visit=here, procedure="97110")
    assert (receipt.requires_auth, receipt.authorization_met) == (True, fits)
    assert receipt.status == ("proceed" if fits else "pending")
    assert (("E10", "authorization_on_file") in codes(receipt)) == fits


def test_e10_one_that_fits_is_found_among_others() -> None:
    fitting = authorization()
    several = (authorization(status="denied"), fitting, authorization(payer_id=OTHER_PAYER))
    receipt = asked(payer_rules=(rule(),), authorizations=several)
    assert the(receipt, "authorization_on_file").source == f"authorizations/{fitting.id}"


def test_e10_what_does_not_fit_is_named() -> None:
    near = authorization(period_end=TODAY - DAY, service_type="MH")
    receipt = asked(payer_rules=(rule(),), authorizations=(near,))
    assert the(receipt, "authorization_misfit").params == {"faults": "service, date"}


@pytest.mark.parametrize(
    ("status", "code"),
    [("submitted", "authorization_awaited"), ("pended", "authorization_awaited"), ("denied", "authorization_denied")],
)
def test_e10_a_request_under_way_or_denied_is_told(status: str, code: str) -> None:
    receipt = asked(payer_rules=(rule(),), authorizations=(authorization(status=status, requested_date=TODAY),))
    assert (receipt.authorization_met, receipt.status) == (False, "pending")
    assert the(receipt, code).rule == "E10"


def test_e10_none_is_asked_for_without_coverage() -> None:
    receipt = decided(coverage(period_end=TODAY - DAY), payer_rules=(rule(),))
    assert (receipt.verdict, receipt.requires_auth, receipt.status) == ("not_eligible", None, "error")


@pytest.mark.parametrize(
    ("members", "params"),
    [
        ({"period_end": TODAY + 15 * DAY}, None),
        ({"period_end": TODAY + 14 * DAY}, {"days": "14"}),
        ({"period_end": TODAY}, {"days": "0"}),
        ({"period_end": None}, None),
        ({"period_end": None, "units_approved": 5, "units_used": 1, "units_reserved": 1}, None),
        ({"period_end": None, "units_approved": 4, "units_used": 1, "units_reserved": 1}, {"units": "2"}),
        ({"period_end": None, "units_approved": None}, None),
    ],
)
def test_e11_an_authorization_ends_within_14_days_or_with_two_units(
    members: dict[str, Any], params: dict[str, str] | None
) -> None:
    receipt = asked(payer_rules=(rule(),), authorizations=(authorization(**members),))
    evidence = receipt.fired("authorization_expiring")
    assert (evidence and dict(evidence.params)) == params
    assert receipt.status == "proceed"


def test_e11_only_the_one_that_is_used_is_looked_at() -> None:
    ending = authorization(period_end=TODAY + DAY)
    lasting = authorization(period_end=TODAY + 99 * DAY)
    receipt = asked(payer_rules=(rule(),), authorizations=(ending, lasting))
    assert the(receipt, "authorization_on_file").source == f"authorizations/{lasting.id}"
    assert receipt.fired("authorization_expiring") is None


def late(held: Authorization, today: date = TODAY, now: datetime | None = None) -> bool:
    return overdue(held, today=today, now=now) is not None


@pytest.mark.parametrize(
    ("urgency", "days", "is_late"),
    [(None, 7, False), (None, 8, True), ("standard", 7, False), ("urgent", 3, False), ("urgent", 4, True)],
)
def test_e23_a_decision_is_late_after_seven_days_or_72_hours(urgency: Any, days: int, is_late: bool) -> None:
    for status in ("submitted", "pended"):
        held = authorization(status=status, requested_date=TODAY - days * DAY, urgency=urgency)
        assert late(held) == is_late
    assert not late(authorization(status="approved", requested_date=TODAY - 99 * DAY))
    assert not late(authorization(status="submitted", requested_date=None))


def test_e23_the_payers_own_time_counts_to_the_minute() -> None:
    due = datetime(2026, 11, 20, 12, tzinfo=ZoneInfo("America/Chicago"))
    held = authorization(status="pended", requested_date=TODAY, decision_due_at=due)
    assert not late(held, now=due - timedelta(seconds=1))
    assert late(held, now=due)
    assert not late(held, date(2026, 11, 20))
    assert late(held, date(2026, 11, 21))


def test_e23_a_late_decision_is_told_with_the_verdict() -> None:
    held = authorization(status="pended", requested_date=TODAY - 8 * DAY)
    evidence = the(asked(payer_rules=(rule(),), authorizations=(held,)), "decision_overdue")
    assert (evidence.rule, evidence.params) == ("E23", {"due": (TODAY - DAY).isoformat()})
