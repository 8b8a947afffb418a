"""Making and changing tasks on the in-memory stores."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from shared.errors import (
    ForbiddenError,
    InvalidTransitionError,
    NotFoundError,
    PreconditionFailedError,
    ValidationFailedError,
)
from shared.models.api.tasks import TaskBulk, TaskView
from shared.models.replay import IdempotencyMismatchError, Replayed
from shared.models.roles import Role
from tests.unit.factories import CLIENT, NOW, USER, caller, context, event, key, task
from tests.unit.task_office import Office


@pytest.fixture
def office() -> Office:
    return Office()


def test_a_new_task_belongs_to_its_context(office: Office) -> None:
    made = office.create(description="d", priority="high")
    assert (made.state, made.completed, made.version) == ("open", False, 1)
    assert (made.context_id, made.mode, made.source) == (office.context.id, "eligibility", "eligibility")
    assert made.created_by == str(USER)
    assert office.listed() == ["Call the payer"]
    recorded = office.live.documents.events[-1]
    assert (recorded.resource_ref, recorded.patient_ref) == (made.id, office.context.patient_uuid)
    assert "Call" not in recorded.model_dump_json()


def test_a_task_for_later_waits(office: Office) -> None:
    assert office.create(notBefore=NOW + timedelta(days=1)).state == "scheduled"
    assert office.create(notBefore=NOW - timedelta(days=1)).state == "open"


def test_me_is_the_caller_and_roles_are_known(office: Office) -> None:
    assert office.create(assignedTo="me").assigned_to == str(USER)
    assert office.create(assignedTo="role:biller").assigned_to == "role:biller"
    with pytest.raises(ValidationFailedError) as refused:
        office.create(assignedTo="role:wizard")
    assert refused.value.errors[0].field == "assignedTo"


def test_a_repeated_creation_is_answered_as_the_first(office: Office) -> None:
    who = replace(office.caller, idempotency=key("asked"))
    made = office.create(who)
    office.service.move(office.caller, made.id, "accept")
    with pytest.raises(Replayed) as replayed:
        office.create(who)
    assert TaskView.model_validate_json(replayed.value.body) == made
    assert replayed.value.status == 201
    with pytest.raises(IdempotencyMismatchError):
        office.create(replace(who, idempotency=key("another", of=who.idempotency.id if who.idempotency else "")))
    assert office.listed() == ["Call the payer"]


def test_nobody_makes_tasks_in_a_context_of_another_client_or_mode(office: Office) -> None:
    for stranger in (caller(client_id=uuid4()), caller(client_id=uuid4(), role=Role.ADMIN)):
        with pytest.raises(NotFoundError):
            office.create(stranger)
    backend = office.open(context(mode="backend"))
    with pytest.raises(ForbiddenError):
        office.create(contextId=backend.id)


def test_an_edit_changes_what_it_names(office: Office) -> None:
    made = office.create(dueAt=NOW, priority="high", description="d")
    after = office.edit(made.id, label="New", dueAt=None)
    assert (after.label, after.due_at, after.priority, after.description) == ("New", None, "high", "d")
    assert after.version == 2
    stored = office.live.documents.tasks[made.id]
    assert stored.sort_at == stored.created_at


def test_an_edit_that_changes_nothing_keeps_the_version(office: Office) -> None:
    made = office.create()
    assert office.edit(made.id, label=made.label, completed=False).version == 1


def test_label_and_priority_cannot_be_taken_away(office: Office) -> None:
    made = office.create()
    for member in ("label", "priority"):
        with pytest.raises(ValidationFailedError) as refused:
            office.edit(made.id, **{member: None})
        assert refused.value.errors[0].field == member


def test_completing_by_edit_counts_one_version(office: Office) -> None:
    made = office.create()
    after = office.edit(made.id, completed=True, label="Done now")
    assert (after.completed, after.state, after.label, after.version) == (True, "completed", "Done now", 2)
    assert office.edit(made.id, completed=False).state == "open"


@pytest.mark.parametrize("by", ["header", "body"])
def test_a_stale_version_is_refused_with_the_current_task(office: Office, by: str) -> None:
    made = office.create()
    office.edit(made.id, label="second")
    who = replace(office.caller, if_match=1) if by == "header" else office.caller
    members = {"label": "third"} | ({"version": 1} if by == "body" else {})
    with pytest.raises(PreconditionFailedError) as refused:
        office.edit(made.id, who, **members)
    assert (refused.value.extra["current"]["version"], refused.value.extra["current"]["label"]) == (2, "second")
    assert office.events == 2


def test_a_deleted_task_is_gone_for_good(office: Office) -> None:
    made = office.create()
    assert office.service.delete_task(office.caller, made.id).version == 2
    assert office.listed() == []
    acts: list[Callable[[], TaskView]] = [
        lambda: office.service.delete_task(office.caller, made.id),
        lambda: office.edit(made.id, label="x"),
        lambda: office.service.move(office.caller, made.id, "complete"),
    ]
    for act in acts:
        with pytest.raises(NotFoundError):
            act()


def test_a_stale_delete_is_refused(office: Office) -> None:
    made = office.create()
    with pytest.raises(PreconditionFailedError):
        office.service.delete_task(replace(office.caller, if_match=9), made.id)


def test_moves_are_idempotent_by_state(office: Office) -> None:
    made = office.create()
    first = office.service.move(office.caller, made.id, "complete")
    again = office.service.move(office.caller, made.id, "complete")
    assert first == again
    assert first.version == 2


def test_a_repeated_move_with_a_key_is_replayed(office: Office) -> None:
    made = office.create()
    who = replace(office.caller, idempotency=key())
    first = office.service.move(who, made.id, "complete")
    office.service.move(office.caller, made.id, "reopen")
    with pytest.raises(Replayed) as replayed:
        office.service.move(who, made.id, "complete")
    assert TaskView.model_validate_json(replayed.value.body) == first


def test_an_impossible_move_says_which_there_are(office: Office) -> None:
    made = office.create()
    with pytest.raises(InvalidTransitionError) as refused:
        office.service.move(office.caller, made.id, "start")
    assert refused.value.extra["allowed"] == ["complete", "accept", "hold", "cancel"]
    assert office.events == 1


def test_another_client_finds_no_task(office: Office) -> None:
    made = office.create()
    stranger = caller(client_id=uuid4(), role=Role.ADMIN)
    acts: list[Callable[[], TaskView]] = [
        lambda: office.edit(made.id, stranger, label="x"),
        lambda: office.service.delete_task(stranger, made.id),
        lambda: office.service.move(stranger, made.id, "complete"),
        lambda: office.service.snooze(stranger, made.id, NOW + timedelta(days=1)),
    ]
    for act in acts:
        with pytest.raises(NotFoundError):
            act()
    assert office.live.documents.tasks[made.id].version == 1


def test_own_tasks_are_for_those_who_work_in_the_mode(office: Office) -> None:
    own, shared = (
        task(mode="front-desk", type="normal"),
        task(mode="front-desk", type="shared"),
    )
    for one in (own, shared):
        office.live.tasks.create(one, event())
    biller = caller(role=Role.BILLER)
    assert office.edit(shared.id, biller, label="ok").label == "ok"
    with pytest.raises(ForbiddenError):
        office.edit(own.id, biller, label="no")


def test_snoozing_needs_a_time_to_come_and_an_open_task(office: Office) -> None:
    made, until = office.create(), NOW + timedelta(hours=1)
    first = office.service.snooze(office.caller, made.id, until)
    assert (first.snoozed_until, first.version) == (until, 2)
    assert office.service.snooze(office.caller, made.id, until).version == 2
    with pytest.raises(ValidationFailedError):
        office.service.snooze(office.caller, made.id, NOW)
    office.service.move(office.caller, made.id, "complete")
    with pytest.raises(InvalidTransitionError):
        office.service.snooze(office.caller, made.id, until + timedelta(hours=1))


def test_a_bulk_move_tells_each_outcome_in_the_order_asked_for(office: Office) -> None:
    first, second = office.create(), office.create()
    office.service.move(office.caller, second.id, "cancel", "no")
    ids = [second.id, "task_unknown", first.id, second.id]
    who = replace(office.caller, idempotency=key())
    done = office.service.bulk(who, TaskBulk(task_ids=ids, move="complete"))
    assert [(one.id, one.success, one.code) for one in done.results] == [
        (second.id, False, "invalid_transition"),
        ("task_unknown", False, "not_found"),
        (first.id, True, None),
    ]
    before = office.events
    with pytest.raises(Replayed):
        office.service.bulk(who, TaskBulk(task_ids=ids, move="complete"))
    assert office.events == before


def test_the_component_shows_its_tasks_and_knows_no_other(office: Office) -> None:
    office.create()
    found = office.service.get_component_data("tasks", office.context.id, caller=office.caller)
    assert [one.label for one in found.tasks] == ["Call the payer"]
    with pytest.raises(NotFoundError):
        office.service.get_component_data("alerts", office.context.id, caller=office.caller)


def test_the_client_of_a_task_is_the_callers(office: Office) -> None:
    made = office.create()
    assert office.live.documents.tasks[made.id].client_id == str(CLIENT)


def test_every_change_is_recorded_with_its_patient(office: Office) -> None:
    made = office.create()
    office.edit(made.id, label="x")
    office.service.move(office.caller, made.id, "accept")
    office.service.snooze(office.caller, made.id, NOW + timedelta(hours=1))
    office.service.bulk(office.caller, TaskBulk(task_ids=[made.id], move="complete"))
    office.service.delete_task(office.caller, made.id)
    recorded = office.live.documents.events[1:]
    assert [one.patient_ref for one in recorded] == [office.context.patient_uuid] * 6


def test_a_task_from_before_patients_were_kept_is_changed_all_the_same(office: Office) -> None:
    old = task(patient_uuid=None)
    office.live.tasks.create(old, event())
    assert office.edit(old.id, label="new").label == "new"
    assert office.live.documents.events[-1].patient_ref is None


def test_a_bulk_move_is_recorded_with_its_patients_and_how_many_it_refused(office: Office) -> None:
    mine, theirs = office.create(), task(patient_uuid=str(uuid4()))
    office.live.tasks.create(theirs, event())
    ids = [mine.id, theirs.id, "task_unknown"]
    office.service.bulk(office.caller, TaskBulk(task_ids=ids, move="complete"))
    recorded = office.live.documents.events[-1]
    assert recorded.patient_ref is None
    assert recorded.metadata == {
        "move": "complete",
        "refused": 1,
        "taskIds": [mine.id, theirs.id],
        "patientRefs": sorted([str(office.context.patient_uuid), str(theirs.patient_uuid)]),
    }
