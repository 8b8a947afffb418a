"""A sign-in at a hostile provider, step by step: `auth` as functions-framework serves it, the provider over HTTP."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

from shared.models.roles import Role
from tests.functions.in_memory import Answer, InMemoryProduct, account
from tests.integration.hostile_provider import HostileProvider

AUTH = "/api/v1/auth"
START, CALLBACK = f"{AUTH}/oauth/corp/start", f"{AUTH}/oauth/corp/callback"
FRONT_END = "https://front.example/signed-in?from=api"
BILLER = account(Role.BILLER)


def query_of(location: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(location).query))


def begin(product: InMemoryProduct, provider: HostileProvider) -> dict[str, str]:
    """Begin a sign-in: what the provider is asked. It answers with this sign-in's nonce from now on."""
    answer = product.request("GET", START, role=None)
    assert answer.status == 302, answer.json
    asked = query_of(answer.headers["Location"])
    provider.nonce = asked["nonce"]
    return asked


def outcome(product: InMemoryProduct, provider: HostileProvider) -> dict[str, str]:
    """A whole sign-in up to the front-end: what it is called with."""
    state = begin(product, provider)["state"]
    answer = product.request("GET", f"{CALLBACK}?code=a-code&state={state}&session_state=x", role=None)
    assert answer.status == 302, answer.json
    assert answer.headers["Location"].startswith(f"{FRONT_END}&")
    return query_of(answer.headers["Location"])


def exchange(product: InMemoryProduct, code: str) -> Answer:
    return product.request("POST", f"{AUTH}/token", role=None, json={"code": code})


def signed_in(product: InMemoryProduct, provider: HostileProvider) -> dict[str, Any]:
    answer = exchange(product, outcome(product, provider)["code"])
    assert answer.status == 200, answer.json
    user: dict[str, Any] = answer.json["user"]
    return user
