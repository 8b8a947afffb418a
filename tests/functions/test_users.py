"""Members of an organisation through the real app on in-memory stores."""

from __future__ import annotations

from typing import Any

import pytest

from infra.local.demo_accounts import LAKESIDE, RIVERSIDE
from shared.models.cursor import encode_cursor
from shared.models.identifiers import uuid7
from shared.models.roles import Role
from tests.functions.in_memory import Answer, InMemoryProduct, account

USERS = "/api/v1/users"
NEWCOMER = {"email": "New.Person@Riverside.example", "name": "New Person", "role": "biller"}
PASSWORD = "correct horse battery"


def as_admin(product: InMemoryProduct, method: str, path: str = "", **content: Any) -> Answer:
    return product.request(method, USERS + path, role=Role.ADMIN, **content)


def test_an_invited_person_accepts_once_and_is_a_member(product: InMemoryProduct) -> None:
    invited = as_admin(product, "POST", json=NEWCOMER)
    assert (invited.status, invited.json["status"], invited.json["email"]) == (
        201,
        "invited",
        "new.person@riverside.example",
    )
    body = {"code": invited.json["invitationCode"], "password": PASSWORD}
    accepted = product.request("POST", f"{USERS}/accept", role=None, json=body)
    assert (accepted.status, accepted.json["status"]) == (200, "active")
    (account_made,) = product.accounts.opened.values()
    member = product.members.members[account_made.uid]
    assert (member.role, member.status, member.time_zone) == ("biller", "active", "America/New_York")
    again = product.request("POST", f"{USERS}/accept", role=None, json=body)
    assert (again.status, again.json["code"]) == (404, "invitation_not_found")
    assert [event.action.value for event in product.events] == ["user:invite", "user:accept"]


def test_a_repeated_invitation_is_answered_as_the_first_and_its_code_is_kept_nowhere(product: InMemoryProduct) -> None:
    headers = {"Idempotency-Key": "k-1"}
    first, second = (as_admin(product, "POST", json=NEWCOMER, headers=headers) for _ in range(2))
    assert (first.status, first.json) == (second.status, second.json)
    assert first.json["invitationCode"] not in repr(product.people)


def test_a_new_code_makes_the_one_before_void(product: InMemoryProduct) -> None:
    first = as_admin(product, "POST", json=NEWCOMER).json
    as_admin(product, "POST", f"/{first['id']}/invitation")
    body = {"code": first["invitationCode"], "password": PASSWORD}
    assert product.request("POST", f"{USERS}/accept", role=None, json=body).status == 404


def test_an_address_in_use_anywhere_is_refused_alike(product: InMemoryProduct) -> None:
    answers = [
        as_admin(product, "POST", json=NEWCOMER | {"email": account(Role.BILLER, organisation).email})
        for organisation in (LAKESIDE, account(Role.BILLER).organisation)
    ]
    assert [(one.status, one.json["code"], one.json["detail"]) for one in answers] == [
        (409, "email_in_use", "This e-mail address cannot be invited")
    ] * 2


def test_the_last_admin_stays(product: InMemoryProduct) -> None:
    mine = account(Role.ADMIN).user_id
    for method, content in (("DELETE", {}), ("PUT", {"json": {"role": "manager"}})):
        refused = as_admin(product, method, f"/{mine}", **content)
        assert (refused.status, refused.json["code"]) == (409, "last_admin")
    as_admin(product, "PUT", f"/{account(Role.MANAGER).user_id}", json={"role": "admin"})
    assert as_admin(product, "PUT", f"/{mine}", json={"role": "manager"}).status == 200


def test_a_deactivated_person_is_refused_at_once_and_may_come_back(product: InMemoryProduct) -> None:
    person = account(Role.BILLER)
    gone = as_admin(product, "DELETE", f"/{person.user_id}")
    assert (gone.status, gone.json["status"]) == (200, "deactivated")
    assert product.request("GET", f"{USERS}/me", role=Role.BILLER).status == 403
    assert product.accounts.applied[person.uid].status == "deactivated"
    assert as_admin(product, "POST", f"/{person.user_id}/reactivate").json["status"] == "active"
    assert len(product.events) == 2


def test_a_changed_role_ends_the_sign_ins_before_it(product: InMemoryProduct) -> None:
    person = account(Role.BILLER)
    as_admin(product, "PUT", f"/{person.user_id}", json={"role": "front_desk"})
    assert product.members.members[person.uid].role == "front_desk"
    assert product.request("GET", f"{USERS}/me", role=Role.BILLER).status == 401


