"""Every query of the Firestore repositories has its index: the emulator would not tell."""

from __future__ import annotations

import ast
import contextlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib import import_module
from itertools import product
from typing import Any
from uuid import UUID

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import firestore
from google.cloud.firestore_v1.aggregation import AggregationQuery
from google.cloud.firestore_v1.query import Query
from pydantic import BaseModel

from shared.catalog import ROOT
from shared.models.firestore.alerts import AlertDocument, InboxEntryDocument
from shared.models.firestore.conversation import FeedbackDocument, MessageDocument, ThreadDocument
from shared.models.firestore.devices import DeviceDocument
from shared.models.firestore.documents import ContextDocument, Document, SessionDocument, TaskDocument
from shared.models.firestore.drafts import DraftDocument
from shared.models.firestore.jobs import JobDocument
from shared.models.firestore.rosters import RosterDocument
from shared.repositories.document_protocols import DraftFilter
from shared.repositories.firestore.alerts import FirestoreAlertRepository, FirestoreAlertSweep
from shared.repositories.firestore.contexts import FirestoreContextRepository
from shared.repositories.firestore.conversation import (
    FirestoreFeedbackRepository,
    FirestoreMessageRepository,
    FirestoreRunningReplies,
)
from shared.repositories.firestore.devices import FirestoreDeviceRepository
from shared.repositories.firestore.drafts import FirestoreDraftRepository, FirestoreDraftsUnderWay
from shared.repositories.firestore.due_reminders import FirestoreDueReminders
from shared.repositories.firestore.inbox_feed import FirestoreInboxFeed
from shared.repositories.firestore.inboxes import FirestoreInboxRepository
from shared.repositories.firestore.jobs import FirestoreOpenJobs
from shared.repositories.firestore.open_tasks import FirestoreOpenTasks
from shared.repositories.firestore.sessions import going_on
from shared.repositories.firestore.tasks import FirestoreTaskRepository
from shared.repositories.firestore.waiting_events import FirestoreWaitingEvents
from shared.repositories.projection_protocols import Place
from shared.repositories.protocols import Position, TaskFilter
from tests.architecture.firestore_index import Shape, missing_fields, shape_of
from tests.architecture.sources import python_files, tree_of

CLIENT = UUID("018f0000-0000-7000-8000-000000000001")
NOW = datetime(2026, 12, 1, tzinfo=UTC)
PLACE = Position(NOW, "id_1")
INDEXES = json.loads((ROOT / "firestore.indexes.json").read_text())


def _find_tasks(client: firestore.Client) -> None:
    """Each combination of filters that `TaskFilter` can say."""
    choices: dict[str, tuple[Any, ...]] = {
        "audience": ((), ("ctx:1", "rec:1")),
        "type": (None, "shared"),
        "is_open": (None, True),
        "completed": (None, False),
        "assigned_to": (None, "u"),
        "due_before": (None, datetime(2026, 12, 1, tzinfo=UTC)),
    }
    for values in product(*choices.values()):
        wanted = TaskFilter(**dict(zip(choices, values, strict=True)))
        FirestoreTaskRepository(client).find(CLIENT, wanted, after=None, limit=25)


def _find_rule_task(client: firestore.Client) -> None:
    FirestoreTaskRepository(client).of_rule(CLIENT, "rule:E11:patient:1")


def _find_due_reminders(client: firestore.Client) -> None:
    for after in (None, PLACE):
        FirestoreDueReminders(client).due(PLACE.sort_at, after=after, limit=25)


def _count_open_tasks(client: firestore.Client) -> None:
    FirestoreOpenTasks(client).count(Place(client_id=str(CLIENT), context_id="ctx_1"))


def _read_outbox(client: firestore.Client) -> None:
    list(FirestoreWaitingEvents(client).older_than(timedelta(minutes=1), page=10))


def _find_sessions(client: firestore.Client) -> None:
    going_on(client, "uid-1")


def _read_thread(client: firestore.Client) -> None:
    for before in (None, PLACE):
        FirestoreMessageRepository(client).of_thread(CLIENT, "ctx_1", "thread_1", before=before, limit=25)


