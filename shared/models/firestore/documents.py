"""Firestore documents: field names are camelCase in the store, times are UTC.

Unknown fields are ignored here and preserved by updates, which name the fields they change.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

TaskState = Literal[
    "scheduled",
    "open",
    "accepted",
    "in_progress",
    "on_hold",
    "completed",
    "cancelled",
    "rejected",
    "failed",
    "auto_closed",
]
TaskMove = Literal["complete", "accept", "start", "hold", "release", "reject", "cancel", "fail", "reopen"]
TaskType = Literal["normal", "shared", "backend"]
RepeatUnit = Literal["day", "week", "month", "year"]
ContextStatus = Literal["proceed", "pending", "error"]


class Document(BaseModel):
    """What every document has. `schema` counts the document's shape, `version` its changes."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="ignore", frozen=True, defer_build=True
    )

    id: str
    client_id: str
    version: int = 1
    created_at: datetime
    updated_at: datetime
    schema_version: int = Field(default=1, alias="schema")

    def fields(self) -> dict[str, Any]:
        """The document as the store holds it: camelCase, no id (that is its path)."""
        return self.model_dump(by_alias=True, exclude={"id"})


class Part(BaseModel):
    """A map inside a document."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="ignore", frozen=True, defer_build=True
    )


class StoredAnswer(BaseModel):
    """The answer kept for a repeated request: `request` is the hash of what was asked. Honoured for 24 hours."""

    model_config = ConfigDict(frozen=True)

    request: str
    answer: str


class FollowUp(Part):
    """The task that the completion of another opens: due `in_days` later."""

    label: str
    in_days: int = 0
    assigned_to: str | None = None


class Repeat(Part):
    """How a task comes again, counted on the organisation's own clocks.

    `anchor` is the local time (without a zone) of the due time that the series counts from, `index` how many steps
    after it this task is due. `start_lead` and `reminder_leads` are seconds from `not_before` and from each reminder to
    the due time, on the same clocks. `until` is the last day (`YYYY-MM-DD`) on which it may be due.
    """

    every: int = 1
    unit: RepeatUnit
    until: str | None = None
    anchor: str
    index: int = 0
    start_lead: int | None = None
    reminder_leads: tuple[int, ...] = ()


class TaskDocument(Document):
    """`tasks/{id}`. `completed` is derived from `state`.

    `audience` is `ctx:<id>` and, when shared, `rec:<type>:<uuid>`. `patient_uuid` is whose record it is about; older
    documents lack it. `follows` is the task whose completion opened this one, `linked_to` the shared task whose
    back-office side this one is; `follows_version` and `linked_version` are the versions of those tasks (of the
    back-office side, for a shared task) that this one has taken notice of, `linked_outcome` what that has made of it.
    `pool` is the role (`role:…`) that somebody took it from. `reminded_through` is the last reminder
    that was sent. Completing a task that repeats makes `follower_id`, in the same series. A rule's task has its
    `dedupe_key`, and counts with `occurrence` how often the rule has made one.
    """

    context_id: str
    mode: str
    record_type: str
    record_uuid: str
    patient_uuid: str | None = None
    label: str
    description: str | None = None
    type: TaskType = "normal"
    source: str
    state: TaskState = "open"
    completed: bool = False
    is_open: bool = True
    assigned_to: str | None = None
    assigned_by: str | None = None
    assigned_at: datetime | None = None
    pool: str | None = None
    priority: Literal["low", "normal", "high", "urgent"] = "normal"
    due_at: datetime | None = None
    not_before: datetime | None = None
    snoozed_until: datetime | None = None
    remind_at: tuple[datetime, ...] = ()
    reminded_through: datetime | None = None
    repeat: Repeat | None = None
    series_id: str | None = None
    follower_id: str | None = None
    dedupe_key: str | None = None
    occurrence: int = 1
    reason: str | None = None
    created_by: str
    completed_by: str | None = None
    completed_at: datetime | None = None
    deleted_at: datetime | None = None
    follow_up: FollowUp | None = None
    follows: str | None = None
    follows_version: int = 0
    linked_to: str | None = None
    linked_version: int = 0
    linked_outcome: str | None = None
    audience: tuple[str, ...]
    sort_at: datetime
    idempotency: StoredAnswer | None = None

    @property
    def waiting_reminders(self) -> tuple[datetime, ...]:
        """The reminders that have not been sent yet, soonest first; none of a task that is closed or deleted."""
        if not self.is_open or self.deleted_at is not None:
            return ()
        return tuple(at for at in self.remind_at if self.reminded_through is None or at > self.reminded_through)

    @property
    def next_reminder_at(self) -> datetime | None:
        """When the next reminder is to be sent. A snoozed task reminds of itself when it is back."""
        if not self.waiting_reminders:
            return None
        return max(self.waiting_reminders[0], self.snoozed_until or self.waiting_reminders[0])

    def fields(self) -> dict[str, Any]:
        """See Document.fields. `nextReminderAt` is stored with every write, for the query that finds what is due."""
        return super().fields() | {"nextReminderAt": self.next_reminder_at}


class Fact(BaseModel):
    """One line of a summary and where it comes from (`source` is `table/uuid` or `rule:Enn`).

    `value` is made from `code` and `params` where it is a text; older facts have none.
    """

    model_config = ConfigDict(frozen=True)

    label: str
    value: str
    source: str
    code: str | None = None
    params: dict[str, str] = Field(default={})


class ContextDocument(Document):
    """`contexts/{id}`: one record in one mode, shared by everybody who works on it. `id` is derived (keyed HMAC).

    Status, summary and facts are a snapshot `as_of` a moment; `facts_version` counts how often it said something new.
    `record_version` is the newest version of the record that is known to have been looked at since it changed.
    """

    mode: str
    record_type: str
    record_id: str
    record_uuid: str
    patient_uuid: str | None = None
    status: ContextStatus = "proceed"
    summary: str
    facts: tuple[Fact, ...] = ()
    facts_version: int = 1
    record_version: int | None = None
    payer_uuids: tuple[str, ...] = ()
    as_of: datetime
    open_task_count: int = 0
    open_task_count_at: datetime | None = None


class SessionDocument(Document):
    """`sessions/{uid}_{auth_time}`: one sign-in; the security rules read `openContexts` and `endedAt`.

    It is over at `expire_at` (fixed by the sign-in), at `idle_until` (put off by use), or with `ended_at`. Nothing but
    the security rules reads `idle_until`; older documents lack it and are not live to them until their next use.
    """

    uid: str
    user_id: str
    role: str
    current_mode: str | None = None
    current_contexts: dict[str, str] = {}
    open_contexts: tuple[str, ...] = ()
    ended_at: datetime | None = None
    last_activity_at: datetime
    idle_until: datetime | None = None
    expire_at: datetime


class MemberDocument(BaseModel):
    """`members/{uid}`: who belongs to which organisation with which role (mirror of `users`)."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="ignore", frozen=True, defer_build=True
    )

    client_id: str
    user_id: str
    role: str
    status: Literal["active", "invited", "deactivated"] = "active"
    time_zone: str = "UTC"
    tokens_valid_after: datetime | None = None
