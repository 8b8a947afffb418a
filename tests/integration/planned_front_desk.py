"""The front desk's day, readiness and waits, called as the proofs of query plans call them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from shared.repositories.postgres.front_desk_day import PostgresFrontDeskDayRepository
from shared.repositories.postgres.visit_readiness import PostgresVisitReadinessRepository
from shared.repositories.postgres.waiting_visits import PostgresWaitingVisitStore
from shared.repositories.visit_readiness_protocols import OpenVisit
from tests.integration import volume
from tests.integration.planned_calls import Call, Place
from tests.unit.factories import event

DAY = date(2021, 2, 3)  # some forty visits of a hundred thousand
NOON = datetime(2021, 2, 3, 12, tzinfo=UTC)
_DAYS, _READINESS, _WAITS = (
    "PostgresFrontDeskDayRepository",
    "PostgresVisitReadinessRepository",
    "PostgresWaitingVisitStore",
)


def _figures(at: Place) -> None:
    PostgresFrontDeskDayRepository(at.serving).figures(at.client, DAY, NOON, seen=None)


def _at_risk(at: Place) -> None:
    PostgresFrontDeskDayRepository(at.serving).at_risk(at.client, DAY, limit=25, seen=None)


def _numbers(at: Place) -> None:
    PostgresFrontDeskDayRepository(at.serving).numbers(at.client, at.id(volume.VISITS, 711), seen=None)


def _open_visits(at: Place) -> None:
    people = [at.id(volume.PEOPLE, n) for n in (711, 712, 713)]
    PostgresVisitReadinessRepository(at.serving).open_visits(at.client, people, DAY)


def _settle(at: Place) -> None:
    visit = OpenVisit(at.id(volume.VISITS, 711), at.id(volume.PEOPLE, 711))

    def unchanged(_held: object, _file: object) -> Any:
        return None

    day = date(2020, 1, 1)
    PostgresVisitReadinessRepository(at.serving).settle(at.client, visit, day, unchanged, event(at.client))


FRONT_DESK: dict[str, dict[str, Call]] = {
    f"{_DAYS}.figures": {"of a day": _figures},
    f"{_DAYS}.at_risk": {"of a day": _at_risk},
    f"{_DAYS}.numbers": {"ordinary": _numbers},
    f"{_READINESS}.open_visits": {"of three patients": _open_visits},
    f"{_READINESS}.settle": {"without a change": _settle},
}


def _waiting(at: Place) -> None:
    PostgresWaitingVisitStore(at.desk).waiting(NOON, after=None, limit=200)


def _awaited(at: Place) -> None:
    PostgresWaitingVisitStore(at.desk).awaited(NOON, after=None, limit=200)


def _standing(at: Place) -> None:
    PostgresWaitingVisitStore(at.desk).standing([at.id(volume.VISITS, n) for n in (711, 712)])


# Across organisations, as the role that watches waits.
WATCHED: dict[str, Call] = {
    f"{_WAITS}.waiting": _waiting,
    f"{_WAITS}.awaited": _awaited,
    f"{_WAITS}.standing": _standing,
}
