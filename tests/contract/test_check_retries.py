"""The queue of checks that are made again by themselves, in both implementations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from infra.migrations.roles import role_urls
from shared.config import Settings
from shared.db.postgres import postgres_for
from shared.domain import eligibility as rules
from shared.models.identifiers import uuid7
from shared.models.payer_answer import CheckFailure
from shared.models.records import CheckSource, EligibilityFile
from shared.repositories.eligibility_protocols import (
    AskedBefore,
    CheckRetry,
    CheckRetryQueue,
    EligibilityRepository,
    NewCheck,
    PreviousCheck,
)
from shared.repositories.memory.check_retries import InMemoryCheckRetryQueue
from shared.repositories.memory.store import InMemoryRecordStore
from shared.repositories.postgres.check_retries import PostgresCheckRetryQueue
from shared.repositories.postgres.eligibility import PostgresEligibilityRepository
from tests.contract.conftest import Records
from tests.contract.practice import Practice, file_of, store_practice
from tests.unit.factories import NOW, TODAY, USER, answer, event, given_to, line

MINUTE = timedelta(minutes=1)
DUE = NOW + MINUTE
LEASE = DUE + MINUTE
ZONE = "America/Chicago"


@dataclass(frozen=True, slots=True)
class Retrying:
    """The queue and the files as the role that asks again sees them."""

    queue: CheckRetryQueue
    eligibility: EligibilityRepository


@pytest.fixture
def retrying(records: Records, request: pytest.FixtureRequest) -> Iterator[Retrying]:
    if isinstance(records.store, InMemoryRecordStore):
        queue = InMemoryCheckRetryQueue(records.store.tables, records.store.eligibility, time_zone=ZONE)
        yield Retrying(queue, records.store.eligibility)
        return
    _, admin = request.getfixturevalue("postgres_engines")
    with admin.begin() as connection:  # what other tests have planned is due too
        connection.execute(text("DELETE FROM check_retries"))
        connection.execute(text("UPDATE clients SET time_zone = :zone"), {"zone": ZONE})
    url = SecretStr(role_urls(request.getfixturevalue("contract_database"))["retry"])
    postgres = postgres_for(Settings(project="p", database_urls={"retry": url}), "retry")
    yield Retrying(PostgresCheckRetryQueue(postgres), PostgresEligibilityRepository(postgres))
    postgres.engine.dispose()


@pytest.fixture
def practice(records: Records) -> Practice:
    return store_practice(records)


def made(
    records: Records,
    practice: Practice,
    *,
    again: datetime | None = DUE,
    on: date = TODAY,
    service: str = "98",
    source: CheckSource = "clearinghouse",
    **asked: Any,
) -> NewCheck:
    """Store a check of MRN553: a failed one with a next attempt, an answered one without."""
    decide = decision(records.client, practice, again=again, on=on, service=service, source=source)
    new = records.store.eligibility.check(
        records.client, "MRN553", visit_id=asked.get("visit_id"), today=TODAY, key=None, decide=decide
    )
    assert new is not None
    return new


def decision(
    client: UUID,
    practice: Practice,
    *,
    again: datetime | None,
    on: date = TODAY,
    service: str = "98",
    source: CheckSource = "clearinghouse",
    attempts: int = 1,
) -> Any:
    def decide(file: EligibilityFile, previous: PreviousCheck | None) -> NewCheck:
        held = next(one for one in file.coverages if one.id == practice.coverages[0])
        told = CheckFailure("retryable", "timeout", retry_at=again) if again else answer(line("1", service))
        given = () if source == "on_file" else (given_to(held, told),)
        receipt = rules.decide(file, asked_date=on, asked_service=service, answers=given, today=TODAY)
        brought: dict[str, Any] = {"failure": told, "state": "failed"} if again and given else {}
        return NewCheck(
            id=uuid7(), patient_id=file.patient.id, verdict=receipt, checked_by=USER, event=event(client), kept=None,
            answer="", previous=previous, source=source, asked_coverage=held.id, attempts=attempts,
            next_attempt_at=again, **brought,
        )  # fmt: skip

    return decide


def claimed(retrying: Retrying, now: datetime = DUE, until: datetime | None = None) -> UUID | None:
    found = retrying.queue.claim(now=now, until=until or now + MINUTE)
    return None if found is None else found.check_id


def lent(retrying: Retrying, now: datetime = DUE) -> tuple[CheckRetry, AskedBefore]:
    found = retrying.queue.claim(now=now, until=now + MINUTE)
    assert found is not None
    return found, retrying.queue.asked_before(found)


def test_a_failed_check_is_lent_when_it_is_due_and_to_one_only(
    records: Records, retrying: Retrying, practice: Practice
) -> None:
    new = made(records, practice)
    assert claimed(retrying, DUE - timedelta(microseconds=1)) is None
    assert claimed(retrying) == new.id
    assert claimed(retrying) is None
    assert claimed(retrying, LEASE - timedelta(microseconds=1)) is None


def test_what_was_lent_and_not_given_back_is_lent_again(
    records: Records, retrying: Retrying, practice: Practice
) -> None:
    new = made(records, practice)
    claimed(retrying)
    assert claimed(retrying, LEASE) == new.id
    assert claimed(retrying, LEASE) is None


def test_what_has_been_due_longest_comes_first(records: Records, retrying: Retrying, practice: Practice) -> None:
    times = [DUE + minutes * MINUTE for minutes in (2, 0, 1)]
    checks = [
        made(records, practice, again=at, on=TODAY + timedelta(days=number)).id for number, at in enumerate(times)
    ]
    found = [claimed(retrying, DUE + 5 * MINUTE) for _ in range(4)]
    assert found == [checks[1], checks[2], checks[0], None]


def test_what_was_asked_is_asked_again(records: Records, retrying: Retrying, practice: Practice) -> None:
    made(records, practice, on=TODAY + timedelta(days=3), service="MH", visit_id=practice.visit)
    retry, asked = lent(retrying)
    assert retry.client_id == records.client
    expected = (practice.patient, TODAY + timedelta(days=3), "MH", practice.visit, 1, USER, ZONE)
    assert asked == AskedBefore(*expected)


def test_a_file_is_read_as_the_asking_role(records: Records, retrying: Retrying, practice: Practice) -> None:
    del practice
    file_as_asked = retrying.eligibility.file_of
    assert file_as_asked(records.client, "MRN553", today=TODAY) == file_of(records, "MRN553")
    found = file_as_asked(records.other, "MRN553", today=TODAY)
    assert found is not None
    assert found.patient.first_name == "Tobias"


@pytest.mark.parametrize("source", ["clearinghouse", "phone"])
def test_an_answer_by_hand_settles_the_question(
    records: Records, retrying: Retrying, practice: Practice, source: CheckSource
) -> None:
    made(records, practice)
    made(records, practice, again=None, source=source)
    assert claimed(retrying) is None


@pytest.mark.parametrize(
    "other", [{"service": "MH"}, {"on": TODAY + timedelta(days=1)}, {"source": "on_file"}], ids=str
)
def test_another_question_and_the_file_settle_nothing(
    records: Records, retrying: Retrying, practice: Practice, other: dict[str, Any]
) -> None:
    new = made(records, practice)
    made(records, practice, again=None, **other)
    assert claimed(retrying) == new.id


def test_a_check_that_fails_by_hand_takes_the_place_of_the_one_before(
    records: Records, retrying: Retrying, practice: Practice
) -> None:
    made(records, practice)
    newer = made(records, practice, again=DUE + MINUTE)
    assert claimed(retrying) is None
    assert [claimed(retrying, DUE + MINUTE) for _ in range(2)] == [newer.id, None]


def test_a_day_that_the_file_answers_for_is_asked_about_when_its_month_begins(
    records: Records, retrying: Retrying, practice: Practice
) -> None:
    first = datetime(2027, 1, 1, 6, tzinfo=NOW.tzinfo)
    new = made(records, practice, again=first, on=date(2027, 1, 15), source="on_file")
    assert file_of(records).newest_check is not None
    assert new.state == "completed"
    assert claimed(retrying, first - timedelta(seconds=1)) is None
    assert claimed(retrying, first) == new.id


def test_what_comes_of_it_is_stored_and_the_question_settled(
    records: Records, retrying: Retrying, practice: Practice
) -> None:
    before = made(records, practice, again=None)
    made(records, practice)
    retry, asked = lent(retrying)
    decide = decision(records.client, practice, again=None, attempts=2)
    late = event(records.client)
    assert retrying.queue.settle(retry, asked, today=TODAY, decide=decide, late=late)
    newest = file_of(records).newest_check
    assert newest is not None
    assert (newest.state, newest.attempts, newest.verdict) == ("completed", 2, "eligible")
    found = records.store.eligibility.check_of(records.client, practice.patient, None, seen=None)
    assert found is not None
    assert found.id == newest.id != before.id
    assert late.id not in {one.id for one in records.events()}
    assert len(records.events()) == 3
    assert claimed(retrying, LEASE + MINUTE) is None


def test_what_fails_again_is_planned_again(records: Records, retrying: Retrying, practice: Practice) -> None:
    made(records, practice)
    retry, asked = lent(retrying)
    later = DUE + 5 * MINUTE
    decide = decision(records.client, practice, again=later, attempts=2)
    assert retrying.queue.settle(retry, asked, today=TODAY, decide=decide, late=event(records.client))
    newest = file_of(records).newest_check
    assert newest is not None
    assert claimed(retrying, later - MINUTE) is None
    assert claimed(retrying, later) == newest.id


def test_whoever_comes_back_after_the_lease_stores_nothing_but_that_the_payer_was_told(
    records: Records, retrying: Retrying, practice: Practice
) -> None:
    made(records, practice)
    slow, asked = lent(retrying)
    quick, _ = lent(retrying, LEASE)
    late, decide = event(records.client), decision(records.client, practice, again=None)
    assert not retrying.queue.settle(slow, asked, today=TODAY, decide=decide, late=late)
    assert [one.id for one in records.events()][1:] == [late.id]
    assert retrying.queue.settle(quick, asked, today=TODAY, decide=decide, late=event(records.client))


def test_what_was_checked_by_hand_meanwhile_is_not_stored_a_second_time(
    records: Records, retrying: Retrying, practice: Practice
) -> None:
    made(records, practice)
    retry, asked = lent(retrying)
    by_hand = made(records, practice, again=None)
    late, decide = event(records.client), decision(records.client, practice, again=DUE)
    assert not retrying.queue.settle(retry, asked, today=TODAY, decide=decide, late=late)
    newest = file_of(records).newest_check
    assert newest is not None
    assert newest.id == by_hand.id
    assert late.id in {one.id for one in records.events()}
    assert claimed(retrying, LEASE) is None


def test_a_retry_is_given_back_for_good(records: Records, retrying: Retrying, practice: Practice) -> None:
    made(records, practice)
    retry, _ = lent(retrying)
    retrying.queue.drop(retry)
    assert claimed(retrying, LEASE) is None


def test_whoever_is_too_late_gives_nothing_back(records: Records, retrying: Retrying, practice: Practice) -> None:
    new = made(records, practice)
    slow, _ = lent(retrying)
    lent(retrying, LEASE)
    retrying.queue.drop(slow)
    assert claimed(retrying, LEASE + MINUTE) == new.id
