"""Payers' files in the billers' mode: what is posted, what became of each claim in them, and matching by hand."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from shared.models.api.base import AnswerModel, Page, RequestModel, UtcTime

# What JSON of 1 MB can hold; a larger file is sent in parts, one interchange each.
LONGEST_CONTENT = 950_000


class PayerFileUpload(RequestModel):
    """The text of a file: one X12 interchange or more, of one payer or of several."""

    content: Annotated[str, Field(min_length=1, max_length=LONGEST_CONTENT)]


class RemittanceQuery(Page):
    """`unmatched`: files with lines that belong to no claim yet. `kind`: remittances, or status reports as well."""

    kind: Literal["remittance", "claim_status", "acknowledgement"] | None = None
    unmatched: bool = False
    limit: int = Field(default=25, ge=1, le=100)
    cursor: str | None = Field(default=None, max_length=2000)


class LineMatch(RequestModel):
    """The claim that a person says a line is about: number or uuid."""

    claim_id: Annotated[str, Field(min_length=1, max_length=128)]


class AdjustmentView(AnswerModel):
    """A reason why less was paid: group (CO, PR, OA, PI, CR), CARC, whole cents; `line` of the claim's services."""

    group: str
    reason: str
    amount_cents: int
    line: int | None


class ImbalanceView(AnswerModel):
    """A sum that does not add up: of a service, a claim, a claim's services, or the file."""

    level: Literal["service", "claim", "services", "file"]
    segment: int
    expected_cents: int
    stated_cents: int


class ProviderAdjustmentView(AnswerModel):
    """Money of no claim in the file (PLB); it lowers the payment, a negative amount raises it."""

    provider: str
    period_end: date | None
    reason: str
    reference: str | None
    amount_cents: int


class RemittanceLine(AnswerModel):
    """One claim of a file. `outcome` posted, noted, already_posted, not_posted (`reason` says why) or pending."""

    line: int
    outcome: Literal["pending", "posted", "noted", "already_posted", "not_posted"]
    reason: str | None
    claim_id: str | None
    claim_number: str | None
    claim_status: str | None
    stated_claim_number: str | None
    payer_control_number: str | None
    patient_name: str | None
    service_date: date | None
    status_code: str | None
    charge_cents: int | None
    paid_cents: int | None
    patient_cents: int | None
    adjustments: tuple[AdjustmentView, ...]
    remarks: tuple[str, ...]
    settled_at: UtcTime | None


class RemittanceTotals(AnswerModel):
    """How many lines came to what, what they pay, and what of that is posted."""

    lines: int
    posted: int
    noted: int
    already_posted: int
    not_posted: int
    pending: int
    paid_cents: int | None = None
    posted_cents: int | None = None


class RemittanceHead(AnswerModel):
    """A payer's file in a list."""

    id: str
    kind: Literal["remittance", "claim_status", "acknowledgement"]
    trace_number: str
    payer: str | None
    payer_id: str | None
    amount_cents: int | None
    method: str | None
    dated_on: date | None
    received_at: UtcTime
    totals: RemittanceTotals


class RemittanceView(RemittanceHead):
    """A payer's file with its lines, what does not add up in it, and money that belongs to none of its claims."""

    lines: tuple[RemittanceLine, ...]
    provider_adjustments: tuple[ProviderAdjustmentView, ...]
    unbalanced: tuple[ImbalanceView, ...]
    unread: tuple[str, ...]


class PostedFiles(AnswerModel):
    """What posting came to. `complete` is false when time ran out: post the same file again to go on."""

    files: tuple[RemittanceView, ...]
    complete: bool


class RemittanceList(AnswerModel):
    """Payers' files, the newest first."""

    remittances: tuple[RemittanceHead, ...]
    next_cursor: str | None
