"""An Idempotency-Key that a request claims before it asks somebody else, in both implementations."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import text

from shared.models.replay import CLAIMED_SECONDS, IdempotencyMismatchError, Replayed
from shared.repositories.memory.store import InMemoryRecordStore
from tests.contract.conftest import Records
from tests.contract.practice import Practice, store_practice
from tests.contract.test_eligibility import check
from tests.unit.factories import key


@pytest.fixture
def practice(records: Records) -> Practice:
    return store_practice(records)


def test_a_key_is_claimed_by_one_request_until_its_answer_is_kept(records: Records, practice: Practice) -> None:
    del practice
    asked, claim = key(), records.store.eligibility.claim
    with ThreadPoolExecutor(6) as threads:
        assert sorted(threads.map(lambda _: claim(records.client, asked), range(6))) == [False] * 5 + [True]
    records.store.eligibility.recall(records.client, asked)
    assert not claim(records.client, asked)
    check(records, asked)
    with pytest.raises(Replayed):
        claim(records.client, asked)
    with pytest.raises(IdempotencyMismatchError):
        claim(records.client, replace(asked, request="another"))


def test_a_claim_that_is_given_up_is_anybodys_and_a_kept_answer_is_not_given_up(
    records: Records, practice: Practice
) -> None:
    del practice
    asked, eligibility_of = key(), records.store.eligibility
    assert eligibility_of.claim(records.client, asked)
    eligibility_of.release(records.client, asked)
    assert eligibility_of.claim(records.client, asked)
    check(records, asked)
    eligibility_of.release(records.client, asked)
    with pytest.raises(Replayed):
        eligibility_of.recall(records.client, asked)


def test_a_claim_of_a_killed_request_runs_out(records: Records, request: pytest.FixtureRequest) -> None:
    asked = key()
    assert records.store.eligibility.claim(records.client, asked)
    if isinstance(records.store, InMemoryRecordStore):
        records.store.tables.answers.claims[asked.id] -= CLAIMED_SECONDS
    else:
        _, admin = request.getfixturevalue("postgres_engines")
        older = text("UPDATE idempotency_keys SET created_at = created_at - interval '20 seconds' WHERE key_hash = :id")
        with admin.begin() as connection:
            connection.execute(older, {"id": asked.id})
    assert records.store.eligibility.claim(records.client, asked)
    assert not records.store.eligibility.claim(records.client, asked)
