"""The alerts component: whom an alert reaches, what each person does with theirs, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.errors import (
    ForbiddenError,
    InvalidTransitionError,
    MobiusError,
    NotFoundError,
    PreconditionFailedError,
    ValidationFailedError,
)
from shared.models.api.alerts import AlertQuery, AlertView
from shared.models.replay import IdempotencyMismatchError, Replayed
from tests.unit.alert_office import PEOPLE, AlertOffice, user_id
from tests.unit.factories import CLIENT, NOW, caller, context, key, session

HOUR = timedelta(hours=1)


@pytest.fixture
def office() -> AlertOffice:
    return AlertOffice()


@pytest.mark.parametrize(
    ("audience", "reached"),
    [
        ({"roles": ["biller"]}, {"ben", "bea"}),
        ({"roles": ["biller", "manager"]}, {"ben", "bea", "max"}),
        ({"userIds": [user_id("aud")]}, {"aud"}),
        ({"userIds": [user_id("ben"), user_id("ben")], "roles": ["biller"]}, {"ben", "bea"}),
        ({"clientWide": True}, set(PEOPLE)),
    ],
)
def test_an_alert_reaches_its_audience_and_nobody_else(
    office: AlertOffice, audience: dict[str, Any], reached: set[str]
) -> None:
    made = office.alert("max", audience=audience)
    assert {name for name in PEOPLE if office.listed(name) == [made]} == reached
    assert {name for name in PEOPLE if office.listed(name)} == reached


def test_an_alert_says_what_it_was_given_and_ends(office: AlertOffice) -> None:
    view, new = office.create(severity="warning", message="  The portal is down ")
    assert new
    assert (view.severity, view.message, view.code, view.params) == ("warning", "The portal is down", "message", {})
    assert (view.state, view.acknowledged, view.count, view.version) == ("active", False, 1, 1)
    assert view.expires_at == NOW + timedelta(days=90)
    assert office.stored(view.id).created_by == user_id("ana")


def test_an_alert_in_a_context_is_about_its_record(office: AlertOffice) -> None:
    opened = context(mode="eligibility")
    office.live.contexts.open(opened, session(opened), event_of(), lambda _context, _new: None)
    view, _ = office.create(contextId=opened.id)
    stored = office.stored(view.id)
    assert (view.context_id, view.mode, view.record_type) == (opened.id, "eligibility", "patient")
    assert (stored.record_uuid, stored.patient_uuid) == (opened.record_uuid, opened.patient_uuid)
    with pytest.raises(NotFoundError):
        office.create(contextId="ctx_unknown")
    with pytest.raises(NotFoundError):
        office.create(who=office.who("ana", client_id=uuid4()), contextId=opened.id)
    backend = context(mode="backend")
    office.live.contexts.open(backend, session(backend), event_of(), lambda _context, _new: None)
    with pytest.raises(ForbiddenError):
        office.create(contextId=backend.id)


def event_of() -> Any:
    return caller().changed("context")


@pytest.mark.parametrize(
    ("members", "field", "code"),
    [
        ({"audience": {}}, "audience", "empty"),
        ({"audience": {"userIds": [str(UUID(int=999))]}}, "audience.userIds", "unknown"),
        ({"audience": {"userIds": [user_id("ben"), str(UUID(int=999))]}}, "audience.userIds", "unknown"),
        ({"expiresAt": NOW}, "expiresAt", "out_of_range"),
        ({"expiresAt": NOW + timedelta(days=400)}, "expiresAt", "out_of_range"),
    ],
)
def test_what_cannot_be_is_refused_by_name(office: AlertOffice, members: dict[str, Any], field: str, code: str) -> None:
    with pytest.raises(ValidationFailedError) as refused:
        office.create("max", **members)
    assert [(one.field, one.code) for one in refused.value.errors] == [(field, code)]
    assert str(UUID(int=999)) not in str(refused.value)
    assert office.live.documents.alerts == {}
    assert office.events == []


def test_somebody_of_another_organisation_is_refused_as_somebody_unknown(office: AlertOffice) -> None:
    other = uuid4()
    with pytest.raises(ValidationFailedError) as refused:
        office.create(who=office.who("max", client_id=other), audience={"userIds": [user_id("ben")]})
    assert refused.value.errors[0].code == "unknown"


def test_somebody_who_has_just_joined_is_known(office: AlertOffice) -> None:
    office.enrol("ana", "max")
    office.create(audience={"userIds": [user_id("ana")]})
    office.enrol(*PEOPLE)
    assert office.alert(audience={"userIds": [user_id("ben")]}) in office.listed("ben")


def test_only_leads_address_everybody(office: AlertOffice) -> None:
    for name in ("ana", "ben"):
        with pytest.raises(ForbiddenError):
            office.create(name, audience={"clientWide": True})
    for name in ("max", "ada"):
        office.create(name, audience={"clientWide": True})


def test_the_same_key_counts_on_the_active_alert(office: AlertOffice) -> None:
    first = office.alert(dedupeKey="portal", severity="warning")
    office.now += HOUR
    view, new = office.create("ben", dedupeKey="portal", severity="info", message="Down again")
    office.deliver()
    assert (view.id, new, view.count, view.last_seen_at) == (first, False, 2, NOW + HOUR)
    assert (view.severity, view.message) == ("warning", "The portal is down")
    entry = office.entry("ben", first)
    assert entry is not None
    assert (entry.count, entry.last_seen_at) == (2, NOW + HOUR)
    assert len(office.live.documents.alerts) == 1


def test_a_graver_repetition_raises_the_severity_and_the_text(office: AlertOffice) -> None:
    first = office.alert(dedupeKey="portal", severity="info")
    office.create(dedupeKey="portal", severity="critical", message="All portals are down")
    office.deliver()
    entry = office.entry("ben", first)
    assert entry is not None
    assert (entry.severity, entry.message.text) == ("critical", "All portals are down")
    assert office.stored(first).escalate_at == office.now + timedelta(minutes=15)


def test_a_repetition_for_more_people_reaches_them_too(office: AlertOffice) -> None:
    first = office.alert(dedupeKey="portal", audience={"roles": ["biller"]})
    office.create(dedupeKey="portal", audience={"roles": ["manager"], "userIds": [user_id("aud")]})
    office.deliver()
    assert {name for name in PEOPLE if office.listed(name) == [first]} == {"ben", "bea", "max", "aud"}


def test_a_key_is_free_when_its_alert_is_over(office: AlertOffice) -> None:
    first = office.alert(dedupeKey="portal")
    office.service.resolve(office.who("ana"), first)
    second, new = office.create(dedupeKey="portal", expiresAt=NOW + HOUR)
    assert (new, second.count) == (True, 1)
    assert second.id != first
    office.now += 2 * HOUR
    third, new = office.create(dedupeKey="portal")
    assert new
    assert third.id not in {first, second.id}


def test_a_key_belongs_to_one_organisation(office: AlertOffice) -> None:
    office.create(dedupeKey="portal")
    other = office.who("ana", client_id=uuid4())
    _, new = office.create(who=other, dedupeKey="portal")
    assert new


def test_a_repeated_request_is_answered_as_the_first(office: AlertOffice) -> None:
    for members in ({}, {"dedupeKey": "portal"}, {"dedupeKey": "portal"}):
        asked = key()
        who = office.who("ana", idempotency=asked)
        view, new = office.create(who=who, **members)
        with pytest.raises(Replayed) as replayed:
            office.create(who=who, **members)
        assert AlertView.model_validate_json(replayed.value.body) == view
        assert replayed.value.status == (201 if new else 200)
        with pytest.raises(IdempotencyMismatchError):
            office.create(who=replace(who, idempotency=key("else", of=asked.id)), **members)
    assert len(office.live.documents.alerts) == 2
    assert len(office.events) == 3


def test_an_expired_alert_is_not_listed(office: AlertOffice) -> None:
    lasting = office.alert()
    fleeting = office.alert(expiresAt=NOW + HOUR)
    assert office.listed("ben") == [fleeting, lasting]
    office.now += HOUR
    assert office.listed("ben") == [lasting]


def test_acknowledging_is_ones_own(office: AlertOffice) -> None:
    made = office.alert()
    view = office.service.acknowledge(office.who("ben"), made)
    assert (view.acknowledged, view.acknowledged_at, view.outcome, view.version) == (True, NOW, None, 1)
    assert office.listed("ben", acknowledged=True) == office.listed("bea", acknowledged=False) == [made]
    assert office.listed("ben", acknowledged=False) == office.listed("bea", acknowledged=True) == []


def test_acknowledging_again_changes_nothing_and_is_recorded(office: AlertOffice) -> None:
    made = office.alert()
    first = office.service.acknowledge(office.who("ben"), made, "handled")
    before, recorded = office.entry("ben", made), len(office.events)
    office.now += HOUR
    assert office.service.acknowledge(office.who("ben"), made) == first
    assert office.entry("ben", made) == before
    assert len(office.events) == recorded + 1


@pytest.mark.parametrize("outcome", ["handled", "not_mine", "false_alarm"])
def test_an_outcome_may_come_later_and_be_corrected(office: AlertOffice, outcome: Any) -> None:
    made = office.alert()
    office.service.acknowledge(office.who("ben"), made)
    office.now += HOUR
    assert office.service.acknowledge(office.who("ben"), made, outcome).outcome == outcome
    view = office.service.acknowledge(office.who("ben"), made, "handled")
    assert (view.outcome, view.acknowledged_at) == ("handled", NOW)


def test_whoever_knows_an_alert_does_not_wait_for_its_fan_out(office: AlertOffice) -> None:
    view, _ = office.create("ben")
    assert office.entry("ben", view.id) is None
    assert office.service.acknowledge(office.who("ben"), view.id, "handled").acknowledged
    office.deliver()
    entry = office.entry("ben", view.id)
    assert entry is not None
    assert entry.outcome == "handled"
    assert office.listed("bea") == [view.id]


STEPS: dict[str, Any] = {
    "acknowledge": lambda office, who, alert: office.service.acknowledge(who, alert),
    "snooze": lambda office, who, alert: office.service.snooze(who, alert, office.now + HOUR),
    "resolve": lambda office, who, alert: office.service.resolve(who, alert),
}


@pytest.mark.parametrize("step", STEPS)
def test_an_alert_of_others_is_unknown(office: AlertOffice, step: str) -> None:
    made = office.alert("ben", audience={"userIds": [user_id("max")]})
    recorded = len(office.events)
    texts = set()
    for who, alert_id in (
        (office.who("ana"), made),
        (office.who("max", client_id=uuid4()), made),
        (office.who("max"), "alert_unknown"),
        (office.who("max"), "a/b/c"),
    ):
        with pytest.raises(NotFoundError) as refused:
            STEPS[step](office, who, alert_id)
        texts.add((str(refused.value), refused.value.code))
    assert len(texts) == 1
    assert len(office.events) == recorded


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("end", ["resolved", "expired"])
def test_an_alert_that_is_over_takes_no_step(office: AlertOffice, step: str, end: str) -> None:
    if (step, end) == ("resolve", "resolved"):
        return
    made = office.alert(expiresAt=NOW + HOUR)
    if end == "resolved":
        office.service.resolve(office.who("ana"), made)
        office.deliver()
    else:
        office.now += 2 * HOUR
    with pytest.raises(InvalidTransitionError) as refused:
        STEPS[step](office, office.who("ben"), made)
    assert refused.value.extra["allowed"] == []


def test_what_was_acknowledged_stays_so_when_the_alert_is_over(office: AlertOffice) -> None:
    made = office.alert()
    office.service.acknowledge(office.who("ben"), made, "handled")
    office.service.resolve(office.who("bea"), made)
    office.deliver()
    view = office.service.acknowledge(office.who("ben"), made)
    assert (view.state, view.acknowledged, view.outcome) == ("resolved", True, "handled")


@pytest.mark.parametrize("step", STEPS)
def test_a_stale_version_is_refused_with_the_alert_as_it_is(office: AlertOffice, step: str) -> None:
    made = office.alert(dedupeKey="portal")
    office.create(dedupeKey="portal")
    office.deliver()
    with pytest.raises(PreconditionFailedError) as refused:
        STEPS[step](office, office.who("ben", if_match=1), made)
    assert refused.value.extra["current"]["count"] == 2
    STEPS[step](office, office.who("ben", if_match=2), made)


@pytest.mark.parametrize("step", ["snooze", "resolve"])
def test_a_repeated_step_is_answered_as_the_first(office: AlertOffice, step: str) -> None:
    made = office.alert()
    who = office.who("ben", idempotency=key())
    view = STEPS[step](office, who, made)
    with pytest.raises(Replayed) as replayed:
        STEPS[step](office, who, made)
    assert AlertView.model_validate_json(replayed.value.body) == view


def test_a_snoozed_alert_comes_back(office: AlertOffice) -> None:
    made = office.alert()
    view = office.service.snooze(office.who("ben"), made, NOW + HOUR)
    assert (view.state, view.snoozed_until) == ("active", NOW + HOUR)
    assert office.listed("ben") == []
    assert office.listed("ben", snoozed=True) == office.listed("bea") == [made]
    office.now += HOUR
    assert office.listed("ben") == [made]


@pytest.mark.parametrize("until", [NOW, NOW - HOUR])
def test_snoozing_ends_in_the_future(office: AlertOffice, until: Any) -> None:
    made = office.alert()
    with pytest.raises(ValidationFailedError) as refused:
        office.service.snooze(office.who("ben"), made, until)
    assert refused.value.errors[0].field == "until"


@pytest.mark.parametrize("name", ["ana", "ben", "max", "ada"])
def test_those_concerned_end_an_alert_for_everybody(office: AlertOffice, name: str) -> None:
    made = office.alert("ana")
    view = office.service.resolve(office.who(name), made)
    office.deliver()
    assert (view.state, view.version) == ("resolved", 2)
    assert office.listed("ben") == office.listed("bea") == []
    stored = office.stored(made)
    assert (stored.resolved_by, stored.resolved_at) == (user_id(name), NOW)
    assert office.service.resolve(office.who("ana"), made) == view


def test_a_list_comes_in_pages_latest_change_first(office: AlertOffice) -> None:
    made = [office.alert(message=f"Alert {number}") for number in range(7)]
    office.service.snooze(office.who("ben"), made[5], NOW + HOUR)
    found: list[str] = []
    cursor = None
    while True:
        page = office.service.get_alerts(office.who("ben"), AlertQuery(limit=2, cursor=cursor))
        found += [one.id for one in page.alerts]
        assert len(page.alerts) <= 2
        cursor = page.next_cursor
        if cursor is None:
            break
    assert found == [one for one in reversed(made) if one != made[5]]


def test_a_list_is_filtered(office: AlertOffice) -> None:
    mild, grave = office.alert(severity="info"), office.alert(severity="critical")
    assert office.listed("ben", severity="critical") == [grave]
    assert office.listed("ben", contextId="ctx_1") == []
    assert office.listed("ben") == [grave, mild]
    with pytest.raises(MobiusError):
        office.service.get_alerts(office.who("ben"), AlertQuery(cursor="nonsense"))


def test_changes_follow_a_position(office: AlertOffice) -> None:
    first, second = office.alert(), office.alert()
    seen = office.service.get_changes(office.who("ben"), after=None, limit=1)
    assert [one.id for one in seen.alerts] == [first]
    rest = office.service.get_changes(office.who("ben"), after=seen.position)
    assert [one.id for one in rest.alerts] == [second]
    nothing = office.service.get_changes(office.who("ben"), after=rest.position)
    assert (nothing.alerts, nothing.position) == ((), rest.position)
    office.service.resolve(office.who("ana"), first)
    office.deliver()
    ended = office.service.get_changes(office.who("ben"), after=rest.position)
    assert [(one.id, one.state) for one in ended.alerts] == [(first, "resolved")]


def test_the_component_answers_by_its_name(office: AlertOffice) -> None:
    made = office.alert()
    found = office.service.get_component_data("alerts", None, caller=office.who("ben"))
    assert [one.id for one in found.alerts] == [made]
    with pytest.raises(NotFoundError):
        office.service.get_component_data("tasks", None, caller=office.who("ben"))


def test_every_step_leaves_one_event_without_content(office: AlertOffice) -> None:
    made = office.alert(message="Jane Doe waits", dedupeKey="jane")
    office.create(message="Jane Doe waits", dedupeKey="jane")
    office.deliver()
    office.service.acknowledge(office.who("ben"), made, "handled")
    office.service.snooze(office.who("ben"), made, NOW + HOUR)
    office.service.resolve(office.who("ben"), made)
    assert [event.resource_ref for event in office.events] == [made] * 5
    assert all(
        "Jane" not in event.model_dump_json() and "jane" not in event.model_dump_json() for event in office.events
    )
    assert {str(event.client_id) for event in office.events} == {str(CLIENT)}
