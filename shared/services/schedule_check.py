"""Checking the eligibility of everybody who has a visit in a range of days: begun once, done as a job."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol
from uuid import UUID

from shared.auth.permissions import allows_action
from shared.db.selector import DatabaseSelector
from shared.errors import FieldError, ForbiddenError, NotFoundError, ValidationFailedError
from shared.models.api.modes import BatchCheckParams, QuickActionAccepted, QuickActionResult
from shared.models.caller import Caller
from shared.models.firestore.documents import ContextDocument
from shared.models.guidance import GuidanceAction
from shared.models.records import Visit
from shared.repositories.changes import KeptAnswer
from shared.services.clock import Clock
from shared.services.contexts import ContextService
from shared.services.jobs import JobService, NewJob, Params

ACTION = "batch_check_schedule"
MODE = "eligibility"
MOST_VISITS = 2_000
_VIEW = GuidanceAction(label="View Full Record", action="view_record")


class VisitCheck(Protocol):
    """What the eligibility mode does for one visit."""

    def __call__(
        self, caller: Caller, patient: str, visit_id: UUID, context: ContextDocument | None
    ) -> QuickActionResult:
        """Check a patient for a visit, as `check_eligibility` does in the visit's context."""
        ...


class ScheduleCheck:
    """Begins the check of a schedule, and checks one visit of it."""

    def __init__(
        self, db: DatabaseSelector, contexts: Callable[[], ContextService], check: VisitCheck, *, now: Clock
    ) -> None:
        self._db = db
        self._contexts = contexts
        self._check = check
        self._now = now

    def begin(self, caller: Caller, context: ContextDocument, params: BatchCheckParams) -> QuickActionResult:
        """Begin the check of the visits of a day or of several, of one provider or of all."""
        first, last = params.days(caller.today(self._now()))
        visits = self._db.postgres.eligibility.visits_between(
            caller.client_id, first, last, provider=params.provider_id, limit=MOST_VISITS + 1
        )
        if visits is None:
            raise _refused("providerId", "unknown_provider", "There is no such provider")
        if len(visits) > MOST_VISITS:
            field = "date" if params.date_from is None else "dateTo"
            raise _refused(field, "too_many_visits", f"There are more than {MOST_VISITS} visits: ask for fewer days")
        event = caller.changed(
            "job",
            resource_ref=context.id,
            mode=MODE,
            metadata={"action": ACTION, "visits": str(len(visits))},
        )

        def answer(job_id: str) -> KeptAnswer | None:
            key = caller.idempotency
            body = _accepted(job_id, len(visits)).model_dump_json(by_alias=True)
            return None if key is None else KeptAnswer(key, QuickActionAccepted.status, body)

        new = NewJob(ACTION, [str(one) for one in visits], {"dateFrom": first.isoformat(), "dateTo": last.isoformat()})
        job = JobService(lambda: self._db.firestore.jobs, now=self._now).begin(caller, new, event, answer)
        return _accepted(job.id, len(visits))

    def check_visit(self, caller: Caller, item: str, params: Params) -> None:
        """Check one visit, as a JobKind. Raises ForbiddenError when the caller may not, NotFoundError for none."""
        del params
        if not allows_action(caller.role, ACTION):
            raise ForbiddenError("Your role does not allow this action")
        visit: Visit | None = self._db.postgres.authorizations.visit(caller.client_id, item)
        if visit is None or visit.patient_id is None:
            raise NotFoundError("There is no such record")
        context = self._contexts().known(caller.client_id, MODE, "visit", visit.id)
        self._check(caller, str(visit.patient_id), visit.id, context)


def _accepted(job_id: str, total: int) -> QuickActionAccepted:
    data: dict[str, Any] = {"jobId": job_id, "total": total, "status": "pending"}
    return QuickActionAccepted(success=True, data=data, guidance_actions=(_VIEW,))


def _refused(member: str, code: str, message: str) -> ValidationFailedError:
    return ValidationFailedError(message, errors=(FieldError(f"params.{member}", code, message),))
