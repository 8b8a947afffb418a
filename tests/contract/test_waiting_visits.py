"""The visits that somebody waits in, of every organisation: in memory, and as the role that sees nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr

from infra.migrations.run import role_urls
from shared.config import Settings
from shared.db.postgres import postgres_for
from shared.repositories.memory.waiting_visits import InMemoryWaitingVisitStore
from shared.repositories.postgres.waiting_visits import PostgresWaitingVisitStore
from shared.repositories.waiting_visit_protocols import WaitingPosition, WaitingVisitStore
from tests.contract.conftest import Records

pytestmark = pytest.mark.parametrize("records", ["memory", "postgres"], indirect=True)
DAY = date(2031, 3, 17)
NOON = datetime(2031, 3, 17, 16, tzinfo=UTC)
Add = Callable[..., UUID]


@pytest.fixture
def store(records: Records, request: pytest.FixtureRequest) -> Iterator[WaitingVisitStore]:
    if request.node.callspec.params["records"] == "memory":
        yield InMemoryWaitingVisitStore(records.store.tables)  # type: ignore[attr-defined] # the one in memory
        return
    url = SecretStr(role_urls(request.getfixturevalue("contract_database"))["desk"])
    postgres = postgres_for(Settings(project="p", database_urls={"desk": url}), "desk")
    yield PostgresWaitingVisitStore(postgres)
    postgres.engine.dispose()


@pytest.fixture
def add(records: Records) -> Add:
    patients: dict[UUID, UUID] = {}

    def make(status: str, *, since: int = 0, start: int | None = 0, client: UUID | None = None, **columns: Any) -> UUID:
        """A visit that has its status since so many minutes before noon, and a start so many before it."""
        mine = client or records.client
        if mine not in patients:
            person = {"client_id": mine, "mrn": f"M-{mine}", "first_name": "Ana", "last_name": "Ruiz"}
            patients[mine] = records.add("patients", person)
        row = {
            "client_id": mine,
            "visit_number": f"V-{len(patients)}-{status}-{since}-{start}",
            "patient_id": patients[mine],
            "visit_date": DAY,
            "starts_at": None if start is None else NOON - timedelta(minutes=start),
            "status": status,
            "status_since": NOON - timedelta(minutes=since),
        }
        return records.add("visits", row | columns)

    return make


def waiting(store: WaitingVisitStore, mine: set[UUID]) -> list[UUID]:
    found = store.waiting(NOON, after=None, limit=100)
    return [one.visit.id for one in found if one.client_id in mine]


def test_who_waits_longest_comes_first_across_organisations(
    store: WaitingVisitStore, records: Records, add: Add
) -> None:
    short = add("arrived", since=5)
    long = add("checked_in", since=50, client=records.other)
    middle = add("roomed", since=20)
    for status in ("scheduled", "checking_in", "with_provider", "completed", "cancelled"):
        add(status, since=30)
    assert waiting(store, {records.client, records.other}) == [long, middle, short]


def test_who_is_waited_for_has_begun_and_not_come(store: WaitingVisitStore, records: Records, add: Add) -> None:
    late, soon = add("scheduled", start=30), add("confirmed", start=5)
    add("scheduled", start=-5)
    add("scheduled", start=None)
    add("arrived", start=40)
    found = store.awaited(NOON, after=None, limit=100)
    assert [one.visit.id for one in found if one.client_id == records.client] == [late, soon]


def test_what_is_a_day_old_or_deleted_is_left_out(store: WaitingVisitStore, records: Records, add: Add) -> None:
    add("arrived", since=24 * 60 + 1)
    add("scheduled", start=24 * 60 + 1)
    add("arrived", since=7, deleted_at=NOON)
    assert waiting(store, {records.client}) == []
    assert [one for one in store.awaited(NOON, after=None, limit=100) if one.client_id == records.client] == []


def test_pages_follow_each_other_without_a_gap(store: WaitingVisitStore, records: Records, add: Add) -> None:
    made = [add("arrived", since=30, start=number) for number in range(5)]
    seen: list[UUID] = []
    after: WaitingPosition | None = None
    while page := store.waiting(NOON, after=after, limit=2):
        seen += [one.visit.id for one in page if one.client_id == records.client]
        after = WaitingPosition(page[-1].visit.status_since, page[-1].visit.id)
    assert sorted(seen) == sorted(made)
    assert len(seen) == len(set(seen))


def test_visits_are_found_again_with_clock_and_settings(store: WaitingVisitStore, records: Records, add: Add) -> None:
    visit = add("arrived", since=12)
    found = store.standing([visit, UUID(int=1)])
    assert set(found) == {visit}
    assert (found[visit].visit.status, found[visit].visit.status_since) == ("arrived", NOON - timedelta(minutes=12))
    assert (found[visit].client_id, found[visit].settings.arrived_minutes) == (records.client, 10)
    assert store.standing([]) == {}
