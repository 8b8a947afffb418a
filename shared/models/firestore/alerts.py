"""Alerts, and the entries that they put into each person's inbox."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, get_args

from pydantic import Field

from shared.models.firestore.documents import Document, Part

Severity = Literal["info", "warning", "critical"]
AlertState = Literal["active", "resolved", "expired", "superseded"]
AlertOutcome = Literal["handled", "not_mine", "false_alarm"]


class Text(Part):
    """A text that people see: its code and parameters, so that it can be translated, and the text in English."""

    code: str
    params: dict[str, str | int | None] = Field(default={})
    text: str


class Audience(Part):
    """Whom an alert is for: these people, people with these roles, or everybody of the organisation."""

    user_ids: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    client_wide: bool = False


class AlertDocument(Document):
    """`alerts/{id}`. `updated_at` is the store's own clock. `expires_at` decides, `expire_at` is when TTL deletes.

    `is_active` is false for every state but `active`; an alert past `expires_at` is expired whatever it says. `version`
    counts what inboxes are told of, `source_version` is that of the task which it tells of. At `escalate_at` managers
    are told, unless somebody has taken the alert by then.
    """

    severity: Severity
    message: Text
    audience: Audience
    state: AlertState = "active"
    is_active: bool = True
    context_id: str | None = None
    mode: str | None = None
    record_type: str | None = None
    record_uuid: str | None = None
    patient_uuid: str | None = None
    dedupe_key: str | None = None
    count: int = 1
    last_seen_at: datetime
    source: str
    source_version: int = 0
    created_by: str | None = None
    resolved_by: str | None = None
    resolved_at: datetime | None = None
    escalate_at: datetime | None = None
    escalated_at: datetime | None = None
    expires_at: datetime | None = None
    expire_at: datetime


class InboxEntryDocument(Document):
    """`inboxes/{uid}/entries/{alertId}`: one alert for one person; `id` is the alert's.

    What the alert says is delivered (`alert_version` is the alert's version it was taken from); the rest is the
    person's own and survives every delivery. `updated_at` is the store's own clock.
    """

    uid: str
    user_id: str
    alert_version: int
    severity: Severity
    message: Text
    is_active: bool = True
    state: AlertState = "active"
    context_id: str | None = None
    mode: str | None = None
    record_type: str | None = None
    record_uuid: str | None = None
    source: str = ""
    count: int = 1
    last_seen_at: datetime | None = None
    expires_at: datetime | None = None
    expire_at: datetime
    acknowledged_at: datetime | None = None
    outcome: AlertOutcome | None = None
    snoozed_until: datetime | None = None

    @property
    def taken(self) -> bool:
        """Whether the person has acknowledged it and not said that it is somebody else's."""
        return self.acknowledged_at is not None and self.outcome != "not_mine"

    def fields(self) -> dict[str, Any]:
        """See Document.fields. `alertId` and `taken` are what queries over all inboxes ask for."""
        return super().fields() | {"alertId": self.id, "taken": self.taken}


SEVERITIES: tuple[Severity, ...] = get_args(Severity)  # from the mildest to the gravest


def is_graver(before: AlertDocument | InboxEntryDocument, after: AlertDocument | InboxEntryDocument) -> bool:
    """Tell whether the severity rises."""
    return SEVERITIES.index(after.severity) > SEVERITIES.index(before.severity)


# What belongs to the person; every other member is delivered with the alert.
PERSONAL_MEMBERS = frozenset({"acknowledged_at", "outcome", "snoozed_until"})


def delivered(held: InboxEntryDocument, entry: InboxEntryDocument) -> InboxEntryDocument:
    """What an inbox holds after `entry` was delivered over `held`: what is personal stays."""
    kept = {name: getattr(held, name) for name in PERSONAL_MEMBERS}
    return entry.model_copy(update=kept | {"created_at": held.created_at, "version": held.version + 1})
