"""Members of an organisation, and the organisation itself, as services see them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, SecretStr
from pydantic.alias_generators import to_camel

from shared.models.firestore.rosters import PushChoice
from shared.models.front_desk import FrontDeskSettings
from shared.models.roles import Role

UserStatus = Literal["active", "invited", "deactivated"]
AssistantChoice = Literal["grounded", "gemini"]
AssistantMode = Literal["Agentic", "Co-pilot", "Manual"]


class AssistantPreferences(BaseModel):
    """Which assistant answers, and how much it does by itself."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True)

    choice: AssistantChoice = "grounded"
    mode: AssistantMode = "Co-pilot"


class NotificationPreferences(BaseModel):
    """Where alerts and reminders go besides the inbox."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True)

    email: bool = True
    desktop: bool = False
    urgent_only: bool = False


class Preferences(BaseModel):
    """A person's own settings; what was never chosen has its default."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore", frozen=True)

    assistant: AssistantPreferences = AssistantPreferences()
    notifications: NotificationPreferences = NotificationPreferences()


@dataclass(frozen=True, slots=True)
class User:
    """A row of `users`. `uid` is the Firebase account, there since the invitation was accepted.

    `invitation_id` is there while an invitation is open. Sign-ins before `tokens_valid_after` are over.
    """

    id: UUID
    client_id: UUID
    email: str
    name: str
    role: Role
    status: UserStatus
    created_at: datetime
    updated_at: datetime
    uid: str | None = None
    preferences: Preferences = field(default_factory=Preferences)
    version: int = 1
    tokens_valid_after: datetime | None = None
    invitation_id: UUID | None = None
    invitation_expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Organisation:
    """A row of `clients`. `time_zone` is an IANA name, `front_desk` how its front desk is run."""

    id: UUID
    name: str
    logo_url: str | None
    time_zone: str
    created_at: datetime
    updated_at: datetime
    version: int = 1
    front_desk: FrontDeskSettings = field(default_factory=FrontDeskSettings)


@dataclass(frozen=True, slots=True)
class Membership:
    """What the live side must know of a user: a picture of the row, mirrored to `members/{uid}` and the account."""

    client_id: UUID
    user_id: UUID
    uid: str
    role: Role
    status: UserStatus
    time_zone: str
    version: int
    tokens_valid_after: datetime | None
    push: PushChoice = "none"


@dataclass(frozen=True, slots=True)
class MembershipChanges:
    """An organisation's memberships that changed, and all of its active ones (its roster).

    `version` grows with every change of the organisation or of any of its users.
    """

    client_id: UUID
    version: int
    time_zone: str
    changed: tuple[Membership, ...]
    roster: tuple[Membership, ...]


@dataclass(frozen=True, slots=True)
class NewAccount:
    """A sign-in account to open."""

    uid: str
    email: str
    name: str
    password: SecretStr
