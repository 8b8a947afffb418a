"""A context's `openTaskCount` ends at the right number, whatever the events went through."""

from __future__ import annotations

import random

import pytest

from tests.e2e.person import ELIGIBILITY, TASKS, Person, Relay, at_once, until

SECONDS = 15.0


def counted(person: Person, context: str, expected: int) -> None:
    """Wait until the context shows the number."""

    def shown() -> bool:
        return bool(person.done("GET", f"{ELIGIBILITY}/context", contextId=context)["openTaskCount"] == expected)

    until(shown, seconds=SECONDS, what=f"openTaskCount {expected}")


def settled(relay: Relay) -> None:
    """Wait until the relay has nothing under way."""
    until(lambda: relay.status()["pending"] == 0, seconds=SECONDS, what="the relay's last delivery")


def test_a_new_context_has_no_open_tasks(manager: Person) -> None:
    assert manager.done("GET", f"{ELIGIBILITY}/context", contextId=manager.open())["openTaskCount"] == 0


def test_the_count_follows_a_tasks_life(manager: Person) -> None:
    context = manager.open()
    first, second = manager.new_task(context)["id"], manager.new_task(context, type="shared")["id"]
    counted(manager, context, 2)
    manager.done("POST", f"{TASKS}/{first}/complete", {})
    counted(manager, context, 1)
    manager.done("PUT", f"{TASKS}/{first}", {"completed": False})
    counted(manager, context, 2)
    manager.done("DELETE", f"{TASKS}/{second}")
    counted(manager, context, 1)
    manager.done("POST", f"{TASKS}/{first}/cancel", {"reason": "No longer needed"})
    counted(manager, context, 0)


def test_a_bulk_move_is_counted(manager: Person) -> None:
    context = manager.open()
    tasks = [manager.new_task(context)["id"] for _ in range(5)]
    counted(manager, context, 5)
    manager.done("POST", f"{TASKS}/bulk", {"taskIds": tasks[:3], "move": "complete"})
    counted(manager, context, 2)


def test_tasks_made_at_once_are_all_counted(manager: Person) -> None:
    context = manager.open()
    at_once(12, lambda _: manager.new_task(context))
    counted(manager, context, 12)


@pytest.mark.parametrize("seed", [1, 2])
def test_doubled_and_reordered_events_end_at_the_right_number(
    manager: Person, relay: Relay, seed: int, *, full_volume: bool
) -> None:
    context, order = manager.open(), random.Random(seed)  # noqa: S311 - a repeatable order, no secret
    open_tasks: list[str] = []
    with relay.faults(seed=seed, duplicate=0.5, reorder=0.4, hold=1.0, delay=0.3):
        for _ in range(60 if full_volume else 20):
            if open_tasks and order.random() < 0.5:
                task = open_tasks.pop(order.randrange(len(open_tasks)))
                if order.random() < 0.5:
                    manager.done("POST", f"{TASKS}/{task}/complete", {})
                else:
                    manager.done("DELETE", f"{TASKS}/{task}")
            else:
                open_tasks.append(manager.new_task(context)["id"])
        settled(relay)
    counted(manager, context, len(open_tasks))
    settled(relay)
    counted(manager, context, len(open_tasks))
