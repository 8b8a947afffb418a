"""Answers kept for Idempotency-Keys in Firestore."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from google.api_core import exceptions
from google.cloud import firestore

from shared.db.firestore import READ_RETRY, TIMEOUT_SECONDS, firestore_errors
from shared.models.caller import IdempotencyKey
from shared.models.replay import KEPT_SECONDS, replay
from shared.repositories.protocols import KeptAnswer

KEPT = "idempotency_keys"


class FirestoreKeptAnswers:
    """See KeptAnswers."""

    def __init__(self, client: firestore.Client) -> None:
        self._client = client

    def recall(self, key: IdempotencyKey | None) -> None:
        """See KeptAnswers.recall."""
        recall(self._client, key)


def add_kept(client: firestore.Client, batch: Any, kept: KeptAnswer | None) -> None:
    """Put the answer to keep into the same commit. `expireAt` lets TTL remove it after 24 hours."""
    if kept is not None:
        batch.create(
            client.collection(KEPT).document(kept.key.id),
            {
                "request": kept.key.request,
                "status": kept.status,
                "body": kept.body,
                "expireAt": datetime.fromtimestamp(time.time() + KEPT_SECONDS, UTC),
            },
        )


def recall(client: firestore.Client, key: IdempotencyKey | None) -> None:
    """Raise the kept answer of `key` when there is one; see KeptAnswers.recall."""
    if key is None:
        return
    with firestore_errors():
        snapshot = client.collection(KEPT).document(key.id).get(timeout=TIMEOUT_SECONDS, retry=READ_RETRY)
    kept = snapshot.to_dict()
    if kept is None:
        return
    if kept["expireAt"].timestamp() > time.time():
        raise replay(kept_request=kept["request"], request=key.request, status=kept["status"], body=kept["body"])
    with firestore_errors(), suppress(exceptions.FailedPrecondition, exceptions.NotFound, exceptions.Aborted):
        # The key is free again, but TTL may remove its document a day late, and the new answer is to be created there.
        option = client.write_option(last_update_time=snapshot.update_time)
        snapshot.reference.delete(option=option, timeout=TIMEOUT_SECONDS, retry=None)