def _find_silent_replies(client: firestore.Client) -> None:
    FirestoreRunningReplies(client).silent_since(PLACE.sort_at, limit=9)


def _read_feedback(client: firestore.Client) -> None:
    for after in (None, "fb_1"):
        FirestoreFeedbackRepository(client).of_message(CLIENT, "msg_1", after=after, limit=25)


def _read_own_feedback(client: firestore.Client) -> None:
    for after in (None, "fb_1"):
        FirestoreFeedbackRepository(client).of_person(CLIENT, "ctx_1", "u", after=after, limit=25)


def _read_alerts(client: firestore.Client) -> None:
    for after in (None, PLACE):
        FirestoreAlertRepository(client).active(CLIENT, after=after, limit=25)


def _find_alert(client: firestore.Client) -> None:
    FirestoreAlertRepository(client).latest_with_key(CLIENT, "key")


def _sweep_alerts(client: firestore.Client) -> None:
    FirestoreAlertSweep(client).due(NOW, limit=10)
    FirestoreAlertSweep(client).over(NOW, limit=10)


def _find_alerts_of_source(client: firestore.Client) -> None:
    for after in (None, "alert_1"):
        FirestoreAlertSweep(client).of_source("rule:V01", after=after, limit=10)


def _ask_all_inboxes(client: firestore.Client) -> None:
    FirestoreInboxRepository(client).behind(CLIENT, "alert_1", 2, limit=10)
    FirestoreInboxRepository(client).is_taken(CLIENT, "alert_1")


def _find_devices(client: firestore.Client) -> None:
    FirestoreDeviceRepository(client).of_people(CLIENT, ["uid-1", "uid-2"])


def _read_inbox(client: firestore.Client) -> None:
    for after in (None, PLACE):
        FirestoreInboxRepository(client).active(CLIENT, "uid", after=after, limit=25)


def _read_inbox_changes(client: firestore.Client) -> None:
    for after in (None, PLACE):
        FirestoreInboxRepository(client).changed_since(CLIENT, "uid", after=after, limit=25)


def _read_active_entries(client: firestore.Client) -> None:
    feed = FirestoreInboxFeed(client)
    feed._pages(feed._active(CLIENT, "uid"))


def _read_changed_entries(client: firestore.Client) -> None:
    feed = FirestoreInboxFeed(client)
    for uid in ("uid", None):
        feed._pages(feed._changed(CLIENT, uid, PLACE.sort_at))


def _find_drafts(client: firestore.Client) -> None:
    for state, author, context in product((None, "draft"), (None, "u"), (None, "ctx_1")):
        wanted = DraftFilter(state=state, author_id=author, context_id=context)  # type: ignore[arg-type]  # a literal
        FirestoreDraftRepository(client).find(CLIENT, wanted, after=None, limit=25)


def _find_sent_draft(client: firestore.Client) -> None:
    FirestoreDraftRepository(client).of_message(CLIENT, "<id@practice.example>")


def _find_drafts_under_way(client: firestore.Client) -> None:
    FirestoreDraftsUnderWay(client).due(PLACE.sort_at, limit=9)


def _find_abandoned_jobs(client: firestore.Client) -> None:
    FirestoreOpenJobs(client).unmoved_since(PLACE.sort_at, limit=9)


def _find_contexts(client: firestore.Client) -> None:
    contexts = FirestoreContextRepository(client)
    list(contexts.about(CLIENT, patients=[str(CLIENT)], payers=[str(CLIENT)]))


