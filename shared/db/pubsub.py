"""Pub/Sub: publishes events, one request each.

The generated client is used as it is: the batching one on top of it costs a cold start 30 ms more, and there is nothing
to batch in a request that leaves one event.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor

from google.api_core import exceptions, retry
from google.pubsub_v1.services.publisher import PublisherClient
from google.pubsub_v1.types import PubsubMessage

from shared.errors import StoreUnavailableError
from shared.models.audit import AuditEvent

PUBLISH_TIMEOUT_SECONDS = 2.0
AT_ONCE = 16


class AuditTopic:
    """A topic, `audit-events` or another: one message an event, its data JSON, no attributes but the event's id."""

    def __init__(self, project: str, topic: str, *, emulator: str | None = None) -> None:
        """Connect on first use to Pub/Sub, or to the `emulator` (host:port)."""
        self._publisher = _emulated(emulator) if emulator else PublisherClient()
        self._topic = PublisherClient.topic_path(project, topic)
        self._sending = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="publish")
        self._retry = retry.Retry(
            predicate=retry.if_exception_type(exceptions.ServiceUnavailable),
            initial=0.05,
            timeout=PUBLISH_TIMEOUT_SECONDS,
        )

    def begin(self, event: AuditEvent) -> Future[str]:
        """Start publishing `event`; the future ends with the message id."""
        return self.begin_stored(str(event.id), event.model_dump_json(by_alias=True).encode())

    def begin_stored(self, event_id: str, data: bytes) -> Future[str]:
        """Start publishing the JSON of an event as an outbox holds it; the future ends with the message id."""
        return self._sending.submit(self._publish, PubsubMessage(data=data, attributes={"event_id": event_id}))

    def confirm(self, publication: Future[str]) -> None:
        """Wait (2 s at most) until Pub/Sub has the event. Raises StoreUnavailableError."""
        try:
            publication.result(timeout=PUBLISH_TIMEOUT_SECONDS)
        except (TimeoutError, exceptions.GoogleAPICallError, exceptions.RetryError) as exc:
            raise StoreUnavailableError("The audit trail could not be written", retry_after=5) from exc

    def _publish(self, message: PubsubMessage) -> str:
        answer = self._publisher.publish(
            topic=self._topic, messages=[message], retry=self._retry, timeout=PUBLISH_TIMEOUT_SECONDS
        )
        return str(answer.message_ids[0])


def _emulated(address: str) -> PublisherClient:
    import grpc
    from google.pubsub_v1.services.publisher.transports import PublisherGrpcTransport

    return PublisherClient(transport=PublisherGrpcTransport(channel=grpc.insecure_channel(address)))
