"""`python -m tests.benchmarks.lists [SIZES…]`: lists and sums beside the SQL they are made of, from 10³ to 10⁶ rows.

Each list is called on organisations of every size in one database, in turns with its own statements, which are sent to
the driver bare: what is left is what reading the rows into models costs. Starts a database of its own.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.integration import volume
from tests.integration.database import running_database
from tests.integration.planned_calls import Call, Place
from tests.integration.planned_claims import CLAIM_CALLS
from tests.integration.planned_front_desk import FRONT_DESK
from tests.integration.plans import Asked, asked_of

SIZES = (1_000, 10_000, 100_000, 1_000_000)
SQL_BUDGET, GROWTH_BUDGET = 1.25, 1.5
_LISTS, _BOARD = "PostgresClaimLists", FRONT_DESK["PostgresVisitRepository.board"]
# What is measured: a name, and how the proofs of plans call it.
SUBJECTS: dict[str, Call] = {
    "work queues": CLAIM_CALLS[f"{_LISTS}.queues"]["today"],
    "queue denied": CLAIM_CALLS[f"{_LISTS}.queue"]["denied"],
    "queue denied CO-197": CLAIM_CALLS[f"{_LISTS}.queue"]["denied for a reason"],
    "queue deadline": CLAIM_CALLS[f"{_LISTS}.queue"]["deadline"],
    "queue pended too long": CLAIM_CALLS[f"{_LISTS}.queue"]["pended_too_long"],
    "claims": CLAIM_CALLS[f"{_LISTS}.page"]["all"],
    "claims, deep": CLAIM_CALLS[f"{_LISTS}.page"]["deep"],
    "claims of a payer": CLAIM_CALLS[f"{_LISTS}.page"]["of a payer"],
    "deadlines": CLAIM_CALLS[f"{_LISTS}.deadlines"]["a month"],
    "deadlines by date": CLAIM_CALLS[f"{_LISTS}.deadlines"]["by date"],
    "aging": CLAIM_CALLS[f"{_LISTS}.aging"]["today"],
    "board of a day": _BOARD["a day"],
    "board, one status": _BOARD["a day, one status"],
    "claim events": CLAIM_CALLS["PostgresClaimRepository.events"]["first"],
}


@dataclass(slots=True)
class Times:
    """Milliseconds of one subject at one size: through the repository, and its bare statements."""

    ours: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        """The median of the ratios within a turn."""
        return statistics.median(ours / bare for ours, bare in zip(self.ours, self.bare, strict=True))


def main() -> int:
    """The command line; returns the exit code: 0 measured, 1 over a budget (with --check)."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.lists", description=__doc__)
    parser.add_argument("sizes", nargs="*", type=int, help="how many claims (1000 10000 100000 1000000)")
    parser.add_argument("--turns", type=int, default=60, help="turns (60)")
    parser.add_argument("--check", action="store_true", help="fail when a budget is not kept")
    options = parser.parse_args()
    sizes = tuple(options.sizes) or SIZES
    with running_database() as database:
        roles = [database.role(name) for name in ("serving", "relay", "retry", "desk")]
        places = {size: Place(database.client(), base, *roles) for base, size in enumerate(sizes, 1)}
        for size, place in places.items():
            volume.fill(database, place.client, base=place.base, records=size)
        volume.settle(database)
        kept = [_told(name, _measured(call, places, options.turns)) for name, call in SUBJECTS.items()]
        for role in roles:
            role.engine.dispose()
    return 1 if options.check and not all(kept) else 0


def _measured(call: Call, places: dict[int, Place], turns: int) -> dict[int, Times]:
    """Times by size; the first turns warm up and do not count."""
    asked: dict[int, Asked] = {}
    for size, place in places.items():
        with asked_of(place.serving, place.client) as statements:
            call(place)
        asked[size] = statements
    found = {size: Times() for size in places}
    for turn in range(turns + turns // 5):
        for size, place in places.items():
            ours = _milliseconds(lambda place=place: call(place))  # type: ignore[misc]
            bare = _milliseconds(lambda one=asked[size]: _send(one))  # type: ignore[misc]
            if turn >= turns // 5:
                found[size].ours.append(ours)
                found[size].bare.append(bare)
    return found


def _send(asked: Asked) -> None:
    """The statements as they were sent, all their rows fetched."""
    if asked.client is None:
        raise ValueError("A list belongs to an organisation")
    with asked.postgres.tenant(asked.client) as connection:
        for statement, parameters in asked.statements:
            connection.exec_driver_sql(statement, parameters).fetchall()


def _milliseconds(do: Callable[[], object]) -> float:
    begun = time.perf_counter()
    do()
    return (time.perf_counter() - begun) * 1000


def _told(name: str, times: dict[int, Times]) -> bool:
    """One line a subject; tells whether both budgets are kept."""
    medians = {size: statistics.median(one.ours) for size, one in times.items()}
    first, *_, last = medians.values() if len(medians) > 1 else (1.0, 1.0)
    growth, ratio = last / first, max(one.ratio for one in times.values())
    figures = "  ".join(f"{size:>9,}: {medians[size]:6.2f} ms ({one.ratio:4.2f})" for size, one in times.items())
    kept = ratio <= SQL_BUDGET and growth <= GROWTH_BUDGET
    print(f"{name:24} {figures}  grows {growth:4.2f}x  {'' if kept else 'OVER'}", flush=True)  # noqa: T201 # a command line
    return kept


if __name__ == "__main__":
    raise SystemExit(main())
