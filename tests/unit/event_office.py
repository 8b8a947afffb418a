"""The tasks component on in-memory stores, with what the trigger does to the changes that are made."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from shared.models.api.tasks import TaskView
from shared.models.firestore.documents import TaskDocument
from shared.models.outcome import Outcome
from shared.repositories.projection_protocols import OpenTasks, Place
from shared.services.task_effects import TaskEffects
from shared.services.task_projection import TaskProjection
from tests.unit.factories import CLIENT, NOW, USER, roster
from tests.unit.task_office import Office

OTHER, THIRD = UUID(int=77), UUID(int=88)
DAY = timedelta(days=1)
Change = tuple[str, TaskDocument | None, TaskDocument | None]


class Counts:
    """See OpenTaskStore. Nobody looks at these counts here."""

    def count(self, place: Place) -> OpenTasks:
        del place
        return OpenTasks(0, NOW)

    def keep(self, place: Place, counted: OpenTasks) -> bool:
        del place, counted
        return True


class EventOffice(Office):
    """The tasks component with what the trigger does. `changes` are the events, oldest first."""

    def __init__(self) -> None:
        super().__init__()
        self.live.rosters.put(roster(CLIENT, USER, OTHER, THIRD))
        self.effects = TaskEffects(TaskProjection(Counts()), self.live)
        self._known: dict[str, TaskDocument] = {}
        self.changes: list[Change] = []

    def noted(self) -> list[Change]:
        """Note what has changed since the last time."""
        held = dict(self.live.documents.tasks)
        new: list[Change] = [(task_id, self._known.get(task_id), task) for task_id, task in held.items()]
        new = [change for change in new if change[1] != change[2]]
        self._known = held
        self.changes += new
        return new

    def carry(self, changes: Iterable[Change] | None = None) -> None:
        """Deliver events, and those that they cause, until nothing more happens."""
        for task_id, before, after in self.noted() if changes is None else changes:
            self.event(task_id, before, after)
        for _ in range(20):
            caused = self.noted()
            if not caused:
                return
            for task_id, before, after in caused:
                self.event(task_id, before, after)
        raise AssertionError("it does not settle")

    def event(self, task_id: str, before: TaskDocument | None, after: TaskDocument | None) -> Outcome:
        fields = [one.fields() if one else None for one in (before, after)]
        return self.effects.task_written(task_id, before=fields[0], after=fields[1])

    def move(self, task_id: str, move: Any, reason: str | None = "Because") -> TaskView:
        view = self.service.move(self.caller, task_id, move, reason)
        self.noted()
        return view

    def task(self, task_id: str) -> TaskDocument:
        return self.live.documents.tasks[task_id]

    def following(self, task_id: str) -> TaskDocument:
        (found,) = (one for one in self.live.documents.tasks.values() if one.follows == task_id)
        return found

    def told(self) -> dict[str, tuple[str, str]]:
        """The alerts about assignments: whom, and their state."""
        alerts = self.live.documents.alerts
        return {one.id: (one.audience.user_ids[0], one.state) for one in alerts.values() if one.source == "task"}

    def result(self) -> Any:
        """What everything has become, times, versions and alerts that are over aside."""
        return {one: told for one, told in self.told().items() if told[1] == "active"}, {
            one.id: (one.state, one.completed, one.is_open, one.label, one.due_at, one.deleted_at is None)
            for one in self.live.documents.tasks.values()
        }


def pair(office: EventOffice) -> tuple[str, str]:
    """A shared task and its back-office side; their ids."""
    shared = office.create(type="shared")
    backend = office.create(type="backend", linkedTo=shared.id)
    office.carry()
    return shared.id, backend.id
