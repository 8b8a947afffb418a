"""What a membership means on the live side: its copy, the organisation's roster, and which sign-ins it ends."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from shared.domain.session import signed_in_at
from shared.models.firestore.rosters import PushChoice, RosterDocument, RosterMember
from shared.models.users import Membership, MembershipChanges, Preferences


def member_fields(membership: Membership) -> dict[str, Any]:
    """The fields of `members/{uid}`, as the store holds them."""
    return {
        "clientId": str(membership.client_id),
        "userId": str(membership.user_id),
        "role": membership.role.value,
        "status": membership.status,
        "timeZone": membership.time_zone,
        "tokensValidAfter": membership.tokens_valid_after,
        "version": membership.version,
    }


def roster_of(changes: MembershipChanges, *, at: datetime) -> RosterDocument:
    """The organisation's active members, without names."""
    return RosterDocument(
        id=str(changes.client_id),
        client_id=str(changes.client_id),
        version=changes.version,
        created_at=at,
        updated_at=at,
        time_zone=changes.time_zone,
        members=tuple(
            RosterMember(uid=one.uid, user_id=str(one.user_id), role=one.role.value, push=one.push)
            for one in changes.roster
        ),
    )


def push_choice(preferences: Preferences) -> PushChoice:
    """Which alerts a person wants on their devices."""
    if not preferences.notifications.desktop:
        return "none"
    return "critical" if preferences.notifications.urgent_only else "all"


def claims_of(membership: Membership) -> dict[str, str]:
    """The custom claims that functions and security rules read."""
    return {
        "clientId": str(membership.client_id),
        "role": membership.role.value,
        "userId": str(membership.user_id),
    }


def later(first: datetime | None, second: datetime | None) -> datetime | None:
    """The later of two moments: a sign-out that the database does not know of still counts."""
    known = [moment for moment in (first, second) if moment is not None]
    return max(known, default=None)


def is_over(session_id: str, membership: Membership) -> bool:
    """Tell whether the sign-in of `{uid}_{auth_time}` is over: its person is not active, or it began too early."""
    if membership.status != "active":
        return True
    return membership.tokens_valid_after is not None and signed_in_at(session_id) < membership.tokens_valid_after
