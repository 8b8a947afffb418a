"""What time does to alerts: critical ones that nobody takes are brought before managers, once; expired ones are closed.

Lists decide expiry when they are read; storing it as well tells those who only listen.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from shared.domain import alert as rules
from shared.errors import NotFoundError, StoreUnavailableError
from shared.failpoints import failpoint
from shared.models.audit import AuditAction, AuditEvent, own_act
from shared.models.firestore.alerts import AlertDocument
from shared.models.outcome import Outcome
from shared.repositories.changes import Change
from shared.repositories.document_protocols import AlertSweepStore, DocumentStore
from shared.services.clock import Clock, utc_now

PAGE = 200
SECONDS_PER_RUN = 50.0


class AlertSweep:
    """Goes through the alerts of every organisation. Safe to repeat and to overlap."""

    def __init__(
        self,
        sweep: AlertSweepStore,
        store: DocumentStore,
        *,
        now: Clock = utc_now,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sweep = sweep
        self._store = store
        self._now = now
        self._clock = clock

    def run(self) -> Outcome:
        """Close what has expired and escalate what is due, within a bounded run; the next one goes on.

        Raises StoreUnavailableError when some of them could not be treated; the others were.
        """
        give_up = self._clock() + SECONDS_PER_RUN
        steps = ((self._sweep.over, self._expire), (self._sweep.due, self._escalate))
        done = 0
        failures: list[StoreUnavailableError] = []
        for find, treat in steps:
            while not failures and self._clock() < give_up and (found := find(self._now(), limit=PAGE)):
                for alert in found:
                    try:
                        treat(alert, self._now())
                        done += 1
                    except StoreUnavailableError as exc:  # the others do not wait for this one
                        failures.append(exc)
        if failures:
            raise failures[0]
        return Outcome.DONE if done else Outcome.UNCHANGED

    def _expire(self, alert: AlertDocument, at: datetime) -> None:
        def decide(found: AlertDocument) -> Change[AlertDocument] | None:
            changed = rules.expired(found, at)
            return None if changed is None else Change(changed, _event(found, AuditAction.ALERT_EXPIRE))

        self._change(alert, decide)

    def _escalate(self, alert: AlertDocument, at: datetime) -> None:
        """Tell managers, then note it on the alert: a run that ends in between makes the same alert again, in vain."""
        client_id = UUID(alert.client_id)
        escalated_at = None
        if not rules.is_expired(alert, at) and not self._store.inboxes.is_taken(client_id, alert.id):
            roster = self._store.rosters.get(client_id)
            if roster is None:
                raise StoreUnavailableError("The organisation's roster is not there yet", retry_after=5)
            escalation = rules.escalation_of(alert, roster, at)
            self._store.alerts.create(escalation, _event(escalation, AuditAction.ALERT_ESCALATE))
            failpoint("escalation.created")
            escalated_at = at

        def decide(found: AlertDocument) -> Change[AlertDocument] | None:
            if found.escalate_at is None or found.escalate_at > at:
                return None
            # No new version: inboxes do not show it.
            return Change(found.model_copy(update={"escalate_at": None, "escalated_at": escalated_at}), None)

        self._change(alert, decide)

    def _change(self, alert: AlertDocument, decide: Callable[[AlertDocument], Change[AlertDocument] | None]) -> None:
        try:
            self._store.alerts.change(UUID(alert.client_id), alert.id, decide)
        except NotFoundError:
            return  # deleted meanwhile


def _event(alert: AlertDocument, action: AuditAction) -> AuditEvent:
    return own_act(
        UUID(alert.client_id),
        action,
        "alert",
        cause="sweep_alerts",
        resource_ref=alert.id,
        patient_ref=alert.patient_uuid,
        mode=alert.mode,
    )
