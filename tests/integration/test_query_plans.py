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

from shared.db.postgres import Postgres
from tests.architecture.sources import python_files
from tests.integration import volume
from tests.integration.database import Database, running_database
from tests.integration.planned_calls import (
    CALLS,
    RELAYED,
    WITHOUT_A_COMMON_RECORD,
    Call,
    Place,
    search,
)
from tests.integration.planned_claims import CLAIM_CALLS, TRIED
from tests.integration.planned_eligibility import ELIGIBILITY
from tests.integration.planned_front_desk import FRONT_DESK
from tests.integration.planned_front_desk_day import FRONT_DESK_DAY, WATCHED
from tests.integration.planned_patient_reads import PATIENT_READS, TOGETHER
from tests.integration.planned_payer_files import PAYER_FILES
from tests.integration.planned_retries import CLAIMED, RETRIES
from tests.integration.plans import Plan, asked_of

OF_ONE = (  # one organisation
    CALLS | ELIGIBILITY | RETRIES | PATIENT_READS | FRONT_DESK | FRONT_DESK_DAY | CLAIM_CALLS | PAYER_FILES
)
SMALL, LARGE, LARGEST = 1000, 100_000, 1_000_000
SMALL_BASE, LARGE_BASE = 1, 2
# Pages a statement may touch, for a large organisation beside a small one: indexes of the small one's rows lie closer
# together, and a limit that a small one does not reach ends a large one's.
GROWTH, ALLOWANCE = 3, 120
# What a search may touch whatever there is: 200 candidates looked at and scored word by word, and, when thousands of
# records share every word and few have all, 4,000 of them looked at for the other words; four pages each.
SCORED, PROBED = 200 * 4, 4000 * 4
# What is told of a whole day reads each of its visits, with a few pages of patient, claims and coverages.
OF_A_VISIT = 14
# The last one holds what was not folded yet, which the next writer takes away.
SMALL_TABLES = {"clients", "payers", "providers", "payer_rules", "alembic_version", "claim_total_changes"}


@pytest.fixture(scope="module")
def records(full_volume: bool) -> int:
    """How many records of a kind the large organisation has."""
    return LARGEST if full_volume else LARGE


@pytest.fixture(scope="module")
def database(records: int) -> Iterator[tuple[Database, Place, Place]]:
    """Two organisations in one database, the small one and the large one."""
    with running_database() as running:
        roles = [running.role(name) for name in ("serving", "relay", "retry", "desk")]
        small, large = (Place(running.client(), base, *roles) for base in (SMALL_BASE, LARGE_BASE))
        volume.fill(running, small.client, base=small.base, records=SMALL)
        volume.fill(running, large.client, base=large.base, records=records)
        volume.fill_what_is_nobodys(running, records=100_000)
        volume.settle(running)
        yield running, small, large
        for role in roles:
            role.engine.dispose()


def planned(at: Place, call: Call, *, as_role: Postgres | None = None) -> list[Plan]:
    """The plans of what a call asks, as the serving role unless another is given."""
    with asked_of(as_role or at.serving, at.client) as asked:
        call(at)
    assert asked.statements
    return asked.plans()


@pytest.mark.parametrize(("method", "case"), [(method, case) for method, cases in OF_ONE.items() for case in cases])
def test_it_costs_a_large_organisation_what_it_costs_a_small_one(
    database: tuple[Database, Place, Place], records: int, method: str, case: str
) -> None:
    _, small, large = database
    call = OF_ONE[method][case]
    before, now = (planned(at, call, as_role=at.retry if method in RETRIES else None) for at in (small, large))
    assert len(before) == len(now)
    for one, other in zip(before, now, strict=True):
        assert not other.scanned - SMALL_TABLES, str(other)
        allowed = GROWTH * one.buffers + ALLOWANCE
        if "candidate" in other.statement:
            allowed = 2 * SCORED * other.statement.count("max(other.weight") + ALLOWANCE
            allowed += PROBED if case == WITHOUT_A_COMMON_RECORD else 0
        allowed += TOGETHER if method in PATIENT_READS else TRIED.get(method, 0)
        allowed += OF_A_VISIT * records // volume.DAYS if case == "of a day" else 0
        assert other.buffers <= allowed, f"{one.buffers} buffers became {other}"


