"""A stack of its own for the fault tests: what they stop must be nobody else's."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.e2e.person import Database, LiveStore, Person, Relay, connection
from tests.stack import RunningStack, started_stack

SWEEP_EVERY_SECONDS = "5"


@pytest.fixture(scope="session")
def private_stack() -> Iterator[RunningStack]:
    """A stack whose sweep runs every few seconds instead of every minute."""
    with started_stack({"MOBIUS_SCHEDULE_SECONDS": SWEEP_EVERY_SECONDS}) as running:
        yield running


@pytest.fixture(scope="session")
def http() -> Iterator[httpx.Client]:
    with connection() as client:
        yield client


@pytest.fixture(scope="session")
def manager(private_stack: RunningStack, http: httpx.Client) -> Person:
    return Person(private_stack, http, role="manager")


@pytest.fixture(scope="session")
def database(private_stack: RunningStack) -> Iterator[Database]:
    opened = Database(private_stack.database)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def live_store(private_stack: RunningStack, http: httpx.Client) -> LiveStore:
    return LiveStore(private_stack, http)


@pytest.fixture(scope="session")
def relay(private_stack: RunningStack, http: httpx.Client) -> Relay:
    return Relay(private_stack, http)
