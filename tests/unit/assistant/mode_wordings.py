"""What the front desk and the billers ask about their whole organisation, mostly with no patient in hand.

TODAY is the day of asking, `check` names the calculation in tests/integration/assistant_mode_checks.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from tests.unit.assistant.wordings import BACKEND, FRONT_DESK, TODAY, TOMORROW, Range

THIS_WEEK: Range = (date(2026, 11, 23), date(2026, 11, 29))


@dataclass(frozen=True)
class ModeWording:
    """`tool` is what must be asked; `in_hand` is the visit that the record in hand is, if any."""

    mode: str
    text: str
    row: str
    tool: str
    check: str
    given: dict[str, Any] = field(default_factory=dict)
    days: Range | None = None
    after: tuple[str, ...] = ()
    in_hand: str | None = None


def _day(text: str, on: date = TODAY, days: Range | None = None, *after: str) -> ModeWording:
    return ModeWording(FRONT_DESK, text, "desk.day", "desk_day", "figures", {"on": on}, days, after)


def _wait(text: str) -> ModeWording:
    return ModeWording(FRONT_DESK, text, "desk.waiting", "waiting", "waiting")


def _unready(text: str, on: date = TOMORROW, days: Range | None = None) -> ModeWording:
    return ModeWording(FRONT_DESK, text, "desk.not_ready", "not_ready", "not_ready", {"on": on}, days)


def _check_in(text: str, visit: str) -> ModeWording:
    given = {"visit": visit}
    return ModeWording(FRONT_DESK, text, "readiness", "check_in", "check_in", given, in_hand=visit)


def _queue(text: str, queue: str | None, row: str = "queues.list", *after: str) -> ModeWording:
    check, given = ("all_queues", {}) if queue is None else ("queue", {"queue": queue})
    return ModeWording(BACKEND, text, row, "claim_queues", check, given, after=after)


def _due(text: str, until: date, row: str, days: Range | None = None) -> ModeWording:
    return ModeWording(BACKEND, text, row, "claim_deadlines", "ledger", {"until": until}, days)


def _aging(text: str, days: int | None = None) -> ModeWording:
    check, given = ("by_age", {}) if days is None else ("older", {"days": days})
    return ModeWording(BACKEND, text, "aging.list", "claim_aging", check, given)


MODE_WORDINGS: tuple[ModeWording, ...] = (
    _day("How many patients today?", TODAY, (TODAY, TODAY)),
    _day("how many patients have arrived?"),
    _day("How many patients are scheduled tomorrow?", TOMORROW, (TOMORROW, TOMORROW)),
    _day("What's today's schedule?", TODAY, (TODAY, TODAY)),
    _day("show me the board"),
    _day("and tomorrow?", TOMORROW, (TOMORROW, TOMORROW), "How many patients today?"),
    _wait("Who is waiting too long?"),
    _wait("is anyone waiting too long?"),
    _wait("How many patients are waiting too long?"),
    _unready("Who is not ready tomorrow?", TOMORROW, (TOMORROW, TOMORROW)),
    _unready("what is not ready tomorrow", TOMORROW, (TOMORROW, TOMORROW)),
    _unready("which visits are not ready today?", TODAY, (TODAY, TODAY)),
    _unready("readiness list"),
    _check_in("What is blocking check-in?", "VIS-A"),
    _check_in("is the patient ready for check-in?", "VIS-B"),
    _check_in("What is missing for check-in?", "VIS-D"),
    _queue("Which claims are denied?", "denied", "claims.list"),
    _queue("any denials?", "denied", "claims.list"),
    _queue("Any underpaid claims?", "underpaid", "claims.list"),
    _queue("rejected claims?", "rejected", "claims.list"),
    _queue("Which of our claims are denied, by reason?", "denied"),
    _queue("how many claims are in the underpaid queue?", "underpaid"),
    _queue("What is in the rejected queue?", "rejected"),
    _queue("Which claims are pended too long?", "pended_too_long"),
    _queue("any authorization gaps?", "authorization_gaps"),
    _queue("What is in my work queue?", None),
    _queue("and the denied ones?", "denied", "queues.list", "What is in my work queue?"),
    _due("What is due this week?", date(2026, 11, 29), "tasks.list", THIS_WEEK),
    _due("what is due tomorrow", TOMORROW, "tasks.list", (TOMORROW, TOMORROW)),
    _due("what is overdue?", date(2026, 11, 23), "tasks.list"),
    _due("What deadlines are coming up?", date(2026, 12, 24), "deadlines.list"),
    _aging("How much is over 90 days?", 90),
    _aging("how much do we have in accounts receivable over 120 days?", 120),
    _aging("open claims older than 30 days", 30),
    _aging("aging report"),
)
