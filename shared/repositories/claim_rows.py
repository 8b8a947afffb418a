"""A claim as its row's columns, and back: what both implementations of the repository share."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import fields
from decimal import Decimal
from typing import Any
from uuid import UUID

from shared.domain.claim.states import ADJUDICATIONS
from shared.domain.record_links import as_text, differences
from shared.models.claim import Adjustment, BilledClaim, NewClaimEvent
from shared.repositories.record_protocols import RecordChanges

# What a write sets, in the order of the model. What the database generates is read with lists only.
COLUMNS = tuple(one.name for one in fields(BilledClaim) if one.name not in {"id", "version"})
CODES = ("procedure_codes", "diagnosis_codes")
JSON_COLUMNS = frozenset({"scrub"})
_NOT_TOLD = frozenset({"scrub", "patient_id"})


def columns_of(claim: BilledClaim) -> dict[str, Any]:
    """The columns of a claim; structures as JSON texts."""
    row: dict[str, Any] = {name: getattr(claim, name) for name in COLUMNS}
    for name in CODES:
        row[name] = list(row[name])
    row["scrub"] = None if claim.scrub is None else json.dumps(claim.scrub)
    return row


def claim_of(row: Mapping[str, Any]) -> BilledClaim:
    """Read a claim from its row."""
    values = {name: row[name] for name in COLUMNS}
    for name in CODES:
        values[name] = tuple(values[name])
    scrub = values["scrub"]
    values["scrub"] = json.loads(scrub) if isinstance(scrub, str) else scrub
    return BilledClaim(**values, id=row["id"], version=row["version"])


def changes_of(before: BilledClaim | None, after: BilledClaim) -> RecordChanges:
    """What changed, as the record's history tells it; the findings of a scrubbing stay in the claim."""
    return differences(None if before is None else _told(before), _told(after))


def adjudication(events: Iterable[NewClaimEvent], before: UUID | None) -> UUID | None:
    """The event whose adjustments are those of the claim after `events`; a reversal leaves none."""
    current = before
    for event in events:
        if event.adjustments or event.kind in ADJUDICATIONS:
            current = event.id
        elif event.kind == "reverse":
            current = None
    return current


def adjustment_rows(event: NewClaimEvent) -> list[dict[str, Any]]:
    """The rows of an event's adjustments, money as text."""
    return [
        {
            "place": place,
            "group_code": one.group,
            "carc": one.carc,
            "remarks": list(one.remarks),
            "amount": str(one.amount),
            "line": one.line,
        }
        for place, one in enumerate(event.adjustments)
    ]


def adjustments_of(rows: Iterable[Mapping[str, Any]] | None) -> tuple[Adjustment, ...]:
    """Read adjustments, in their order."""
    found = sorted(rows or (), key=lambda row: row["place"])
    return tuple(
        Adjustment(row["group_code"], row["carc"], Decimal(row["amount"]), tuple(row["remarks"]), row["line"])
        for row in found
    )


def _told(claim: BilledClaim) -> dict[str, Any]:
    row = columns_of(claim)
    return {name: as_text(value) for name, value in row.items() if name not in _NOT_TOLD}
