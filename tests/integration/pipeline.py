"""The event side of the product on real parts: emulators, PostgreSQL, the event functions, the relay. No gateway.

Started for one test module, so that a test may kill the relay without disturbing a stack that others use.
"""

from __future__ import annotations

import base64
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from google.cloud import firestore
from sqlalchemy import Engine, create_engine, text

from infra.local import emulators
from infra.local.children import Child, write_atomically
from infra.local.parts import base_environment, function_environment
from infra.local.postgres import EmbeddedPostgres
from infra.local.settings import DEFAULT_PORTS, PROJECT, StackSettings, free_port
from infra.migrations.run import role_urls, upgrade
from shared.catalog import ROOT
from shared.models.audit import AuditAction, AuditEvent
from shared.models.identifiers import uuid7
from tests.integration.serving import until

EVENT_FUNCTIONS = (
    "triggers/on_task_written",
    "triggers/relay_audit_event",
    "pubsub/write_audit_log",
    "scheduled/sweep_outbox",
)
CLIENT = UUID("00000000-0000-7000-8000-00000000c11e")
USER = UUID("00000000-0000-7000-8000-000000000005")


def audit_event(**changes: Any) -> AuditEvent:
    """An event of the test organisation."""
    members: dict[str, Any] = {
        "id": uuid7(),
        "client_id": CLIENT,
        "user_id": USER,
        "action": AuditAction.TASK_CREATE,
        "resource_type": "task",
        "resource_ref": "task_1",
        "request_id": "request-1",
    }
    return AuditEvent(**(members | changes))


@dataclass
class Pipeline:
    """The running parts. `database` connects as the administrator."""

    settings: StackSettings
    parts_file: Path
    database: Engine
    relay: Child
    functions: Child
    store: firestore.Client
    postgres: EmbeddedPostgres

    def start_relay(self) -> None:
        """Start the relay and wait until it has registered."""
        self.relay.start()
        self.relay.wait_until(lambda: self.relay_answers("/status"), seconds=60)

    def kill_relay(self) -> None:
        """End the relay without a chance to finish anything."""
        assert self.relay.process is not None
        self.relay.process.kill()
        self.relay.process.wait()

    def relay_answers(self, path: str) -> bool:
        """Whether the relay answers a GET."""
        try:
            return httpx.get(self.settings.url("relay") + path, timeout=2, trust_env=False).is_success
        except httpx.TransportError:
            return False

    def relay_status(self) -> dict[str, Any]:
        """What the relay says of itself."""
        status: dict[str, Any] = httpx.get(self.settings.url("relay") + "/status", trust_env=False).json()
        return status

    def call(self, function: str, **options: Any) -> httpx.Response:
        """POST to a function as its trigger would."""
        return httpx.post(f"{self.settings.url('functions')}/{function}/", trust_env=False, timeout=30, **options)

    def publish(self, data: bytes, **attributes: str) -> None:
        """Publish one message to the audit topic."""

        url = f"{self.settings.url('pubsub')}/v1/projects/{PROJECT}/topics/audit-events:publish"
        message = {"data": base64.b64encode(data).decode(), "attributes": attributes or {"source": "test"}}
        httpx.post(url, json={"messages": [message]}, trust_env=False).raise_for_status()

    def rows(self, statement: str, **values: Any) -> list[Any]:
        """Rows of a query, as the administrator."""
        with self.database.connect() as connection:
            return list(connection.execute(text(statement), values).mappings())

    def execute(self, statement: str, **values: Any) -> None:
        """Carry out a statement as the administrator."""
        with self.database.begin() as connection:
            connection.execute(text(statement), values)

    def logged(self, event: AuditEvent) -> list[Any]:
        """The event's rows in `audit_logs`."""
        return self.rows("SELECT * FROM audit_logs WHERE id = :id", id=event.id)

    def wait_for(self, *events: AuditEvent) -> None:
        """Wait until each of the events has exactly one row."""
        ids = [event.id for event in events]
        until(lambda: self._count(ids) == len(ids), seconds=40)

    def _count(self, ids: list[UUID]) -> int:
        found = self.rows("SELECT count(*) AS n FROM audit_logs WHERE id = ANY(:ids)", ids=ids)
        return int(found[0]["n"])


