"""Users of the caller's organisation: requests and answers."""

from __future__ import annotations

import re
from datetime import datetime
from functools import cache
from typing import Annotated, ClassVar
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, SecretStr, field_validator

from shared.models.api.base import AnswerModel, Page, RequestModel
from shared.models.front_desk import FrontDeskSettings
from shared.models.roles import Role
from shared.models.users import AssistantChoice, AssistantMode, Organisation, Preferences, User, UserStatus

MAX_EMAIL = 254
_EMAIL = re.compile(r"^[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9-]{2,63})+\Z")


def _email(given: str) -> str:
    email = given.strip().lower()
    if len(email) > MAX_EMAIL or not _EMAIL.match(email):
        raise ValueError("must be an e-mail address")
    return email


def _shown(given: str) -> str:
    text = " ".join(given.split())
    if not text or not text.isprintable():
        raise ValueError("must hold visible characters")
    return text


def _https(given: str) -> str:
    try:
        parts = urlsplit(given)
        host = parts.hostname
    except ValueError as exc:
        raise ValueError("must be an https address") from exc
    sound = given.isascii() and given.isprintable() and " " not in given
    if parts.scheme != "https" or not host or parts.username is not None or not sound:
        raise ValueError("must be an https address")
    return given


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones()) - {"Factory", "localtime"}


def _time_zone(given: str) -> str:
    if given not in _time_zones():
        raise ValueError("must be an IANA time zone, for example America/New_York")
    return given


EmailAddress = Annotated[str, Field(max_length=MAX_EMAIL), AfterValidator(_email)]
ShownName = Annotated[str, Field(max_length=200), AfterValidator(_shown)]
TimeZone = Annotated[str, Field(max_length=64), AfterValidator(_time_zone)]
LogoUrl = Annotated[str, Field(max_length=2000), AfterValidator(_https)]
Version = Annotated[int, Field(ge=1)]


class UserQuery(Page):
    """Which members, by name."""

    limit: int = Field(default=25, ge=1, le=100)
    cursor: str | None = Field(default=None, max_length=2000)
    role: Role | None = None
    status: UserStatus | None = None


class Invitation(RequestModel):
    """Whom to invite."""

    email: EmailAddress
    name: ShownName
    role: Role


class UserEdit(RequestModel):
    """What to change of a member."""

    read_only: ClassVar[frozenset[str]] = frozenset(
        {"id", "email", "status", "createdAt", "updatedAt", "invitationExpiresAt"}
    )

    name: ShownName | None = None
    role: Role | None = None
    version: Version | None = None


class OwnEdit(RequestModel):
    """What a person changes of themselves."""

    read_only: ClassVar[frozenset[str]] = UserEdit.read_only | {"role", "preferences"}

    name: ShownName | None = None
    version: Version | None = None


class AssistantEdit(RequestModel):
    """What to change of the assistant."""

    choice: AssistantChoice | None = None
    mode: AssistantMode | None = None


class NotificationEdit(RequestModel):
    """What to change of notifications."""

    email: bool | None = None
    desktop: bool | None = None
    urgent_only: bool | None = None


class PreferencesEdit(RequestModel):
    """A person's own settings; what is left out, or null, stays."""

    assistant: AssistantEdit | None = None
    notifications: NotificationEdit | None = None

    def applied_to(self, before: Preferences) -> Preferences:
        """Return `before` with what was given."""
        assistant, notifications = (
            {} if group is None else group.model_dump(exclude_none=True)
            for group in (self.assistant, self.notifications)
        )
        return Preferences(
            assistant=before.assistant.model_copy(update=assistant),
            notifications=before.notifications.model_copy(update=notifications),
        )


class OrganisationEdit(RequestModel):
    """What to change of the organisation; `logoUrl` null takes the logo away.

    Of `frontDesk`, what is left out stays as it is.
    """

    read_only: ClassVar[frozenset[str]] = frozenset({"id", "createdAt", "updatedAt"})

    name: ShownName | None = None
    logo_url: LogoUrl | None = None
    time_zone: TimeZone | None = None
    front_desk: FrontDeskSettings | None = None
    version: Version | None = None


class Acceptance(RequestModel):
    """An invitation's code, and the password that the invited person chooses."""

    code: str = Field(min_length=1, max_length=500)
    password: SecretStr

    @field_validator("password")
    @classmethod
    def _long_enough(cls, given: SecretStr) -> SecretStr:
        if not 12 <= len(given.get_secret_value()) <= 128:  # noqa: PLR2004 (long beats complicated)
            raise ValueError("must have 12 to 128 characters")
        return given


class UserView(AnswerModel):
    """A member, as admins and managers see one."""

    id: str
    email: str
    name: str
    role: Role
    status: UserStatus
    version: int
    created_at: datetime
    updated_at: datetime
    invitation_expires_at: datetime | None = None

    @classmethod
    def of(cls, user: User) -> UserView:
        """Make the view of `user`."""
        return cls(
            id=str(user.id),
            email=user.email,
            name=user.name,
            role=user.role,
            status=user.status,
            version=user.version,
            created_at=user.created_at,
            updated_at=user.updated_at,
            invitation_expires_at=user.invitation_expires_at,
        )


class InvitedView(UserView):
    """A member just invited. `invitationCode` is shown this once: hand it to the person, it is good for one use."""

    invitation_code: str


class OwnView(UserView):
    """The caller."""

    preferences: Preferences

    @classmethod
    def of(cls, user: User) -> OwnView:
        """Make the view of `user`."""
        return cls(**UserView.of(user).model_dump(), preferences=user.preferences)


class UserList(AnswerModel):
    """A page of members."""

    users: tuple[UserView, ...]
    next_cursor: str | None = None


class AcceptedView(AnswerModel):
    """Who may sign in now."""

    user_id: str
    email: str
    status: UserStatus


class RoleView(AnswerModel):
    """A role and what it may do."""

    role: Role
    permissions: tuple[str, ...]
    modes: tuple[str, ...]
    actions: tuple[str, ...]


class RoleList(AnswerModel):
    """All roles."""

    roles: tuple[RoleView, ...]


class OrganisationView(AnswerModel):
    """The caller's organisation: what a front-end shows of it."""

    id: str
    name: str
    logo_url: str | None
    time_zone: str
    front_desk: FrontDeskSettings
    version: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, organisation: Organisation) -> OrganisationView:
        """Make the view of `organisation`."""
        return cls(
            id=str(organisation.id),
            name=organisation.name,
            logo_url=organisation.logo_url,
            time_zone=organisation.time_zone,
            front_desk=organisation.front_desk,
            version=organisation.version,
            created_at=organisation.created_at,
            updated_at=organisation.updated_at,
        )
