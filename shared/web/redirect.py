"""Redirects of a browser that is signing in, and the cookie that ties the two halves of it to one browser."""

from __future__ import annotations

from flask import Response

SIGN_IN_COOKIE = "mobius_sign_in"
COOKIE_PATH = "/api/v1/auth/oauth"


def redirect(location: str, *, browser: str | None = None, seconds: int = 600, secure: bool = True) -> Response:
    """Send the browser to `location`. `browser` is a secret for it to bring back; without one the cookie goes."""
    answer = Response(status=302, headers={"Location": location, "Referrer-Policy": "no-referrer"})
    answer.set_cookie(
        SIGN_IN_COOKIE,
        browser or "",
        max_age=seconds if browser else 0,
        path=COOKIE_PATH,
        secure=secure,
        httponly=True,
        samesite="Lax",
    )
    return answer