@contextmanager
def running_pipeline() -> Iterator[Pipeline]:
    """Start everything; stops it in the end.

    Not under pytest's own temporary folder: each start of pytest closes that to others, and PostgreSQL, when root
    starts it, runs as another user.
    """
    with tempfile.TemporaryDirectory(prefix="mobius-pipeline-", ignore_cleanup_errors=True) as folder:
        yield from _run(Path(folder))


def _run(folder: Path) -> Iterator[Pipeline]:
    settings = StackSettings(directory=folder, ports={part: free_port() for part in DEFAULT_PORTS})
    settings.logs.mkdir()
    root = _event_functions(folder / "root")
    postgres = EmbeddedPostgres(folder, port=settings.ports["database"], log=settings.logs / "postgres.log")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FIRESTORE_EMULATOR_HOST", settings.address("firestore"))
        children = _children(settings, root)
        try:
            for name in ("firestore", "pubsub"):
                children[name].start()
            postgres.start()
            upgrade(postgres.socket_url)
            environment = function_environment(settings, role_urls(postgres.socket_url))
            children["functions"].environment = environment
            children["functions"].start()
            engine = create_engine(postgres.socket_url)
            store = firestore.Client(project=PROJECT)
            pipeline = Pipeline(
                settings, settings.parts_file, engine, children["relay"], children["functions"], store, postgres
            )
            pipeline.start_relay()
            children["functions"].wait_until(lambda: _listens(settings.url("functions")), seconds=60)
            pipeline.execute("INSERT INTO clients (id, name) VALUES (:id, 'Pipeline')", id=CLIENT)
            yield pipeline
            store.close()  # type: ignore[no-untyped-call]  # the library is partly typed
            engine.dispose()
        finally:
            for child in reversed(children.values()):
                child.ask_to_stop()
            for child in children.values():
                child.stop()
            postgres.stop()


def _event_functions(root: Path) -> Path:
    """A catalog of the event functions alone."""
    for name in EVENT_FUNCTIONS:
        link = root / "functions" / name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(ROOT / "functions" / name)
    return root


def _children(settings: StackSettings, root: Path) -> dict[str, Child]:
    names = [name.partition("/")[2] for name in EVENT_FUNCTIONS]
    described = {
        "project": PROJECT,
        "firestore": settings.address("firestore"),
        "pubsub": settings.address("pubsub"),
        "functions": {name: f"{settings.url('functions')}/{name.replace('_', '-')}" for name in names},
        "catalogRoot": str(root),
    }

    write_atomically(settings.parts_file, json.dumps(described))
    python = sys.executable
    relay = ["-m", "infra.local.trigger_relay", "--port", str(settings.ports["relay"])]
    relay += ["--stack", str(settings.parts_file)]
    host = ["-m", "infra.local.function_host", "--port", str(settings.ports["functions"])]
    host += ["--catalog-root", str(root)]
    environment = base_environment()
    commands = {
        "firestore": emulators.firestore_command(settings),
        "pubsub": emulators.pubsub_command(settings),
        "functions": [python, *host],
        "relay": [python, *relay],
    }
    return {
        name: Child(
            name,
            command,
            environment | {"MOBIUS_RELAY_ATTEMPTS": os.environ.get("MOBIUS_RELAY_ATTEMPTS", "8")},
            settings.logs / f"{name}.log",
        )
        for name, command in commands.items()
    }


def _listens(url: str) -> bool:
    try:
        httpx.get(url, timeout=2, trust_env=False)
    except httpx.TransportError:
        return False
    return True
