"""Cursors of lists that are ordered by a time and an id."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from shared.models.cursor import decode_cursor, refused_cursor
from shared.models.identifiers import DOCUMENT_ID
from shared.repositories.changes import Position


def position_of(cursor: str | None, filters: object) -> Position | None:
    """Read a cursor; None for none. Raises ValidationFailedError for one that no list of ours has given."""
    if cursor is None:
        return None
    time, last_id = decode_cursor(cursor, filters)
    try:
        at = datetime.fromisoformat(time)
        if at.tzinfo is None or not DOCUMENT_ID.match(last_id):
            raise refused_cursor()
        return Position(at.astimezone(UTC), last_id)
    except (ValueError, OverflowError) as exc:
        raise refused_cursor() from exc


def dated_position(cursor: str | None, filters: object) -> tuple[datetime, UUID] | None:
    """Read a cursor of records in PostgreSQL, as `position_of` does."""
    at = position_of(cursor, filters)
    if at is None:
        return None
    try:
        return at.sort_at, UUID(at.id)
    except ValueError as exc:
        raise refused_cursor() from exc
