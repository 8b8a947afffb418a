"""The front desk's quick actions: each works on the visit that is named, else on the context's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partialmethod
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.auth.permissions import allows_action
from shared.domain.visit.day import status_of
from shared.domain.visit.moving import moved, override_taken_back, taken_back, withdrawn
from shared.domain.visit.states import UNDO, VisitMove
from shared.domain.visit.waits import no_show_from
from shared.errors import ConflictError, FieldError, ValidationFailedError
from shared.models.api.modes import QuickActionResult
from shared.models.api.visits import (
    AppointmentQuery,
    CancelParams,
    CheckInFacts,
    CheckInParams,
    CheckInRequest,
    CheckInStep,
    CopayParams,
    MoveParams,
    RescheduleParams,
    VisitParams,
    VisitView,
    WalkInParams,
)
from shared.models.caller import Caller
from shared.models.firestore.documents import ContextDocument
from shared.models.guidance import GuidanceAction
from shared.models.visit import DeskVisit, VisitStep
from shared.repositories.visit_protocols import VisitCase, WalkInGround
from shared.services.contexts import ContextService, patient_of
from shared.services.visit_action_table import VISIT_ACTIONS
from shared.services.visit_bookings import rescheduled, walk_in
from shared.services.visit_check_in import check_copay, check_in, fact, override_readiness
from shared.services.visit_views import is_called_off
from shared.services.visits import MODE, Answer, Done, Step, Stepped, VisitService

_LABELS: Mapping[str, str] = {rule.name: rule.label for rule in VISIT_ACTIONS}


class VisitActions:
    """See VISIT_ACTIONS. Each answer shows the visit as it is then, and the steps that are possible next."""

    def __init__(self, service: VisitService, contexts: Callable[[], ContextService]) -> None:
        self._service = service
        self._contexts = contexts

    def schedule(self, caller: Caller, context: ContextDocument, params: AppointmentQuery) -> QuickActionResult:
        """Show a day's board."""
        board = self._service.board(caller, params).model_dump(mode="json", by_alias=True)
        return QuickActionResult(success=True, data={"status": context.status, **board}, guidance_actions=())

    def _move(
        self, caller: Caller, context: ContextDocument, params: MoveParams | CancelParams, *, move: VisitMove
    ) -> QuickActionResult:
        """Make a move that asks for nothing else."""

        def step(case: VisitCase, now: datetime) -> Stepped:
            return _moved(caller, case, move, params.reason, now)

        return self._acted(caller, context, params, step, move)

    confirm_appointment = partialmethod(_move, move="confirm_appointment")
    room_patient = partialmethod(_move, move="room_patient")
    start_visit = partialmethod(_move, move="start_visit")
    check_out = partialmethod(_move, move="check_out")
    complete_visit = partialmethod(_move, move="complete_visit")
    cancel_visit = partialmethod(_move, move="cancel_visit")
    left_without_being_seen = partialmethod(_move, move="left_without_being_seen")

    def mark_arrived(self, caller: Caller, context: ContextDocument, params: MoveParams) -> QuickActionResult:
        """Let the patient have come: on the day of the visit only, in time or late."""

        def step(case: VisitCase, now: datetime) -> Stepped:
            stepped = _moved(caller, case, "mark_arrived", params.reason, now)
            on = case.visit.visit_date
            if on != caller.today(now):
                raise ConflictError("The visit is on another day", code="other_day", visitDate=on.isoformat())
            return stepped

        return self._acted(caller, context, params, step, "mark_arrived")

    def mark_no_show(self, caller: Caller, context: ContextDocument, params: MoveParams) -> QuickActionResult:
        """Say that the patient has not come, once the grace is over."""

        def step(case: VisitCase, now: datetime) -> Stepped:
            stepped = _moved(caller, case, "mark_no_show", params.reason, now)
            begin = no_show_from(case.visit, case.settings, ZoneInfo(caller.time_zone))
            if now < begin:
                at = begin.astimezone(ZoneInfo("UTC")).isoformat().replace("+00:00", "Z")
                raise ConflictError("The patient may still come", code="grace_not_over", possibleAt=at)
            return stepped

        return self._acted(caller, context, params, step, "mark_no_show")

    def start_check_in(self, caller: Caller, context: ContextDocument, params: CheckInParams) -> QuickActionResult:
        """Begin to check the patient in."""
        return self._acted(caller, context, params, _check_in_step(caller, params, "start"), "start_check_in")

    def complete_check_in(self, caller: Caller, context: ContextDocument, params: CheckInParams) -> QuickActionResult:
        """Check the patient in, when nothing is missing."""
        return self._acted(caller, context, params, _check_in_step(caller, params, "complete"), "complete_check_in")

    def check_in(self, caller: Caller, body: CheckInRequest) -> VisitView:
        """Check a visit in, by its id or by a context's. Raises ValidationFailedError when it is not clear which."""
        if body.visit_id is not None and body.context_id is not None:
            raise _refused("contextId", "ambiguous", "cannot be sent beside visitId")
        if body.visit_id is None and body.context_id is None:
            raise _refused("visitId", "missing", "or contextId is needed: say which visit")
        reference = body.visit_id
        if reference is None:
            context = self._contexts().context_in(caller, MODE, body.context_id)
            reference = self._visit_in(caller, context, "visitId")
        step, change = _check_in_step(caller, body, body.step), f"check_in_{body.step}"
        return self._service.change(caller, reference, step, change, version=body.version).view

    def override_readiness(self, caller: Caller, context: ContextDocument, params: CancelParams) -> QuickActionResult:
        """Let the visit go on though it is not ready."""

        def step(case: VisitCase, now: datetime) -> Stepped:
            return override_readiness(caller, case, params.reason, now)

        return self._acted(caller, context, params, step, "override_readiness")

    def record_copay(self, caller: Caller, context: ContextDocument, params: CopayParams) -> QuickActionResult:
        """Record what the patient paid, or why nothing is taken."""

        def step(case: VisitCase, now: datetime) -> Stepped:
            if is_called_off(case.visit):
                raise ConflictError("The visit does not take place", code="called_off", current=case.visit.status)
            check_copay(case, params.amount_cents, at="params", additional=params.additional)
            if params.waived is not None:
                found = fact(caller, "copay_waived", now, reason=params.waived)
            else:
                found = fact(caller, "copay", now, details=(params.method,), cents=params.amount_cents)
            return Stepped(case.visit, facts=(found,))

        return self._acted(caller, context, params, step, "record_copay")

    def reschedule_visit(self, caller: Caller, context: ContextDocument, params: RescheduleParams) -> QuickActionResult:
        """Let another visit take this one's place."""

        def step(case: VisitCase, now: datetime) -> Stepped:
            return rescheduled(caller, case, params, now)

        return self._acted(caller, context, params, step, "reschedule_visit", provider=params.provider_id)

    def undo_last_status(self, caller: Caller, context: ContextDocument, params: VisitParams) -> QuickActionResult:
        """Take the last step back, with all that came with it."""

        def step(case: VisitCase, now: datetime) -> Stepped:
            return _undone(caller, case, now)

        return self._acted(caller, context, params, step, UNDO)

    def add_walk_in(self, caller: Caller, context: ContextDocument, params: WalkInParams) -> QuickActionResult:
        """Make a visit of today for a patient without an appointment, who is here."""

        def make(ground: WalkInGround, now: datetime) -> tuple[DeskVisit, DeskVisit, VisitStep]:
            if context.patient_uuid is not None and str(ground.patient.id) != context.patient_uuid:
                raise _refused("params.patientId", "other_patient", "is another patient than the context's")
            return walk_in(caller, params, ground, now)

        done = self._service.add_walk_in(
            caller,
            params.patient_id or patient_of(context),
            make,
            answer=_answer(caller),
            provider=params.provider_id,
        )
        return QuickActionResult.model_validate_json(done.body)

    def _acted(
        self,
        caller: Caller,
        context: ContextDocument,
        params: VisitParams,
        step: Step,
        change: str,
        *,
        provider: str | None = None,
    ) -> QuickActionResult:
        reference = params.visit_id or self._visit_in(caller, context, "params.visitId")

        def on_this_patient(case: VisitCase, now: datetime) -> Stepped:
            if context.patient_uuid is not None and str(case.visit.patient_id) != context.patient_uuid:
                raise _refused("params.visitId", "other_patient", "is another patient's visit than the context's")
            return step(case, now)

        done: Done = self._service.change(
            caller,
            reference,
            on_this_patient,
            change,
            version=params.version,
            answer=_answer(caller),
            provider=provider,
        )
        return QuickActionResult.model_validate_json(done.body)

    def _visit_in(self, caller: Caller, context: ContextDocument, member: str) -> str:
        """The context's visit, or its patient's one visit of today. Raises ValidationFailedError."""
        if context.record_type == "visit":
            return context.record_uuid
        found = self._service.of_patient_today(caller, UUID(patient_of(context)))
        if not found:
            raise _refused(member, "no_visit_today", "is needed: the patient has no visit today")
        if len(found) > 1:
            raise _refused(member, "ambiguous", "is needed: the patient has several visits today")
        return str(found[0])


