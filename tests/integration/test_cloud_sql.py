"""Production's way to the database, up to Google: our creator, pool, limits and rights on a real server.

Only the connector itself is replaced, at its own boundary: it asks Google for the instance's address and certificate.
What stands in connects as it does (a socket without a time-out, the connector's own pg8000 call, on the loop it was
given) to the local server, as an IAM user is there: a member of the serving role and nothing else.
"""

from __future__ import annotations

import asyncio
import inspect
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import google.cloud.sql.connector as connector_package
import pytest
from google.auth.exceptions import RefreshError
from google.cloud.sql.connector import pg8000 as connector_driver
from sqlalchemy import text
from sqlalchemy.engine import make_url

from shared.config import Settings
from shared.db import cloud_sql
from shared.db import postgres as postgres_module
from shared.db.postgres import Postgres, postgres_for
from shared.errors import StoreUnavailableError
from tests.integration.database import Database, running_database

REAL = connector_package.Connector
IAM_USER = "mobius-records@demo-mobius.iam"
INSTANCE = "demo-mobius:us-central1:mobius"
POOL = 3


@dataclass
class Google:
    """What Google's side does: where the instance is, what goes wrong, and what was asked."""

    port: int
    password: str = "local"
    fails: Exception | None = None
    connectors: list[dict[str, Any]] = field(default_factory=list)
    connections: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    with running_database() as running:
        running.execute(f"CREATE ROLE \"{IAM_USER}\" LOGIN PASSWORD 'local' IN ROLE mobius_serving")
        yield running


@pytest.fixture
def google(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Google]:
    google = Google(make_url(database.url).port or 0)

    class Connector:
        def __init__(self, **options: Any) -> None:
            inspect.signature(REAL).bind(**options)  # what the real one would refuse, this one refuses
            google.connectors.append(options)
            self._loop = options["loop"]

        async def connect_async(self, instance: str, driver: str, **options: Any) -> Any:
            assert asyncio.get_running_loop() is self._loop
            google.connections.append((instance, driver, dict(options)))
            if google.fails is not None:
                raise google.fails
            assert options.pop("enable_iam_auth") is True
            connected: Any = socket.create_connection(("127.0.0.1", google.port))
            connect = partial(connector_driver.connect, "127.0.0.1", connected, password=google.password, **options)
            try:
                return await self._loop.run_in_executor(None, connect)
            except BaseException:
                connected.close()
                raise

    connecting = cloud_sql._Connecting()
    monkeypatch.setattr(connector_package, "Connector", Connector)
    monkeypatch.setattr(cloud_sql, "_CONNECTING", connecting)
    yield google
    if connecting._made is not None:
        _, loop = connecting._made
        (thread,) = (one for one in threading.enumerate() if one.name == "cloud-sql")
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


def production() -> Settings:
    return Settings(project="demo-mobius", cloud_sql_instance=INSTANCE, database_user=IAM_USER, pool_size=POOL)


@pytest.fixture
def postgres(google: Google) -> Iterator[Postgres]:
    del google
    made = postgres_for(production(), "serving")
    yield made
    made.engine.dispose()


def whoami(postgres: Postgres) -> Any:
    with postgres.unbound() as connection:
        return connection.execute(text("SELECT session_user")).scalar()


def given_up(postgres: Postgres) -> float:
    """Seconds until a transaction is given up."""
    begun = time.monotonic()
    with pytest.raises(StoreUnavailableError):
        whoami(postgres)
    return time.monotonic() - begun


def test_nothing_is_made_before_the_first_connection(google: Google, postgres: Postgres) -> None:
    assert postgres.engine.pool.size() == POOL  # type: ignore[attr-defined]  # a QueuePool
    assert google.connectors == []
    assert whoami(postgres) == IAM_USER
    assert len(google.connectors) == 1


