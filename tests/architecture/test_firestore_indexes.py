"""Every query of the Firestore repositories has its index: the emulator would not tell."""

from __future__ import annotations

import ast
import contextlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any
from uuid import UUID

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import firestore
from google.cloud.firestore_v1.aggregation import AggregationQuery
from google.cloud.firestore_v1.query import Query

from shared.catalog import ROOT
from shared.repositories.firestore.open_tasks import FirestoreOpenTasks
from shared.repositories.firestore.sessions import FirestoreSessionRepository
from shared.repositories.firestore.tasks import FirestoreTaskRepository
from shared.repositories.firestore.waiting_events import FirestoreWaitingEvents
from shared.repositories.projection_protocols import Place
from shared.repositories.protocols import TaskFilter
from tests.architecture.firestore_index import Shape, missing_fields, shape_of
from tests.architecture.sources import python_files, tree_of

CLIENT = UUID("018f0000-0000-7000-8000-000000000001")
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


def _count_open_tasks(client: firestore.Client) -> None:
    FirestoreOpenTasks(client).count(Place(client_id=str(CLIENT), context_id="ctx_1"))


def _read_outbox(client: firestore.Client) -> None:
    list(FirestoreWaitingEvents(client).older_than(timedelta(minutes=1), page=10))


def _find_sessions(client: firestore.Client) -> None:
    FirestoreSessionRepository(client)._going_on("uid-1")


# By the function that makes the query: `test_every_query_is_listed_here` compares with the sources.
QUERIES: dict[str, Callable[[firestore.Client], None]] = {
    "tasks.py:find": _find_tasks,
    "open_tasks.py:count": _count_open_tasks,
    "waiting_events.py:older_than": _read_outbox,
    "sessions.py:_going_on": _find_sessions,
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


def test_every_query_is_listed_here() -> None:
    making = {"where", "order_by", "collection_group"}
    found = {
        f"{path.name}:{function.name}"
        for path in python_files("shared/repositories/firestore")
        for function in ast.walk(tree_of(path))
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Attribute) and node.attr in making
    }
    assert found == set(QUERIES)


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
