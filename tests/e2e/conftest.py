"""What end-to-end tests are given: people of two organisations, the stores behind the API, and the relay."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.e2e.person import MEMBERS_PASSWORD, USERS, Database, LiveStore, Person, Relay, connection, unique
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


@pytest.fixture
def member(stack: RunningStack, http: httpx.Client, signed_in: Callable[..., Person]) -> dict[str, Any]:
    """Somebody new at Riverside who has accepted an invitation and not signed in yet; their password is known."""
    wanted = {"email": f"{unique('person')}@riverside.example", "name": "A Person", "role": "eligibility_specialist"}
    invited: dict[str, Any] = signed_in("admin").done("POST", USERS, wanted)
    body = {"code": invited["invitationCode"], "password": MEMBERS_PASSWORD}
    assert http.post(f"{stack.gateway}{USERS}/accept", json=body).status_code == 200
    return invited


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
