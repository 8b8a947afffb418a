"""What end-to-end tests are given: people of two organisations, the stores behind the API, and the relay."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.e2e.person import Database, LiveStore, Person, Relay, connection
from tests.stack import LAKESIDE, RIVERSIDE, RunningStack


@pytest.fixture(scope="session")
def http() -> Iterator[httpx.Client]:
    with connection() as client:
        yield client


@pytest.fixture(scope="session")
def signed_in(stack: RunningStack, http: httpx.Client) -> Callable[..., Person]:
    """`signed_in(role, client)`: somebody with a role in an organisation."""

    def person(role: str = "manager", client: str = RIVERSIDE) -> Person:
        return Person(stack, http, role=role, client=client)

    return person


@pytest.fixture(scope="session")
def manager(signed_in: Callable[..., Person]) -> Person:
    """Somebody at Riverside who may do everything that a test does."""
    return signed_in("manager", RIVERSIDE)


@pytest.fixture(scope="session")
def stranger(signed_in: Callable[..., Person]) -> Person:
    """Somebody of another organisation, with the same role."""
    return signed_in("manager", LAKESIDE)


@pytest.fixture(scope="session")
def database(stack: RunningStack) -> Iterator[Database]:
    opened = Database(stack.database)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def live_store(stack: RunningStack, http: httpx.Client) -> LiveStore:
    return LiveStore(stack, http)


@pytest.fixture(scope="session")
def relay(stack: RunningStack, http: httpx.Client) -> Relay:
    return Relay(stack, http)
