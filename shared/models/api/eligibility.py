"""The eligibility mode's answers, made from typed records."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from shared.models.api.modes import (
    AuthorizationView,
    ChangeView,
    CheckView,
    ClaimView,
    CoverageView,
    DifferenceView,
    FiguresView,
    PatientEligibility,
    PatientView,
    ReasonView,
    VerdictView,
)
from shared.models.records import Claim, EligibilityFile
from shared.models.verdict import Difference, Evidence, Figures, VerdictReceipt


def cents(amount: Decimal | None) -> int | None:
    """Return an amount in whole cents."""
    return None if amount is None else int(amount * 100)


def verdict_view(receipt: VerdictReceipt) -> VerdictView:
    """Show a verdict and its reasons."""
    return VerdictView(
        eligible=receipt.eligible,
        verdict=receipt.verdict,
        requires_auth=receipt.requires_auth,
        status=receipt.status,
        date_of_service=receipt.date_of_service,
        date_of_service_source=receipt.date_source,
        service_type=receipt.service_type,
        coverage_id=None if receipt.coverage_id is None else str(receipt.coverage_id),
        reasons=tuple(reason_view(one) for one in receipt.evidence),
        suggestions=tuple(reason_view(one) for one in receipt.suggestions),
        figures=_figures_view(receipt.figures),
    )


def action_data(receipt: VerdictReceipt, check_id: UUID, difference: Difference | None) -> dict[str, Any]:
    """Return the `data` of check_eligibility: the owner's three members first, then what explains them."""
    changes = None if difference is None else difference_view(difference).model_dump(mode="json", by_alias=True)
    verdict = verdict_view(receipt).model_dump(mode="json", by_alias=True)
    return {**verdict, "checkId": str(check_id), "difference": changes}


def difference_view(difference: Difference) -> DifferenceView:
    """Return what changed since a check."""
    return DifferenceView(
        previous_check_id=str(difference.previous),
        material=difference.material,
        changes=tuple(
            ChangeView(member=one.member, before=one.before, after=one.after, material=one.material)
            for one in difference.changes
        ),
    )


def reason_view(evidence: Evidence) -> ReasonView:
    """Return a rule that fired."""
    return ReasonView(
        rule_id=evidence.rule,
        code=evidence.code,
        text=evidence.text,
        source=evidence.source,
        element=evidence.element,
        params=dict(evidence.params),
        as_of=evidence.as_of,
    )


def _figures_view(figures: Figures) -> FiguresView:
    copay, deductible, limit = figures.copay, figures.deductible, figures.visit_limit
    estimate = figures.estimate
    return FiguresView(
        network=figures.network,
        copay_cents=None if copay is None or copay.low != copay.high else cents(copay.low),
        copay_range_cents=None if copay is None else (cents(copay.low) or 0, cents(copay.high) or 0),
        needs_review=bool((copay and copay.needs_review) or (estimate and estimate.needs_review)),
        coinsurance_percent=None if figures.coinsurance is None else float(figures.coinsurance),
        deductible_left_cents=None if deductible is None else cents(deductible.remaining),
        deductible_met=None if deductible is None else deductible.met,
        out_of_pocket_left_cents=cents(figures.out_of_pocket),
        visits_left=None if limit is None else limit.left,
        estimate_cents=None if estimate is None else (cents(estimate.low) or 0, cents(estimate.high) or 0),
        self_pay_estimate_cents=cents(figures.self_pay_estimate),
    )


def claim_view(claim: Claim, hidden: frozenset[str] = frozenset()) -> ClaimView:
    """Show a claim without the members that the caller's role must not see."""
    return ClaimView(
        id=str(claim.id),
        claim_number=claim.claim_number,
        status=claim.status,
        amount=float(claim.amount),
        amount_cents=cents(claim.amount) or 0,
        paid_cents=cents(claim.paid_amount),
        currency=claim.currency,
        service_date=claim.service_date,
        submitted_date=claim.submitted_date,
        payer=claim.payer_name,
        denial_reason=None if "denialReason" in hidden else claim.denial_reason,
        version=claim.version,
    )


def patient_view(
    file: EligibilityFile, receipt: VerdictReceipt, hidden: frozenset[str], hidden_of_coverage: frozenset[str]
) -> PatientEligibility:
    """Show a patient's file without the members that the caller's role must not see."""
    patient = file.patient
    check = file.newest_check
    return PatientEligibility(
        patient=PatientView(
            id=str(patient.id),
            mrn=patient.mrn,
            first_name=patient.first_name,
            last_name=patient.last_name,
            date_of_birth=patient.date_of_birth,
            sex=patient.sex,
            phone=None if "phone" in hidden else patient.phone,
            version=patient.version,
        ),
        coverages=tuple(
            CoverageView(
                id=str(coverage.id),
                payer=coverage.payer_name,
                kind=coverage.payer_kind,
                plan_name=coverage.plan_name,
                member_id=None if "memberId" in hidden_of_coverage else coverage.member_id,
                rank=coverage.rank,
                period_start=coverage.period_start,
                period_end=coverage.period_end,
                status=coverage.status,
                copay_cents=cents(coverage.copay),
            )
            for coverage in file.coverages
        ),
        verdict=verdict_view(receipt),
        newest_check=None
        if check is None
        else CheckView(
            id=str(check.id),
            verdict=check.verdict,
            requires_auth=check.requires_auth,
            status=check.status,
            date_of_service=check.date_of_service,
            service_type=check.service_type,
            reasons=check.reasons,
            checked_at=check.checked_at,
        ),
        authorizations=tuple(
            AuthorizationView(
                id=str(held.id),
                auth_number=held.auth_number,
                status=held.status,
                service_type=held.service_type,
                requested_date=held.requested_date,
                approved_date=held.approved_date,
                period_start=held.period_start,
                period_end=held.period_end,
                units_approved=held.units_approved,
                units_used=held.units_used,
                units_reserved=held.units_reserved,
            )
            for held in file.authorizations
        ),
    )
