"""Feedback as the projection reads it."""

from __future__ import annotations

from google.cloud import firestore
from pydantic import ValidationError

from shared.db.firestore import READ_RETRY, TIMEOUT_SECONDS, firestore_errors
from shared.errors import PermanentEventError
from shared.models.firestore.conversation import FeedbackDocument
from shared.models.identifiers import DOCUMENT_ID
from shared.repositories.projection_protocols import FeedbackAsRead


class FirestoreFeedbackReader:
    """See FeedbackReader."""

    def __init__(self, client: firestore.Client) -> None:
        self._client = client

    def read(self, feedback_id: str) -> FeedbackAsRead:
        """See FeedbackReader.read."""
        if not DOCUMENT_ID.match(feedback_id):
            raise PermanentEventError("no feedback of ours has such an id")
        with firestore_errors():
            found = (
                self._client.collection("feedback").document(feedback_id).get(timeout=TIMEOUT_SECONDS, retry=READ_RETRY)
            )
        fields = found.to_dict()
        if fields is None:
            return FeedbackAsRead(None, found.read_time)
        try:
            feedback = FeedbackDocument.model_validate({**fields, "id": feedback_id})
        except ValidationError as exc:
            raise PermanentEventError("the feedback cannot be read") from exc
        return FeedbackAsRead(feedback, found.read_time)
