"""Signing in, renewing and signing out leave exactly one row each, of the person whom they are about."""

from __future__ import annotations

from typing import Any

import httpx

from tests.e2e.openid import AUTH, opened
from tests.e2e.person import MEMBERS_PASSWORD, Database, until
from tests.stack import RunningStack

SECONDS = 5.0


def only_row(database: Database, answer: httpx.Response) -> dict[str, Any]:
    """The one row that a request left in time."""
    assert answer.is_success, answer.text
    request_id = answer.headers["x-request-id"]
    (row,) = until(lambda: database.audit_rows(request_id), seconds=SECONDS, what="the audit row")
    return row


def test_each_step_of_a_sign_in_leaves_its_row(
    stack: RunningStack, http: httpx.Client, database: Database, member: dict[str, Any]
) -> None:
    def post(path: str, body: Any = None, token: str = "") -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return http.post(f"{stack.gateway}{AUTH}{path}", json=body, headers=headers)

    with opened(stack) as browser:
        first = browser.exchange(browser.outcome(member["email"])["code"])  # this one links the identity too
        assert first.is_success, first.text
        by_provider = browser.exchange(browser.outcome(member["email"])["code"])
    by_password = post("/login", {"email": member["email"], "password": MEMBERS_PASSWORD})
    renewed = post("/refresh", {"refreshToken": by_password.json()["refreshToken"]})
    ended = post("/logout", token=renewed.json()["idToken"])
    rows = [only_row(database, answer) for answer in (by_provider, by_password, renewed, ended)]
    assert [row["action"] for row in rows] == ["session:start", "session:start", "session:refresh", "session:end"]
    assert {(str(row["user_id"]), row["outcome"]) for row in rows} == {(member["id"], "success")}
    assert [row["metadata"].get("method") for row in rows[:2]] == ["local", "password"]
    for answer in (by_provider, by_password, renewed, ended):
        assert len(database.audit_rows(answer.headers["x-request-id"])) == 1
