"""Alerts: whom they are for, what their inbox entries say, and the moves of their states. Source: the design's states.

`active → acknowledged` (each person for themselves, with an outcome) `→ resolved | expired | superseded`; a snoozed one
is active and out of sight. Expiry is decided when an alert is read, whatever is stored.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from shared.errors import InvalidTransitionError
from shared.models.firestore.alerts import (
    AlertDocument,
    AlertOutcome,
    AlertState,
    Audience,
    InboxEntryDocument,
    Text,
    is_graver,
)
from shared.models.firestore.documents import TaskDocument
from shared.models.firestore.rosters import RosterDocument, RosterMember
from shared.models.identifiers import derived_document_id
from shared.models.roles import Role

LIFETIME = timedelta(days=90)  # of an alert that names no end
KEPT_AFTER = timedelta(days=7)  # past its end, so that late events and clients that come back still find it
# Entries go first (TTL may take a day): an alert that gets the id of a deleted one must not meet the old one's entries.
ENTRY_EARLIER = timedelta(days=3)
ESCALATE_AFTER = timedelta(minutes=15)
ESCALATION = "escalation"


def is_expired(one: AlertDocument | InboxEntryDocument, at: datetime) -> bool:
    """Tell whether its time is over at `at`."""
    return one.expires_at is not None and one.expires_at <= at


def state_at(one: AlertDocument | InboxEntryDocument, at: datetime) -> AlertState:
    """Return its state at `at`, whatever the store still says."""
    return "expired" if one.state == "active" and is_expired(one, at) else one.state


def is_snoozed(entry: InboxEntryDocument, at: datetime) -> bool:
    """Tell whether the person has put it out of sight at `at`."""
    return entry.snoozed_until is not None and entry.snoozed_until > at


def addresses(audience: Audience, *, user_id: str, role: str) -> bool:
    """Tell whether a person is among those that an alert is for."""
    return audience.client_wide or user_id in audience.user_ids or role in audience.roles


def recipients(audience: Audience, roster: RosterDocument) -> list[RosterMember]:
    """The active people that an alert is for, each once, always in the same order."""
    found = {one.uid: one for one in roster.members if addresses(audience, user_id=one.user_id, role=one.role)}
    return [found[uid] for uid in sorted(found)]


def entry_for(alert: AlertDocument, *, uid: str, user_id: str) -> InboxEntryDocument:
    """What the alert says to one person."""
    said = {name: getattr(alert, name) for name in _SAID}
    return InboxEntryDocument(
        id=alert.id,
        client_id=alert.client_id,
        created_at=alert.created_at,
        updated_at=alert.updated_at,
        uid=uid,
        user_id=user_id,
        alert_version=alert.version,
        expire_at=alert.expire_at - ENTRY_EARLIER,
        **said,
    )


_SAID = (
    *("severity", "message", "is_active", "state", "context_id", "mode", "record_type", "record_uuid"),
    *("source", "count", "last_seen_at", "expires_at"),
)


def new_alert(
    alert_id: str, client_id: str, *, at: datetime, expires_at: datetime | None = None, **members: Any
) -> AlertDocument:
    """An alert made at `at`, with its two ends: when it is over and when it is deleted."""
    end = expires_at or at + LIFETIME
    alert = AlertDocument(
        id=alert_id,
        client_id=client_id,
        created_at=at,
        updated_at=at,
        last_seen_at=at,
        expires_at=end,
        expire_at=end + KEPT_AFTER,
        **members,
    )
    return alert.model_copy(update={"escalate_at": escalates(alert, at)})


def place_of(one: AlertDocument | TaskDocument) -> dict[str, Any]:
    """The members that say which record it is about."""
    names = ("context_id", "mode", "record_type", "record_uuid", "patient_uuid")
    return {name: getattr(one, name) for name in names}


def escalates(alert: AlertDocument, at: datetime) -> datetime | None:
    """When managers are told of an alert that is (or becomes) critical at `at`; None: never."""
    if alert.severity != "critical" or alert.source == ESCALATION or alert.escalated_at is not None:
        return None
    return at + ESCALATE_AFTER


def repeated(alert: AlertDocument, again: AlertDocument, at: datetime) -> AlertDocument:
    """`alert` after the same thing was said again at `at`: counted; severity, audience and end only ever grow."""
    graver = is_graver(alert, again)
    changed = alert.model_copy(
        update={
            "count": alert.count + 1,
            "last_seen_at": max(alert.last_seen_at, at),
            "severity": again.severity if graver else alert.severity,
            "message": again.message if graver else alert.message,
            "audience": _both(alert.audience, again.audience),
            "version": alert.version + 1,
        }
    )
    if again.expires_at is not None and (alert.expires_at is None or again.expires_at > alert.expires_at):
        changed = changed.model_copy(update={"expires_at": again.expires_at, "expire_at": again.expire_at})
    return changed.model_copy(update={"escalate_at": escalates(changed, at)}) if graver else changed


def _both(one: Audience, other: Audience) -> Audience:
    return Audience(
        user_ids=_union(one.user_ids, other.user_ids),
        roles=_union(one.roles, other.roles),
        client_wide=one.client_wide or other.client_wide,
    )


def _union(one: Iterable[str], other: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*one, *other)))


def resolved(alert: AlertDocument, *, by: str, at: datetime) -> AlertDocument | None:
    """`alert` resolved; None when it is already. Raises InvalidTransitionError for one that is over."""
    state = state_at(alert, at)
    if state == "resolved":
        return None
    if state != "active":
        raise InvalidTransitionError(f"An alert that is {state} cannot be resolved", allowed=[])
    return _ended(alert, "resolved").model_copy(update={"resolved_by": by, "resolved_at": at})


def superseded(alert: AlertDocument) -> AlertDocument:
    """A new alert about something that has been overtaken already: the version that said it never comes."""
    return alert.model_copy(update={"state": "superseded", "is_active": False, "escalate_at": None})


def overtaken(held: AlertDocument, wanted: AlertDocument) -> AlertDocument | None:
    """`held` after a version of what it tells of; None when it knows of the same or a newer one.

    What time or people have ended stays so; what was superseded is active again when it is so again.
    """
    if held.source_version >= wanted.source_version:
        return None
    noticed = held.model_copy(update={"source_version": wanted.source_version})
    if held.state == wanted.state or held.state not in {"active", "superseded"}:
        return noticed
    changed = {name: getattr(wanted, name) for name in ("state", "is_active", "escalate_at")}
    return noticed.model_copy(update=changed | {"version": held.version + 1})


def expired(alert: AlertDocument, at: datetime) -> AlertDocument | None:
    """`alert` with its expiry stored; None when there is nothing to store."""
    return _ended(alert, "expired") if alert.is_active and is_expired(alert, at) else None


def withdrawn(alert: AlertDocument) -> AlertDocument:
    """What inboxes are told of an active alert that was deleted: newer than anything it said itself."""
    return _ended(alert, "expired")


def _ended(alert: AlertDocument, state: AlertState) -> AlertDocument:
    return alert.model_copy(
        update={"state": state, "is_active": False, "escalate_at": None, "version": alert.version + 1}
    )


def escalation_of(alert: AlertDocument, roster: RosterDocument, at: datetime) -> AlertDocument:
    """The one alert to managers (admins, where there is no manager) about a critical one that nobody has taken."""
    managed = any(one.role == Role.MANAGER for one in roster.members)
    return new_alert(
        derived_document_id("alert", ESCALATION, alert.id),
        alert.client_id,
        at=at,
        severity="critical",
        message=Text(
            code="alert_escalated",
            params={"alertId": alert.id},
            text="A critical alert has not been taken by anybody for 15 minutes",
        ),
        audience=Audience(roles=(Role.MANAGER if managed else Role.ADMIN,)),
        source=ESCALATION,
        expires_at=alert.expires_at,
        **place_of(alert),
    )


def acknowledged(entry: InboxEntryDocument, outcome: AlertOutcome | None, at: datetime) -> InboxEntryDocument:
    """`entry` acknowledged by its person; a repetition changes nothing, an outcome may be given or changed later.

    Raises InvalidTransitionError for an alert that is over.
    """
    if entry.acknowledged_at is None and (state := state_at(entry, at)) != "active":
        raise InvalidTransitionError(f"An alert that is {state} cannot be acknowledged", allowed=[])
    return _personally(
        entry, acknowledged_at=entry.acknowledged_at or at, outcome=entry.outcome if outcome is None else outcome
    )


def snoozed(entry: InboxEntryDocument, until: datetime, at: datetime) -> InboxEntryDocument:
    """`entry` out of its person's sight until `until`. Raises InvalidTransitionError for an alert that is over."""
    if entry.snoozed_until != until and (state := state_at(entry, at)) != "active":
        raise InvalidTransitionError(f"An alert that is {state} cannot be snoozed", allowed=[])
    return _personally(entry, snoozed_until=until)


def _personally(entry: InboxEntryDocument, **members: object) -> InboxEntryDocument:
    """`entry` with what belongs to its person changed; one version more when anything is different."""
    if all(getattr(entry, name) == value for name, value in members.items()):
        return entry
    return entry.model_copy(update=members | {"version": entry.version + 1})
