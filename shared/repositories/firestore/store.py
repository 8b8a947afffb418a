"""The Firestore side of the selector: its repositories over one client, made on first use."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from google.cloud import firestore

from shared.repositories.firestore.contexts import FirestoreContextRepository
from shared.repositories.firestore.kept_answers import FirestoreKeptAnswers
from shared.repositories.firestore.tasks import FirestoreTaskRepository

if TYPE_CHECKING:
    from shared.repositories.firestore.alerts import FirestoreAlertRepository
    from shared.repositories.firestore.conversation import FirestoreFeedbackRepository, FirestoreMessageRepository
    from shared.repositories.firestore.devices import FirestoreDeviceRepository
    from shared.repositories.firestore.drafts import FirestoreDraftRepository
    from shared.repositories.firestore.inboxes import FirestoreInboxRepository
    from shared.repositories.firestore.jobs import FirestoreJobRepository
    from shared.repositories.firestore.rosters import FirestoreRosterRepository


class FirestoreLiveStore:
    """See LiveStore. What not every function uses is imported on first use: cold starts stay short."""

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

    @cached_property
    def messages(self) -> FirestoreMessageRepository:
        """See DocumentStore.messages."""
        from shared.repositories.firestore.conversation import FirestoreMessageRepository

        return FirestoreMessageRepository(self._client)

    @cached_property
    def feedback(self) -> FirestoreFeedbackRepository:
        """See DocumentStore.feedback."""
        from shared.repositories.firestore.conversation import FirestoreFeedbackRepository

        return FirestoreFeedbackRepository(self._client)

    @cached_property
    def alerts(self) -> FirestoreAlertRepository:
        """See DocumentStore.alerts."""
        from shared.repositories.firestore.alerts import FirestoreAlertRepository

        return FirestoreAlertRepository(self._client)

    @cached_property
    def inboxes(self) -> FirestoreInboxRepository:
        """See DocumentStore.inboxes."""
        from shared.repositories.firestore.inboxes import FirestoreInboxRepository

        return FirestoreInboxRepository(self._client)

    @cached_property
    def devices(self) -> FirestoreDeviceRepository:
        """See DocumentStore.devices."""
        from shared.repositories.firestore.devices import FirestoreDeviceRepository

        return FirestoreDeviceRepository(self._client)

    @cached_property
    def drafts(self) -> FirestoreDraftRepository:
        """See DocumentStore.drafts."""
        from shared.repositories.firestore.drafts import FirestoreDraftRepository

        return FirestoreDraftRepository(self._client)

    @cached_property
    def jobs(self) -> FirestoreJobRepository:
        """See DocumentStore.jobs."""
        from shared.repositories.firestore.jobs import FirestoreJobRepository

        return FirestoreJobRepository(self._client)

    @cached_property
    def rosters(self) -> FirestoreRosterRepository:
        """See DocumentStore.rosters."""
        from shared.repositories.firestore.rosters import FirestoreRosterRepository

        return FirestoreRosterRepository(self._client)
