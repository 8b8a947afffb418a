"""Long work in Firestore."""

from __future__ import annotations

from shared.models.firestore.jobs import JobDocument
from shared.repositories.firestore.collection import FirestoreCollection


class FirestoreJobRepository(FirestoreCollection[JobDocument]):
    """See JobRepository."""

    name = "jobs"
    model = JobDocument
