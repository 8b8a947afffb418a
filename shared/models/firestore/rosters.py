"""Who is in an organisation, in one document."""

from __future__ import annotations

from shared.models.firestore.documents import Document, Part


class RosterMember(Part):
    """One active person. `uid` is the Firebase uid, `user_id` the uuid of `users`."""

    uid: str
    user_id: str
    role: str


class RosterDocument(Document):
    """`rosters/{clientId}`: the mirror of an organisation's active `users`, so that a fan-out is one read.

    `id` is the organisation's; `version` is that of the mirror, and a newer one is never overwritten by an older one.
    """

    time_zone: str = "UTC"
    members: tuple[RosterMember, ...] = ()
