"""A visit, its history and what was confirmed as rows, and back: what both implementations of the repository share."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.domain.record_links import as_text, differences
from shared.models.visit import CheckInFact, DeskVisit, ReadinessReason, VisitStep
from shared.repositories.record_protocols import RecordChanges

VISIT_COLUMNS = (
    "id", "visit_number", "patient_id", "visit_date", "starts_at", "ends_at", "provider_id", "visit_type", "reason",
    "status", "status_since", "arrived_at", "readiness", "readiness_reasons", "readiness_source", "authorization_id",
    "authorization_units", "rescheduled_from", "walk_in", "version",
)  # fmt: skip
# What a move changes.
MOVED = ("status", "status_since", "arrived_at", "readiness", "readiness_source", "readiness_reasons")
_TOLD = ("status", "readiness", "readiness_source")
_TOLD_NEW = (
    "visit_number", "patient_id", "visit_date", "starts_at", "ends_at", "provider_id", "visit_type", "reason", "status",
    "authorization_id", "rescheduled_from",
)  # fmt: skip


def visit_of(row: Mapping[str, Any]) -> DeskVisit:
    """Read a visit from its columns."""
    values = {name: row[name] for name in VISIT_COLUMNS}
    return DeskVisit(**values | {"readiness_reasons": reasons_of(row["readiness_reasons"])})


def reasons_of(given: Any) -> tuple[ReadinessReason, ...]:
    """Read `visits.readiness_reasons`: objects with code, text and, where a rule says so, ruleId."""
    return tuple(ReadinessReason(one["code"], one["text"], one.get("ruleId")) for one in given or ())


def reasons_rows(reasons: Iterable[ReadinessReason]) -> list[dict[str, str]]:
    """Write reasons as `visits.readiness_reasons` holds them."""
    rows = []
    for one in reasons:
        named = {} if one.rule_id is None else {"ruleId": one.rule_id}
        rows.append({"code": one.code, "text": one.text} | named)
    return rows


def reasons_json(reasons: Iterable[ReadinessReason]) -> str:
    """Write reasons as a JSON text."""
    return json.dumps(reasons_rows(reasons))


def step_of(row: Mapping[str, Any]) -> VisitStep:
    """Read an entry of `visit_status_history` (ids and times as JSON texts)."""
    return VisitStep(
        id=UUID(row["id"]),
        axis=row["axis"],
        before=row["from_status"],
        now=row["to_status"],
        reason=row["reason"],
        changed_by=_id(row["changed_by"]),
        changed_at=datetime.fromisoformat(row["changed_at"]),
        undoes=_id(row["undoes"]),
    )


def fact_of(row: Mapping[str, Any]) -> CheckInFact:
    """Read a row of `check_in_facts` (ids and times as JSON texts)."""
    return CheckInFact(
        id=UUID(row["id"]),
        kind=row["kind"],
        details=tuple(row["details"]),
        reason=row["reason"],
        cents=row["amount_cents"],
        recorded_by=UUID(row["recorded_by"]),
        role=row["role"],
        recorded_at=datetime.fromisoformat(row["recorded_at"]),
        step_id=_id(row["step_id"]),
    )


def history_changes(before: DeskVisit | None, after: DeskVisit) -> RecordChanges:
    """What changed, as the record's history tells it."""
    names = _TOLD_NEW if before is None else _TOLD
    old = None if before is None else {name: as_text(getattr(before, name)) for name in names}
    return differences(old, {name: as_text(getattr(after, name)) for name in names})


def _id(value: str | None) -> UUID | None:
    return None if value is None else UUID(value)