def test_another_organisation_gets_the_very_answer_of_an_unknown_user(product: InMemoryProduct) -> None:
    foreign, unknown = account(Role.BILLER, LAKESIDE).user_id, "01975f3c-0000-7000-8000-000000000001"
    for method, end, content in (
        ("GET", "", {}),
        ("PUT", "", {"json": {"role": "manager"}}),
        ("DELETE", "", {}),
        ("POST", "/reactivate", {}),
        ("POST", "/invitation", {}),
    ):
        headers = {"X-Request-Id": "same"}
        answers = [as_admin(product, method, f"/{one}{end}", headers=headers, **content) for one in (foreign, unknown)]
        assert [one.status for one in answers] == [404, 404]
        assert answers[0].data == answers[1].data


def test_own_settings_and_the_organisation(product: InMemoryProduct) -> None:
    chosen = product.request(
        "PUT", f"{USERS}/me/preferences", json={"assistant": {"choice": "gemini", "mode": "Manual"}}
    )
    assert chosen.json["assistant"] == {"choice": "gemini", "mode": "Manual"}
    assert product.request("GET", f"{USERS}/me/preferences").json == chosen.json
    for left_out in ({"assistant": {"mode": "Agentic"}}, {"notifications": {"urgentOnly": True}}, {"assistant": None}):
        product.request("PUT", f"{USERS}/me/preferences", json=left_out)
    assert product.request("GET", f"{USERS}/me/preferences").json == {
        "assistant": {"choice": "gemini", "mode": "Agentic"},
        "notifications": {"email": True, "desktop": False, "urgentOnly": True},
    }
    zone = as_admin(
        product, "PUT", "/client", json={"timeZone": "America/Chicago", "logoUrl": "https://a.example/l.svg"}
    )
    assert (zone.status, zone.json["timeZone"], zone.json["version"]) == (200, "America/Chicago", 2)
    assert {one.time_zone for uid, one in product.members.members.items() if "riverside" in uid} == {"America/Chicago"}
    shown = as_admin(product, "PUT", "/client", json={"frontDesk": {"graceMinutes": 20}}).json["frontDesk"]
    again = as_admin(product, "PUT", "/client", json={"frontDesk": {"requiredForms": ["privacy_notice"]}}).json[
        "frontDesk"
    ]
    assert (shown["graceMinutes"], shown["arrivedMinutes"], len(shown["requiredForms"])) == (20, 10, 3)
    assert again == shown | {"requiredForms": ["privacy_notice"]}
    for desk, place in (({"graceMinutes": -1}, "frontDesk.graceMinutes"), (None, "frontDesk"),
                        ({"requiredForms": ["No such name"]}, "frontDesk.requiredForms[0]")):  # fmt: skip
        refused = as_admin(product, "PUT", "/client", json={"frontDesk": desk})
        assert (refused.status, refused.json["errors"][0]["field"]) == (422, place)
    for wrong in ({"timeZone": "Mars/Base"}, {"logoUrl": "http://a.example/l.svg"}, {"logoUrl": "javascript:x"}):
        refused = as_admin(product, "PUT", "/client", json=wrong)
        assert (refused.status, refused.json["errors"][0]["field"]) == (422, next(iter(wrong)))


def test_a_change_waits_for_the_sweep_when_the_accounts_do_not_answer(product: InMemoryProduct) -> None:
    product.accounts.available = False
    person = account(Role.BILLER)
    assert as_admin(product, "DELETE", f"/{person.user_id}").status == 200
    assert product.people.outbox
    assert product.members.members[person.uid].status == "deactivated"


def test_pages_of_members_follow_each_other_whatever_their_names(product: InMemoryProduct) -> None:
    for n, name in enumerate(("İpek Ÿ", "ÉMILE", "émile", "zoë")):
        assert (
            as_admin(product, "POST", json={"email": f"p{n}@x.example", "name": name, "role": "biller"}).status == 201
        )
    seen: list[str] = []
    cursor = ""
    while True:
        page = as_admin(product, "GET", f"?limit=1{cursor}").json
        seen += [one["id"] for one in page["users"]]
        if page["nextCursor"] is None:
            break
        cursor = f"&cursor={page['nextCursor']}"
    assert len(seen) == len(set(seen)) == sum(one.client_id == RIVERSIDE.id for one in product.people.users.values())


@pytest.mark.parametrize("position", [["name", "no id"], ["\x00", str(uuid7())], ["\ud800", str(uuid7())], ["one"]])
def test_a_forged_cursor_is_refused(product: InMemoryProduct, position: list[str]) -> None:
    forged = encode_cursor((RIVERSIDE.id, None, None), *position)
    refused = as_admin(product, "GET", f"?cursor={forged}")
    assert (refused.status, refused.json["errors"][0]["field"]) == (422, "cursor")
