"""Signing in and out, as functions-framework serves it, on in-memory stores."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.models.audit import AuditAction, AuditOutcome
from shared.models.roles import Role
from shared.services.sign_in import ATTEMPTS
from tests.functions.in_memory import Answer, InMemoryProduct, account, token

AUTH = "/api/v1/auth"
BILLER = account(Role.BILLER)
PASSWORD = "demo-mobius-2026"


def login(product: InMemoryProduct, email: str = BILLER.email, password: str = PASSWORD) -> Answer:
    return product.request("POST", f"{AUTH}/login", role=None, json={"email": email, "password": password})


def with_token(product: InMemoryProduct, id_token: str, method: str = "GET", path: str = f"{AUTH}/me") -> Answer:
    return product.request(method, path, role=None, headers={"Authorization": f"Bearer {id_token}"})


def test_a_login_answers_with_tokens_and_who_it_is(product: InMemoryProduct) -> None:
    answer = login(product)
    assert answer.status == 200
    assert set(answer.json) == {"idToken", "refreshToken", "expiresIn", "user"}
    assert (answer.json["user"]["role"], answer.json["user"]["email"]) == ("biller", BILLER.email)
    assert answer.json["user"]["modes"] == ["backend", "eligibility", "email-drafter"]
    assert answer.json["user"]["client"]["timeZone"] == "America/New_York"
    assert with_token(product, answer.json["idToken"]).json == answer.json["user"]


def test_a_login_begins_a_session_and_leaves_one_row(product: InMemoryProduct) -> None:
    login(product)
    (session,) = product.live.documents.sessions.values()
    assert (session.uid, session.ended_at) == (BILLER.uid, None)
    (event,) = product.events
    assert (event.action, event.resource_ref) == (AuditAction.SESSION_START, session.id)


def test_a_wrong_password_and_an_unknown_address_are_one_refusal(product: InMemoryProduct) -> None:
    wrong, unknown = login(product, password="wrong"), login(product, email="nobody@nowhere.example")
    assert (wrong.status, wrong.json["code"]) == (401, "wrong_credentials")
    assert {**wrong.json, "requestId": ""} == {**unknown.json, "requestId": ""}


def test_failed_logins_are_limited_whatever_the_address_looks_like(product: InMemoryProduct) -> None:
    for _ in range(ATTEMPTS):
        assert login(product, password="wrong").status == 401
    refused = login(product, email=BILLER.email.upper())
    assert (refused.status, refused.json["code"]) == (429, "too_many_requests")
    assert 0 < int(refused.headers["Retry-After"]) <= 900
    assert login(product, email=account(Role.ADMIN).email).status == 200


def test_a_login_forgets_the_failures_before_it(product: InMemoryProduct) -> None:
    for _ in range(3):
        for _ in range(ATTEMPTS - 1):
            assert login(product, password="wrong").status == 401
        assert login(product).status == 200


def test_the_limit_ends_with_its_window(product: InMemoryProduct) -> None:
    for _ in range(ATTEMPTS + 1):
        login(product, password="wrong")
    product.attempts.now = lambda: datetime.now(UTC) + timedelta(minutes=16)
    assert login(product).status == 200


@pytest.mark.parametrize("status", ["invited", "deactivated"])
def test_only_active_members_sign_in_and_a_refusal_is_audited(product: InMemoryProduct, status: str) -> None:
    member = product.members.members[BILLER.uid]
    product.members.members[BILLER.uid] = member.model_copy(update={"status": status})
    answer = login(product)
    assert (answer.status, answer.json["code"]) == (403, "not_a_member")
    (event,) = product.events
    assert (event.outcome, event.action) == (AuditOutcome.DENIED, AuditAction.SESSION_START)
    assert not product.live.documents.sessions


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"email": BILLER.email},
        {"email": BILLER.email, "password": ""},
        {"email": 1, "password": "x"},
        {"email": "x" * 300, "password": "x"},
        {"email": BILLER.email, "password": "x" * 2000},
        {"email": BILLER.email, "password": "x", "role": "admin"},
        {"email": "a\0b", "password": "x"},
    ],
)
def test_a_body_that_is_no_login_is_refused(product: InMemoryProduct, body: dict[str, Any]) -> None:
    answer = product.request("POST", f"{AUTH}/login", role=None, json=body)
    assert (answer.status, answer.json["code"]) == (422, "validation_failed")
    assert not product.attempts.windows


def test_a_refresh_renews_the_tokens_and_leaves_one_row(product: InMemoryProduct) -> None:
    first = login(product).json
    answer = product.request("POST", f"{AUTH}/refresh", role=None, json={"refreshToken": first["refreshToken"]})
    assert answer.status == 200
    assert answer.json["user"] == first["user"]
    assert [event.action for event in product.events].count(AuditAction.SESSION_REFRESH) == 1


def test_an_unknown_refresh_token_is_refused(product: InMemoryProduct) -> None:
    answer = product.request("POST", f"{AUTH}/refresh", role=None, json={"refreshToken": "made-up"})
    assert (answer.status, answer.json["code"]) == (401, "sign_in_ended")


def test_signing_out_ends_the_session_the_tokens_and_the_refresh_token(product: InMemoryProduct) -> None:
    first = login(product).json
    assert with_token(product, first["idToken"], "POST", f"{AUTH}/logout").json == {"success": True}
    assert [session.ended_at is None for session in product.live.documents.sessions.values()] == [False]
    assert with_token(product, first["idToken"]).status == 401
    refused = product.request("POST", f"{AUTH}/refresh", role=None, json={"refreshToken": first["refreshToken"]})
    assert refused.status == 401
    assert [event.action for event in product.events].count(AuditAction.SESSION_END) == 1


def test_signing_out_ends_the_sign_ins_on_other_devices(product: InMemoryProduct) -> None:
    now = int(time.time())
    phone, desk = (token(BILLER, auth_time=now - seconds) for seconds in (400, 500))
    assert with_token(product, phone).status == with_token(product, desk).status == 200
    with_token(product, desk, "POST", f"{AUTH}/logout")
    assert with_token(product, phone).status == 401
    assert with_token(product, token(account(Role.ADMIN))).status == 200


def test_a_new_sign_in_after_a_sign_out_works(product: InMemoryProduct) -> None:
    earlier = token(BILLER, auth_time=int(time.time()) - 10)
    assert with_token(product, earlier, "POST", f"{AUTH}/logout").status == 200
    assert with_token(product, login(product).json["idToken"]).status == 200


def test_a_sign_in_ends_after_twelve_hours_however_often_it_is_renewed(product: InMemoryProduct) -> None:
    answer = with_token(product, token(BILLER, auth_time=int(time.time()) - 12 * 3600 - 1))
    assert (answer.status, answer.json["code"]) == (401, "session_expired")


def test_an_hour_without_activity_ends_a_session(product: InMemoryProduct) -> None:
    signed_in = int(time.time()) - 2 * 3600
    mine = token(BILLER, auth_time=signed_in)
    assert with_token(product, mine).json["code"] == "session_expired"


def test_activity_keeps_a_session(product: InMemoryProduct) -> None:
    mine = token(BILLER, auth_time=int(time.time()) - 50 * 60)
    assert with_token(product, mine).status == 200
    (session,) = product.live.documents.sessions.values()
    hour_ago = session.last_activity_at - timedelta(minutes=59)
    product.live.documents.sessions[session.id] = session.model_copy(update={"last_activity_at": hour_ago})
    assert with_token(product, mine).status == 200
    assert product.live.documents.sessions[session.id].last_activity_at > hour_ago + timedelta(minutes=58)


def test_an_ended_session_is_not_woken_by_activity(product: InMemoryProduct) -> None:
    mine = token(BILLER, auth_time=int(time.time()) - 50 * 60)
    with_token(product, mine)
    (session,) = product.live.documents.sessions.values()
    product.live.documents.sessions[session.id] = session.model_copy(update={"ended_at": session.last_activity_at})
    answer = with_token(product, mine)
    assert (answer.status, answer.json["code"]) == (401, "session_ended")
