"""EligibilityRepository.rank: one contract, both implementations."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest

from shared.models.caller import IdempotencyKey
from shared.models.records import EligibilityFile
from shared.models.replay import Replayed
from tests.contract.conftest import Records
from tests.contract.practice import Practice, file_of, store_practice
from tests.unit.factories import TODAY, USER, event, kept, key


@pytest.fixture
def practice(records: Records) -> Practice:
    return store_practice(records)


def ranked(
    records: Records, ranks: Mapping[UUID, int], asked: IdempotencyKey | None = None, reference: str = "MRN553"
) -> tuple[bool, list[EligibilityFile]]:
    seen: list[EligibilityFile] = []

    def conclude(file: EligibilityFile) -> Any:
        seen.append(file)
        return event(records.client), kept(asked) if asked else None

    known = records.store.eligibility.rank(
        records.client,
        reference,
        visit_id=None,
        today=TODAY,
        changed_by=USER,
        key=asked,
        decide=lambda _file: ranks,
        conclude=conclude,
    )
    return known, seen


def places(file: EligibilityFile) -> dict[UUID, tuple[int, int]]:
    return {one.id: (one.rank, one.version) for one in file.coverages}


def test_what_differs_is_ranked_with_its_history_and_one_event(records: Records, practice: Practice) -> None:
    first, second, third, _ = practice.coverages
    known, seen = ranked(records, {first: 2, second: 1, third: 3})
    assert known
    assert places(file_of(records)) == places(seen[0]) == {first: (2, 2), second: (1, 1), third: (3, 2)}
    assert len(records.events()) == 1
    for identity, changes in ((first, [{"rank": (1, 2)}]), (second, [])):
        found = records.store.record_writes.history(records.client, "coverage", str(identity), seen=None)
        assert found is not None
        assert [entry.changes for entry in found[1]] == changes


def test_a_repetition_is_replayed_and_changes_nothing(records: Records, practice: Practice) -> None:
    asked = key()
    ranked(records, {practice.coverages[0]: 5}, asked)
    with pytest.raises(Replayed):
        ranked(records, {practice.coverages[0]: 6}, asked)
    assert places(file_of(records))[practice.coverages[0]] == (5, 2)
    assert len(records.events()) == 1


def test_others_are_out_of_reach(records: Records, practice: Practice) -> None:
    deleted = practice.coverages[3]
    assert ranked(records, {deleted: 7})[0]
    assert deleted not in places(file_of(records))
    assert ranked(records, {}, reference="MRN000") == (False, [])
    found = records.store.record_writes.history(records.client, "coverage", str(practice.coverages[0]), seen=None)
    assert found is not None
    assert found[1] == []


def test_rankings_of_one_patient_follow_each_other(records: Records, practice: Practice) -> None:
    coverage = practice.coverages[0]

    def further(file: EligibilityFile) -> dict[UUID, int]:
        return {coverage: places(file)[coverage][0] + 1}

    def rank(_: int) -> bool:
        return records.store.eligibility.rank(
            records.client,
            str(practice.patient),
            visit_id=None,
            today=TODAY,
            changed_by=USER,
            key=None,
            decide=further,
            conclude=lambda _file: (event(records.client), None),
        )

    with ThreadPoolExecutor(5) as threads:
        assert all(threads.map(rank, range(5)))
    assert places(file_of(records))[coverage] == (6, 6)
    assert len(records.events()) == 5
