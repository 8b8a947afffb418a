"""From request headers to a token: which header counts, and what is refused.

Behind API Gateway the caller's token is in `X-Forwarded-Authorization` (`Authorization` is then the gateway's own);
called directly it is in `Authorization`. Whichever it is, it is verified in full.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from flask import Request

from shared.errors import UnauthenticatedError

IDENTITY_HEADERS = ("Authorization", "X-Forwarded-Authorization", "X-Apigateway-Api-Userinfo")


def bearer_token(request: Request) -> str:
    """Return the one user token of `request`. Raises UnauthenticatedError."""
    if "access_token" in request.args:
        raise UnauthenticatedError("A token never travels in a URL")
    for name in IDENTITY_HEADERS:
        if "," in request.headers.get(name, ""):
            raise UnauthenticatedError(f"{name} was sent more than once")
    forwarded = request.headers.get("X-Forwarded-Authorization")
    direct = request.headers.get("Authorization")
    if forwarded is None and direct is None:
        raise UnauthenticatedError("Send a Firebase ID token as a bearer token")
    token = _strip(forwarded if forwarded is not None else str(direct))
    if forwarded is not None and direct is not None:
        _refuse_second_user(token, _unverified(_strip(direct)))
    return token


def check_userinfo(request: Request, uid: str) -> None:
    """Refuse a gateway userinfo header that names somebody else. Raises UnauthenticatedError."""
    encoded = request.headers.get("X-Apigateway-Api-Userinfo")
    if encoded is not None and _decoded(encoded).get("sub") != uid:
        raise UnauthenticatedError("The gateway's user is not the token's")


def _strip(header: str) -> str:
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise UnauthenticatedError("Send a Firebase ID token as a bearer token")
    return token.strip()


def _refuse_second_user(token: str, other: dict[str, Any]) -> None:
    """Refuse two user tokens with different subjects; the gateway's own token is not a user's."""
    if str(other.get("iss", "")).startswith("https://securetoken.google.com/"):
        mine = _unverified(token)
        if mine.get("sub") != other.get("sub"):
            raise UnauthenticatedError("Two different users in one request")


def _unverified(token: str) -> dict[str, Any]:
    parts = token.split(".")
    return _decoded(parts[1]) if len(parts) == 3 else {}  # noqa: PLR2004 (header.payload.signature)


def _decoded(part: str) -> dict[str, Any]:
    try:
        value = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
