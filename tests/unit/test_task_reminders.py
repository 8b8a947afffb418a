"""Reminders: when they are due, whom they reach, and that each is sent once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.errors import PermanentEventError, StoreUnavailableError, ValidationFailedError
from shared.models.audit import AuditAction
from shared.models.firestore.alerts import AlertDocument
from shared.models.outcome import Outcome
from shared.repositories.changes import Position
from shared.repositories.memory.due_reminders import InMemoryDueReminders
from shared.repositories.projection_protocols import DuePage
from shared.services.task_reminders import MAX_SECONDS_PER_RUN, PAGE, ReminderService
from tests.unit.factories import CLIENT, NOW, USER, event, task
from tests.unit.task_office import Office

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


class Clinic(Office):
    """An office with its reminder job."""

    def __init__(self) -> None:
        super().__init__()
        self.due = InMemoryDueReminders(self.live.documents)
        self.job = ReminderService(self.due, self.live.tasks, now=lambda: self.now)

    @property
    def alerts(self) -> list[AlertDocument]:
        return list(self.live.documents.alerts.values())

    def sent(self) -> int:
        """How many alerts another run makes."""
        before = len(self.alerts)
        self.job.send()
        return len(self.alerts) - before


@pytest.fixture
def clinic() -> Clinic:
    return Clinic()


def test_a_reminder_is_sent_once_at_its_time(clinic: Clinic) -> None:
    made = clinic.create(remindAt=[NOW + HOUR], dueAt=NOW + 2 * HOUR)
    assert made.next_reminder_at == NOW + HOUR
    clinic.now = NOW + HOUR - MINUTE
    assert clinic.job.send() is Outcome.UNCHANGED
    clinic.now = NOW + HOUR
    assert clinic.job.send() is Outcome.DONE
    (alert,) = clinic.alerts
    assert (alert.severity, alert.message.code, alert.message.params["taskId"]) == ("info", "task_reminder", made.id)
    assert (alert.context_id, alert.patient_uuid) == (clinic.context.id, clinic.context.patient_uuid)
    stored = clinic.live.documents.tasks[made.id]
    assert (stored.next_reminder_at, stored.version) == (None, made.version)
    clinic.now += HOUR
    assert clinic.sent() == 0


def test_what_was_missed_is_caught_up_each_on_its_own(clinic: Clinic) -> None:
    clinic.create(remindAt=[NOW + n * HOUR for n in (3, 1, 2, 1)], dueAt=NOW + HOUR)
    clinic.now = NOW + 2 * HOUR
    assert clinic.sent() == 2
    assert {one.severity for one in clinic.alerts} == {"warning"}
    clinic.now = NOW + 4 * HOUR
    assert clinic.sent() == 1


def test_a_closed_a_deleted_and_an_unset_task_remind_of_nothing(clinic: Clinic) -> None:
    made = [clinic.create(remindAt=[NOW + HOUR]) for _ in range(4)]
    clinic.service.move(clinic.caller, made[0].id, "complete")
    clinic.service.move(clinic.caller, made[1].id, "cancel", "No")
    clinic.service.delete_task(clinic.caller, made[2].id)
    assert clinic.edit(made[3].id, remindAt=[]).next_reminder_at is None
    clinic.now = NOW + HOUR
    assert clinic.sent() == 0


def test_a_task_on_hold_still_reminds(clinic: Clinic) -> None:
    made = clinic.create(remindAt=[NOW + HOUR])
    clinic.service.move(clinic.caller, made.id, "hold", "Waiting for the payer")
    clinic.now = NOW + HOUR
    assert clinic.sent() == 1


def test_a_snoozed_task_reminds_when_it_is_back(clinic: Clinic) -> None:
    made = clinic.create(remindAt=[NOW + HOUR, NOW + 2 * HOUR, NOW + 9 * HOUR])
    snoozed = clinic.service.snooze(clinic.caller, made.id, NOW + 3 * HOUR)
    assert snoozed.next_reminder_at == NOW + 3 * HOUR
    clinic.now = NOW + 3 * HOUR - MINUTE
    assert clinic.sent() == 0
    clinic.now = NOW + 3 * HOUR
    assert clinic.sent() == 2
    assert clinic.live.documents.tasks[made.id].next_reminder_at == NOW + 9 * HOUR


def test_what_passed_while_a_task_was_closed_is_not_sent_when_it_opens_again(clinic: Clinic) -> None:
    made = clinic.create(remindAt=[NOW + HOUR, NOW + 5 * HOUR])
    clinic.service.move(clinic.caller, made.id, "complete")
    clinic.now = NOW + 2 * HOUR
    again = clinic.service.move(clinic.caller, made.id, "reopen")
    assert again.next_reminder_at == NOW + 5 * HOUR
    assert clinic.sent() == 0


def test_a_new_reminder_lies_in_the_future_and_an_old_one_may_stay(clinic: Clinic) -> None:
    made = clinic.create(remindAt=[NOW + HOUR])
    clinic.now = NOW + 2 * HOUR
    clinic.job.send()
    kept = clinic.edit(made.id, remindAt=[NOW + 3 * HOUR, NOW + HOUR])
    assert (kept.remind_at, kept.next_reminder_at) == ((NOW + HOUR, NOW + 3 * HOUR), NOW + 3 * HOUR)
    acts: list[Callable[[], object]] = [
        lambda: clinic.create(remindAt=[clinic.now]),
        lambda: clinic.edit(made.id, remindAt=[NOW + HOUR + MINUTE]),
    ]
    for act in acts:
        with pytest.raises(ValidationFailedError) as refused:
            act()
        assert [(one.field, one.code) for one in refused.value.errors] == [("remindAt", "in_the_past")]


@pytest.mark.parametrize(
    ("members", "users", "roles"),
    [
        ({"assigned_to": str(USER)}, (str(USER),), ()),
        ({"assigned_to": "role:biller"}, (), ("biller",)),
        ({}, (str(USER),), ()),
        ({"created_by": "rule:E11", "mode": "front-desk"}, (), ("admin", "manager", "front_desk")),
    ],
)
def test_whoever_has_it_is_reminded(
    clinic: Clinic, members: dict[str, Any], users: tuple[str, ...], roles: tuple[str, ...]
) -> None:
    clinic.live.tasks.create(task(remind_at=(NOW,), **members), event())
    assert clinic.sent() == 1
    assert (clinic.alerts[0].audience.user_ids, clinic.alerts[0].audience.roles) == (users, roles)


def test_runs_at_once_send_each_once_and_organisations_stay_apart(clinic: Clinic) -> None:
    organisations = [uuid4() for _ in range(3)]
    for n in range(PAGE + 50):
        one = organisations[n % 3]
        clinic.live.tasks.create(task(one, remind_at=(NOW - MINUTE, NOW)), event(one))
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: clinic.job.send(), range(4)))
    alerts = clinic.alerts
    assert len(alerts) == 2 * (PAGE + 50)
    for alert in alerts:
        assert clinic.live.documents.tasks[str(alert.message.params["taskId"])].client_id == alert.client_id
    recorded = [one for one in clinic.live.documents.events if one.action is AuditAction.TASK_REMIND]
    named = [task_id for one in recorded for task_id in one.metadata["taskIds"]]
    assert sorted(named) == sorted(clinic.live.documents.tasks)
    assert all(
        clinic.live.documents.tasks[one.metadata["taskIds"][0]].client_id == str(one.client_id) for one in recorded
    )
    assert all(one.user_id is None and len(one.metadata["taskIds"]) <= 100 for one in recorded)


def test_a_run_ends_in_time_and_the_next_goes_on(clinic: Clinic) -> None:
    for _ in range(2 * PAGE):
        clinic.live.tasks.create(task(remind_at=(NOW,)), event())
    ticks = iter([0.0, MAX_SECONDS_PER_RUN + 1, 0.0, 1.0, 2.0, 3.0])
    job = ReminderService(clinic.due, clinic.live.tasks, now=lambda: clinic.now, clock=lambda: next(ticks))
    job.send()
    assert len(clinic.alerts) == PAGE
    job.send()
    assert len(clinic.alerts) == 2 * PAGE


def test_an_organisation_whose_tasks_cannot_be_written_does_not_hold_up_the_others(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = uuid4()
    for one in (broken, CLIENT):
        clinic.live.tasks.create(task(one, remind_at=(NOW,)), event(one))
    real = clinic.live.tasks.change_several

    def refuse(client_id: UUID, *rest: object) -> None:
        if client_id == broken:
            raise StoreUnavailableError("Too many people change this at once")
        real(client_id, *rest)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(clinic.live.tasks, "change_several", refuse)
    with pytest.raises(StoreUnavailableError):
        clinic.job.send()
    assert [one.client_id for one in clinic.alerts] == [str(CLIENT)]


def test_a_task_that_cannot_be_read_is_named_and_holds_up_nothing(clinic: Clinic) -> None:
    clinic.live.tasks.create(task(remind_at=(NOW,)), event())

    class Spoilt(InMemoryDueReminders):
        def due(self, until: object, *, after: Position | None, limit: int) -> DuePage:
            page = super().due(until, after=after, limit=limit)  # type: ignore[arg-type]  # passed on as it came
            return DuePage(page.tasks, ("task_spoilt",), page.last)

    job = ReminderService(Spoilt(clinic.live.documents), clinic.live.tasks, now=lambda: clinic.now)
    with pytest.raises(PermanentEventError, match="task_spoilt"):
        job.send()
    assert len(clinic.alerts) == 1
