"""Signing in at a real OpenID Connect provider, through the gateway, and every way in which it must fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
import pytest

from tests.e2e.openid import AUTH, CALLBACK, FRONT_END, START, Browser, opened, query_of
from tests.e2e.person import USERS, Database, Person, at_once, until
from tests.stack import RunningStack

BILLER = "biller@riverside.example"
Starter = Callable[..., Person]


@pytest.fixture
def browser(stack: RunningStack) -> Iterator[Browser]:
    with opened(stack) as one:
        yield one


@pytest.fixture
def other_browser(stack: RunningStack) -> Iterator[Browser]:
    with opened(stack) as one:
        yield one


def me(stack: RunningStack, http: httpx.Client, token: str) -> httpx.Response:
    return http.get(f"{stack.gateway}{AUTH}/me", headers={"Authorization": f"Bearer {token}"})


def is_refused(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    assert answer.json()["code"] == code
    assert "location" not in answer.headers


def test_the_front_end_is_told_where_people_can_sign_in(browser: Browser) -> None:
    offered = browser.http.get(f"{browser.stack.gateway}{AUTH}/oauth").json()["providers"]
    assert {"name": "local", "label": "Local provider", "start": START} in offered


def test_somebody_signs_in_at_the_provider_and_works(
    browser: Browser, stack: RunningStack, http: httpx.Client, database: Database
) -> None:
    answer = browser.exchange(browser.outcome(BILLER)["code"])
    assert answer.status_code == 200, answer.text
    signed_in = answer.json()
    assert set(signed_in) == {"idToken", "refreshToken", "expiresIn", "user"}
    assert (signed_in["user"]["email"], signed_in["user"]["role"]) == (BILLER, "biller")
    assert me(stack, http, signed_in["idToken"]).json() == signed_in["user"]

    def methods() -> list[str]:
        rows = database.audit_rows(answer.headers["x-request-id"])  # the first sign-in has left one of its link, too
        return [row["metadata"]["method"] for row in rows if row["action"] == "session:start"]

    assert until(methods, seconds=30, what="the audit row") == ["local"]


def test_the_tokens_are_renewed_and_end_with_the_sign_out(
    browser: Browser, stack: RunningStack, http: httpx.Client, member: dict[str, Any]
) -> None:
    first = browser.exchange(browser.outcome(member["email"])["code"]).json()
    renewed = http.post(f"{stack.gateway}{AUTH}/refresh", json={"refreshToken": first["refreshToken"]})
    assert renewed.status_code == 200, renewed.text
    headers = {"Authorization": f"Bearer {renewed.json()['idToken']}"}
    assert http.post(f"{stack.gateway}{AUTH}/logout", headers=headers).status_code == 200
    assert me(stack, http, first["idToken"]).status_code == 401
    again = http.post(f"{stack.gateway}{AUTH}/refresh", json={"refreshToken": first["refreshToken"]})
    assert again.status_code == 401


def test_no_token_and_no_address_stands_in_any_url_or_cookie(browser: Browser) -> None:
    started = browser.start()
    returned = browser.http.get(browser.log_in(started.headers["location"], BILLER))
    answer = browser.exchange(query_of(returned.headers["location"])["code"]).json()
    seen = "".join(str(value) for one in (started, returned) for value in one.headers.values())
    assert not [word for word in (BILLER, answer["idToken"], answer["refreshToken"], "biller") if word in seen]
    assert returned.headers["referrer-policy"] == "no-referrer"
    cookie = started.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert f"path={AUTH}/oauth" in cookie


def test_the_provider_is_asked_with_a_challenge_a_nonce_and_our_own_address(browser: Browser) -> None:
    first, second = (query_of(browser.start().headers["location"]) for _ in range(2))
    assert (first["response_type"], first["code_challenge_method"]) == ("code", "S256")
    assert first["redirect_uri"] == browser.stack.gateway + CALLBACK
    assert len({one[name] for one in (first, second) for name in ("state", "nonce", "code_challenge")}) == 6


def test_the_provider_itself_insists_on_the_challenge(browser: Browser) -> None:
    location = browser.start().headers["location"]
    asked = {name: one for name, one in query_of(location).items() if not name.startswith("code_challenge")}
    answer = browser.http.get(f"{location.partition('?')[0]}?{urlencode(asked)}")
    assert query_of(answer.headers["location"])["error"] == "invalid_request"


def test_two_windows_of_one_browser_sign_in_at_once(browser: Browser) -> None:
    first, second = (browser.start().headers["location"] for _ in range(2))
    for location in (second, first):
        answer = browser.http.get(browser.log_in(location, BILLER))
        assert "code" in query_of(answer.headers["location"])


def test_a_used_state_is_over(browser: Browser) -> None:
    back = browser.log_in(browser.start().headers["location"], BILLER)
    assert browser.http.get(back).status_code == 302
    is_refused(browser.http.get(back), 401, "sign_in_not_begun")


def test_of_many_who_return_with_one_state_one_gets_a_code(browser: Browser) -> None:
    back = browser.log_in(browser.start().headers["location"], BILLER)
    statuses = at_once(5, lambda _: browser.http.get(back).status_code)
    assert sorted(statuses) == [302, 401, 401, 401, 401]


@pytest.mark.parametrize("state", ["forged", "x" * 43, "x" * 200, "'; --", "ü"])
def test_a_forged_state_is_refused(browser: Browser, state: str) -> None:
    browser.start()
    answer = browser.http.get(browser.stack.gateway + CALLBACK, params={"state": state, "code": "c"})
    is_refused(answer, 401, "sign_in_not_begun")


def test_another_browser_cannot_end_what_this_one_began(browser: Browser, other_browser: Browser) -> None:
    back = browser.log_in(browser.start().headers["location"], BILLER)
    other_browser.start()
    is_refused(other_browser.http.get(back), 401, "sign_in_not_begun")
    is_refused(browser.http.get(back), 401, "sign_in_not_begun")  # and nobody can try again


def test_a_browser_without_the_cookie_cannot_end_it(browser: Browser, other_browser: Browser) -> None:
    back = browser.log_in(browser.start().headers["location"], BILLER)
    is_refused(other_browser.http.get(back), 401, "sign_in_not_begun")


def test_the_codes_of_two_sign_ins_cannot_be_swapped(browser: Browser, other_browser: Browser) -> None:
    """A stolen code of the provider's in one's own sign-in: nonce and verifier are another sign-in's."""
    stolen = query_of(browser.log_in(browser.start().headers["location"], BILLER))["code"]
    mine = query_of(other_browser.start().headers["location"])["state"]
    asked = {"state": mine, "code": stolen, "iss": browser.stack.openid}
    answer = other_browser.http.get(other_browser.stack.gateway + CALLBACK, params=asked)
    assert query_of(answer.headers["location"])["error"] == "identity_not_proven"


