"""Long work: begun by a request, done in turns by `run_job`, looked at until it is over.

A job is a document. Each turn does some of its items and writes what came of them, and that write is the event that
begins the next turn; so nothing is kept in a process, and what a killed one began is done again. Items are therefore
done at least once, each under an idempotency key of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Protocol
from uuid import UUID

from pydantic import ValidationError

from shared.auth.permissions import Permission, allows
from shared.domain import job as rules
from shared.domain.job import Turn
from shared.errors import MobiusError, NotFoundError, PermanentEventError, StoreUnavailableError
from shared.models.api.jobs import JobView
from shared.models.audit import AuditAction, AuditEvent
from shared.models.caller import Caller, IdempotencyKey
from shared.models.firestore.jobs import JobCaller, JobDocument, JobOutcome
from shared.models.identifiers import derived_document_id
from shared.models.outcome import Outcome
from shared.models.replay import Replayed
from shared.models.roles import Role
from shared.repositories.changes import Change, KeptAnswer
from shared.repositories.document_protocols import JobRepository, OpenJobs
from shared.repositories.protocols import MemberRepository
from shared.services.clock import Clock, utc_now

KEPT_FOR = timedelta(days=7)
TURN_ITEMS = 50
TURN_SECONDS = 20.0
ABANDONED_AFTER = timedelta(minutes=2)
SWEPT_AT_ONCE = 100

Params = Mapping[str, str | int | bool | None]


class JobKind(Protocol):
    """What a kind of job does with one item. It raises the MobiusError that ends the item."""

    def __call__(self, caller: Caller, item: str, params: Params) -> None:
        """Do the item as `caller`, whose idempotency key is the item's own."""
        ...


@dataclass(frozen=True, slots=True)
class NewJob:
    """What to do: a kind, its items (uuids) and what holds for all of them."""

    kind: str
    items: Sequence[str]
    params: Params


class JobService:
    """Begins jobs and shows them."""

    def __init__(self, jobs: Callable[[], JobRepository], *, now: Clock = utc_now) -> None:
        self._jobs = jobs
        self._now = now

    def begin(
        self, caller: Caller, new: NewJob, event: AuditEvent, answer: Callable[[str], KeptAnswer | None]
    ) -> JobDocument:
        """Store a job with its audit event and the `answer` to keep for its id; it is begun by its own event.

        A repeated request finds its job. Raises Replayed.
        """
        now = self._now()
        key = caller.idempotency.id if caller.idempotency else str(event.id)
        job_id = derived_document_id("job", caller.client_id, new.kind, key)
        job = JobDocument(
            id=job_id,
            client_id=str(caller.client_id),
            created_at=now,
            updated_at=now,
            kind=new.kind,
            state="queued" if new.items else "done",
            is_open=bool(new.items),
            created_by=str(caller.user_id),
            caller=JobCaller(
                uid=caller.uid,
                user_id=str(caller.user_id),
                session_id=caller.session_id,
                request_id=caller.request_id,
                action=caller.action.value,
            ),
            params=dict(new.params),
            items=tuple(new.items),
            total=len(new.items),
            expire_at=now + KEPT_FOR,
        )
        return self._jobs().create(job, event, answer(job_id))[0]

    def get(self, caller: Caller, job_id: str) -> JobView:
        """Return a job to who began it and to leads. Raises NotFoundError."""
        job = self._jobs().get(caller.client_id, job_id)
        mine = job is not None and job.created_by == str(caller.user_id)
        if job is None or not (mine or allows(caller.role, Permission.JOB_READ_ALL)):
            raise NotFoundError("There is no such record")
        return JobView.of(job)


