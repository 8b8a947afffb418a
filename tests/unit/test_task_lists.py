"""Lists of tasks on the in-memory stores: what they hold, their filters and their pages."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from pydantic import ValidationError

from shared.errors import (
    ForbiddenError,
    NotFoundError,
    ValidationFailedError,
)
from shared.models.api.tasks import NewTask, TaskEdit, TaskQuery
from shared.models.roles import Role
from tests.unit.factories import NOW, caller, context
from tests.unit.task_office import Office


@pytest.fixture
def office() -> Office:
    return Office()


def test_a_list_has_own_tasks_and_what_is_shared_about_the_record(office: Office) -> None:
    other_mode = office.open(context(mode="front-desk"), who=caller(session_id="uid-b_1"))
    office.create(label="own")
    for kind in ("shared", "backend", "normal"):
        new = NewTask(context_id=other_mode.id, label=f"{kind} of the desk", type=kind)
        office.service.create_task(caller(role=Role.MANAGER), new)
    assert sorted(office.listed()) == ["backend of the desk", "own", "shared of the desk"]
    assert office.listed(type="shared") == ["shared of the desk"]


def test_shared_tasks_of_the_organisation_or_of_one_context(office: Office) -> None:
    elsewhere = office.open(context(record_uuid=str(uuid4())), who=caller(session_id="uid-b_1"))
    office.create(label="here", type="shared")
    office.create(label="there", type="shared", contextId=elsewhere.id)
    office.create(label="queue", type="backend")

    def labels(kind: Any, **query: Any) -> list[str]:
        found = office.service.get_shared_tasks(office.caller, TaskQuery.model_validate(query), kind)
        return [one.label for one in found.tasks]

    assert sorted(labels("shared")) == ["here", "there"]
    assert labels("shared", contextId=elsewhere.id) == ["there"]
    assert labels("backend") == ["queue"]


def test_without_a_context_there_is_no_list(office: Office) -> None:
    with pytest.raises(NotFoundError) as refused:
        office.listed(caller(session_id="uid-new_1"))
    assert refused.value.code == "context_not_set"


def test_a_list_of_another_mode_is_forbidden(office: Office) -> None:
    desk = office.open(context(mode="front-desk"), who=caller(session_id="uid-b_1"))
    with pytest.raises(ForbiddenError):
        office.listed(caller(role=Role.BILLER), contextId=desk.id)


def test_pages_give_every_task_once_and_a_cursor_fits_its_filters(office: Office) -> None:
    for n in range(60):
        office.create(label=f"t{n:02}", dueAt=NOW + timedelta(minutes=n % 9))
    seen: list[str] = []
    cursor = None
    while True:
        page = office.service.get_tasks(office.caller, TaskQuery(limit=7, cursor=cursor))
        seen += [one.label for one in page.tasks]
        cursor = page.next_cursor
        if cursor is None:
            break
        assert len(page.tasks) == 7
    assert sorted(seen) == [f"t{n:02}" for n in range(60)]
    first = office.service.get_tasks(office.caller, TaskQuery(limit=7)).next_cursor
    with pytest.raises(ValidationFailedError):
        office.listed(cursor=first, completed=False)


def test_filters_by_completion_and_assignee(office: Office) -> None:
    done = office.create(label="done")
    office.service.move(office.caller, done.id, "complete")
    office.create(label="mine", assignedTo="me")
    gone = office.create(label="gone")
    office.service.move(office.caller, gone.id, "cancel", "not needed")
    assert office.listed(completed=True) == ["done"]
    assert office.listed(completed=False) == ["mine"]
    assert office.listed(assignedTo="me") == ["mine"]


@pytest.mark.parametrize(
    ("due", "found"),
    [("overdue", ["past"]), ("today", ["past", "tonight"]), ("2026-11-24", ["past", "tonight", "tomorrow"])],
)
def test_days_are_the_organisations(office: Office, due: str, found: list[str]) -> None:
    # Chicago is six hours behind: its 23 November ends at 06:00 UTC on the 24th.
    office.create(label="past", dueAt=NOW - timedelta(minutes=1))
    office.create(label="tonight", dueAt=datetime(2026, 11, 24, 5, 59, tzinfo=UTC))
    office.create(label="tomorrow", dueAt=datetime(2026, 11, 24, 6, 0, tzinfo=UTC))
    office.create(label="undated")
    assert office.listed(due=due) == found


def test_a_day_that_is_none_is_refused(office: Office) -> None:
    with pytest.raises(ValidationFailedError) as refused:
        office.listed(due="2026-02-30")
    assert refused.value.errors[0].field == "due"


def test_a_list_is_recorded_once_in_five_minutes_without_content(office: Office) -> None:
    office.create()
    office.listed()
    office.listed()
    assert len(office.topic.events) in {1, 2}  # two, when a window of five minutes ended in between
    assert office.topic.events[0].resource_ref == office.context.id


def tampered(cursor: str, *position: str) -> str:
    """The cursor with its mark and another position."""
    mark = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))[0]
    return base64.urlsafe_b64encode(json.dumps([mark, *position]).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "position",
    [
        (NOW.isoformat(), "a/b"),
        (NOW.isoformat(), ""),
        (NOW.isoformat(), "__all__"),
        (NOW.replace(tzinfo=None).isoformat(), "task_1"),
        ("yesterday", "task_1"),
        ("0001-01-01T00:00:00+14:00", "task_1"),
    ],
)
def test_a_cursor_with_a_position_of_nowhere_is_refused(office: Office, position: tuple[str, str]) -> None:
    for _ in range(2):
        office.create()
    cursor = office.service.get_tasks(office.caller, TaskQuery(limit=1)).next_cursor
    assert cursor is not None
    with pytest.raises(ValidationFailedError) as refused:
        office.listed(cursor=tampered(cursor, *position), limit=1)
    assert [(fault.field, fault.code) for fault in refused.value.errors] == [("cursor", "invalid_cursor")]
    assert office.listed(cursor=tampered(cursor, NOW.isoformat(), "task_0"), limit=2)


@pytest.mark.parametrize(
    "given", ["-" * 36, "0" * 36, "019B76DA-A800-7513-A3F0-909108FCED5C", "019b76daa8007513a3f0909108fced5c", "ME"]
)
def test_an_assignee_is_a_user_id_me_or_a_role(given: str) -> None:
    for model, members in ((TaskQuery, {}), (TaskEdit, {}), (NewTask, {"contextId": "ctx_1", "label": "l"})):
        with pytest.raises(ValidationError) as refused:
            model.model_validate({**members, "assignedTo": given})
        assert [fault["loc"] for fault in refused.value.errors()] == [("assignedTo",)]
        assert model.model_validate({**members, "assignedTo": str(uuid4())})
