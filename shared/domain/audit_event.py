"""From the bytes of a message to an audit event that the database can hold.

PostgreSQL's text and jsonb refuse NUL, and jsonb refuses lone surrogates, which Firestore and JSON both let through.
Sizes are bounded so that one event cannot fill the log: an event carries references, never content.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

from pydantic import ValidationError

from shared.errors import PermanentEventError
from shared.models.audit import AuditEvent

MAX_EVENT_BYTES = 256 * 1024
MAX_REFERENCE_CHARACTERS = 256
MAX_METADATA_CHARACTERS = 1000
MAX_METADATA_MEMBERS = 100
MAX_METADATA_DEPTH = 6
MAX_METADATA_BYTES = 16 * 1024
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def read_audit_event(data: bytes) -> AuditEvent:
    """The event in `data` (JSON), made storable. Raises PermanentEventError naming the members that are wrong."""
    if len(data) > MAX_EVENT_BYTES:
        raise PermanentEventError("the event is too large")
    try:
        raw = json.loads(data.decode("utf-8", errors="replace"))
    except (ValueError, RecursionError) as exc:
        raise PermanentEventError("the event is not JSON") from exc
    if not isinstance(raw, dict):
        raise PermanentEventError("the event is not an object")
    members = {
        name: value if name == "metadata" else _clean(value, characters=MAX_REFERENCE_CHARACTERS)
        for name, value in raw.items()
    }
    members["metadata"] = _metadata(raw.get("metadata"))
    try:
        return AuditEvent.model_validate(members)
    except ValidationError as exc:
        wrong = sorted({str(error["loc"][0]) for error in exc.errors(include_input=False) if error["loc"]})
        raise PermanentEventError(f"the event's members are wrong: {', '.join(wrong)}") from exc


def _metadata(value: Any) -> Any:
    cleaned = _clean(value if value is not None else {}, characters=MAX_METADATA_CHARACTERS)
    return cleaned if len(json.dumps(cleaned)) <= MAX_METADATA_BYTES else {"truncated": True}


def _clean(value: Any, *, characters: int, depth: int = 0) -> Any:
    """`value` with what PostgreSQL refuses replaced, and cut to the limits."""
    if isinstance(value, str):
        return _UNSTORABLE.sub(_REPLACEMENT, value)[:characters]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict | list) and depth >= MAX_METADATA_DEPTH:
        return None
    if isinstance(value, dict):
        return {
            _clean(name, characters=characters): _clean(member, characters=characters, depth=depth + 1)
            for name, member in list(value.items())[:MAX_METADATA_MEMBERS]
        }
    if isinstance(value, list):
        return [_clean(member, characters=characters, depth=depth + 1) for member in value[:MAX_METADATA_MEMBERS]]
    return value
