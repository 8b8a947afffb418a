"""Signing in and out: `/api/v1/auth`."""

from __future__ import annotations

import functions_framework
from flask import Request, Response

from shared import bootstrap_sign_in
from shared.auth.permissions import Permission
from shared.models.api.sign_in import (
    CodeExchange,
    Login,
    OAuthAnswer,
    OAuthStart,
    ProviderList,
    Refresh,
    SignedIn,
    SignedOut,
    UserView,
)
from shared.models.audit import AuditAction
from shared.models.caller import Caller
from shared.models.sign_in import BrowserMove, Visitor
from shared.web import Operations, function_app
from shared.web.redirect import redirect

operations = Operations(tag="auth", prefix="/api/v1/auth")

_USER = {
    "id": "01975f3c-0000-7000-8000-000000000001",
    "email": "biller@riverside.example",
    "name": "Priya Raman",
    "role": "biller",
    "client": {
        "id": "01975f3c-0000-7000-8000-00000000000a",
        "name": "Riverside Family Practice",
        "logoUrl": None,
        "timeZone": "America/New_York",
    },
    "permissions": ["mode:read", "task:read"],
    "modes": ["backend", "eligibility", "email-drafter"],
    "preferences": {},
}
_SIGNED_IN = {"idToken": "eyJhbGciOi…", "refreshToken": "AMf-vBx…", "expiresIn": 3600, "user": _USER}


@operations.post(
    "/login",
    summary="Sign in by e-mail address and password",
    permission=Permission.PUBLIC,
    audit=AuditAction.SESSION_START,
    max_bytes=10_000,
    request_example={"email": "biller@riverside.example", "password": "…"},
    example=_SIGNED_IN,
)
def login(visitor: Visitor, body: Login) -> SignedIn:
    return bootstrap_sign_in.sign_in_service().login(visitor, body)


@operations.post(
    "/refresh",
    summary="Renew the tokens of a sign-in",
    permission=Permission.PUBLIC,
    audit=AuditAction.SESSION_REFRESH,
    max_bytes=10_000,
    request_example={"refreshToken": "AMf-vBx…"},
    example=_SIGNED_IN,
)
def refresh(visitor: Visitor, body: Refresh) -> SignedIn:
    return bootstrap_sign_in.sign_in_service().refresh(visitor, body)


@operations.get(
    "/oauth",
    summary="The providers that people can sign in at",
    permission=Permission.PUBLIC,
    audit=AuditAction.NONE,
    example={"providers": [{"name": "google", "label": "Google", "start": "/api/v1/auth/oauth/google/start"}]},
)
def providers() -> ProviderList:
    return bootstrap_sign_in.oauth_service().offered()


@operations.get(
    "/oauth/<provider>/start",
    summary="Send the browser to a provider's login page; it comes back to `redirect` with `code` or `error`",
    permission=Permission.PUBLIC,
    audit=AuditAction.SESSION_START,
    status=302,
)
def start(visitor: Visitor, provider: str, query: OAuthStart) -> Response:
    return _go(bootstrap_sign_in.oauth_service().start(visitor, provider, query))


@operations.get(
    "/oauth/<provider>/callback",
    summary="Where a provider sends the browser back to",
    permission=Permission.PUBLIC,
    audit=AuditAction.SESSION_START,
    status=302,
)
def callback(visitor: Visitor, provider: str, query: OAuthAnswer) -> Response:
    return _go(bootstrap_sign_in.oauth_service().callback(visitor, provider, query))


@operations.post(
    "/token",
    summary="Exchange the code of a sign-in at a provider, once and within a minute",
    permission=Permission.PUBLIC,
    audit=AuditAction.SESSION_START,
    max_bytes=10_000,
    request_example={
        "code": "3dG1…",
        "codeVerifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
    },
    example=_SIGNED_IN,
)
def exchange(visitor: Visitor, body: CodeExchange) -> SignedIn:
    return bootstrap_sign_in.oauth_service().exchange(visitor, body)


@operations.post(
    "/logout",
    summary="Sign out everywhere: ends every session and token of the caller",
    permission=Permission.SIGNED_IN,
    audit=AuditAction.SESSION_END,
    example={"success": True},
)
def logout(caller: Caller) -> SignedOut:
    return bootstrap_sign_in.sign_in_service().logout(caller)


@operations.get(
    "/me",
    summary="Who is signed in, what they may do, and where",
    permission=Permission.SIGNED_IN,
    audit=AuditAction.NONE,
    example=_USER,
)
def me(caller: Caller) -> UserView:
    return bootstrap_sign_in.sign_in_service().me(caller)


def _go(move: BrowserMove) -> Response:
    return redirect(move, secure=bootstrap_sign_in.sign_in_cookie_is_secure())


_app = function_app(operations)


@functions_framework.http
def auth(request: Request) -> Response:
    return _app(request)
