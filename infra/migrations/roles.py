"""The database roles and the URLs by which the local stack signs in as them."""

from __future__ import annotations

import hashlib
import hmac
import time

from sqlalchemy import URL, Connection, Engine, make_url, text
from sqlalchemy.exc import DBAPIError

from shared.db.postgres import sqlstate

OWNER = "mobius_owner"
ROLES = {name: f"mobius_{name}" for name in ("serving", "audit", "relay", "seal", "analytics", "retry", "desk")}
DEFAULT_PORT = 5432
_ATTEMPTS = 10


def database_url(url: str) -> URL:
    """`url` for the pg8000 driver; a libpq socket folder (`?host=/path`) becomes pg8000's `unix_sock`.

    Raises sqlalchemy.exc.ArgumentError when it is no PostgreSQL URL.
    """
    parsed = make_url(url.replace("postgres://", "postgresql://", 1))
    if parsed.get_backend_name() != "postgresql":
        parsed = make_url("")  # raises the same ArgumentError as any other malformed URL
    parsed = parsed.set(drivername="postgresql+pg8000")
    query = dict(parsed.query)
    folder = query.pop("host", None)
    if isinstance(folder, str):
        port = query.pop("port", None) or parsed.port or DEFAULT_PORT
        query["unix_sock"] = f"{folder}/.s.PGSQL.{port}"
    parsed = parsed.set(query=query)
    return parsed if parsed.username else parsed.set(username="postgres")


def role_urls(admin_url: str) -> dict[str, str]:
    """SQLAlchemy URLs of every role, by its name in `ROLES`, in the administrator's database.

    The passwords follow from the administrator's, so they stand nowhere and stay the same from start to start.
    """
    admin = database_url(admin_url)
    return {
        name: admin.set(username=role, password=_password(admin, role)).render_as_string(hide_password=False)
        for name, role in ROLES.items()
    }


def ensure_roles(engine: Engine, admin_url: str, *, sign_in: bool) -> None:
    """Create what is missing of the roles, none of which passes row-level security.

    Roles belong to the server, not to the database: others may be creating the same ones, which PostgreSQL answers
    with an error, so the step is repeated.
    """
    for attempt in range(_ATTEMPTS):
        try:
            with engine.begin() as connection:
                _ensure_roles(connection, database_url(admin_url), sign_in=sign_in)
        except DBAPIError as exc:
            if sqlstate(exc) not in {"23505", "42710", "XX000", "40001"} or attempt == _ATTEMPTS - 1:
                raise
            time.sleep(0.05 * (attempt + 1))
        else:
            return


def _ensure_roles(connection: Connection, admin: URL, *, sign_in: bool) -> None:
    existing = set(connection.execute(text("SELECT rolname FROM pg_roles WHERE rolname LIKE 'mobius\\_%'")).scalars())
    if OWNER not in existing:
        connection.execute(text(f"CREATE ROLE {OWNER} NOLOGIN"))
    superuser = connection.execute(text("SELECT current_setting('is_superuser') = 'on'")).scalar_one()
    if not superuser:
        connection.execute(text(f"GRANT {OWNER} TO CURRENT_USER"))
    for role in ROLES.values():
        if role not in existing:
            connection.execute(text(f"CREATE ROLE {role} NOSUPERUSER NOCREATEDB NOCREATEROLE"))
        if sign_in:
            connection.execute(text(f"ALTER ROLE {role} LOGIN PASSWORD '{_password(admin, role)}'"))


def _password(admin: URL, role: str) -> str:
    """Hexadecimal, so that it needs no quoting."""
    return hmac.new((admin.password or "").encode(), role.encode(), hashlib.sha256).hexdigest()[:32]
