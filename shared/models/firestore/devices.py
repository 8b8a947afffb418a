"""Devices that get push notifications."""

from __future__ import annotations

from datetime import datetime

from shared.models.firestore.documents import Document


class DeviceDocument(Document):
    """`devices/{id}`: where one browser or telephone is reached. TTL deletes it at `expire_at`.

    `token` is Firebase's registration token or installation id, `id` a digest of it.
    """

    uid: str
    user_id: str
    token: str
    expire_at: datetime
