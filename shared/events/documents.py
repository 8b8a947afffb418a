"""Firestore document events: `google.cloud.firestore.document.v1.{created,updated,deleted,written}`.

Source: google/events/cloud/firestore/v1/data.proto in googleapis/google-cloudevents. Eventarc sends the payload as
protobuf; JSON is read too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.errors import PermanentEventError
from shared.events.cloud_event import CloudEvent
from shared.events.values import decode_fields, moment, relative_path

_TYPE = re.compile(r"^google\.cloud\.firestore\.document\.v1\.(created|updated|deleted|written)(\.withAuthContext)?$")
_SOURCE = re.compile(r"^//firestore\.googleapis\.com/projects/[^/]+/databases/[^/]+$")
_NAME = re.compile(r"^projects/(?P<project>[^/]+)/databases/[^/]+/documents/(?P<path>.+)$")


@dataclass(frozen=True, slots=True)
class DocumentEvent:
    """One change of one document.

    `document` is its path relative to the database (`tasks/task_1`), `params` what the pattern's wildcards matched,
    `before` and `after` its fields (None: it did not exist), `update_time` the commit's time (None for a deletion).
    """

    id: str
    time: datetime | None
    kind: str
    document: str
    params: Mapping[str, str]
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    update_time: datetime | None


class DocumentPattern:
    """A path pattern such as `tasks/{taskId}`; a wildcard matches one segment."""

    def __init__(self, pattern: str) -> None:
        self.text = pattern
        self._expression = re.compile(
            "/".join(
                f"(?P<{part[1:-1]}>[^/]+)" if part.startswith("{") and part.endswith("}") else re.escape(part)
                for part in pattern.split("/")
            )
        )

    def match(self, path: str) -> dict[str, str] | None:
        """What the wildcards stand for in `path`, or None when it does not fit."""
        found = self._expression.fullmatch(path)
        return found.groupdict() if found else None


def parse_document_event(event: CloudEvent, *, pattern: DocumentPattern, project: str) -> DocumentEvent:
    """Read a Firestore event. Raises PermanentEventError when it is malformed, or foreign to pattern or project."""
    kind = _TYPE.match(event.type)
    if kind is None or not _SOURCE.match(event.source):
        raise PermanentEventError("not a Firestore document event")
    data = _payload(event)
    after, before = _present(data, "value"), _present(data, "old_value")
    subject = after or before
    if subject is None:
        raise PermanentEventError("the event carries no document")
    named = _NAME.match(subject.name)
    if named is None or named["project"] != project:
        raise PermanentEventError("the document belongs to another project")
    path = relative_path(subject.name)
    params = pattern.match(path)
    if params is None or event.attributes.get("document", path) != path:
        raise PermanentEventError("the document is not one this function listens to")
    return DocumentEvent(
        id=event.id,
        time=event.time,
        kind=kind[1],
        document=path,
        params=params,
        before=decode_fields(before.fields) if before else None,
        after=decode_fields(after.fields) if after else None,
        update_time=moment(after.update_time) if after else None,
    )


def _payload(event: CloudEvent) -> Any:
    from google.events.cloud.firestore_v1 import DocumentEventData
    from google.protobuf import json_format  # type: ignore[import-untyped]  # it ships no types
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # it ships no types

    message = DocumentEventData.pb()
    try:
        if event.content_type == "application/json":
            return json_format.Parse(event.data, message(), ignore_unknown_fields=True)
        return message.FromString(event.data)
    except (DecodeError, json_format.ParseError, UnicodeDecodeError, RecursionError) as exc:
        raise PermanentEventError("the event's data cannot be read") from exc


def _present(data: Any, field: str) -> Any:
    """The document, or None: JSON writes an absent one as `{}`."""
    document = getattr(data, field)
    return document if data.HasField(field) and document.name else None
