"""What a check brings about: the table of tasks, and the alert of a material difference.

A task is wanted in the very situation in which guidance offers the action of the same `key`; the table adds for whom,
until when, and in which of those situations nobody has to do anything yet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Literal

from shared.domain.eligibility.authorization import misfits
from shared.domain.eligibility.guidance_rows import ROWS, Row
from shared.domain.eligibility.situation import Situation
from shared.domain.rule_effects import Effects, RuleAlert, RuleTask
from shared.models.firestore.alerts import Text
from shared.models.records import EligibilityCheck
from shared.models.roles import Role
from shared.models.verdict import Difference, Evidence

Unless = Callable[["Checked"], bool]


@dataclass(frozen=True, slots=True)
class Checked:
    """A check and what is known of its question now; `newest` tells whether it is the patient's last one."""

    check: EligibilityCheck
    situation: Situation
    newest: bool

    @property
    def on(self) -> date:
        """The day it is about."""
        return self.situation.receipt.date_of_service

    @property
    def visit(self) -> str | None:
        """The booked visit that it is about."""
        visit_id = self.situation.receipt.inputs.question.visit_id
        return None if visit_id is None else str(visit_id)

    @property
    def is_ahead(self) -> bool:
        """Whether the day is still to come, or is today."""
        return self.on >= self.situation.now.date()

    def begins(self) -> datetime:
        """The beginning of the day at the organisation."""
        return datetime.combine(self.on, time(), self.situation.now.tzinfo)


@dataclass(frozen=True, slots=True)
class TaskRow:
    """A task: the guidance row in whose situation it is wanted, for which pool, and how urgent.

    What a task is `per` tells what makes a second one: a patient's data are wrong once, whichever visit was checked;
    each day needs its own authorization. Its pool is `told` by an alert where people should know before they look.
    """

    key: str
    label: str
    pool: Role
    priority: Literal["normal", "high"] = "normal"
    per: Literal["patient", "day", "source"] = "patient"
    unless: Unless = lambda _: False
    told: Text | None = None

    @property
    def situation(self) -> Row:
        """The row of guidance."""
        return GUIDANCE[self.key]


GUIDANCE = {row.key: row for row in ROWS}
_SWITCHES = ("switch_payer", "switch_on_file")
_ELIGIBILITY, _FRONT = Role.ELIGIBILITY_SPECIALIST, Role.FRONT_DESK


def _fires(key: str, checked: Checked) -> bool:
    return GUIDANCE[key].when(checked.situation) is not None


def _no_call(checked: Checked) -> bool:
    """Asked again by itself, in other hands, or there is no payer to call."""
    receipt = checked.situation.receipt
    again = receipt.failure is not None and receipt.failure.retry_at is not None
    elsewhere = any(_fires(key, checked) for key in ("correct", "enrolment", *_SWITCHES))
    return again or elsewhere or receipt.coverage_id is None


def _not_the_patients(checked: Checked) -> bool:
    """No visit is booked on the day, it is on file that there is no insurance, or it is known who pays instead."""
    uninsured = checked.situation.receipt.fired("no_insurance") is not None
    return checked.visit is None or uninsured or any(_fires(key, checked) for key in _SWITCHES)


def _was_requested(checked: Checked) -> bool:
    """It was denied, or could not be sent: what to do then is a task of the request's own."""
    receipt = checked.situation.receipt
    coverage, question = receipt.coverage, receipt.inputs.question
    failed = any(
        one.status == "error" and coverage is not None and not misfits(one, coverage, question)
        for one in receipt.inputs.authorizations
    )
    return failed or receipt.fired("authorization_denied") is not None


TASK_ROWS: tuple[TaskRow, ...] = (
    TaskRow("correct", "Correct the data that the payer refuses", _FRONT, "high"),
    TaskRow("switch_payer", "Switch to the plan that pays instead", _ELIGIBILITY, "high"),
    TaskRow("switch_on_file", "Switch to the plan that pays instead", _ELIGIBILITY, "high"),
    TaskRow("enrolment", "Set up the connection to the payer", Role.BILLER, "high"),
    TaskRow("call_script", "Call the payer and record the answer", _ELIGIBILITY, unless=_no_call),
    TaskRow("request_auth", "Request the authorization", _ELIGIBILITY, "high", per="day", unless=_was_requested),
    TaskRow("auth_requirement", "Ask the payer whether an authorization is needed", _ELIGIBILITY, per="day"),
    TaskRow(
        "contact_patient", "Ask the patient for other coverage", _FRONT, "high", per="day", unless=_not_the_patients,
    ),
    TaskRow(
        "extend", "Extend the authorization", _ELIGIBILITY, per="source",
        told=Text(code="authorization_expiring", text="An authorization ends soon or has few units left"),
    ),
    TaskRow("cob", "Verify coordination of benefits", _ELIGIBILITY),
)  # fmt: skip


def effects_of(checks: Iterable[Checked]) -> Effects:
    """What these checks want: of a patient's tasks, those of the newest one; of days', those of each day ahead."""
    tasks: dict[tuple[str, str], RuleTask] = {}
    alerts: dict[str, RuleAlert] = {}
    for checked in checks:
        for row in TASK_ROWS:
            counts = checked.newest if row.per == "patient" else checked.is_ahead
            evidence = row.situation.when(checked.situation) if counts else None
            if evidence is None or row.unless(checked):
                continue
            task = _task(row, checked, evidence)
            tasks.setdefault((task.rule, task.reason), task)
            if row.told is not None:
                alert = RuleAlert(task.rule, task.reason, task.reason, "info", row.told, (row.pool,))
                alerts.setdefault(alert.reason, alert)
    return Effects(tuple(tasks.values()), tuple(alerts.values()))


def _task(row: TaskRow, checked: Checked, evidence: Evidence) -> RuleTask:
    apart = {"patient": "", "day": f":{checked.on.isoformat()}", "source": f":{evidence.source}"}[row.per]
    form = row.situation.form_for(checked.situation)
    fields = ", ".join(form["properties"]) if row.key == "correct" and form is not None else ""
    return RuleTask(
        rule=row.situation.rule,
        reason=row.key + apart,
        label=row.label,
        description=f"{evidence.text}: {fields}" if fields else evidence.text,
        assigned_to=f"role:{row.pool}",
        priority=row.priority,
        due_at=checked.begins() if row.per == "day" or (checked.is_ahead and checked.visit is not None) else None,
        since=checked.check.checked_at,
        also_about=() if checked.visit is None else (f"rec:visit:{checked.visit}",),
    )


_GRAVE = frozenset({"verdict", "payer", "requires_auth"})
_AT_THE_DESK = frozenset({"verdict", "payer", "copay"})


def difference_alert(check: str, difference: Difference) -> RuleAlert | None:
    """What tells that the answer of `check` differs from the one before in what matters; None when it does not.

    It names what has changed and not how: that is read in the record. The same members that change again while the
    alert is active count on it.
    """
    members = [one.member for one in difference.changes if one.material]
    if not members:
        return None
    named = ", ".join(members).replace("_", " ")
    return RuleAlert(
        rule="E21",
        reason=f"difference:{'+'.join(members)}",
        cause=check,
        severity="warning" if _GRAVE.intersection(members) else "info",
        message=Text(
            code="eligibility_changed",
            params={"members": ",".join(members)},
            text=f"The payer's answer has changed: {named}",
        ),
        roles=(_ELIGIBILITY, _FRONT) if _AT_THE_DESK.intersection(members) else (_ELIGIBILITY,),
        counts=True,
    )
