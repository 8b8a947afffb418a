"""E-mail drafts in Firestore."""

from __future__ import annotations

from uuid import UUID

from google.cloud.firestore_v1.base_query import BaseQuery

from shared.models.firestore.drafts import DraftDocument
from shared.repositories.changes import Position
from shared.repositories.document_protocols import DraftFilter
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
