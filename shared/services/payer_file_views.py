"""Payers' files as people see them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from shared.domain.claim.posting import adjustments_of, strongest, words_of
from shared.models.api.eligibility import cents
from shared.models.api.remittances import (
    AdjustmentView,
    ImbalanceView,
    ProviderAdjustmentView,
    RemittanceHead,
    RemittanceLine,
    RemittanceTotals,
    RemittanceView,
)
from shared.models.payer_answer import AnsweredPerson
from shared.models.payer_files import LineContent, LineOutcome, PayerFile, PayerFileHead, PayerFileLine
from shared.models.remittance import ZERO, ClaimPayment, ClaimStatusAnswer


def head_view(head: PayerFileHead) -> RemittanceHead:
    """A file in a list."""
    return RemittanceHead(**_head(head), totals=_totals(head.counts))


def file_view(file: PayerFile, outcomes: Mapping[int, LineOutcome]) -> RemittanceView:
    """A file with its lines. `outcomes` are those of the request that is answered, by the number of the line."""
    lines = tuple(line_view(line, outcomes.get(line.number, line.outcome)) for line in file.lines)
    counts: dict[LineOutcome, int] = {}
    for line in lines:
        counts[line.outcome] = counts.get(line.outcome, 0) + 1
    paid = posted = None
    if file.head.kind == "remittance":
        payments = [(line.outcome, line.content) for line in file.lines if isinstance(line.content, ClaimPayment)]
        paid = sum((content.paid for _, content in payments), ZERO)
        posted = sum((content.paid for outcome, content in payments if outcome == "posted"), ZERO)
    return RemittanceView(
        **_head(file.head),
        totals=_totals(counts, paid, posted),
        lines=lines,
        provider_adjustments=tuple(
            ProviderAdjustmentView(
                provider=one.provider,
                period_end=one.period_end,
                reason=one.reason,
                reference=one.reference,
                amount_cents=_cents(one.amount),
            )
            for one in file.provider_adjustments
        ),
        unbalanced=tuple(
            ImbalanceView(
                level=one.level,
                segment=one.position,
                expected_cents=_cents(one.expected),
                stated_cents=_cents(one.stated),
            )
            for one in file.imbalances
        ),
        unread=file.unread,
    )


def line_view(line: PayerFileLine, outcome: LineOutcome) -> RemittanceLine:
    """One line; what it says stands in the content, what became of it in the line."""
    content = line.content
    payment = content if isinstance(content, ClaimPayment) else None
    return RemittanceLine(
        line=line.number,
        outcome=outcome,
        reason=line.reason,
        claim_id=None if line.claim_id is None else str(line.claim_id),
        claim_number=line.claim_number,
        claim_status=line.claim_status,
        stated_claim_number=content.claim_number if content else None,
        payer_control_number=content.payer_control_number if content else None,
        patient_name=_name(content.patient) if content and content.patient else None,
        service_date=_day(content),
        status_code=_status_code(content),
        charge_cents=_charge(content),
        paid_cents=_cents(payment.paid) if payment else None,
        patient_cents=_cents(payment.patient_responsibility) if payment else None,
        adjustments=tuple(
            AdjustmentView(group=one.group, reason=one.carc, amount_cents=_cents(one.amount), line=one.line)
            for one in (adjustments_of(payment) if payment else ())
        ),
        remarks=payment.all_remarks if payment else (),
        settled_at=line.settled_at,
    )


def _head(head: PayerFileHead) -> dict[str, Any]:
    return {
        "id": str(head.id),
        "kind": head.kind,
        "trace_number": head.trace_number,
        "payer": head.payer_name,
        "payer_id": head.payer_id,
        "amount_cents": cents(head.amount),
        "method": head.method,
        "dated_on": head.dated_on,
        "received_at": head.received_at,
    }


def _totals(
    counts: Mapping[LineOutcome, int], paid: Decimal | None = None, posted: Decimal | None = None
) -> RemittanceTotals:
    return RemittanceTotals(
        lines=sum(counts.values()),
        posted=counts.get("posted", 0),
        noted=counts.get("noted", 0),
        already_posted=counts.get("already_posted", 0),
        not_posted=counts.get("not_posted", 0),
        pending=counts.get("pending", 0),
        paid_cents=cents(paid),
        posted_cents=cents(posted),
    )


def _cents(amount: Decimal) -> int:
    return int(amount * 100)


def _charge(content: LineContent | None) -> int | None:
    if isinstance(content, ClaimStatusAnswer):
        return cents(content.statuses[0].charge)
    return _cents(content.charge) if content else None


def _status_code(content: LineContent | None) -> str | None:
    if isinstance(content, ClaimStatusAnswer):
        return words_of(strongest(content).codes[0])
    return content.status_code if content else None


def _day(content: LineContent | None) -> date | None:
    if isinstance(content, ClaimStatusAnswer):
        return content.service_period.start if content.service_period else None
    return content.first_service_day if content else None


def _name(person: AnsweredPerson) -> str:
    return " ".join(part for part in (person.first_name, person.last_name) if part)