def test_it_refreshes_lazily_and_signs_in_by_iam_within_a_time(google: Google, postgres: Postgres) -> None:
    whoami(postgres)
    (options,) = google.connectors
    assert {name: value for name, value in options.items() if name != "loop"} == {
        "refresh_strategy": "lazy",
        "timeout": cloud_sql.TIMEOUT_SECONDS,
    }
    assert google.connections == [
        (
            INSTANCE,
            "pg8000",
            {"user": IAM_USER, "db": "mobius", "enable_iam_auth": True, "timeout": cloud_sql.TIMEOUT_SECONDS},
        )
    ]


def test_requests_that_meet_first_get_one_connector_and_one_pool(google: Google, postgres: Postgres) -> None:
    barrier = threading.Barrier(16)

    def use(_: int) -> Any:
        barrier.wait(10)
        return whoami(postgres)

    with ThreadPoolExecutor(16) as threads:
        assert set(threads.map(use, range(16))) == {IAM_USER}
    assert len(google.connectors) == 1
    assert len(google.connections) <= POOL


def test_every_pool_of_a_process_shares_the_connector(google: Google, postgres: Postgres) -> None:
    other = postgres_for(production(), "relay")
    assert whoami(postgres) == whoami(other)
    other.engine.dispose()
    assert len(google.connectors) == 1
    assert len(google.connections) == 2


def test_the_pools_limit_holds_and_waiting_for_it_ends(
    google: Google, postgres: Postgres, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_module, "POOL_TIMEOUT_SECONDS", 0.3)
    sessions = "SELECT count(*) FROM pg_stat_activity WHERE usename = :user"
    with ExitStack() as held:
        for _ in range(POOL):
            held.enter_context(postgres.unbound())
        assert given_up(postgres) < 2
        assert database.value(sessions, user=IAM_USER) == POOL == len(google.connections)
    assert whoami(postgres) == IAM_USER
    assert len(google.connections) == POOL


def test_a_connection_has_its_limits(postgres: Postgres) -> None:
    with postgres.unbound() as connection:
        names = ("statement_timeout", "idle_in_transaction_session_timeout")
        limits = [connection.execute(text(f"SHOW {name}")).scalar() for name in names]
        driver: Any = connection.connection.driver_connection
        assert limits == ["5s", "15s"]
        assert driver._usock.gettimeout() == 5


def test_an_iam_user_has_the_rights_of_its_role_in_its_organisation(postgres: Postgres, database: Database) -> None:
    mine, other = database.client(), database.client()
    with postgres.tenant(mine) as connection:
        assert connection.execute(text("SELECT id FROM clients")).scalars().all() == [mine]
    with postgres.unbound() as connection:
        assert connection.execute(text("SELECT id FROM clients")).scalars().all() == []
    del other


@pytest.mark.parametrize("problem", [RefreshError, RuntimeError, OSError, ValueError])
def test_whatever_the_connector_meets_is_a_store_that_does_not_answer(
    google: Google, postgres: Postgres, problem: type[Exception]
) -> None:
    google.fails = problem("no metadata server")
    given_up(postgres)
    google.fails = None
    assert whoami(postgres) == IAM_USER


def test_a_server_that_takes_the_connection_and_says_nothing_is_given_up(
    google: Google, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cloud_sql, "TIMEOUT_SECONDS", 0.4)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        here, google.port = google.port, silent.getsockname()[1]
        assert given_up(postgres) < 2
        silent.settimeout(5)
        silent.accept()[0].close()  # what was left behind ends, or the loop could not be closed
    google.port = here
    assert whoami(postgres) == IAM_USER


def test_an_address_that_does_not_answer_is_given_up(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connector opens its socket on the loop's own thread: even then the caller is let go."""
    monkeypatch.setattr(cloud_sql, "TIMEOUT_SECONDS", 0.4)
    arrived, go_on = threading.Event(), threading.Event()
    create_connection = socket.create_connection

    def slow(*arguments: Any, **options: Any) -> socket.socket:
        arrived.set()
        go_on.wait(20)
        return create_connection(*arguments, **options)

    monkeypatch.setattr(socket, "create_connection", slow)
    try:
        assert given_up(postgres) < 2
        assert arrived.is_set()
    finally:
        go_on.set()
