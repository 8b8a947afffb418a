"""Push notifications about alerts: a courtesy beside the inbox, which is complete without them.

At most once: whoever wrote the entry tells its person's devices, and a process that ends before that tells nobody.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol
from uuid import UUID

from shared.errors import StoreUnavailableError
from shared.models.firestore.alerts import AlertDocument, InboxEntryDocument
from shared.models.firestore.rosters import RosterDocument
from shared.models.push import PushMessage
from shared.repositories.document_protocols import DeviceRepository
from shared.repositories.push_protocols import PushSender

AT_ONCE = 150  # people
SECONDS_PER_ALERT = 40.0  # with the fan-out before it, within the function's time-out


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

    def __init__(
        self, devices: DeviceRepository, sender: PushSender, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._devices = devices
        self._sender = sender
        self._clock = clock

    def tell(self, alert: AlertDocument, news: Sequence[InboxEntryDocument], roster: RosterDocument) -> None:
        """See AlertPush.tell. Whoever is not told within a bounded time is not told."""
        give_up = self._clock() + SECONDS_PER_ALERT
        wanting = {"all", "critical"} if alert.severity == "critical" else {"all"}
        willing = {one.uid for one in roster.members if one.push in wanting}
        uids = [entry.uid for entry in news if entry.uid in willing]
        with suppress(StoreUnavailableError):
            for start in range(0, len(uids), AT_ONCE):
                if self._clock() > give_up:
                    return
                self._tell(alert, uids[start : start + AT_ONCE])

    def _tell(self, alert: AlertDocument, uids: Sequence[str]) -> None:
        devices = self._devices.of_people(UUID(alert.client_id), uids)
        messages = [PushMessage(device.token, alert.id, alert.severity) for device in devices]
        invalid = self._sender.send(messages) if messages else frozenset()
        self._devices.forget([device for device in devices if device.token in invalid])
