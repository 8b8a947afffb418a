"""Rosters in Firestore."""

from __future__ import annotations

from uuid import UUID

from google.api_core import exceptions
from google.cloud import firestore

from shared.db.firestore import TIMEOUT_SECONDS, firestore_errors
from shared.errors import StoreUnavailableError
from shared.models.firestore.rosters import RosterDocument
from shared.repositories.firestore.changing import attempts, read, reference

ROSTERS = "rosters"


class FirestoreRosterRepository:
    """See RosterRepository."""

    def __init__(self, client: firestore.Client) -> None:
        self._client = client

    def get(self, client_id: UUID) -> RosterDocument | None:
        """See RosterRepository.get."""
        found = read(reference(self._client, ROSTERS, str(client_id)), RosterDocument, client_id)
        return found[0] if found else None

    def put(self, roster: RosterDocument) -> bool:
        """See RosterRepository.put."""
        target = reference(self._client, ROSTERS, roster.client_id)
        for _ in attempts():
            found = read(target, RosterDocument, UUID(roster.client_id))
            if found is not None and found[0].version >= roster.version:
                return False
            try:
                with firestore_errors():
                    if found is None:
                        target.create(roster.fields(), timeout=TIMEOUT_SECONDS)
                    else:
                        option = self._client.write_option(last_update_time=found[1].update_time)
                        target.update(roster.fields(), option=option, timeout=TIMEOUT_SECONDS)
            except (exceptions.AlreadyExists, exceptions.FailedPrecondition, exceptions.Aborted, exceptions.NotFound):
                continue
            return True
        raise StoreUnavailableError("Too many people change this at once", retry_after=1)
