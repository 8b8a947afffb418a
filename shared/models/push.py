"""Push notifications: a sign that something is in the inbox, never what it says."""

from __future__ import annotations

from dataclasses import dataclass

from shared.models.firestore.alerts import Severity


@dataclass(frozen=True, slots=True)
class PushMessage:
    """One notification for one device. Messages about the same alert replace each other there."""

    token: str
    alert_id: str
    severity: Severity
