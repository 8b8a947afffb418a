"""Visits at the front desk: the day's board, moves, check-in, and taking the last step back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

from shared.errors import FieldError, NotFoundError, PreconditionFailedError, ValidationFailedError
from shared.models.api.visits import AppointmentList, AppointmentQuery, VisitView
from shared.models.audit import AuditEvent
from shared.models.caller import Caller
from shared.models.cursor import encode_cursor
from shared.models.visit import CheckInFact, DeskVisit, VisitStep
from shared.repositories.protocols import KeptAnswer, RecordStore
from shared.repositories.visit_protocols import (
    NO_START,
    BoardFilter,
    BoardPosition,
    Successor,
    VisitCase,
    VisitChange,
    WalkInGround,
)
from shared.services.access_log import AccessLog
from shared.services.clock import Clock
from shared.services.positions import dated_position
from shared.services.visit_views import appointment_view, visit_view

MODE = "front-desk"
# Makes the body to answer and to keep, from the visit afterwards and what else is to be told.
Answer: TypeAlias = Callable[[VisitCase, VisitView, dict[str, Any]], str]


@dataclass(frozen=True, slots=True)
class Stepped:
    """A decided step: the visit afterwards, and all that is written beside it; `told` goes into the answer."""

    visit: DeskVisit
    steps: tuple[VisitStep, ...] = ()
    facts: tuple[CheckInFact, ...] = ()
    withdrawn_step: UUID | None = None
    made: DeskVisit | None = None
    unmade: UUID | None = None
    told: dict[str, Any] = field(default_factory=dict)


Step: TypeAlias = Callable[[VisitCase, datetime], Stepped]


@dataclass(frozen=True, slots=True)
class Done:
    """What a change brought about: the visit's view, and the body that was kept as the answer."""

    view: VisitView
    body: str


def visit_body(_: VisitCase, view: VisitView, __: dict[str, Any]) -> str:
    """The visit itself: what the routes answer."""
    return view.model_dump_json(by_alias=True)


class VisitService:
    """The board, and how a step is carried out: lock, version, step, history, audit event and kept answer at once."""

    def __init__(self, store: Callable[[], RecordStore], access_log: AccessLog, *, now: Clock) -> None:
        self._store = store
        self._access_log = access_log
        self._now = now

    def board(self, caller: Caller, query: AppointmentQuery) -> AppointmentList:
        """List a day's visits by their start. Raises ValidationFailedError for an unknown provider or cursor."""
        now = self._now()
        day = query.date or caller.today(now)
        wanted = BoardFilter(day, query.status, query.provider_id)
        filters = (caller.client_id, wanted)
        after = dated_position(query.cursor, filters)
        event = caller.seen("visit_list", mode=MODE, same=repr(wanted))
        with self._access_log.in_transaction(event) as seen:
            board = self._store().visits.board(
                caller.client_id,
                wanted,
                after=None if after is None else BoardPosition(*after),
                limit=query.limit + 1,
                seen=seen,
            )
            if board is None:
                raise unknown("providerId", "provider")
        shown = board.visits[: query.limit]
        cursor = None
        if len(board.visits) > query.limit:
            last = shown[-1].visit
            cursor = encode_cursor(filters, (last.starts_at or NO_START).isoformat(), str(last.id))
        lines = tuple(appointment_view(caller, line, board.settings, now) for line in shown)
        return AppointmentList(date=day, appointments=lines, next_cursor=cursor)

    def get(self, caller: Caller, reference: str) -> VisitView:
        """Return a visit by uuid or number, with its history. Raises NotFoundError for an unknown or foreign one."""
        event = caller.seen("visit", mode=MODE, same=reference)
        with self._access_log.in_transaction(event) as seen:
            case = self._store().visits.get(caller.client_id, reference, seen=seen)
            if case is None:
                raise NotFoundError("There is no such record")
        return visit_view(caller, case, self._now())

    def of_patient_today(self, caller: Caller, patient_id: UUID) -> Sequence[UUID]:
        """Return the patient's visits of today that were not called off, at most three.

        Raises Replayed: a repetition is answered again, though the visit that it moved may be called off by now.
        """
        self._store().eligibility.recall(caller.client_id, caller.idempotency)
        return self._store().visits.of_patient_on(caller.client_id, patient_id, caller.today(self._now()))

    def change(
        self,
        caller: Caller,
        reference: str,
        step: Step,
        change: str,
        *,
        version: int | None,
        answer: Answer = visit_body,
        provider: str | None = None,
    ) -> Done:
        """Make a step while nobody else moves the visit; `version` is the one that was read, `change` names it."""
        made: list[tuple[Done, AuditEvent]] = []

        def decide(case: VisitCase) -> VisitChange:
            now = self._now()
            _check_version(caller, case, version, now)
            stepped = step(case, now)
            visit = replace(stepped.visit, version=case.visit.version + 1)
            after = _afterwards(case, visit, stepped)
            view = visit_view(caller, after, now)
            body = answer(after, view, stepped.told)
            event = event_of(caller, case.visit, visit, change, made=stepped.made, unmade=stepped.unmade)
            made[:] = [(Done(view, body), event)]
            return VisitChange(
                visit=visit,
                event=event,
                kept=_kept(caller, body),
                steps=stepped.steps,
                facts=stepped.facts,
                withdrawn_step=stepped.withdrawn_step,
                made=stepped.made,
                unmade=stepped.unmade,
            )

        self._store().visits.change(
            caller.client_id,
            reference,
            decide,
            changed_by=caller.user_id,
            key=caller.idempotency,
            provider=provider,
        )
        done, event = made[0]
        self._access_log.hand_on(event)
        return done

    def add_walk_in(
        self,
        caller: Caller,
        patient: str,
        make: Callable[[WalkInGround, datetime], tuple[DeskVisit, DeskVisit, VisitStep]],
        *,
        answer: Answer,
        provider: str | None,
    ) -> Done:
        """Make a visit of today and let the patient have arrived. Raises NotFoundError for an unknown patient."""
        made: list[tuple[Done, AuditEvent]] = []
        now = self._now()

        def decide(ground: WalkInGround) -> VisitChange:
            new, arrived, step = make(ground, now)
            first = VisitStep(new.id, "status", None, new.status, None, caller.user_id, new.status_since)
            case = VisitCase(
                visit=arrived,
                patient=ground.patient,
                provider_name=ground.provider_name,
                settings=ground.settings,
                history=(first, step),
                facts=(),
                verified=ground.verified,
                copay=ground.copay,
            )
            view = visit_view(caller, case, now)
            body = answer(case, view, {})
            event = event_of(caller, new, arrived, "add_walk_in")
            made[:] = [(Done(view, body), event)]
            return VisitChange(visit=arrived, event=event, kept=_kept(caller, body), steps=(step,), made=new)

        self._store().visits.add_walk_in(
            caller.client_id,
            patient,
            decide,
            day=caller.today(now),
            changed_by=caller.user_id,
            key=caller.idempotency,
            provider=provider,
        )
        done, event = made[0]
        self._access_log.hand_on(event)
        return done


