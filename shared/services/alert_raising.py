"""Making an alert, once: the same thing said again, while it is active, counts on the alert that is there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from shared.domain import alert as rules
from shared.errors import StoreUnavailableError
from shared.models.audit import AuditEvent
from shared.models.firestore.alerts import AlertDocument
from shared.models.identifiers import derived_document_id
from shared.repositories.changes import Change, KeptAnswer
from shared.repositories.document_protocols import AlertRepository

ATTEMPTS = 5
EventOf = Callable[[AlertDocument], AuditEvent]


class KeptOf(Protocol):
    """Makes the answer to keep."""

    def __call__(self, alert: AlertDocument, *, is_new: bool) -> KeptAnswer | None:
        """The answer of a request that has made (or counted) the alert."""


class _OverError(Exception):
    """The alert that was found active has ended meanwhile."""


def raise_alert(
    alerts: AlertRepository,
    wanted: AlertDocument,
    *,
    event: EventOf,
    kept: KeptOf,
    now: datetime,
) -> tuple[AlertDocument, bool]:
    """Make `wanted`, or count it on the active alert with its `dedupe_key`; the alert, and whether it is new.

    Whoever says the same at the same moment meets in one alert: a new one's id follows from the key and from the alert
    that had the key before, and an id can be taken once. Raises Replayed for a repeated request.
    """
    if wanted.dedupe_key is None:
        return alerts.create(wanted, event(wanted), kept(wanted, is_new=True))
    client_id = UUID(wanted.client_id)
    for _ in range(ATTEMPTS):
        latest = alerts.latest_with_key(client_id, wanted.dedupe_key)
        if latest is not None and rules.state_at(latest, now) == "active":
            try:
                return _repeat(alerts, latest.id, wanted, event=event, kept=kept, now=now), False
            except _OverError:
                continue
        fresh = _after(latest, wanted)
        stored, new = alerts.create(fresh, event(fresh), kept(fresh, is_new=True))
        if new:
            return stored, True
    raise StoreUnavailableError("Too many people raise this alert at once", retry_after=1)


def _after(latest: AlertDocument | None, wanted: AlertDocument) -> AlertDocument:
    """`wanted` as the alert that follows `latest`, also where the clocks of two instances differ."""
    before = latest.id if latest else ""
    made = max(wanted.created_at, latest.created_at + timedelta(microseconds=1)) if latest else wanted.created_at
    alert_id = derived_document_id("alert", wanted.client_id, wanted.dedupe_key, before)
    return wanted.model_copy(update={"id": alert_id, "created_at": made})


def _repeat(
    alerts: AlertRepository, alert_id: str, again: AlertDocument, *, event: EventOf, kept: KeptOf, now: datetime
) -> AlertDocument:
    def decide(found: AlertDocument) -> Change[AlertDocument]:
        if rules.state_at(found, now) != "active":
            raise _OverError
        changed = rules.repeated(found, again, now)
        return Change(changed, event(changed), kept(changed, is_new=False))

    return alerts.change(UUID(again.client_id), alert_id, decide)