class JobRunner:
    """Does the turns of jobs. `kinds` are made on first use."""

    def __init__(
        self,
        jobs: JobRepository,
        members: MemberRepository,
        kinds: Mapping[str, Callable[[], JobKind]],
        *,
        now: Clock = utc_now,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._jobs = jobs
        self._members = members
        self._kinds = kinds
        self._now = now
        self._clock = clock

    def job_written(self, job_id: str, after: Mapping[str, Any] | None) -> Outcome:
        """Do the turn that a change of a job asks for.

        Raises StoreUnavailableError while another does it (so that the event comes again, should that one be killed),
        PermanentEventError for what is no job.
        """
        if after is None or not after.get("isOpen"):
            return Outcome.UNCHANGED
        seen = _read(job_id, after)
        if seen.turns_begun > seen.turns_done:  # the event of a turn that was begun
            return Outcome.UNCHANGED
        mine, job = self._begin(seen)
        if not mine:
            return Outcome.UNCHANGED
        caller = self._caller(job)
        kind = self._kinds.get(job.kind)
        if caller is None or kind is None:
            self._end_turn(job, lambda stored: rules.failed(stored, _reason(caller), now=self._now()))
            return Outcome.DONE
        try:
            outcomes = self._do(kind(), caller, job)
        except StoreUnavailableError:
            self._end_turn(job, lambda stored: rules.lent_no_longer(stored, now=self._now()))
            raise
        self._end_turn(job, lambda stored: rules.with_outcomes(stored, outcomes, now=self._now()))
        return Outcome.DONE

    def _begin(self, seen: JobDocument) -> tuple[bool, JobDocument]:
        """Begin the turn after `seen`, unless it was begun; whether that was done here, and the job then."""
        turn = Turn.STALE

        def decide(stored: JobDocument) -> Change[JobDocument] | None:
            nonlocal turn
            turn = rules.turn_of(stored, turns_done=seen.turns_done, now=self._now())
            return Change(rules.begun(stored, now=self._now()), None) if turn is Turn.MINE else None

        try:
            job = self._jobs.change(UUID(seen.client_id), seen.id, decide)
        except NotFoundError:
            return False, seen
        if turn is Turn.TAKEN:
            raise StoreUnavailableError("Somebody is at work on this job", retry_after=10)
        return turn is Turn.MINE, job

    def _do(self, kind: JobKind, caller: Caller, job: JobDocument) -> list[JobOutcome]:
        """Do the next items, for as long as a turn may take, but at least one.

        Raises StoreUnavailableError when a store went away before the first was done.
        """
        until = self._clock() + TURN_SECONDS
        outcomes: list[JobOutcome] = []
        for item in job.items[len(job.outcomes) :][:TURN_ITEMS]:
            try:
                code = _done(kind, caller, job, item)
            except StoreUnavailableError:
                if not outcomes:
                    raise
                break
            outcomes.append(JobOutcome(reference=item, code=code))
            if self._clock() >= until:
                break
        return outcomes

    def _end_turn(self, begun: JobDocument, ended: Callable[[JobDocument], JobDocument]) -> None:
        """Write what the turn came to; a turn that somebody else has taken over since is theirs."""

        def decide(stored: JobDocument) -> Change[JobDocument] | None:
            mine = (stored.turns_done, stored.lease_until) == (begun.turns_done, begun.lease_until)
            return Change(ended(stored), None) if mine and stored.is_open else None

        self._jobs.change(UUID(begun.client_id), begun.id, decide)

    def _caller(self, job: JobDocument) -> Caller | None:
        """Who asked, with today's role; None when they are no active member any more."""
        member = self._members.get(job.caller.uid)
        if member is None or member.status != "active" or member.client_id != job.client_id:
            return None
        return Caller(
            uid=job.caller.uid,
            user_id=UUID(job.caller.user_id),
            client_id=UUID(job.client_id),
            role=Role(member.role),
            session_id=job.caller.session_id,
            time_zone=member.time_zone,
            request_id=job.caller.request_id,
            action=AuditAction(job.caller.action),
        )


class JobSweep:
    """Lets turns that nobody finished be begun again."""

    def __init__(self, open_jobs: OpenJobs, jobs: JobRepository, *, now: Clock = utc_now) -> None:
        self._open_jobs = open_jobs
        self._jobs = jobs
        self._now = now

    def run(self) -> Outcome:
        """Give back what has not moved for two minutes: its event was lost, or its handler was killed."""
        now = self._now()
        found = self._open_jobs.unmoved_since(now - ABANDONED_AFTER, limit=SWEPT_AT_ONCE)

        def decide(stored: JobDocument) -> Change[JobDocument] | None:
            still = stored.is_open and stored.updated_at <= now - ABANDONED_AFTER
            return Change(rules.given_back(stored, now=now), None) if still else None

        for job in found:
            self._jobs.change(UUID(job.client_id), job.id, decide)
        return Outcome.DONE if found else Outcome.UNCHANGED


def _done(kind: JobKind, caller: Caller, job: JobDocument, item: str) -> str:
    """Do one item; `done`, or the code of what is wrong with it. A store that is away ends the turn instead."""
    key = IdempotencyKey(id=derived_document_id("item", job.id, item), request=job.id)
    try:
        kind(replace(caller, idempotency=key), item, job.params)
    except Replayed:
        return rules.DONE
    except StoreUnavailableError:
        raise
    except MobiusError as exc:
        return exc.code
    return rules.DONE


def _read(job_id: str, fields: Mapping[str, Any]) -> JobDocument:
    try:
        return JobDocument.model_validate({**fields, "id": job_id})
    except ValidationError as exc:
        raise PermanentEventError("not a job") from exc


def _reason(caller: Caller | None) -> str:
    return "caller_not_active" if caller is None else "unknown_kind"
