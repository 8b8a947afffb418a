"""What time does to alerts: one escalation of what nobody takes, and the end of what has expired."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from shared.errors import StoreUnavailableError
from shared.failpoints import listening
from shared.models.audit import AuditAction
from shared.models.outcome import Outcome
from tests.unit.alert_office import PEOPLE, AlertOffice, user_id

MINUTE = timedelta(minutes=1)


@pytest.fixture
def office() -> AlertOffice:
    return AlertOffice()


def sweep(office: AlertOffice) -> Outcome:
    outcome = office.sweep.run()
    office.deliver()
    return outcome


def escalations(office: AlertOffice, name: str = "max") -> list[Any]:
    entries = office.live.documents.inboxes.get(name, {}).values()
    return [one for one in entries if one.source == "escalation"]


def test_a_critical_alert_that_nobody_takes_is_brought_before_managers_once(office: AlertOffice) -> None:
    made = office.alert(severity="critical")
    office.now += 14 * MINUTE
    assert sweep(office) is Outcome.UNCHANGED
    office.now += MINUTE
    assert sweep(office) is Outcome.DONE
    (told,) = escalations(office)
    assert (told.severity, told.message.code, told.message.params) == ("critical", "alert_escalated", {"alertId": made})
    assert {name for name in PEOPLE if escalations(office, name)} == {"max"}
    assert office.stored(made).escalated_at == office.now
    for _ in range(3):
        office.now += 30 * MINUTE
        assert sweep(office) is Outcome.UNCHANGED
    assert len(escalations(office)) == 1
    recorded = [event for event in office.events if event.action is AuditAction.ALERT_ESCALATE]
    assert [(event.user_id, event.resource_ref) for event in recorded] == [(None, told.id)]


def test_without_a_manager_admins_are_told(office: AlertOffice) -> None:
    office.enrol(*(name for name in PEOPLE if name != "max"))
    office.alert(severity="critical")
    office.now += 15 * MINUTE
    sweep(office)
    assert len(escalations(office, "ada")) == 1


@pytest.mark.parametrize("severity", ["info", "warning"])
def test_milder_alerts_are_not_escalated(office: AlertOffice, severity: str) -> None:
    office.alert(severity=severity)
    office.now += 60 * MINUTE
    assert sweep(office) is Outcome.UNCHANGED


@pytest.mark.parametrize(
    ("outcome", "escalated"), [(None, False), ("handled", False), ("false_alarm", False), ("not_mine", True)]
)
def test_whoever_takes_it_keeps_it_from_managers(office: AlertOffice, outcome: Any, *, escalated: bool) -> None:
    made = office.alert(severity="critical")
    office.service.acknowledge(office.who("ben"), made, outcome)
    office.now += 20 * MINUTE
    sweep(office)
    assert bool(escalations(office)) is escalated
    assert (office.stored(made).escalated_at is not None) is escalated


@pytest.mark.parametrize("end", ["resolved", "expired"])
def test_what_is_over_is_not_escalated(office: AlertOffice, end: str) -> None:
    made = office.alert(severity="critical", expiresAt=office.now + 10 * MINUTE)
    if end == "resolved":
        office.service.resolve(office.who("ana"), made)
    office.now += 20 * MINUTE
    sweep(office)
    assert escalations(office) == []
    assert office.stored(made).state == end


def test_the_time_runs_from_when_it_became_critical(office: AlertOffice) -> None:
    office.alert(severity="info", dedupeKey="k")
    office.now += 60 * MINUTE
    office.create(severity="critical", dedupeKey="k")
    office.deliver()
    office.now += 14 * MINUTE
    assert sweep(office) is Outcome.UNCHANGED
    office.now += MINUTE
    sweep(office)
    assert len(escalations(office)) == 1


def test_a_sweep_that_ends_between_its_steps_escalates_once(office: AlertOffice) -> None:
    made = office.alert(severity="critical")
    office.now += 15 * MINUTE

    def crash(name: str) -> None:
        if name == "escalation.created":
            raise KeyboardInterrupt

    for _ in range(3):
        with listening(crash), pytest.raises(KeyboardInterrupt):
            office.sweep.run()
    assert office.stored(made).escalated_at is None
    sweep(office)
    assert len(escalations(office)) == 1
    assert len([one for one in office.events if one.action is AuditAction.ALERT_ESCALATE]) == 1


def test_an_escalation_is_not_escalated(office: AlertOffice) -> None:
    office.alert(severity="critical")
    for _ in range(4):
        office.now += 20 * MINUTE
        sweep(office)
    assert len(office.live.documents.alerts) == 2


def test_an_expired_alert_is_closed_for_those_who_listen(office: AlertOffice) -> None:
    made = office.alert(expiresAt=office.now + MINUTE)
    office.now += MINUTE
    assert sweep(office) is Outcome.DONE
    entry = office.entry("ben", made)
    assert entry is not None
    assert (entry.state, entry.is_active) == ("expired", False)
    assert sweep(office) is Outcome.UNCHANGED
    assert [event.action for event in office.events][-1] is AuditAction.ALERT_EXPIRE


def test_one_that_fails_holds_up_no_other(office: AlertOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    first = office.alert(severity="critical", audience={"userIds": [user_id("ana")]})
    second = office.alert(severity="critical")
    office.now += 15 * MINUTE
    asked = office.live.inboxes.is_taken

    def is_taken(client_id: UUID, alert_id: str) -> bool:
        if alert_id == first:
            raise StoreUnavailableError("away", retry_after=1)
        return asked(client_id, alert_id)

    monkeypatch.setattr(office.live.inboxes, "is_taken", is_taken)
    with pytest.raises(StoreUnavailableError):
        office.sweep.run()
    assert (office.stored(first).escalated_at, office.stored(second).escalated_at) == (None, office.now)
