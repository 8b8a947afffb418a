"""What becomes of claims without anybody asking: tasks while something is to be done, and alerts. No text names people.

A task is wanted in a state and closes by itself when the claim moves on. What only time brings (a deadline, a decision
that does not come) is a task from the beginning: scheduled until then, with a reminder at each warning.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from shared.domain.claim.denials import OWNERS, REMEDIES, cause_of, next_steps
from shared.domain.claim.standing import APPEALABLE, PENDED_DAYS, authorization_gap
from shared.domain.claim.states import UNFILED
from shared.domain.claim.write_off_request import WriteOffRequest
from shared.domain.eligibility.filing import WARN_DAYS, FilingDeadline
from shared.domain.rule_effects import Effects, RuleAlert, RuleTask
from shared.models.claim import ClaimFile
from shared.models.firestore.alerts import Severity, Text
from shared.models.roles import Role

_BILLERS = f"role:{Role.BILLER}"
# The rules whose tasks are the claims'; by these they are found again.
RULES = frozenset({"E22", "A01", "B01", "B02", "B03", "B04", "B05", "B06", "B07"})
# A denial that people still work on, or have given up on: what let it happen is told once.
_DENIED = frozenset({"denied", "appealed", "denied_final", "corrected"})


@dataclass(frozen=True, slots=True)
class WorkedClaim:
    """A claim with what its tasks follow from: its filing deadline and a write-off that waits for approval.

    `since` is when it came into its state: tasks that people have closed after that stay closed.
    """

    file: ClaimFile
    since: datetime | None = None
    filing: FilingDeadline | None = None
    asked: WriteOffRequest | None = None


def effects_of(claims: Iterable[WorkedClaim], *, now: datetime) -> Effects:
    """What these claims want; `now` carries the organisation's time zone."""
    tasks: list[RuleTask] = []
    alerts: list[RuleAlert] = []
    for one in claims:
        tasks += _tasks(one, now)
        alerts += _alerts(one)
    return Effects(tuple(tasks), tuple(alerts))


def _tasks(one: WorkedClaim, now: datetime) -> Iterator[RuleTask]:
    claim = one.file.claim
    if claim.status == "rejected":
        yield _task(one, "B01", "rejected", "Correct the rejected claim and send it again")
    if claim.status == "denied":
        remedy = REMEDIES[next_steps(claim.denial_code)[0]].label
        code = f" {claim.denial_code}" if claim.denial_code else ""
        yield _task(one, "B02", "denied", f"Work the denial{code}: {remedy}")
    if claim.status == "underpaid":
        yield _task(one, "B03", "underpaid", "Ask the payer for what it paid too little")
    if authorization_gap(claim):
        yield _task(one, "B05", "authorization_gap", "Link or request the authorization")
    yield from _in_time(one, now)
    if claim.status in _DENIED and claim.denial_code is not None:
        yield from _fed_back(one, claim.denial_code)
    if one.asked is not None:
        yield _task(
            one, "B07", f"write_off:{one.asked.event_id}", "Decide on a write-off", to=one.asked.approvers(claim)
        )


def _in_time(one: WorkedClaim, now: datetime) -> Iterator[RuleTask]:
    """The clocks: each is a task that opens with its first warning."""
    claim = one.file.claim
    if claim.status in UNFILED and one.filing is not None:
        days = [on for _, on in one.filing.warnings]
        yield _clock(one, "E22", "filing", "Submit before the time for filing ends", one.filing.due, days, now)
    if claim.status in APPEALABLE and claim.appeal_due_on is not None:
        due = claim.appeal_due_on
        days = [due - timedelta(days=before) for before in WARN_DAYS.values()]
        yield _clock(one, "A01", "appeal", "Appeal before the time for it ends", due, days, now)
    if claim.status == "pended" and claim.pended_since is not None:
        late = claim.pended_since + timedelta(days=PENDED_DAYS)
        yield _clock(one, "B04", "pended", "Ask the payer why the claim is still pended", late, [late], now)
    for appeal in one.file.appeals:
        if claim.status == "appealed" and appeal.status == "open" and appeal.due_on is not None:
            label = "Ask the payer for its decision on the appeal"
            yield _clock(one, "A01", f"decision:{appeal.id}", label, appeal.due_on, [appeal.due_on], now)


def _fed_back(one: WorkedClaim, code: str) -> Iterator[RuleTask]:
    """B06: the step that a denial goes back to learns of it, once for each claim; billers' own steps are their work."""
    mode, role, advice = OWNERS[cause_of(code)]
    if mode != "backend":
        reason = f"cause:{one.file.claim.id}"
        yield _task(one, "B06", reason, f"A claim was denied ({code}). {advice}", to=(role,), apart=False)


def _task(
    one: WorkedClaim, rule: str, reason: str, label: str, *, to: tuple[Role, ...] = (Role.BILLER,), apart: bool = True
) -> RuleTask:
    claim = one.file.claim
    return RuleTask(
        rule=rule,
        reason=f"{reason}:{claim.id}" if apart else reason,
        label=f"{label} (claim {claim.claim_number})",
        type="backend" if to[:1] == (Role.BILLER,) else "shared",
        assigned_to=f"role:{to[0]}" if to else None,
        priority="high",
        since=one.since,
        also_about=_marks(one),
    )


def _clock(
    one: WorkedClaim, rule: str, reason: str, label: str, due: date, warnings: list[date], now: datetime
) -> RuleTask:
    moments = sorted({_morning(on, now) for on in warnings})
    claim = one.file.claim
    return RuleTask(
        rule=rule,
        reason=f"{reason}:{claim.id}:{due}",
        label=f"{label} (claim {claim.claim_number})",
        type="backend",
        assigned_to=_BILLERS,
        priority="high",
        due_at=_morning(due, now),
        not_before=moments[0] if moments else None,
        remind_at=tuple(moment for moment in moments if moment > now),
        also_about=_marks(one),
    )


def _morning(on: date, now: datetime) -> datetime:
    return datetime.combine(on, time(), now.tzinfo)


def _marks(one: WorkedClaim) -> tuple[str, ...]:
    claim = one.file.claim
    visit = () if claim.visit_id is None else (f"rec:visit:{claim.visit_id}",)
    return (f"rec:claim:{claim.id}", *visit)


def _alerts(one: WorkedClaim) -> Iterator[RuleAlert]:
    claim = one.file.claim
    since = claim.adjudicated_on if one.since is None else one.since.isoformat()
    cause = f"{claim.id}:{since}"  # denied or rejected once more, it is told once more
    if claim.status == "denied":
        text = Text(code="claim_denied", params={"code": claim.denial_code or ""}, text="A payer has denied a claim")
        yield _alert("B02", f"denied:{claim.id}", cause, text, (Role.BILLER,))
    if claim.status == "rejected":
        text = Text(code="claim_rejected", text="A claim came back unread")
        yield _alert("B01", f"rejected:{claim.id}", cause, text, (Role.BILLER,))
    if one.asked is not None:
        text = Text(code="write_off_asked", text="A write-off waits for your decision")
        event = str(one.asked.event_id)
        yield _alert("B07", f"write_off:{claim.id}", event, text, one.asked.approvers(claim), "info")


def _alert(
    rule: str, reason: str, cause: str, message: Text, roles: tuple[Role, ...], severity: Severity = "warning"
) -> RuleAlert:
    return RuleAlert(rule=rule, reason=reason, cause=cause, severity=severity, message=message, roles=roles)
