"""Long work in Firestore."""

from __future__ import annotations

from datetime import datetime

from google.cloud import firestore
from google.cloud.firestore_v1.base_query import FieldFilter

from shared.models.firestore.jobs import JobDocument
from shared.repositories.firestore.collection import FirestoreCollection, documents_of, equal


class FirestoreJobRepository(FirestoreCollection[JobDocument]):
    """See JobRepository."""

    name = "jobs"
    model = JobDocument


class FirestoreOpenJobs:
    """See OpenJobs."""

    def __init__(self, client: firestore.Client) -> None:
        self._client = client

    def unmoved_since(self, moment: datetime, *, limit: int) -> list[JobDocument]:
        """See OpenJobs.unmoved_since."""
        query = equal(self._client.collection(FirestoreJobRepository.name), isOpen=True)
        query = query.where(filter=FieldFilter("updatedAt", "<=", moment)).order_by("updatedAt").limit(limit)
        return documents_of(query, JobDocument)
