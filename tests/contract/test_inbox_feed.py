"""The feed of inboxes on Firestore: what a reading holds, and from where on who comes back reads."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from google.cloud import firestore

from shared.models.firestore.alerts import InboxEntryDocument, Text
from shared.repositories.firestore.inbox_feed import SETTLING, FirestoreInboxFeed
from shared.repositories.firestore.inboxes import FirestoreInboxRepository


def delivered(client: firestore.Client, client_id: UUID, uid: str, alert_id: str) -> None:
    now = datetime.now(UTC)
    entry = InboxEntryDocument(
        id=alert_id,
        client_id=str(client_id),
        created_at=now,
        updated_at=now,
        uid=uid,
        user_id=str(UUID(int=7)),
        alert_version=1,
        severity="info",
        message=Text(code="message", text="Call the payer"),
        expire_at=now + timedelta(days=90),
    )
    FirestoreInboxRepository(client).deliver([entry])


def test_a_reading_vouches_for_no_more_than_what_has_settled(firestore_client: firestore.Client) -> None:
    feed, client_id, uid = FirestoreInboxFeed(firestore_client), uuid4(), "somebody"
    begun = datetime.now(UTC)
    for held in ([], ["alert-1"], ["alert-1", "alert-2"]):
        for reading in (feed.active(client_id, uid), feed.since(client_id, uid, begun - SETTLING)):
            assert [one.entry.id for one in reading.changes] == held
            assert begun - SETTLING <= reading.at <= datetime.now(UTC) - SETTLING
        delivered(firestore_client, client_id, uid, f"alert-{len(held) + 1}")