def _moved(caller: Caller, case: VisitCase, move: VisitMove, reason: str | None, now: datetime) -> Stepped:
    visit, step = moved(case.visit, case.history, move, reason=reason, by=caller.user_id, now=now)
    return Stepped(visit, (step,))


def _check_in_step(caller: Caller, given: CheckInFacts, part: CheckInStep) -> Step:
    return lambda case, now: check_in(caller, case, given, part, now)


def _undone(caller: Caller, case: VisitCase, now: datetime) -> Stepped:
    visit, step, last = taken_back(case.visit, case.history, by=caller.user_id, now=now)
    unmade = None
    if last.now == "rescheduled" and case.successor is not None:
        if case.successor.touched:
            words = "The visit that took its place was worked on since"
            raise ConflictError(words, code="successor_in_use", successor=str(case.successor.id))
        unmade = case.successor.id
    gone = withdrawn(case.facts, last.id)
    steps: tuple[VisitStep, ...] = (step,)
    if any(one.kind == "readiness_override" for one in gone):
        visit, readiness = override_taken_back(visit, case.history, by=caller.user_id, now=now)
        steps = (step,) if readiness is None else (step, readiness)
    told: dict[str, Any] = {
        "undone": last.now,
        "takenBack": {
            "facts": [one.kind for one in gone],
            "copayCents": sum(one.cents or 0 for one in gone),
            "visitId": None if unmade is None else str(unmade),
        },
    }
    return Stepped(visit, steps, withdrawn_step=last.id, unmade=unmade, told=told)


def _answer(caller: Caller) -> Answer:
    """The answer of a quick action: the visit, and which steps it takes next."""

    def answer(case: VisitCase, view: VisitView, told: dict[str, Any]) -> str:
        data = {"status": status_of(case.visit), "visit": view.model_dump(mode="json", by_alias=True), **told}
        steps = (*view.allowed, *((UNDO,) if view.undo_until is not None else ()))
        actions = tuple(
            GuidanceAction(label=_LABELS[name], action=name, id=f"{MODE}.{name}", params={"visitId": view.id})
            for name in steps
            if allows_action(caller.role, name)
        )
        return QuickActionResult(success=True, data=data, guidance_actions=actions).model_dump_json(by_alias=True)

    return answer


def _refused(member: str, code: str, message: str) -> ValidationFailedError:
    return ValidationFailedError(f"{member} {message}", errors=(FieldError(member, code, message),))
