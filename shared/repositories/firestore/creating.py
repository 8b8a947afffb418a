"""Putting new documents into a commit: on their own, or beside a change that they come into being with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from google.cloud import firestore

from shared.db.firestore import READ_RETRY, TIMEOUT_SECONDS, firestore_errors
from shared.models.audit import AuditEvent
from shared.models.firestore.documents import Document
from shared.repositories.firestore.committing import MARK

# By the model's name, so that the models are not imported where none of theirs is made: collection, store's own clock.
_PLACES = {"TaskDocument": ("tasks", False), "AlertDocument": ("alerts", True), "DraftDocument": ("drafts", False)}


def marked(fields: dict[str, Any], event: AuditEvent | None) -> dict[str, Any]:
    """Return `fields` with the mark by which a commit is recognised."""
    return fields if event is None else {**fields, MARK: str(event.id)}


def new_fields(document: Document, *, store_times: bool) -> dict[str, Any]:
    """The fields to create a document with."""
    return document.fields() | ({"updatedAt": firestore.SERVER_TIMESTAMP} if store_times else {})


def add_new(
    client: firestore.Client, batch: Any, documents: Sequence[Document], event: AuditEvent | None, *, again: bool
) -> None:
    """Put the creation of each document into the batch.

    That one is there already is seen when the commit fails: `again` says that it has, and what is there is left out.
    """
    wanted = {}
    for document in documents:
        collection, store_times = _PLACES[type(document).__name__]
        reference = client.collection(collection).document(document.id)
        wanted[reference.path] = (reference, new_fields(document, store_times=store_times))
    for path in _there(client, [reference for reference, _ in wanted.values()]) if again else ():
        del wanted[path]
    for reference, fields in wanted.values():
        batch.create(reference, marked(fields, event))


def _there(client: firestore.Client, references: list[Any]) -> list[str]:
    """The paths of those documents that exist."""
    if not references:
        return []
    with firestore_errors():
        found = client.get_all(references, field_paths=[MARK], timeout=TIMEOUT_SECONDS, retry=READ_RETRY)
        return [snapshot.reference.path for snapshot in found if snapshot.exists]
