"""A job's turns, pure: who may begin one, what a finished one leaves, when a job is over.

A turn is begun on the document as an event shows it, so an event that comes twice or late begins nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from shared.models.firestore.jobs import JobDocument, JobOutcome

LEASE = timedelta(seconds=90)  # longer than a turn may take (run_job's timeoutSeconds)
DONE = "done"


class Turn(StrEnum):
    """What an event about a job means for whoever handles it."""

    MINE = "mine"
    TAKEN = "taken"
    STALE = "stale"


def turn_of(job: JobDocument, *, turns_done: int, now: datetime) -> Turn:
    """Tell whether the turn that an event (with its `turns_done`) asks for is still to be begun."""
    if not job.is_open or job.turns_done != turns_done:
        return Turn.STALE
    if job.turns_begun > job.turns_done and job.lease_until is not None and job.lease_until > now:
        return Turn.TAKEN
    return Turn.MINE


def begun(job: JobDocument, *, now: datetime) -> JobDocument:
    """The job with its next turn begun."""
    return _changed(
        job,
        now,
        state="running",
        turns_begun=job.turns_done + 1,
        lease_until=now + LEASE,
        started_at=job.started_at or now,
    )


def with_outcomes(job: JobDocument, outcomes: Sequence[JobOutcome], *, now: datetime) -> JobDocument:
    """The job with the turn that was begun done, and over when no item is left."""
    failed = sum(one.code != DONE for one in outcomes)
    every = (*job.outcomes, *outcomes)
    over = len(every) >= len(job.items)
    return _changed(
        job,
        now,
        state="done" if over else "running",
        is_open=not over,
        turns_done=job.turns_begun,
        lease_until=None,
        done_count=job.done_count + len(outcomes) - failed,
        failed_count=job.failed_count + failed,
        outcomes=every,
        finished_at=now if over else None,
    )


def failed(job: JobDocument, error: str, *, now: datetime) -> JobDocument:
    """The job ended as a whole, for the reason `error`."""
    return _changed(
        job,
        now,
        state="failed",
        is_open=False,
        error=error,
        lease_until=None,
        finished_at=now,
        turns_done=job.turns_begun,
    )


def lent_no_longer(job: JobDocument, *, now: datetime) -> JobDocument:
    """The job with a turn that ended in nothing: the event's next delivery may begin it again."""
    return _changed(job, now, lease_until=now)


def given_back(job: JobDocument, *, now: datetime) -> JobDocument:
    """The job with a turn that nobody finished to be begun again."""
    return _changed(job, now, turns_begun=job.turns_done, lease_until=None)


def _changed(job: JobDocument, now: datetime, **members: object) -> JobDocument:
    return job.model_copy(update={**members, "version": job.version + 1, "updated_at": now})
