"""What the tasks component costs in reads and writes of the live store, counted on the line to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import grpc
import pytest
from google.cloud import firestore
from google.cloud.firestore_v1.services.firestore import client as firestore_client_module
from google.cloud.firestore_v1.services.firestore.transports.grpc import FirestoreGrpcTransport

from shared.db.selector import DatabaseSelector
from shared.models.api.tasks import NewTask, TaskQuery
from shared.models.firestore.documents import ContextDocument
from shared.models.firestore.rosters import RosterDocument, RosterMember
from shared.repositories.firestore.store import FirestoreLiveStore
from shared.repositories.memory.members import InMemoryAuditPublisher
from shared.repositories.memory.store import InMemoryLiveStore, InMemoryRecordStore
from shared.services.access_log import AccessLog
from shared.services.tasks import TaskService
from tests.unit.factories import NOW, caller, context, event, session


@dataclass
class Meter(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor):  # type: ignore[misc]  # untyped
    """Counts the documents that come and go."""

    reads: int = 0
    writes: int = 0

    def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
        if details.method.endswith("/Commit"):
            self.writes += len(request.writes)
        return continuation(details, request)

    def intercept_unary_stream(self, continuation: Any, details: Any, request: Any) -> Any:
        return self._counted(continuation(details, request))

    def _counted(self, answers: Any) -> Iterator[Any]:
        for answer in answers:
            found = getattr(answer, "found", None) or getattr(answer, "document", None)
            self.reads += bool(found and found.name) or bool(getattr(answer, "missing", ""))
            yield answer


class Office:
    """The tasks component at the end of such a line, with an open context and a colleague."""

    def __init__(self, store: FirestoreLiveStore, meter: Meter) -> None:
        self.meter = meter
        topic, outbox = InMemoryAuditPublisher(), InMemoryLiveStore().outbox
        log = AccessLog(lambda: topic, lambda: outbox)
        self.service = TaskService(DatabaseSelector(InMemoryRecordStore, lambda: store), log)
        self.client = uuid4()
        self.caller = caller(client_id=self.client)
        self.colleague = str(uuid4())
        opened = context(self.client)
        by = session(opened, id=f"uid_{uuid4().hex}")
        self.context: ContextDocument = store.contexts.open(opened, by, event(self.client), lambda _c, _n: None)[0]
        member = RosterMember(uid="uid-b", user_id=self.colleague, role="biller")
        store.rosters.put(
            RosterDocument(
                id=str(self.client), client_id=str(self.client), created_at=NOW, updated_at=NOW, members=(member,)
            )
        )

    def create(self, **members: Any) -> str:
        given = {"contextId": self.context.id, "label": "Call the payer"} | members
        return self.service.create_task(self.caller, NewTask.model_validate(given)).id

    def list(self, **query: Any) -> int:
        found = self.service.get_tasks(self.caller, TaskQuery(context_id=self.context.id, **query))
        return len(found.tasks)

    def cost(self, act: Any) -> tuple[int, int]:
        """Reads and writes of `act`."""
        self.meter.reads = self.meter.writes = 0
        act()
        return self.meter.reads, self.meter.writes


@pytest.fixture
def office(firestore_client: firestore.Client, monkeypatch: pytest.MonkeyPatch) -> Office:
    host = str(firestore_client._emulator_host)
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", host)
    meter = Meter()
    client = firestore.Client(project=firestore_client.project)
    emulator = client._emulator_channel(FirestoreGrpcTransport)  # type: ignore[no-untyped-call]  # as the client does it
    transport = FirestoreGrpcTransport(host=host, channel=grpc.intercept_channel(emulator, meter))
    client._firestore_api_internal = firestore_client_module.FirestoreClient(transport=transport)
    return Office(FirestoreLiveStore(client), meter)


def test_a_list_of_25_costs_25_reads(office: Office) -> None:
    assert office.cost(office.list) == (1, 0)  # the context, once a minute
    for _ in range(25):
        office.create()
    assert office.cost(office.list) == (25, 0)
    office.create()
    assert office.cost(office.list) == (26, 0)  # one more says that there are more


def test_a_new_task_costs_its_writes(office: Office) -> None:
    office.list()
    assert office.cost(office.create) == (0, 2)  # the task and its audit event
    assert office.cost(lambda: office.create(assignedTo="role:biller")) == (0, 2)
    assert office.cost(lambda: office.create(assignedTo=office.colleague)) == (1, 2)  # the roster


def test_a_move_costs_one_read(office: Office) -> None:
    made = office.create()
    assert office.cost(lambda: office.service.move(office.caller, made, "accept")) == (1, 2)


def test_completing_what_repeats_costs_one_write_more(office: Office) -> None:
    made = office.create(dueAt=NOW, repeat={"unit": "day"})
    assert office.cost(lambda: office.service.move(office.caller, made, "complete")) == (1, 3)
