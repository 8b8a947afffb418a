"""Devices that get push notifications, in Firestore."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from google.api_core import exceptions
from google.cloud import firestore
from google.cloud.firestore_v1.base_query import FieldFilter

from shared.db.firestore import READ_RETRY, TIMEOUT_SECONDS, firestore_errors
from shared.errors import NotFoundError
from shared.models.audit import AuditEvent
from shared.models.firestore.devices import DeviceDocument
from shared.repositories.changes import KeptAnswer
from shared.repositories.firestore.changing import parse, reference
from shared.repositories.firestore.collection import documents_of, of_client
from shared.repositories.firestore.committing import Commit, Prepared
from shared.repositories.firestore.creating import marked

DEVICES = "devices"
IN_ONE_QUERY = 30  # values that an `in` filter takes


class FirestoreDeviceRepository:
    """See DeviceRepository."""

    def __init__(self, client: firestore.Client) -> None:
        self._client = client

    def put(self, device: DeviceDocument, event: AuditEvent, kept: KeptAnswer | None = None) -> None:
        """See DeviceRepository.put."""
        target = reference(self._client, DEVICES, device.id)
        commit: Commit[None] = Commit(self._client)

        def prepare() -> Prepared[None]:
            if commit.sent is not None and (landed := commit.landed([_read(target)])) is not None:
                return landed
            batch = self._client.batch()
            batch.set(target, marked(device.fields(), event))
            return Prepared(None, batch, event, kept)

        commit.run(prepare)

    def remove(self, client_id: UUID, uid: str, device_id: str, event: AuditEvent) -> DeviceDocument:
        """See DeviceRepository.remove."""
        target = reference(self._client, DEVICES, device_id)
        commit: Commit[DeviceDocument] = Commit(self._client)

        def prepare() -> Prepared[DeviceDocument]:
            snapshot = _read(target)
            if (landed := commit.landed([snapshot])) is not None:
                return landed
            found = parse(snapshot, DeviceDocument, client_id)
            if found is None or found[0].uid != uid:
                raise NotFoundError("There is no such record")
            batch = self._client.batch()
            batch.delete(target, option=self._client.write_option(last_update_time=snapshot.update_time))
            return Prepared(found[0], batch, event)

        return commit.run(prepare)

    def of_people(self, client_id: UUID, uids: Sequence[str]) -> list[DeviceDocument]:
        """See DeviceRepository.of_people."""
        found: list[DeviceDocument] = []
        for start in range(0, len(uids), IN_ONE_QUERY):
            some = list(uids[start : start + IN_ONE_QUERY])
            query = of_client(self._client.collection(DEVICES), client_id)
            found += documents_of(query.where(filter=FieldFilter("uid", "in", some)), DeviceDocument)
        return found

    def forget(self, devices: Sequence[DeviceDocument]) -> None:
        """See DeviceRepository.forget."""
        for device in devices:
            snapshot = _read(reference(self._client, DEVICES, device.id))
            if not snapshot.exists or snapshot.get("updatedAt") != device.updated_at:
                continue
            option = self._client.write_option(last_update_time=snapshot.update_time)
            try:
                with firestore_errors():
                    snapshot.reference.delete(option=option, timeout=TIMEOUT_SECONDS, retry=None)
            except exceptions.FailedPrecondition:
                continue  # registered again just now


def _read(target: Any) -> Any:
    with firestore_errors():
        return target.get(timeout=TIMEOUT_SECONDS, retry=READ_RETRY)
