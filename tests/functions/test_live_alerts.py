"""The function alerts_live on real sockets and in-memory stores: ends of sessions, refusals, stores that are down."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import functions_framework
import httpx
import pytest
import uvicorn

from shared import bootstrap
from shared.catalog import load_catalog
from shared.config import settings
from shared.errors import StoreUnavailableError
from shared.models.firestore.alerts import InboxEntryDocument, Text
from shared.models.roles import Role
from tests.functions.in_memory import InMemoryProduct, account, token

LIVE = "/api/v1/components/alerts/live"
BILLER = account(Role.BILLER)


@pytest.fixture
def url(product: InMemoryProduct, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    assert product.clients
    monkeypatch.setenv("MOBIUS_STREAM_CHECK_SECONDS", "1")
    settings.cache_clear()
    with served() as address:
        yield address


@contextmanager
def served() -> Iterator[str]:
    """The function as functions-framework makes it, behind uvicorn."""
    entry = next(one for one in load_catalog() if one.name == "alerts_live")
    app = functions_framework.create_app(entry.entry_point, str(entry.main))  # type: ignore[no-untyped-call]  # it has no types
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}{LIVE}"
        finally:
            server.should_exit = True
            thread.join(10)


def signed_in() -> dict[str, str]:
    return {"Authorization": f"Bearer {token(BILLER)}"}


def deliver(product: InMemoryProduct, alert_id: str) -> None:
    now = datetime.now(UTC)
    entry = InboxEntryDocument(
        id=alert_id,
        client_id=str(BILLER.organisation.id),
        created_at=now,
        updated_at=now,
        uid=BILLER.uid,
        user_id=str(BILLER.user_id),
        alert_version=1,
        severity="info",
        message=Text(code="message", text="Call the payer"),
        expire_at=now + timedelta(days=90),
    )
    product.live.inboxes.deliver([entry])


def test_an_alert_comes_and_the_end_of_the_membership_ends_the_stream(product: InMemoryProduct, url: str) -> None:
    with httpx.stream("GET", url, headers=signed_in(), timeout=10) as answer:
        lines = answer.iter_lines()
        assert [next(lines).partition(":")[0], next(lines)] == ["id", "event: ready"]
        deliver(product, "alert_1")
        assert "event: alert" in [next(lines) for _ in range(4)]
        product.members.members.pop(BILLER.uid)
        begun = time.monotonic()
        assert "event: alert" not in list(lines)
        assert time.monotonic() - begun < 5
    assert httpx.get(url, headers=signed_in()).status_code == 403


def test_a_sign_out_ends_the_stream(product: InMemoryProduct, url: str) -> None:
    with httpx.stream("GET", url, headers=signed_in(), timeout=10) as answer:
        lines = answer.iter_lines()
        next(lines)
        product.sessions.end_all(BILLER.uid, at=datetime.now(UTC) + timedelta(seconds=2), event=None)  # type: ignore[arg-type]  # nobody reads it
        assert "event: alert" not in list(lines)


def test_a_look_at_the_head_leaves_nobody_listening(url: str) -> None:
    assert httpx.head(url, headers=signed_in()).headers["content-type"].startswith("text/event-stream")
    (hub,) = bootstrap.live_alerts()._hubs.values()
    assert hub.is_deserted


def test_a_store_that_is_down_is_said_before_the_stream_begins(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(*_: object) -> None:
        raise StoreUnavailableError("The live store did not answer in time", retry_after=5)

    monkeypatch.setattr(bootstrap.inbox_feed(), "active", down)
    answer = httpx.get(url, headers=signed_in())
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    (hub,) = bootstrap.live_alerts()._hubs.values()
    assert hub.is_deserted


def test_finite_answers_miss_nothing_between_them(product: InMemoryProduct, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOBIUS_STREAMS", "finite")
    settings.cache_clear()
    deliver(product, "alert_1")
    with served() as url:
        first = httpx.get(url, headers=signed_in()).text
        assert first.startswith("retry: 500\n\n")
        assert [first.count("event: alert"), first.count("event: ready")] == [1, 1]
        last = [line.removeprefix("id: ") for line in first.splitlines() if line.startswith("id: ")][-1]
        deliver(product, "alert_2")
        again = httpx.get(url, headers=signed_in() | {"Last-Event-ID": last}).text
        assert '"id":"alert_2"' in again
        assert '"id":"alert_1"' not in again


def test_opening_is_audited(product: InMemoryProduct, url: str) -> None:
    with httpx.stream("GET", url, headers=signed_in()):
        pass
    assert [event.action.value for event in product.events] == ["alert:list"]
    refused = httpx.get(url, headers=signed_in() | {"Last-Event-ID": "x"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "Last-Event-ID")
    assert [event.outcome.value for event in product.events] == ["success", "refused"]
