"""Documents that expire hold `expireAt` as a time, which is what Firestore's TTL deletes them by."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from google.cloud import firestore

from shared.models.identifiers import document_id
from shared.repositories.firestore.sessions import FirestoreSessionRepository
from shared.repositories.firestore.store import FirestoreLiveStore
from tests.architecture.test_firestore_indexes import INDEXES
from tests.contract.test_devices import device
from tests.contract.test_documents import LATER, alert, entry, job
from tests.unit.factories import CLIENT, context, event, kept, key, session


def _alert(client: firestore.Client) -> tuple[str, datetime]:
    made, _ = FirestoreLiveStore(client).alerts.create(alert(CLIENT), None)
    return f"alerts/{made.id}", LATER


def _job(client: firestore.Client) -> tuple[str, datetime]:
    made, _ = FirestoreLiveStore(client).jobs.create(job(CLIENT), None)
    return f"jobs/{made.id}", LATER


def _entry(client: firestore.Client) -> tuple[str, datetime]:
    """Delivered, and delivered again with a later end."""
    given = entry(CLIENT, uid=document_id("uid"), expire_at=LATER - timedelta(days=1))
    FirestoreLiveStore(client).inboxes.deliver([given])
    FirestoreLiveStore(client).inboxes.deliver([given.model_copy(update={"alert_version": 2, "expire_at": LATER})])
    return f"inboxes/{given.uid}/entries/{given.id}", LATER


def _device(client: firestore.Client) -> tuple[str, datetime]:
    made = device(CLIENT, document_id("uid"))
    FirestoreLiveStore(client).devices.put(made, event())
    return f"devices/{made.id}", LATER


def _session(client: firestore.Client) -> tuple[str, datetime]:
    wanted = session(context())
    FirestoreSessionRepository(client).start(wanted, event())
    return f"sessions/{wanted.id}", wanted.expire_at


def _kept(client: firestore.Client) -> tuple[str, datetime]:
    asked = key()
    FirestoreLiveStore(client).jobs.create(job(CLIENT), event(), kept(asked))
    return f"idempotency_keys/{asked.id}", datetime.now(UTC) + timedelta(days=1)


MADE: dict[str, Callable[[firestore.Client], tuple[str, datetime]]] = {
    "alerts": _alert,
    "devices": _device,
    "jobs": _job,
    "entries": _entry,
    "sessions": _session,
    "idempotency_keys": _kept,
}


@pytest.mark.parametrize("collection", MADE)
def test_a_document_that_expires_says_when(firestore_client: firestore.Client, collection: str) -> None:
    path, expected = MADE[collection](firestore_client)
    stored = (firestore_client.document(path).get().to_dict() or {})["expireAt"]
    assert isinstance(stored, datetime)
    assert abs(stored - expected) < timedelta(minutes=1)


def test_every_collection_with_ttl_is_tried() -> None:
    assert set(MADE) == {one["collectionGroup"] for one in INDEXES["fieldOverrides"] if one.get("ttl")}
