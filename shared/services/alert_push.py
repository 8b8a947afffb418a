"""Push notifications about alerts: a courtesy beside the inbox, which is complete without them.

At most once: whoever wrote the entry tells its person's devices, and a process that ends before that tells nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol
from uuid import UUID

from shared.errors import StoreUnavailableError
from shared.models.firestore.alerts import AlertDocument, InboxEntryDocument
from shared.models.firestore.rosters import RosterDocument
from shared.models.push import PushMessage
from shared.repositories.document_protocols import DeviceRepository
from shared.repositories.push_protocols import PushSender


class AlertPush(Protocol):
    """Tells people's devices of what is new in their inboxes."""

    def tell(self, alert: AlertDocument, news: Sequence[InboxEntryDocument], roster: RosterDocument) -> None:
        """Tell the people of `news` who want to be told. Never raises for a service that does not answer."""
        ...


class NoPush:
    """See AlertPush. The default: nothing leaves the product."""

    def tell(self, alert: AlertDocument, news: Sequence[InboxEntryDocument], roster: RosterDocument) -> None:
        """See AlertPush.tell."""


class DevicePush:
    """See AlertPush. Devices whose tokens the service refuses are forgotten."""

    def __init__(self, devices: DeviceRepository, sender: PushSender) -> None:
        self._devices = devices
        self._sender = sender

    def tell(self, alert: AlertDocument, news: Sequence[InboxEntryDocument], roster: RosterDocument) -> None:
        """See AlertPush.tell."""
        wanting = {"all", "critical"} if alert.severity == "critical" else {"all"}
        willing = {one.uid for one in roster.members if one.push in wanting}
        uids = [entry.uid for entry in news if entry.uid in willing]
        if not uids:
            return
        with suppress(StoreUnavailableError):
            devices = self._devices.of_people(UUID(alert.client_id), uids)
            messages = [PushMessage(device.token, alert.id, alert.severity) for device in devices]
            invalid = self._sender.send(messages) if messages else frozenset()
            self._devices.forget([device for device in devices if device.token in invalid])
