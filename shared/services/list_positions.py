"""Cursors of lists that are ordered by a sort time and an id."""

from __future__ import annotations

from datetime import UTC, datetime

from shared.models.cursor import decode_cursor, refused_cursor
from shared.models.identifiers import DOCUMENT_ID
from shared.repositories.changes import Position


def position_of(cursor: str, filters: object) -> Position:
    """Read a cursor. Raises ValidationFailedError for one that no list of ours has given."""
    sort_at, last_id = decode_cursor(cursor, filters)
    try:
        at = datetime.fromisoformat(sort_at)
        if at.tzinfo is None or not DOCUMENT_ID.match(last_id):
            raise refused_cursor()
        return Position(at.astimezone(UTC), last_id)
    except (ValueError, OverflowError) as exc:
        raise refused_cursor() from exc
