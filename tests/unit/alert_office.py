"""An alerts component on in-memory stores, with a clock of its own, a roster, and the fan-out behind it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from shared.db.selector import DatabaseSelector
from shared.models.api.alerts import AlertQuery, AlertView, NewAlert
from shared.models.audit import AuditEvent
from shared.models.caller import Caller
from shared.models.firestore.alerts import AlertDocument, InboxEntryDocument
from shared.models.firestore.devices import DeviceDocument
from shared.models.firestore.rosters import PushChoice, RosterDocument, RosterMember
from shared.models.outcome import Outcome
from shared.models.roles import Role
from shared.repositories.memory.collections import InMemoryAlertSweep
from shared.repositories.memory.devices import InMemoryPush
from shared.repositories.memory.members import InMemoryAuditPublisher
from shared.repositories.memory.store import InMemoryLiveStore, InMemoryRecordStore
from shared.services.access_log import AccessLog
from shared.services.alert_fan_out import AlertFanOut
from shared.services.alert_push import DevicePush
from shared.services.alert_sweep import AlertSweep
from shared.services.alerts import AlertService
from tests.unit.factories import CLIENT, NOW, caller

PEOPLE = {
    "ana": Role.ELIGIBILITY_SPECIALIST,
    "ben": Role.BILLER,
    "bea": Role.BILLER,
    "max": Role.MANAGER,
    "ada": Role.ADMIN,
    "aud": Role.AUDITOR,
}


def user_id(name: str) -> str:
    return str(UUID(int=sorted(PEOPLE).index(name) + 1))


class AlertOffice:
    """The component for one organisation with the people of PEOPLE; `deliver` does what the trigger does."""

    def __init__(self) -> None:
        self.live, self.topic, self.push = InMemoryLiveStore(), InMemoryAuditPublisher(), InMemoryPush()
        self.now = NOW
        selector = DatabaseSelector(InMemoryRecordStore, lambda: self.live)
        log = AccessLog(lambda: self.topic, lambda: self.live.outbox)
        self.service = AlertService(selector, log, now=lambda: self.now)
        push = DevicePush(self.live.devices, self.push)
        self.fan_out = AlertFanOut(self.live, push, now=lambda: self.now)
        self.sweep = AlertSweep(InMemoryAlertSweep(self.live.documents), self.live, now=lambda: self.now)
        self._delivered: dict[str, AlertDocument] = {}
        self.version = 0
        self.enrol(*PEOPLE)

    def enrol(self, *names: str, **push: PushChoice) -> None:
        """Write a roster of these people."""
        self.version += 1
        members = tuple(
            RosterMember(uid=name, user_id=user_id(name), role=PEOPLE[name], push=push.get(name, "none"))
            for name in names
        )
        given: dict[str, Any] = {"id": str(CLIENT), "client_id": str(CLIENT), "created_at": NOW, "updated_at": NOW}
        self.live.rosters.put(RosterDocument(**given, version=self.version, members=members))

    def device(self, name: str) -> str:
        """Give a person a device; its token."""
        token = f"token-of-{name}-{len(self.live.documents.devices)}"
        given: dict[str, Any] = {"id": f"device_{token}", "client_id": str(CLIENT), "created_at": NOW}
        given |= {"updated_at": NOW, "uid": name, "user_id": user_id(name), "token": token}
        self.live.documents.devices[f"device_{token}"] = DeviceDocument(**given, expire_at=NOW + timedelta(days=60))
        return token

    def who(self, name: str, **members: Any) -> Caller:
        given: dict[str, Any] = {"uid": name, "user_id": UUID(user_id(name)), "role": PEOPLE[name]}
        return caller(**given | {"session_id": f"{name}_1790000000"} | members)

    def create(self, by: str = "ana", who: Caller | None = None, **members: Any) -> tuple[AlertView, bool]:
        given: dict[str, Any] = {"message": "The portal is down", "audience": {"roles": ["biller"]}} | members
        return self.service.create_alert(who or self.who(by), NewAlert.model_validate_json(_json(given)))

    def alert(self, by: str = "ana", **members: Any) -> str:
        """A new alert, delivered; its id."""
        view, _ = self.create(by, **members)
        self.deliver()
        return view.id

    def deliver(self) -> list[Outcome]:
        """Carry what has changed since the last time to the inboxes."""
        outcomes = []
        held = dict(self.live.documents.alerts)
        for alert_id in [*held, *(one for one in self._delivered if one not in held)]:
            before, after = self._delivered.get(alert_id), held.get(alert_id)
            if before != after:
                outcomes.append(self.event(alert_id, before, after))
        self._delivered = held
        return outcomes

    def event(self, alert_id: str, before: AlertDocument | None, after: AlertDocument | None) -> Outcome:
        fields = [one.fields() if one else None for one in (before, after)]
        return self.fan_out.alert_written(alert_id, before=fields[0], after=fields[1])

    def listed(self, name: str, **query: Any) -> list[str]:
        found = self.service.get_alerts(self.who(name), AlertQuery.model_validate(query))
        return [one.id for one in found.alerts]

    def entry(self, name: str, alert_id: str) -> InboxEntryDocument | None:
        return self.live.documents.inboxes.get(name, {}).get(alert_id)

    def stored(self, alert_id: str) -> AlertDocument:
        return self.live.documents.alerts[alert_id]

    @property
    def events(self) -> list[AuditEvent]:
        return self.live.documents.events


def _json(members: dict[str, Any]) -> str:
    import json

    return json.dumps(members, default=lambda value: value.isoformat())