# By the function that makes the query: `test_every_query_is_listed_here` compares with the sources.
QUERIES: dict[str, Callable[[firestore.Client], None]] = {
    "tasks.py:find": _find_tasks,
    "tasks.py:of_rule": _find_rule_task,
    "due_reminders.py:due": _find_due_reminders,
    "open_tasks.py:count": _count_open_tasks,
    "waiting_events.py:older_than": _read_outbox,
    "conversation.py:of_thread": _read_thread,
    "conversation.py:silent_since": _find_silent_replies,
    "conversation.py:of_message": _read_feedback,
    "conversation.py:of_person": _read_own_feedback,
    "alerts.py:active": _read_alerts,
    "alerts.py:latest_with_key": _find_alert,
    "alerts.py:_until": _sweep_alerts,
    "alerts.py:of_source": _find_alerts_of_source,
    "inboxes.py:active": _read_inbox,
    "inboxes.py:changed_since": _read_inbox_changes,
    "inboxes.py:behind": _ask_all_inboxes,
    "inboxes.py:is_taken": _ask_all_inboxes,
    "inboxes.py:_of_alert": _ask_all_inboxes,
    "devices.py:of_people": _find_devices,
    "inbox_feed.py:_active": _read_active_entries,
    "inbox_feed.py:_changed": _read_changed_entries,
    "drafts.py:find": _find_drafts,
    "drafts.py:of_message": _find_sent_draft,
    "drafts.py:due": _find_drafts_under_way,
    "jobs.py:unmoved_since": _find_abandoned_jobs,
    "contexts.py:about": _find_contexts,
    "sessions.py:going_on": _find_sessions,
}


# What the front-end asks with the Firebase SDK (README, "Live reading"); security rules decide what it gets.
CLIENTS_QUERIES = [
    Shape("tasks", frozenset({"clientId", "contextId", "mode", "deletedAt"}), frozenset(), (("sortAt", "ASCENDING"),)),
    Shape(
        "messages", frozenset({"clientId", "contextId", "mode", "threadId"}), frozenset(), (("sortAt", "DESCENDING"),)
    ),
]


# Indexes without which Firestore would serve the query by merging others, walking through all that each of them finds.
FOR_SPEED = {
    "tasks-clientId-deletedAt-audience-isOpen-sortAt": "a record's open tasks among everybody's",
    "tasks-clientId-deletedAt-audience-completed-sortAt": "a record's completed tasks among everybody's",
    "tasks-clientId-contextId-mode-deletedAt-completed-sortAt": "the same, for the front-end",
    "tasks-clientId-contextId-deletedAt-isOpen": "counting a context's open tasks",
}


class _CountAskedError(Exception):
    """A count was asked: there is no empty answer to give."""


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Shape]:
    """The shapes of the queries that would have gone to Firestore; each finds nothing."""
    shapes: list[Shape] = []

    def nothing(query: Any, *_: object, **__: object) -> list[object]:
        shapes.append(shape_of(query._to_protobuf()))
        return []

    def refuse(query: Any, *_: object, **__: object) -> None:
        shapes.append(shape_of(query._to_protobuf().structured_query))
        raise _CountAskedError

    for method in ("get", "stream"):
        monkeypatch.setattr(Query, method, nothing)
        monkeypatch.setattr(AggregationQuery, method, refuse)
    return shapes


@pytest.mark.parametrize("make", QUERIES.values(), ids=QUERIES)
def test_query_has_its_index(make: Callable[[firestore.Client], None], asked: list[Shape]) -> None:
    client = firestore.Client(project="demo-mobius", credentials=AnonymousCredentials())  # type: ignore[no-untyped-call]
    with contextlib.suppress(_CountAskedError):
        make(client)
    assert asked
    wrong = {
        f"{shape}: no index with {sorted(missing)}"
        for shape in asked
        if (missing := missing_fields(shape, INDEXES["indexes"]))
    }
    assert not wrong, "\n".join(sorted(wrong))
    unindexed = {
        (override["collectionGroup"], override["fieldPath"])
        for override in INDEXES["fieldOverrides"]
        if not override["indexes"]
    }
    used = {
        (shape.collection, field)
        for shape in asked
        for field in shape.equal | shape.array | {n for n, _ in shape.order}
    }
    assert not used & unindexed


def test_every_query_is_bound_to_a_client(asked: list[Shape]) -> None:
    client = firestore.Client(project="demo-mobius", credentials=AnonymousCredentials())  # type: ignore[no-untyped-call]
    unbound = set()
    for name, make in QUERIES.items():
        asked.clear()
        with contextlib.suppress(_CountAskedError):
            make(client)
        if any("clientId" not in shape.equal for shape in asked):
            unbound.add(name)
    # A person's sign-ins are found by uid, in whichever organisation they began; sweeps and the relay serve everybody.
    assert unbound == {
        "alerts.py:_until",
        "drafts.py:due",
        "alerts.py:of_source",
        "due_reminders.py:due",
        "jobs.py:unmoved_since",
        "sessions.py:going_on",
        "conversation.py:silent_since",
        "waiting_events.py:older_than",
    }


