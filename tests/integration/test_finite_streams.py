"""A gateway that does not stream (`make up STREAMS=finite`): the same reader gets every alert, once, in order."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import httpx
import pytest
from google.cloud import firestore

from shared.repositories.firestore.inboxes import FirestoreInboxRepository
from tests.e2e.live_reader import Reader, entry_of
from tests.e2e.person import Newcomer, Person, unique
from tests.stack import RunningStack, started_stack


@pytest.fixture(scope="module")
def finite() -> Iterator[RunningStack]:
    with started_stack({"MOBIUS_STREAMS": "finite"}) as running:
        yield running


def test_the_same_reader_misses_and_doubles_nothing(finite: RunningStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", finite.firestore)
    inboxes = FirestoreInboxRepository(firestore.Client(project=finite.project))
    with httpx.Client() as http:
        person = Person(finite, http, role="biller")
        somebody = Newcomer(person, person.token)
    reader = Reader(finite, somebody.token)
    written: list[tuple[str, int]] = []
    over = threading.Event()

    def write() -> None:
        for _ in range(60):
            alert = unique("alert")
            inboxes.deliver([entry_of(somebody.claims, alert)])
            written.append((alert, 1))
            over.wait(0.05)
        over.set()

    reader.read(1000)
    assert reader.was_ready
    reader.seen.clear()
    writing = threading.Thread(target=write)
    writing.start()
    answers = 0
    try:
        while not over.is_set():
            reader.read(1000)
            answers += 1
    finally:
        writing.join()
    reader.read(1000)
    assert answers > 3
    own = {alert for alert, _ in written}  # rules may tell the person of something, too
    assert [one for one in reader.seen if one[0] in own] == written
