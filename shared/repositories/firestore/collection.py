"""A collection whose documents are made, read and changed by id. No query is made without a client."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Generic
from uuid import UUID

from google.cloud import firestore
from google.cloud.firestore_v1.base_query import FieldFilter

from shared.db.firestore import READ_RETRY, TIMEOUT_SECONDS, firestore_errors
from shared.errors import ConflictError
from shared.models.audit import AuditEvent
from shared.models.firestore.documents import Document
from shared.repositories.changes import Change, D, KeptAnswer
from shared.repositories.firestore.changing import as_stored, change, parse, read, reference
from shared.repositories.firestore.committing import Commit, Prepared
from shared.repositories.firestore.creating import add_new, marked, new_fields


class FirestoreCollection(Generic[D]):
    """See DocumentRepository. `store_times`: `updatedAt` is the store's clock, whatever the document says."""

    name: ClassVar[str]
    model: type[D]
    store_times: ClassVar[bool] = False

    def __init__(self, client: firestore.Client) -> None:
        self._client = client

    def get(self, client_id: UUID, document_id: str) -> D | None:
        """See DocumentRepository.get."""
        found = read(self._at(document_id), self.model, client_id)
        return found[0] if found else None

    def create(
        self,
        document: D,
        event: AuditEvent | None,
        kept: KeptAnswer | None = None,
        new: tuple[Document, ...] = (),
    ) -> tuple[D, bool]:
        """See DocumentRepository.create."""
        target = self._at(document.id)
        commit: Commit[tuple[D, bool]] = Commit(self._client)

        def prepare() -> Prepared[tuple[D, bool]]:
            if commit.sent is not None:
                with firestore_errors():
                    snapshot = target.get(timeout=TIMEOUT_SECONDS, retry=READ_RETRY)
                if (landed := commit.landed([snapshot])) is not None:
                    landed.result = (self._own(snapshot, document), True)
                    return landed
                if snapshot.exists:
                    return Prepared((self._own(snapshot, document), False))
            batch = self._client.batch()
            batch.create(target, marked(new_fields(document, store_times=self.store_times), event))
            add_new(self._client, batch, new, event, again=commit.sent is not None)
            return Prepared((document, True), batch, event, kept)

        stored, created = commit.run(prepare)
        return (
            as_stored(stored, commit.sent.batch) if self.store_times and created and commit.sent else stored
        ), created

    def _own(self, snapshot: Any, document: D) -> D:
        """Type what stands under the id of `document`. Raises ConflictError when that is another client's."""
        found = parse(snapshot, self.model, UUID(document.client_id))
        if found is None:
            raise ConflictError("This id is taken")
        return found[0]

    def change(self, client_id: UUID, document_id: str, decide: Callable[[D], Change[D] | None]) -> D:
        """See DocumentRepository.change."""
        target = self._at(document_id)
        return change(self._client, target, self.model, client_id, decide, store_times=self.store_times)

    def _at(self, document_id: str) -> Any:
        return reference(self._client, self.name, document_id)

    def _of(self, client_id: UUID) -> Any:
        """Where every query of this collection begins."""
        return of_client(self._client.collection(self.name), client_id)


def of_client(collection: Any, client_id: UUID) -> Any:
    """The documents of one client in `collection`."""
    return collection.where(filter=FieldFilter("clientId", "==", str(client_id)))


def equal(query: Any, **members: object) -> Any:
    """`query` with an equality filter for each member that is not None."""
    for name, value in members.items():
        if value is not None:
            query = query.where(filter=FieldFilter(name, "==", value))
    return query


def documents_of(query: Any, model: type[D]) -> list[D]:
    """Carry out a query; its documents, typed."""
    with firestore_errors():
        snapshots = query.get(timeout=TIMEOUT_SECONDS, retry=READ_RETRY)
    return [model.model_validate({**snapshot.to_dict(), "id": snapshot.id}) for snapshot in snapshots]
