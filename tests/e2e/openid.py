"""A browser without a window that signs in at the stack's OpenID Connect provider, and the front-end behind it."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

from infra.local.demo_accounts import DEMO_PASSWORD
from tests.stack import RunningStack

AUTH = "/api/v1/auth"
START = f"{AUTH}/oauth/local/start"
CALLBACK = f"{AUTH}/oauth/local/callback"
FRONT_END = "http://localhost:3000/signed-in"


def query_of(address: str) -> dict[str, str]:
    """The parameters of an address."""
    return dict(parse_qsl(urlsplit(address).query, strict_parsing=True))


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a verifier, as RFC 7636 has it."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


@dataclass
class Browser:
    """One browser: it keeps cookies and follows no redirect by itself. `verifier` is the front-end's own."""

    stack: RunningStack
    http: httpx.Client
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(32))

    def start(self, **query: str) -> httpx.Response:
        """Begin, as the front-end's button does."""
        asked = {"redirect": FRONT_END, "codeChallenge": challenge_of(self.verifier)} | query
        return self.http.get(self.stack.gateway + START, params={name: one for name, one in asked.items() if one})

    def log_in(self, location: str, email: str, *, act: str = "sign-in", verified: bool = True) -> str:
        """From the provider's login page to the address that the provider sends the browser back to."""
        page = self._follow(location)
        form = {"email": email, "password": DEMO_PASSWORD, "act": act} | ({"verified": "on"} if verified else {})
        answer = self.http.post(page.url, data=form)
        while urlsplit(answer.headers["location"]).path != CALLBACK:
            answer = self.http.get(answer.url.join(answer.headers["location"]))
        return str(answer.url.join(answer.headers["location"]))

    def outcome(self, email: str, *, act: str = "sign-in", verified: bool = True) -> dict[str, str]:
        """What the front-end is called with in the end."""
        returned = self.http.get(self.log_in(self.start().headers["location"], email, act=act, verified=verified))
        assert returned.status_code == 302, returned.text
        assert returned.headers["location"].startswith(f"{FRONT_END}?")
        return query_of(returned.headers["location"])

    def exchange(self, code: str, **changes: str | None) -> httpx.Response:
        """The front-end's exchange of its code."""
        body: Mapping[str, Any] = {"code": code, "codeVerifier": self.verifier} | changes
        return self.http.post(
            f"{self.stack.gateway}{AUTH}/token", json={name: one for name, one in body.items() if one is not None}
        )

    def _follow(self, location: str) -> httpx.Response:
        answer = self.http.get(location)
        while answer.is_redirect:
            answer = self.http.get(answer.url.join(answer.headers["location"]))
        assert answer.status_code == 200, answer.text
        return answer


@contextmanager
def opened(stack: RunningStack) -> Iterator[Browser]:
    """A new browser."""
    with httpx.Client(trust_env=False, timeout=30, follow_redirects=False) as http:
        yield Browser(stack, http)
