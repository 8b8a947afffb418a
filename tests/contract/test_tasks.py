"""TaskRepository: one contract, both implementations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from shared.errors import ConflictError, NotFoundError
from shared.models.firestore.documents import TaskDocument
from shared.models.replay import IdempotencyMismatchError, Replayed
from shared.repositories.protocols import Change, Changes, Position, TaskFilter
from tests.contract.conftest import Live
from tests.unit.factories import NOW, event, kept, key, task

IMPOSSIBLE_IDS = ["a/b", "tasks/x/tasks/y", "", ".", "..", "x" * 129, "a b", "é", "__all__", "x\n"]
BOTH = ("ctx:1", "rec:patient:1")


def add(live: Live, *tasks: TaskDocument) -> None:
    for one in tasks:
        assert live.store.tasks.create(one, event(live.client)) is None


def relabelled(live: Live, label: str, **members: Any) -> Callable[[TaskDocument], Change[TaskDocument]]:
    def decide(found: TaskDocument) -> Change[TaskDocument]:
        update = {"label": label, "version": found.version + 1} | members
        return Change(found.model_copy(update=update), event(live.client))

    return decide


def test_a_created_task_is_read_back_whole_with_one_event(live: Live) -> None:
    given = task(live.client, description="All of it", due_at=NOW, assigned_to="role:biller", priority="urgent")
    happened = event(live.client, metadata={"type": "normal"})
    assert live.store.tasks.create(given, happened) is None
    assert live.store.tasks.get(live.client, given.id) == given
    assert live.events() == [happened]


def test_another_client_sees_and_changes_nothing(live: Live) -> None:
    given = task(live.client)
    add(live, given)
    stranger = uuid4()
    assert live.store.tasks.get(stranger, given.id) is None
    assert live.store.tasks.find(stranger, TaskFilter(), after=None, limit=10) == []
    assert live.store.tasks.find(stranger, TaskFilter(audience=given.audience), after=None, limit=10) == []
    with pytest.raises(NotFoundError):
        live.store.tasks.change(stranger, given.id, relabelled(live, "taken"))
    seen: list[dict[str, TaskDocument]] = []

    def decide(found: dict[str, TaskDocument]) -> Changes[TaskDocument]:
        seen.append(found)
        return Changes((), event(stranger))

    live.store.tasks.change_several(stranger, [given.id], decide)
    assert seen == [{}]
    assert live.store.tasks.get(live.client, given.id) == given


@pytest.mark.parametrize("task_id", IMPOSSIBLE_IDS)
def test_an_id_that_no_task_can_have_is_not_found(live: Live, task_id: str) -> None:
    with pytest.raises(NotFoundError):
        live.store.tasks.get(live.client, task_id)
    with pytest.raises(NotFoundError):
        live.store.tasks.change(live.client, task_id, relabelled(live, "x"))
    with pytest.raises(NotFoundError):
        live.store.tasks.create(task(live.client, id=task_id), event(live.client))
    with pytest.raises(NotFoundError):
        live.store.tasks.change_several(live.client, [task_id], lambda _: Changes((), event(live.client)))
    assert live.events() == []


def test_creating_an_id_again_returns_what_is_there_and_changes_nothing(live: Live) -> None:
    first = task(live.client, label="first")
    add(live, first)
    second = first.model_copy(update={"label": "second"})
    assert live.store.tasks.create(second, event(live.client)) == first
    assert live.store.tasks.get(live.client, first.id) == first
    assert len(live.events()) == 1


def test_another_clients_id_cannot_be_taken(live: Live) -> None:
    first = task(live.client)
    add(live, first)
    stranger = uuid4()
    with pytest.raises(ConflictError):
        live.store.tasks.create(first.model_copy(update={"client_id": str(stranger)}), event(stranger))
    assert live.store.tasks.get(live.client, first.id) == first


def test_a_race_to_create_has_one_winner(live: Live) -> None:
    rivals = [task(live.client, id="task_race_" + live.client.hex, label=f"rival {n}") for n in range(8)]
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda rival: live.store.tasks.create(rival, event(live.client)), rivals))
    assert answers.count(None) == 1
    winner = rivals[answers.index(None)]
    assert {answer.label for answer in answers if answer} == {winner.label}
    assert len(live.events()) == 1


def test_sixteen_threads_change_one_task_and_none_is_lost(live: Live) -> None:
    given = task(live.client)
    add(live, given)
    with ThreadPoolExecutor(16) as threads:
        labels = [f"label {n}" for n in range(32)]
        changed = list(
            threads.map(lambda label: live.store.tasks.change(live.client, given.id, relabelled(live, label)), labels)
        )
    assert sorted(one.version for one in changed) == list(range(2, 34))
    last = max(changed, key=lambda one: one.version)
    assert live.store.tasks.get(live.client, given.id) == last
    assert len(live.events()) == 33


def test_a_decision_to_do_nothing_writes_nothing(live: Live) -> None:
    given = task(live.client)
    add(live, given)
    assert live.store.tasks.change(live.client, given.id, lambda _: None) == given
    assert len(live.events()) == 1


def test_a_decision_that_fails_writes_nothing(live: Live) -> None:
    given = task(live.client)
    add(live, given)

    def refuse(_: TaskDocument) -> None:
        raise ConflictError

    with pytest.raises(ConflictError):
        live.store.tasks.change(live.client, given.id, refuse)
    assert live.store.tasks.get(live.client, given.id) == given
    assert len(live.events()) == 1


def test_an_unchanged_document_may_still_leave_an_event_and_an_answer(live: Live) -> None:
    given, asked = task(live.client), key()
    add(live, given)
    live.store.tasks.change(live.client, given.id, lambda same: Change(same, event(live.client), kept(asked)))
    assert live.store.tasks.get(live.client, given.id) == given
    assert len(live.events()) == 2
    with pytest.raises(Replayed):
        live.store.kept_answers.recall(asked)


def test_a_kept_answer_is_replayed_and_fits_only_the_same_request(live: Live) -> None:
    given, asked = task(live.client), key("asked")
    add(live, given)

    def decide(found: TaskDocument) -> Change[TaskDocument]:
        changed = found.model_copy(update={"version": found.version + 1})
        return Change(changed, event(live.client), kept(asked, '{"n":"é"}', 201))

    live.store.tasks.change(live.client, given.id, decide)
    for repeat in (
        lambda: live.store.kept_answers.recall(asked),
        lambda: live.store.tasks.change(live.client, given.id, decide),
    ):
        with pytest.raises(Replayed) as replayed:
            repeat()
        assert (replayed.value.status, replayed.value.body) == (201, '{"n":"é"}')
    with pytest.raises(IdempotencyMismatchError):
        live.store.kept_answers.recall(key("something else", of=asked.id))
    assert (live.store.tasks.get(live.client, given.id) or given).version == 2
    assert len(live.events()) == 2


def test_no_key_and_an_unknown_key_recall_nothing(live: Live) -> None:
    live.store.kept_answers.recall(None)
    live.store.kept_answers.recall(key())


def test_a_key_is_free_again_after_its_day(live: Live) -> None:
    given, asked = task(live.client), key()
    add(live, given)
    live.store.tasks.change(live.client, given.id, lambda same: Change(same, event(live.client), kept(asked)))
    live.expire(asked.id)
    live.store.kept_answers.recall(asked)
    live.store.tasks.change(live.client, given.id, lambda same: Change(same, event(live.client), kept(asked, "again")))
    with pytest.raises(Replayed) as replayed:
        live.store.kept_answers.recall(asked)
    assert replayed.value.body == "again"


def test_parallel_repetitions_with_one_key_have_one_effect(live: Live) -> None:
    given, asked = task(live.client), key()
    add(live, given)

    def attempt(_: int) -> str:
        def decide(found: TaskDocument) -> Change[TaskDocument]:
            changed = found.model_copy(update={"version": found.version + 1})
            return Change(changed, event(live.client), kept(asked))

        try:
            live.store.tasks.change(live.client, given.id, decide)
        except Replayed:
            return "replayed"
        return "done"

    with ThreadPoolExecutor(8) as threads:
        outcomes = sorted(threads.map(attempt, range(8)))
    assert outcomes == ["done"] + ["replayed"] * 7
    assert (live.store.tasks.get(live.client, given.id) or given).version == 2
    assert len(live.events()) == 2


def test_several_tasks_change_in_one_commit_with_one_event(live: Live) -> None:
    first, second = task(live.client), task(live.client)
    add(live, first, second)
    asked = key()

    def decide(found: dict[str, TaskDocument]) -> Changes[TaskDocument]:
        assert found == {first.id: first, second.id: second}
        changed = tuple(one.model_copy(update={"version": 2}) for one in found.values())
        return Changes(changed, event(live.client), kept(asked))

    live.store.tasks.change_several(live.client, [first.id, "task_unknown", second.id], decide)
    assert [(live.store.tasks.get(live.client, one.id) or one).version for one in (first, second)] == [2, 2]
    assert len(live.events()) == 3
    with pytest.raises(Replayed):
        live.store.kept_answers.recall(asked)


def test_changes_of_several_tasks_survive_a_crowd(live: Live) -> None:
    tasks = [task(live.client) for _ in range(3)]
    add(live, *tasks)

    def decide(found: dict[str, TaskDocument]) -> Changes[TaskDocument]:
        changed = tuple(one.model_copy(update={"version": one.version + 1}) for one in found.values())
        return Changes(changed, event(live.client))

    ids = [one.id for one in tasks]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: live.store.tasks.change_several(live.client, ids, decide), range(8)))
    assert [(live.store.tasks.get(live.client, task_id) or tasks[0]).version for task_id in ids] == [9, 9, 9]


def sixty_tasks(live: Live) -> list[TaskDocument]:
    """Tasks of each kind, several with the same sort time, in no order, a few of them deleted."""
    made = []
    for n in range(60):
        due = NOW + timedelta(hours=n % 7 - 3) if n % 3 else None
        done = n % 5 == 0
        made.append(
            task(
                live.client,
                type=("normal", "shared", "backend")[n % 3],
                audience=(("ctx:1",), BOTH, ("rec:patient:1",), ("ctx:2",))[n % 4],
                assigned_to=(None, "role:biller", "u-1")[n % 3],
                state="completed" if done else "open",
                completed=done,
                is_open=not done,
                due_at=due,
                sort_at=due or NOW - timedelta(minutes=n // 4),
                deleted_at=NOW if n % 11 == 0 else None,
            )
        )
    add(live, *made)
    return made


FILTERS = [
    TaskFilter(),
    TaskFilter(audience=BOTH),
    TaskFilter(audience=("ctx:2",)),
    TaskFilter(audience=BOTH, type="shared"),
    TaskFilter(type="backend"),
    TaskFilter(audience=BOTH, is_open=True),
    TaskFilter(audience=BOTH, completed=True),
    TaskFilter(audience=BOTH, completed=False),
    TaskFilter(audience=BOTH, assigned_to="role:biller"),
    TaskFilter(audience=BOTH, due_before=NOW),
    TaskFilter(audience=BOTH, is_open=True, due_before=NOW + timedelta(hours=2)),
    TaskFilter(type="shared", is_open=True, assigned_to="role:biller", due_before=NOW + timedelta(hours=3)),
    TaskFilter(audience=("ctx:nobody",)),
]


def expected(tasks: Sequence[TaskDocument], wanted: TaskFilter) -> list[str]:
    fitting = [
        one
        for one in tasks
        if one.deleted_at is None
        and (not wanted.audience or any(mark in one.audience for mark in wanted.audience))
        and wanted.type in (None, one.type)
        and wanted.is_open in (None, one.is_open)
        and wanted.completed in (None, one.completed)
        and wanted.assigned_to in (None, one.assigned_to)
        and (wanted.due_before is None or (one.due_at is not None and one.due_at < wanted.due_before))
    ]
    return [one.id for one in sorted(fitting, key=lambda one: (one.sort_at, one.id))]


def test_filters_and_cursors_give_every_task_once_in_order(live: Live) -> None:
    tasks = sixty_tasks(live)
    for wanted in FILTERS:
        ids = expected(tasks, wanted)
        for limit in (7, 100):
            paged: list[str] = []
            after = None
            while True:
                page = live.store.tasks.find(live.client, wanted, after=after, limit=limit)
                paged += [one.id for one in page]
                if len(page) < limit:
                    break
                after = Position(page[-1].sort_at, page[-1].id)
            assert paged == ids, wanted
