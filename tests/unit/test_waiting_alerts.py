"""Alerts of waits: raised when it is time, once for a stay, and resolved by themselves when the visit moves on."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from shared.errors import StoreUnavailableError
from shared.failpoints import listening
from shared.models.audit import AuditAction
from shared.models.firestore.alerts import AlertDocument
from shared.models.front_desk import FrontDeskSettings
from shared.models.identifiers import uuid7
from shared.models.outcome import Outcome
from shared.repositories.memory.collections import InMemoryAlertSweep
from shared.repositories.memory.store import InMemoryLiveStore
from shared.repositories.memory.tables import InMemoryTables
from shared.repositories.memory.waiting_visits import InMemoryWaitingVisitStore
from shared.services.waiting_alerts import WaitingAlerts

CLIENT, OTHER = UUID(int=1), UUID(int=2)
NOON = datetime(2026, 3, 17, 16, tzinfo=UTC)  # noon in New York
DAY = date(2026, 3, 17)


class Desk:
    """Visits of a day in memory, and the job that watches them."""

    def __init__(self) -> None:
        self.now = NOON
        self.live, self.tables = InMemoryLiveStore(), InMemoryTables()
        visits = InMemoryWaitingVisitStore(self.tables)
        sweep = InMemoryAlertSweep(self.live.documents)
        self.job = WaitingAlerts(visits, sweep, self.live.alerts, now=lambda: self.now)

    def visit(self, status: str, *, since: int = 0, **columns: Any) -> dict[str, Any]:
        """A visit that starts at noon, with its status since so many minutes before now."""
        row = {
            "client_id": CLIENT,
            "visit_number": f"V-{uuid7()}",
            "patient_id": uuid7(),
            "visit_date": DAY,
            "starts_at": NOON,
            "status": status,
            "status_since": self.now - timedelta(minutes=since),
        }
        return self.tables.add("visits", row | columns)

    def later(self, minutes: int) -> Outcome:
        self.now += timedelta(minutes=minutes)
        return self.job.run()

    def alerts(self, *, active: bool = True) -> list[AlertDocument]:
        found = self.live.documents.alerts.values()
        return [one for one in found if one.is_active is active]


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.mark.parametrize(("status", "limit"), [("arrived", 10), ("checked_in", 15), ("roomed", 40)])
def test_patient_who_waits_too_long_is_told_of_then_and_not_before(desk: Desk, status: str, limit: int) -> None:
    row = desk.visit(status, since=limit - 1)
    assert desk.job.run() is Outcome.UNCHANGED
    assert desk.later(1) is Outcome.DONE
    (alert,) = desk.alerts()
    assert (alert.severity, alert.audience.roles, alert.source) == ("warning", ("front_desk", "manager"), "rule:V01")
    assert (alert.record_type, alert.record_uuid, alert.mode) == ("visit", str(row["id"]), "front-desk")
    assert alert.message.params == {"status": status, "minutes": limit, "visit": row["visit_number"]}


def test_each_organisation_has_its_own_limits(desk: Desk) -> None:
    desk.tables.desks[OTHER] = FrontDeskSettings(arrived_minutes=30)
    desk.visit("arrived", since=20)
    desk.visit("arrived", since=20, client_id=OTHER)
    desk.job.run()
    assert [alert.client_id for alert in desk.alerts()] == [str(CLIENT)]
    desk.later(10)
    assert {alert.client_id for alert in desk.alerts()} == {str(CLIENT), str(OTHER)}


def test_booked_patient_who_has_not_come_is_told_of_past_the_grace(desk: Desk) -> None:
    desk.visit("scheduled")
    assert desk.later(14) is Outcome.UNCHANGED
    assert desk.later(1) is Outcome.DONE
    (alert,) = desk.alerts()
    assert (alert.severity, alert.audience.roles, alert.source) == ("info", ("front_desk",), "rule:V02")


def test_same_stay_is_told_of_once(desk: Desk) -> None:
    desk.visit("arrived", since=10)
    assert desk.job.run() is Outcome.DONE
    for _ in range(3):
        assert desk.later(5) is Outcome.UNCHANGED
    (alert,) = desk.alerts()
    assert alert.count == 1


def test_alert_ends_by_itself_when_the_patient_moves_on(desk: Desk) -> None:
    row = desk.visit("arrived", since=10)
    desk.job.run()
    row.update({"status": "checking_in", "status_since": desk.now})
    assert desk.later(1) is Outcome.DONE
    assert desk.alerts() == []
    (over,) = desk.alerts(active=False)
    assert (over.state, over.resolved_by) == ("resolved", "alert_waits")
    assert desk.later(1) is Outcome.UNCHANGED


def test_next_state_has_an_alert_of_its_own(desk: Desk) -> None:
    row = desk.visit("arrived", since=10)
    desk.job.run()
    row.update({"status": "checked_in", "status_since": desk.now})
    desk.later(15)
    (alert,) = desk.alerts()
    assert alert.message.params["status"] == "checked_in"


def test_alert_about_a_patient_who_came_after_all_ends(desk: Desk) -> None:
    row = desk.visit("scheduled")
    desk.later(15)
    row.update({"status": "arrived", "status_since": desk.now})
    desk.later(1)
    assert desk.alerts() == []


def test_deleted_visit_and_another_day_end_it_too(desk: Desk) -> None:
    gone, moved = desk.visit("arrived", since=10), desk.visit("arrived", since=10)
    desk.job.run()
    gone["deleted_at"] = desk.now
    moved["visit_date"] = DAY + timedelta(days=1)
    desk.later(1)
    assert desk.alerts() == []


def test_visit_of_another_day_is_told_of_never(desk: Desk) -> None:
    desk.visit("arrived", since=60, visit_date=DAY - timedelta(days=1))
    desk.visit("scheduled", starts_at=NOON - timedelta(hours=20), visit_date=DAY - timedelta(days=1))
    assert desk.job.run() is Outcome.UNCHANGED


def test_alert_that_people_have_resolved_stays_resolved(desk: Desk) -> None:
    desk.visit("arrived", since=10)
    desk.job.run()
    alert = desk.alerts()[0]
    ended = alert.model_copy(update={"is_active": False, "state": "resolved", "version": 2})
    desk.live.documents.alerts[alert.id] = ended
    assert desk.later(5) is Outcome.UNCHANGED
    assert desk.alerts() == []


def test_runs_at_once_make_one_alert(desk: Desk) -> None:
    for _ in range(20):
        desk.visit("arrived", since=10)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: desk.job.run(), range(4)))
    assert len(desk.alerts()) == 20
    created = [one for one in desk.live.documents.events if one.action is AuditAction.ALERT_CREATE]
    assert len(created) == 20


def test_run_that_is_killed_is_ended_by_the_next(desk: Desk) -> None:
    class KilledError(Exception):
        pass

    def kill(_name: str) -> None:
        raise KilledError

    for _ in range(3):
        desk.visit("arrived", since=10)
    with listening(kill), pytest.raises(KilledError):
        desk.job.run()
    assert desk.job.run() is Outcome.DONE
    assert len(desk.alerts()) == 3


def test_alert_that_cannot_be_written_keeps_no_other_from_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [desk.visit("arrived", since=10 + number) for number in range(3)]
    create = desk.live.alerts.create

    def failing(alert: AlertDocument, *rest: Any) -> Any:
        if alert.record_uuid == str(rows[1]["id"]):
            raise StoreUnavailableError("away")
        return create(alert, *rest)

    monkeypatch.setattr(desk.live.alerts, "create", failing)
    with pytest.raises(StoreUnavailableError):
        desk.job.run()
    assert len(desk.alerts()) == 2


def test_run_ends_in_time_and_the_next_goes_on(desk: Desk) -> None:
    ticks = iter(range(0, 10_000, 20))
    desk.job._clock = lambda: float(next(ticks))
    for _ in range(5):
        desk.visit("arrived", since=10)
    desk.job.run()
    first = len(desk.alerts())
    assert 0 < first < 5
    while desk.job.run() is Outcome.DONE:
        pass
    assert len(desk.alerts()) > first


def test_no_text_names_a_patient(desk: Desk) -> None:
    row = desk.visit("arrived", since=10)
    desk.job.run()
    (alert,) = desk.alerts()
    assert str(row["patient_id"]) not in alert.message.model_dump_json()
    assert alert.patient_uuid == str(row["patient_id"])
