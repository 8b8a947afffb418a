"""What becomes of a request for authorization without anybody asking: tasks and alerts by its state."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from shared.domain.authorization.deadlines import STANDARD_DAYS, URGENT_HOURS
from shared.domain.authorization.states import AWAITING, as_of
from shared.domain.rule_effects import Effects, RuleAlert, RuleTask
from shared.models.authorization import AuthorizationState
from shared.models.firestore.alerts import Text
from shared.models.records import Authorization
from shared.models.roles import Role

# What was asked for longer ago, for no period, is history and nobody's work.
OLD = timedelta(days=180)
_ELIGIBILITY = Role.ELIGIBILITY_SPECIALIST
_POOL = f"role:{_ELIGIBILITY}"
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class StateRow:
    """A task while an authorization is in one of these states."""

    key: str
    label: str
    states: frozenset[AuthorizationState]
    rule: str = "E10"


STATE_ROWS: tuple[StateRow, ...] = (
    StateRow("denied", "Ask for a peer-to-peer review, or appeal", frozenset({"denied"})),
    StateRow("contact_payer", "Call the payer about the authorization", frozenset({"contact_payer"})),
    StateRow("request_error", "Correct the request for authorization", frozenset({"error"})),
)
OVERDUE_KEY = "decision_overdue"
OVERDUE_RULE = "E23"


def effects_of(held: Iterable[Authorization], *, now: datetime) -> Effects:
    """What these authorizations want; `now` carries the organisation's time zone. History wants nothing."""
    tasks: list[RuleTask] = []
    alerts: list[RuleAlert] = []
    for one in (as_of(known, now.date()) for known in held):
        if not _matters(one, now):
            continue
        tasks += (_task(row, one) for row in STATE_ROWS if one.status in row.states)
        alerts += (make(one) for state, make in _ALERTS.items() if one.status == state)
        due = decision_expected(one, now)
        if due is not None:
            tasks.append(_decision_task(one, due))
    return Effects(tuple(tasks), tuple(alerts))


def decision_expected(held: Authorization, now: datetime) -> datetime | None:
    """E23: from when on the payer is late with its decision; None when none is awaited or nothing says when."""
    if held.status not in AWAITING:
        return None
    if held.decision_due_at is not None:
        return held.decision_due_at
    if held.requested_date is None:
        return None
    days = URGENT_HOURS // 24 if held.urgency == "urgent" else STANDARD_DAYS
    late = held.requested_date + timedelta(days=days + 1)
    return datetime(late.year, late.month, late.day, tzinfo=now.tzinfo)


def _matters(held: Authorization, now: datetime) -> bool:
    if held.period_end is not None:
        return held.period_end >= now.date()
    return held.requested_date is None or held.requested_date >= now.date() - OLD


def _task(row: StateRow, held: Authorization) -> RuleTask:
    return RuleTask(
        rule=row.rule,
        reason=f"{row.key}:{held.id}",
        label=row.label,
        assigned_to=_POOL,
        priority="high",
        since=_since(held),
        also_about=_marks(held),
    )


def _decision_task(held: Authorization, due: datetime) -> RuleTask:
    """The clock: made with the request, scheduled until the decision is late; then it opens and reminds its pool."""
    return RuleTask(
        rule=OVERDUE_RULE,
        reason=f"{OVERDUE_KEY}:{held.id}:{due.astimezone(UTC):%Y-%m-%dT%H:%M}",
        label="Ask the payer for its decision",
        assigned_to=_POOL,
        priority="high",
        due_at=due,
        not_before=due,
        remind_at=(due,),
        since=_since(held),
        also_about=_marks(held),
    )


def _since(held: Authorization) -> datetime:
    """When the state became known: what people have closed after that stays closed."""
    decided = None if held.decision is None else held.decision.decided_at
    return max(decided or _LONG_AGO, held.submitted_at or _LONG_AGO)


def _marks(held: Authorization) -> tuple[str, ...]:
    return (f"rec:authorization:{held.id}", *(f"rec:visit:{hold.visit_id}" for hold in held.visits))


def _denied(held: Authorization) -> RuleAlert:
    return RuleAlert(
        rule="E10",
        reason=f"denied:{held.id}",
        cause=f"denied:{held.id}:{_since(held).isoformat()}",
        severity="warning",
        message=Text(code="authorization_denied", text="The payer has denied an authorization"),
        roles=(_ELIGIBILITY, Role.MANAGER),
    )


_ALERTS: dict[AuthorizationState, Callable[[Authorization], RuleAlert]] = {"denied": _denied}
