"""The Firestore side of the selector: its repositories over one client, made on first use."""

from __future__ import annotations

from functools import cached_property

from google.cloud import firestore

from shared.repositories.firestore.contexts import FirestoreContextRepository
from shared.repositories.firestore.kept_answers import FirestoreKeptAnswers
from shared.repositories.firestore.tasks import FirestoreTaskRepository


class FirestoreLiveStore:
    """See LiveStore."""

    def __init__(self, client: firestore.Client) -> None:
        self._client = client

    @cached_property
    def tasks(self) -> FirestoreTaskRepository:
        """See LiveStore.tasks."""
        return FirestoreTaskRepository(self._client)

    @cached_property
    def contexts(self) -> FirestoreContextRepository:
        """See LiveStore.contexts."""
        return FirestoreContextRepository(self._client)

    @cached_property
    def kept_answers(self) -> FirestoreKeptAnswers:
        """See LiveStore.kept_answers."""
        return FirestoreKeptAnswers(self._client)
