"""Sending reminders: what is due, to whom it belongs, in commits of many tasks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import groupby
from uuid import UUID, uuid4

from shared.domain.task_reminders import due_reminders, reminded
from shared.errors import PermanentEventError, StoreUnavailableError
from shared.models.audit import AuditAction, AuditEvent
from shared.models.firestore.documents import TaskDocument
from shared.models.identifiers import uuid7
from shared.models.outcome import Outcome
from shared.repositories.changes import Changes
from shared.repositories.projection_protocols import DueReminders
from shared.repositories.protocols import TaskRepository
from shared.services.clock import Clock, utc_now

PAGE = 400
TASKS_AT_ONCE = 100  # what an audit event can name
WRITES_AT_ONCE = 400  # Firestore takes 500
COMMITS_AT_ONCE = 4
MAX_SECONDS_PER_RUN = 90.0


class ReminderService:
    """Sends what is due. Safe to repeat, to overlap, and to end at any moment.

    An alert and the mark on its task that it was sent are one commit; both name the reminder's time.
    """

    def __init__(
        self,
        due: DueReminders,
        tasks: TaskRepository,
        *,
        now: Clock = utc_now,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._due = due
        self._tasks = tasks
        self._now = now
        self._clock = clock

    def send(self) -> Outcome:
        """Send what is due, also what earlier runs missed, soonest first; the next run goes on where this one ends.

        Raises StoreUnavailableError when some could not be sent (the others were), PermanentEventError naming tasks
        that cannot be read.
        """
        give_up = self._clock() + MAX_SECONDS_PER_RUN
        now = self._now()
        unreadable: list[str] = []
        sent, after = 0, None
        failure: StoreUnavailableError | None = None
        with ThreadPoolExecutor(COMMITS_AT_ONCE) as commits:
            while True:
                page = self._due.due(now, after=after, limit=PAGE)
                unreadable += page.unreadable
                results = commits.map(lambda tasks: self._attempt(tasks, now), _portions(page.tasks, now))
                for result in results:
                    if isinstance(result, StoreUnavailableError):
                        failure = result
                    else:
                        sent += result
                after = page.last
                if after is None or self._clock() > give_up:
                    break
        if failure is not None:
            raise failure
        if unreadable:
            raise PermanentEventError(f"tasks cannot be read: {', '.join(unreadable[:20])}")
        return Outcome.DONE if sent else Outcome.UNCHANGED

    def _attempt(self, tasks: Sequence[TaskDocument], now: datetime) -> int | StoreUnavailableError:
        """Send the reminders of some tasks of one organisation; how many, or why not: the others do not wait."""
        try:
            return self._send(UUID(tasks[0].client_id), [task.id for task in tasks], now)
        except StoreUnavailableError as error:
            return error

    def _send(self, client_id: UUID, task_ids: list[str], now: datetime) -> int:
        count = 0

        def decide(found: dict[str, TaskDocument]) -> Changes[TaskDocument] | None:
            nonlocal count
            sent = [(task, *reminded(task, now)) for task in found.values()]
            sent = [(task, after, alerts) for task, after, alerts in sent if alerts]
            documents = tuple(after for _, after, _ in sent)
            new = tuple(alert for _, _, alerts in sent for alert in alerts)
            count = len(new)
            return Changes(documents, _event(client_id, documents), None, new) if documents else None

        self._tasks.change_several(client_id, task_ids, decide)
        return count


def _portions(tasks: Sequence[TaskDocument], now: datetime) -> Iterator[list[TaskDocument]]:
    """Cut the tasks into what one commit takes: of one organisation, not too many of them nor of their writes."""
    by_client = sorted(tasks, key=lambda task: task.client_id)
    for _, some in groupby(by_client, key=lambda task: task.client_id):
        portion: list[TaskDocument] = []
        writes = 0
        for task in some:
            needed = 1 + len(due_reminders(task, now))
            if portion and (len(portion) == TASKS_AT_ONCE or writes + needed > WRITES_AT_ONCE):
                yield portion
                portion, writes = [], 0
            portion.append(task)
            writes += needed
        yield portion


def _event(client_id: UUID, tasks: Sequence[TaskDocument]) -> AuditEvent:
    patients = sorted({task.patient_uuid for task in tasks if task.patient_uuid is not None})
    return AuditEvent(
        id=uuid7(),
        client_id=client_id,
        user_id=None,
        action=AuditAction.TASK_REMIND,
        resource_type="task",
        patient_ref=patients[0] if len(patients) == 1 else None,
        request_id=uuid4().hex,
        metadata={
            "taskIds": [task.id for task in tasks],
            **({"patientRefs": patients} if len(patients) > 1 else {}),
        },
    )
