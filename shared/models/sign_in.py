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
class SignInStep:
    """What ties the two halves of a sign-in at a provider together; `callback` is where the provider sends it back."""

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    callback: str


@dataclass(frozen=True, slots=True)
class ProvenIdentity:
    """Whom a provider knows as `subject`; `email` is an address that it has proven to be theirs, in lower case."""

    issuer: str
    subject: str = field(repr=False)
    email: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class SignInLink:
    """An identity at an issuer (a keyed hash of both, `subject_hash`) that signs in as the account `uid`."""

    subject_hash: str
    issuer: str
    uid: str


@dataclass(frozen=True, slots=True)
class BrowserMove:
    """Where the browser goes next, and the secret that it shall bring back."""

    location: str = field(repr=False)
    browser: str = field(repr=False)


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
