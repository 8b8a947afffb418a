"""Long work: begun once, done in turns, by handlers that are repeated, overtaken, killed and left without a store."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.domain.job import LEASE
from shared.errors import NotFoundError, PermanentEventError, StoreUnavailableError, ValidationFailedError
from shared.models.api.jobs import JobView
from shared.models.audit import AuditAction
from shared.models.caller import Caller
from shared.models.firestore.documents import MemberDocument
from shared.models.firestore.jobs import JobDocument
from shared.models.outcome import Outcome
from shared.models.replay import Replayed
from shared.models.roles import Role
from shared.repositories.memory.members import InMemoryMemberRepository
from shared.repositories.memory.store import InMemoryLiveStore
from shared.services.jobs import ABANDONED_AFTER, TURN_ITEMS, JobKind, JobRunner, JobService, JobSweep, NewJob, Params
from tests.unit.factories import CLIENT, NOW, USER, caller, key

WHO = caller(action=AuditAction.QUICK_ACTION)


class Killed(BaseException):
    """The process ended here."""


@dataclass
class Office:
    """A store, a runner of the kind `count`, and what its items did."""

    live: InMemoryLiveStore = field(default_factory=InMemoryLiveStore)
    done: list[str] = field(default_factory=list)
    effects: set[str] = field(default_factory=set)
    callers: list[Caller] = field(default_factory=list)
    fault: Callable[[str], None] = lambda _: None
    now: datetime = NOW
    seconds: float = 0.0

    def __post_init__(self) -> None:
        member = MemberDocument(client_id=str(CLIENT), user_id=str(USER), role="biller")
        self.repository = InMemoryMemberRepository({WHO.uid: member})
        self.service = JobService(lambda: self.live.jobs, now=lambda: self.now)
        self.runner = JobRunner(
            self.live.jobs,
            self.repository,
            {"count": self.counting},
            now=lambda: self.now,
            clock=lambda: self.seconds,
        )
        self.sweep = JobSweep(self.live.jobs, self.live.jobs, now=lambda: self.now)

    @property
    def members(self) -> dict[str, MemberDocument]:
        return self.repository.members

    def counting(self) -> JobKind:
        return self.count

    def count(self, caller: Caller, item: str, params: Params) -> None:
        who = caller
        assert params == {"date": "2026-12-01"}
        assert who.idempotency is not None
        self.fault(item)
        self.callers.append(who)
        self.done.append(item)
        self.seconds += 1.0
        if who.idempotency.id in self.effects:
            raise Replayed(status=200, body="{}")
        self.effects.add(who.idempotency.id)

    def begin(self, items: int, who: Caller = WHO, kind: str = "count") -> str:
        new = NewJob(kind, [f"item-{number}" for number in range(items)], {"date": "2026-12-01"})
        return self.service.begin(who, new, who.changed("job"), lambda _: None).id

    def job(self, job_id: str) -> JobDocument:
        return self.live.documents.jobs[job_id]

    def event(self, job_id: str) -> dict[str, Any]:
        return self.job(job_id).fields()

    def view(self, job_id: str, who: Caller = WHO) -> JobView:
        return self.service.get(who, job_id)

    def run(self, job_id: str) -> int:
        """Deliver each write's event once until nothing happens; how many turns were done."""
        turns = 0
        while self.job(job_id).is_open:
            assert self.runner.job_written(job_id, self.event(job_id)) is Outcome.DONE
            turns += 1
        return turns


@pytest.fixture
def office() -> Office:
    return Office()


def test_a_job_is_done_in_turns_until_no_item_is_left(office: Office) -> None:
    job_id = office.begin(120)
    assert office.view(job_id).state == "queued"
    office.runner.job_written(job_id, office.event(job_id))
    first = office.view(job_id)
    assert (first.state, first.total, first.failed, first.finished_at) == ("running", 120, 0, None)
    assert 0 < first.done <= TURN_ITEMS
    office.run(job_id)
    view = office.view(job_id)
    assert (view.state, view.done, view.failed, view.error) == ("done", 120, 0, None)
    assert (view.started_at, view.finished_at) == (NOW, NOW)
    assert office.done == [f"item-{number}" for number in range(120)]


def test_a_turn_ends_with_its_time(office: Office) -> None:
    job_id = office.begin(45)
    office.runner.job_written(job_id, office.event(job_id))
    assert office.view(job_id).done == 20


def test_a_job_without_items_is_done_at_once(office: Office) -> None:
    job_id = office.begin(0)
    assert (office.view(job_id).state, office.view(job_id).total) == ("done", 0)
    assert office.runner.job_written(job_id, office.event(job_id)) is Outcome.UNCHANGED


def test_an_item_that_is_refused_is_counted_and_the_others_go_on(office: Office) -> None:
    def refuse(item: str) -> None:
        if item == "item-1":
            raise ValidationFailedError("no", code="no_patient")

    office.fault = refuse
    job_id = office.begin(3)
    office.run(job_id)
    view = office.view(job_id)
    assert (view.state, view.done, view.failed) == ("done", 2, 1)
    assert [(one.reference, one.code) for one in view.outcomes] == [
        ("item-0", "done"),
        ("item-1", "no_patient"),
        ("item-2", "done"),
    ]


def test_a_repeated_request_finds_its_job(office: Office) -> None:
    again = replace(WHO, idempotency=key())
    assert office.begin(3, again) == office.begin(3, again)
    assert office.begin(3) != office.begin(3)
    assert len(office.live.documents.events) == 3