def _index_name(index: dict[str, Any]) -> str:
    return f"{index['collectionGroup']}-{'-'.join(field['fieldPath'] for field in index['fields'])}"


def test_an_index_that_is_taken_away_is_missed(asked: list[Shape]) -> None:
    client = firestore.Client(project="demo-mobius", credentials=AnonymousCredentials())  # type: ignore[no-untyped-call]
    for make in QUERIES.values():
        with contextlib.suppress(_CountAskedError):
            make(client)
    not_missed = set()
    for index in INDEXES["indexes"]:
        left = [one for one in INDEXES["indexes"] if one is not index]
        if not any(missing_fields(shape, left) for shape in (*asked, *CLIENTS_QUERIES)):
            not_missed.add(_index_name(index))
    assert not_missed == set(FOR_SPEED)


def _documents() -> set[type[Document]]:
    """Every kind of document there is."""
    for path in python_files("shared/models/firestore"):
        import_module(".".join(path.with_suffix("").parts))
    return set(Document.__subclasses__())


def test_documents_that_expire_have_their_ttl() -> None:
    collections: dict[str, type[BaseModel]] = {
        "sessions": SessionDocument,
        "messages": MessageDocument,
        "threads": ThreadDocument,
        "feedback": FeedbackDocument,
        "alerts": AlertDocument,
        "entries": InboxEntryDocument,
        "devices": DeviceDocument,
        "drafts": DraftDocument,
        "jobs": JobDocument,
        "rosters": RosterDocument,
        "tasks": TaskDocument,
        "contexts": ContextDocument,
    }
    assert set(collections.values()) == _documents()
    expiring = {name for name, model in collections.items() if "expire_at" in model.model_fields}
    # Kept answers are no document of ours: whoever else writes the field by name stands here too.
    written = {
        path.name
        for path in python_files("shared/repositories/firestore")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Constant) and node.value == "expireAt"
    }
    assert written == {"kept_answers.py"}
    ttl = {(one["collectionGroup"], one["fieldPath"]) for one in INDEXES["fieldOverrides"] if one.get("ttl")}
    assert ttl == {(name, "expireAt") for name in expiring | {"idempotency_keys"}}
    # The index of a time that grows would be a hot spot: nothing asks for it.
    assert all(one["indexes"] == [] for one in INDEXES["fieldOverrides"] if one.get("ttl"))


def test_every_query_is_listed_here() -> None:
    making = {"where", "order_by", "collection_group"}
    calling = {"equal", "of_client"}
    found = {
        f"{path.name}:{function.name}"
        for path in python_files("shared/repositories/firestore")
        for function in ast.walk(tree_of(path))
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if (isinstance(node, ast.Attribute) and node.attr in making)
        or (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in calling)
    }
    # These add a condition to somebody else's query: whoever calls them is found as well.
    adding = {"collection.py:of_client", "collection.py:equal", "collection.py:_of", "conversation.py:_by_id"}
    assert found - adding == set(QUERIES)


@pytest.mark.parametrize(
    ("indexes", "missing"),
    [
        ([["a", "when"], ["b", "when"]], set()),
        ([["a", "b", "when"]], set()),
        ([["a", "when"]], {"b"}),
        ([["a", "b"]], {"a", "b"}),
        ([["a", "c", "when"], ["b", "when"]], {"a"}),
    ],
)
def test_indexes_are_merged_only_when_each_ends_with_the_sort_order(
    indexes: list[list[str]], missing: set[str]
) -> None:
    shape = Shape("notes", frozenset({"a", "b"}), frozenset(), (("when", "ASCENDING"),))
    declared = [
        {"collectionGroup": "notes", "fields": [{"fieldPath": name, "order": "ASCENDING"} for name in names]}
        for names in indexes
    ]
    assert missing_fields(shape, declared) == missing
