"""Open tasks of a context: counted, and kept on the context."""

from __future__ import annotations

import random
import time
from typing import Any

from google.api_core import exceptions
from google.cloud import firestore
from google.cloud.firestore_v1.base_query import FieldFilter

from shared.db.firestore import READ_RETRY, TIMEOUT_SECONDS, firestore_errors
from shared.errors import StoreUnavailableError
from shared.models.identifiers import DOCUMENT_ID
from shared.repositories.projection_protocols import OpenTasks, Place

ATTEMPTS = 10


class FirestoreOpenTasks:
    """See OpenTaskStore."""

    def __init__(self, client: firestore.Client) -> None:
        self._client = client

    def count(self, place: Place) -> OpenTasks:
        """See OpenTaskStore.count. Equality filters alone: Firestore merges its single-field indexes for them."""
        query: Any = self._client.collection("tasks")
        for name, value in (
            ("clientId", place.client_id),
            ("contextId", place.context_id),
            ("isOpen", True),
            ("deletedAt", None),
        ):
            query = query.where(filter=FieldFilter(name, "==", value))
        with firestore_errors():
            found = query.count().get(timeout=TIMEOUT_SECONDS, retry=READ_RETRY)[0][0]
        return OpenTasks(int(found.value), found.read_time)

    def keep(self, place: Place, counted: OpenTasks) -> bool:
        """See OpenTaskStore.keep. The context's `version` counts people's changes and stays."""
        if not DOCUMENT_ID.match(place.context_id):
            return False
        reference = self._client.collection("contexts").document(place.context_id)
        for attempt in range(ATTEMPTS):
            with firestore_errors():
                context = reference.get(["clientId", "openTaskCountAt"], timeout=TIMEOUT_SECONDS, retry=READ_RETRY)
            if not context.exists or context.get("clientId") != place.client_id:
                return False
            known = (context.to_dict() or {}).get("openTaskCountAt")
            if known is not None and known >= counted.at:
                return False
            try:
                with firestore_errors():
                    reference.update(
                        {"openTaskCount": counted.count, "openTaskCountAt": counted.at},
                        option=self._client.write_option(last_update_time=context.update_time),
                        timeout=TIMEOUT_SECONDS,
                        retry=None,
                    )
            except (exceptions.FailedPrecondition, exceptions.Aborted, exceptions.NotFound):
                time.sleep(random.uniform(0, min(0.01 * 2**attempt, 0.25)))  # noqa: S311 (jitter, not a secret)
            else:
                return True
        raise StoreUnavailableError("Too many people change this context at once", retry_after=1)
