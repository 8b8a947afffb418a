"""A Firestore commit whose answer is lost on the way takes effect once, and its request gets its answer.

Between the client and the emulator stands a gRPC interceptor that lets a commit through and then says UNAVAILABLE.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import grpc
import pytest
from google.cloud import firestore
from google.cloud.firestore_v1.base_query import FieldFilter
from google.cloud.firestore_v1.services.firestore import client as firestore_client_module
from google.cloud.firestore_v1.services.firestore.transports.grpc import FirestoreGrpcTransport

from shared.errors import PreconditionFailedError
from shared.models.audit import AuditEvent
from shared.models.firestore.documents import ContextDocument, TaskDocument
from shared.models.replay import Replayed
from shared.repositories.firestore.audit_outbox import OUTBOX, FirestoreAuditOutbox
from shared.repositories.firestore.store import FirestoreLiveStore
from shared.repositories.protocols import Change, Changes, KeptAnswer
from tests.contract.test_documents import alert, feedback
from tests.unit.factories import context, event, kept, key, session, task


class _LostError(grpc.RpcError):  # type: ignore[misc]  # untyped
    """What a client sees of a commit whose answer did not come."""

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.UNAVAILABLE

    def details(self) -> str:
        return "the connection broke before the answer"

    def trailing_metadata(self) -> tuple[()]:
        return ()

    def result(self) -> None:
        raise self


@dataclass
class Line(grpc.UnaryUnaryClientInterceptor):  # type: ignore[misc]  # untyped
    """The line to the store: loses the answers of the next `losing` commits, or the commits themselves."""

    losing: int = 0
    arrives: bool = True
    sent: int = 0
    meanwhile: Callable[[], object] = lambda: None

    def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
        if not details.method.endswith("/Commit"):
            return continuation(details, request)
        self.sent += 1
        if self.losing == 0:
            return continuation(details, request)
        self.losing -= 1
        if self.arrives:
            continuation(details, request).result()
            self.meanwhile()
        raise _LostError


@dataclass
class Office:
    """A live store at the end of such a line, and what its organisation's outbox and documents hold."""

    line: Line
    store: FirestoreLiveStore
    direct: firestore.Client
    client: UUID = field(default_factory=uuid4)

    def events(self) -> list[AuditEvent]:
        mine = self.direct.collection(OUTBOX).where(filter=FieldFilter("clientId", "==", str(self.client)))
        return [AuditEvent.model_validate(found.to_dict()) for found in mine.get()]

    def relay(self) -> None:
        """What the relay does to the outbox when it is quick."""
        for found in self.direct.collection(OUTBOX).where(filter=FieldFilter("clientId", "==", str(self.client))).get():
            found.reference.delete()

    def task(self, **members: Any) -> TaskDocument:
        given = task(self.client, **members)
        assert self.store.tasks.create(given, event(self.client)) is None
        self.relay()
        self.line.sent = 0
        return given


@pytest.fixture
def office(firestore_client: firestore.Client, monkeypatch: pytest.MonkeyPatch) -> Office:
    host = str(firestore_client._emulator_host)
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", host)
    line = Line()
    client = firestore.Client(project=firestore_client.project)
    emulator = client._emulator_channel(FirestoreGrpcTransport)  # type: ignore[no-untyped-call]  # as the client does it
    channel = grpc.intercept_channel(emulator, line)
    transport = FirestoreGrpcTransport(host=host, channel=channel)
    client._firestore_api_internal = firestore_client_module.FirestoreClient(transport=transport)
    return Office(line, FirestoreLiveStore(client), firestore_client)


@pytest.fixture(params=["waiting", "relayed"])
def lost(request: pytest.FixtureRequest, office: Office) -> Office:
    """The office when the next answer is lost; the event still waits in the outbox, or is gone from it already."""
    if request.param == "relayed":
        office.line.meanwhile = office.relay
    return office


def test_a_new_task_is_made_once(lost: Office) -> None:
    lost.line.losing = 1
    given = task(lost.client)
    assert lost.store.tasks.create(given, event(lost.client)) is None
    assert lost.store.tasks.get(lost.client, given.id) == given
    assert len(lost.events()) <= 1


def test_a_task_whose_id_somebody_else_has_is_not_taken_for_ours(office: Office) -> None:
    given = office.task()
    office.line.losing, office.line.arrives = 1, False
    assert office.store.tasks.create(given.model_copy(update={"label": "x"}), event(office.client)) == given


