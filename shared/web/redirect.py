"""Redirects of a browser that is signing in, and the cookie that ties the two halves of it to one browser."""

from __future__ import annotations

from flask import Response

from shared.models.sign_in import BrowserMove

SIGN_IN_COOKIE = "mobius_sign_in"
COOKIE_PATH = "/api/v1/auth/oauth"
COOKIE_SECONDS = 600


def redirect(move: BrowserMove, *, secure: bool) -> Response:
    """Send the browser on, with a secret to bring back. A cookie is `secure` unless the API itself has no TLS."""
    answer = Response(status=302, headers={"Location": move.location, "Referrer-Policy": "no-referrer"})
    answer.set_cookie(
        SIGN_IN_COOKIE,
        move.browser,
        max_age=COOKIE_SECONDS,
        path=COOKIE_PATH,
        secure=secure,
        httponly=True,
        samesite="Lax",
    )
    return answer
