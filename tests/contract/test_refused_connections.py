"""A live store that refuses connections costs every call a StoreUnavailableError within five seconds."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from google.cloud import firestore

from shared.db.pubsub import PUBLISH_TIMEOUT_SECONDS
from shared.errors import StoreUnavailableError
from shared.models.audit import AuditEvent
from shared.models.firestore.rosters import RosterDocument
from shared.models.roles import Role
from shared.models.users import Membership, MembershipChanges
from shared.repositories.document_protocols import DocumentStore, DraftFilter
from shared.repositories.firestore.audit_outbox import FirestoreAuditOutbox
from shared.repositories.firestore.member_mirror import FirestoreMemberMirror
from shared.repositories.firestore.members import FirestoreMemberRepository
from shared.repositories.firestore.open_tasks import FirestoreOpenTasks
from shared.repositories.firestore.sessions import FirestoreSessionRepository
from shared.repositories.firestore.store import FirestoreLiveStore
from shared.repositories.firestore.waiting_events import FirestoreWaitingEvents
from shared.repositories.projection_protocols import OpenTasks, Place
from shared.repositories.protocols import Change, Changes, TaskFilter
from shared.services.access_log import AccessLog
from tests.contract.test_documents import MAKERS, base, entry
from tests.unit.factories import CLIENT, NOW, USER, context, event, key, session, task

SECONDS = 5.0
PLACE = Place(str(CLIENT), "ctx_1")


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch) -> Iterator[firestore.Client]:
    """A client of a port that is taken and not listened at."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", f"127.0.0.1:{taken.getsockname()[1]}")
        yield firestore.Client(project="demo-refused")


def _opened(client: firestore.Client) -> None:
    wanted = context()
    FirestoreLiveStore(client).contexts.open(wanted, session(wanted), event(), lambda _context, _new: None)


def _changed(found: Any) -> Change[Any]:
    return Change(found, event())


def _store(client: firestore.Client) -> DocumentStore:
    return FirestoreLiveStore(client)


def _collection(kind: str) -> dict[str, Callable[[firestore.Client], object]]:
    """What every collection can."""
    wanted = MAKERS[kind](CLIENT)
    return {
        f"{kind}: get": lambda client: getattr(_store(client), kind).get(CLIENT, wanted.id),
        f"{kind}: create": lambda client: getattr(_store(client), kind).create(wanted, event()),
        f"{kind}: change": lambda client: getattr(_store(client), kind).change(CLIENT, wanted.id, _changed),
    }


def _mirrored(client: firestore.Client) -> None:
    one = Membership(CLIENT, USER, "uid-a1", Role.BILLER, "deactivated", "UTC", 1, None)
    FirestoreMemberMirror(client).store(MembershipChanges(CLIENT, 1, "UTC", (one,), ()))


