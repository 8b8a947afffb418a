"""Checking a patient in: what was found out becomes facts, and the guards decide whether the patient is checked in."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from shared.domain.visit.check_in import CheckInGround, missing_steps, overridden
from shared.domain.visit.moving import found_ready, moved
from shared.domain.visit.states import VisitMove, allowed_moves
from shared.errors import ConflictError, FieldError, ValidationFailedError
from shared.models.api.visits import CheckInFacts, CheckInRequest, CheckInStep
from shared.models.caller import Caller
from shared.models.identifiers import uuid7
from shared.models.visit import CheckInFact, DeskVisit, FactKind, VisitStep
from shared.repositories.visit_protocols import VisitCase
from shared.services.visit_views import missing_view
from shared.services.visits import Stepped


def check_in(caller: Caller, case: VisitCase, given: CheckInFacts, part: CheckInStep, now: datetime) -> Stepped:
    """Start the check-in, complete it, or both at once. What was found out is kept with the step that it came with.

    Raises InvalidTransitionError, ConflictError (`check_in_incomplete`) with the `missing` steps, ForbiddenError for
    an override that is a manager's.
    """
    visit, steps = case.visit, case.history
    for move in _moves(part, visit):
        visit, step = moved(visit, steps, move, reason=None, by=caller.user_id, now=now)
        steps = (*steps, step)
    if given.copay is not None or given.copay_waived is not None:
        cents = None if given.copay is None else given.copay.amount_cents
        check_copay(case, cents, at="copay" if isinstance(given, CheckInRequest) else "params.copay")
    facts = facts_of(caller, given, now, step=steps[-1].id)
    visit, override = _overridden(caller, case, visit, given.override, now)
    if override is not None:
        facts = (*facts, _override_fact(caller, case.visit, str(given.override), now, step=steps[-1].id))
        steps = (*steps, override)
    if part != "start":
        _check_complete(case, visit, facts)
    return Stepped(visit, steps[len(case.history) :], facts)


def override_readiness(caller: Caller, case: VisitCase, reason: str, now: datetime) -> Stepped:
    """Let a visit go on though it is not ready. Raises ConflictError when it is ready, ForbiddenError."""
    if case.visit.readiness == "ready":
        raise ConflictError("The visit is ready: there is nothing to override", code="already_ready")
    visit, step = _overridden(caller, case, case.visit, reason, now)
    fact = _override_fact(caller, case.visit, reason, now, step=None)
    return Stepped(visit, () if step is None else (step,), (fact,))


def check_copay(case: VisitCase, cents: int | None, *, at: str, additional: bool = False) -> None:
    """Refuse a second copay or waiver that is not said to be additional, and nothing paid where a copay is due.

    `cents` is None for a waiver, `at` the member that holds the amount. Raises ConflictError (`copay_recorded`),
    ValidationFailedError (`waiver_needed`): what is not taken is waived, with a reason.
    """
    paid = sum(one.cents or 0 for one in case.facts if one.kind == "copay")
    if not additional and any(one.kind in {"copay", "copay_waived"} for one in case.facts):
        words = "The copay is recorded or waived already: record_copay takes what is additional"
        raise ConflictError(words, code="copay_recorded", amountCents=paid)
    if cents == 0 and case.copay != 0:
        message = "A copay that is not taken is waived, with a reason"
        raise ValidationFailedError(message, errors=(FieldError(f"{at}.amountCents", "waiver_needed", message),))


def facts_of(caller: Caller, given: CheckInFacts, now: datetime, *, step: UUID | None) -> tuple[CheckInFact, ...]:
    """What was found out, each with who says so. Identifiers and forms that are named twice count once."""
    found: list[tuple[FactKind, tuple[str, ...], str | None, int | None]] = []
    if given.identifiers:
        found.append(("identity", tuple(dict.fromkeys(given.identifiers)), None, None))
    if given.demographics_reviewed:
        found.append(("demographics", (), None, None))
    if given.coverage_verified:
        found.append(("coverage", (), None, None))
    if given.self_pay_acknowledged:
        found.append(("self_pay", (), None, None))
    if given.forms:
        found.append(("form", tuple(dict.fromkeys(given.forms)), None, None))
    if given.copay is not None:
        found.append(("copay", (given.copay.method,), None, given.copay.amount_cents))
    if given.copay_waived is not None:
        found.append(("copay_waived", (), given.copay_waived, None))
    return tuple(
        fact(caller, kind, now, details=details, reason=reason, cents=cents, step=step)
        for kind, details, reason, cents in found
    )


def fact(
    caller: Caller,
    kind: FactKind,
    now: datetime,
    *,
    details: tuple[str, ...] = (),
    reason: str | None = None,
    cents: int | None = None,
    step: UUID | None = None,
) -> CheckInFact:
    """One thing that the caller confirmed."""
    return CheckInFact(uuid7(), kind, details, reason, cents, caller.user_id, caller.role.value, now, step)


def _overridden(
    caller: Caller, case: VisitCase, visit: DeskVisit, reason: str | None, now: datetime
) -> tuple[DeskVisit, VisitStep | None]:
    if reason is None or visit.readiness == "ready":
        return visit, None
    overridden(visit, caller.role)
    return found_ready(visit, case.history, reason=reason, by=caller.user_id, now=now)


def _override_fact(caller: Caller, visit: DeskVisit, reason: str, now: datetime, *, step: UUID | None) -> CheckInFact:
    codes = tuple(one.code for one in visit.readiness_reasons)
    return fact(caller, "readiness_override", now, details=codes, reason=reason, step=step)


def _moves(part: CheckInStep, visit: DeskVisit) -> tuple[VisitMove, ...]:
    if part == "whole":
        return ("complete_check_in",) if visit.status == "checking_in" else ("start_check_in", "complete_check_in")
    return ("start_check_in",) if part == "start" else ("complete_check_in",)


def _check_complete(case: VisitCase, visit: DeskVisit, facts: tuple[CheckInFact, ...]) -> None:
    known = CheckInGround(visit, (*case.facts, *facts), case.settings, case.verified, case.copay)
    missing = missing_steps(known)
    if missing:
        codes = ", ".join(step.code for step in missing)
        raise ConflictError(
            f"The check-in is not complete: {codes}",
            code="check_in_incomplete",
            missing=[missing_view(step).model_dump(mode="json", by_alias=True) for step in missing],
            allowed=[*allowed_moves(case.visit.status), "override_readiness", "record_copay"],
            current=case.visit.status,
        )
