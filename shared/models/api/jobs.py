"""How far long work is, as clients see it."""

from __future__ import annotations

from datetime import datetime

from shared.models.api.base import AnswerModel
from shared.models.firestore.jobs import JobDocument, JobState


class JobOutcomeView(AnswerModel):
    """How one item ended: `done`, or the code of what was wrong with it."""

    reference: str
    code: str


class JobView(AnswerModel):
    """A job: `done` and `failed` count items of `total`; `error` tells why the whole ended early."""

    job_id: str
    kind: str
    state: JobState
    total: int
    done: int
    failed: int
    outcomes: tuple[JobOutcomeView, ...]
    error: str | None
    started_at: datetime | None
    finished_at: datetime | None

    @classmethod
    def of(cls, job: JobDocument) -> JobView:
        """Show `job`."""
        return cls(
            job_id=job.id,
            kind=job.kind,
            state=job.state,
            total=len(job.items),
            done=job.done_count,
            failed=job.failed_count,
            outcomes=tuple(JobOutcomeView(reference=one.reference, code=one.code) for one in job.outcomes),
            error=job.error,
            started_at=job.started_at,
            finished_at=job.finished_at,
        )
