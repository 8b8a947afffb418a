"""What a change writes of a coverage, the same in every store."""

from __future__ import annotations

from typing import Any

from shared.models.coverage_changes import NewCoverage
from shared.models.records import Coverage
from shared.repositories.record_protocols import RecordChanges

COLUMNS = ("rank", "period_end")
BEGINS_WITH = ("payer_id", "member_id", "plan_name", "rank", "period_start")
TAKEN_OVER = ("patient_id", "subscriber_name", "relationship")  # from the coverage that is replaced


def columns_of(coverage: Coverage) -> dict[str, Any]:
    """The columns that a change of a coverage may write."""
    return {name: getattr(coverage, name) for name in COLUMNS}


def changes_of(before: Coverage, after: Coverage) -> RecordChanges:
    """What differs of these columns, as the record's history shows it: (before, now)."""
    old, now = columns_of(before), columns_of(after)
    return {name: (_plain(old[name]), _plain(now[name])) for name in COLUMNS if old[name] != now[name]}


def columns_of_new(new: NewCoverage) -> dict[str, Any]:
    """The columns of a coverage that begins, without what it takes over."""
    return {name: getattr(new, name) for name in BEGINS_WITH} | {"status": "active"}


def _plain(value: Any) -> str | int | None:
    return value if value is None or isinstance(value, int) else str(value)
