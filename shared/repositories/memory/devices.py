"""Devices and push notifications in memory."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from shared.errors import NotFoundError, StoreUnavailableError
from shared.models.audit import AuditEvent
from shared.models.firestore.devices import DeviceDocument
from shared.models.push import PushMessage
from shared.repositories.changes import KeptAnswer
from shared.repositories.memory.documents import InMemoryDocuments, checked_id


class InMemoryDeviceRepository:
    """See DeviceRepository."""

    def __init__(self, stored: InMemoryDocuments) -> None:
        self._stored = stored

    def put(self, device: DeviceDocument, event: AuditEvent, kept: KeptAnswer | None = None) -> None:
        """See DeviceRepository.put."""
        with self._stored.lock:
            self._stored.record(event, kept)
            self._stored.devices[checked_id(device.id)] = device

    def remove(self, client_id: UUID, uid: str, device_id: str, event: AuditEvent) -> DeviceDocument:
        """See DeviceRepository.remove."""
        with self._stored.lock:
            held = self._stored.devices.get(checked_id(device_id))
            if held is None or (held.client_id, held.uid) != (str(client_id), uid):
                raise NotFoundError("There is no such record")
            self._stored.record(event, None)
            return self._stored.devices.pop(device_id)

    def of_people(self, client_id: UUID, uids: Sequence[str]) -> list[DeviceDocument]:
        """See DeviceRepository.of_people."""
        with self._stored.lock:
            held = list(self._stored.devices.values())
        return [one for one in held if one.client_id == str(client_id) and one.uid in uids]

    def forget(self, devices: Sequence[DeviceDocument]) -> None:
        """See DeviceRepository.forget."""
        with self._stored.lock:
            for device in devices:
                held = self._stored.devices.get(device.id)
                if held is not None and held.updated_at == device.updated_at:
                    del self._stored.devices[device.id]


class InMemoryPush:
    """See PushSender. `sent` is what went out, `invalid` are tokens it refuses; `available` false is a dead service."""

    def __init__(self) -> None:
        self.sent: list[PushMessage] = []
        self.invalid: frozenset[str] = frozenset()
        self.available = True

    def send(self, messages: Sequence[PushMessage]) -> frozenset[str]:
        """See PushSender.send."""
        if not self.available:
            raise StoreUnavailableError("The push service cannot be used", retry_after=5)
        self.sent += [one for one in messages if one.token not in self.invalid]
        return frozenset(one.token for one in messages) & self.invalid
