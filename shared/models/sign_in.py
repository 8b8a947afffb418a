"""What a sign-in hands on: the tokens of the identity platform, who signed in, and single-use tickets."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from shared.models.audit import AuditAction

TicketKind = Literal["oauth_state", "exchange_code"]


@dataclass(frozen=True, slots=True)
class Tokens:
    """An ID token, the refresh token beside it, and for how many seconds the first one lasts."""

    id_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks for a public operation. `browser` is the secret of the sign-in cookie, when there is one."""

    request_id: str
    action: AuditAction
    browser: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Ticket:
    """Something that can be redeemed once. `secret_hash` names it; the secret itself is stored nowhere."""

    secret_hash: str
    kind: TicketKind
    content: dict[str, Any]
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Profile:
    """A person and their organisation, as PostgreSQL has them."""

    user_id: UUID
    email: str
    name: str
    client_id: UUID
    client_name: str
    logo_url: str | None
    time_zone: str
    preferences: dict[str, Any]
