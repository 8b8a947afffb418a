"""Moving a visit: the visit afterwards and the new entries of its history. Times never run backwards within one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from shared.domain.visit.states import (
    Standing,
    VisitMove,
    entered,
    standing_of,
    target_of,
    undoable,
)
from shared.models.identifiers import uuid7
from shared.models.visit import CheckInFact, DeskVisit, Readiness, VisitStep

Axis = Literal["status", "readiness"]


def moved(
    visit: DeskVisit, history: Sequence[VisitStep], move: VisitMove, *, reason: str | None, by: UUID, now: datetime
) -> tuple[DeskVisit, VisitStep]:
    """Make a move. Raises InvalidTransitionError, ValidationFailedError when a reason is missing."""
    target = target_of(visit.status, move, reason=reason)
    at = _behind(history, "status", now)
    step = VisitStep(uuid7(), "status", visit.status, target, reason, by, at)
    standing = entered(Standing(visit.status, visit.status_since, visit.arrived_at), target, at)
    return _standing(visit, standing), step


def taken_back(
    visit: DeskVisit, history: Sequence[VisitStep], *, by: UUID, now: datetime
) -> tuple[DeskVisit, VisitStep, VisitStep]:
    """Take the last step back: the visit stands as before, also since when. Raises ConflictError when it cannot be.

    Returns the visit, the new entry and the one that it takes back.
    """
    last = undoable(history, now)
    before = str(last.before)
    step = VisitStep(uuid7(), "status", last.now, before, None, by, _behind(history, "status", now), undoes=last.id)
    standing = standing_of((*history, step))
    if standing is None:
        raise LookupError("The history of the visit does not reach back to what the last step left")
    return _standing(visit, standing), step, last


def found_ready(
    visit: DeskVisit, history: Sequence[VisitStep], *, reason: str, by: UUID, now: datetime
) -> tuple[DeskVisit, VisitStep]:
    """Let a visit be ready because a person says so; the reasons against it stay beside it."""
    step = VisitStep(uuid7(), "readiness", visit.readiness, "ready", reason, by, _behind(history, "readiness", now))
    return replace(visit, readiness="ready", readiness_source="manual"), step


def override_taken_back(
    visit: DeskVisit, history: Sequence[VisitStep], *, by: UUID, now: datetime
) -> tuple[DeskVisit, VisitStep | None]:
    """Let a visit be as ready as before a person overrode it; a rule that has spoken since is left as it is."""
    last = next((step for step in reversed(history) if step.axis == "readiness"), None)
    if visit.readiness_source != "manual" or last is None or last.now != "ready":
        return visit, None
    before: Readiness = "not_ready" if last.before == "not_ready" else "pending"
    at = _behind(history, "readiness", now)
    step = VisitStep(uuid7(), "readiness", "ready", before, None, by, at, undoes=last.id)
    return replace(visit, readiness=before, readiness_source="machine"), step


def withdrawn(facts: Sequence[CheckInFact], step: UUID) -> tuple[CheckInFact, ...]:
    """Return what was confirmed together with a step."""
    return tuple(fact for fact in facts if fact.step_id == step)


def _behind(history: Sequence[VisitStep], axis: Axis, now: datetime) -> datetime:
    last = next((step.changed_at for step in reversed(history) if step.axis == axis), None)
    return now if last is None else max(now, last + timedelta(microseconds=1))


def _standing(visit: DeskVisit, standing: Standing) -> DeskVisit:
    return replace(visit, status=standing.status, status_since=standing.since, arrived_at=standing.arrived_at)
