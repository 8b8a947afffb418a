"""The live store's copies of memberships: `members/{uid}` and `rosters/{clientId}`, and the sign-ins they end."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from google.cloud import firestore

from shared.db.firestore import READ_RETRY, TIMEOUT_SECONDS, firestore_errors
from shared.domain.membership import is_over, later, member_fields, roster_of
from shared.models.users import Membership, MembershipChanges
from shared.repositories.firestore.changing import reference
from shared.repositories.firestore.committing import Commit, Prepared
from shared.repositories.firestore.members import MEMBERS
from shared.repositories.firestore.rosters import add_roster, part_at
from shared.repositories.firestore.sessions import add_end, going_on

AT_ONCE = 400  # writes in one commit; Firestore takes 500


class FirestoreMemberMirror:
    """See MemberMirror."""

    def __init__(self, client: firestore.Client) -> None:
        self._client = client

    def store(self, changes: MembershipChanges) -> None:
        """See MemberMirror.store."""
        Commit[None](self._client).run(lambda: Prepared(None, self._copies(changes)))
        for membership in changes.changed:
            self._end_sessions(membership)

    def _copies(self, changes: MembershipChanges) -> Any:
        """Prepare every copy that is newer than what is stored, on the condition that nobody writes in between."""
        roster_at = part_at(self._client, str(changes.client_id), 0)
        places = {reference(self._client, MEMBERS, one.uid).path: one for one in changes.changed}
        wanted = [self._client.document(path) for path in places]
        batch = self._client.batch()
        with firestore_errors():
            found = list(self._client.get_all([roster_at, *wanted], timeout=TIMEOUT_SECONDS, retry=READ_RETRY))
        for snapshot in found:
            stored = snapshot.to_dict() or {}
            membership = places.get(snapshot.reference.path)
            version = changes.version if membership is None else membership.version
            if stored.get("version", 0) > version:
                continue
            if membership is None:
                add_roster(self._client, batch, snapshot, roster_of(changes, at=datetime.now(UTC)))
                continue
            fields = member_fields(membership)
            fields["tokensValidAfter"] = later(membership.tokens_valid_after, stored.get("tokensValidAfter"))
            if snapshot.exists:
                option = self._client.write_option(last_update_time=snapshot.update_time)
                batch.update(snapshot.reference, fields, option=option)
            else:
                batch.create(snapshot.reference, fields)
        return batch

    def _end_sessions(self, membership: Membership) -> None:
        """End what is over, some at a time: what an earlier commit has ended, its answer lost, is not found again."""
        while Commit[bool](self._client).run(lambda: self._ended(membership)):
            pass

    def _ended(self, membership: Membership) -> Prepared[bool]:
        """Prepare the end of sessions that go on and are over; whether there are more."""
        found = [one for one in going_on(self._client, membership.uid) if is_over(one.id, membership)]
        now, batch = datetime.now(UTC), self._client.batch()
        for snapshot in found[:AT_ONCE]:
            add_end(batch, snapshot, now)
        return Prepared(len(found) > AT_ONCE, batch if found else None)
