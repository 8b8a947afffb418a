"""Long work that answers 202: what it is, for whom it is done, and how far it is."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from shared.models.firestore.documents import Document, Part

JobState = Literal["queued", "running", "done", "failed", "cancelled"]
OPEN_STATES = frozenset({"queued", "running"})


class JobOutcome(Part):
    """How one item ended: `reference` is a record's uuid or a position in the input, `code` `done` or an error's."""

    reference: str
    code: str


class JobCaller(Part):
    """Who asked for the work, in which sign-in and request: each item is done, and audited, as theirs."""

    uid: str
    user_id: str
    session_id: str
    request_id: str
    action: str


class JobDocument(Document):
    """`jobs/{id}`: `total`, `done_count` and `failed_count` count items; TTL removes it at `expire_at`.

    The work is done in turns. `turns_begun` is one more than `turns_done` while somebody is at work, at most until
    `lease_until`; after that, another may begin the same turn again.
    """

    kind: str
    state: JobState = "queued"
    is_open: bool = True
    created_by: str
    caller: JobCaller
    params: dict[str, str | int | bool | None] = Field(default={})
    items: tuple[str, ...] = ()
    total: int | None = None
    done_count: int = 0
    failed_count: int = 0
    outcomes: tuple[JobOutcome, ...] = ()
    error: str | None = None
    turns_begun: int = 0
    turns_done: int = 0
    lease_until: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    expire_at: datetime
