"""Opaque cursors: the sort key and id of the last row seen, bound to the filters they were made for."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re

from shared.errors import FieldError, ValidationFailedError


def encode_cursor(filters: object, *position: str) -> str:
    """Write `position` (sort key, id) as a cursor that fits only the same `filters`."""
    raw = json.dumps([_mark(filters), *position], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decode_cursor(cursor: str, filters: object, *, parts: int = 2) -> tuple[str, ...]:
    """Read what `encode_cursor` wrote. Raises ValidationFailedError for anything else."""
    try:
        value = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError, RecursionError) as exc:
        raise refused_cursor() from exc
    fits = isinstance(value, list) and len(value) == parts + 1 and all(_storable(part) for part in value)
    if not fits or value[0] != _mark(filters):
        raise refused_cursor()
    return tuple(value[1:])


def _storable(part: object) -> bool:
    """Tell whether `part` is a text that a store takes: neither NUL nor half a character, which JSON lets through."""
    return isinstance(part, str) and not re.search("[\x00\ud800-\udfff]", part)


def _mark(filters: object) -> str:
    return hashlib.sha256(repr(filters).encode()).hexdigest()[:12]


def refused_cursor() -> ValidationFailedError:
    """Make the error of a cursor that no list has given; also for one whose parts are not what the list wrote."""
    message = "Not a cursor of this list: leave it out to start again"
    return ValidationFailedError(message, errors=(FieldError("cursor", "invalid_cursor", message),))