def event_of(
    caller: Caller,
    before: DeskVisit,
    after: DeskVisit,
    change: str,
    *,
    made: DeskVisit | None = None,
    unmade: UUID | None = None,
) -> AuditEvent:
    """Make the audit event of a change: references and states only, also of the visit that it made or took away."""
    beside = {"made": None if made is None else str(made.id), "unmade": None if unmade is None else str(unmade)}
    states = {"change": change, "from": before.status, "to": after.status, "version": after.version}
    return caller.changed(
        "visit",
        resource_id=after.id,
        patient_ref=str(after.patient_id),
        mode=MODE,
        metadata=states | {name: value for name, value in beside.items() if value is not None},
    )


def unknown(member: str, record_type: str) -> ValidationFailedError:
    """Make the error of a member that names no record."""
    message = f"There is no such {record_type}"
    return ValidationFailedError(message, errors=(FieldError(member, f"unknown_{record_type}", message),))


def _kept(caller: Caller, body: str) -> KeptAnswer | None:
    return KeptAnswer(caller.idempotency, 200, body) if caller.idempotency else None


def _check_version(caller: Caller, case: VisitCase, version: int | None, now: datetime) -> None:
    expected = caller.if_match if caller.if_match is not None else version
    if expected is not None and expected != case.visit.version:
        current = visit_view(caller, case, now).model_dump(mode="json", by_alias=True)
        raise PreconditionFailedError("The visit has changed since you read it", current=current)


def _afterwards(case: VisitCase, visit: DeskVisit, stepped: Stepped) -> VisitCase:
    kept = tuple(fact for fact in case.facts if fact.step_id is None or fact.step_id != stepped.withdrawn_step)
    successor = None if stepped.unmade is not None else case.successor
    if stepped.made is not None:
        successor = Successor(stepped.made.id, stepped.made.visit_number, stepped.made.visit_date, touched=False)
    return replace(
        case,
        visit=visit,
        history=(*case.history, *stepped.steps),
        facts=(*kept, *stepped.facts),
        successor=successor,
    )
