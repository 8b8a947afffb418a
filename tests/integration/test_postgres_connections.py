"""Pooled connections that the server ends, whose server starts again or stands still."""

from __future__ import annotations

import gc
import os
import signal
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psutil
import pytest
from sqlalchemy import text

from shared.db.postgres import CONNECT_TIMEOUT_SECONDS, Postgres
from shared.errors import StoreUnavailableError
from tests.integration.database import Database, running_database

ENDED_WITHIN = CONNECT_TIMEOUT_SECONDS + 1.5
BACKEND = text("SELECT pg_backend_pid()")


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    with running_database() as running:
        yield running


@pytest.fixture
def serving(database: Database) -> Iterator[Postgres]:
    postgres = database.role("serving")
    yield postgres
    postgres.engine.dispose()


def backend(postgres: Postgres) -> int:
    """The server's process behind a transaction."""
    with postgres.unbound() as connection:
        return int(connection.execute(BACKEND).scalar_one())


def unavailable(action: Callable[[], object]) -> float:
    """Seconds until it is said that the store does not answer."""
    begun = time.monotonic()
    with pytest.raises(StoreUnavailableError) as caught:
        action()
    assert caught.value.extra["retry_after"]
    return time.monotonic() - begun


@contextmanager
def standing_still(database: Database) -> Iterator[None]:
    """The server and its children stand still: connections stay open and nobody answers."""
    assert database.server.pid is not None  # psutil takes None for the test itself
    parent = psutil.Process(database.server.pid)
    family = [parent, *parent.children(recursive=True)]
    for process in family:
        process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for process in family:
            process.send_signal(signal.SIGCONT)


def test_a_connection_that_the_server_ended_costs_the_next_request_nothing(
    database: Database, serving: Postgres
) -> None:
    first = backend(serving)
    database.execute("SELECT pg_terminate_backend(:pid)", pid=first)
    assert backend(serving) != first


def test_a_server_that_lost_a_process_is_used_again_when_it_has_recovered(serving: Postgres) -> None:
    """The server's process is gone without a word; the server itself restarts the others."""
    first = backend(serving)
    os.kill(first, signal.SIGKILL)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            assert backend(serving) != first
        except StoreUnavailableError:  # the server is recovering
            time.sleep(0.1)
        else:
            return
    pytest.fail("the database did not come back")


def test_a_transaction_that_is_ended_midway_is_unavailable_and_not_carried_out(
    database: Database, serving: Postgres
) -> None:
    client = database.client()

    def rename() -> None:
        with serving.tenant(client) as connection:
            connection.execute(text("UPDATE clients SET name = 'renamed' WHERE id = :id"), {"id": client})
            database.execute("SELECT pg_terminate_backend(:pid)", pid=connection.execute(BACKEND).scalar_one())
            connection.execute(text("SELECT 1"))

    unavailable(rename)
    assert database.value("SELECT name FROM clients WHERE id = :id", id=client) != "renamed"
    backend(serving)


def test_every_pooled_connection_survives_a_restart_of_the_server(database: Database, serving: Postgres) -> None:
    with ThreadPoolExecutor(4) as threads:
        before = set(threads.map(lambda _: backend(serving), range(16)))
    database.server.stop()
    try:
        assert unavailable(lambda: backend(serving)) < 2
    finally:
        database.server.start()
    with ThreadPoolExecutor(4) as threads:
        after = set(threads.map(lambda _: backend(serving), range(16)))
    assert not before & after


def test_a_server_that_stands_still_is_given_up_once_and_used_again(database: Database, serving: Postgres) -> None:
    backend(serving)
    with standing_still(database):
        assert unavailable(lambda: backend(serving)) < ENDED_WITHIN
    assert backend(serving)


def test_a_server_that_stands_still_at_the_first_connection_is_given_up(database: Database, serving: Postgres) -> None:
    with standing_still(database):
        assert unavailable(lambda: backend(serving)) < ENDED_WITHIN
    assert backend(serving)
    with warnings.catch_warnings():  # pg8000 leaves the socket of a failed handshake to the garbage collector
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def test_a_statement_that_takes_too_long_is_given_up(serving: Postgres) -> None:
    def sleep() -> None:
        with serving.unbound() as connection:
            connection.execute(text("SELECT pg_sleep(30)"))

    assert unavailable(sleep) < ENDED_WITHIN
    assert backend(serving)


def test_what_a_transaction_sets_for_its_tenant_does_not_stay_on_the_connection(
    database: Database, serving: Postgres
) -> None:
    client = database.client()
    setting = text("SELECT current_setting('app.client_id', true)")
    with serving.tenant(client) as connection:
        assert connection.execute(setting).scalar() == str(client)
        used = connection.execute(BACKEND).scalar_one()
    with serving.unbound() as connection:
        assert connection.execute(BACKEND).scalar_one() == used
        assert connection.execute(setting).scalar() in {"", None}
