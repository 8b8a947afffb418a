"""From request headers to a Caller: which header counts, what is refused, and the member behind the token.

Behind API Gateway the caller's token is in `X-Forwarded-Authorization` (`Authorization` is then the gateway's own);
called directly it is in `Authorization`. Whichever it is, it is verified in full.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING, Any
from uuid import UUID

from flask import Request

from shared.errors import ForbiddenError, UnauthenticatedError
from shared.models.roles import Role

if TYPE_CHECKING:
    from shared.auth.tokens import TokenClaims
    from shared.models.firestore.documents import MemberDocument

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


def check_member(claims: TokenClaims, member: MemberDocument | None) -> tuple[UUID, UUID, Role]:
    """Return (client id, user id, role) of an active member. The member document decides, the claims must agree.

    Raises UnauthenticatedError for a revoked token, ForbiddenError for somebody who is no active member.
    """
    if member is None or member.status != "active":
        raise ForbiddenError("This sign-in is not an active member of an organisation", code="not_a_member")
    if member.tokens_valid_after is not None and claims.auth_time < member.tokens_valid_after.timestamp():
        raise UnauthenticatedError("This sign-in was ended: sign in again")
    if claims.client_id != member.client_id or claims.user_id != member.user_id:
        raise UnauthenticatedError("The token belongs to an earlier membership: refresh it")
    try:
        return UUID(member.client_id), UUID(member.user_id), Role(member.role)
    except ValueError as exc:
        raise ForbiddenError("This membership is not set up", code="not_a_member") from exc


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
