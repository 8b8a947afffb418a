"""The fan-out: complete, repeatable, correct in any order, and what it tells devices."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise, permutations
from typing import Any
from uuid import uuid4

import pytest

from shared.catalog import load_catalog
from shared.errors import PermanentEventError, StoreUnavailableError
from shared.failpoints import listening
from shared.models.firestore.alerts import AlertDocument
from shared.models.outcome import Outcome
from shared.services import alert_fan_out, alert_push
from tests.unit.alert_office import PEOPLE, AlertOffice, user_id
from tests.unit.factories import NOW

HOUR = timedelta(hours=1)


class CrashError(BaseException):
    """What no handler catches: the end of its process."""


@pytest.fixture
def office() -> AlertOffice:
    return AlertOffice()


def said(office: AlertOffice) -> dict[str, list[tuple[Any, ...]]]:
    """What every inbox holds, times aside."""
    return {
        name: sorted(
            (one.id, one.alert_version, one.state, one.is_active, one.severity, one.message.text, one.count)
            for one in office.live.documents.inboxes.get(name, {}).values()
        )
        for name in PEOPLE
    }


def history(office: AlertOffice) -> tuple[str, list[tuple[AlertDocument | None, AlertDocument | None]]]:
    """An alert that was made, repeated twice, raised and resolved: its id and its events in order."""
    states: list[AlertDocument | None] = [None]
    view, _ = office.create(dedupeKey="k", severity="info")
    states.append(office.stored(view.id))
    for severity in ("info", "critical"):
        office.create(dedupeKey="k", severity=severity)
        states.append(office.stored(view.id))
    office.service.resolve(office.who("ana"), view.id)
    states.append(office.stored(view.id))
    return view.id, list(pairwise(states))


def test_every_order_of_events_ends_as_the_right_one(office: AlertOffice) -> None:
    alert_id, events = history(office)
    for before, after in events:
        office.event(alert_id, before, after)
    expected = said(office)
    assert expected["ben"] == [(alert_id, 4, "resolved", False, "critical", "The portal is down", 3)]
    for order in permutations(events):
        office.live.documents.inboxes.clear()
        for before, after in (*order, order[0]):
            office.event(alert_id, before, after)
        assert said(office) == expected


def test_a_late_event_never_erases_what_a_person_did(office: AlertOffice) -> None:
    alert_id, events = history(office)
    office.event(alert_id, *events[2])
    office.service.acknowledge(office.who("ben"), alert_id, "handled")
    office.service.snooze(office.who("ben"), alert_id, NOW + HOUR)
    for before, after in (*reversed(events), *events):
        office.event(alert_id, before, after)
    entry = office.entry("ben", alert_id)
    assert entry is not None
    assert (entry.state, entry.acknowledged_at, entry.outcome) == ("resolved", NOW, "handled")
    assert entry.snoozed_until == NOW + HOUR


@pytest.mark.parametrize("early", [True, False])
def test_a_deleted_alert_leaves_the_inboxes_and_does_not_come_back(office: AlertOffice, *, early: bool) -> None:
    alert_id, events = history(office)
    made = events[0][1]
    deletion = (made, None)
    order = [deletion, events[0]] if early else [events[0], deletion, events[0]]
    for before, after in order:
        office.event(alert_id, before, after)
    assert office.listed("ben") == []
    entry = office.entry("ben", alert_id)
    assert entry is not None
    assert (entry.state, entry.is_active) == ("expired", False)


def test_what_ttl_deletes_writes_nothing(office: AlertOffice) -> None:
    alert_id, events = history(office)
    office.event(alert_id, *events[0])
    before = said(office)
    assert office.event(alert_id, events[-1][1], None) is Outcome.UNCHANGED
    office.live.documents.inboxes.clear()
    office.now += timedelta(days=95)
    assert office.event(alert_id, events[0][1], None) is Outcome.UNCHANGED
    assert office.event(alert_id, *events[0]) is Outcome.UNCHANGED
    assert said(office) != before
    assert office.live.documents.inboxes == {}


def test_whoever_got_it_once_hears_of_its_end(office: AlertOffice) -> None:
    made = office.alert()
    office.enrol(*(name for name in PEOPLE if name != "bea"))
    office.service.resolve(office.who("ana"), made)
    office.deliver()
    for name in ("ben", "bea"):
        entry = office.entry(name, made)
        assert entry is not None
        assert entry.state == "resolved"


def test_a_mark_that_inboxes_do_not_show_costs_nothing(office: AlertOffice) -> None:
    made = office.alert(severity="critical")
    before = office.stored(made)
    after = before.model_copy(update={"escalate_at": None})
    office.live.rosters.get = None  # type: ignore[assignment,method-assign]  # nothing may be read
    assert office.event(made, before, after) is Outcome.UNCHANGED


def large(office: AlertOffice, monkeypatch: pytest.MonkeyPatch, people: int = 23, at_once: int = 5) -> set[str]:
    """A roster of many, delivered in small steps; their uids."""
    monkeypatch.setattr(alert_fan_out, "AT_ONCE", at_once)
    for number in range(people):
        PEOPLE[f"many-{number:03}"] = PEOPLE["aud"]
    names = [name for name in PEOPLE if name.startswith("many-")]
    office.enrol(*names)
    for name in names:
        del PEOPLE[name]
    return set(names)


def test_a_fan_out_that_is_cut_off_anywhere_goes_on(office: AlertOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    names = large(office, monkeypatch)
    office.create(audience={"roles": ["auditor"]})
    places = 0
    for attempt in range(1, 20):
        left = attempt

        def crash(_: str) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                raise CrashError

        try:
            with listening(crash):
                office.deliver()
            break
        except CrashError:
            places += 1
    assert places == 6, "after each of five commits, and before the notifications"
    assert set(office.live.documents.inboxes) == names
    versions = {one.version for inbox in office.live.documents.inboxes.values() for one in inbox.values()}
    assert versions == {1}, "nothing was written twice"


def test_a_fan_out_stops_in_time_and_goes_on_with_the_next_delivery(
    office: AlertOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = large(office, monkeypatch)
    office.create(audience={"roles": ["auditor"]})
    seconds = iter(range(0, 10_000, 100))
    office.fan_out._clock = lambda: float(next(seconds))
    with pytest.raises(StoreUnavailableError):
        office.deliver()
    assert 0 < len(office.live.documents.inboxes) < len(names)
    office.fan_out._clock = lambda: 0.0
    assert office.deliver() == [Outcome.DONE]
    assert set(office.live.documents.inboxes) == names


def test_without_a_roster_the_event_comes_again(office: AlertOffice) -> None:
    view, _ = office.create()
    office.live.documents.rosters.clear()
    with pytest.raises(StoreUnavailableError):
        office.deliver()
    assert office.entry("ben", view.id) is None


@pytest.mark.parametrize("wrong", [{"severity": "loud"}, {"clientId": "north"}, {"audience": None}])
def test_what_is_no_alert_is_dropped(office: AlertOffice, wrong: dict[str, Any]) -> None:
    view, _ = office.create()
    fields = office.stored(view.id).fields() | wrong
    with pytest.raises(PermanentEventError):
        office.fan_out.alert_written(view.id, before=None, after=fields)
    with pytest.raises(PermanentEventError):
        office.fan_out.alert_written(view.id, before=None, after=None)


def test_another_organisations_people_get_nothing(office: AlertOffice) -> None:
    view, _ = office.create(audience={"roles": ["biller"]})
    foreign = office.stored(view.id).model_copy(update={"client_id": str(uuid4())})
    with pytest.raises(StoreUnavailableError):
        office.event(view.id, None, foreign)
    assert office.live.documents.inboxes == {}


@pytest.mark.parametrize(
    ("choice", "severity", "told"),
    [
        ("none", "critical", False),
        ("critical", "warning", False),
        ("critical", "critical", True),
        ("all", "info", True),
    ],
)
def test_devices_are_told_as_their_person_wishes(
    office: AlertOffice, choice: Any, severity: str, *, told: bool
) -> None:
    token = office.device("ben")
    office.device("bea")
    office.enrol(*PEOPLE, ben=choice)
    made = office.alert(severity=severity)
    assert [(one.token, one.alert_id) for one in office.push.sent] == ([(token, made)] if told else [])


def test_a_repetition_is_pushed_only_when_it_is_graver(office: AlertOffice) -> None:
    office.device("ben")
    office.enrol(*PEOPLE, ben="all")
    for severity, pushed in (("info", 1), ("info", 1), ("warning", 2), ("info", 2), ("critical", 3)):
        office.create(dedupeKey="k", severity=severity)
        office.deliver()
        assert len(office.push.sent) == pushed


def test_an_event_that_comes_again_is_not_pushed_again(office: AlertOffice) -> None:
    office.device("ben")
    office.enrol(*PEOPLE, ben="all")
    made = office.alert()
    office.event(made, None, office.stored(made))
    assert len(office.push.sent) == 1


def test_what_is_over_is_not_pushed(office: AlertOffice) -> None:
    office.device("ben")
    office.enrol(*PEOPLE, ben="all")
    office.create(expiresAt=NOW + HOUR)
    office.now += 2 * HOUR
    office.deliver()
    assert office.push.sent == []


def test_a_push_service_that_is_away_holds_up_nobody(office: AlertOffice) -> None:
    office.device("ben")
    office.enrol(*PEOPLE, ben="all")
    office.push.available = False
    made = office.alert()
    assert office.listed("ben") == office.listed("bea") == [made]


def test_telling_devices_ends_in_time(office: AlertOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alert_push, "AT_ONCE", 1)
    for name in ("ben", "bea"):
        office.device(name)
    office.enrol(*PEOPLE, ben="all", bea="all")
    seconds = iter((0.0, 1.0, 41.0))
    office.fan_out._push = alert_push.DevicePush(office.live.devices, office.push, clock=lambda: next(seconds))
    made = office.alert()
    assert len(office.push.sent) == 1
    assert office.listed("ben") == office.listed("bea") == [made]
    entry = next(one for one in load_catalog() if one.name == "on_alert_written")
    assert entry.timeout_seconds > alert_fan_out.SECONDS_PER_RUN + alert_push.SECONDS_PER_ALERT


def test_a_token_that_is_refused_is_forgotten(office: AlertOffice) -> None:
    stale, good = office.device("ben"), office.device("ben")
    office.enrol(*PEOPLE, ben="all")
    office.push.invalid = frozenset({stale})
    office.alert()
    assert [one.token for one in office.live.documents.devices.values()] == [good]
    assert [one.token for one in office.push.sent] == [good]


def test_a_person_is_reached_by_id_and_role_once(office: AlertOffice) -> None:
    office.alert(audience={"userIds": [user_id("ben")], "roles": ["biller"]})
    assert sum(len(inbox) for inbox in office.live.documents.inboxes.values()) == 2