@pytest.mark.parametrize("issuer", [None, "https://accounts.google.com", "", "x"])
def test_an_answer_of_another_issuer_is_refused(browser: Browser, issuer: str | None) -> None:
    back = browser.log_in(browser.start().headers["location"], BILLER)
    asked = {name: one for name, one in query_of(back).items() if name != "iss"}
    asked |= {"iss": issuer} if issuer is not None else {}
    answer = browser.http.get(f"{back.partition('?')[0]}?{urlencode(asked)}")
    assert query_of(answer.headers["location"])["error"] == "identity_not_proven"


def test_somebody_who_cancels_is_back_at_the_front_end(browser: Browser) -> None:
    outcome = browser.outcome(BILLER, act="cancel")
    assert outcome["error"] == "access_denied"
    assert set(outcome) == {"error", "requestId"}


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("server_error", "provider_unavailable"),
        ("temporarily_unavailable", "provider_unavailable"),
        ("login_required", "access_denied"),
        ("invalid_scope", "provider_refused"),
        ("<script>", "provider_refused"),
    ],
)
def test_an_error_of_the_providers_comes_back_as_one_of_ours(browser: Browser, said: str, code: str) -> None:
    state = query_of(browser.start().headers["location"])["state"]
    asked = {"state": state, "error": said, "error_description": "Zyxwvut5550199", "iss": browser.stack.openid}
    answer = browser.http.get(browser.stack.gateway + CALLBACK, params=asked)
    assert query_of(answer.headers["location"])["error"] == code
    assert "Zyxwvut5550199" not in answer.headers["location"]


