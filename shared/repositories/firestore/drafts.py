"""E-mail drafts in Firestore."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from google.cloud import firestore
from google.cloud.firestore_v1.base_query import BaseQuery, FieldFilter

from shared.models.firestore.drafts import DraftDocument
from shared.repositories.changes import Position
from shared.repositories.document_protocols import DraftFilter
from shared.repositories.firestore.changing import reference
from shared.repositories.firestore.collection import FirestoreCollection, documents_of, equal

NEWEST_FIRST = BaseQuery.DESCENDING


class FirestoreDraftRepository(FirestoreCollection[DraftDocument]):
    """See DraftRepository."""

    name = "drafts"
    model = DraftDocument

    def find(self, client_id: UUID, wanted: DraftFilter, *, after: Position | None, limit: int) -> list[DraftDocument]:
        """See DraftRepository.find."""
        query = equal(self._of(client_id), state=wanted.state, authorId=wanted.author_id, contextId=wanted.context_id)
        query = query.order_by("sortAt", direction=NEWEST_FIRST).order_by("__name__", direction=NEWEST_FIRST)
        if after is not None:
            query = query.start_after({"sortAt": after.sort_at, "__name__": self._at(after.id)})
        return documents_of(query.limit(limit), DraftDocument)

    def of_message(self, client_id: UUID, message_id: str) -> DraftDocument | None:
        """See DraftRepository.of_message."""
        query = self._of(client_id).where(filter=FieldFilter("messageIds", "array_contains", message_id))
        return next(iter(documents_of(query.limit(1), DraftDocument)), None)


class FirestoreDraftsUnderWay:
    """See DraftsUnderWay. Only drafts under way have an `attendAt`."""

    def __init__(self, client: firestore.Client) -> None:
        self._client = client

    def due(self, at: datetime, *, limit: int, after: DraftDocument | None = None) -> list[DraftDocument]:
        """See DraftsUnderWay.due."""
        query = self._client.collection("drafts").where(filter=FieldFilter("attendAt", "<=", at))
        query = query.order_by("attendAt").order_by("__name__")
        if after is not None:
            place = reference(self._client, "drafts", after.id)
            query = query.start_after({"attendAt": after.attend_at, "__name__": place})
        return documents_of(query.limit(limit), DraftDocument)
