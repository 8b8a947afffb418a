"""Committing a batch that others may get ahead of, and whose answer may be lost on the way.

The driver never sends a commit a second time (`retry=None`): it could not know that the first one landed, and would
take its own work for somebody else's. Here a commit carries the id of its audit event, fixed for the whole request,
into each document it writes (`lastEventId`) and into the outbox, and is looked for there before it is prepared again.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from google.api_core import exceptions
from google.cloud import firestore

from shared.db.firestore import READ_RETRY, TIMEOUT_SECONDS, firestore_errors
from shared.errors import StoreUnavailableError
from shared.models.audit import AuditEvent
from shared.repositories.firestore.audit_outbox import OUTBOX, add_event
from shared.repositories.firestore.kept_answers import add_kept, recall
from shared.repositories.protocols import KeptAnswer

R = TypeVar("R")
MARK = "lastEventId"
PATIENCE_SECONDS = 8.0
DOUBT_SECONDS = 2.5


@dataclass(slots=True)
class Prepared(Generic[R]):
    """One attempt: what to return when it has landed, its batch, and what it leaves besides documents."""

    result: R
    batch: Any = None
    event: AuditEvent | None = None
    kept: KeptAnswer | None = None


class Commit(Generic[R]):
    """One request's commit. Whatever `run` prepares again is the same commit: it takes effect once."""

    def __init__(self, client: firestore.Client) -> None:
        self._client = client
        self.sent: Prepared[R] | None = None
        self._doubtful = False
        self._give_up = time.monotonic() + PATIENCE_SECONDS

    def run(self, prepare: Callable[[], Prepared[R]]) -> R:
        """Prepare and commit, again with jitter while others write in between.

        `prepare` reads and returns the next attempt; the attempt that was `sent`, when that has landed; or, where
        there is nothing to commit, an attempt without a batch. Raises StoreUnavailableError, and Replayed when the
        answer to keep is there already.
        """
        for _ in self._attempts():
            prepared = prepare()
            if prepared is self.sent or prepared.batch is None:
                return prepared.result
            self.sent = prepared
            add_event(self._client, prepared.batch, prepared.event)
            add_kept(self._client, prepared.batch, prepared.kept)
            if self._commit(prepared):
                return prepared.result
        if self._doubtful:
            raise StoreUnavailableError("The live store did not answer in time", retry_after=5)
        raise StoreUnavailableError("Too many people change this at once", retry_after=1)

    def same(self, event: AuditEvent | None) -> AuditEvent | None:
        """Return `event` as the event of this commit: with the id that the first attempt gave it."""
        if event is None or self.sent is None or self.sent.event is None:
            return event
        return event.model_copy(update={"id": self.sent.event.id})

    def landed(self, snapshots: Iterable[Any]) -> Prepared[R] | None:
        """Return the attempt that was sent last when it is in the store; `snapshots` are what it writes, read since."""
        if self.sent is None or self.sent.event is None:
            return None
        event_id = str(self.sent.event.id)
        marked = any((snapshot.to_dict() or {}).get(MARK) == event_id for snapshot in snapshots)
        return self.sent if marked or (self._doubtful and self._is_waiting(event_id)) else None

    def _is_waiting(self, event_id: str) -> bool:
        """Tell whether the outbox has the event: what remains of a commit whose documents were written since."""
        with firestore_errors():
            event = self._client.collection(OUTBOX).document(event_id)
            return bool(event.get(["id"], timeout=TIMEOUT_SECONDS, retry=READ_RETRY).exists)

    def _commit(self, prepared: Prepared[R]) -> bool:
        """Send the batch; False when it is to be prepared again."""
        with firestore_errors():
            try:
                prepared.batch.commit(retry=None, timeout=TIMEOUT_SECONDS)
            except (exceptions.FailedPrecondition, exceptions.Aborted, exceptions.NotFound):
                return False
            except exceptions.AlreadyExists:
                recall(self._client, prepared.kept.key if prepared.kept else None)
                return False
            except exceptions.ServiceUnavailable:
                self._doubtful = True
                self._give_up = min(self._give_up, time.monotonic() + DOUBT_SECONDS)
                return False
        return True

    def _attempts(self) -> Iterator[None]:
        """Yield once for each attempt, with growing jittered pauses between them, until patience is over."""
        pause = 0.01
        yield
        while time.monotonic() < self._give_up:
            time.sleep(random.uniform(0, pause))  # noqa: S311 (jitter, not a secret)
            pause = min(pause * 2, 0.25)
            yield
