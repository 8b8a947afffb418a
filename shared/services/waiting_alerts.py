"""Alerts of patients who wait too long or have not come: raised when it is time, resolved when the visit moves on.

Nothing is remembered of what was told: each run compares the alerts that are active with how the visits stand then. An
alert's id follows from the visit, its state and since when, so two runs at once, or one after a run that was killed,
make one alert; one that people have resolved is not made again for the same stay.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.domain import alert as alert_rules
from shared.domain.raised_alert import Subject, raised_alert
from shared.domain.rule_effects import RuleAlert
from shared.domain.visit.waiting_alerts import SOURCES, waiting_alert
from shared.errors import InvalidTransitionError, NotFoundError, StoreUnavailableError
from shared.failpoints import failpoint
from shared.models.audit import AuditAction, AuditEvent, own_act
from shared.models.firestore.alerts import AlertDocument, Audience
from shared.models.outcome import Outcome
from shared.repositories.changes import Change
from shared.repositories.document_protocols import AlertRepository, AlertSweepStore
from shared.repositories.waiting_visit_protocols import WaitingPosition, WaitingVisit, WaitingVisitStore
from shared.services.clock import Clock, utc_now
from shared.services.task_rules import dedupe_key

MODE, CAUSE = "front-desk", "alert_waits"
PAGE = 200
SECONDS_PER_RUN = 45.0


class WaitingAlerts:
    """Watches the waits of every organisation. Safe to repeat and to overlap."""

    def __init__(
        self,
        visits: WaitingVisitStore,
        sweep: AlertSweepStore,
        alerts: AlertRepository,
        *,
        now: Clock = utc_now,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._visits = visits
        self._sweep = sweep
        self._alerts = alerts
        self._now = now
        self._clock = clock

    def run(self) -> Outcome:
        """Resolve what is over and raise what is due, within a bounded run; the next one, a minute later, goes on.

        One alert that cannot be written keeps no other from being written. Raises StoreUnavailableError in the end
        when one could not be.
        """
        give_up = self._clock() + SECONDS_PER_RUN
        done, failures, told = 0, list[StoreUnavailableError](), set[str]()
        for step in chain(self._over(told), self._due(told)):
            if self._clock() >= give_up:
                break
            try:
                done += step()
            except StoreUnavailableError as exc:
                failures.append(exc)
        if failures:
            raise failures[0]
        return Outcome.DONE if done else Outcome.UNCHANGED

    def _over(self, told: set[str]) -> Iterator[Callable[[], bool]]:
        """What resolves each active alert whose visit wants it no more; the keys of the others are `told`."""
        for source in SOURCES:
            after: str | None = None
            while page := self._sweep.of_source(source, after=after, limit=PAGE):
                standing = self._visits.standing(UUID(one.record_uuid) for one in page if one.record_uuid)
                for alert in page:
                    found = standing.get(UUID(alert.record_uuid)) if alert.record_uuid else None
                    key = None if found is None else self._key(found)
                    if key is not None and key == alert.dedupe_key:
                        told.add(key)
                    else:
                        yield partial(self._resolve, alert)
                after = page[-1].id

    def _due(self, told: set[str]) -> Iterator[Callable[[], bool]]:
        """What raises the alert of each visit that wants one and was not told of."""
        for page_of in (self._visits.waiting, self._visits.awaited):
            after: WaitingPosition | None = None
            while page := page_of(self._now(), after=after, limit=PAGE):
                for found in page:
                    wanted = self._wanted(found)
                    if wanted is not None and _key_of(found, wanted) not in told:
                        yield partial(self._raise, found, wanted)
                last = page[-1].visit
                waits = page_of == self._visits.waiting
                after = WaitingPosition(last.status_since if waits else last.starts_at or last.status_since, last.id)

    def _wanted(self, found: WaitingVisit) -> RuleAlert | None:
        return waiting_alert(found.visit, found.settings, self._now(), ZoneInfo(found.time_zone))

    def _key(self, found: WaitingVisit) -> str | None:
        """The key of the alert that a visit wants now."""
        wanted = self._wanted(found)
        return None if wanted is None else _key_of(found, wanted)

    def _raise(self, found: WaitingVisit, wanted: RuleAlert) -> bool:
        alert = _document(found, wanted, self._now())
        if self._alerts.get(found.client_id, alert.id) is not None:
            return False
        made = self._alerts.create(alert, _event(alert, AuditAction.ALERT_CREATE))[1]
        failpoint("waits.told")
        return made

    def _resolve(self, alert: AlertDocument) -> bool:
        resolved = False

        def decide(held: AlertDocument) -> Change[AlertDocument] | None:
            nonlocal resolved
            try:
                after = alert_rules.resolved(held, by=CAUSE, at=self._now())
            except InvalidTransitionError:  # it has expired meanwhile
                after = None
            resolved = after is not None
            return None if after is None else Change(after, _event(after, AuditAction.ALERT_RESOLVE))

        try:
            self._alerts.change(UUID(alert.client_id), alert.id, decide)
        except NotFoundError:
            return False  # deleted meanwhile
        return resolved


def _key_of(found: WaitingVisit, wanted: RuleAlert) -> str:
    return f"{dedupe_key('visit', str(found.visit.id), wanted.rule, wanted.reason)}:{wanted.cause}"


def _document(found: WaitingVisit, wanted: RuleAlert, now: datetime) -> AlertDocument:
    visit = found.visit
    subject = Subject(str(found.client_id), None, MODE, "visit", str(visit.id), str(visit.patient_id))
    return raised_alert(
        subject,
        key=_key_of(found, wanted),
        severity=wanted.severity,
        message=wanted.message,
        audience=Audience(roles=tuple(role.value for role in wanted.roles)),
        source=f"rule:{wanted.rule}",
        at=now.astimezone(UTC),
    )


def _event(alert: AlertDocument, action: AuditAction) -> AuditEvent:
    return own_act(
        UUID(alert.client_id),
        action,
        "alert",
        cause=CAUSE,
        resource_ref=alert.id,
        patient_ref=alert.patient_uuid,
        mode=alert.mode,
        metadata={"severity": alert.severity, "source": alert.source},
    )
