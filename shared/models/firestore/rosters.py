"""Who is in an organisation."""

from __future__ import annotations

from typing import Literal

from shared.models.firestore.documents import Document, Part

PushChoice = Literal["none", "critical", "all"]


class RosterMember(Part):
    """One active person. `uid` is the Firebase uid, `user_id` the uuid of `users`; `push` what goes to devices."""

    uid: str
    user_id: str
    role: str
    push: PushChoice = "none"


class RosterDocument(Document):
    """`rosters/{clientId}`: the mirror of an organisation's active `users`, so that a fan-out is one read.

    `id` is the organisation's; `version` is that of the mirror, and a newer one is never overwritten by an older one.
    A large one is stored in several documents.
    """

    time_zone: str = "UTC"
    members: tuple[RosterMember, ...] = ()
