"""What tasks bring about in one commit, on both stores: followers, reminders, one task for a rule, one claim."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from google.cloud import firestore
from google.cloud.firestore_v1.base_query import FieldFilter

from shared.db.selector import DatabaseSelector
from shared.errors import ConflictError, PermanentEventError
from shared.models.api.tasks import NewTask, TaskBulk, TaskView
from shared.models.firestore.alerts import AlertDocument
from shared.models.firestore.documents import ContextDocument, TaskDocument
from shared.models.roles import Role
from shared.repositories.firestore.due_reminders import FirestoreDueReminders
from shared.repositories.firestore.tasks import FirestoreTaskRepository
from shared.repositories.memory.members import InMemoryAuditPublisher
from shared.repositories.memory.store import InMemoryRecordStore
from shared.repositories.protocols import Change, TaskFilter
from shared.services.access_log import AccessLog
from shared.services.task_reminders import ReminderService
from shared.services.task_rules import RuleTask, RuleTaskService
from shared.services.tasks import TaskService
from tests.contract.conftest import Live
from tests.contract.test_documents import alert
from tests.unit.factories import NOW, caller, context, event, session, task

DAY = timedelta(days=1)


class Office:
    """The tasks component over a live store, with a context and people of a role."""

    def __init__(self, live: Live) -> None:
        self.live = live
        topic = InMemoryAuditPublisher()
        log = AccessLog(lambda: topic, lambda: live.outbox)
        self.service = TaskService(DatabaseSelector(InMemoryRecordStore, lambda: live.store), log)
        self.caller = caller(client_id=live.client)
        opened = context(live.client)
        by = session(opened, id=f"uid_{uuid4().hex}")
        self.context: ContextDocument = live.store.contexts.open(
            opened, by, event(live.client), lambda _context, _new: None
        )[0]

    def create(self, **members: Any) -> TaskView:
        given = {"contextId": self.context.id, "label": "Call the payer"} | members
        return self.service.create_task(self.caller, NewTask.model_validate(given))

    def all(self) -> list[TaskDocument]:
        return self.live.store.tasks.find(self.live.client, TaskFilter(), after=None, limit=100)


@pytest.fixture
def office(live: Live) -> Office:
    return Office(live)


def outcomes(act: Callable[[int], object], count: int) -> list[str]:
    """How `count` calls at once ended: `done`, or the code of the conflict and the state that it names."""

    def attempt(number: int) -> str:
        try:
            act(number)
        except ConflictError as refused:
            return f"{refused.code}: {refused.extra['current']['state']}"
        return "done"

    with ThreadPoolExecutor(count) as threads:
        return sorted(threads.map(attempt, range(count)))


def test_a_pool_task_is_claimed_by_exactly_one(office: Office) -> None:
    made = office.create(assignedTo="role:biller", type="shared")
    billers = [replace(office.caller, user_id=uuid4(), role=Role.BILLER) for _ in range(12)]
    done = outcomes(lambda n: office.service.move(billers[n], made.id, "accept"), 12)
    assert done == ["already_taken: accepted"] * 11 + ["done"]
    (stored,) = office.all()
    assert (stored.state, stored.version) == ("accepted", 2)
    assert stored.assigned_to in {str(one.user_id) for one in billers}


def test_completing_at_once_makes_one_follower(office: Office) -> None:
    made = office.create(dueAt=datetime.now(UTC) + DAY, repeat={"unit": "day"})

    def complete(number: int) -> None:
        if number % 2:
            office.service.bulk(office.caller, TaskBulk(task_ids=[made.id], move="complete"))
        else:
            office.service.move(office.caller, made.id, "complete")

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(complete, range(8)))
    office.service.move(office.caller, made.id, "reopen")
    office.service.move(office.caller, made.id, "complete")
    first, second = office.all()
    assert (first.follower_id, second.series_id, second.state) == (second.id, made.id, "open")


def test_several_completed_together_are_each_followed(office: Office) -> None:
    made = [office.create(dueAt=datetime.now(UTC) + DAY, repeat={"unit": "week"}) for _ in range(20)]
    office.service.bulk(office.caller, TaskBulk(task_ids=[one.id for one in made], move="complete"))
    tasks = office.all()
    assert len(tasks) == 40
    assert {one.follower_id for one in tasks if one.completed} == {one.id for one in tasks if one.is_open}


def test_twenty_findings_of_a_rule_at_once_are_one_open_task(office: Office) -> None:
    rules = RuleTaskService(office.live.store)
    wanted = RuleTask("E11", "Extend the authorization")

    def find(_: int) -> str:
        return rules.open(office.context, wanted).id

    with ThreadPoolExecutor(20) as threads:
        first = set(threads.map(find, range(20)))
    assert rules.close(office.context, "E11") is not None
    with ThreadPoolExecutor(20) as threads:
        second = set(threads.map(find, range(20)))
    assert (len(first), len(second), len(first | second)) == (1, 1, 2)
    assert sorted((one.occurrence, one.state) for one in office.all()) == [(1, "auto_closed"), (2, "open")]


def test_what_comes_with_a_change_is_stored_with_it_and_once(live: Live) -> None:
    first, follower, raised = task(live.client), task(live.client, label="next"), alert(live.client)
    live.store.tasks.create(first, event(live.client))

    def decide(found: TaskDocument) -> Change[TaskDocument]:
        changed = found.model_copy(update={"version": found.version + 1})
        return Change(changed, event(live.client), None, (follower, raised))

    for version in (2, 3):  # the second time both are there already
        assert live.store.tasks.change(live.client, first.id, decide).version == version
    assert live.store.tasks.get(live.client, follower.id) == follower
    stored = live.store.alerts.get(live.client, raised.id)
    assert stored is not None
    assert stored.message == raised.message
    assert stored.updated_at != raised.updated_at  # the store's own clock
    assert len(live.events()) == 3


def test_what_comes_with_a_new_document_is_stored_with_it(live: Live) -> None:
    made, raised = alert(live.client), alert(live.client)
    for _ in range(2):
        live.store.alerts.create(made, event(live.client), None, (raised,))
    assert live.store.alerts.get(live.client, raised.id) is not None
    unstored = alert(live.client)
    assert live.store.alerts.create(made, event(live.client), None, (unstored,))[1] is False
    assert live.store.alerts.get(live.client, unstored.id) is None


class Clinic:
    """Reminder jobs on the emulator, a thousand years ago: what other tests left lies ahead."""

    def __init__(self, client: firestore.Client) -> None:
        self.client = client
        self.organisation = uuid4()
        self.tasks = FirestoreTaskRepository(client)
        self.now = datetime(1000 + self.organisation.int % 900, 1, 1, tzinfo=UTC)

    def job(self) -> ReminderService:
        return ReminderService(FirestoreDueReminders(self.client), self.tasks, now=lambda: self.now)

    def add(self, count: int, *, organisation: UUID | None = None, **members: Any) -> list[TaskDocument]:
        who = organisation or self.organisation
        made = [task(who, remind_at=(self.now,), **members) for _ in range(count)]
        for start in range(0, count, 400):
            batch = self.client.batch()
            for one in made[start : start + 400]:
                batch.set(self.client.collection("tasks").document(one.id), one.fields())
            batch.commit()
        return made

    def alerts(self) -> list[AlertDocument]:
        mine = self.client.collection("alerts").where(filter=FieldFilter("clientId", "==", str(self.organisation)))
        return [AlertDocument.model_validate({**(one.to_dict() or {}), "id": one.id}) for one in mine.get()]

    def clear(self) -> None:
        """Take what is left of this test out of the way of the next."""
        for one in self.client.collection("tasks").where(filter=FieldFilter("nextReminderAt", "<=", self.now)).get():
            one.reference.delete()


@pytest.fixture
def clinic(firestore_client: firestore.Client) -> Any:
    made = Clinic(firestore_client)
    yield made
    made.clear()


def test_runs_at_once_send_each_reminder_once(clinic: Clinic) -> None:
    made = clinic.add(250)
    with ThreadPoolExecutor(3) as threads:
        list(threads.map(lambda _: clinic.job().send(), range(3)))
    alerts = clinic.alerts()
    assert sorted(str(one.message.params["taskId"]) for one in alerts) == sorted(one.id for one in made)
    assert clinic.job().send() == "unchanged"


def test_a_reminder_is_found_by_its_stored_time_and_leaves_it(clinic: Clinic) -> None:
    (made,) = clinic.add(1)
    reference = clinic.client.collection("tasks").document(made.id)
    assert reference.get().get("nextReminderAt") == clinic.now
    clinic.job().send()
    assert reference.get().get("nextReminderAt") is None
    (sent,) = clinic.alerts()
    assert sent.is_active


def test_a_run_that_ends_in_between_is_caught_up_without_a_second_alert(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    clinic.add(250)
    real, commits = clinic.tasks.change_several, []

    def die(*arguments: Any) -> None:
        real(*arguments)
        commits.append(1)
        if len(commits) == 2:
            raise KeyboardInterrupt  # as a process that is ended: nothing is caught, nothing is finished

    monkeypatch.setattr(clinic.tasks, "change_several", die)
    with pytest.raises(KeyboardInterrupt):
        clinic.job().send()
    assert 0 < len(clinic.alerts()) < 250 or len(commits) > 2
    monkeypatch.setattr(clinic.tasks, "change_several", real)
    clinic.job().send()
    assert len({one.id for one in clinic.alerts()}) == len(clinic.alerts()) == 250


def test_a_reminder_sent_before_is_not_sent_again_though_its_mark_was_lost(clinic: Clinic) -> None:
    (made,) = clinic.add(1)
    clinic.job().send()
    clinic.client.collection("tasks").document(made.id).update({"remindedThrough": None, "nextReminderAt": clinic.now})
    clinic.job().send()
    assert len(clinic.alerts()) == 1
    stored = clinic.tasks.get(clinic.organisation, made.id)
    assert stored is not None
    assert stored.next_reminder_at is None


def test_a_spoilt_task_is_named_and_the_others_are_sent(clinic: Clinic) -> None:
    clinic.add(3)
    spoilt = clinic.client.collection("tasks").document(f"task_{uuid4().hex}")
    spoilt.set({"clientId": str(clinic.organisation), "nextReminderAt": clinic.now, "state": "who knows"})
    with pytest.raises(PermanentEventError, match=spoilt.id):
        clinic.job().send()
    assert len(clinic.alerts()) == 3


def test_a_morning_of_reminders_is_sent_in_one_run(clinic: Clinic, full_volume: bool) -> None:
    count = 10_000 if full_volume else 1_000
    clinic.add(count)
    clinic.add(50, organisation=uuid4())
    begun = datetime.now(UTC)
    clinic.job().send()
    assert len(clinic.alerts()) == count
    assert clinic.job().send() == "unchanged"
    assert datetime.now(UTC) - begun < timedelta(seconds=100)


def test_the_moment_of_a_reminder_is_now_for_everything_due(clinic: Clinic) -> None:
    clinic.add(1, snoozed_until=clinic.now + DAY)
    later = clinic.now
    assert clinic.job().send() == "unchanged"
    clinic.now = later + DAY
    clinic.job().send()
    assert len(clinic.alerts()) == 1
    assert later < NOW
