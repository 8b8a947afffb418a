"""The months of `audit_logs`: one partition each, bounded by the version 7 UUIDs of the months' first moments."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from uuid import UUID

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from shared.db.postgres import sqlstate

MONTHS_BACK = 1
MONTHS_AHEAD = 13
CHECK_VIOLATION = "23514"


def month_bound(month: datetime) -> UUID:
    """The smallest version 7 UUID of `month` (its first instant, UTC)."""
    return UUID(int=int(month.timestamp() * 1000) << 80)


def months_around(now: datetime) -> list[datetime]:
    """The first instants of the months from last month to thirteen months ahead, and of the one after them."""
    first = now.year * 12 + now.month - 1 - MONTHS_BACK
    count = MONTHS_BACK + MONTHS_AHEAD + 2
    return [datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC) for number in range(first, first + count)]


def keep_months_ahead(connection: Connection, now: datetime) -> list[str]:
    """Create the partitions that are missing around `now`; returns their names.

    A month whose rows already stand in the default partition stays there: rows are never moved or deleted.
    """
    existing = set(
        connection.execute(
            text("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'audit_logs'::regclass")
        ).scalars()
    )
    made: list[str] = []
    if "audit_logs_default" not in existing:
        _create(connection, "audit_logs_default", "DEFAULT")
        made.append("audit_logs_default")
    bounds = months_around(now)
    for start, end in pairwise(bounds):
        name = f"audit_logs_{start:%Y_%m}"
        if name not in existing and _create_month(connection, name, start, end):
            made.append(name)
    return made


def _create_month(connection: Connection, name: str, start: datetime, end: datetime) -> bool:
    """Create one month; False when the default partition holds rows of it, so that they stay where they are."""
    try:
        with connection.begin_nested():
            _create(connection, name, f"FOR VALUES FROM ('{month_bound(start)}') TO ('{month_bound(end)}')")
    except DBAPIError as exc:
        if sqlstate(exc) != CHECK_VIOLATION:
            raise
        return False
    return True


def _create(connection: Connection, name: str, bounds: str) -> None:
    connection.execute(text(f"CREATE TABLE {name} PARTITION OF audit_logs {bounds}"))
    # Rights and statement triggers are a partition's own: without these it could be reached around its parent.
    connection.execute(text(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"))
    connection.execute(
        text(
            f"CREATE TRIGGER no_truncate BEFORE TRUNCATE ON {name} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()"
        )
    )
