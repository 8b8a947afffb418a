"""Rosters in Firestore."""

from __future__ import annotations

from uuid import UUID

from google.cloud import firestore

from shared.models.firestore.rosters import RosterDocument
from shared.repositories.firestore.changing import add_update, read, reference
from shared.repositories.firestore.committing import Commit, Prepared

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
        commit: Commit[bool] = Commit(self._client)

        def prepare() -> Prepared[bool]:
            found = read(target, RosterDocument, UUID(roster.client_id))
            if found is not None and found[0].version >= roster.version:
                return Prepared(commit.sent is not None and found[0] == roster)
            batch = self._client.batch()
            if found is None:
                batch.create(target, roster.fields())
            else:
                add_update(self._client, batch, found[1], roster.fields(), None)
            return Prepared(result=True, batch=batch)

        return commit.run(prepare)
