"""Rosters in Firestore: one document up to a size, several beyond it.

A document holds at most 1 MiB, which some 9,000 members fill. The first one, `rosters/{clientId}`, says how many
`parts` there are; the others are `rosters/{clientId}_1` and so on. All are written in one commit, with one version.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from google.cloud import firestore

from shared.db.firestore import READ_RETRY, TIMEOUT_SECONDS, firestore_errors
from shared.errors import StoreUnavailableError
from shared.models.firestore.rosters import RosterDocument, RosterMember
from shared.repositories.firestore.changing import reference
from shared.repositories.firestore.committing import Commit, Prepared

ROSTERS = "rosters"
MEMBERS_IN_PART = 4_000
ATTEMPTS = 5


class FirestoreRosterRepository:
    """See RosterRepository."""

    def __init__(self, client: firestore.Client) -> None:
        self._client = client

    def get(self, client_id: UUID) -> RosterDocument | None:
        """See RosterRepository.get. One read for each 4,000 members."""
        for _ in range(ATTEMPTS):
            head = _fields(self._snapshots([part_at(self._client, str(client_id), 0)])[0])
            if head is None or head.get("clientId") != str(client_id):
                return None
            roster = RosterDocument.model_validate({**head, "id": str(client_id)})
            rest = [part_at(self._client, str(client_id), number) for number in range(1, head.get("parts", 1))]
            parts = [_fields(one) for one in self._snapshots(rest)] if rest else []
            if all(part is not None and part["version"] == roster.version for part in parts):
                return roster.model_copy(update={"members": (*roster.members, *_members(parts))})
        raise StoreUnavailableError("The roster is being written", retry_after=1)

    def put(self, roster: RosterDocument) -> bool:
        """See RosterRepository.put."""
        commit: Commit[bool] = Commit(self._client)

        def prepare() -> Prepared[bool]:
            (snapshot,) = self._snapshots([part_at(self._client, roster.client_id, 0)])
            stored = _fields(snapshot) or {}
            if stored.get("version", 0) >= roster.version:
                own = commit.sent is not None and stored["version"] == roster.version
                return Prepared(own)
            batch = self._client.batch()
            add_roster(self._client, batch, snapshot, roster)
            return Prepared(result=True, batch=batch)

        return commit.run(prepare)

    def _snapshots(self, references: list[Any]) -> list[Any]:
        with firestore_errors():
            found = self._client.get_all(references, timeout=TIMEOUT_SECONDS, retry=READ_RETRY)
            by_path = {snapshot.reference.path: snapshot for snapshot in found}
        return [by_path[one.path] for one in references]


def part_at(client: firestore.Client, client_id: str, number: int) -> Any:
    """Where a part of a roster is; number 0 is the roster itself."""
    return reference(client, ROSTERS, f"{client_id}_{number}" if number else client_id)


def add_roster(client: firestore.Client, batch: Any, snapshot: Any, roster: RosterDocument) -> None:
    """Put all parts of a roster into the batch, on the condition that nobody wrote its first one since `snapshot`."""
    sizes = range(0, max(len(roster.members), 1), MEMBERS_IN_PART)
    parts = [roster.members[start : start + MEMBERS_IN_PART] for start in sizes]
    head = roster.model_copy(update={"members": parts[0]}).fields() | {"parts": len(parts)}
    if snapshot.exists:
        option = client.write_option(last_update_time=snapshot.update_time)
        batch.update(snapshot.reference, head, option=option)
    else:
        batch.create(snapshot.reference, head)
    for number, members in enumerate(parts[1:], start=1):
        fields = {"clientId": roster.client_id, "version": roster.version}
        fields |= {"members": [one.model_dump(by_alias=True) for one in members]}
        batch.set(part_at(client, roster.client_id, number), fields)
    for number in range(len(parts), (_fields(snapshot) or {}).get("parts", 1)):
        batch.delete(part_at(client, roster.client_id, number))


def _fields(snapshot: Any) -> dict[str, Any] | None:
    fields: dict[str, Any] | None = snapshot.to_dict() if snapshot.exists else None
    return fields


def _members(parts: Iterable[dict[str, Any] | None]) -> Iterable[RosterMember]:
    return (RosterMember.model_validate(one) for part in parts if part for one in part["members"])