def test_an_answer_with_nothing_in_it_is_no_sign_in(browser: Browser) -> None:
    state = query_of(browser.start().headers["location"])["state"]
    answer = browser.http.get(browser.stack.gateway + CALLBACK, params={"state": state})
    assert query_of(answer.headers["location"])["error"] == "provider_refused"


def test_a_code_is_good_once(browser: Browser) -> None:
    code = browser.outcome(BILLER)["code"]
    assert browser.exchange(code).status_code == 200
    is_refused(browser.exchange(code), 401, "code_not_valid")


def test_of_many_exchanges_of_one_code_one_succeeds(browser: Browser) -> None:
    code = browser.outcome(BILLER)["code"]
    statuses = at_once(5, lambda _: browser.exchange(code).status_code)
    assert sorted(statuses) == [200, 401, 401, 401, 401]


@pytest.mark.parametrize("verifier", [None, "x" * 43, "x" * 128])
def test_a_stolen_code_is_of_no_use(browser: Browser, verifier: str | None) -> None:
    code = browser.outcome(BILLER)["code"]
    is_refused(browser.exchange(code, codeVerifier=verifier), 401, "code_not_valid")
    is_refused(browser.exchange(code), 401, "code_not_valid")


def test_a_front_end_may_do_without_a_challenge_and_then_has_no_verifier(browser: Browser) -> None:
    codes = []
    for _ in range(2):
        back = browser.log_in(browser.start(codeChallenge="").headers["location"], BILLER)
        codes.append(query_of(browser.http.get(back).headers["location"])["code"])
    assert browser.exchange(codes[0], codeVerifier=None).status_code == 200
    is_refused(browser.exchange(codes[1]), 401, "code_not_valid")


def test_a_code_and_a_state_are_over_in_time(browser: Browser, database: Database) -> None:
    code = browser.outcome(BILLER)["code"]
    back = browser.log_in(browser.start().headers["location"], BILLER)
    lasting = database.rows("SELECT kind, expires_at - now() AS left FROM sign_in_tickets WHERE expires_at > now()")
    longest = {kind: max(row["left"] for row in lasting if row["kind"] == kind) for kind in ("exchange_code",)}
    assert longest["exchange_code"].total_seconds() <= 60
    assert all(row["left"].total_seconds() <= 600 for row in lasting)
    database.rows("UPDATE sign_in_tickets SET expires_at = now() - interval '1 second'")
    is_refused(browser.exchange(code), 401, "code_not_valid")
    is_refused(browser.http.get(back), 401, "sign_in_not_begun")


def test_what_is_stored_of_a_sign_in_under_way_is_of_no_use(browser: Browser, database: Database) -> None:
    location = browser.start().headers["location"]
    asked = query_of(location)
    stored = str(database.rows("SELECT secret_hash, content::text FROM sign_in_tickets"))
    secrets = [asked["state"], asked["nonce"], *browser.http.cookies.values()]
    assert not [one for one in secrets if one in stored]


def test_an_address_that_the_provider_has_not_verified_signs_nobody_in(browser: Browser) -> None:
    unverified = "manager@riverside.example"
    assert browser.outcome(unverified, verified=False)["error"] == "email_not_verified"


@pytest.mark.parametrize("email", ["nobody@elsewhere.example", "biller@riverside.example.evil.example"])
def test_somebody_unknown_is_not_let_in(browser: Browser, email: str) -> None:
    assert browser.outcome(email)["error"] == "not_a_member"


def test_somebody_deactivated_is_not_let_in_and_that_is_on_record(
    browser: Browser, member: dict[str, Any], signed_in: Starter, database: Database
) -> None:
    kept = browser.outcome(member["email"])["code"]
    assert browser.exchange(browser.outcome(member["email"])["code"]).status_code == 200
    signed_in("admin").done("DELETE", f"{USERS}/{member['id']}")
    is_refused(browser.exchange(kept), 401, "sign_in_ended")

    def refused() -> str:
        outcome = browser.outcome(member["email"])
        return outcome["requestId"] if outcome.get("error") == "not_a_member" else ""

    request_id = until(refused, seconds=60, what="the refusal")
    (row,) = until(lambda: database.audit_rows(request_id), seconds=30, what="the audit row")
    assert (row["action"], row["outcome"], str(row["user_id"])) == ("session:start", "denied", member["id"])
    assert database.rows("SELECT 1 FROM sign_in_links WHERE uid = :uid", uid=f"user_{_hex(member['id'])}") == []


