"""Reads and refusals are recorded before the answer, once in five minutes, or there is no answer."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from shared.errors import StoreUnavailableError
from shared.models.audit import AuditAction, AuditEvent
from shared.repositories.memory.members import InMemoryAuditPublisher
from shared.repositories.memory.store import InMemoryLiveStore
from shared.services.access_log import REMEMBERED, AccessLog
from tests.unit.factories import caller, event


@dataclass
class Trail:
    """An access log and where its events go."""

    topic: InMemoryAuditPublisher = field(default_factory=InMemoryAuditPublisher)
    store: InMemoryLiveStore = field(default_factory=InMemoryLiveStore)

    def __post_init__(self) -> None:
        self.log = AccessLog(lambda: self.topic, lambda: self.store.outbox)


@pytest.fixture
def trail() -> Trail:
    return Trail()


def is_recent(trail: Trail, happened: AuditEvent) -> bool:
    with trail.log.in_transaction(happened) as seen:
        known = seen is None
    if not known:
        del trail.log._recent[happened.id]  # asking must not be recording
    return known


def test_a_read_is_published(trail: Trail) -> None:
    happened = event()
    with trail.log.reading(happened):
        assert trail.topic.events == [happened]
    assert trail.store.documents.events == []
    assert is_recent(trail, happened)


def test_the_same_read_again_is_one_event(trail: Trail) -> None:
    happened = event()
    for _ in range(3):
        with trail.log.reading(happened):
            pass
    assert trail.topic.events == [happened]


def test_another_read_is_another_event(trail: Trail) -> None:
    trail.log.publish(event())
    trail.log.publish(event())
    assert len(trail.topic.events) == 2


def test_without_the_topic_the_outbox_has_it(trail: Trail) -> None:
    trail.topic.available = False
    happened = event()
    trail.log.publish(happened)
    trail.log.publish(happened)
    assert trail.store.documents.events == [happened]


def test_without_both_there_is_no_answer_and_the_next_try_records_it(trail: Trail) -> None:
    trail.topic.available = trail.store.outbox.available = False
    happened = event()
    with pytest.raises(StoreUnavailableError):
        trail.log.publish(happened)
    assert not is_recent(trail, happened)
    trail.topic.available = True
    trail.log.publish(happened)
    assert trail.topic.events == [happened]


def test_a_read_that_fails_is_not_taken_for_recorded(trail: Trail) -> None:
    happened = event()
    with pytest.raises(LookupError), trail.log.reading(happened):
        raise LookupError
    assert not is_recent(trail, happened)


def test_handing_on_what_is_committed_does_no_harm_when_it_fails(trail: Trail) -> None:
    trail.topic.available = trail.store.outbox.available = False
    ran = []
    with trail.log.handing_on(event()):
        ran.append(1)
    assert ran == [1]
    assert trail.store.documents.events == []
    trail.topic.available = True
    with trail.log.handing_on(event()):
        pass
    assert len(trail.topic.events) == 1


def test_what_was_recorded_by_other_means_is_recent(trail: Trail) -> None:
    happened = event()
    with trail.log.in_transaction(happened) as seen:
        assert seen == happened
    trail.log.publish(happened)
    assert trail.topic.events == []


def test_a_transaction_that_fails_has_recorded_nothing(trail: Trail) -> None:
    happened = event()
    with pytest.raises(LookupError), trail.log.in_transaction(happened):
        raise LookupError
    assert not is_recent(trail, happened)


def test_what_is_remembered_stays_bounded(trail: Trail) -> None:
    for _ in range(REMEMBERED + 10):
        with trail.log.in_transaction(event()):
            pass
    assert len(trail.log._recent) <= REMEMBERED


def test_the_same_person_reading_the_same_thing_is_the_same_event() -> None:
    who = caller(action=AuditAction.PATIENT_READ)
    first = who.seen("patient", same="MRN553", mode="eligibility")
    assert first.id == who.seen("patient", same="MRN553", mode="eligibility").id or _window_changed(first.created_at)
    others = [
        who.seen("patient", same="MRN554", mode="eligibility"),
        who.seen("patient", same="MRN553"),
        who.seen("claim", same="MRN553", mode="eligibility"),
        replace(who, user_id=who.client_id).seen("patient", same="MRN553", mode="eligibility"),
        replace(who, client_id=who.user_id).seen("patient", same="MRN553", mode="eligibility"),
        replace(who, action=AuditAction.RECORD_READ).seen("patient", same="MRN553", mode="eligibility"),
    ]
    assert len({first.id, *(other.id for other in others)}) == 7


def _window_changed(first: object) -> bool:
    """Whether a five-minute window ended between two calls of a test."""
    from datetime import UTC, datetime

    assert isinstance(first, datetime)
    return int(first.timestamp()) // 300 != int(datetime.now(UTC).timestamp()) // 300


def test_what_tells_reads_apart_stands_nowhere() -> None:
    happened = caller().seen("patient", same="MRN553")
    assert "MRN553" not in happened.model_dump_json()


def test_today_is_the_day_at_the_organisation() -> None:
    from tests.unit.factories import NOW

    early = NOW.replace(hour=2)
    assert caller(time_zone="America/Los_Angeles").today(early) == (early - timedelta(days=1)).date()
    assert caller(time_zone="Asia/Tokyo").today(early) == early.date()
