"""PostgreSQL: one engine per database role, made on first use, and transactions bound to one tenant.

A tenant transaction opens with BEGIN and the tenant setting in one round trip; row-level security compares
`app.client_id` with each row. Nothing is ever set on the session, so nothing leaks to the next user of the connection.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from shared.config import Settings
from shared.errors import ConfigurationError, StoreUnavailableError

CONNECT_TIMEOUT_SECONDS = 5
POOL_TIMEOUT_SECONDS = 3
STATEMENT_TIMEOUT_MS = 5000
_TRANSIENT_SQLSTATES = frozenset({"57014", "57P01", "57P02", "57P03", "53300", "08006", "08003", "08001", "55P03"})


class Postgres:
    """The database as one role. The engine is made on first use; nothing connects before."""

    def __init__(self, make_engine: Callable[[], Engine]) -> None:
        self._make_engine = make_engine
        self._engine: Engine | None = None
        self._making = Lock()

    @property
    def engine(self) -> Engine:
        """The pooled engine of this process; first requests that meet get one between them, and one pool's limit."""
        with self._making:
            if self._engine is None:
                self._engine = self._make_engine()
            return self._engine

    @contextmanager
    def tenant(self, client_id: UUID) -> Iterator[Connection]:
        """A transaction that sees and writes only `client_id`'s rows. Raises StoreUnavailableError."""
        with self._transaction(
            f"begin; select set_config('app.client_id', '{UUID(str(client_id))}', true)"
        ) as connection:
            yield connection

    @contextmanager
    def unbound(self) -> Iterator[Connection]:
        """A transaction without a tenant: for the roles whose policies allow it (audit, relay)."""
        with self._transaction("begin") as connection:
            yield connection

    @contextmanager
    def _transaction(self, opening: str) -> Iterator[Connection]:
        try:
            with self._opened(opening) as connection, connection.begin():
                yield connection
        except (OperationalError, InterfaceError, PoolTimeoutError) as exc:
            raise StoreUnavailableError("The database did not answer in time", retry_after=5) from exc
        except DBAPIError as exc:
            if exc.connection_invalidated or sqlstate(exc) in _TRANSIENT_SQLSTATES:
                raise StoreUnavailableError("The database did not answer in time", retry_after=5) from exc
            raise
        except OSError as exc:
            raise StoreUnavailableError("The database did not answer in time", retry_after=5) from exc

    def _opened(self, opening: str) -> Connection:
        """A connection in a transaction that `opening` has begun.

        The opening speaks to the driver itself, so SQLAlchemy does not notice a connection that the server has left.
        It is thrown away here, with the others of the pool, which are as old; the second attempt is on a new one. A
        server that is silent gets no second attempt: the caller would wait twice as long.
        """
        connection = self.engine.connect()
        try:
            _driver(connection).execute_simple(opening)
        except (_driver_error(self.engine), OSError) as exc:
            _throw_away(connection)
            self.engine.dispose()
            if isinstance(exc.__cause__ or exc, TimeoutError):
                raise StoreUnavailableError("The database did not answer in time", retry_after=5) from exc
        else:
            return connection
        connection = self.engine.connect()
        try:
            _driver(connection).execute_simple(opening)
        except (_driver_error(self.engine), OSError) as exc:
            _throw_away(connection)
            raise StoreUnavailableError("The database did not answer in time", retry_after=5) from exc
        return connection


def _driver_error(engine: Engine) -> type[Exception]:
    """The base of the driver's own errors."""
    error: type[Exception] = engine.dialect.loaded_dbapi.Error
    return error


def _throw_away(connection: Connection) -> None:
    """Close a connection for good instead of returning it to the pool."""
    connection.invalidate()
    connection.close()


def sqlstate(error: DBAPIError) -> str:
    """The five-character SQLSTATE of a driver error, or an empty string."""
    arguments = getattr(error.orig, "args", ())
    return str(arguments[0].get("C", "")) if arguments and isinstance(arguments[0], dict) else ""


def _driver(connection: Connection) -> Any:
    """The pg8000 connection beneath (its `execute_simple` sends several statements in one round trip)."""
    return connection.connection.driver_connection


def postgres_for(settings: Settings, role: str) -> Postgres:
    """The database as `role` (serving, audit or relay), by URL locally and by the Cloud SQL connector in production."""
    return Postgres(lambda: _engine(settings, role))


def _engine(settings: Settings, role: str) -> Engine:
    options: dict[str, Any] = {
        "pool_size": settings.pool_size,
        "max_overflow": 0,
        "pool_timeout": POOL_TIMEOUT_SECONDS,
        "pool_recycle": 1800,
        "connect_args": {"timeout": CONNECT_TIMEOUT_SECONDS},
    }
    url = settings.database_urls.get(role)
    if url is not None:
        engine = create_engine(url.get_secret_value(), **options)
    elif settings.cloud_sql_instance and settings.database_user:
        from shared.db.cloud_sql import cloud_sql_creator

        options.pop("connect_args")
        engine = create_engine("postgresql+pg8000://", creator=cloud_sql_creator(settings), **options)
    else:
        raise ConfigurationError(f"Neither MOBIUS_DATABASE_URL_{role.upper()} nor MOBIUS_CLOUD_SQL_INSTANCE is set")

    @event.listens_for(engine, "connect")
    def _limits(driver_connection: Any, _record: Any) -> None:
        # The Cloud SQL connector gives the driver a socket of its own, which has no time-out.
        driver_connection._usock.settimeout(CONNECT_TIMEOUT_SECONDS)  # noqa: SLF001 (the driver has no other way)
        driver_connection.execute_simple(
            f"set statement_timeout = {STATEMENT_TIMEOUT_MS}; set idle_in_transaction_session_timeout = 15000"
        )

    return engine
