"""Bring a PostgreSQL database to the product's schema: roles, tables, row-level security, audit partitions.

    python -m infra.migrations.run upgrade   postgresql://ADMIN:PASSWORD@HOST/DATABASE
    python -m infra.migrations.run downgrade postgresql://ADMIN:PASSWORD@HOST/DATABASE [REVISION]

The administrator creates the roles and need not be a superuser (CREATEROLE, and CREATE on the database, are enough).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, NullPool, create_engine, text
from sqlalchemy.exc import ArgumentError, DBAPIError

from infra.migrations.partitions import keep_months_ahead
from infra.migrations.roles import OWNER, database_url, ensure_roles, role_urls
from shared.errors import ConfigurationError

__all__ = ["downgrade", "role_urls", "upgrade"]

MIGRATOR_LOCK = 0x6D6F6269  # "mobi"; one migrator at a time in a database
WAIT_FOR_MIGRATOR = "60s"
LOCK_TIMEOUT = "5s"
STATEMENT_TIMEOUT = "60s"


def upgrade(admin_url: str, *, sign_in: bool = True) -> None:
    """Create the roles and bring the schema to the newest revision; harmless when it is there already.

    `sign_in` gives the roles the local passwords of `role_urls`; in production they have none, and the functions'
    IAM users are members of them. Raises ConfigurationError for a URL that is wrong or a server that does not answer.
    """
    engine = _engine(admin_url)
    ensure_roles(engine, admin_url, sign_in=sign_in)
    with _migration(engine) as connection:
        command.upgrade(_alembic(connection), "head")
        keep_months_ahead(connection, datetime.now(UTC))


def downgrade(admin_url: str, revision: str = "base") -> None:
    """Take the schema back to `revision`; `base` leaves no table and no right, only the server's roles."""
    engine = _engine(admin_url)
    with _migration(engine) as connection:
        command.downgrade(_alembic(connection), revision)


def _engine(admin_url: str) -> Engine:
    """An engine that has answered once."""
    try:
        engine = create_engine(database_url(admin_url), poolclass=NullPool, connect_args={"timeout": 5})
        with engine.connect():
            return engine
    except ArgumentError as exc:
        raise ConfigurationError(
            "The database URL is not of the form postgresql://user:password@host/database"
        ) from exc
    except (DBAPIError, OSError) as exc:
        reason = str(getattr(exc, "orig", exc))
        raise ConfigurationError(f"The database does not let us in; check MOBIUS_DATABASE_URL: {reason}") from exc


@contextmanager
def _migration(engine: Engine) -> Iterator[Connection]:
    """One transaction as the tables' owner, behind the migrators' lock, that never waits long for anybody's lock."""
    with engine.connect() as connection:
        # A pooled or recycled session keeps no limit of ours: everything is LOCAL to this transaction.
        connection.execute(text(f"SET LOCAL statement_timeout = '{STATEMENT_TIMEOUT}'"))
        connection.execute(text(f"SET LOCAL lock_timeout = '{WAIT_FOR_MIGRATOR}'"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATOR_LOCK})
        connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'"))
        connection.execute(text(f"GRANT CREATE, USAGE ON SCHEMA public TO {OWNER}"))
        connection.execute(text(f"SET LOCAL ROLE {OWNER}"))
        yield connection
        connection.commit()


def _alembic(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    return config


def main() -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="infra.migrations.run", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("direction", choices=("upgrade", "downgrade"))
    parser.add_argument("url")
    parser.add_argument("revision", nargs="?", default="base", help="where a downgrade stops")
    arguments = parser.parse_args()
    try:
        if arguments.direction == "upgrade":
            upgrade(arguments.url)
        else:
            downgrade(arguments.url, arguments.revision)
    except ConfigurationError as exc:
        print(exc, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
