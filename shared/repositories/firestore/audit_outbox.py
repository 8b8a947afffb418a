"""The audit outbox in Firestore: events in the commit of their change, and events of their own."""

from __future__ import annotations

from typing import Any

from google.api_core import exceptions
from google.cloud import firestore

from shared.db.firestore import READ_RETRY, TIMEOUT_SECONDS, firestore_errors
from shared.models.audit import AuditEvent

OUTBOX = "audit_outbox"


def add_event(client: firestore.Client, batch: Any, event: AuditEvent | None) -> None:
    """Put the audit event into the same commit."""
    if event is not None:
        batch.create(client.collection(OUTBOX).document(str(event.id)), event.model_dump(mode="json", by_alias=True))


class FirestoreAuditOutbox:
    """See AuditOutbox."""

    def __init__(self, client: firestore.Client) -> None:
        self._client = client

    def add(self, event: AuditEvent) -> None:
        """See AuditOutbox.add. Sent again while the store is away: the event's id makes it one event all the same."""
        try:
            with firestore_errors():
                self._client.collection(OUTBOX).document(str(event.id)).create(
                    event.model_dump(mode="json", by_alias=True), timeout=TIMEOUT_SECONDS, retry=READ_RETRY
                )
        except exceptions.AlreadyExists:
            return
