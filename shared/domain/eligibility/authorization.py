"""E09, E10, E11 and E23: whether an authorization is needed, whether one fits, and what becomes of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from shared.domain.authorization.deadlines import STANDARD_DAYS, URGENT_HOURS
from shared.domain.authorization.matching import ServiceNeed, mismatches
from shared.domain.authorization.requesting import rule_for
from shared.domain.authorization.states import AWAITING, GRANTED, IN_FORCE
from shared.domain.authorization.units import has_few_units, is_expiring, units_of
from shared.domain.eligibility.registry import found, rule
from shared.models.payer_answer import BenefitLine
from shared.models.records import Authorization, Coverage, PayerRule
from shared.models.verdict import Evidence, Question

DENIED = frozenset({"denied", "denied_final"})
Need = Literal["required", "depends", "not_required"]
_FLAGS: dict[str, Need] = {"Y": "required", "U": "depends", "N": "not_required"}
_STRENGTH: tuple[Need, ...] = ("required", "depends", "not_required")
_ANSWERS: dict[Need, bool | None] = {"required": True, "depends": None, "not_required": False}
_RULES: dict[bool | None, Need] = {True: "required", None: "depends", False: "not_required"}


@dataclass(frozen=True, slots=True)
class AuthorizationFinding:
    """Whether an authorization is needed (None: nobody can say), whether one fits, and the evidence of both."""

    needed: bool | None
    met: bool
    evidence: tuple[Evidence, ...]


def authorization_for(
    question: Question,
    coverage: Coverage,
    *,
    rules: Sequence[PayerRule],
    lines: Sequence[BenefitLine],
    held: Sequence[Authorization],
) -> AuthorizationFinding:
    """Decide about the authorization of a service under a coverage; `lines` are those of the answer that count."""
    waived = next(
        (one for one in held if one.status == "not_required" and misfits(one, coverage, question) == ()), None
    )
    if waived is not None:
        text = "The payer said that this service needs no authorization"
        evidence = found("E09", "authorization_waived", text, f"authorizations/{waived.id}", "status")
        return AuthorizationFinding(needed=False, met=False, evidence=(evidence,))
    needed, need = authorization_needed(question, coverage, rules, lines)
    if not needed:
        return AuthorizationFinding(needed=needed, met=False, evidence=(need,))
    fitting = [one for one in held if one.status in IN_FORCE and misfits(one, coverage, question) == ()]
    if not fitting:
        return AuthorizationFinding(needed=True, met=False, evidence=(need, *_not_met(held, coverage, question)))
    best = max(fitting, key=lambda one: (one.period_end or date.max, str(one.id)))
    source = f"authorizations/{best.id}"
    fits = found("E10", "authorization_on_file", "An authorization fits", source, "status", **_terms(best))
    return AuthorizationFinding(needed=True, met=True, evidence=(need, fits, *expiring(best, question.today)))


@rule("E09", source="X12 005010X279A1, EB11")
def authorization_needed(
    question: Question, coverage: Coverage, rules: Iterable[PayerRule], lines: Iterable[BenefitLine]
) -> tuple[bool | None, Evidence]:
    """E09: needed when the answer's flag or the payer's rule says so; the stronger of the two counts.

    A flag U, or a rule that depends, leaves it open unless the other one says yes. Without a flag the rule decides:
    the procedure's, then the service's, then the general one.
    """
    told = [(_FLAGS[line.requires_auth], line.source) for line in lines if line.requires_auth is not None]
    flags = sorted(((need, source) for need, source in told), key=lambda one: _STRENGTH.index(one[0]))[:1]
    own = rule_for(rules, coverage.payer_id, question.service_type, procedures=_procedures(question))
    candidates: list[tuple[Need, Evidence]] = [
        (
            need,
            found("E09", f"authorization_{need}", f"The payer's answer: authorization {_words(need)}", source, "EB11"),
        )
        for need, source in flags
    ]
    if own is not None:
        need = _RULES[own.requires_auth]
        what = f"procedure {own.procedure}" if own.procedure else f"service {own.service_type}"
        text = f"The payer's rule for {what}: authorization {_words(need)}"
        candidates.append((need, found("E09", f"authorization_{need}", text, f"payer_rules/{own.id}", "requires_auth")))
    if not candidates:
        text = "No rule of the payer is on file for this service"
        return None, found("E09", "auth_requirement_unknown", text, None, None, service=question.service_type)
    need, evidence = min(candidates, key=lambda one: _STRENGTH.index(one[0]))
    return _ANSWERS[need], evidence


@rule("E10")
def misfits(held: Authorization, coverage: Coverage, question: Question) -> tuple[str, ...]:
    """E10: satisfied only if payer, service, procedure, provider, date and units all match; names those that do not.

    See `mismatches`. Of one that is not in force, its state and units are no matter of fitting.
    """
    need = ServiceNeed(
        on=question.on,
        payer_id=coverage.payer_id,
        service_type=question.service_type,
        procedure_codes=_procedures(question),
        provider_id=question.provider_id,
        visit_id=question.visit_id,
    )
    passed = () if held.status in IN_FORCE else ("status", "units")
    return tuple(fault.code for fault in mismatches(held, need) if fault.code not in passed)


@rule("E11")
def expiring(held: Authorization, today: date) -> tuple[Evidence, ...]:
    """E11: an authorization that ends within 14 days, or has two units or fewer left, is to be extended."""
    if held.status not in GRANTED:  # its extension is asked for already
        return ()
    source = f"authorizations/{held.id}"
    if held.period_end is not None and is_expiring(held, today):
        days = (held.period_end - today).days
        text = f"The authorization ends in {days} days" if days != 1 else "The authorization ends tomorrow"
        return (found("E11", "authorization_expiring", text, source, "period_end", days=days),)
    if has_few_units(held):
        left = units_of(held).remaining
        text = f"The authorization has {left} units left" if left != 1 else "The authorization has one unit left"
        return (found("E11", "authorization_expiring", text, source, "units_approved", units=left),)
    return ()


@rule("E23", source="CMS-0057-F (89 FR 8758): 72 hours, 7 calendar days")
def overdue(held: Authorization, *, today: date, now: datetime | None = None) -> Evidence | None:
    """E23: a decision is overdue after 72 hours when urgent, else after 7 calendar days; the payer's own time counts.

    Where only days are known, the day of the request does not count, and a decision is late on the day after.
    """
    if held.status not in AWAITING:
        return None
    source = f"authorizations/{held.id}"
    if held.decision_due_at is not None:
        due = (held.decision_due_at if now is None else held.decision_due_at.astimezone(now.tzinfo)).date()
        late = today > due if now is None else held.decision_due_at <= now
    elif held.requested_date is not None:
        days = URGENT_HOURS // 24 if held.urgency == "urgent" else STANDARD_DAYS
        due = held.requested_date + timedelta(days=days)
        late = today > due
    else:
        return None
    text = f"The payer should have decided by {due.isoformat()}"
    return found("E23", "decision_overdue", text, source, "requested_date", due=due) if late else None


def _not_met(held: Sequence[Authorization], coverage: Coverage, question: Question) -> Iterable[Evidence]:
    """What there is of authorizations when none fits: one under way, one denied, or what keeps the nearest from it."""
    for statuses, code, text in (
        (AWAITING, "authorization_awaited", "An authorization was requested; the payer has not decided"),
        (DENIED, "authorization_denied", "The payer denied the authorization"),
    ):
        for one in held:
            if one.status in statuses and misfits(one, coverage, question) == ():
                yield found("E10", code, text, f"authorizations/{one.id}", "status", status=one.status)
                late = overdue(one, today=question.today)
                if late is not None:
                    yield late
                return
    granted = [(misfits(one, coverage, question), one) for one in held if one.status in GRANTED]
    if granted:
        faults, nearest = min(granted, key=lambda pair: (len(pair[0]), str(pair[1].id)))
        text = f"The authorization on file does not fit: {', '.join(faults)}"
        yield found("E10", "authorization_misfit", text, f"authorizations/{nearest.id}", None, faults=", ".join(faults))


def _procedures(question: Question) -> tuple[str, ...]:
    return () if question.procedure is None else (question.procedure,)


def _terms(held: Authorization) -> dict[str, object]:
    terms = {"until": held.period_end, "left": units_of(held).remaining}
    return {name: value for name, value in terms.items() if value is not None}


def _words(need: Need) -> str:
    return need.replace("_", " ")
