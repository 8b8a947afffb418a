"""Authorizations as clients see them: as they are now, with what is left of them and what can be done."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from shared.domain.authorization.answers import STATE_BY_REVIEW_CODE
from shared.domain.authorization.deadlines import is_overdue
from shared.domain.authorization.deciding import Effect
from shared.domain.authorization.matching import ServiceNeed, mismatches
from shared.domain.authorization.states import allowed_moves, as_of
from shared.domain.authorization.units import has_few_units, is_expiring, units_of
from shared.models.api.authorizations import (
    AuthorizationRecord,
    AuthorizationWarning,
    DecisionLineView,
    DecisionReasonView,
    DecisionView,
    ExtensionView,
    LinkedVisitView,
    MatchView,
    MismatchView,
    UnitsView,
)
from shared.models.authorization import DecisionLine, DecisionReason, PayerDecision
from shared.models.caller import Caller
from shared.models.records import Authorization

Flag = Literal["expiring", "few_units", "decision_overdue", "overused"]


def authorization_view(
    caller: Caller,
    stored: Authorization,
    now: datetime,
    *,
    doubles: Iterable[Authorization] = (),
    effect: Effect | None = None,
) -> AuthorizationRecord:
    """Show an authorization as it is at `now` in the caller's organisation."""
    known = as_of(stored, caller.today(now))
    count = units_of(known)
    like = tuple(str(one.id) for one in doubles)
    return AuthorizationRecord(
        id=str(known.id),
        auth_number=known.auth_number,
        patient_id=str(known.patient_id),
        status=known.status,
        status_reason=known.status_reason,
        payer_id=_text(known.payer_id),
        coverage_id=_text(known.coverage_id),
        provider_id=_text(known.provider_id),
        service_type=known.service_type,
        procedure_codes=known.procedure_codes,
        diagnosis_codes=known.diagnosis_codes,
        urgency=known.urgency,
        notes=known.notes,
        requested_date=known.requested_date,
        submitted_at=known.submitted_at,
        decision_due_at=known.decision_due_at,
        approved_date=known.approved_date,
        period_start=known.period_start,
        period_end=known.period_end,
        certification_number=known.certification_number,
        units=UnitsView(
            requested=known.units_requested,
            approved=count.approved,
            used=count.used,
            reserved=count.reserved,
            remaining=count.remaining,
            overused=count.overused,
        ),
        flags=flags_of(caller, known, now),
        visits=tuple(
            LinkedVisitView(
                visit_id=str(hold.visit_id), visit_date=hold.visit_date, status=hold.status, units=hold.units
            )
            for hold in known.visits
        ),
        decision=None if known.decision is None else _decision(known.decision),
        extension=_extension(known),
        allowed=tuple(allowed_moves(known.status)),
        version=known.version,
        warnings=(AuthorizationWarning(code="possible_duplicate", record_ids=like),) if like else (),
        answer=effect,
    )


def flags_of(caller: Caller, known: Authorization, now: datetime) -> tuple[Flag, ...]:
    """What somebody should look at."""
    raised: dict[Flag, bool] = {
        "expiring": is_expiring(known, caller.today(now)),
        "few_units": has_few_units(known),
        "decision_overdue": is_overdue(known, now),
        "overused": units_of(known).overused > 0,
    }
    return tuple(flag for flag, up in raised.items() if up)


def _decision(decision: PayerDecision) -> DecisionView:
    return DecisionView(
        source=decision.source,
        review_code=decision.review_code,
        decided_on=decision.decided_on,
        certification_number=decision.certification_number,
        reasons=_reasons((*decision.rejections, *decision.reasons)),
        lines=tuple(_line(line) for line in decision.lines),
        notes=decision.notes,
        unread=decision.unread,
    )


def _line(line: DecisionLine) -> DecisionLineView:
    return DecisionLineView(
        number=line.number,
        review_code=line.review_code,
        outcome=None if line.review_code is None else STATE_BY_REVIEW_CODE[line.review_code],
        procedure=line.procedure,
        units=line.units,
        period_start=line.period_start,
        period_end=line.period_end,
        certification_number=line.certification_number,
        reasons=_reasons(line.reasons),
    )


def _reasons(reasons: Iterable[DecisionReason]) -> tuple[DecisionReasonView, ...]:
    return tuple(DecisionReasonView(code=reason.code, text=reason.text) for reason in reasons)


def _extension(known: Authorization) -> ExtensionView | None:
    asked = known.extension
    if asked is None:
        return None
    return ExtensionView(units=asked.units, period_end=asked.period_end, requested_at=asked.requested_at)


def _text(identity: object) -> str | None:
    return None if identity is None else str(identity)


def match_view(held: Authorization, need: ServiceNeed) -> MatchView:
    """Show how an authorization fits a service; what either side leaves open is told too."""
    found = mismatches(held, need)
    compared = {
        "service": (held.service_type, need.service_type),
        "procedure": (held.procedure_codes, need.procedure_codes),
        "provider": (held.provider_id, need.provider_id),
    }
    return MatchView(
        authorization_id=str(held.id),
        matches=not found,
        mismatches=tuple(MismatchView(code=one.code, text=one.text) for one in found),
        not_compared=tuple(name for name, sides in compared.items() if not all(sides)),
    )
