"""The member behind a verified token: active, not revoked, and of the organisation that the token names."""

from __future__ import annotations

from uuid import UUID

from shared.auth.tokens import TokenClaims
from shared.errors import ForbiddenError, UnauthenticatedError
from shared.models.audit import AuditAction
from shared.models.caller import Caller
from shared.models.firestore.documents import MemberDocument
from shared.models.roles import Role


def not_a_member() -> ForbiddenError:
    """The refusal of somebody who is proven to be who they are, and belongs to no organisation, or not any more."""
    return ForbiddenError("This sign-in is not an active member of an organisation", code="not_a_member")


def check_member(claims: TokenClaims, member: MemberDocument | None) -> tuple[UUID, UUID, Role]:
    """Return (client id, user id, role) of an active member. The member document decides, the claims must agree.

    Raises UnauthenticatedError for a revoked token, ForbiddenError for somebody who is no active member.
    """
    if member is None or member.status != "active":
        raise not_a_member()
    if member.tokens_valid_after is not None and claims.auth_time < member.tokens_valid_after.timestamp():
        raise UnauthenticatedError("This sign-in was ended: sign in again")
    if claims.client_id != member.client_id or claims.user_id != member.user_id:
        raise UnauthenticatedError("The token belongs to an earlier membership: refresh it")
    try:
        return UUID(member.client_id), UUID(member.user_id), Role(member.role)
    except ValueError as exc:
        raise ForbiddenError("This membership is not set up", code="not_a_member") from exc


def caller_for(claims: TokenClaims, member: MemberDocument | None, *, request_id: str, action: AuditAction) -> Caller:
    """Return the caller that a token and a membership make. Raises as `check_member`."""
    client_id, user_id, role = check_member(claims, member)
    return Caller(
        uid=claims.uid,
        user_id=user_id,
        client_id=client_id,
        role=role,
        session_id=f"{claims.uid}_{claims.auth_time}",
        time_zone=member.time_zone if member else "UTC",
        request_id=request_id,
        action=action,
    )
