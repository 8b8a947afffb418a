"""Changing a document: get, decide, one batch with a precondition and the audit event, again after a collision.

A transaction on one hot document gets few writers through, a precondition with a jittered retry all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from google.cloud import firestore

from shared.db.firestore import READ_RETRY, TIMEOUT_SECONDS, firestore_errors
from shared.errors import NotFoundError
from shared.models.audit import AuditEvent
from shared.models.identifiers import DOCUMENT_ID
from shared.repositories.firestore.committing import Commit, Prepared
from shared.repositories.firestore.creating import add_new, marked
from shared.repositories.protocols import Change, Changes, D


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
    commit: Commit[D] = Commit(client)

    def prepare() -> Prepared[D]:
        found = read(reference, model, client_id)
        if found is None:
            raise NotFoundError("There is no such record")
        document, snapshot = found
        if (landed := commit.landed([snapshot])) is not None:
            landed.result = document if store_times else landed.result
            return landed
        decided = decide(document)
        if decided is None:
            return Prepared(document)
        batch, event = client.batch(), commit.same(decided.event)
        add_update(client, batch, snapshot, difference(document, decided.document), event, store_times=store_times)
        add_new(client, batch, decided.new, event, again=commit.sent is not None)
        return Prepared(decided.document, batch, event, decided.kept)

    document = commit.run(prepare)
    return as_stored(document, commit.sent.batch) if store_times and commit.sent is not None else document


def change_several(
    client: firestore.Client,
    references: Sequence[Any],
    model: type[D],
    client_id: UUID,
    decide: Callable[[dict[str, D]], Changes[D] | None],
) -> None:
    """Carry out `decide` on several documents in one commit; see TaskRepository.change_several."""
    commit: Commit[None] = Commit(client)

    def prepare() -> Prepared[None]:
        with firestore_errors():
            snapshots = list(client.get_all(list(references), timeout=TIMEOUT_SECONDS, retry=READ_RETRY))
        if (landed := commit.landed(snapshots)) is not None:
            return landed
        found = {snapshot.id: parsed for snapshot in snapshots if (parsed := parse(snapshot, model, client_id))}
        decided = decide({document_id: document for document_id, (document, _) in found.items()})
        if decided is None:
            return Prepared(None)
        batch, event = client.batch(), commit.same(decided.event)
        for document in decided.documents:
            before, snapshot = found[document.id]
            add_update(client, batch, snapshot, difference(before, document), event)
        add_new(client, batch, decided.new, event, again=commit.sent is not None)
        return Prepared(None, batch, event, decided.kept)

    commit.run(prepare)


def add_update(
    client: firestore.Client,
    batch: Any,
    snapshot: Any,
    updates: dict[str, Any],
    event: AuditEvent | None,
    *,
    store_times: bool = False,
) -> None:
    """Put the changed fields into the batch, on the condition that nobody wrote since `snapshot`."""
    if updates:
        updates = updates | ({"updatedAt": firestore.SERVER_TIMESTAMP} if store_times else {})
        option = client.write_option(last_update_time=snapshot.update_time)
        batch.update(snapshot.reference, marked(updates, event), option=option)


def difference(before: D, after: D) -> dict[str, Any]:
    """Return the fields that changed, so that fields unknown to this version stay."""
    old, new = before.fields(), after.fields()
    return {name: value for name, value in new.items() if old.get(name) != value}


def as_stored(document: D, batch: Any) -> D:
    """The document with the time that the store put into `updatedAt`, where it did: the batch's first write."""
    transformed = batch.write_results[0].transform_results if batch.write_results else ()
    return document.model_copy(update={"updated_at": transformed[0].timestamp_value}) if transformed else document


def reference(client: firestore.Client, collection: str, document_id: str) -> Any:
    """Return the reference of the document. Raises NotFoundError as `checked` does."""
    return client.collection(collection).document(checked(document_id))


def checked(document_id: str) -> str:
    """Return the id. Raises NotFoundError for one that no document can have: it could be a deeper path."""
    if not DOCUMENT_ID.match(document_id):
        raise NotFoundError("There is no such record")
    return document_id
