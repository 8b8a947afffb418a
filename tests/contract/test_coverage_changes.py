"""EligibilityRepository.change_coverages: one contract, both implementations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from threading import Thread
from typing import Any
from uuid import UUID

import pytest

from shared.domain import eligibility
from shared.domain.record_links import REFERENCES
from shared.domain.search_terms import query_terms
from shared.models.caller import IdempotencyKey
from shared.models.coverage_changes import AskedCoverage, CoverageChanges, NamedPayer, NewCoverage
from shared.models.identifiers import uuid7
from shared.models.records import EligibilityFile
from shared.models.replay import Replayed
from shared.repositories.eligibility_protocols import Answered, NewCheck, PreviousCheck
from shared.repositories.record_protocols import Found, WriteRequest
from tests.contract.conftest import Records
from tests.contract.practice import Practice, file_of, store_practice
from tests.unit.factories import TODAY, USER, event, kept, key

Decide = Callable[[EligibilityFile, NamedPayer | None], CoverageChanges]
START = date(2026, 7, 1)


@pytest.fixture
def practice(records: Records) -> Practice:
    return store_practice(records)


def changed(
    records: Records,
    decide: Decide,
    *,
    key: IdempotencyKey | None = None,
    reference: str = "MRN553",
    asked: AskedCoverage | None = None,
    conclude: Any = None,
) -> tuple[NewCheck | Answered | None, list[EligibilityFile]]:
    """What a change left, and the files that its conclusion saw."""
    seen: list[EligibilityFile] = []

    def concluded(file: EligibilityFile, previous: PreviousCheck | None) -> Any:
        seen.append(file)
        if conclude is not None:
            return conclude(file, previous)
        return Answered(event(records.client), kept(key) if key else None, "{}")

    done = records.store.eligibility.change_coverages(
        records.client,
        reference,
        visit_id=None,
        today=TODAY,
        changed_by=USER,
        key=key,
        decide=decide,
        conclude=concluded,
        asked=asked,
    )
    return done, seen


def ranks(given: Mapping[UUID, int]) -> Decide:
    def decide(file: EligibilityFile, _payer: NamedPayer | None) -> CoverageChanges:
        return CoverageChanges(tuple(replace(one, rank=given.get(one.id, one.rank)) for one in file.coverages))

    return decide


def places(file: EligibilityFile) -> dict[UUID, tuple[int, int]]:
    return {one.id: (one.rank, one.version) for one in file.coverages}


def history(records: Records, coverage: UUID) -> list[tuple[int, dict[str, Any]]]:
    """Versions and what changed, newest first."""
    found = records.store.record_writes.history(records.client, "coverage", str(coverage), seen=None)
    assert found is not None
    return [(entry.version, dict(entry.changes)) for entry in found[1]]


def test_what_differs_is_ranked_with_its_history_and_one_event(records: Records, practice: Practice) -> None:
    first, second, third, _ = practice.coverages
    done, seen = changed(records, ranks({first: 2, second: 1, third: 3}))
    assert done is not None
    assert places(file_of(records)) == places(seen[0]) == {first: (2, 2), second: (1, 1), third: (3, 2)}
    assert [one.id for one in records.events()] == [done.event.id]
    assert (history(records, first), history(records, second)) == ([(2, {"rank": (1, 2)})], [])


def test_a_repetition_is_replayed_and_changes_nothing(records: Records, practice: Practice) -> None:
    asked, first = key(), practice.coverages[0]
    changed(records, ranks({first: 5}), key=asked)
    with pytest.raises(Replayed):
        changed(records, ranks({first: 6}), key=asked)
    assert places(file_of(records))[first] == (5, 2)
    assert len(records.events()) == 1


def test_others_are_out_of_reach(records: Records, practice: Practice) -> None:
    deleted = practice.coverages[3]
    changed(records, ranks({deleted: 7}))
    assert deleted not in places(file_of(records))
    assert changed(records, ranks({}), reference="MRN000") == (None, [])
    assert history(records, practice.coverages[0]) == []


def at_once(records: Records, decide: Decide, times: int, **asked: Any) -> list[object]:
    """What so many changes at the same time ended with."""

    def one(_: int) -> object:
        try:
            return changed(records, decide, **asked)[0]
        except (Replayed, LookupError) as ended:
            return type(ended)

    with ThreadPoolExecutor(times) as threads:
        return list(threads.map(one, range(times)))


def test_changes_of_one_patient_follow_each_other(records: Records, practice: Practice) -> None:
    coverage = practice.coverages[0]

    def further(file: EligibilityFile, payer: NamedPayer | None) -> CoverageChanges:
        return ranks({coverage: places(file)[coverage][0] + 1})(file, payer)

    assert None not in at_once(records, further, 5, reference=str(practice.patient))
    assert places(file_of(records))[coverage] == (6, 6)
    assert len(records.events()) == 5


def taking_over(practice: Practice, new: UUID | None = None, *, version: int = 1) -> Decide:
    """The first coverage ends, and a `new` one of the other payer begins; LookupError for another version."""
    replaced = practice.coverages[0]

    def decide(file: EligibilityFile, payer: NamedPayer | None) -> CoverageChanges:
        held = next(one for one in file.coverages if one.id == replaced)
        if payer is None or held.version != version:
            raise LookupError
        begins = NewCoverage(new or uuid7(), replaced, payer.id, "SUN-88.1", "Sunrise HMO", 1, START)
        return CoverageChanges((replace(held, period_end=date(2026, 6, 30)),), begins)

    return decide


ASKED = AskedCoverage("CAP-02", "SUN-88.1", START)


def test_a_coverage_ends_and_another_one_begins_in_its_place(records: Records, practice: Practice) -> None:
    new, first = uuid7(), practice.coverages[0]
    done, seen = changed(records, taking_over(practice, new), asked=ASKED)
    assert done is not None
    held = {one.id: one for one in file_of(records).coverages}
    assert held == {one.id: one for one in seen[0].coverages}
    begun, ended = held[new], held[first]
    assert (begun.payer_id, begun.member_id, begun.plan_name) == (practice.other_payer, "SUN-88.1", "Sunrise HMO")
    assert (begun.rank, begun.period_start, begun.period_end, begun.status) == (1, START, None, "active")
    assert (ended.period_start, ended.period_end, ended.status) == (date(2026, 1, 1), date(2026, 6, 30), "active")
    assert (begun.version, ended.version, ended.rank) == (1, 2, 1)
    assert [one.id for one in records.events()] == [done.event.id]


def test_both_coverages_remember_it_and_the_new_one_is_found(records: Records, practice: Practice) -> None:
    new, first = uuid7(), practice.coverages[0]
    changed(records, taking_over(practice, new), asked=ASKED)
    assert history(records, first) == [(2, {"period_end": (None, "2026-06-30")})]
    ((version, made),) = history(records, new)
    assert version == 1
    assert (made["payer_id"], made["member_id"]) == ((None, str(practice.other_payer)), (None, "SUN-88.1"))
    assert (made["period_start"], made["rank"], "period_end" in made) == ((None, "2026-07-01"), (None, 1), False)
    hits = records.store.records.search(records.client, query_terms("SUN-88.1"), ("coverage",), seen=None)
    assert [hit.id for hit in hits] == [new]
    assert records.store.records.search(records.other, query_terms("SUN-88.1"), ("coverage",), seen=None) == []


def test_who_is_subscriber_is_taken_over(records: Records, practice: Practice) -> None:
    row = {"client_id": records.client, "patient_id": practice.patient, "payer_id": practice.payer}
    held = records.add("coverages", row | {"subscriber_name": "Ana Müller", "relationship": "child", "rank": 3})
    new = uuid7()

    def decide(_file: EligibilityFile, payer: NamedPayer | None) -> CoverageChanges:
        assert payer is not None
        return CoverageChanges((), NewCoverage(new, held, payer.id, "SUN-88.1", None, 3, START))

    changed(records, decide, asked=ASKED)
    stored = records.store.records.get(records.client, "coverage", str(new), seen=None)
    assert stored is not None
    assert (stored.data["subscriber_name"], stored.data["relationship"]) == ("Ana Müller", "child")
    assert stored.data["plan_name"] is None


@pytest.mark.parametrize("by", ["number", "uuid"])
def test_the_payer_is_named_by_number_or_uuid(records: Records, practice: Practice, by: str) -> None:
    named = "CAP-02" if by == "number" else str(practice.other_payer)
    found: list[NamedPayer | None] = []

    def decide(_file: EligibilityFile, payer: NamedPayer | None) -> CoverageChanges:
        found.append(payer)
        return CoverageChanges(())

    changed(records, decide, asked=replace(ASKED, payer=named))
    assert found == [NamedPayer(practice.other_payer, "self_pay")]


def test_another_organisations_payer_is_none(records: Records, practice: Practice) -> None:
    theirs = records.add("payers", {"client_id": records.other, "payer_number": "GRN-07", "name": "Granite"})
    for named in ("GRN-07", str(theirs), "nobody"):
        with pytest.raises(LookupError):
            changed(records, taking_over(practice), asked=replace(ASKED, payer=named))
    assert len(file_of(records).coverages) == 3
    assert records.events() == []


def test_what_refuses_undoes_everything(records: Records, practice: Practice) -> None:
    before = file_of(records)
    with pytest.raises(LookupError):
        changed(records, taking_over(practice, version=7), asked=ASKED)
    assert file_of(records) == before
    assert (records.events(), history(records, practice.coverages[0])) == ([], [])


def test_of_two_at_once_one_is_refused(records: Records, practice: Practice) -> None:
    ended = at_once(records, taking_over(practice), 2, asked=ASKED)
    assert ended.count(LookupError) == 1
    assert len(file_of(records).coverages) == 4
    assert len(records.events()) == 1


def test_of_one_request_sent_several_times_at_once_one_is_carried_out(records: Records, practice: Practice) -> None:
    ended = at_once(records, taking_over(practice), 4, asked=ASKED, key=key())
    assert ended.count(Replayed) == 3
    assert len(file_of(records).coverages) == 4
    assert len(records.events()) == 1


def test_the_check_that_follows_is_stored_in_the_same_commit(records: Records, practice: Practice) -> None:
    new, check, asked = uuid7(), uuid7(), key()

    def conclude(file: EligibilityFile, previous: PreviousCheck | None) -> NewCheck:
        assert previous is None
        receipt = eligibility.decide(file, answers=(), today=TODAY)
        return NewCheck(
            check, file.patient.id, receipt, USER, event(records.client), kept(asked), "{}", asked_coverage=new
        )

    done, _ = changed(records, taking_over(practice, new), asked=ASKED, conclude=conclude, key=asked)
    assert isinstance(done, NewCheck)
    newest = file_of(records).newest_check
    assert newest is not None
    assert (newest.id, newest.coverage_id) == (check, new)
    coverage = next(one for one in file_of(records).coverages if one.id == new)
    assert coverage.updated_at is not None
    assert coverage.updated_at <= newest.checked_at, "the check would be stale as soon as it is made"
    assert [one.id for one in records.events()] == [done.event.id]
    with pytest.raises(Replayed):
        changed(records, taking_over(practice), asked=ASKED, key=asked)


def meanwhile(act: Callable[[], None]) -> Callable[[], None]:
    """Begin `act` beside a change that goes on, and give it time to get through; return what waits for its end."""
    thread = Thread(target=act)
    thread.start()
    thread.join(0.5)
    return thread.join


def test_the_payer_is_not_deleted_while_a_coverage_of_it_begins(records: Records, practice: Practice) -> None:
    payer = records.add("payers", {"client_id": records.client, "payer_number": "NEW-1", "name": "A new payer"})
    pointing: list[Mapping[str, int]] = []
    ends: list[Callable[[], None]] = []

    def delete() -> None:
        def decide(_record: object, uses: Mapping[str, int]) -> None:
            pointing.append(uses)
            raise LookupError

        with pytest.raises(LookupError):
            records.store.record_writes.delete(
                records.client, "payer", "NEW-1", changed_by=USER, decide=decide, conclude=lambda _: event()
            )

    def decide(file: EligibilityFile, named: NamedPayer | None) -> CoverageChanges:
        ends.append(meanwhile(delete))
        return taking_over(practice)(file, named)

    changed(records, decide, asked=replace(ASKED, payer=str(payer)))
    ends[0]()
    assert pointing == [{"coverage": 1}]


def test_a_record_with_the_same_key_waits_for_the_coverage_that_begins(records: Records, practice: Practice) -> None:
    columns: dict[str, Any] = {
        "patient_id": "MRN553",
        "payer_id": "CAP-02",
        "member_id": ASKED.member_id,
        "period_start": START,
    }
    wanted = WriteRequest("coverage", columns, tuple(columns), REFERENCES["coverage"])
    found: list[Found] = []
    ends: list[Callable[[], None]] = []

    def write() -> None:
        def decide(there: Found) -> dict[str, Any]:
            found.append(there)
            raise LookupError

        with pytest.raises(LookupError):
            records.store.record_writes.write(
                records.client,
                wanted,
                changed_by=USER,
                key=None,
                decide=decide,
                conclude=lambda _: (event(records.client), None),
            )

    def decide(file: EligibilityFile, payer: NamedPayer | None) -> CoverageChanges:
        ends.append(meanwhile(write))
        return taking_over(practice)(file, payer)

    changed(records, decide, asked=ASKED)
    ends[0]()
    assert [there.current is not None for there in found] == [True]
