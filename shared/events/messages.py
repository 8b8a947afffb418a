"""Pub/Sub messages: `google.cloud.pubsub.topic.v1.messagePublished`, pushed by Eventarc as JSON."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.errors import PermanentEventError
from shared.events.cloud_event import CloudEvent

TYPE = "google.cloud.pubsub.topic.v1.messagePublished"
_SOURCE = re.compile(r"^//pubsub\.googleapis\.com/projects/[^/]+/topics/(?P<topic>[^/]+)$")


@dataclass(frozen=True, slots=True)
class PubSubMessage:
    """One message. `data` is what was published, decoded; `delivery_attempt` counts from 1 where it is known."""

    id: str
    topic: str
    publish_time: datetime | None
    attributes: Mapping[str, str]
    data: bytes
    delivery_attempt: int | None


def parse_message(event: CloudEvent, *, topic: str) -> PubSubMessage:
    """Read a Pub/Sub event. Raises PermanentEventError when it is malformed or from another topic."""
    source = _SOURCE.match(event.source)
    if event.type != TYPE or source is None:
        raise PermanentEventError("not a Pub/Sub message")
    if source["topic"] != topic:
        raise PermanentEventError("the message is from another topic")
    try:
        envelope = json.loads(event.data)
        message = envelope["message"]
        data = base64.b64decode(message.get("data") or "", validate=True)
        identifier = message.get("messageId") or message["message_id"]
        attributes = message.get("attributes") or {}
        published = _time(message.get("publishTime") or message.get("publish_time"))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, binascii.Error) as exc:
        raise PermanentEventError("the message's envelope cannot be read") from exc
    attempt = envelope.get("deliveryAttempt")
    return PubSubMessage(
        id=str(identifier),
        topic=topic,
        publish_time=published,
        attributes={str(name): str(value) for name, value in attributes.items()},
        data=data,
        delivery_attempt=attempt if isinstance(attempt, int) else None,
    )


def _time(value: Any) -> datetime | None:
    return datetime.fromisoformat(value) if value else None
