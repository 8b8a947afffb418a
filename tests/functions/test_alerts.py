"""The alerts function as functions-framework serves it: its rows of the contract."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from infra.local.demo_accounts import LAKESIDE
from shared.models.audit import AuditAction, AuditOutcome
from shared.models.roles import Role
from shared.services.alert_fan_out import AlertFanOut
from shared.services.alert_push import NoPush
from tests.functions.in_memory import InMemoryProduct, account

ALERTS = "/api/v1/components/alerts"
BODY = {"message": "The portal is down", "audience": {"roles": ["biller"]}}
CANARY = "Canary-Person"


def make(product: InMemoryProduct, role: Role = Role.MANAGER, **members: Any) -> dict[str, Any]:
    """An alert in every inbox that it is for."""
    answer = product.request("POST", f"{ALERTS}/", role=role, json=BODY | members)
    assert answer.status in {200, 201}, answer.json
    alert = product.live.documents.alerts[answer.json["id"]]
    AlertFanOut(product.live, NoPush()).alert_written(alert.id, before=None, after=alert.fields())
    made: dict[str, Any] = answer.json
    return made


def listed(product: InMemoryProduct, role: Role = Role.BILLER, **more: Any) -> list[dict[str, Any]]:
    answer = product.request("GET", ALERTS, role=role, **more)
    assert answer.status == 200
    found: list[dict[str, Any]] = answer.json["alerts"]
    return found


def test_an_alert_is_made_listed_acknowledged_snoozed_and_resolved(product: InMemoryProduct) -> None:
    made = make(product, severity="critical")
    assert (made["message"], made["severity"], made["acknowledged"]) == ("The portal is down", "critical", False)
    (seen,) = listed(product)
    assert (seen["id"], seen["acknowledged"]) == (made["id"], False)
    assert listed(product, Role.FRONT_DESK) == []
    path = f"{ALERTS}/{made['id']}"
    for _ in range(2):
        answer = product.request("PUT", f"{path}/acknowledge", role=Role.BILLER, json={"outcome": "handled"})
        assert (answer.status, answer.json["acknowledged"], answer.json["outcome"]) == (200, True, "handled")
    (seen,) = listed(product)
    assert seen["acknowledged"]
    until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    answer = product.request("POST", f"{path}/snooze", role=Role.BILLER, json={"until": until})
    assert (answer.status, answer.json["snoozedUntil"] is not None) == (200, True)
    assert listed(product) == []
    answer = product.request("POST", f"{path}/resolve", role=Role.BILLER)
    assert (answer.status, answer.json["state"], answer.headers["ETag"]) == (200, "resolved", '"2"')


def test_a_new_alert_is_201_and_a_counted_one_200(product: InMemoryProduct) -> None:
    answers = [product.request("POST", ALERTS, role=Role.BILLER, json=BODY | {"dedupeKey": "k"}) for _ in range(2)]
    assert [answer.status for answer in answers] == [201, 200]
    assert [answer.json["count"] for answer in answers] == [1, 2]
    assert answers[0].headers["ETag"] == '"1"'


def test_an_acknowledgement_needs_no_body_and_takes_an_alert_back(product: InMemoryProduct) -> None:
    made = make(product)
    path = f"{ALERTS}/{made['id']}/acknowledge"
    first = product.request("PUT", path, role=Role.BILLER)
    assert (first.status, first.json["acknowledged"]) == (200, True)
    assert product.request("PUT", path, role=Role.BILLER, json=first.json).status == 200
    refused = product.request("PUT", path, role=Role.BILLER, json={"outcome": "ignored"})
    assert (refused.status, refused.json["errors"][0]["field"]) == (422, "outcome")


def test_an_auditor_reads_and_acknowledges_but_makes_and_ends_nothing(product: InMemoryProduct) -> None:
    made = make(product, audience={"roles": ["auditor"]})
    assert [one["id"] for one in listed(product, Role.AUDITOR)] == [made["id"]]
    assert product.request("PUT", f"{ALERTS}/{made['id']}/acknowledge", role=Role.AUDITOR).status == 200
    assert product.request("POST", f"{ALERTS}/{made['id']}/resolve", role=Role.AUDITOR).status == 403
    assert product.request("POST", ALERTS, role=Role.AUDITOR, json=BODY).status == 403


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.AUDITOR])
def test_only_leads_address_the_whole_organisation(product: InMemoryProduct, role: Role) -> None:
    answer = product.request("POST", ALERTS, role=role, json=BODY | {"audience": {"clientWide": True}})
    assert answer.status == (201 if role in {Role.ADMIN, Role.MANAGER} else 403)


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"severity": "loud"}, "severity"),
        ({"message": "   "}, "message"),
        ({"message": "x" * 501}, "message"),
        ({"audience": {"roles": ["wizard"]}}, "audience.roles[0]"),
        ({"audience": {"userIds": ["7"]}}, "audience.userIds[0]"),
        ({"audience": {"userIds": ["00000000-0000-7000-8000-000000000001"]}}, "audience.userIds"),
        ({"audience": {"everybody": True}}, "audience.everybody"),
        ({"audience": {}}, "audience"),
        ({"audience": None}, "audience"),
        ({"dedupeKey": "a b"}, "dedupeKey"),
        ({"expiresAt": "2020-01-01T00:00:00Z"}, "expiresAt"),
        ({"expiresAt": "tomorrow"}, "expiresAt"),
        ({"clientId": "mine"}, "clientId"),
        ({"createdBy": "me"}, "createdBy"),
    ],
)
def test_bad_input_is_refused_by_name(product: InMemoryProduct, members: dict[str, Any], field: str) -> None:
    answer = product.request("POST", ALERTS, role=Role.MANAGER, json=BODY | members)
    assert answer.status == 422
    assert answer.json["errors"][0]["field"] == field
    assert product.live.documents.alerts == {}


def test_people_of_another_organisation_are_unknown_people(product: InMemoryProduct) -> None:
    theirs = str(account(Role.BILLER, LAKESIDE).user_id)
    answers = [
        product.request("POST", ALERTS, role=Role.MANAGER, json=BODY | {"audience": {"userIds": [one]}}, headers=ID)
        for one in (theirs, "00000000-0000-7000-8000-000000000001")
    ]
    assert answers[0].status == 422
    assert answers[0].data == answers[1].data
    assert theirs not in answers[0].data.decode()


ID = {"X-Request-Id": "r"}


def test_another_organisations_alert_is_an_unknown_one(product: InMemoryProduct) -> None:
    made = make(product)
    past, soon = ({"until": (datetime.now(UTC) + timedelta(hours=hours)).isoformat()} for hours in (-1, 1))
    refused = product.request("POST", f"{ALERTS}/{made['id']}/snooze", role=Role.BILLER, json=past)
    assert (refused.status, refused.json["errors"][0]["field"]) == (422, "until")
    for method, step, content in (
        ("PUT", "acknowledge", {}),
        ("POST", "snooze", {"json": soon}),
        ("POST", "resolve", {}),
    ):
        foreign, none = (
            product.request(
                method, f"{ALERTS}/{one}/{step}", role=Role.ADMIN, organisation=LAKESIDE, headers=ID, **content
            )
            for one in (made["id"], "alert_unknown")
        )
        assert (foreign.status, foreign.json["code"]) == (404, "not_found")
        assert foreign.data == none.data
    assert listed(product, Role.BILLER, organisation=LAKESIDE) == []


def test_each_request_leaves_one_event_and_no_content(
    product: InMemoryProduct, capfd: pytest.CaptureFixture[str]
) -> None:
    made = make(product, message=CANARY, dedupeKey=CANARY)
    path = f"{ALERTS}/{made['id']}"
    soon = {"until": (datetime.now(UTC) + timedelta(hours=1)).isoformat()}
    token = {"token": f"bk3:{CANARY}-0123456789"}
    device = product.request("POST", f"{ALERTS}/devices", role=Role.BILLER, json=token).json
    asked: list[tuple[str, str, dict[str, Any], AuditAction]] = [
        ("GET", ALERTS, {}, AuditAction.ALERT_LIST),
        ("PUT", f"{path}/acknowledge", {"json": {"outcome": "handled"}}, AuditAction.ALERT_ACKNOWLEDGE),
        ("POST", f"{path}/snooze", {"json": soon}, AuditAction.ALERT_SNOOZE),
        ("POST", f"{path}/resolve", {}, AuditAction.ALERT_RESOLVE),
        ("DELETE", f"{ALERTS}/devices/{device['id']}", {}, AuditAction.DEVICE_REMOVE),
    ]
    for method, place, content, action in asked:
        known = len(product.events)
        answer = product.request(method, place, role=Role.BILLER, **content)
        assert answer.status == 200, answer.json
        assert len(product.events) == known + 1
        (newest,) = [one for one in product.events if one.action is action]
        assert newest.outcome is AuditOutcome.SUCCESS
    refused = product.request("POST", ALERTS, role=Role.BILLER, json=BODY | {"message": CANARY, "note": CANARY})
    assert refused.status == 422
    output = "".join(capfd.readouterr()) + "".join(event.model_dump_json() for event in product.events)
    assert CANARY not in output


def test_a_device_is_registered_and_removed_by_its_person(product: InMemoryProduct) -> None:
    token = {"token": "bk3RNwTe3H0:CI2k_HHwgIpoDKCIZvvDMExUdFQ3P1"}
    first = product.request("POST", f"{ALERTS}/devices", role=Role.BILLER, json=token)
    assert first.status == 201
    again = product.request("POST", f"{ALERTS}/devices", role=Role.FRONT_DESK, json=token)
    assert again.json["id"] == first.json["id"]
    (held,) = product.live.documents.devices.values()
    assert held.uid == account(Role.FRONT_DESK).uid
    path = f"{ALERTS}/devices/{first.json['id']}"
    assert product.request("DELETE", path, role=Role.BILLER).status == 404
    assert product.request("DELETE", path, role=Role.FRONT_DESK, organisation=LAKESIDE).status == 404
    assert product.request("DELETE", path, role=Role.FRONT_DESK).status == 200
    assert product.request("DELETE", path, role=Role.FRONT_DESK).status == 404
    assert product.request("POST", f"{ALERTS}/devices", role=Role.BILLER, json={"token": "a b"}).status == 422


def test_a_choice_of_push_is_mirrored_into_the_roster(product: InMemoryProduct) -> None:

    chosen = []
    for notifications in (
        {"desktop": True, "urgentOnly": True},
        {"desktop": True, "urgentOnly": False},
        {"desktop": False},
    ):
        answer = product.request(
            "PUT", "/api/v1/users/me/preferences", role=Role.BILLER, json={"notifications": notifications}
        )
        assert answer.status == 200, answer.json
        roster = product.live.documents.rosters[str(account(Role.BILLER).organisation.id)].members
        chosen += [one.push for one in roster if one.uid == account(Role.BILLER).uid]
    assert chosen == ["critical", "all", "none"]
