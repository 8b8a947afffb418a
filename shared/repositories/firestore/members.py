"""Members in Firestore."""

from __future__ import annotations

import time
from threading import Lock

from google.cloud import firestore

from shared.db.firestore import READ_RETRY, TIMEOUT_SECONDS, firestore_errors
from shared.models.firestore.documents import MemberDocument
from shared.models.identifiers import DOCUMENT_ID

MEMBERS = "members"
CACHE_SECONDS = 30.0
CACHE_SIZE = 10_000


class FirestoreMemberRepository:
    """See MemberRepository. A membership is kept for 30 s, so that a change of role shows within that time."""

    def __init__(self, client: firestore.Client) -> None:
        self._client = client
        self._kept: dict[str, tuple[float, MemberDocument]] = {}
        self._lock = Lock()

    def get(self, uid: str) -> MemberDocument | None:
        """See MemberRepository.get."""
        if not DOCUMENT_ID.match(uid):
            return None
        now = time.monotonic()
        kept = self._kept.get(uid)
        if kept is not None and kept[0] > now:
            return kept[1]
        with firestore_errors():
            snapshot = self._client.collection(MEMBERS).document(uid).get(timeout=TIMEOUT_SECONDS, retry=READ_RETRY)
        member = MemberDocument.model_validate(snapshot.to_dict()) if snapshot.exists else None
        if member is None:
            return None
        with self._lock:
            if len(self._kept) >= CACHE_SIZE:
                self._kept.clear()
            self._kept[uid] = (now + CACHE_SECONDS, member)
        return member
