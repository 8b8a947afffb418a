"""A reader of the stream of alerts, as a front-end is one: comes back with the id of the last event that it had."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from shared.models.firestore.alerts import InboxEntryDocument, Text
from tests.stack import RunningStack

LIVE = "/api/v1/components/alerts/live"


@dataclass
class Reader:
    """Reads in open and in finite mode alike. `seen` is each (alert, version) in the order of its events."""

    stack: RunningStack
    token: str
    last: str | None = None
    seen: list[tuple[str, int]] = field(default_factory=list)
    states: dict[str, str] = field(default_factory=dict)
    was_ready: bool = False

    @contextmanager
    def connected(self) -> Iterator[Iterator[str]]:
        """A new connection; what its events are called, as they come."""
        headers = {"Authorization": f"Bearer {self.token}"} | ({"Last-Event-ID": self.last} if self.last else {})
        timeout = httpx.Timeout(20)
        with httpx.stream("GET", f"{self.stack.gateway}{LIVE}", headers=headers, timeout=timeout) as answer:
            assert answer.status_code == 200, answer.read()
            yield self._events(answer)

    def read(self, count: int) -> None:
        """Read so many events of one connection, or all of it when it ends before, and leave."""
        with self.connected() as events:
            for _ in zip(range(count), events, strict=False):
                pass

    def _events(self, answer: httpx.Response) -> Iterator[str]:
        said: dict[str, str] = {}
        for line in answer.iter_lines():
            if line and not line.startswith(":"):
                name, _, value = line.partition(": ")
                said[name] = value
            elif not line and "event" in said:
                self._take(said)
                yield said["event"]
                said = {}

    def _take(self, said: dict[str, str]) -> None:
        self.last = said["id"]
        self.was_ready |= said["event"] == "ready"
        if said["event"] == "alert":
            alert: dict[str, Any] = json.loads(said["data"])
            self.seen.append((alert["id"], alert["version"]))
            self.states[alert["id"]] = alert["state"]


def entry_of(claims: dict[str, Any], alert_id: str, **said: Any) -> InboxEntryDocument:
    """An entry in the inbox of whom the claims name."""
    now = datetime.now(UTC)
    entry = InboxEntryDocument(
        id=alert_id,
        client_id=claims["clientId"],
        created_at=now,
        updated_at=now,
        uid=claims["sub"],
        user_id=claims["userId"],
        alert_version=1,
        severity="info",
        message=Text(code="message", text="Call the payer"),
        expire_at=now + timedelta(days=90),
    )
    return entry.model_copy(update=said)
