"""Which records point at which: by which column of what type at what type."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

V = TypeVar("V")

REFERENCES: Mapping[str, Mapping[str, str]] = {
    "patient": {},
    "payer": {},
    "provider": {},
    "visit": {"patient_id": "patient", "provider_id": "provider", "authorization_id": "authorization"},
    "claim": {"patient_id": "patient", "payer_id": "payer", "visit_id": "visit", "provider_id": "provider"},
    "authorization": {
        "patient_id": "patient",
        "payer_id": "payer",
        "provider_id": "provider",
        "coverage_id": "coverage",
    },
    "coverage": {"patient_id": "patient", "payer_id": "payer"},
    "payer_rule": {"payer_id": "payer"},
}
# A rule has no number that could pass to something else: made again, it is the same rule.
REVIVED = frozenset({"payer_rule"})
# Two deleted coverages may have been the same; no constraint holds their key.
UNCONSTRAINED = frozenset({"coverage"})


def dependents(record_type: str) -> tuple[tuple[str, str], ...]:
    """The (type, column) pairs that point at records of `record_type`."""
    return tuple(
        (kind, column) for kind, columns in REFERENCES.items() for column, at in columns.items() if at == record_type
    )


def differences(before: Mapping[str, V] | None, now: Mapping[str, V]) -> dict[str, tuple[V | None, V | None]]:
    """What changed, column by column: (before, now). Of a new record: what it holds."""
    old: Mapping[str, V] = before or {}
    return {name: (old.get(name), value) for name, value in now.items() if old.get(name) != value}


def as_text(value: Any) -> Any:
    """A column's value as the record's history tells it: lists joined, times in UTC, days, ids and amounts as text."""
    if isinstance(value, list):
        return ", ".join(value) or None
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return str(value) if isinstance(value, (date, UUID, Decimal)) else value
