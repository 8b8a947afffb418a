"""CloudEvents 1.0 over HTTP, as Eventarc sends them: binary mode, with structured mode accepted too.

Source: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import unquote

from shared.errors import PermanentEventError

STRUCTURED = "application/cloudevents+json"
_REQUIRED = ("id", "source", "type")


@dataclass(frozen=True, slots=True)
class CloudEvent:
    """One event as it arrived. `attributes` are the extensions (`document`, `project` ...); `time` is UTC."""

    id: str
    source: str
    type: str
    time: datetime | None
    content_type: str
    attributes: Mapping[str, str]
    data: bytes


def parse_cloud_event(headers: Mapping[str, str], body: bytes) -> CloudEvent:
    """Read a request as a CloudEvent. Raises PermanentEventError when it is none."""
    fields = {name.lower(): value for name, value in headers.items()}
    content_type = fields.get("content-type", "").split(";")[0].strip().lower()
    if content_type == STRUCTURED:
        return _structured(body)
    attributes = {name[3:]: unquote(value) for name, value in fields.items() if name.startswith("ce-")}
    return _event(attributes, body, content_type)


def _structured(body: bytes) -> CloudEvent:
    try:
        envelope = json.loads(body)
        if not isinstance(envelope, dict):
            raise PermanentEventError("the event's envelope is not an object")
        if "data_base64" in envelope:
            data = base64.b64decode(envelope["data_base64"], validate=True)
        else:
            data = json.dumps(envelope.get("data")).encode()
    except (ValueError, TypeError, RecursionError, binascii.Error) as exc:
        raise PermanentEventError("the event's envelope cannot be read") from exc
    attributes = {name: value for name, value in envelope.items() if isinstance(value, str)}
    return _event(attributes, data, attributes.get("datacontenttype", "application/json"))


def _event(attributes: dict[str, str], data: bytes, content_type: str) -> CloudEvent:
    missing = [name for name in _REQUIRED if not attributes.get(name)]
    if missing:
        raise PermanentEventError(f"not a CloudEvent: {missing[0]} is missing")
    if attributes.get("specversion") != "1.0":
        raise PermanentEventError("not a CloudEvent of version 1.0")
    return CloudEvent(
        id=attributes.pop("id"),
        source=attributes.pop("source"),
        type=attributes.pop("type"),
        time=_time(attributes.pop("time", None)),
        content_type=content_type,
        attributes=attributes,
        data=data,
    )


def _time(value: str | None) -> datetime | None:
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as exc:
        raise PermanentEventError("the event's time is not a time") from exc
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
