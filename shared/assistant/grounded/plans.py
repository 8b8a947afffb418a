"""For each row of the table of questions: which tools are called with what, who says it, and what may be offered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from shared.assistant.grounded import (
    about_benefits,
    about_billing,
    about_claims,
    about_coverage,
    about_desk,
    about_records,
    about_work,
)
from shared.assistant.grounded.told import Compose
from shared.domain.questions.days import Period
from shared.domain.questions.understanding import Ask

Params = dict[str, Any]
ParamsOf = Callable[[Ask], Params]


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a tool. `of_patient` tools are told which patient; others are about the record in hand alone."""

    tool: str
    params: ParamsOf
    of_patient: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """How a question is answered. `offers` are actions that fit it, of those that are offered.

    `action` makes the params of a quick action that only reads, which the Agentic mode runs; None: nothing to run.
    A `partial` answer says what was read though some of it was not.
    """

    calls: tuple[Call, ...]
    compose: Compose
    offers: tuple[str, ...] = ()
    action: Callable[[Ask], tuple[str, Params] | None] = lambda _ask: None
    partial: bool = False


def _nothing(_ask: Ask) -> Params:
    return {}


def _range(ask: Ask) -> Params:
    days = next(iter(ask.days), None)
    if not isinstance(days, Period):
        return {}
    return {"first": days.first, "last": days.last}


def _service(ask: Ask) -> Params:
    return _range(ask) | {"service_type": ask.service, "procedure": ask.procedure}


def _tasks(ask: Ask) -> Params:
    params: Params = {"completed": "completed" in ask.states}
    if "overdue" in ask.states:
        params["due"] = "overdue"
    if "mine" in ask.concepts:
        params["assigned_to"] = "me"
    return params


def _day(ask: Ask) -> Params:
    days = next(iter(ask.days), None)
    return {"day": days.day} if isinstance(days, Period) else {}


def _until(ask: Ask) -> Params:
    days = next(iter(ask.days), None)
    if isinstance(days, Period):
        return {"until": days.last}
    return {"overdue": "s:overdue" in ask.concepts}


def queue_of(ask: Ask) -> str | None:
    """The work queue of claims that is asked for; None: all of them, or none that there is."""
    named = {queue for concept, queue in _QUEUES.items() if concept in ask.concepts}
    return named.pop() if len(named) == 1 else None


def _queue(ask: Ask) -> Params:
    return {"queue": queue_of(ask)}


def _compare(_ask: Ask) -> tuple[str, Params]:
    return "compare_last_check", {}


def _estimate(ask: Ask) -> tuple[str, Params] | None:
    if ask.amount is None:
        return None
    params: Params = {"allowedAmount": f"{ask.amount:.2f}"}
    days = next(iter(ask.days), None)
    if isinstance(days, Period) and days.day is not None:
        params["dateOfService"] = days.day.isoformat()
    if ask.service is not None:
        params["serviceType"] = ask.service
    return "estimate_patient_cost", params


_QUEUES = {
    "s:rejected": "rejected",
    "s:denied": "denied",
    "denial": "denied",
    "s:underpaid": "underpaid",
    "s:pended": "pended_too_long",
    "overlong": "pended_too_long",
    "gap": "authorization_gaps",
    "deadline": "deadline",
}
_COVERAGE, _BENEFITS = Call("coverage", _service), Call("benefits", _service)
_FIRST_COVERAGE = Call("coverage", _nothing)
_PATIENT, _AUTHORIZATIONS = Call("patient", _nothing), Call("authorizations", _nothing)
_CLAIMS, _VISITS = Call("claims", _range), Call("visits", _range)
_ALL_CLAIMS, _ALL_VISITS = Call("claims", _nothing), Call("visits", _nothing)
_OPEN_TASKS = Call("tasks", _nothing, of_patient=False)
_CHECKS = ("check_eligibility", "recheck_all_coverages", "verify_cob", "explain_verdict", "call_script")
_DESK = ("todays_schedule", "readiness_list", "handoff")
_BILLING = ("work_queue", "deadline_list", "aging_report", "denial_root_cause")
_ASKING = ("request_auth", "check_auth_requirement", "check_authorization_status", "extend_authorization", "escalate")

