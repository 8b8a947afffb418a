"""Whatever happens to records, checks, tasks and events: in the end the open tasks are those that the records want."""

from __future__ import annotations

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from shared.errors import StoreUnavailableError
from shared.failpoints import listening
from shared.models.audit import AuditAction
from shared.models.record_changes import RecordChange
from shared.repositories.memory.store import InMemoryLiveStore, InMemoryRecordStore
from shared.services.clock import utc_now
from tests.unit.effects_office import EffectsOffice

CLIENT = UUID("00000000-0000-7000-8000-00000000000e")
OPEN, CLOSED = "opened", "closed"
ACTS = ("check", "check_3", "check_9", "need", "need_not", "end", "cover", "plan", "approve", "deny", "cancel_visit")
DYING = 0.3
MANY = 120  # more than a page of open tasks
DELIVERIES = ("all", "some", "again", "none")


def furnished() -> EffectsOffice:
    office = EffectsOffice(InMemoryLiveStore(), InMemoryRecordStore(), CLIENT, utc_now)
    office.furnish()
    office.book("VIS-1", 3)
    office.book("VIS-2", 9)
    return office


def act(office: EffectsOffice, what: str) -> None:
    """One thing that people do to the records."""
    if what.startswith("check"):
        office.check(int(what.partition("_")[2]) if "_" in what else None)
    elif what in {"need", "need_not"}:
        office.need(requires_auth=what == "need")
    elif what in {"end", "cover", "plan"}:
        ended = office.today - timedelta(days=1) if what == "end" else None
        office.cover(until=ended, plan="Silver" if what == "plan" else "Gold")
    elif what == "cancel_visit":
        office.move("VIS-1", "cancelled")
    else:
        number = "AUTH-1" if what == "approve" else "AUTH-2"
        office.authorize(number, "approved" if what == "approve" else "denied", unitsApproved=90)


def wanted(office: EffectsOffice) -> list[str]:
    """What a practice that has seen nothing but the records as they are now has open."""
    fresh = EffectsOffice(InMemoryLiveStore(), office.records, office.client, utc_now)
    assert office.patient is not None
    fresh.carry(changed(office.patient))
    return fresh.open_tasks()


def changed(patient: UUID) -> RecordChange:
    return RecordChange(
        record_type="patient", record_id=patient, record_version=1, change="updated", patient_ids=(patient,)
    )


def is_sound(office: EffectsOffice) -> None:
    tasks = office.all_tasks()
    assert max(Counter(one.dedupe_key for one in tasks if one.is_open).values(), default=1) == 1
    events = office.live.documents.events  # type: ignore[attr-defined]  # the store in memory
    acts = Counter(one.metadata["rule"] for one in events if one.action is AuditAction.TASK_RULE)
    assert acts[OPEN] == len(tasks)
    assert acts[CLOSED] == sum(one.state == "auto_closed" for one in tasks)
    assert len({(one.dedupe_key, one.occurrence) for one in tasks}) == len(tasks)


@given(st.lists(st.tuples(st.sampled_from(ACTS), st.sampled_from(DELIVERIES)), max_size=14), st.randoms())
@examples(max_examples=40)
def test_in_the_end_what_is_open_is_what_the_records_want(acts: list[tuple[str, str]], chance: random.Random) -> None:
    office = furnished()
    told: list[RecordChange] = []
    for what, delivery in acts:
        act(office, what)
        told += office.told
        office.told.clear()
        if delivery == "all":
            office.carry(*told)
        elif delivery == "some":
            office.carry(*chance.sample(told, chance.randint(1, len(told))))
        elif delivery == "again":
            for _ in range(2):
                office.carry(told[-1])
    chance.shuffle(told)
    for change in (*told, *chance.sample(told, len(told) // 2)):
        office.carry(change)
    assert office.open_tasks() == wanted(office)
    is_sound(office)
    differences = [one for one in office.alerts() if one.message.code == "eligibility_changed"]
    before = [(one.id, one.count) for one in differences]
    for change in told:
        office.carry(change)
    after = [one for one in office.alerts() if one.message.code == "eligibility_changed"]
    assert [(one.id, one.count) for one in after] == before


@pytest.mark.parametrize("seed", range(3))
def test_deliveries_and_edits_at_once_end_where_the_records_are(seed: int) -> None:
    chance, deaths = random.Random(seed), random.Random(seed)  # noqa: S311 (not secrets)
    office = furnished()
    told = list(office.told)

    def die(_place: str) -> None:
        if deaths.random() < DYING:
            raise StoreUnavailableError("gone")

    def deliver(*changes: RecordChange) -> None:
        """As the topic does: until the handler has ended well."""
        while True:
            try:
                office.carry(*changes)
            except StoreUnavailableError:
                continue
            return

    with listening(die), ThreadPoolExecutor(6) as threads:
        pending = []
        for _ in range(40):
            act(office, chance.choice(ACTS))
            new, office.told = office.told, []
            told += new
            for change in new:
                pending += [threads.submit(deliver, change, chance.choice(told)) for _ in range(2)]
        failed = [one.exception() for one in pending if one.exception() is not None]
    assert failed == []
    assert office.open_tasks() == wanted(office)
    is_sound(office)


def test_a_batch_of_visits_makes_one_task_each_and_no_alert_and_all_of_them_close() -> None:
    office = EffectsOffice(InMemoryLiveStore(), InMemoryRecordStore(), uuid4(), utc_now)
    office.furnish()
    for number in range(MANY):
        office.book(f"VIS-{number}", 1 + number)
    office.told.clear()
    for number in range(MANY):
        office.check(1 + number)
    office.carry()
    tasks = office.all_tasks()
    assert len(tasks) == len({one.dedupe_key for one in tasks}) == MANY
    assert office.alerts() == []
    office.need(requires_auth=False)
    office.carry()
    assert office.open_tasks() == []
