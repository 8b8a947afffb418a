"""A page of a patient's claims: where it begins, and what it tells."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from shared.errors import FieldError, ValidationFailedError
from shared.models.api.eligibility import claim_view
from shared.models.api.modes import ClaimList
from shared.models.cursor import decode_cursor, encode_cursor
from shared.models.records import Claim, Patient

_NO_DATE = "0001-01-01"


def begins_after(cursor: str | None, filters: tuple[Any, ...]) -> tuple[date, UUID] | None:
    """The claim that the page stands behind; None for the first page. Raises ValidationFailedError."""
    if cursor is None:
        return None
    given = decode_cursor(cursor, filters)
    try:
        return date.fromisoformat(given[0]), UUID(given[1])
    except ValueError as exc:
        message = "Not a cursor of this list: leave it out to start again"
        raise ValidationFailedError(message, errors=(FieldError("cursor", "invalid_cursor", message),)) from exc


def page_of(
    patient: Patient, claims: Sequence[Claim], limit: int, filters: tuple[Any, ...], hidden: frozenset[str]
) -> ClaimList:
    """The first `limit` of `claims`, with a cursor when there are more."""
    shown = claims[:limit]
    cursor = None
    if len(claims) > limit:
        last = shown[-1]
        on = last.service_date.isoformat() if last.service_date else _NO_DATE
        cursor = encode_cursor(filters, on, str(last.id))
    return ClaimList(
        patient_id=str(patient.id),
        mrn=patient.mrn,
        claims=tuple(claim_view(claim, hidden) for claim in shown),
        next_cursor=cursor,
    )