PLANS: Mapping[str, Plan] = {
    "coverage.verdict": Plan((_COVERAGE,), about_coverage.verdict, (*_CHECKS, "request_auth")),
    "coverage.why": Plan((_COVERAGE,), about_coverage.why, ("explain_verdict", *_CHECKS)),
    "coverage.plans": Plan((_COVERAGE,), about_coverage.plans, ("verify_cob", "switch_payer", "view_record")),
    "coverage.member": Plan((_FIRST_COVERAGE,), about_coverage.member, ("view_record",)),
    "coverage.period": Plan((_COVERAGE,), about_coverage.period, _CHECKS),
    "coverage.checked": Plan((_FIRST_COVERAGE,), about_coverage.checked, ("check_eligibility", "compare_last_check")),
    "coverage.changed": Plan(
        (_FIRST_COVERAGE,), about_coverage.changed, ("compare_last_check", "check_eligibility"), _compare
    ),
    "benefits.copay": Plan((_BENEFITS,), about_benefits.figure("copay"), ("estimate_patient_cost", *_CHECKS)),
    "benefits.deductible": Plan((_BENEFITS,), about_benefits.figure("deductible"), ("estimate_patient_cost", *_CHECKS)),
    "benefits.coinsurance": Plan((_BENEFITS,), about_benefits.figure("coinsurance"), ("estimate_patient_cost",)),
    "benefits.out_of_pocket": Plan((_BENEFITS,), about_benefits.figure("out_of_pocket"), ("estimate_patient_cost",)),
    "benefits.network": Plan((_BENEFITS,), about_benefits.figure("network"), _CHECKS),
    "benefits.visits_left": Plan((_BENEFITS,), about_benefits.figure("visits_left"), _CHECKS),
    "benefits.all": Plan((_BENEFITS,), about_benefits.everything, ("estimate_patient_cost", *_CHECKS)),
    "benefits.cost": Plan((_BENEFITS,), about_benefits.cost, ("estimate_patient_cost", "self_pay"), _estimate),
    "authorizations.need": Plan((_BENEFITS,), about_benefits.needed, _ASKING),
    "authorizations.list": Plan((_AUTHORIZATIONS,), about_records.authorizations, _ASKING),
    "claims.list": Plan((_CLAIMS,), about_claims.claims, ("get_claims", "work_queue", "view_record")),
    "claims.why": Plan((_CLAIMS,), about_claims.why_claims, ("get_claims", "view_record")),
    "claims.when": Plan((_CLAIMS,), about_claims.when_claims, ("get_claims", "view_record")),
    "visits.next": Plan((_ALL_VISITS,), about_records.next_visit, ("check_eligibility", "view_record")),
    "visits.last": Plan((_ALL_VISITS,), about_records.last_visit, ("view_record",)),
    "visits.list": Plan((_VISITS,), about_records.visits, ("view_record",)),
    "tasks.list": Plan((Call("tasks", _tasks, of_patient=False),), about_work.tasks, ("create_task", "snooze")),
    "alerts.list": Plan((Call("alerts", _nothing, of_patient=False),), about_work.alerts),
    "deadlines.list": Plan((Call("deadlines", _nothing),), about_records.deadlines, (*_ASKING, "create_task")),
    "readiness": Plan(
        (_ALL_VISITS, _COVERAGE, _OPEN_TASKS), about_work.readiness, (*_CHECKS, "request_auth"), partial=True
    ),
    "guidance": Plan((Call("guidance", _nothing, of_patient=False),), about_work.guidance, ("*",)),
    "summary": Plan(
        (_PATIENT, _FIRST_COVERAGE, _AUTHORIZATIONS, _ALL_CLAIMS, _ALL_VISITS, _OPEN_TASKS),
        about_work.summary,
        ("*",),
        partial=True,
    ),
    "patient.who": Plan((_PATIENT,), about_records.identity, ("view_record",)),
    "patient.dob": Plan((_PATIENT,), about_records.identity),
    "patient.sex": Plan((_PATIENT,), about_records.identity),
    "patient.phone": Plan((_PATIENT,), about_records.phone),
    "patient.mrn": Plan((_PATIENT,), about_records.identity),
    "desk.day": Plan((Call("desk_day", _day, of_patient=False),), about_desk.figures, _DESK),
    "desk.waiting": Plan((Call("waiting", _nothing, of_patient=False),), about_desk.waiting, _DESK),
    "desk.not_ready": Plan((Call("not_ready", _day, of_patient=False),), about_desk.not_ready, _DESK),
    "queues.list": Plan((Call("claim_queues", _queue, of_patient=False),), about_billing.queues, _BILLING),
    "aging.list": Plan((Call("claim_aging", _nothing, of_patient=False),), about_billing.aging, _BILLING),
}
# What a row of the table means in some modes, or where no patient is in hand (see meant).
LEDGER = Plan((Call("claim_deadlines", _until, of_patient=False),), about_billing.ledger, _BILLING)
CHECK_IN = Plan(
    (Call("check_in", _nothing, of_patient=False), _ALL_VISITS, _COVERAGE, _OPEN_TASKS),
    about_desk.check_in,
    ("complete_check_in", "record_copay", "override_readiness", "handoff", *_CHECKS),
    partial=True,
)
