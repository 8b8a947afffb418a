"""What rules bring about beside guidance: tasks that close by themselves, and alerts. No text names a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from shared.models.firestore.alerts import Severity, Text
from shared.models.firestore.documents import TaskType
from shared.models.roles import Role


@dataclass(frozen=True, slots=True)
class RuleTask:
    """What a rule asks to be done. `rule` is its id (`E11`); `reason` tells apart what one rule finds on one record.

    `since` is when it became known: what people have closed later stays closed; None opens anew whatever they closed.
    `also_about` are audience marks of other records in whose contexts the task is listed.
    """

    rule: str
    label: str
    reason: str = ""
    type: TaskType = "shared"
    description: str | None = None
    assigned_to: str | None = None
    priority: Literal["low", "normal", "high", "urgent"] = "normal"
    due_at: datetime | None = None
    not_before: datetime | None = None
    remind_at: tuple[datetime, ...] = ()
    since: datetime | None = None
    also_about: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleAlert:
    """What a rule tells people of. `cause` is what made it so: one cause is told once, however often it is looked at.

    What `counts` is an event, not a state: another cause for the same `reason` counts on the alert that is active.
    """

    rule: str
    reason: str
    cause: str
    severity: Severity
    message: Text
    roles: tuple[Role, ...]
    counts: bool = False


@dataclass(frozen=True, slots=True)
class Effects:
    """All that the rules want for one record now: other tasks of theirs are to be closed."""

    tasks: tuple[RuleTask, ...] = ()
    alerts: tuple[RuleAlert, ...] = ()
