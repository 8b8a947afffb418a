"""The front desk over the API: requests that cannot be, and people who may not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from infra.local.demo_accounts import LAKESIDE
from shared.auth import permissions
from shared.models.roles import Role
from tests.functions.authorization_office import faults, today
from tests.functions.front_desk import WHOLE, Desk
from tests.functions.in_memory import InMemoryProduct


@pytest.fixture
def desk(product: InMemoryProduct) -> Desk:
    return Desk(product)


def day(days: int) -> str:
    return (today() + timedelta(days=days)).isoformat()


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ("date=9999-01-01", "date"),
        ("date=tomorrow", "date"),
        ("date=2026-13-01", "date"),
        ("status=gone", "status"),
        ("providerId=PRV-UNKNOWN", "providerId"),
        ("providerId=%00", "providerId"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("cursor=nonsense", "cursor"),
    ],
)
def test_a_board_that_cannot_be_is_refused_by_its_member(desk: Desk, query: str, fault: str) -> None:
    answer = desk.ask("GET", f"/appointments?{query}")
    assert (answer.status, faults(answer)[0][0]) == (422, fault)


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({}, "visitId"),
        ({"visitId": "V1", "contextId": "ctx_1"}, "contextId"),
        ({"visitId": "V1", "copay": {"amountCents": -1}}, "copay.amountCents"),
        ({"visitId": "V1", "copay": {"amountCents": 12.5}}, "copay.amountCents"),
        ({"visitId": "V1", "copay": {"amountCents": 10_000_001}}, "copay.amountCents"),
        ({"visitId": "V1", "identifiers": ["shoe_size"]}, "identifiers[0]"),
        ({"visitId": "V1", "version": 0}, "version"),
        ({"visitId": "V1", "step": "half"}, "step"),
        ({"visitId": "a\x01b"}, "visitId"),
        ({"visitId": "V1", "unknown": True}, "unknown"),
    ],
)
def test_a_check_in_that_cannot_be_is_refused_by_its_member(desk: Desk, body: dict[str, Any], fault: str) -> None:
    desk.visit("V1", "arrived")
    answer = desk.ask("POST", "/check-in", body)
    assert (answer.status, faults(answer)[0][0]) == (422, fault)


@pytest.mark.parametrize(
    ("params", "fault"),
    [
        ({}, ("params.visitDate", "missing")),
        ({"visitDate": day(-1)}, ("params.visitDate", "in_the_past")),
        ({"visitDate": day(731)}, ("params.visitDate", "too_far_ahead")),
        ({"visitDate": day(2), "startsAt": f"{day(9)}T18:00:00Z"}, ("params.startsAt", "other_day")),
        ({"visitDate": day(2), "endsAt": f"{day(2)}T18:00:00Z"}, ("params.endsAt", "before_start")),
        ({"visitDate": day(2), "providerId": "PRV-UNKNOWN"}, ("params.providerId", "unknown_provider")),
    ],
)
def test_a_day_that_cannot_be_is_refused_by_its_member(
    desk: Desk, params: dict[str, Any], fault: tuple[str, str]
) -> None:
    desk.visit("V1")
    answer = desk.act("reschedule_visit", visitId="V1", **params)
    assert (answer.status, faults(answer)) == (422, [fault])
    assert desk.row("V1")["status"] == "scheduled"


def test_visits_of_nobody_and_of_others_are_not_found(desk: Desk) -> None:
    desk.visit("V1", "arrived")
    lakeside = Desk(desk.product, organisation=LAKESIDE)
    known = str(desk.row("V1")["id"])
    for who, reference in ((desk, "V-UNKNOWN"), (lakeside, "V1"), (lakeside, known)):
        answers = (
            who.ask("GET", f"/appointments/{reference}"),
            who.ask("POST", "/check-in", {"visitId": reference, **WHOLE}),
            who.act("mark_arrived", visitId=reference),
        )
        assert [(one.status, one.json["code"]) for one in answers] == [(404, "not_found")] * 3
    assert lakeside.ask("GET", "/appointments").json["appointments"] == []


def test_a_stale_version_is_refused_with_the_visit_as_it_is(desk: Desk) -> None:
    desk.visit("V1", "arrived")
    for answer in (
        desk.ask("POST", "/check-in", {"visitId": "V1", "version": 7, **WHOLE}),
        desk.ask("POST", "/check-in", {"visitId": "V1", **WHOLE}, If_Match='"7"'),
        desk.act("start_check_in", visitId="V1", version=7),
    ):
        assert (answer.status, answer.json["current"]["status"]) == (412, "arrived")
    assert desk.ask("GET", "/appointments/V1").headers["ETag"] == '"1"'


def test_an_auditor_sees_the_board_and_moves_nothing(desk: Desk) -> None:
    desk.visit("V1")
    auditor = Desk(desk.product, Role.AUDITOR)
    assert auditor.ask("GET", "/appointments").status == 200
    assert auditor.ask("POST", "/check-in", {"visitId": "V1", **WHOLE}).status == 403
    assert auditor.act("mark_arrived", visitId="V1").status == 403
    for role in (Role.BILLER, Role.ELIGIBILITY_SPECIALIST):
        assert Desk(desk.product, role).ask("GET", "/appointments").status == 403


def test_reasons_are_not_told_to_whom_the_permission_table_hides_them(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.visit("V1", reason="Knee pain")
    desk.done("cancel_visit", visitId="V1", reason="Too much pain")
    shown = desk.shown("V1")
    assert (shown["reason"], shown["history"][-1]["reason"]) == ("Knee pain", "Too much pain")
    monkeypatch.setitem(permissions.ROLES_BY_FIELD, ("visit", "reason"), frozenset({Role.MANAGER}))
    assert "pain" not in str(desk.shown("V1"))
    assert "pain" not in str(desk.ask("GET", "/appointments").json)