def test_an_event_that_comes_twice_or_late_does_nothing_twice(office: Office) -> None:
    job_id = office.begin(60)
    events = [office.event(job_id)]
    while office.job(job_id).is_open:
        office.runner.job_written(job_id, office.event(job_id))
        events.append(office.event(job_id))
    before = list(office.done)
    random.Random(7).shuffle(events)  # noqa: S311 (an order, not a secret)
    for event in events * 2:
        assert office.runner.job_written(job_id, event) is Outcome.UNCHANGED
    assert office.done == before


def test_the_event_of_a_turn_under_way_waits_for_it(office: Office) -> None:
    job_id = office.begin(3)
    event = office.event(job_id)

    def deliver_again(item: str) -> None:
        if item == "item-0":
            with pytest.raises(StoreUnavailableError):
                office.runner.job_written(job_id, event)
            assert office.runner.job_written(job_id, office.event(job_id)) is Outcome.UNCHANGED

    office.fault = deliver_again
    office.run(job_id)
    assert office.done == ["item-0", "item-1", "item-2"]


def test_a_killed_turn_is_begun_again_after_its_lease_and_no_effect_is_doubled(office: Office) -> None:
    job_id = office.begin(5)
    event = office.event(job_id)

    def kill(item: str) -> None:
        if item == "item-3":
            raise Killed

    office.fault = kill
    with pytest.raises(Killed):
        office.runner.job_written(job_id, event)
    office.fault = lambda _: None
    with pytest.raises(StoreUnavailableError):
        office.runner.job_written(job_id, event)
    office.now += LEASE + timedelta(seconds=1)
    assert office.runner.job_written(job_id, event) is Outcome.DONE
    assert (office.view(job_id).state, office.view(job_id).done) == ("done", 5)
    assert len(office.effects) == 5


def test_a_turn_whose_lease_ran_out_does_not_overwrite_the_one_that_took_over(office: Office) -> None:
    job_id = office.begin(2)
    event = office.event(job_id)
    nested: list[Outcome] = []

    def be_slow(_: str) -> None:
        if not nested:
            nested.append(Outcome.RETRY)
            office.now += LEASE + timedelta(seconds=1)
            nested[0] = office.runner.job_written(job_id, event)

    office.fault = be_slow
    office.runner.job_written(job_id, event)
    view = office.view(job_id)
    assert (nested, view.state, view.done, len(view.outcomes)) == ([Outcome.DONE], "done", 2, 2)


def test_the_sweep_takes_up_a_job_whose_event_was_lost(office: Office) -> None:
    job_id = office.begin(2)
    assert office.sweep.run() is Outcome.UNCHANGED
    office.now += ABANDONED_AFTER
    before = office.job(job_id).version
    assert office.sweep.run() is Outcome.DONE
    assert office.job(job_id).version == before + 1
    assert office.sweep.run() is Outcome.UNCHANGED
    office.run(job_id)
    assert office.view(job_id).state == "done"


def test_a_store_that_goes_away_keeps_what_was_done_and_the_turn_is_tried_again(office: Office) -> None:
    job_id = office.begin(4)

    def fail_from_the_second(item: str) -> None:
        if item != "item-0":
            raise StoreUnavailableError("away")

    office.fault = fail_from_the_second
    assert office.runner.job_written(job_id, office.event(job_id)) is Outcome.DONE
    event = office.event(job_id)
    with pytest.raises(StoreUnavailableError):
        office.runner.job_written(job_id, event)
    assert office.view(job_id).done == 1
    office.fault = lambda _: None
    assert office.runner.job_written(job_id, event) is Outcome.DONE
    assert office.done == [f"item-{number}" for number in range(4)]


@pytest.mark.parametrize("change", [{"status": "deactivated"}, {"client_id": "another"}, None])
def test_the_work_of_somebody_who_is_no_member_any_more_ends(office: Office, change: dict[str, str] | None) -> None:
    job_id = office.begin(2)
    if change is None:
        del office.members[WHO.uid]
    else:
        office.members[WHO.uid] = office.members[WHO.uid].model_copy(update=change)
    office.run(job_id)
    view = office.view(job_id)
    assert (view.state, view.error, office.done) == ("failed", "caller_not_active", [])


def test_an_item_is_done_with_the_role_of_now(office: Office) -> None:
    job_id = office.begin(1)
    office.members[WHO.uid] = office.members[WHO.uid].model_copy(update={"role": "front_desk"})
    office.run(job_id)
    assert [(one.role, one.client_id, one.request_id) for one in office.callers] == [
        (Role.FRONT_DESK, CLIENT, WHO.request_id)
    ]


def test_a_kind_that_nobody_knows_ends_the_job(office: Office) -> None:
    job_id = office.begin(1, kind="gone")
    office.run(job_id)
    assert (office.view(job_id).state, office.view(job_id).error) == ("failed", "unknown_kind")


def test_a_job_is_seen_by_who_began_it_and_by_leads_of_the_organisation(office: Office) -> None:
    job_id = office.begin(1)
    other = caller(user_id=CLIENT)
    assert office.view(job_id, replace(other, role=Role.MANAGER)).job_id == job_id
    for stranger in (other, replace(WHO, client_id=USER), replace(other, role=Role.AUDITOR)):
        with pytest.raises(NotFoundError):
            office.view(job_id, stranger)


def test_what_is_no_job_is_dropped(office: Office) -> None:
    assert office.runner.job_written("job_1", None) is Outcome.UNCHANGED
    with pytest.raises(PermanentEventError):
        office.runner.job_written("job_1", {"isOpen": True})
    assert office.runner.job_written("job_gone", office.event(office.begin(1))) is Outcome.UNCHANGED