ENTRY = entry(CLIENT)
SESSION = session(context())
CALLS: dict[str, Callable[[firestore.Client], object]] = {
    **{name: call for kind in MAKERS for name, call in _collection(kind).items()},
    "thread": lambda client: _store(client).messages.of_thread(CLIENT, "ctx_1", "t", before=None, limit=5),
    "feedback of message": lambda client: _store(client).feedback.of_message(CLIENT, "msg_1", after=None, limit=5),
    "active alerts": lambda client: _store(client).alerts.active(CLIENT, after=None, limit=5),
    "alert with key": lambda client: _store(client).alerts.latest_with_key(CLIENT, "key"),
    "drafts": lambda client: _store(client).drafts.find(CLIENT, DraftFilter(), after=None, limit=5),
    "inbox: get": lambda client: _store(client).inboxes.get(CLIENT, "uid", ENTRY.id),
    "inbox: deliver": lambda client: _store(client).inboxes.deliver([ENTRY]),
    "inbox: change": lambda client: _store(client).inboxes.change(CLIENT, "uid", ENTRY.id, _changed),
    "inbox: active": lambda client: _store(client).inboxes.active(CLIENT, "uid", after=None, limit=5),
    "inbox: changes": lambda client: _store(client).inboxes.changed_since(CLIENT, "uid", after=None, limit=5),
    "roster: get": lambda client: _store(client).rosters.get(CLIENT),
    "roster: put": lambda client: _store(client).rosters.put(
        RosterDocument(**base(CLIENT, "r", id=str(CLIENT), version=1))
    ),
    "session: latest": lambda client: FirestoreSessionRepository(client).latest(SESSION.id),
    "session: get": lambda client: FirestoreSessionRepository(client).get(SESSION.id),
    "session: start": lambda client: FirestoreSessionRepository(client).start(SESSION, event()),
    "session: touch": lambda client: FirestoreSessionRepository(client).touch(SESSION),
    "session: end all": lambda client: FirestoreSessionRepository(client).end_all("uid-a1", at=NOW, event=event()),
    "mirror": _mirrored,
    "end sessions": lambda client: FirestoreMemberMirror(client)._end_sessions(
        Membership(CLIENT, USER, "uid-a1", Role.BILLER, "deactivated", "UTC", 1, None)
    ),
    "context: change": lambda client: FirestoreLiveStore(client).contexts.change(CLIENT, "ctx_1", _changed),
    "context: get": lambda client: FirestoreLiveStore(client).contexts.get(CLIENT, "ctx_1"),
    "get": lambda client: FirestoreLiveStore(client).tasks.get(CLIENT, "task_1"),
    "query": lambda client: FirestoreLiveStore(client).tasks.find(CLIENT, TaskFilter(), after=None, limit=5),
    "create": lambda client: FirestoreLiveStore(client).tasks.create(task(), event()),
    "change": lambda client: FirestoreLiveStore(client).tasks.change(
        CLIENT, "task_1", lambda found: Change(found, event())
    ),
    "change several": lambda client: FirestoreLiveStore(client).tasks.change_several(
        CLIENT, ["task_1"], lambda _: Changes((), event())
    ),
    "open": _opened,
    "session": lambda client: FirestoreLiveStore(client).contexts.session("uid_1"),
    "recall": lambda client: FirestoreLiveStore(client).kept_answers.recall(key()),
    "member": lambda client: FirestoreMemberRepository(client).get("uid"),
    "outbox": lambda client: FirestoreAuditOutbox(client).add(event()),
    "waiting events": lambda client: list(FirestoreWaitingEvents(client).older_than(timedelta(), page=5)),
    "published": lambda client: FirestoreWaitingEvents(client).published(["event-1"]),
    "count": lambda client: FirestoreOpenTasks(client).count(PLACE),
    "keep": lambda client: FirestoreOpenTasks(client).keep(PLACE, OpenTasks(1, NOW)),
}


def test_each_call_ends_in_time(refusing: firestore.Client) -> None:
    def ended(call: Callable[[firestore.Client], object]) -> tuple[str, bool]:
        begun = time.monotonic()
        try:
            call(refusing)
        except StoreUnavailableError:
            return "unavailable", time.monotonic() - begun < SECONDS
        return "answered", False

    with ThreadPoolExecutor(len(CALLS)) as threads:
        outcomes = dict(zip(CALLS, threads.map(ended, CALLS.values()), strict=True))
    assert outcomes == dict.fromkeys(CALLS, ("unavailable", True))


class _SilentTopic:
    """A topic that never acknowledges: `confirm` waits as long as the real one does."""

    def begin(self, _event: AuditEvent) -> Future[str]:
        return Future()

    def confirm(self, publication: Future[str]) -> None:
        try:
            publication.result(timeout=PUBLISH_TIMEOUT_SECONDS)
        except TimeoutError as exc:
            raise StoreUnavailableError("The audit trail could not be written", retry_after=5) from exc


def test_an_event_that_nothing_takes_is_given_up_in_time(refusing: firestore.Client) -> None:
    log = AccessLog(_SilentTopic, lambda: FirestoreAuditOutbox(refusing))
    begun = time.monotonic()
    with pytest.raises(StoreUnavailableError):
        log.publish(event())
    assert time.monotonic() - begun < PUBLISH_TIMEOUT_SECONDS + SECONDS
