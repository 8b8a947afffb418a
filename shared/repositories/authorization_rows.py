"""An authorization as its row's columns, and back: what both implementations of the repository share."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from shared.domain.authorization.answers import decision_from, decision_json
from shared.domain.authorization.units import taken
from shared.domain.record_links import as_text, differences
from shared.models.authorization import ExtensionRequest, VisitHold
from shared.models.records import Authorization
from shared.repositories.record_protocols import RecordChanges

_IDS = ("patient_id", "payer_id", "coverage_id", "provider_id")
_DAYS = ("requested_date", "approved_date", "period_start", "period_end")
_MOMENTS = ("submitted_at", "decision_due_at")
_CODES = ("procedure_codes", "diagnosis_codes", "answer_digests")
_PLAIN = (
    "auth_number", "service_type", "status", "units_approved", "units_requested", "urgency", "notes", "status_reason",
    "certification_number",
)  # fmt: skip
# What a write sets; units used and reserved are counted, never written here.
COLUMNS = (*_IDS, *_DAYS, *_MOMENTS, *_CODES, *_PLAIN, "decision", "extension")
_NOT_TOLD = frozenset({"decision", "extension", "answer_digests", "patient_id"})


def columns_of(authorization: Authorization) -> dict[str, Any]:
    """The columns of an authorization; structures as JSON texts."""
    row: dict[str, Any] = {name: getattr(authorization, name) for name in COLUMNS}
    for name in _CODES:
        row[name] = list(row[name])
    row["decision"] = None if authorization.decision is None else decision_json(authorization.decision)
    extension = authorization.extension
    row["extension"] = None if extension is None else json.dumps(_extension_row(extension))
    return row


def authorization_of(row: Mapping[str, Any], visits: Iterable[VisitHold]) -> Authorization:
    """Read an authorization from a row (ids and dates as values or as JSON texts) and the visits linked to it."""
    holds = tuple(visits)
    used, reserved = taken(holds)
    decision, extension = row["decision"], row["extension"]
    values: dict[str, Any] = {name: None if row[name] is None else _id(row[name]) for name in _IDS}
    values |= {name: _day(row[name]) for name in _DAYS}
    values |= {name: _moment(row[name]) for name in _MOMENTS}
    values |= {name: tuple(row[name]) for name in _CODES}
    values |= {name: row[name] for name in _PLAIN}
    return Authorization(
        **values,
        id=_id(row["id"]),
        units_used=row["units_used"] + used,
        units_reserved=row["units_reserved"] + reserved,
        decision=None if decision is None else decision_from(_parsed(decision)),
        extension=None if extension is None else _extension_of(_parsed(extension)),
        visits=holds,
        version=row["version"],
    )


def changes_of(before: Authorization | None, after: Authorization) -> RecordChanges:
    """What changed, as the record's history tells it; the payer's whole answer stays in the record."""
    return differences(None if before is None else _told(before), _told(after))


def _told(authorization: Authorization) -> dict[str, Any]:
    row = columns_of(authorization)
    return {name: as_text(value) for name, value in row.items() if name not in _NOT_TOLD}


def _extension_row(extension: ExtensionRequest) -> dict[str, Any]:
    end = extension.period_end
    return {
        "requested_at": extension.requested_at.isoformat(),
        "units": extension.units,
        "period_end": None if end is None else end.isoformat(),
    }


def _extension_of(row: Mapping[str, Any]) -> ExtensionRequest:
    return ExtensionRequest(datetime.fromisoformat(row["requested_at"]), row["units"], _day(row["period_end"]))


def _parsed(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def _id(value: Any) -> UUID:
    return value if isinstance(value, UUID) else UUID(value)


def _day(value: Any) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else value


def _moment(value: Any) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else value
