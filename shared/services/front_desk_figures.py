"""A day at the front desk as it is asked about: its figures, and which of its visits are not ready."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from shared.domain.visit.day import DayFigures
from shared.models.caller import Caller
from shared.repositories.front_desk_day_protocols import VisitAtRisk
from shared.repositories.protocols import RecordStore
from shared.services.access_log import AccessLog
from shared.services.clock import Clock

MODE = "front-desk"


class FrontDeskFigures:
    """Each is one audited read."""

    def __init__(self, store: Callable[[], RecordStore], access_log: AccessLog, *, now: Clock) -> None:
        self._store = store
        self._access_log = access_log
        self._now = now

    def of_day(self, caller: Caller, day: date) -> DayFigures:
        """Count a day's visits as they stand now."""
        event = caller.seen("visit_list", mode=MODE, same=f"figures:{day.isoformat()}")
        with self._access_log.in_transaction(event) as seen:
            return self._store().front_desk_day.figures(caller.client_id, day, self._now(), seen=seen)

    def not_ready(self, caller: Caller, day: date, *, limit: int) -> tuple[VisitAtRisk, ...]:
        """Return a day's open visits that are not ready, the most money at risk first."""
        event = caller.seen("visit_list", mode=MODE, same=f"not_ready:{day.isoformat()}")
        with self._access_log.in_transaction(event) as seen:
            return self._store().front_desk_day.at_risk(caller.client_id, day, limit=limit, seen=seen).visits
