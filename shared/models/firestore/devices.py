"""Devices that get push notifications."""

from __future__ import annotations

from datetime import datetime

from shared.models.firestore.documents import Document


class DeviceDocument(Document):
    """`devices/{id}`: the token of one browser or telephone. `id` is a digest of it; TTL deletes at `expire_at`."""

    uid: str
    user_id: str
    token: str
    expire_at: datetime
