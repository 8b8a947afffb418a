"""A line to Firestore that loses answers: a gRPC interceptor that lets a commit through and then says UNAVAILABLE."""

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

from shared.models.audit import AuditEvent
from shared.models.firestore.documents import TaskDocument
from shared.repositories.firestore.audit_outbox import OUTBOX
from shared.repositories.firestore.store import FirestoreLiveStore
from tests.unit.factories import event, task


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
    """The line to the store: loses the answers of the next `losing` commits, or the commits themselves.

    The `passing` commits before them go through.
    """

    losing: int = 0
    passing: int = 0
    arrives: bool = True
    sent: int = 0
    meanwhile: Callable[[], object] = lambda: None

    def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
        if not details.method.endswith("/Commit"):
            return continuation(details, request)
        self.sent += 1
        if self.losing == 0 or self.passing > 0:
            self.passing -= self.passing > 0
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
    losing: firestore.Client
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


def office_of(firestore_client: firestore.Client, patch: pytest.MonkeyPatch) -> Office:
    """An office on the emulator that `firestore_client` speaks to."""
    host = str(firestore_client._emulator_host)
    patch.setenv("FIRESTORE_EMULATOR_HOST", host)
    line = Line()
    client = firestore.Client(project=firestore_client.project)
    emulator = client._emulator_channel(FirestoreGrpcTransport)  # type: ignore[no-untyped-call]  # as the client does it
    channel = grpc.intercept_channel(emulator, line)
    transport = FirestoreGrpcTransport(host=host, channel=channel)
    client._firestore_api_internal = firestore_client_module.FirestoreClient(transport=transport)
    return Office(line, FirestoreLiveStore(client), client, firestore_client)
