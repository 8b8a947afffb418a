"""Streams of alerts: their order, resuming, readers that do not keep up, and listeners that fall silent."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from shared.domain.session import SessionLimits
from shared.errors import ValidationFailedError
from shared.models.api.alerts import AlertView
from shared.models.audit import AuditAction
from shared.models.caller import Caller
from shared.models.firestore.alerts import InboxEntryDocument, Text
from shared.models.firestore.documents import MemberDocument
from shared.models.roles import Role
from shared.repositories.live_protocols import EntryChange, Listener, Reading
from shared.repositories.memory.inbox_feed import InMemoryInboxFeed
from shared.repositories.memory.members import InMemoryAuditOutbox, InMemoryAuditPublisher, InMemoryMemberRepository
from shared.repositories.memory.sign_ins import InMemorySessionRepository
from shared.repositories.memory.store import InMemoryLiveStore
from shared.services import live_alerts
from shared.services.access_log import AccessLog
from shared.services.inbox_hub import Pace
from shared.services.live_alerts import AlertStream, LiveAlerts, LiveEvent, Readers
from shared.services.sessions import SessionService

CLIENT, OTHER = UUID(int=1), UUID(int=2)
HOURS = timedelta(hours=1)
QUICK = Pace(tick=0.02, watch=0.02, lag=0.05, renew=600)


@dataclass
class Feed(InMemoryInboxFeed):
    """The in-memory feed, whose listeners can be made silent or dead."""

    store: InMemoryLiveStore
    silent: bool = False
    dead: bool = False
    broken: int = 0
    opened: list[UUID] = field(default_factory=list)
    stopped: int = 0

    def __post_init__(self) -> None:
        InMemoryInboxFeed.__init__(self, self.store.documents)

    def since(self, client_id: UUID, uid: str | None, after: datetime) -> Reading:
        if self.broken and threading.current_thread().name == "inbox-hub":
            self.broken -= 1
            raise RuntimeError("What nobody expects")
        return super().since(client_id, uid, after)

    def listen(self, client_id: UUID, after: datetime, changed: Callable[[Sequence[EntryChange]], None]) -> Listener:
        feed = self
        self.opened.append(client_id)

        def told(changes: Sequence[EntryChange]) -> None:
            if not feed.silent:
                changed(changes)

        inner = super().listen(client_id, after, told)

        class Watched:
            def is_listening(self) -> bool:
                return not feed.dead and inner.is_listening()

            def stop(self) -> None:
                feed.stopped += 1
                inner.stop()

        return Watched()


@dataclass
class Office:
    """Streams over in-memory stores."""

    store: InMemoryLiveStore = field(default_factory=InMemoryLiveStore)
    pace: Pace = QUICK
    every: float = 60.0

    def __post_init__(self) -> None:
        self.feed = Feed(self.store)
        self.members = InMemoryMemberRepository({})
        self.sessions = SessionService(
            InMemorySessionRepository(self.store.documents, self.members), SessionLimits(idle=HOURS, length=12 * HOURS)
        )
        log = AccessLog(InMemoryAuditPublisher, lambda: InMemoryAuditOutbox(self.store.documents))
        self.live = LiveAlerts(self.feed, log, Readers(self.members, self.sessions, every=self.every), pace=self.pace)

    def person(self, uid: str = "ann", client: UUID = CLIENT) -> Caller:
        caller = Caller(
            uid=uid,
            user_id=uuid4(),
            client_id=client,
            role=Role.BILLER,
            session_id=f"{uid}_{int(time.time())}",
            time_zone="UTC",
            request_id="r",
            action=AuditAction.ALERT_LIST,
        )
        self.members.members[uid] = MemberDocument(
            client_id=str(client), user_id=str(caller.user_id), role=caller.role.value
        )
        return caller

    def deliver(self, alert_id: str, uid: str = "ann", client: UUID = CLIENT, version: int = 1, **said: object) -> None:
        now = datetime.now(UTC)
        entry = InboxEntryDocument(
            id=alert_id,
            client_id=str(client),
            created_at=now,
            updated_at=now,
            uid=uid,
            user_id=str(UUID(int=9)),
            alert_version=version,
            severity="info",
            message=Text(code="message", text=alert_id),
            expire_at=now + timedelta(days=90),
        )
        self.store.inboxes.deliver([entry.model_copy(update=said)])


async def take(stream: AlertStream, count: int) -> list[LiveEvent]:
    events: list[LiveEvent] = []
    async with asyncio.timeout(5):
        async for one in stream.events():
            events.append(one)
            if len(events) == count:
                break
    return events


def names(events: Sequence[LiveEvent]) -> list[str]:
    return [one.event if one.event == "ready" else AlertView.model_validate_json(one.data).id for one in events]


def places(events: Sequence[LiveEvent]) -> list[tuple[int, str]]:
    return [(int(at), name) for at, name in (one.id.split(".") for one in events)]


def test_a_stream_begins_with_what_is_active_and_goes_on_with_changes() -> None:
    office = Office()
    office.deliver("b")
    office.deliver("a")
    office.deliver("over", is_active=False, state="resolved")
    office.deliver("late", expires_at=datetime.now(UTC) - HOURS)
    stream = office.live.open(office.person())
    office.deliver("a", version=2, is_active=False, state="resolved")
    events = asyncio.run(take(stream, 4))
    assert names(events) == ["b", "a", "ready", "a"]
    assert AlertView.model_validate_json(events[-1].data).state == "resolved"
    assert places(events) == sorted(set(places(events)))


def test_what_changes_before_and_while_it_is_read_comes_once() -> None:
    office = Office()
    asked = office.person()
    read = office.feed.active

    def meanwhile(client_id: UUID, uid: str) -> object:
        office.deliver("before")
        found = read(client_id, uid)
        office.deliver("after")
        return found

    office.feed.active = meanwhile  # type: ignore[method-assign, assignment]  # the moment between two steps
    stream = office.live.open(asked)
    office.deliver("last")
    assert names(asyncio.run(take(stream, 4))) == ["before", "ready", "after", "last"]


def test_who_comes_back_gets_what_follows_even_what_is_over_by_now() -> None:
    office = Office()
    asked = office.person()
    office.deliver("a")
    office.deliver("b")
    first = asyncio.run(take(office.live.open(asked), 1))
    office.deliver("b", version=2, is_active=False, state="resolved")
    office.deliver("c")
    again = asyncio.run(take(office.live.open(asked, first[-1].id), 3))
    assert names(again) == ["b", "c", "ready"]
    assert names(asyncio.run(take(office.live.open(asked, again[-1].id), 1))) == ["ready"]


@pytest.mark.parametrize("given", ["", "x", "1", "1.", "1.a/b", "-1.a", "99999999999999999.a", "1.a\n", "1.~~"])
def test_an_id_of_no_event_is_refused_and_leaves_nobody_listening(given: str) -> None:
    office = Office()
    with pytest.raises(ValidationFailedError) as refused:
        office.live.open(office.person(), given)
    assert [one.field for one in refused.value.errors] == ["Last-Event-ID"]
    assert office.feed.opened == []


def test_each_gets_their_own_and_nobody_anothers() -> None:
    office = Office()
    ann, bob, foreign = office.person("ann"), office.person("bob"), office.person("eve", OTHER)
    streams = [office.live.open(one) for one in (ann, bob, foreign)]
    office.deliver("forged", "eve", CLIENT)  # under the uid of somebody of another organisation
    for uid, client in (("ann", CLIENT), ("bob", CLIENT), ("eve", OTHER)):
        office.deliver(f"for-{uid}", uid, client)

    async def all_of_them() -> list[list[str]]:
        return [names(one) for one in await asyncio.gather(*(take(stream, 2) for stream in streams))]

    assert asyncio.run(all_of_them()) == [["ready", f"for-{uid}"] for uid in ("ann", "bob", "eve")]
    assert office.feed.opened == [CLIENT, OTHER]


def test_one_listener_serves_all_and_ends_with_the_last_stream() -> None:
    office = Office()
    streams = [office.live.open(office.person(f"p{number}")) for number in range(20)]
    assert office.feed.opened == [CLIENT]
    for stream in streams[1:]:
        stream.leave()
    time.sleep(0.2)
    assert office.feed.stopped == 0
    streams[0].leave()
    wait_for(lambda: office.feed.stopped == 1)
    assert names(asyncio.run(take(office.live.open(office.person()), 1))) == ["ready"]
    assert office.feed.opened == [CLIENT, CLIENT]


def test_a_reader_that_does_not_keep_up_is_dropped_and_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_alerts, "MAILBOX", 3)
    office = Office()
    slow, quick = office.live.open(office.person("slow")), office.live.open(office.person("quick"))

    async def watch() -> tuple[list[str], list[str]]:
        reading = slow.events()
        await anext(reading)
        going = asyncio.create_task(take(quick, 6))
        for number in range(5):
            for uid in ("slow", "quick"):
                await asyncio.to_thread(office.deliver, f"n{number}", uid)
            await asyncio.sleep(0.05)
        return names(await going), names([one async for one in reading])

    assert asyncio.run(watch()) == (["ready", "n0", "n1", "n2", "n3", "n4"], [])


@pytest.mark.parametrize("fault", ["silent", "dead"])
def test_what_a_listener_does_not_tell_comes_from_the_store_and_it_is_opened_again(fault: str) -> None:
    office = Office()
    stream = office.live.open(office.person())
    setattr(office.feed, fault, True)
    time.sleep(0.05)
    office.deliver("missed")

    async def read() -> list[LiveEvent]:
        events = stream.events()
        found = [await anext(events), await asyncio.wait_for(anext(events), 5)]
        setattr(office.feed, fault, False)
        await asyncio.to_thread(office.deliver, "next")
        return [*found, await asyncio.wait_for(anext(events), 5)]

    assert names(asyncio.run(read())) == ["ready", "missed", "next"]
    assert len(office.feed.opened) > 1


def test_whatever_goes_wrong_while_a_hub_looks_it_looks_again(capsys: pytest.CaptureFixture[str]) -> None:
    office = Office()
    stream = office.live.open(office.person())
    office.feed.broken, office.feed.silent = 2, True
    time.sleep(0.05)
    office.deliver("missed")
    assert names(asyncio.run(take(stream, 2))) == ["ready", "missed"]
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["error"] for line in said] == ["RuntimeError"] * 2
    assert "nobody expects" not in str(said)


def test_a_listener_is_renewed_from_where_it_is() -> None:
    office = Office(pace=replace(QUICK, renew=0.05))
    stream = office.live.open(office.person())

    async def read() -> list[LiveEvent]:
        going = asyncio.create_task(take(stream, 41))
        for number in range(40):
            await asyncio.to_thread(office.deliver, f"n{number}")
            await asyncio.sleep(0.01)
        return await going

    assert names(asyncio.run(read())) == ["ready", *(f"n{number}" for number in range(40))]
    assert len(office.feed.opened) > 3


def test_the_end_of_a_session_ends_the_stream() -> None:
    office = Office(every=0.1)
    ann = office.person()
    kept, ended = office.live.open(ann), office.live.open(office.person("bob"))

    async def read() -> None:
        others = asyncio.create_task(take(kept, 2))
        events = ended.events()
        await anext(events)
        office.members.members.pop("bob")
        assert [one async for one in events] == []
        office.deliver("still")
        assert names(await others) == ["ready", "still"]

    asyncio.run(asyncio.wait_for(read(), 5))


def test_forced_reconnects_lose_and_double_nothing() -> None:
    office = Office()
    ann = office.person()
    over = threading.Event()
    written: list[str] = []

    def write() -> None:
        while not over.wait(0.001):
            written.append(f"n{len(written)}")
            office.deliver(written[-1])

    async def read() -> list[LiveEvent]:
        got: list[LiveEvent] = []
        for turn in range(200):
            stream = office.live.open(ann, got[-1].id if got else None)
            with suppress(TimeoutError):
                got += await asyncio.wait_for(take(stream, 1 + turn % 4), 1)
            stream.leave()
        over.set()
        writing.join()
        stream = office.live.open(ann, got[-1].id)
        async for one in stream.events():
            got.append(one)
            if one.event == "ready":
                return got
        return got

    writing = threading.Thread(target=write)
    writing.start()
    got = asyncio.run(read())
    assert len(written) > 100
    assert [name for name in names(got) if name != "ready"] == written


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)
