"""A provider that is sound, broken, silent or mistaken about itself: nothing ends in a 500, and all of it in time."""

from __future__ import annotations

import base64
import hashlib
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from starlette.responses import Response

from shared.models.audit import AuditAction
from tests.functions.in_memory import InMemoryProduct
from tests.integration.hostile_provider import CLIENT_ID, HostileProvider, json_answer, part
from tests.integration.provider_sign_in import BILLER, CALLBACK, START, begin, outcome, signed_in


def test_while_it_is_sound_it_signs_people_in(product: InMemoryProduct, provider: HostileProvider) -> None:
    assert signed_in(product, provider)["email"] == BILLER.email
    ((form, authorization),) = provider.asked
    assert set(form) == {"grant_type", "code", "redirect_uri", "code_verifier"}
    assert form["redirect_uri"] == f"https://api.example{CALLBACK}"
    assert authorization == "Basic " + base64.b64encode(b"our-client:our%20secret%2F%2B%26").decode()
    assert [event.action for event in product.events] == [AuditAction.SESSION_START, AuditAction.SESSION_LINK]


def test_the_verifier_is_the_one_of_the_challenge(product: InMemoryProduct, provider: HostileProvider) -> None:
    asked = begin(product, provider)
    product.request("GET", f"{CALLBACK}?code=c&state={asked['state']}", role=None)
    verifier = provider.asked[0][0]["code_verifier"]
    assert part(hashlib.sha256(verifier.encode()).digest()) == asked["code_challenge"]


def test_the_cookie_is_for_tls_where_the_api_has_it(product: InMemoryProduct) -> None:
    assert "; Secure" in product.request("GET", START, role=None).headers["Set-Cookie"]


GARBAGE: dict[str, Callable[[], Response]] = {
    "nothing": lambda: Response(""),
    "a page": lambda: Response("<html>", media_type="text/html"),
    "a list": lambda: json_answer([1, 2]),
    "an empty object": lambda: json_answer({}),
    "other types": lambda: json_answer({"issuer": 5, "keys": {"a": 1}, "id_token": {"a": 1}, "access_token": []}),
    "no UTF-8": lambda: Response(b"\xff\xfe", media_type="application/json"),
    "much": lambda: Response(b'{"a":"' + b"x" * 2_000_000 + b'"}', media_type="application/json"),
    "deep": lambda: Response(b"[" * 100_000, media_type="application/json"),
    "a redirect": lambda: Response(status_code=302, headers={"Location": "http://127.0.0.1:9/latest/meta-data"}),
    "a refusal": lambda: json_answer({"error": "invalid_client"}, 401),
    "an odd refusal": lambda: json_answer({"error": ["invalid_grant"]}, 400),
    "a failure": lambda: Response("oops", status_code=500),
    "busy": lambda: Response("later", status_code=503),
}


@pytest.mark.parametrize("kind", GARBAGE)
def test_a_discovery_document_that_is_none_is_a_provider_out_of_order(
    product: InMemoryProduct, provider: HostileProvider, kind: str
) -> None:
    provider.answers["openid-configuration"] = GARBAGE[kind]
    answer = product.request("GET", START, role=None)
    assert (answer.status, answer.json["code"]) == (503, "provider_unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    assert not product.tickets.tickets


@pytest.mark.parametrize("kind", GARBAGE)
@pytest.mark.parametrize("place", ["keys", "token"])
def test_garbage_elsewhere_ends_at_the_front_end(
    product: InMemoryProduct, provider: HostileProvider, place: str, kind: str
) -> None:
    provider.answers[place] = GARBAGE[kind]
    assert outcome(product, provider)["error"] in {"provider_unavailable", "identity_not_proven"}


def test_a_refused_code_is_no_failure_of_the_providers(product: InMemoryProduct, provider: HostileProvider) -> None:
    provider.answers["token"] = lambda: json_answer({"error": "invalid_grant"}, 400)
    assert outcome(product, provider)["error"] == "identity_not_proven"


@pytest.mark.parametrize(
    "members",
    [
        {"issuer": "https://evil.example"},
        {"issuer": ...},
        {"authorization_endpoint": ...},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": "//evil.example"},
        {"authorization_endpoint": "http://a.example/\r\nX-Bad: 1"},
        {"token_endpoint": "file:///etc/passwd"},
        {"token_endpoint": 5},
        {"jwks_uri": "ftp://a.example/"},
        {"jwks_uri": ...},
        {"id_token_signing_alg_values_supported": ["none", "HS256"]},
        {"id_token_signing_alg_values_supported": "RS256"},
        {"id_token_signing_alg_values_supported": ...},
    ],
)
def test_a_discovery_document_with_a_bad_member_is_not_taken(
    product: InMemoryProduct, provider: HostileProvider, members: dict[str, Any]
) -> None:
    provider.discovery = members
    answer = product.request("GET", START, role=None)
    assert (answer.status, answer.json["code"]) == (503, "provider_unavailable")


def test_a_provider_that_wants_its_secret_in_the_form_gets_it_there(
    product: InMemoryProduct, provider: HostileProvider
) -> None:
    provider.discovery = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    signed_in(product, provider)
    ((form, authorization),) = provider.asked
    assert (form["client_id"], form["client_secret"], authorization) == (CLIENT_ID, "our secret/+&", "")


@pytest.fixture
def silent() -> Iterator[str]:
    """An address where connections are taken and nothing is ever answered."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_a_provider_that_does_not_answer_is_a_503_in_time(
    product: InMemoryProduct, provider: HostileProvider, silent: str
) -> None:
    product.providers["corp"] = provider.client(issuer=silent)
    begun = time.monotonic()
    answer = product.request("GET", START, role=None)
    assert (answer.status, answer.json["code"]) == (503, "provider_unavailable")
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize("member", ["token_endpoint", "jwks_uri"])
def test_a_provider_that_stops_answering_ends_at_the_front_end_in_time(
    product: InMemoryProduct, provider: HostileProvider, silent: str, member: str
) -> None:
    provider.discovery = {member: f"{silent}/"}
    begun = time.monotonic()
    assert outcome(product, provider)["error"] == "provider_unavailable"
    assert time.monotonic() - begun < 5
