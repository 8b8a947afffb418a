"""PostgreSQL for the bare functions: the product's own statements, handed over by the harness, and nothing else."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, text

STATEMENTS = {name: text(sql) for name, sql in json.loads(os.environ["FLOOR_STATEMENTS"]).items()}


@cache
def engine() -> Engine:
    """The pool, made on first use."""
    return create_engine(
        os.environ["MOBIUS_DATABASE_URL_SERVING"], pool_size=4, max_overflow=0, connect_args={"timeout": 5}
    )


@contextmanager
def tenant(client_id: str) -> Iterator[Connection]:
    """A transaction bound to one organisation."""
    with engine().connect() as connection:
        driver: Any = connection.connection.driver_connection
        driver.execute_simple(f"begin; select set_config('app.client_id', '{client_id}', true)")
        with connection.begin():
            yield connection


def add_event(connection: Connection, one: dict[str, Any]) -> None:
    """The audit event, in the same transaction."""
    connection.execute(STATEMENTS["event"], {"id": one["id"], "client_id": one["clientId"], "event": json.dumps(one)})
