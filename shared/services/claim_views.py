"""Claims as clients see them: cents beside amounts, where they lie today, which steps there are."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from shared.domain.claim import standing
from shared.domain.claim.states import allowed_moves
from shared.models.api.claims import (
    AdjustmentView,
    Aging,
    AgingBucket,
    AgingRow,
    AppealView,
    ClaimDetail,
    ClaimEventView,
    ClaimItem,
    DeadlineView,
    PartyView,
    QueueView,
    ReasonTotal,
)
from shared.models.claim import (
    Adjustment,
    AgingCell,
    Appeal,
    ClaimEvent,
    ClaimFile,
    ListedClaim,
    QueueTotal,
    Total,
)

_BUCKETS = (*(name for name, _, _ in standing.BUCKETS), standing.UNDATED)


def claim_detail(file: ClaimFile, today: date) -> ClaimDetail:
    """Show a claim with everything, as it is on `today`: whoever works in this mode sees all of it."""
    claim = file.claim
    lies = standing.queues(claim, today)
    payer, provider = file.payer, file.provider
    return ClaimDetail(
        id=str(claim.id),
        claim_number=claim.claim_number,
        status=claim.status,
        status_reason=claim.status_reason,
        hold_reason=claim.hold_reason,
        ar_stage=standing.ar_stage(claim),
        paid_status=standing.paid_status(claim),
        queue=next(iter(lies), None),
        queues=lies,
        amount=float(claim.amount),
        amount_cents=in_cents(claim.amount) or 0,
        paid_cents=in_cents(claim.paid_amount),
        expected_cents=in_cents(claim.expected_amount),
        allowed_cents=in_cents(claim.allowed_amount),
        patient_cents=in_cents(claim.patient_amount),
        written_off_cents=in_cents(claim.written_off_amount),
        balance_cents=in_cents(standing.balance(claim)) or 0,
        currency=claim.currency,
        patient=PartyView(id=str(file.patient.id), number=file.patient.number, name=file.patient.name),
        payer=None if payer is None else PartyView(id=str(payer.id), number=None, name=payer.name),
        provider=None
        if provider is None
        else PartyView(id=str(provider.id), number=provider.number, name=provider.name),
        visit_id=_text(claim.visit_id),
        coverage_id=_text(claim.coverage_id),
        authorization_id=_text(claim.authorization_id),
        requires_authorization=claim.requires_authorization,
        authorization_gap=standing.authorization_gap(claim),
        service_date=claim.service_date,
        submitted_date=claim.submitted_date,
        adjudicated_on=claim.adjudicated_on,
        pended_since=claim.pended_since,
        claim_type=claim.claim_type,
        procedure_codes=claim.procedure_codes,
        diagnosis_codes=claim.diagnosis_codes,
        denial_code=claim.denial_code,
        denial_reason=claim.denial_reason,
        adjustments=tuple(_adjustment(one) for one in file.adjustments),
        appeals=tuple(_appeal(one) for one in file.appeals),
        deadlines=tuple(
            DeadlineView(kind=kind, on=on, days_left=(on - today).days) for on, kind in standing.deadlines(claim)
        ),
        payer_control_number=claim.payer_control_number,
        secondary_of_id=_text(claim.secondary_of_id),
        secondary_ids=tuple(str(one) for one in file.secondary_ids),
        scrub=None if claim.scrub is None else dict(claim.scrub),
        allowed=tuple(allowed_moves(claim.status)),
        version=claim.version,
    )


def claim_item(claim: ListedClaim, today: date) -> ClaimItem:
    """Show a claim in a list."""
    due = claim.next_deadline_on
    return ClaimItem(
        id=str(claim.id),
        claim_number=claim.claim_number,
        status=claim.status,
        patient_id=str(claim.patient_id),
        mrn=claim.mrn,
        payer_id=_text(claim.payer_id),
        payer=claim.payer_name,
        provider_id=_text(claim.provider_id),
        amount_cents=in_cents(claim.amount) or 0,
        paid_cents=in_cents(claim.paid_amount),
        balance_cents=in_cents(claim.balance) or 0,
        ar_stage=claim.ar_stage,
        currency=claim.currency,
        service_date=claim.service_date,
        submitted_date=claim.submitted_date,
        denial_code=claim.denial_code,
        next_deadline_on=due,
        deadline_kind=claim.deadline_kind,
        days_left=None if due is None else (due - today).days,
        pended_since=claim.pended_since,
        authorization_gap=claim.authorization_gap,
        version=claim.version,
    )


def event_view(event: ClaimEvent) -> ClaimEventView:
    """Show an entry of a claim's history."""
    return ClaimEventView(
        id=str(event.id),
        number=event.number,
        kind=event.kind,
        from_status=event.from_status,
        to_status=event.to_status,
        reason=event.reason,
        amount_cents=in_cents(event.amount),
        adjustments=tuple(_adjustment(one) for one in event.adjustments),
        details=dict(event.details),
        source_ref=event.source_ref,
        recorded_by=_text(event.recorded_by),
        occurred_at=event.occurred_at,
        claim_version=event.claim_version,
    )


