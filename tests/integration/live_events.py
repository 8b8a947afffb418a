"""A Firestore emulator whose events a test takes itself, and the event functions in the test's own process.

The events are the emulator's own, as the relay receives them; the functions are loaded from their main.py by the real
framework. What the test decides is when each event is delivered, how often, in which order, and where a handler ends.
"""

from __future__ import annotations

import base64
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import functions_framework
import httpx
import pytest
from flask.testing import FlaskClient
from google.cloud import firestore
from google.cloud.firestore_v1.batch import WriteBatch
from starlette.requests import Request
from starlette.responses import Response

from infra.local import emulators
from infra.local.children import Child
from infra.local.parts import base_environment
from infra.local.settings import DEFAULT_PORTS, StackSettings, free_port
from shared import bootstrap, bootstrap_events
from shared.catalog import load_catalog
from shared.config import settings
from tests.integration.serving import served, until

HANDLERS = ("on_task_written", "on_alert_written")
WATCHED = ("tasks", "alerts")
COLD_SECONDS = 90  # what a cold emulator on a busy machine may take for its first answers


@dataclass(frozen=True, slots=True)
class Event:
    """One event for one function, as Eventarc would send it."""

    function: str
    headers: dict[str, str]
    body: bytes

    @property
    def time(self) -> str:
        """When it happened."""
        return self.headers["ce-time"]


@dataclass
class LiveEvents:
    """The emulator at `host` (`address:port`), the events it has sent by project, and the functions."""

    host: str
    functions: dict[str, FlaskClient]
    received: dict[str, list[Event]] = field(default_factory=dict)
    written: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def watch(self, project: str) -> None:
        """Have the emulator send what changes in a project; from now on it is the one that functions work in."""
        self.received.setdefault(project, [])
        for entry in load_catalog():
            if entry.name in HANDLERS:
                answer = httpx.post(
                    f"http://{self.host}/emulator/v1/projects/{project}/eventarcTrigger",
                    params={"eventarcTriggerId": entry.name},
                    json={
                        "eventType": entry.trigger.event_type,
                        "database": "(default)",
                        "namespace": "(default)",
                        "document": {"value": entry.trigger.document, "matchType": "PATH_PATTERN"},
                    },
                    trust_env=False,
                    timeout=COLD_SECONDS,
                )
                answer.raise_for_status()

    def take(self, project: str) -> list[Event]:
        """The events of every write so far that were not taken yet, in the order of the writes."""
        until(lambda: len(self.received[project]) >= self.written[project], seconds=60)
        with self.lock:
            events, self.received[project] = self.received[project], []
            self.written[project] -= len(events)
        return sorted(events, key=lambda event: event.time)

    def deliver(self, event: Event) -> int:
        """Hand an event to its function; its status."""
        return self.functions[event.function].post("/", headers=event.headers, data=event.body).status_code

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Take an event from the emulator."""
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        body = base64.b64decode(await request.body())
        headers = {name: value for name, value in request.headers.items() if name.startswith("ce-")}
        headers.pop("ce-dataschema", None)
        headers["ce-source"] = headers["ce-source"].replace("/projects/projects/", "/projects/", 1)
        headers["content-type"] = "application/protobuf"
        _, _, project, _, function = request.url.path.strip("/").split("/")
        with self.lock:
            self.received[project].append(Event(function, headers, body))
        await Response(status_code=204)(scope, receive, send)


@contextmanager
def running_events() -> Iterator[LiveEvents]:
    """Start the emulator and load the functions."""
    with tempfile.TemporaryDirectory(prefix="mobius-events-", ignore_cleanup_errors=True) as folder:
        stack = StackSettings(directory=Path(folder), ports={part: free_port() for part in DEFAULT_PORTS})
        functions = {
            entry.name: functions_framework.create_app(entry.entry_point, str(entry.main)).test_client()  # type: ignore[no-untyped-call]  # the framework is partly typed
            for entry in load_catalog()
            if entry.name in HANDLERS
        }
        events = LiveEvents(stack.address("firestore"), functions)
        command = emulators.firestore_command(stack)
        emulator = Child("firestore", command, base_environment(), stack.directory / "firestore.log")
        with served(events, port=stack.ports["relay"]), pytest.MonkeyPatch.context() as patch:
            patch.setenv("FIRESTORE_EMULATOR_HOST", events.host)
            _count_writes(events, patch)
            emulator.start()
            try:
                emulator.wait_until(lambda: _answers(events.host), seconds=60)
                first = firestore.Client(project="demo-first").document("first/one")
                first.set({}, timeout=COLD_SECONDS)
                first.get(timeout=COLD_SECONDS)
                yield events
            finally:
                emulator.stop()
                forget()


@contextmanager
def working_in(project: str) -> Iterator[None]:
    """Let functions and services work in `project` while the block lasts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GOOGLE_CLOUD_PROJECT", project)
        forget()
        yield
    forget()


def forget() -> None:
    """Forget what the composition roots and the settings have made."""
    settings.cache_clear()
    for made in (*vars(bootstrap).values(), *vars(bootstrap_events).values()):
        if hasattr(made, "cache_clear"):
            made.cache_clear()


def _count_writes(events: LiveEvents, patch: pytest.MonkeyPatch) -> None:
    """Count the writes of this process that must each have an event."""
    commit = WriteBatch.commit

    def counted(batch: WriteBatch, *arguments: Any, **options: Any) -> Any:
        names = [write.update.name or write.delete for write in batch._write_pbs]
        results = commit(batch, *arguments, **options)
        places = [name.split("/", 6) for name in names]
        with events.lock:
            for place in places:
                if place[5].split("/")[0] in WATCHED:
                    events.written[place[1]] += 1
        return results

    patch.setattr(WriteBatch, "commit", counted)


def _answers(host: str) -> bool:
    try:
        return httpx.get(f"http://{host}/", timeout=2, trust_env=False).is_success
    except httpx.TransportError:
        return False