@pytest.mark.parametrize("method", RELAYED | CLAIMED)
def test_what_is_taken_of_every_organisation_reads_no_more_than_it_takes(
    database: tuple[Database, Place, Place], method: str
) -> None:
    _, _, large = database
    with asked_of(large.retry if method in CLAIMED else large.relay, None) as asked:
        (RELAYED | CLAIMED)[method](large)
    for plan in asked.plans():
        assert not plan.scanned, str(plan)
        assert plan.buffers < 100, str(plan)


@pytest.mark.parametrize("method", WATCHED)
def test_watching_every_organisation_reads_no_more_than_it_watches(
    database: tuple[Database, Place, Place], method: str
) -> None:
    _, _, large = database
    with asked_of(large.desk, None) as asked:
        WATCHED[method](large)
    (plan,) = asked.plans()
    assert not plan.scanned - SMALL_TABLES, str(plan)
    assert plan.buffers < plan.rows + ALLOWANCE, str(plan)


def test_at_most_200_candidates_are_scored(database: tuple[Database, Place, Place]) -> None:
    _, _, large = database
    for words in ("everybody", "m", "everybody even"):
        plans = planned(large, search(words))
        (searched,) = (plan for plan in plans if "candidate" in plan.statement)
        scores = [node for node in searched.nodes if "Subplan Name" in node and node["Node Type"] == "Aggregate"]
        assert [node["Actual Loops"] for node in scores] == [200] * len(words.split()), str(searched)


# Not called by these proofs, and why.
ELSEWHERE = {
    "PostgresAuthorizationRepository.visit": "called by PostgresAuthorizationRepository.get's",
    "PostgresAuthorizationRepository.claim": "called by PostgresAuthorizationRepository.get's",
    "PostgresAuthorizationRepository.request": "called by PostgresAuthorizationRepository.change's",
    "PostgresCheckRetryQueue.asked_before": "called by PostgresCheckRetryQueue.settle's",
    "PostgresCheckRetryQueue.drop": "called by PostgresCheckRetryQueue.settle's",
    "PostgresEligibilityRepository.release": "called by PostgresEligibilityRepository.claim's",
    "PostgresSignInAttempts.succeeded": "called by PostgresSignInAttempts.begin's",
    "PostgresTicketRepository.redeem": "called by PostgresTicketRepository.issue's",
    "PostgresSignInLinks.is_linked": "called by PostgresSignInLinks.account_of's",
    "PostgresSignInLinks.add": "adds a row and looks for nothing",
    "PostgresPayerFileRepository.recall": "looks for one key, as every keyed write does",
    "PostgresPayerFileRepository.answered": "adds one key, as every keyed write does",
    "PostgresRecordOutbox.taken": "takes the oldest page away: what it has read is not there the next time",
    "PostgresUserRepository.invite": "adds rows and looks for nothing",
    "PostgresOrganisationRepository.create": "adds rows and looks for nothing",
    "PostgresFeedbackFacts.keep": "adds or replaces the row of one key, as a role of its own: test_feedback_facts",
    "PostgresAuditLog.append": "adds a row and looks for nothing",
    "PostgresAuditLog.quarantine": "adds a row and looks for nothing",
    "PostgresWaitingEvents.published": "does nothing",
    "PostgresMemberOutbox.waiting": "reads the whole outbox of memberships, which holds a minute's changes",
    "PostgresMemberOutbox.taken": "reads the whole roster of an organisation, for it is what it copies",
}


def test_every_method_is_listed_here() -> None:
    methods = set()
    for path in python_files("shared/repositories/postgres"):
        module = import_module(".".join(path.with_suffix("").parts))
        for name, made in inspect.getmembers(module, inspect.isclass):
            if name.startswith("Postgres") and made.__module__ == module.__name__ and name != "PostgresRecordStore":
                methods |= {f"{name}.{one}" for one in vars(made) if not one.startswith("_")}
    assert methods == set(OF_ONE) | set(RELAYED | CLAIMED | WATCHED) | set(ELSEWHERE)
