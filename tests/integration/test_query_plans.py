"""Every list, search and look-up of the repositories costs a large organisation what it costs a small one.

The proof is the plan: each public method is called for an organisation of a thousand records and for one of a hundred
thousand (a million in `make soak`), as the role and under the row-level security of the functions; the statements that
were really sent are carried out again under EXPLAIN (ANALYZE, BUFFERS). No large table may be read from end to end, and
the pages that a statement touches may not grow with the records.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from importlib import import_module

import pytest

from tests.architecture.sources import python_files
from tests.integration import volume
from tests.integration.database import Database, running_database
from tests.integration.planned_calls import (
    CALLS,
    ELSEWHERE,
    RELAYED,
    WITHOUT_A_COMMON_RECORD,
    Call,
    Place,
    search,
)
from tests.integration.planned_patient_reads import PATIENT_READS, TOGETHER
from tests.integration.plans import Plan, asked_of

OF_ONE = CALLS | PATIENT_READS  # organisation
SMALL = 1000
SMALL_BASE, LARGE_BASE = 1, 2
# Pages a statement may touch, for a large organisation beside a small one: indexes of the small one's rows lie closer
# together, and a limit that a small one does not reach ends a large one's.
GROWTH, ALLOWANCE = 3, 120
# What a search may touch whatever there is: 200 candidates looked at and scored word by word, and, when thousands of
# records share every word and few have all, 4,000 of them looked at for the other words; four pages each.
SCORED, PROBED = 200 * 4, 4000 * 4
SMALL_TABLES = {"clients", "payers", "providers", "payer_rules", "alembic_version"}


@pytest.fixture(scope="module")
def database(full_volume: bool) -> Iterator[tuple[Database, Place, Place]]:
    """Two organisations in one database, the small one and the large one."""
    with running_database() as running:
        serving, relay = running.role("serving"), running.role("relay")
        small, large = (Place(running.client(), base, serving, relay) for base in (SMALL_BASE, LARGE_BASE))
        volume.fill(running, small.client, base=small.base, records=SMALL)
        volume.fill(running, large.client, base=large.base, records=1_000_000 if full_volume else 100_000)
        volume.fill_what_is_nobodys(running, records=100_000)
        volume.settle(running)
        yield running, small, large
        serving.engine.dispose()
        relay.engine.dispose()


def planned(at: Place, call: Call) -> list[Plan]:
    """The plans of what a call asks as the serving role."""
    with asked_of(at.serving, at.client) as asked:
        call(at)
    assert asked.statements
    return asked.plans()


@pytest.mark.parametrize(("method", "case"), [(method, case) for method, cases in OF_ONE.items() for case in cases])
def test_it_costs_a_large_organisation_what_it_costs_a_small_one(
    database: tuple[Database, Place, Place], method: str, case: str
) -> None:
    _, small, large = database
    call = OF_ONE[method][case]
    before, now = planned(small, call), planned(large, call)
    assert len(before) == len(now)
    for one, other in zip(before, now, strict=True):
        assert not other.scanned - SMALL_TABLES, str(other)
        allowed = GROWTH * one.buffers + ALLOWANCE
        if "candidate" in other.statement:
            allowed = 2 * SCORED * other.statement.count("max(other.weight") + ALLOWANCE
            allowed += PROBED if case == WITHOUT_A_COMMON_RECORD else 0
        allowed += TOGETHER if method in PATIENT_READS else 0
        assert other.buffers <= allowed, f"{one.buffers} buffers became {other}"


@pytest.mark.parametrize("method", RELAYED)
def test_a_page_of_the_relay_reads_no_more_than_a_page(database: tuple[Database, Place, Place], method: str) -> None:
    _, _, large = database
    with asked_of(large.relay, None) as asked:
        RELAYED[method](large)
    for plan in asked.plans():
        assert not plan.scanned, str(plan)
        assert plan.buffers < 100, str(plan)


def test_at_most_200_candidates_are_scored(database: tuple[Database, Place, Place]) -> None:
    _, _, large = database
    for words in ("everybody", "m", "everybody even"):
        plans = planned(large, search(words))
        (searched,) = (plan for plan in plans if "candidate" in plan.statement)
        scores = [node for node in searched.nodes if "Subplan Name" in node and node["Node Type"] == "Aggregate"]
        assert [node["Actual Loops"] for node in scores] == [200] * len(words.split()), str(searched)


def test_every_method_is_listed_here() -> None:
    methods = set()
    for path in python_files("shared/repositories/postgres"):
        module = import_module(".".join(path.with_suffix("").parts))
        for name, made in inspect.getmembers(module, inspect.isclass):
            if name.startswith("Postgres") and made.__module__ == module.__name__ and name != "PostgresRecordStore":
                methods |= {f"{name}.{one}" for one in vars(made) if not one.startswith("_")}
    assert methods == set(OF_ONE) | set(RELAYED) | set(ELSEWHERE)