def test_the_first_sign_in_links_the_identity_and_says_so_once(
    browser: Browser, member: dict[str, Any], database: Database
) -> None:
    first, second = (browser.exchange(browser.outcome(member["email"])["code"]) for _ in range(2))
    query = "SELECT action, request_id FROM audit_logs WHERE user_id = :user AND action LIKE 'session:%'"

    def recorded() -> list[tuple[str, str]]:
        found = [(row["action"], row["request_id"]) for row in database.rows(query, user=member["id"])]
        return found if len(found) >= 3 else []

    asked = [answer.headers["x-request-id"] for answer in (first, second)]
    rows = until(recorded, seconds=30, what="the audit rows")
    assert sorted(rows) == sorted(
        [("session:link", asked[0]), ("session:start", asked[0]), ("session:start", asked[1])]
    )
    (link,) = database.rows("SELECT * FROM sign_in_links WHERE uid = :uid", uid=f"user_{_hex(member['id'])}")
    assert (link["issuer"], len(link["subject_hash"])) == (browser.stack.openid, 64)


def _hex(user_id: str) -> str:
    return user_id.replace("-", "")


@pytest.mark.parametrize(
    "redirect",
    [
        "https://evil.example/",
        "//evil.example/signed-in",
        f"{FRONT_END}/",
        f"{FRONT_END}?next=https://evil.example",
        f"{FRONT_END}#x",
        f"{FRONT_END}.evil.example",
        FRONT_END.upper(),
        FRONT_END.replace("3000", "3000@evil.example"),
        FRONT_END.replace("signed-in", "x/../signed-in"),
        FRONT_END.replace("http://", "javascript:"),
        "/signed-in",
        " ",
    ],
)
def test_a_sign_in_ends_at_a_configured_address_only(browser: Browser, redirect: str) -> None:
    answer = browser.start(redirect=redirect)
    is_refused(answer, 422, "validation_failed")
    assert answer.json()["errors"][0]["field"] == "redirect"
    assert "set-cookie" not in answer.headers


def test_without_a_redirect_it_ends_at_the_first_configured_address(browser: Browser) -> None:
    back = browser.log_in(browser.start(redirect="").headers["location"], BILLER)
    assert browser.http.get(back).headers["location"].startswith(f"{FRONT_END}?code=")


@pytest.mark.parametrize(
    "query",
    [
        {"issuer": "https://evil.example"},
        {"redirect_uri": "https://evil.example"},
        {"codeChallenge": "short"},
        {"codeChallenge": "x" * 44},
        {"codeChallengeMethod": "plain"},
        {"redirect": "x" * 3000},
    ],
)
def test_a_start_that_asks_for_anything_else_is_refused(browser: Browser, query: dict[str, str]) -> None:
    is_refused(browser.start(**query), 422, "validation_failed")


def test_a_parameter_given_twice_is_refused(browser: Browser) -> None:
    answer = browser.http.get(f"{browser.stack.gateway}{START}?redirect={FRONT_END}&redirect=https://evil.example")
    is_refused(answer, 422, "validation_failed")
    answer = browser.http.get(f"{browser.stack.gateway}{CALLBACK}?state=a&state=b&code=c")
    is_refused(answer, 422, "validation_failed")


@pytest.mark.parametrize("place", ["start", "callback?state=s"])
@pytest.mark.parametrize("name", ["google", "microsoft", "evil", "..%2fx", "127.0.0.1"])
def test_a_provider_that_is_not_configured_does_not_exist(browser: Browser, name: str, place: str) -> None:
    answer = browser.http.get(f"{browser.stack.gateway}{AUTH}/oauth/{name}/{place}")
    assert answer.status_code == 404
    if "%" not in name:
        is_refused(answer, 404, "provider_not_found")
        assert answer.json()["allowed"] == ["local"]


def test_a_host_header_does_not_move_the_callback(browser: Browser) -> None:
    headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    answer = browser.http.get(browser.stack.gateway + START, headers=headers)
    asked = query_of(answer.headers["location"])
    assert urlsplit(asked["redirect_uri"]).netloc == urlsplit(browser.stack.gateway).netloc
