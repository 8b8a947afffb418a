"""Alerts: making one for people, roles or everybody; acknowledging, snoozing and resolving it; devices to push to."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from shared.auth.permissions import Permission, allows
from shared.db.selector import DatabaseSelector
from shared.domain import alert as rules
from shared.errors import ForbiddenError, NotFoundError, PreconditionFailedError
from shared.models.api.alerts import AlertView, AudienceGiven, DeviceView, NewAlert, NewDevice
from shared.models.audit import AuditEvent
from shared.models.caller import Caller
from shared.models.firestore.alerts import AlertDocument, AlertOutcome, Audience, InboxEntryDocument, Text
from shared.models.firestore.devices import DeviceDocument
from shared.models.firestore.rosters import RosterDocument
from shared.models.identifiers import document_id
from shared.repositories.protocols import Change, KeptAnswer
from shared.services.access_log import AccessLog
from shared.services.alert_lists import AlertLists
from shared.services.alert_raising import raise_alert
from shared.services.clock import Clock, utc_now
from shared.services.task_contents import invalid

FURTHEST = timedelta(days=366)
DEVICE_KEPT = timedelta(days=60)  # Firebase calls a token that was not seen for so long stale
ROSTER_KEPT = timedelta(seconds=60)
ROSTERS_KEPT = 100

Step = Callable[[InboxEntryDocument, datetime], InboxEntryDocument]


class AlertService(AlertLists):
    """The alerts component."""

    def __init__(self, db_selector: DatabaseSelector, access_log: AccessLog, *, now: Clock = utc_now) -> None:
        super().__init__(db_selector, access_log, now=now)
        self._rosters: dict[UUID, tuple[datetime, RosterDocument]] = {}

    def create_alert(self, caller: Caller, new: NewAlert) -> tuple[AlertView, bool]:
        """Make an alert; whether it is new (else the active one with its key was counted)."""
        now = self._now()
        audience = self._audience(caller, new.audience, now)
        if new.expires_at is not None and not now < new.expires_at <= now + FURTHEST:
            raise invalid("expiresAt", "out_of_range", "must lie in the future, within a year")
        context = None if new.context_id is None else self.context_of(caller, new.context_id)
        wanted = rules.new_alert(
            document_id("alert"),
            str(caller.client_id),
            at=now,
            expires_at=new.expires_at,
            severity=new.severity,
            message=Text(code="message", text=new.message),
            audience=audience,
            context_id=context.id if context else None,
            mode=context.mode if context else None,
            record_type=context.record_type if context else None,
            record_uuid=context.record_uuid if context else None,
            patient_uuid=context.patient_uuid if context else None,
            dedupe_key=None if new.dedupe_key is None else f"api:{new.dedupe_key}",
            source="person",
            created_by=str(caller.user_id),
        )

        def kept(alert: AlertDocument, *, is_new: bool) -> KeptAnswer | None:
            return _kept(caller, self._untouched(alert), status=201 if is_new else 200)

        alert, is_new = raise_alert(
            self.db.firestore.alerts, wanted, event=lambda one: _event(caller, one), kept=kept, now=now
        )
        return self._untouched(alert), is_new

    def acknowledge(self, caller: Caller, alert_id: str, outcome: AlertOutcome | None = None) -> AlertView:
        """Acknowledge an alert for the caller alone; a repetition changes nothing."""
        return self._personal(caller, alert_id, lambda entry, now: rules.acknowledged(entry, outcome, now))

    def snooze(self, caller: Caller, alert_id: str, until: datetime) -> AlertView:
        """Put an alert out of the caller's sight until a time in the future."""
        if until <= self._now():
            raise invalid("until", "in_the_past", "must lie in the future")
        return self._personal(caller, alert_id, lambda entry, now: rules.snoozed(entry, until, now))

    def resolve(self, caller: Caller, alert_id: str) -> AlertView:
        """End an alert for everybody: who made it, who got it, and those who may address everybody can do so."""
        self.db.firestore.kept_answers.recall(caller.idempotency)

        def decide(alert: AlertDocument) -> Change[AlertDocument]:
            _check_concerned(caller, alert)
            _check_version(caller, alert.version, self._untouched(alert))
            changed = rules.resolved(alert, by=str(caller.user_id), at=self._now()) or alert
            return Change(changed, _event(caller, changed), _kept(caller, self._untouched(changed)))

        return self._untouched(self.db.firestore.alerts.change(caller.client_id, alert_id, decide))

    def register_device(self, caller: Caller, new: NewDevice) -> DeviceView:
        """Let the caller's alerts be pushed to a device; whoever had registered it before gets no more there."""
        now = self._now()
        device = DeviceDocument(
            id=f"device_{hashlib.sha256(new.token.encode()).hexdigest()[:32]}",
            client_id=str(caller.client_id),
            created_at=now,
            updated_at=now,
            uid=caller.uid,
            user_id=str(caller.user_id),
            token=new.token,
            expire_at=now + DEVICE_KEPT,
        )
        view = DeviceView(id=device.id, expires_at=device.expire_at)
        event = caller.changed("device", resource_ref=device.id)
        self.db.firestore.devices.put(device, event, _kept(caller, view, status=201))
        return view

    def remove_device(self, caller: Caller, device_id: str) -> DeviceView:
        """Push no more to a device of the caller. Raises NotFoundError when it is not theirs."""
        event = caller.changed("device", resource_ref=device_id)
        device = self.db.firestore.devices.remove(caller.client_id, caller.uid, device_id, event)
        return DeviceView(id=device.id, expires_at=device.expire_at)

    def _personal(self, caller: Caller, alert_id: str, step: Step) -> AlertView:
        """Change the caller's own entry, and nobody else's."""
        inboxes = self.db.firestore.inboxes
        self.db.firestore.kept_answers.recall(caller.idempotency)

        def decide(entry: InboxEntryDocument) -> Change[InboxEntryDocument]:
            now = self._now()
            _check_version(caller, entry.alert_version, AlertView.of(entry, rules.state_at(entry, now)))
            changed = step(entry, now)
            view = AlertView.of(changed, rules.state_at(changed, now))
            event = caller.changed("alert", resource_ref=alert_id, mode=entry.mode)
            return Change(changed, event, _kept(caller, view))

        try:
            entry = inboxes.change(caller.client_id, caller.uid, alert_id, decide)
        except NotFoundError:
            # The fan-out may still be on its way: the person who knows the alert does not wait for it.
            alert = self.db.firestore.alerts.get(caller.client_id, alert_id)
            if alert is None or not _is_addressed(caller, alert):
                raise
            inboxes.deliver([rules.entry_for(alert, uid=caller.uid, user_id=str(caller.user_id))])
            entry = inboxes.change(caller.client_id, caller.uid, alert_id, decide)
        return AlertView.of(entry, rules.state_at(entry, self._now()))

    def _audience(self, caller: Caller, given: AudienceGiven, now: datetime) -> Audience:
        """Check whom the caller addresses. Raises ForbiddenError, and ValidationFailedError that does not say who."""
        if not (given.user_ids or given.roles or given.client_wide):
            raise invalid("audience", "empty", "names nobody")
        if given.client_wide and not allows(caller.role, Permission.ALERT_BROADCAST):
            raise ForbiddenError("Your role does not address the whole organisation")
        wanted = set(given.user_ids)
        if wanted and not (wanted <= self._members(caller, now) or wanted <= self._members(caller, now, fresh=True)):
            raise invalid("audience.userIds", "unknown", "names somebody who is not an active member")
        return Audience(
            user_ids=tuple(dict.fromkeys(given.user_ids)),
            roles=tuple(dict.fromkeys(role.value for role in given.roles)),
            client_wide=given.client_wide,
        )

    def _members(self, caller: Caller, now: datetime, *, fresh: bool = False) -> set[str]:
        """The ids of the active members; an instance keeps a roster for 60 s and reads it again for an unknown id."""
        known = self._rosters.get(caller.client_id)
        if fresh or known is None or known[0] < now - ROSTER_KEPT:
            roster = self.db.firestore.rosters.get(caller.client_id)
            if roster is None:
                return set()
            if len(self._rosters) >= ROSTERS_KEPT:
                self._rosters.clear()
            self._rosters[caller.client_id] = known = (now, roster)
        return {one.user_id for one in known[1].members}

    def _untouched(self, alert: AlertDocument) -> AlertView:
        return AlertView.untouched(alert, rules.state_at(alert, self._now()))


