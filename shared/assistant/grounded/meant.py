"""Whether a question is about the record in hand or about the organisation, where the words alone do not say it.

The record in hand goes first. The organisation is meant when the words say so (a queue, a board, "our claims"), when
there is no patient in hand whom it could be about, and by what only the mode's own work is (decision 0033).
"""

from __future__ import annotations

from shared.assistant.grounded.plans import CHECK_IN, LEDGER, PLANS, Plan, queue_of
from shared.auth.permissions import allows_mode
from shared.domain.questions.asks import SOFT
from shared.domain.questions.days import Period
from shared.domain.questions.understanding import Ask
from shared.models.firestore.documents import ContextDocument
from shared.models.roles import Role

ORGANISATION = "That is counted for the whole organization, not for one patient."
ONE_DAY = "I count the visits of one day: name the day."
WHICH_DAY = "I count a day's visits, not everybody: name the day, such as today."
_OF_A_DAY = frozenset({"desk.day", "desk.not_ready"})
_OF_EVERYBODY = _OF_A_DAY | {"desk.waiting", "queues.list", "aging.list"}
# With other concepts than these a question is about something that neither the ledger nor the queues know.
_DUE = SOFT | {"s:due", "s:overdue", "when"}
_DEADLINES = _DUE | {"deadline", "claim", "file", "need", "next", "left"}
_CLAIMS = SOFT | {"claim", "denial", "s:rejected", "s:denied", "s:underpaid"}
# What is asked of today when no day is named.
_OF_NOW = frozenset({"board", "s:arrived"})


def plan_for(ask: Ask, context: ContextDocument, role: Role) -> Plan | None:
    """How a question is answered here; None for one that no tool answers."""
    plan = PLANS.get(ask.name)
    if ask.references or ask.unknown or ask.born or ask.others:
        return plan
    if ask.name == "readiness" and context.mode == "front-desk":
        return CHECK_IN
    if not allows_mode(role, "backend") or "patient" in ask.concepts:
        return plan
    return _of_organisation(ask, context) or plan


def _of_organisation(ask: Ask, context: ContextDocument) -> Plan | None:
    """The plan for the whole organisation that a question about nobody by name means; None: the record in hand."""
    if ask.name == "tasks.list" and context.mode == "backend" and ask.concepts <= _DUE:
        return LEDGER
    if context.patient_uuid is not None:
        return None
    if ask.name == "deadlines.list" and ask.concepts <= _DEADLINES:
        return LEDGER
    if ask.name == "claims.list" and ask.concepts <= _CLAIMS and not ask.days and (queue_of(ask) or not ask.states):
        return PLANS["queues.list"]
    return None


def unfit(ask: Ask, plan: Plan | None) -> str | None:
    """Why a question about the organisation cannot be answered as it was put; None when it can."""
    if plan is None or ask.name not in _OF_EVERYBODY:
        return None
    if ask.others or "patient" in ask.concepts:
        return ORGANISATION
    if ask.name not in _OF_A_DAY:
        return None
    if len(ask.days) == 1 and isinstance(ask.days[0], Period) and ask.days[0].day is None:
        return ONE_DAY
    return WHICH_DAY if ask.name == "desk.day" and not (ask.days or ask.concepts & _OF_NOW) else None
