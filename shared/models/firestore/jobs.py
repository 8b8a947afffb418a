"""Long work that answers 202: what it is and how far it is."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from shared.models.firestore.documents import Document, Part

JobState = Literal["queued", "running", "done", "failed", "cancelled"]


class JobOutcome(Part):
    """How one item ended: `reference` is a record's uuid or a position in the input, `code` `done` or an error's."""

    reference: str
    code: str


class JobDocument(Document):
    """`jobs/{id}`: `total`, `done_count` and `failed_count` count items; TTL removes it at `expire_at`."""

    kind: str
    state: JobState = "queued"
    created_by: str
    total: int | None = None
    done_count: int = 0
    failed_count: int = 0
    outcomes: tuple[JobOutcome, ...] = ()
    error: str | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    expire_at: datetime
