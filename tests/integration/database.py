"""An embedded PostgreSQL of a test module's own, with the product's roles and schema."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import Engine, NullPool, create_engine, text

from infra.local.postgres import EmbeddedPostgres
from infra.local.settings import free_port
from infra.migrations.run import role_urls, upgrade
from shared.config import Settings
from shared.db.postgres import Postgres, postgres_for
from shared.models.identifiers import uuid7


@dataclass(frozen=True, slots=True)
class Database:
    """`admin` passes row-level security (a superuser); `url` is its address on the loopback port."""

    server: EmbeddedPostgres
    admin: Engine

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def socket_url(self) -> str:
        return self.server.socket_url

    def role(self, name: str) -> Postgres:
        """The database as a function sees it in that role."""
        urls = {role: SecretStr(url) for role, url in role_urls(self.socket_url).items()}
        return postgres_for(Settings(project="test", database_urls=urls), name)

    def rows(self, statement: str, **values: Any) -> list[Any]:
        """Rows of a query, as the administrator."""
        with self.admin.connect() as connection:
            return list(connection.execute(text(statement), values).mappings())

    def value(self, statement: str, **values: Any) -> Any:
        """The first value of a query, as the administrator."""
        with self.admin.connect() as connection:
            return connection.execute(text(statement), values).scalar()

    def execute(self, statement: str, **values: Any) -> None:
        """Carry out a statement as the administrator."""
        with self.admin.begin() as connection:
            connection.execute(text(statement), values)

    def client(self, time_zone: str = "America/New_York") -> UUID:
        """A new organisation with an admin."""
        client_id = uuid7()
        self.execute(
            "INSERT INTO clients (id, name, time_zone) VALUES (:id, :name, :zone)",
            id=client_id,
            name=f"Clinic {client_id}",
            zone=time_zone,
        )
        self.execute(
            "INSERT INTO users (id, email, name, role, client_id) VALUES (:id, :email, 'Admin', 'admin', :client)",
            id=uuid7(),
            email=f"admin@{client_id}.example",
            client=client_id,
        )
        return client_id


@contextmanager
def running_database() -> Iterator[Database]:
    """Start a server and migrate its database; stops it in the end.

    Not under pytest's own temporary folder: PostgreSQL, when root starts it, runs as another user.
    """
    with tempfile.TemporaryDirectory(prefix="mobius-database-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        server = EmbeddedPostgres(folder, port=free_port(), log=folder / "logs" / "postgres.log")
        try:
            server.start()
            upgrade(server.socket_url)
            admin = create_engine(server.socket_url, poolclass=NullPool)
            yield Database(server, admin)
        finally:
            server.stop()
