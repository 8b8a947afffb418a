"""Alerts as they happen, over the gateway, from the real store: nothing is missed, doubled, or somebody else's."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import httpx
import pytest
from google.cloud import firestore

from shared.repositories.firestore.inboxes import FirestoreInboxRepository
from tests.e2e.live_reader import LIVE, Reader, entry_of
from tests.e2e.person import MEMBERS_PASSWORD, Newcomer, Person, unique
from tests.stack import LAKESIDE, RunningStack

AHEAD = 50  # alerts that the reader has not had yet: more are written all the time, but not more and more
SignedIn = Callable[..., Person]


@pytest.fixture
def inboxes(stack: RunningStack, monkeypatch: pytest.MonkeyPatch) -> Iterator[FirestoreInboxRepository]:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", stack.firestore)
    client = firestore.Client(project=stack.project)
    yield FirestoreInboxRepository(client)
    client.close()  # type: ignore[no-untyped-call]  # it has no types


@pytest.fixture
def somebody(stack: RunningStack, manager: Person, member: dict[str, str]) -> Newcomer:
    """Somebody who has no alerts yet."""
    return Newcomer(manager, stack.sign_in(member["email"], MEMBERS_PASSWORD))


def test_an_alert_comes_on_the_open_stream_and_its_end_does(
    stack: RunningStack, somebody: Newcomer, inboxes: FirestoreInboxRepository
) -> None:
    before, after = unique("alert"), unique("alert")
    inboxes.deliver([entry_of(somebody.claims, before)])
    reader = Reader(stack, somebody.token)
    with reader.connected() as events:
        assert [next(events), next(events)] == ["alert", "ready"]
        inboxes.deliver([entry_of(somebody.claims, after)])
        next(events)
        inboxes.deliver([entry_of(somebody.claims, before, alert_version=2, is_active=False, state="resolved")])
        next(events)
    assert reader.seen == [(before, 1), (after, 1), (before, 2)]
    assert reader.states == {before: "resolved", after: "active"}


def test_who_comes_back_gets_what_happened_meanwhile(
    stack: RunningStack, somebody: Newcomer, inboxes: FirestoreInboxRepository
) -> None:
    first, second = unique("alert"), unique("alert")
    inboxes.deliver([entry_of(somebody.claims, first)])
    reader = Reader(stack, somebody.token)
    reader.read(2)
    inboxes.deliver([entry_of(somebody.claims, first, alert_version=2, is_active=False, state="expired")])
    inboxes.deliver([entry_of(somebody.claims, second)])
    reader.read(3)
    assert reader.seen == [(first, 1), (first, 2), (second, 1)]


def test_another_organisation_s_alerts_are_never_seen(
    stack: RunningStack, somebody: Newcomer, signed_in: SignedIn, inboxes: FirestoreInboxRepository
) -> None:
    foreign = signed_in("biller", LAKESIDE).claims
    forged = entry_of(foreign | {"sub": somebody.claims["sub"]}, unique("forged"))  # in the inbox, of the other
    inboxes.deliver([forged])
    reader = Reader(stack, somebody.token)
    with reader.connected() as events:
        assert next(events) == "ready"
        own = unique("alert")
        inboxes.deliver([forged.model_copy(update={"alert_version": 2}), entry_of(foreign, unique("alert"))])
        inboxes.deliver([entry_of(somebody.claims, own)])
        next(events)
    assert reader.seen == [(own, 1)]


def test_an_entry_that_cannot_be_read_keeps_nobody_from_the_others(
    stack: RunningStack, somebody: Newcomer, inboxes: FirestoreInboxRepository
) -> None:
    readable = entry_of(somebody.claims, unique("alert"))
    client = firestore.Client(project=stack.project)
    reader = Reader(stack, somebody.token)
    with reader.connected() as events:
        assert next(events) == "ready"
        strange = client.document(f"inboxes/{readable.uid}/entries/{unique('strange')}")
        strange.set({"clientId": readable.client_id, "isActive": True, "updatedAt": firestore.SERVER_TIMESTAMP})
        inboxes.deliver([readable])
        next(events)
    again = Reader(stack, somebody.token)
    again.read(2)
    client.close()  # type: ignore[no-untyped-call]  # it has no types
    assert reader.seen == again.seen == [(readable.id, 1)]


def test_forced_reconnects_lose_and_double_nothing(
    stack: RunningStack, somebody: Newcomer, inboxes: FirestoreInboxRepository, full_volume: bool
) -> None:
    reconnects = 200 if full_volume else 40
    reader = Reader(stack, somebody.token)
    over = threading.Event()
    written: list[tuple[str, int]] = []

    def write() -> None:
        while not over.wait(0.02):
            if len(written) > len(reader.seen) + AHEAD:
                continue
            alert = unique("alert")
            inboxes.deliver([entry_of(somebody.claims, alert)])
            written.append((alert, 1))

    reader.read(1)
    writing = threading.Thread(target=write)
    writing.start()
    try:
        for turn in range(reconnects):
            reader.read(1 + turn % 3)
    finally:
        over.set()
        writing.join()
    with reader.connected() as events:
        assert "ready" in events  # all that was written has come
    assert len(written) > reconnects / 2
    assert reader.seen == written


def test_nobody_and_made_up_places_are_refused(stack: RunningStack, somebody: Newcomer) -> None:
    assert httpx.get(f"{stack.gateway}{LIVE}").status_code == 401
    refused = somebody.call("GET", LIVE, headers={"Last-Event-ID": "yesterday"})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "Last-Event-ID"
    assert somebody.call("GET", LIVE, lastEventId="1.a").status_code == 422
