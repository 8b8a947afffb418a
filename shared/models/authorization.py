"""An authorization's states, and what a payer answered about it, whoever carried the answer.

A `PayerDecision` is the same for an X12 278 response, a FHIR ClaimResponse (Da Vinci PAS) and what a person heard by
telephone. It holds the payer's own codes; what they mean for the authorization is decided in one place,
`shared.domain.authorization`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

AuthorizationState = Literal[
    "draft", "submitted", "not_required", "pended", "approved", "partially_approved", "modified", "denied",
    "contact_payer", "cancelled", "error", "exhausted", "expired", "revoked", "extension_requested", "peer_to_peer",
    "appealed", "denied_final",
]  # fmt: skip
Urgency = Literal["standard", "urgent"]
# X12 data element 306, as HCR01 of a 278 and as the code of a FHIR reviewAction.
ReviewCode = Literal["A1", "A2", "A3", "A4", "A6", "C", "CT", "NA"]
# Members of a request that a payer's rule may ask for beside the usual ones.
RequiredField = Literal[
    "serviceType", "procedureCodes", "diagnosisCodes", "visitId", "coverageId", "memberId", "providerNpi", "notes"
]
DecisionSource = Literal["manual", "x12_278", "fhir"]


@dataclass(frozen=True, slots=True)
class DecisionReason:
    """Why: HCR03 (external list 886), AAA03 (901), or a FHIR reason; `text` is the payer's own words."""

    code: str | None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class DecisionLine:
    """The answer for one service of the request (loop 2000F; an `item` or `addItem`). What is None was not said."""

    number: int
    review_code: ReviewCode | None = None
    procedure: str | None = None
    units: int | None = None
    period_start: date | None = None
    period_end: date | None = None
    certification_number: str | None = None
    reasons: tuple[DecisionReason, ...] = ()


@dataclass(frozen=True, slots=True)
class PayerDecision:
    """One answer. What is None was not said.

    `review_code` is that of the whole request (loop 2000E, the ClaimResponse itself); `lines` those of its services,
    which count more where there are any. `rejections` say that the request was not looked at (AAA,
    ClaimResponse.error). `decided_on` and `decided_at` are the payer's day and, where told, moment: they order answers.
    `trace_numbers` are the request's own (TRN02, Claim identifiers). `unread` lists what was not understood.
    """

    source: DecisionSource
    review_code: ReviewCode | None = None
    decided_on: date | None = None
    decided_at: datetime | None = None
    certification_number: str | None = None
    period_start: date | None = None
    period_end: date | None = None
    units: int | None = None
    reasons: tuple[DecisionReason, ...] = ()
    rejections: tuple[DecisionReason, ...] = ()
    lines: tuple[DecisionLine, ...] = ()
    notes: tuple[str, ...] = ()
    trace_numbers: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ExtensionRequest:
    """What was asked for beyond the grant: more units, a later end, or both."""

    requested_at: datetime
    units: int | None = None
    period_end: date | None = None


@dataclass(frozen=True, slots=True)
class VisitHold:
    """A visit that is linked to an authorization, and how many units it takes."""

    visit_id: UUID
    visit_date: date
    status: str
    units: int = 1
