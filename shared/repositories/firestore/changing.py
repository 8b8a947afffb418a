"""Changing a document: get, decide, one batch with a precondition and the audit event, again after a collision.

A transaction on one hot document gets few writers through, a precondition with a jittered retry all of them.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

from google.api_core import exceptions
from google.cloud import firestore

from shared.db.firestore import READ_RETRY, TIMEOUT_SECONDS, firestore_errors
from shared.errors import NotFoundError, StoreUnavailableError
from shared.models.audit import AuditEvent
from shared.models.caller import IdempotencyKey
from shared.models.identifiers import DOCUMENT_ID
from shared.models.replay import replay
from shared.repositories.protocols import Change, Changes, D, KeptAnswer

R = TypeVar("R")
OUTBOX = "audit_outbox"
KEPT = "idempotency_keys"
PATIENCE_SECONDS = 8.0


def read(reference: Any, model: type[D], client_id: UUID) -> tuple[D, Any] | None:
    """Return the document and its snapshot; None when it is missing or another client's."""
    with firestore_errors():
        snapshot = reference.get(timeout=TIMEOUT_SECONDS, retry=READ_RETRY)
    return parse(snapshot, model, client_id)


def parse(snapshot: Any, model: type[D], client_id: UUID) -> tuple[D, Any] | None:
    """Type a snapshot; None when it is missing or another client's."""
    fields = snapshot.to_dict() if snapshot.exists else None
    if fields is None or fields.get("clientId") != str(client_id):
        return None
    return model.model_validate({**fields, "id": snapshot.id}), snapshot


def change(
    client: firestore.Client,
    reference: Any,
    model: type[D],
    client_id: UUID,
    decide: Callable[[D], Change[D] | None],
    *,
    store_times: bool = False,
) -> D:
    """Carry out `decide` on the document behind `reference`; see TaskRepository.change.

    With `store_times`, `updatedAt` is the store's own clock.
    """
    committed: Any = None

    def attempt() -> tuple[D, Any, KeptAnswer | None]:
        nonlocal committed
        found = read(reference, model, client_id)
        if found is None:
            raise NotFoundError("There is no such record")
        document, snapshot = found
        decided = decide(document)
        if decided is None:
            return document, None, None
        committed = batch = client.batch()
        add_update(client, batch, snapshot, document, decided.document, store_times=store_times)
        add_event(client, batch, decided.event)
        add_kept(client, batch, decided.kept)
        return decided.document, batch, decided.kept

    return as_stored(commit_patiently(client, attempt), committed)


def change_several(
    client: firestore.Client,
    references: Sequence[Any],
    model: type[D],
    client_id: UUID,
    decide: Callable[[dict[str, D]], Changes[D]],
) -> None:
    """Carry out `decide` on several documents in one commit; see TaskRepository.change_several."""

    def attempt() -> tuple[None, Any, KeptAnswer | None]:
        with firestore_errors():
            snapshots = list(client.get_all(list(references), timeout=TIMEOUT_SECONDS, retry=READ_RETRY))
        found = {snapshot.id: parsed for snapshot in snapshots if (parsed := parse(snapshot, model, client_id))}
        decided = decide({document_id: document for document_id, (document, _) in found.items()})
        batch = client.batch()
        for document in decided.documents:
            before, snapshot = found[document.id]
            add_update(client, batch, snapshot, before, document)
        add_event(client, batch, decided.event)
        add_kept(client, batch, decided.kept)
        return None, batch, decided.kept

    commit_patiently(client, attempt)


def commit_patiently(client: firestore.Client, attempt: Callable[[], tuple[R, Any, KeptAnswer | None]]) -> R:
    """Prepare and commit a batch, again with jitter while others write in between. A None batch has nothing to do."""
    for _ in attempts():
        result, batch, kept = attempt()
        if batch is None:
            return result
        try:
            with firestore_errors():
                batch.commit(timeout=TIMEOUT_SECONDS)
        except (exceptions.FailedPrecondition, exceptions.Aborted, exceptions.NotFound):
            continue
        except exceptions.AlreadyExists:
            recall(client, kept.key if kept else None)
            raise
        else:
            return result
    raise StoreUnavailableError("Too many people change this at once", retry_after=1)


def attempts() -> Iterator[None]:
    """Yield once for each attempt, with growing jittered pauses between them, until PATIENCE_SECONDS are over."""
    give_up = time.monotonic() + PATIENCE_SECONDS
    pause = 0.01
    yield
    while time.monotonic() < give_up:
        time.sleep(random.uniform(0, pause))  # noqa: S311 (jitter, not a secret)
        pause = min(pause * 2, 0.25)
        yield


def add_update(
    client: firestore.Client, batch: Any, snapshot: Any, before: D, after: D, *, store_times: bool = False
) -> None:
    """Put the changed fields into the batch, on the condition that nobody wrote since `snapshot`."""
    updates = difference(before, after)
    if updates:
        if store_times:
            updates["updatedAt"] = firestore.SERVER_TIMESTAMP
        option = client.write_option(last_update_time=snapshot.update_time)
        batch.update(snapshot.reference, updates, option=option)


def difference(before: D, after: D) -> dict[str, Any]:
    """Return the fields that changed, so that fields unknown to this version stay."""
    old, new = before.fields(), after.fields()
    return {name: value for name, value in new.items() if old.get(name) != value}


def as_stored(document: D, batch: Any) -> D:
    """The document with the time that the store put into `updatedAt`, where it did: the batch's first write."""
    transformed = batch.write_results[0].transform_results if batch is not None else ()
    return document.model_copy(update={"updated_at": transformed[0].timestamp_value}) if transformed else document


def add_event(client: firestore.Client, batch: Any, event: AuditEvent | None) -> None:
    """Put the audit event into the same commit."""
    if event is not None:
        batch.create(client.collection(OUTBOX).document(str(event.id)), event.model_dump(mode="json", by_alias=True))


def add_kept(client: firestore.Client, batch: Any, kept: KeptAnswer | None) -> None:
    """Put the answer to keep into the same commit. `expireAt` lets TTL remove it after 24 hours."""
    if kept is not None:
        batch.create(
            client.collection(KEPT).document(kept.key.id),
            {
                "request": kept.key.request,
                "status": kept.status,
                "body": kept.body,
                "expireAt": datetime.fromtimestamp(time.time() + 86400, UTC),
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
        snapshot.reference.delete(option=option, timeout=TIMEOUT_SECONDS)


def reference(client: firestore.Client, collection: str, document_id: str) -> Any:
    """Return the reference; an id that could be a deeper path is an unknown record."""
    if not DOCUMENT_ID.match(document_id):
        raise NotFoundError("There is no such record")
    return client.collection(collection).document(document_id)
