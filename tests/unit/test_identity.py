"""From headers to a caller: which header counts and what is refused."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from flask import Request
from werkzeug.test import EnvironBuilder

from shared.auth.membership import check_member
from shared.auth.tokens import TokenClaims
from shared.errors import ForbiddenError, UnauthenticatedError
from shared.models.firestore.documents import MemberDocument
from shared.models.roles import Role
from shared.web.identity import bearer_token, check_userinfo
from tests.unit.factories import CLIENT, NOW, USER


def encoded(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def token(subject: str, issuer: str = "https://securetoken.google.com/p") -> str:
    return f"{encoded({'alg': 'none'})}.{encoded({'sub': subject, 'iss': issuer})}."


def asked(path: str = "/", **headers: str) -> Request:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request(EnvironBuilder(path, headers=list(names.items())).get_environ())


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_direct_token_is_in_authorization(scheme: str) -> None:
    assert bearer_token(asked(Authorization=f"{scheme} a.b.c")) == "a.b.c"


def test_behind_the_gateway_the_forwarded_one_counts() -> None:
    gateways = token("service-account", "https://accounts.google.com")
    request = asked(Authorization=f"Bearer {gateways}", X_Forwarded_Authorization="Bearer a.b.c")
    assert bearer_token(request) == "a.b.c"


def test_both_may_carry_the_same_user() -> None:
    mine = token("uid-1")
    request = asked(Authorization=f"Bearer {mine}", X_Forwarded_Authorization=f"Bearer {mine}")
    assert bearer_token(request) == mine


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer   "},
        {"Authorization": "Basic dXNlcjpwYXNz"},
        {"Authorization": "a.b.c"},
        {"Authorization": "Bearer a.b.c, Bearer d.e.f"},
        {"X_Forwarded_Authorization": "Bearer a.b.c,Bearer d.e.f"},
        {"X_Forwarded_Authorization": ""},
        {"X_Forwarded_Authorization": "Basic x", "Authorization": "Bearer a.b.c"},
        {"X_Apigateway_Api_Userinfo": encoded({"sub": "uid-1"})},
        {"Authorization": "Bearer a.b.c", "X_Apigateway_Api_Userinfo": "a,b"},
        {"Authorization": f"Bearer {token('uid-1')}", "X_Forwarded_Authorization": f"Bearer {token('uid-2')}"},
        {"Authorization": f"Bearer {token('uid-1')}", "X_Forwarded_Authorization": "Bearer a.b.c"},
    ],
)
def test_anything_else_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(UnauthenticatedError):
        bearer_token(asked(**headers))


@pytest.mark.parametrize("path", ["/?access_token=a.b.c", "/?x=1&access_token="])
def test_a_token_never_travels_in_a_url(path: str) -> None:
    with pytest.raises(UnauthenticatedError):
        bearer_token(asked(path, Authorization="Bearer a.b.c"))


def test_the_gateways_word_must_agree_and_is_never_enough() -> None:
    check_userinfo(asked(), "uid-1")
    check_userinfo(asked(X_Apigateway_Api_Userinfo=encoded({"sub": "uid-1"})), "uid-1")


@pytest.mark.parametrize(
    "header", [encoded({"sub": "uid-2"}), encoded({}), encoded(["uid-1"]), "", "uid-1", "%%%", encoded({"sub": None})]
)
def test_a_gateway_header_about_somebody_else_is_refused(header: str) -> None:
    with pytest.raises(UnauthenticatedError):
        check_userinfo(asked(X_Apigateway_Api_Userinfo=header), "uid-1")


def claims(**changes: Any) -> TokenClaims:
    given: dict[str, Any] = {
        "uid": "uid-1",
        "auth_time": int(NOW.timestamp()),
        "issued_at": int(NOW.timestamp()),
        "expires_at": int(NOW.timestamp()) + 3600,
        "client_id": str(CLIENT),
        "role": "biller",
        "user_id": str(USER),
    }
    return TokenClaims(**given | changes)


def member(**changes: Any) -> MemberDocument:
    given = {"client_id": str(CLIENT), "user_id": str(USER), "role": "biller"}
    return MemberDocument(**given | changes)


def test_the_member_document_decides() -> None:
    assert check_member(claims(role="admin"), member()) == (CLIENT, USER, Role.BILLER)


@pytest.mark.parametrize("status", ["invited", "deactivated"])
def test_only_active_members_get_in(status: str) -> None:
    with pytest.raises(ForbiddenError) as refused:
        check_member(claims(), member(status=status))
    assert refused.value.code == "not_a_member"


def test_somebody_unknown_is_no_member() -> None:
    with pytest.raises(ForbiddenError):
        check_member(claims(), None)


@pytest.mark.parametrize("changes", [{"client_id": None}, {"client_id": str(USER)}, {"user_id": str(CLIENT)}])
def test_a_token_of_an_earlier_membership_must_be_refreshed(changes: dict[str, Any]) -> None:
    with pytest.raises(UnauthenticatedError):
        check_member(claims(**changes), member())


def test_a_sign_in_before_the_revocation_is_over() -> None:
    check_member(claims(), member(tokens_valid_after=NOW))
    with pytest.raises(UnauthenticatedError):
        check_member(claims(), member(tokens_valid_after=NOW + timedelta(seconds=1)))


@pytest.mark.parametrize("changes", [{"role": "owner"}, {"role": ""}])
def test_a_membership_that_is_not_set_up_lets_nobody_in(changes: dict[str, Any]) -> None:
    with pytest.raises(ForbiddenError):
        check_member(claims(), member(**changes))


def test_a_membership_without_a_client_lets_nobody_in() -> None:
    with pytest.raises(ForbiddenError):
        check_member(claims(client_id="x"), member(client_id="x"))
