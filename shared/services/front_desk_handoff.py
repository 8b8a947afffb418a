"""Hands a visit on: a task for another role's pool in its own mode, and an alert that tells of it; both once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from shared.db.selector import DatabaseSelector
from shared.domain.raised_alert import Subject, raised_alert
from shared.domain.visit.clearing import reasons_of
from shared.errors import NotFoundError
from shared.models.api.front_desk_actions import HandoffParams
from shared.models.api.modes import QuickActionResult
from shared.models.api.tasks import NewTask, TaskView
from shared.models.audit import AuditEvent
from shared.models.caller import Caller
from shared.models.firestore.alerts import AlertDocument, Audience, Text
from shared.models.firestore.documents import ContextDocument, TaskType
from shared.models.roles import Role
from shared.models.snapshot import Snapshot
from shared.repositories.protocols import KeptAnswer
from shared.repositories.visit_protocols import VisitCase
from shared.services.access_log import AccessLog
from shared.services.clock import Clock
from shared.services.front_desk_day import visit_for
from shared.services.front_desk_guidance import MODE, FrontDeskGuidance
from shared.services.tasks import TaskService

if TYPE_CHECKING:
    from shared.services.contexts import ContextService


@dataclass(frozen=True, slots=True)
class Desk:
    """Where a hand-off goes: the mode and the pool, and what its task is."""

    mode: str
    pool: Role
    label: str
    type: TaskType


DESKS = {
    "eligibility": Desk(
        "eligibility", Role.ELIGIBILITY_SPECIALIST, "Clear what keeps a visit from being ready", "shared"
    ),
    "billing": Desk("backend", Role.BILLER, "Help the front desk with a visit", "backend"),
    "lead": Desk(MODE, Role.MANAGER, "Look after a patient who waits too long", "shared"),
}


class FrontDeskHandoffs:
    """See DAY_ACTIONS."""

    def __init__(
        self,
        db: DatabaseSelector,
        access_log: AccessLog,
        desk: FrontDeskGuidance,
        contexts: Callable[[], ContextService],
        *,
        now: Clock,
    ) -> None:
        self._db = db
        self._access_log = access_log
        self._desk = desk
        self._contexts = contexts
        self._tasks = TaskService(db, access_log, now=now)
        self._now = now

    def hand_off(self, caller: Caller, context: ContextDocument, params: HandoffParams) -> QuickActionResult:
        """Hand the visit on, unless this very hand-off is open already. Raises Replayed for a repeated request.

        The task comes first and the alert's id follows from it: whoever tries again after a failure in between makes
        what is missing and nothing twice.
        """
        self._db.firestore.kept_answers.recall(caller.idempotency)
        now = self._now().astimezone(ZoneInfo(caller.time_zone))
        case = visit_for(self._db, self._desk, caller, context, params.visit_id, now=now)
        where = DESKS[params.to]
        target = self._target(caller, case, where)
        mark = f"rec:visit:{case.visit.id}"
        # The answer is kept with the alert, which is written last.
        asking = replace(caller, idempotency=None)
        task, new = self._tasks.create_once(
            asking, _task(case, where, params, target), _key(case, params), context=target, also_about=(mark,)
        )
        told = self._tell(caller, target, case, where, task, context)
        if not new and not told:
            event = caller.changed(
                "task", resource_ref=task.id, patient_ref=str(case.visit.patient_id), mode=MODE, metadata={"open": True}
            )
            self._access_log.publish(event)
        return _result(task, context)

    def _target(self, caller: Caller, case: VisitCase, where: Desk) -> ContextDocument:
        """The patient's context in the other mode; made when nobody has opened it there yet."""
        patient = self._db.postgres.records.find_patient(caller.client_id, str(case.visit.patient_id))
        if patient is None:
            raise NotFoundError("There is no such record")
        empty = Snapshot("pending", f"Handed over by the front desk: patient {patient.mrn}…", ())
        return self._contexts().of_patient(caller.client_id, where.mode, patient, empty, cause=caller.request_id)

    def _tell(
        self,
        caller: Caller,
        target: ContextDocument,
        case: VisitCase,
        where: Desk,
        task: TaskView,
        context: ContextDocument,
    ) -> bool:
        """Tell the pool of the task, once; whether it was told now."""
        subject = Subject(
            str(caller.client_id), target.id, where.mode, "visit", str(case.visit.id), str(case.visit.patient_id)
        )
        wanted = raised_alert(
            subject,
            key=f"handoff:{task.id}",
            severity="info",
            message=Text(
                code="handed_off",
                params={"from": MODE, "taskId": task.id, "visit": case.visit.visit_number},
                text=f"The front desk hands over visit {case.visit.visit_number}",
            ),
            audience=Audience(roles=(where.pool.value,)),
            source="handoff",
            at=self._now().astimezone(UTC),
        ).model_copy(update={"created_by": str(caller.user_id)})
        key = caller.idempotency
        kept = None if key is None else KeptAnswer(key, 200, _result(task, context).model_dump_json(by_alias=True))
        return self._db.firestore.alerts.create(wanted, _alert_event(caller, wanted), kept)[1]


def _task(case: VisitCase, where: Desk, params: HandoffParams, target: ContextDocument) -> NewTask:
    reasons = "; ".join(one.text for one in reasons_of(case.visit.readiness, case.visit.readiness_reasons))
    said = [f"Visit {case.visit.visit_number} on {case.visit.visit_date.isoformat()}", reasons, params.note or ""]
    return NewTask(
        context_id=target.id,
        label=where.label,
        type=where.type,
        description="\n".join(one for one in said if one)[:4000],
        assigned_to=f"role:{where.pool.value}",
        due_at=params.due_at,
        priority=params.priority,
    )


def _key(case: VisitCase, params: HandoffParams) -> str:
    said = hashlib.sha256((params.note or "").encode()).hexdigest()[:32]
    return f"handoff:{params.to}:visit:{case.visit.id}:{said}"


def _result(task: TaskView, context: ContextDocument) -> QuickActionResult:
    data = {"status": context.status, "task": task.model_dump(mode="json", by_alias=True)}
    return QuickActionResult(success=True, data=data, guidance_actions=())


def _alert_event(caller: Caller, alert: AlertDocument) -> AuditEvent:
    return caller.changed(
        "alert",
        resource_ref=alert.id,
        patient_ref=alert.patient_uuid,
        mode=alert.mode,
        metadata={"severity": alert.severity, "count": alert.count},
    )
