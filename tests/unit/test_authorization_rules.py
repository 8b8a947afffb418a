"""Units, deadlines, what a request needs, and what is offered next."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from shared.domain.authorization.deadlines import decision_due, is_overdue
from shared.domain.authorization.guidance import foremost, next_steps
from shared.domain.authorization.requesting import (
    check_period,
    extended,
    missing_fields,
    not_required,
    resubmitted,
    rule_for,
    submitted,
)
from shared.domain.authorization.units import (
    RESERVING,
    USING,
    has_few_units,
    is_expiring,
    taken,
    units_of,
    with_visit,
    without_visit,
)
from shared.errors import ConflictError, InvalidTransitionError, ValidationFailedError
from shared.models.authorization import ExtensionRequest, VisitHold
from shared.models.identifiers import uuid7
from shared.models.records import Authorization, PayerRule
from shared.models.visit import VisitStatus
from tests.unit.factories import NOW, OTHER_PAYER, PAYER, TODAY, authorization

ZONE = ZoneInfo("America/Chicago")
PROVIDER, PATIENT = UUID(int=0xC), UUID(int=0xD)
CALLED_OFF = {"cancelled", "rescheduled", "no_show", "left_without_being_seen"}


def rule(**members: Any) -> PayerRule:
    given: dict[str, Any] = {"id": uuid7(), "payer_id": PAYER, "service_type": "98", "requires_auth": True}
    return PayerRule(**given | members)


def draft(**members: Any) -> Authorization:
    given: dict[str, Any] = {
        "status": "draft",
        "units_approved": None,
        "units_used": 0,
        "units_reserved": 0,
        "units_requested": 6,
        "urgency": "standard",
        "provider_id": PROVIDER,
        "requested_date": None,
    }
    return authorization(**given | members)


def hold(status: str = "scheduled", units: int = 1, visit: UUID | None = None) -> VisitHold:
    return VisitHold(visit or uuid7(), TODAY, status, units)


def test_a_booked_visit_holds_a_begun_one_uses_and_one_that_was_called_off_gives_back() -> None:
    assert taken([hold("scheduled", 2), hold("completed", 3), hold("cancelled", 9)]) == (3, 2)


def test_every_status_of_a_visit_holds_uses_or_gives_back() -> None:
    known = set(VisitStatus.__args__)  # type: ignore[attr-defined]  # a Literal
    assert known == RESERVING | USING | CALLED_OFF
    assert not RESERVING & USING


@pytest.mark.parametrize(
    ("approved", "used", "held", "remaining", "overused"),
    [(10, 2, 1, 7, 0), (3, 2, 1, 0, 0), (3, 3, 2, 0, 2), (0, 0, 0, 0, 0), (None, 50, 50, None, 0)],
)
def test_what_is_left_is_never_below_nothing_and_what_is_too_much_is_told(
    approved: int | None, used: int, held: int, remaining: int | None, overused: int
) -> None:
    count = units_of(authorization(units_approved=approved, units_used=used, units_reserved=held))
    assert (count.remaining, count.overused) == (remaining, overused)


def test_linking_and_unlinking_a_visit_counts_it_beside_what_was_brought_forward() -> None:
    held = authorization(units_approved=10, units_used=2, units_reserved=1)
    visit = hold("scheduled", 3)
    linked = with_visit(held, visit)
    assert (linked.units_used, linked.units_reserved, linked.version) == (2, 4, held.version + 1)
    begun = with_visit(linked, replace(visit, status="checked_in"))
    assert (begun.units_used, begun.units_reserved, len(begun.visits)) == (5, 1, 1)
    assert (without_visit(begun, visit.visit_id).units_used, without_visit(held, visit.visit_id)) == (2, held)


@pytest.mark.parametrize(("days", "expiring"), [(-1, False), (0, True), (14, True), (15, False)])
def test_a_grant_is_expiring_in_its_last_14_days(days: int, expiring: bool) -> None:
    held = authorization(period_end=TODAY + timedelta(days=days))
    assert is_expiring(held, TODAY) == expiring
    assert not is_expiring(replace(held, status="denied"), TODAY)
    assert not is_expiring(replace(held, period_end=None), TODAY)


@pytest.mark.parametrize(("approved", "few"), [(2, True), (3, False), (None, False)])
def test_two_units_are_few(approved: int | None, few: bool) -> None:
    held = authorization(units_approved=approved, units_used=0, units_reserved=0)
    assert has_few_units(held) == few
    assert not has_few_units(replace(held, status="submitted"))


@pytest.mark.parametrize(
    ("urgency", "rules", "due"),
    [
        ("urgent", None, datetime(2026, 10, 31, 14, tzinfo=UTC)),
        ("urgent", rule(decision_hours=24), datetime(2026, 10, 29, 14, tzinfo=UTC)),
        # The clocks go back on 1 November: nine in the morning is an hour later in Greenwich.
        ("standard", None, datetime(2026, 11, 4, 15, tzinfo=UTC)),
        ("standard", rule(decision_days=2), datetime(2026, 10, 30, 14, tzinfo=UTC)),
        ("standard", rule(decision_hours=24), datetime(2026, 11, 4, 15, tzinfo=UTC)),
        (None, rule(), datetime(2026, 11, 4, 15, tzinfo=UTC)),
    ],
)
def test_the_payer_decides_within_72_hours_or_7_calendar_days_unless_its_rule_differs(
    urgency: Any, rules: PayerRule | None, due: datetime
) -> None:
    assert decision_due(urgency, datetime(2026, 10, 28, 14, tzinfo=UTC), zone=ZONE, rule=rules) == due


@pytest.mark.parametrize(
    ("status", "due", "overdue"),
    [
        ("submitted", NOW, True),
        ("pended", NOW - timedelta(days=3), True),
        ("submitted", NOW + timedelta(seconds=1), False),
        ("extension_requested", NOW, True),
        ("submitted", None, False),
        ("approved", NOW, False),
        ("denied", NOW, False),
    ],
)
def test_a_decision_is_overdue_while_it_is_awaited(status: Any, due: datetime | None, overdue: bool) -> None:
    assert is_overdue(authorization(status=status, decision_due_at=due), NOW) == overdue


def test_a_request_names_everything_that_it_lacks() -> None:
    empty = draft(
        payer_id=None,
        service_type=None,
        provider_id=None,
        period_start=None,
        period_end=None,
        units_requested=None,
        urgency=None,
    )
    wanted = rule(required_fields=("diagnosisCodes", "memberId", "providerNpi", "visitId", "notes", "serviceType"))
    assert missing_fields(empty, wanted, member_id=None, provider_npi=None) == (
        "payerId",
        "serviceType",
        "providerId",
        "periodStart",
        "periodEnd",
        "units",
        "urgency",
        "diagnosisCodes",
        "memberId",
        "providerNpi",
        "visitId",
        "notes",
    )
    with pytest.raises(ValidationFailedError) as refused:
        submitted(empty, wanted, member_id=None, provider_npi=None, at=NOW, zone=ZONE)
    assert len(refused.value.errors) == 12


def test_a_request_has_what_the_payer_wants() -> None:
    wanted = rule(required_fields=("procedureCodes", "coverageId", "memberId", "providerNpi", "visitId", "notes"))
    whole = draft(
        service_type=None, procedure_codes=("97110",), coverage_id=uuid7(), notes="After surgery", visits=(hold(),)
    )
    assert missing_fields(whole, wanted, member_id="M-1", provider_npi="1234567893") == ()
    assert missing_fields(draft(), None, member_id=None, provider_npi=None) == ()


def test_sending_starts_the_decision_clock() -> None:
    sent = submitted(draft(), rule(decision_days=3), member_id=None, provider_npi=None, at=NOW, zone=ZONE)
    assert sent is not None
    assert (sent.status, sent.submitted_at, sent.decision_due_at) == ("submitted", NOW, NOW + timedelta(days=3))
    assert sent.requested_date == date(2026, 11, 23)
    assert submitted(sent, None, member_id=None, provider_npi=None, at=NOW, zone=ZONE) is None
    later = resubmitted(replace(sent, status="pended"), None, at=NOW + timedelta(days=5), zone=ZONE)
    assert later is not None
    assert (later.status, later.decision_due_at) == ("submitted", NOW + timedelta(days=12))
    assert later.requested_date == sent.requested_date


def test_the_payers_rule_is_that_of_the_service_else_the_general_one() -> None:
    own, general, others = rule(), rule(service_type="30"), rule(payer_id=OTHER_PAYER, service_type="PT")
    rules = (general, own, others)
    assert rule_for(rules, PAYER, "98") == own
    assert rule_for(rules, PAYER, "PT") == general
    assert rule_for(rules, PAYER, None) == general
    assert rule_for((others,), PAYER, "PT") is None


def test_what_is_not_required_says_of_whom_what_and_when() -> None:
    assert not_required(draft(provider_id=None, units_requested=None), "Portal, ref 9").status == "not_required"
    with pytest.raises(ValidationFailedError) as refused:
        not_required(draft(payer_id=None, period_start=None), "Portal")
    assert [fault.field for fault in refused.value.errors] == ["payerId", "periodStart"]


def ask(held: Authorization, **more: Any) -> Authorization | None:
    return extended(held, ExtensionRequest(NOW, **more), None, zone=ZONE)


def test_an_extension_is_asked_for_once_and_has_a_clock() -> None:
    sent = ask(authorization(urgency="urgent"), units=4)
    assert sent is not None
    assert (sent.status, sent.decision_due_at) == ("extension_requested", NOW + timedelta(hours=72))
    assert ask(sent, units=4) is None
    with pytest.raises(ConflictError) as refused:
        ask(sent, units=5)
    assert refused.value.code == "already_requested"


@pytest.mark.parametrize(
    ("members", "more", "code"),
    [
        ({}, {"period_end": date(2026, 11, 30)}, "not_later"),
        ({"units_approved": None}, {"units": 3}, "unlimited"),
    ],
)
def test_an_extension_asks_for_more_than_there_is(members: dict[str, Any], more: dict[str, Any], code: str) -> None:
    with pytest.raises(ValidationFailedError) as refused:
        ask(authorization(**members), **more)
    assert refused.value.errors[0].code == code


def test_only_a_grant_is_extended() -> None:
    with pytest.raises(InvalidTransitionError):
        ask(authorization(status="pended"), units=4)


@pytest.mark.parametrize(
    ("start", "end", "code"),
    [
        (date(2026, 12, 2), date(2026, 12, 1), "before_start"),
        (date(2026, 12, 1), date(2029, 12, 1), "too_long"),
        (date(2026, 12, 1), date(2026, 12, 1), None),
        (None, date(2026, 12, 1), None),
    ],
)
def test_a_period_ends_after_it_starts_and_within_two_years(start: Any, end: Any, code: str | None) -> None:
    wanted = draft(period_start=start, period_end=end)
    if code is None:
        check_period(wanted)
        return
    with pytest.raises(ValidationFailedError) as refused:
        check_period(wanted)
    assert (refused.value.errors[0].field, refused.value.errors[0].code) == ("periodEnd", code)


@pytest.mark.parametrize(
    ("known", "actions"),
    [
        (None, ["request_auth", "mark_auth_not_required", "view_record"]),
        (authorization(status="draft"), ["request_auth", "view_record"]),
        (authorization(status="pended"), ["check_authorization_status", "record_auth_decision", "view_record"]),
        (authorization(period_end=None), ["view_record"]),
        (authorization(period_end=TODAY), ["extend_authorization", "view_record"]),
        (authorization(status="exhausted"), ["request_auth", "view_record"]),
        (authorization(status="denied"), ["request_auth", "view_record"]),
        (authorization(status="not_required"), ["view_record"]),
    ],
)
def test_what_is_offered_follows_from_the_state(known: Authorization | None, actions: list[str]) -> None:
    assert [step.action for step in next_steps(known, TODAY)] == actions


def test_nothing_is_asked_of_a_payer_that_wants_no_authorization() -> None:
    assert [step.action for step in next_steps(None, TODAY, needed=False)] == ["view_record"]


def test_the_one_with_the_payer_matters_most_then_the_one_in_force() -> None:
    granted = authorization(requested_date=TODAY)
    waiting, over = authorization(status="pended"), authorization(status="denied", requested_date=TODAY)
    assert foremost((granted, waiting, over), TODAY) == waiting
    assert foremost((over, granted), TODAY) == granted
    assert foremost((over,), TODAY) == over
    assert foremost((), TODAY) is None
