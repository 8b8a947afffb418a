"""Requests and answers of the alerts component."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, ClassVar

from pydantic import Field, StringConstraints
from pydantic.alias_generators import to_camel

from shared.models.api.base import AnswerModel, Page, RequestModel, UtcTime
from shared.models.firestore.alerts import AlertDocument, AlertOutcome, AlertState, InboxEntryDocument, Severity
from shared.models.roles import Role

__all__ = [
    "Acknowledgement",
    "AlertList",
    "AlertQuery",
    "AlertSnooze",
    "AlertView",
    "AudienceGiven",
    "DeviceView",
    "NewAlert",
    "NewDevice",
]

DocumentId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,128}$")]
UserId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
Message = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
DedupeKey = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]{1,128}$")]
Token = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_:=.-]{20,4096}$")]


class AudienceGiven(RequestModel):
    """Whom an alert is for: these people, people with these roles, or everybody of the organisation."""

    user_ids: tuple[UserId, ...] = Field(default=(), max_length=500)
    roles: tuple[Role, ...] = Field(default=(), max_length=len(Role))
    client_wide: bool = False


class NewAlert(RequestModel):
    """An alert to make. The same `dedupeKey` again, while the first one is active, counts and makes no second one.

    Without `expiresAt` it is over after 90 days.
    """

    message: Message
    audience: AudienceGiven
    severity: Severity = "info"
    context_id: DocumentId | None = None
    dedupe_key: DedupeKey | None = None
    expires_at: UtcTime | None = None


class AlertQuery(Page):
    """Filters of the caller's active alerts; those snoozed until later are left out unless `snoozed` is true."""

    context_id: DocumentId | None = None
    severity: Severity | None = None
    acknowledged: bool | None = None
    snoozed: bool = Field(default=False, description="also the alerts that are snoozed until later")
    limit: int = Field(default=25, ge=1, le=100)


class AlertSnooze(RequestModel):
    """Until when the alert stays out of the caller's default lists."""

    until: UtcTime


class AlertView(AnswerModel):
    """An alert as one person sees it: `acknowledged`, `outcome` and `snoozedUntil` are theirs.

    `message` is the text in English of `code` with `params`.
    """

    id: str
    severity: Severity
    message: str
    code: str
    params: dict[str, str | int | None]
    state: AlertState
    acknowledged: bool
    acknowledged_at: datetime | None
    outcome: AlertOutcome | None
    snoozed_until: datetime | None
    count: int
    last_seen_at: datetime | None
    context_id: str | None
    mode: str | None
    record_type: str | None
    source: str
    created_at: datetime
    expires_at: datetime | None
    version: int

    @classmethod
    def of(cls, entry: InboxEntryDocument, state: AlertState) -> AlertView:
        """Show a person's own entry; `state` is what it is now, whatever is stored."""
        return cls(
            acknowledged=entry.acknowledged_at is not None,
            acknowledged_at=entry.acknowledged_at,
            outcome=entry.outcome,
            snoozed_until=entry.snoozed_until,
            version=entry.alert_version,
            **_said(entry, state),
        )

    @classmethod
    def untouched(cls, alert: AlertDocument, state: AlertState) -> AlertView:
        """Show an alert that the person has done nothing with."""
        own = {"acknowledged": False, "acknowledged_at": None, "outcome": None, "snoozed_until": None}
        return cls.model_validate(own | {"version": alert.version} | _said(alert, state))


def _said(one: AlertDocument | InboxEntryDocument, state: AlertState) -> dict[str, Any]:
    names = ("id", "severity", "count", "last_seen_at", "context_id", "mode", "record_type", "source", "created_at")
    said = {name: getattr(one, name) for name in (*names, "expires_at")}
    text = {"message": one.message.text, "code": one.message.code, "params": one.message.params}
    return said | text | {"state": state}


class Acknowledgement(RequestModel):
    """What came of it, when it is known already; it may be given or changed later."""

    read_only: ClassVar[frozenset[str]] = frozenset(map(to_camel, AlertView.model_fields)) - {"outcome"}

    outcome: AlertOutcome | None = None


class AlertList(AnswerModel):
    """A page of alerts, latest change first; `nextCursor` is null at the end."""

    alerts: tuple[AlertView, ...]
    next_cursor: str | None


class NewDevice(RequestModel):
    """The registration token or installation id that Firebase gave this browser or telephone."""

    token: Token


class DeviceView(AnswerModel):
    """A device of the caller. Register it again before `expiresAt`."""

    id: str
    expires_at: datetime
