"""A day of task and alert events, each delivered one to five times in random order, with handlers that end anywhere.

What people then find in their inboxes, the counts of contexts, and every task that follows from another are what a
single delivery in order would have left.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from google.cloud import firestore

from shared.failpoints import listening
from shared.models.identifiers import derived_document_id
from shared.repositories.firestore.store import FirestoreLiveStore
from tests.integration.live_events import Event, LiveEvents, running_events, working_in
from tests.integration.office_day import CONTEXTS, PEOPLE, OfficeDay

SEED = 20_261_124
CRASHES = 0.15


class CrashError(BaseException):
    """What no handler catches: the end of its process."""


@pytest.fixture(scope="module")
def live() -> Iterator[LiveEvents]:
    with running_events() as running:
        yield running


@pytest.fixture(scope="module")
def volume(*, full_volume: bool) -> int:
    """How many things people do: each changes a task or an alert, and so causes an event."""
    return 1000 if full_volume else 100


def in_order(live: LiveEvents, project: str, begun: datetime, volume: int) -> None:
    """Each event once, as soon as it happens."""
    day = OfficeDay(FirestoreLiveStore(firestore.Client(project=project)), begun, SEED)
    for _ in day.steps(volume):
        events = live.take(project)
        while events:
            assert live.deliver(events.pop(0)) == 204
            events += live.take(project)


class Storm:
    """Each event one to five times, in random order, with crashes. `happened` counts what happened."""

    def __init__(self, live: LiveEvents, project: str) -> None:
        self._live, self._project = live, project
        self.chance = random.Random(SEED)  # noqa: S311 - a repeatable storm, no secret
        self.happened: Counter[str] = Counter()
        self.waiting: list[Event] = []

    def take(self) -> bool:
        """Take what the emulator has sent; whether that was anything."""
        events = self._live.take(self._project)
        self.happened["events"] += len(events)
        self.waiting.extend(event for event in events for _ in range(self.chance.randint(1, 5)))
        return bool(events)

    def deliver_one(self) -> None:
        """Deliver any of the events; one that is not handled waits on."""
        event = self.waiting.pop(self.chance.randrange(len(self.waiting)))
        try:
            with listening(self._crash):
                status = self._live.deliver(event)
        except CrashError:
            status = 503
        self.happened["delivered" if status == 204 else "failed"] += 1
        if status != 204:
            self.waiting.append(event)

    def _crash(self, name: str) -> None:
        if self.chance.random() < CRASHES:
            self.happened[f"crash at {name}"] += 1
            raise CrashError


def in_a_storm(live: LiveEvents, project: str, begun: datetime, volume: int) -> Counter[str]:
    """Deliver in a storm while people go on, then until nothing is left; what happened, counted."""
    storm = Storm(live, project)
    day = OfficeDay(FirestoreLiveStore(firestore.Client(project=project)), begun, SEED)
    for _ in day.steps(volume):
        storm.take()
        for _ in range(min(storm.chance.randint(0, 4), len(storm.waiting))):
            storm.deliver_one()
    while storm.waiting or storm.take():
        storm.deliver_one()
    return storm.happened


@pytest.fixture(scope="module")
def both(live: LiveEvents, volume: int) -> tuple[Any, Any, Counter[str]]:
    """The same day twice: (in order, in a storm, what happened in it)."""
    begun = datetime.now(UTC)
    projects = [f"demo-{kind}-{uuid4().hex[:6]}" for kind in ("order", "storm")]
    for project in projects:
        live.watch(project)
    with working_in(projects[0]):
        in_order(live, projects[0], begun, volume)
    with working_in(projects[1]):
        happened = in_a_storm(live, projects[1], begun, volume)
    clients = [firestore.Client(project=project) for project in projects]
    return clients[0], clients[1], happened


def everything(client: Any, collection: str) -> dict[str, dict[str, Any]]:
    return {found.id: found.to_dict() for found in client.collection(collection).get()}


def test_the_storm_was_one(both: tuple[Any, Any, Counter[str]], volume: int) -> None:
    happened = both[2]
    assert happened["events"] >= volume
    assert happened["delivered"] > 2 * happened["events"]
    crashed = {name.removeprefix("crash at ") for name in happened if name.startswith("crash")}
    assert crashed >= {"task.counted", "task.assignment_ended", "task.assignee_told", "task.followed_up"}
    assert crashed >= {"task.mirrored", "fan_out.delivered", "fan_out.before_push"}


def inboxes(client: Any) -> dict[str, dict[str, tuple[Any, ...]]]:
    """What each person finds: of alerts about assignments, those that are active; of others, also what is over."""
    names = (
        "severity message count state isActive acknowledgedAt outcome snoozedUntil contextId lastSeenAt source taken"
    )
    shown = names.split()
    return {
        uid: {
            alert_id: tuple(entry[name] for name in shown)
            for alert_id, entry in everything(client, f"inboxes/{uid}/entries").items()
            if entry["isActive"] or entry["source"] != "task"
        }
        for uid in PEOPLE
    }


def test_inboxes_are_those_of_an_ordered_delivery(both: tuple[Any, Any, Counter[str]]) -> None:
    ordered, storm = inboxes(both[0]), inboxes(both[1])
    assert sum(len(inbox) for inbox in ordered.values()) > 50
    assert any(entry[5] for inbox in ordered.values() for entry in inbox.values()), "nothing was acknowledged"
    assert any(entry[10] == "task" for inbox in ordered.values() for entry in inbox.values()), "nobody was told"
    assert storm == ordered


def test_every_alert_reached_whom_it_is_for(both: tuple[Any, Any, Counter[str]]) -> None:
    found = inboxes(both[1])
    for alert_id, alert in everything(both[1], "alerts").items():
        if alert["isActive"]:
            reached = {uid for uid in PEOPLE if alert_id in found[uid]}
            assert reached
            assert all(found[uid][alert_id][2] == alert["count"] for uid in reached)


def test_counts_are_those_of_an_ordered_delivery(both: tuple[Any, Any, Counter[str]]) -> None:
    counted = [
        {name: one["openTaskCount"] for name, one in everything(client, "contexts").items()} for client in both[:2]
    ]
    assert counted[0] == counted[1]
    assert len(counted[1]) == CONTEXTS
    tasks = everything(both[1], "tasks").values()
    open_ones = Counter(one["contextId"] for one in tasks if one["isOpen"] and one["deletedAt"] is None)
    assert counted[1] == {name: open_ones[name] for name in counted[1]}


def tasks_of(client: Any) -> dict[str, tuple[Any, ...]]:
    names = "state completed isOpen label type assignedTo dueAt sortAt deletedAt reason follows seriesId repeat"
    shown = f"{names} followUp linkedTo completedAt completedBy createdAt".split()
    return {task_id: tuple(task[name] for name in shown) for task_id, task in everything(client, "tasks").items()}


def test_follow_ups_and_pairs_are_those_of_an_ordered_delivery(both: tuple[Any, Any, Counter[str]]) -> None:
    ordered, storm = tasks_of(both[0]), tasks_of(both[1])
    followed = [task for task in ordered.values() if task[10] is not None]
    assert {task[0] for task in followed} >= {"open", "auto_closed"}
    sides = {task_id: task for task_id, task in storm.items() if task[14] is not None}
    assert any(task[0] in {"completed", "cancelled"} for task in sides.values())
    for task_id, task in sides.items():
        shared = storm[task[14]]
        assert task_id == derived_document_id("task", "backend", task[14])
        if shared[8] is None and task[8] is None:
            ended = {"completed", "cancelled"}
            assert task[0] == shared[0] or not ended & {task[0], shared[0]}
    assert storm == ordered


def test_every_change_left_one_audit_event(both: tuple[Any, Any, Counter[str]]) -> None:
    for client in both[:2]:
        events = everything(client, "audit_outbox").values()
        recorded = Counter(one["resourceRef"] for one in events if one["action"] != "alert:acknowledge")
        recorded.update(task_id for one in events for task_id in one["metadata"].get("followers", ()))
        for collection in ("tasks", "alerts"):
            for name, one in everything(client, collection).items():
                assert recorded[name] == one["version"], f"{name}: {recorded[name]} events, version {one['version']}"
