"""Tasks that rules make: one open at a time for a rule, a record and a reason, closed when the condition has gone."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest

from shared.errors import ConflictError
from shared.models.api.tasks import TaskBulk
from shared.models.audit import AuditAction
from shared.models.firestore.documents import TaskDocument
from shared.services.task_rules import RuleTask, RuleTaskService
from tests.unit.factories import context
from tests.unit.task_office import Office

WANTED = RuleTask("E11", "Extend the authorization", assigned_to="role:eligibility_specialist")


class Desk(Office):
    """An office with its rules."""

    def __init__(self) -> None:
        super().__init__()
        self.rules = RuleTaskService(self.live, now=lambda: self.now)

    @property
    def tasks(self) -> list[TaskDocument]:
        return list(self.live.documents.tasks.values())


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_rule_makes_a_task_and_finds_it_again(desk: Desk) -> None:
    made = desk.rules.open(desk.context, WANTED)
    assert (made.state, made.source, made.created_by, made.type) == ("open", "rule:E11", "rule:E11", "shared")
    assert desk.rules.open(desk.context, WANTED) == made
    assert desk.listed() == ["Extend the authorization"]
    recorded = desk.live.documents.events[-1]
    assert (recorded.action, recorded.user_id, recorded.resource_ref) == (AuditAction.TASK_RULE, None, made.id)
    assert desk.events == 1


def test_twenty_at_once_make_one(desk: Desk) -> None:
    with ThreadPoolExecutor(20) as threads:
        made = set(threads.map(lambda _: desk.rules.open(desk.context, WANTED).id, range(20)))
    assert len(made) == len(desk.tasks) == desk.events == 1


def test_the_same_record_in_another_mode_is_the_same_and_other_reasons_are_not(desk: Desk) -> None:
    first = desk.rules.open(desk.context, WANTED)
    elsewhere = desk.open(context(mode="email-drafter"))
    assert desk.rules.open(elsewhere, WANTED) == first
    others = [
        desk.rules.open(desk.context, RuleTask("E11", "x", reason="visits")),
        desk.rules.open(desk.context, RuleTask("E12", "x")),
        desk.rules.open(desk.open(context(record_uuid=str(UUID(int=2)))), WANTED),
        desk.rules.open(context(uuid4()), WANTED),
    ]
    assert len({one.id for one in [first, *others]}) == 5


def test_the_task_closes_when_the_condition_has_gone_and_opens_anew_when_it_is_back(desk: Desk) -> None:
    first = desk.rules.open(desk.context, WANTED)
    closed = desk.rules.close(desk.context, "E11")
    assert closed is not None
    assert (closed.id, closed.state, closed.is_open) == (first.id, "auto_closed", False)
    assert desk.rules.close(desk.context, "E11") is None
    second = desk.rules.open(desk.context, WANTED)
    assert (second.id != first.id, second.occurrence) == (True, 2)
    desk.service.move(desk.caller, second.id, "complete")
    assert desk.rules.close(desk.context, "E11") is None
    third = desk.rules.open(desk.context, WANTED)
    desk.service.delete_task(desk.caller, third.id)
    assert desk.rules.close(desk.context, "E11") is None
    assert desk.rules.open(desk.context, WANTED).occurrence == 4
    assert sum(one.is_open for one in desk.tasks) == 1


@pytest.mark.parametrize("move", ["accept", "hold"])
def test_a_task_that_somebody_works_on_closes_too(desk: Desk, move: str) -> None:
    made = desk.rules.open(desk.context, WANTED)
    desk.service.move(desk.caller, made.id, move, "because")  # type: ignore[arg-type]  # one of the moves
    closed = desk.rules.close(desk.context, "E11")
    assert closed is not None
    assert closed.state == "auto_closed"


def test_people_do_not_open_a_second_one_either(desk: Desk) -> None:
    first = desk.rules.open(desk.context, WANTED)
    desk.service.move(desk.caller, first.id, "complete")
    assert desk.service.move(desk.caller, first.id, "reopen").state == "open"
    desk.service.move(desk.caller, first.id, "complete")
    second = desk.rules.open(desk.context, WANTED)
    acts: list[Callable[[], object]] = [
        lambda: desk.service.move(desk.caller, first.id, "reopen"),
        lambda: desk.edit(first.id, completed=False),
    ]
    for act in acts:
        with pytest.raises(ConflictError) as refused:
            act()
        assert refused.value.code == "already_open"
    done = desk.service.bulk(desk.caller, TaskBulk(task_ids=[first.id], move="reopen"))
    assert done.results[0].code == "already_open"
    desk.service.move(desk.caller, second.id, "complete")
    assert desk.service.move(desk.caller, first.id, "reopen").state == "open"
