"""Pub/Sub: publishes audit events. The publisher is made on first use and never waits to fill a batch."""

from __future__ import annotations

from concurrent.futures import Future

from google.api_core import exceptions, retry
from google.cloud import pubsub_v1  # type: ignore[attr-defined]  # a namespace package without a marker

from shared.errors import StoreUnavailableError
from shared.models.audit import AuditEvent

PUBLISH_TIMEOUT_SECONDS = 2.0


class AuditTopic:
    """The topic `audit-events`: one message an event, its data the event's JSON, no attributes but the event's id."""

    def __init__(self, project: str, topic: str) -> None:
        self._publisher = pubsub_v1.PublisherClient(batch_settings=pubsub_v1.types.BatchSettings(max_latency=0))
        self._topic = self._publisher.topic_path(project, topic)

    def begin(self, event: AuditEvent) -> Future[str]:
        """Start publishing `event`; the future ends with the message id."""
        return self.begin_stored(str(event.id), event.model_dump_json(by_alias=True).encode())

    def begin_stored(self, event_id: str, data: bytes) -> Future[str]:
        """Start publishing the JSON of an event as an outbox holds it; the future ends with the message id."""
        short = retry.Retry(
            predicate=retry.if_exception_type(exceptions.ServiceUnavailable), timeout=PUBLISH_TIMEOUT_SECONDS
        )
        future: Future[str] = self._publisher.publish(
            self._topic, data, retry=short, timeout=PUBLISH_TIMEOUT_SECONDS, event_id=event_id
        )
        return future

    def confirm(self, publication: Future[str]) -> None:
        """Wait (2 s at most) until Pub/Sub has the event. Raises StoreUnavailableError."""
        try:
            publication.result(timeout=PUBLISH_TIMEOUT_SECONDS)
        except (TimeoutError, exceptions.GoogleAPICallError, exceptions.RetryError) as exc:
            raise StoreUnavailableError("The audit trail could not be written", retry_after=5) from exc
