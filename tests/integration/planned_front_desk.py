"""The front desk's board and moves, as the proofs of query plans call them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from shared.models.identifiers import uuid7
from shared.models.visit import CheckInFact, DeskVisit, VisitStep
from shared.repositories.postgres.visits import PostgresVisitRepository
from shared.repositories.visit_protocols import (
    NO_START,
    BoardFilter,
    BoardPosition,
    VisitCase,
    VisitChange,
    WalkInGround,
)
from tests.integration import volume
from tests.integration.planned_calls import Call, Place
from tests.unit.factories import USER, event, key

_DESK = "PostgresVisitRepository"
# The day of the 711th visit, on which a large organisation has forty.
_DAY = date(2021, 12, 12)
_LINES = 5


def _board(*, after: int | None = None, **wanted: Any) -> Call:
    def read(at: Place) -> None:
        place = None if after is None else BoardPosition(NO_START, at.id(volume.VISITS, after))
        asked = BoardFilter(**{"day": _DAY, **wanted})
        board = PostgresVisitRepository(at.serving).board(at.client, asked, after=place, limit=_LINES, seen=None)
        assert board is not None

    return read


def _get(reference: str | None = None) -> Call:
    def read(at: Place) -> None:
        found = PostgresVisitRepository(at.serving).get(at.client, reference or str(at.id(volume.VISITS, 711)))
        assert found is not None

    return read


def _of_patient(at: Place) -> None:
    PostgresVisitRepository(at.serving).of_patient_on(at.client, at.id(volume.PEOPLE, 1), _DAY)


def _change(at: Place) -> None:
    """Everything that a change may write: entries, facts, a visit that is made and taken away again."""
    now = datetime.now(UTC)

    def decide(case: VisitCase) -> VisitChange:
        step = VisitStep(uuid7(), "readiness", "pending", case.visit.readiness, None, USER, now)
        fact = CheckInFact(uuid7(), "copay", ("cash",), None, 1250, USER, "manager", now, step.id)
        new = replace(
            case.visit, id=uuid7(), visit_number=uuid7().hex, status="scheduled", rescheduled_from=case.visit.id
        )
        return VisitChange(
            visit=replace(case.visit, version=case.visit.version + 1),
            event=event(at.client),
            kept=None,
            steps=(step,),
            facts=(fact,),
            withdrawn_step=step.id,
            made=new,
            unmade=new.id,
        )

    PostgresVisitRepository(at.serving).change(at.client, "VIS711", decide, changed_by=USER, key=key(), provider="PRV1")


def _walk_in(at: Place) -> None:
    now = datetime.now(UTC)

    def decide(ground: WalkInGround) -> VisitChange:
        new = DeskVisit(
            id=uuid7(), visit_number=uuid7().hex, patient_id=ground.patient.id, visit_date=_DAY, starts_at=now,
            ends_at=None, provider_id=ground.provider, visit_type=None, reason=None, status="scheduled",
            status_since=now, walk_in=True,
        )  # fmt: skip
        return VisitChange(visit=new, event=event(at.client), kept=None, made=new)

    PostgresVisitRepository(at.serving).add_walk_in(
        at.client, "MRN711", decide, day=_DAY, changed_by=USER, key=key(), provider="PRV1"
    )


FRONT_DESK: dict[str, dict[str, Call]] = {
    f"{_DESK}.board": {
        "a day": _board(),
        "a day, one status": _board(status="scheduled"),
        "a day, one provider": _board(provider="PRV19"),
        "a day, one provider and status": _board(provider="PRV19", status="scheduled"),
        "a day, behind a line": _board(after=710),
        "a day without visits": _board(day=date(1999, 1, 1)),
    },
    f"{_DESK}.get": {"by number": _get("VIS711"), "by uuid": _get()},
    f"{_DESK}.of_patient_on": {"a tenth of all": _of_patient},
    f"{_DESK}.change": {"with all that it may write": _change},
    f"{_DESK}.add_walk_in": {"ordinary": _walk_in},
}