def queue_view(total: QueueTotal) -> QueueView:
    """Show what lies in a queue."""
    reasons = sorted(total.reasons.items(), key=lambda one: (-one[1].amount, one[0]))
    return QueueView(
        queue=total.queue,
        claims=total.total.claims,
        amount_cents=in_cents(total.total.amount) or 0,
        reasons=tuple(
            ReasonTotal(reason=reason, claims=one.claims, amount_cents=in_cents(one.amount) or 0)
            for reason, one in reasons
        ),
    )


def aging_view(cells: Iterable[AgingCell], as_of: date) -> Aging:
    """Show what is open as a table: a row for each payer and stage, a column for each bucket."""
    given = list(cells)
    rows: dict[tuple[str, str], list[AgingCell]] = {}
    for cell in given:
        rows.setdefault((cell.payer_name or "", f"{cell.stage}{cell.payer_id}"), []).append(cell)
    return Aging(
        as_of=as_of,
        rows=tuple(_aging_row(rows[key]) for key in sorted(rows)),
        total=_buckets(given),
        claims=_sum(given).claims,
        amount_cents=in_cents(_sum(given).amount) or 0,
    )


def in_cents(amount: Decimal | None) -> int | None:
    """An amount in cents."""
    return None if amount is None else int(amount * 100)


def _aging_row(cells: list[AgingCell]) -> AgingRow:
    first, total = cells[0], _sum(cells)
    return AgingRow(
        payer_id=_text(first.payer_id),
        payer=first.payer_name,
        ar_stage=first.stage,
        buckets=_buckets(cells),
        claims=total.claims,
        amount_cents=in_cents(total.amount) or 0,
    )


def _buckets(cells: list[AgingCell]) -> tuple[AgingBucket, ...]:
    sums = {name: _sum([cell for cell in cells if cell.bucket == name]) for name in _BUCKETS}
    return tuple(
        AgingBucket(bucket=name, claims=one.claims, amount_cents=in_cents(one.amount) or 0)
        for name, one in sums.items()
    )


def _sum(cells: list[AgingCell]) -> Total:
    return Total(sum(cell.total.claims for cell in cells), sum((cell.total.amount for cell in cells), Decimal(0)))


def _adjustment(one: Adjustment) -> AdjustmentView:
    return AdjustmentView(
        code=one.code,
        group_code=one.group,
        carc=one.carc,
        remarks=one.remarks,
        amount_cents=in_cents(one.amount) or 0,
        line=one.line,
    )


def _appeal(one: Appeal) -> AppealView:
    return AppealView(
        id=str(one.id),
        level=one.level,
        status=one.status,
        filed_on=one.filed_on,
        due_on=one.due_on,
        decided_on=one.decided_on,
        reason=one.reason,
        reference=one.reference,
        amount_cents=in_cents(one.amount),
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)
