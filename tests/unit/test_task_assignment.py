"""Who a task is given to, who takes it, and what a refusal says; updates of several tasks at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest

from shared.errors import ConflictError, ForbiddenError, ValidationFailedError
from shared.models.api.tasks import TaskBulk, TaskEdit
from shared.models.caller import Caller
from shared.models.roles import Role
from tests.unit.factories import CLIENT, NOW, USER, caller, roster
from tests.unit.task_office import Office

COLLEAGUE, STRANGER = uuid4(), uuid4()


@pytest.fixture
def office() -> Office:
    made = Office()
    made.live.rosters.put(roster(CLIENT, USER, COLLEAGUE))
    made.live.rosters.put(roster(uuid4(), STRANGER))
    return made


def bulk(office: Office, who: Caller | None = None, **members: object) -> list[tuple[bool, str | None]]:
    done = office.service.bulk(who or office.caller, TaskBulk.model_validate(members))
    return [(one.success, one.code) for one in done.results]


def test_a_task_is_given_to_an_active_member(office: Office) -> None:
    made = office.create(assignedTo=str(COLLEAGUE))
    assert made.assigned_to == str(COLLEAGUE)
    assert office.edit(made.id, assignedTo="me").assigned_to == str(USER)
    assert office.edit(made.id, assignedTo=None).assigned_to is None
    assert office.edit(made.id, assignedTo=str(COLLEAGUE)).assigned_to == str(COLLEAGUE)
    assert bulk(office, taskIds=[made.id], set={"assignedTo": "role:biller"}) == [(True, None)]
    assert bulk(office, taskIds=[made.id], set={"assignedTo": str(COLLEAGUE)}) == [(True, None)]


def test_a_stranger_and_a_person_there_is_not_are_refused_alike(office: Office) -> None:
    made = office.create()
    said = set()
    for given in (str(STRANGER), str(uuid4())):
        for act in (
            lambda given=given: office.create(assignedTo=given),
            lambda given=given: office.edit(made.id, assignedTo=given),
            lambda given=given: bulk(office, taskIds=[made.id], set={"assignedTo": given}),
        ):
            with pytest.raises(ValidationFailedError) as refused:
                act()
            said.add((refused.value.detail, refused.value.errors))
    assert len(said) == 1
    (_, errors), *_ = said
    assert [(one.field, one.code) for one in errors] == [("assignedTo", "not_a_member")]
    assert office.live.documents.tasks[made.id].version == 1


def test_nobody_but_oneself_is_a_member_before_there_is_a_roster() -> None:
    office = Office()
    assert office.create(assignedTo=str(USER)).assigned_to == str(USER)
    with pytest.raises(ValidationFailedError):
        office.create(assignedTo=str(COLLEAGUE))


def test_whoever_has_left_keeps_what_they_have_until_it_is_given_to_another(office: Office) -> None:
    made = office.create(assignedTo=str(COLLEAGUE))
    office.live.rosters.put(roster(CLIENT, USER).model_copy(update={"version": 2}))
    assert office.edit(made.id, assignedTo=str(COLLEAGUE), label="New").label == "New"
    assert office.edit(made.id, assignedTo="me").assigned_to == str(USER)
    with pytest.raises(ValidationFailedError):
        office.edit(made.id, assignedTo=str(COLLEAGUE))


def test_a_refusal_says_who_has_the_task_now(office: Office) -> None:
    made = office.create(assignedTo="role:eligibility_specialist", type="shared")
    office.service.move(office.caller, made.id, "accept")
    other = caller(user_id=COLLEAGUE)
    acts: list[Callable[[], object]] = [
        lambda: office.service.move(other, made.id, "accept"),
        lambda: office.edit(made.id, other, assignedTo="me"),
    ]
    for act in acts:
        with pytest.raises(ConflictError) as refused:
            act()
        assert refused.value.code == "already_taken"
        current = refused.value.extra["current"]
        assert (current["state"], current["assignedTo"], current["version"]) == ("accepted", str(USER), 2)
    assert bulk(office, other, taskIds=[made.id], move="accept") == [(False, "already_taken")]


def test_a_lead_hands_on_what_somebody_has(office: Office) -> None:
    made = office.create(type="shared")
    office.service.move(office.caller, made.id, "accept")
    lead = caller(user_id=uuid4(), role=Role.MANAGER)
    handed = office.edit(made.id, lead, assignedTo=str(COLLEAGUE))
    assert (handed.state, handed.assigned_to, handed.version) == ("open", str(COLLEAGUE), 3)
    assert office.service.move(caller(user_id=COLLEAGUE), made.id, "accept").state == "accepted"


def test_a_pool_of_another_role_is_not_taken_from(office: Office) -> None:
    made = office.create(assignedTo="role:biller", type="shared")
    with pytest.raises(ForbiddenError):
        office.service.move(office.caller, made.id, "accept")
    assert bulk(office, taskIds=[made.id], move="accept") == [(False, "forbidden")]
    taken = office.service.move(caller(role=Role.BILLER, user_id=COLLEAGUE), made.id, "accept")
    assert taken.assigned_to == str(COLLEAGUE)
    back = office.service.move(caller(role=Role.BILLER, user_id=COLLEAGUE), made.id, "release", "Lunch")
    assert (back.state, back.assigned_to) == ("open", "role:biller")


def test_a_bulk_update_sets_members_and_leaves_the_others(office: Office) -> None:
    first, second = office.create(priority="low", dueAt=NOW), office.create()
    ids = [first.id, second.id]
    assert bulk(office, taskIds=ids, set={"priority": "urgent"}) == [(True, None)] * 2
    stored = [office.live.documents.tasks[one] for one in ids]
    assert [(one.priority, one.due_at, one.version) for one in stored] == [("urgent", NOW, 2), ("urgent", None, 2)]
    assert bulk(office, taskIds=ids, set={"priority": "urgent", "dueAt": None}) == [(True, None)] * 2
    stored = [office.live.documents.tasks[one] for one in ids]
    assert [(one.due_at, one.version) for one in stored] == [(None, 3), (None, 2)]
    recorded = office.live.documents.events[-1].metadata
    assert recorded == {"set": ["dueAt", "priority"], "refused": 0, "taskIds": [first.id]}


def test_a_bulk_update_leaves_what_has_changed_since_it_was_read(office: Office) -> None:
    first, second = office.create(), office.create()
    office.edit(second.id, label="Somebody was faster")
    versions = {first.id: 1, second.id: 1}
    outcomes = bulk(office, taskIds=[first.id, second.id], move="complete", versions=versions)
    assert outcomes == [(True, None), (False, "precondition_failed")]
    assert office.live.documents.tasks[second.id].state == "open"
    assert office.live.documents.events[-1].metadata["refused"] == 1


@pytest.mark.parametrize("members", [{}, {"move": "complete", "set": {"priority": "low"}}])
def test_a_bulk_update_is_a_move_or_a_change(members: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="either move or set"):
        TaskBulk.model_validate({"taskIds": ["task_1"]} | members)


def test_uncompleting_by_edit_after_seven_days_takes_a_reason(office: Office) -> None:
    made = office.create()
    office.edit(made.id, completed=True)
    office.now += timedelta(days=8)
    with pytest.raises(ValidationFailedError) as refused:
        office.edit(made.id, completed=False)
    assert [one.field for one in refused.value.errors] == ["reason"]
    again = office.edit(made.id, completed=False, reason="The payer called back")
    assert (again.state, again.reason) == ("open", "The payer called back")


def test_what_a_list_gave_can_be_sent_back_whole(office: Office) -> None:
    repeat = {"every": 2, "unit": "week", "until": "2027-12-31"}
    later = (NOW + timedelta(days=3)).isoformat()
    made = office.create(dueAt=later, remindAt=[(NOW + timedelta(days=2)).isoformat()], repeat=repeat)
    body = made.model_dump(mode="json", by_alias=True)
    kept = {name: value for name, value in body.items() if name not in TaskEdit.read_only}
    assert office.service.update_task(office.caller, made.id, TaskEdit.model_validate_json(json.dumps(kept))) == made


def test_what_follows_a_task_is_given_to_members_alone(office: Office) -> None:
    for given in (str(STRANGER), str(uuid4())):
        with pytest.raises(ValidationFailedError) as refused:
            office.create(followUp={"label": "Call back", "assignedTo": given})
        assert [error.field for error in refused.value.errors] == ["followUp.assignedTo"]
    made = office.create(followUp={"label": "Call back", "assignedTo": str(COLLEAGUE)})
    edit = TaskEdit.model_validate({"followUp": {"label": "Call back", "assignedTo": str(STRANGER)}})
    with pytest.raises(ValidationFailedError, match="followUp"):
        office.service.update_task(office.caller, made.id, edit)