def test_a_change_is_decided_once_and_leaves_one_event(lost: Office) -> None:
    given = lost.task()
    lost.line.losing = 1
    made: list[AuditEvent] = []

    def decide(found: TaskDocument) -> Change[TaskDocument]:
        if found.version != 1:  # what If-Match does
            raise PreconditionFailedError
        made.append(event(lost.client))
        return Change(found.model_copy(update={"version": 2}), made[-1])

    assert lost.store.tasks.change(lost.client, given.id, decide).version == 2
    assert len(made) == 1
    assert lost.line.sent == 1
    assert [one.id for one in lost.events()] in ([made[0].id], [])


def test_an_event_keeps_its_id_when_the_commit_is_sent_again(office: Office) -> None:
    given = office.task()
    office.line.losing, office.line.arrives = 2, False
    made: list[AuditEvent] = []

    def decide(found: TaskDocument) -> Change[TaskDocument]:
        made.append(event(office.client))
        return Change(found.model_copy(update={"version": found.version + 1}), made[-1])

    assert office.store.tasks.change(office.client, given.id, decide).version == 2
    assert len(made) == 3
    assert [one.id for one in office.events()] == [made[0].id]


def test_a_change_that_somebody_else_wrote_over_is_still_ours(office: Office) -> None:
    given = office.task()
    office.line.losing = 1
    office.line.meanwhile = lambda: office.direct.document(f"tasks/{given.id}").update({"lastEventId": "theirs"})

    def decide(found: TaskDocument) -> Change[TaskDocument]:
        return Change(found.model_copy(update={"version": found.version + 1}), event(office.client))

    assert office.store.tasks.change(office.client, given.id, decide).version == 2
    assert (office.store.tasks.get(office.client, given.id) or given).version == 2
    assert len(office.events()) == 1


def test_a_repetition_that_changes_nothing_leaves_one_event_and_its_answer(office: Office) -> None:
    given, asked = office.task(), key()
    office.line.losing = 1
    same = office.store.tasks.change(
        office.client, given.id, lambda found: Change(found, event(office.client), kept(asked))
    )
    assert same == given
    assert len(office.events()) == 1
    with pytest.raises(Replayed):
        office.store.kept_answers.recall(asked)


def test_several_tasks_are_changed_once(lost: Office) -> None:
    tasks = [lost.task(), lost.task()]
    lost.line.losing = 1

    def decide(found: dict[str, TaskDocument]) -> Changes[TaskDocument]:
        changed = tuple(one.model_copy(update={"version": one.version + 1}) for one in found.values())
        return Changes(changed, event(lost.client))

    lost.store.tasks.change_several(lost.client, [one.id for one in tasks], decide)
    assert [(lost.store.tasks.get(lost.client, one.id) or one).version for one in tasks] == [2, 2]
    assert lost.line.sent == 1


def test_what_comes_with_a_change_comes_once(lost: Office) -> None:
    given, follower = lost.task(), task(lost.client)
    lost.line.losing = 1

    def decide(found: TaskDocument) -> Change[TaskDocument]:
        changed = found.model_copy(update={"version": found.version + 1, "follower_id": follower.id})
        return Change(changed, event(lost.client), None, (follower,))

    assert lost.store.tasks.change(lost.client, given.id, decide).version == 2
    assert lost.store.tasks.get(lost.client, follower.id) == follower
    assert lost.line.sent == 1


@pytest.mark.parametrize("arrives", [False, True])
def test_feedback_is_stored_once_with_its_alert(office: Office, arrives: bool) -> None:
    office.line.losing, office.line.arrives = 1, arrives
    given, raised = feedback(office.client), alert(office.client)
    assert office.store.feedback.create(given, event(office.client), None, (raised,)) == (given, True)
    assert office.store.alerts.get(office.client, raised.id) is not None
    assert len(office.events()) == 1


@pytest.mark.parametrize("known", [False, True])
def test_a_context_is_opened_once_and_said_to_be_new_when_it_is(lost: Office, known: bool) -> None:
    wanted = context(lost.client)
    mine = session(wanted)
    if known:
        lost.store.contexts.open(wanted, mine, event(lost.client), _unkept)
        lost.relay()
    lost.line.losing, lost.line.sent = 1, 0
    assert lost.store.contexts.open(wanted, mine, event(lost.client), _unkept) == (wanted, not known)
    assert lost.line.sent == 1
    stored = lost.store.contexts.session(mine.id)
    assert stored is not None
    assert stored.version == (2 if known else 1)


def test_an_event_of_its_own_is_stored_once(office: Office) -> None:
    office.line.losing = 1
    happened = event(office.client)
    FirestoreAuditOutbox(office.store._client).add(happened)
    assert office.events() == [happened]


def _unkept(_context: ContextDocument, _new: bool) -> KeptAnswer | None:
    return None