def _is_addressed(caller: Caller, alert: AlertDocument) -> bool:
    return rules.addresses(alert.audience, user_id=str(caller.user_id), role=caller.role)


def _check_concerned(caller: Caller, alert: AlertDocument) -> None:
    """Refuse somebody whom the alert does not concern, as if there were none."""
    own = alert.created_by == str(caller.user_id)
    if not (own or _is_addressed(caller, alert) or allows(caller.role, Permission.ALERT_BROADCAST)):
        raise NotFoundError("There is no such record")


def _check_version(caller: Caller, version: int, current: AlertView) -> None:
    if caller.if_match is not None and caller.if_match != version:
        body = current.model_dump(mode="json", by_alias=True)
        raise PreconditionFailedError("The alert has changed since you read it", current=body)


def _event(caller: Caller, alert: AlertDocument) -> AuditEvent:
    metadata: dict[str, object] = {"severity": alert.severity, "count": alert.count}
    return caller.changed(
        "alert", resource_ref=alert.id, patient_ref=alert.patient_uuid, mode=alert.mode, metadata=metadata
    )


def _kept(caller: Caller, view: AlertView | DeviceView, *, status: int = 200) -> KeptAnswer | None:
    key = caller.idempotency
    return KeptAnswer(key, status, view.model_dump_json(by_alias=True)) if key else None
