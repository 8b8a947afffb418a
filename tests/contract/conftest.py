"""Both implementations of each repository: in memory, and on the running stack's stores.

The real ones get a project and a database of their own in the stack's emulator and server, so that neither the stack's
triggers nor its data are touched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from google.cloud import firestore
from google.cloud.firestore_v1.base_query import FieldFilter
from pydantic import SecretStr
from sqlalchemy import Engine, create_engine, insert, text

from infra.migrations.roles import database_url
from infra.migrations.run import role_urls, upgrade
from shared.config import Settings
from shared.db.postgres import postgres_for
from shared.domain.search_terms import terms_for
from shared.models.audit import AuditEvent
from shared.models.firestore.documents import MemberDocument
from shared.models.identifiers import uuid7
from shared.models.postgres import metadata
from shared.repositories.document_protocols import AlertSweepStore, DraftsUnderWay, OpenJobs, RunningReplies
from shared.repositories.firestore.alerts import FirestoreAlertSweep
from shared.repositories.firestore.audit_outbox import OUTBOX, FirestoreAuditOutbox
from shared.repositories.firestore.conversation import FirestoreRunningReplies
from shared.repositories.firestore.drafts import FirestoreDraftsUnderWay
from shared.repositories.firestore.jobs import FirestoreOpenJobs
from shared.repositories.firestore.kept_answers import KEPT
from shared.repositories.firestore.member_mirror import FirestoreMemberMirror
from shared.repositories.firestore.members import MEMBERS, FirestoreMemberRepository
from shared.repositories.firestore.open_tasks import FirestoreOpenTasks
from shared.repositories.firestore.sessions import FirestoreSessionRepository
from shared.repositories.firestore.store import FirestoreLiveStore
from shared.repositories.memory.collections import InMemoryAlertSweep
from shared.repositories.memory.documents import InMemoryAnswers
from shared.repositories.memory.members import InMemoryMemberRepository
from shared.repositories.memory.open_tasks import InMemoryOpenTasks
from shared.repositories.memory.sign_ins import InMemorySessionRepository
from shared.repositories.memory.store import InMemoryLiveStore, InMemoryRecordStore
from shared.repositories.memory.users import InMemoryMemberMirror
from shared.repositories.postgres.store import PostgresRecordStore
from shared.repositories.projection_protocols import OpenTaskStore
from shared.repositories.protocols import AuditOutbox, LiveStore, MemberRepository, RecordStore
from shared.repositories.sign_in_protocols import SessionRepository
from shared.repositories.user_protocols import MemberMirror
from tests.contract.line import Office, office_of
from tests.stack import RunningStack

RECORD_TYPES = {
    "patients": "patient",
    "payers": "payer",
    "payer_rules": "payer_rule",
    "providers": "provider",
    "coverages": "coverage",
    "visits": "visit",
    "claims": "claim",
    "authorizations": "authorization",
}


@pytest.fixture
def office(firestore_client: firestore.Client, monkeypatch: pytest.MonkeyPatch) -> Office:
    """A live store at the end of a line that may lose answers."""
    return office_of(firestore_client, monkeypatch)


@pytest.fixture(params=["waiting", "relayed"])
def lost(request: pytest.FixtureRequest, office: Office) -> Office:
    """The office when the next answer is lost; the event still waits in the outbox, or is gone from it already."""
    if request.param == "relayed":
        office.line.meanwhile = office.relay
    return office


@dataclass(frozen=True, slots=True)
class People:
    """Who is a member, their sign-ins, and the copies of memberships."""

    members: MemberRepository
    sessions: SessionRepository
    mirror: MemberMirror


@dataclass(frozen=True, slots=True)
class Live:
    """A live store of one organisation, and what a test may look at or bring about behind its back."""

    store: LiveStore
    sweep: AlertSweepStore
    outbox: AuditOutbox
    client: UUID
    events: Callable[[], list[AuditEvent]]
    expire: Callable[[str], None]
    people: Callable[[dict[str, MemberDocument]], People]
    open_tasks: OpenTaskStore
    open_jobs: OpenJobs
    running_replies: RunningReplies
    under_way: DraftsUnderWay


@dataclass(frozen=True, slots=True)
class Records:
    """A record store with two organisations: `add` stores a row with its search terms; `events` in their order."""

    store: RecordStore
    client: UUID
    other: UUID
    add: Callable[[str, dict[str, Any]], UUID]
    events: Callable[[], list[AuditEvent]]


@pytest.fixture(scope="session")
def firestore_client(stack: RunningStack) -> firestore.Client:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FIRESTORE_EMULATOR_HOST", stack.firestore)
        return firestore.Client(project=f"demo-contract-{uuid4().hex[:8]}")


@pytest.fixture(params=["memory", "firestore"])
def live(request: pytest.FixtureRequest) -> Live:
    if request.param == "memory":
        return _memory_live()
    return _firestore_live(request.getfixturevalue("firestore_client"))


def _memory_live() -> Live:
    store, members = InMemoryLiveStore(), InMemoryMemberRepository({})

    def people(given: dict[str, MemberDocument]) -> People:
        members.members.update(given)
        sessions = InMemorySessionRepository(store.documents, members)
        return People(members, sessions, InMemoryMemberMirror(members, store.documents))

    return Live(
        store,
        InMemoryAlertSweep(store.documents),
        store.outbox,
        uuid4(),
        lambda: list(store.documents.events),
        lambda key_id: _expire(store.documents.answers, key_id),
        people,
        InMemoryOpenTasks(store.documents),
        store.jobs,
        store.messages,
        store.drafts,
    )


def _expire(answers: InMemoryAnswers, key_id: str) -> None:
    object.__setattr__(answers.answers[key_id], "until", 0.0)


def _firestore_live(client: firestore.Client) -> Live:
    organisation = uuid4()

    def events() -> list[AuditEvent]:
        mine = client.collection(OUTBOX).where(filter=FieldFilter("clientId", "==", str(organisation)))
        return [AuditEvent.model_validate(found.to_dict()) for found in mine.get()]

    def expire(key_id: str) -> None:
        client.collection(KEPT).document(key_id).update({"expireAt": datetime.now(UTC) - timedelta(seconds=1)})

    def people(given: dict[str, MemberDocument]) -> People:
        for uid, member in given.items():
            client.collection(MEMBERS).document(uid).set(member.model_dump(by_alias=True))
        mirror = FirestoreMemberMirror(client)
        return People(FirestoreMemberRepository(client), FirestoreSessionRepository(client), mirror)

    return Live(
        FirestoreLiveStore(client),
        FirestoreAlertSweep(client),
        FirestoreAuditOutbox(client),
        organisation,
        events,
        expire,
        people,
        FirestoreOpenTasks(client),
        FirestoreOpenJobs(client),
        FirestoreRunningReplies(client),
        FirestoreDraftsUnderWay(client),
    )


@pytest.fixture(scope="session")
def contract_database(stack: RunningStack) -> Iterator[str]:
    """A migrated database of its own; its administrator's URL."""
    name = f"contract_{uuid4().hex[:8]}"
    server = create_engine(database_url(stack.database), isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    head, _, rest = stack.database.rpartition("/")
    url = f"{head}/{name}" + (f"?{rest.partition('?')[2]}" if "?" in rest else "")
    try:
        upgrade(url)
        yield url
    finally:
        with server.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        server.dispose()


@pytest.fixture(scope="session")
def postgres_engines(contract_database: str) -> Iterator[tuple[PostgresRecordStore, Engine]]:
    """The store as the role that serves, and the administrator's engine."""
    serving = SecretStr(role_urls(contract_database)["serving"])
    postgres = postgres_for(Settings(project="p", database_urls={"serving": serving}, pool_size=8), "serving")
    admin = create_engine(database_url(contract_database))
    yield PostgresRecordStore(postgres), admin
    postgres.engine.dispose()
    admin.dispose()


@pytest.fixture(params=["memory", "postgres"])
def records(request: pytest.FixtureRequest) -> Records:
    if request.param == "memory":
        return _memory_records()
    return _postgres_records(*request.getfixturevalue("postgres_engines"))


def _memory_records() -> Records:
    store = InMemoryRecordStore()

    def add(table: str, row: dict[str, Any]) -> UUID:
        added: UUID = store.tables.add(table, row)["id"]
        return added

    return Records(store, uuid4(), uuid4(), add, lambda: list(store.tables.events))


def _postgres_records(store: PostgresRecordStore, admin: Engine) -> Records:
    client, other = uuid4(), uuid4()
    tables = metadata.tables
    with admin.begin() as connection:
        connection.execute(insert(tables["clients"]), [{"id": one, "name": "A clinic"} for one in (client, other)])

    def add(table: str, row: dict[str, Any]) -> UUID:
        row = {"id": uuid7()} | row
        record_type = RECORD_TYPES.get(table, "")
        terms = [
            {"client_id": row["client_id"], "term": term, "record_type": record_type, "record_id": row["id"]}
            | {"weight": weight}
            for term, weight in terms_for(record_type, row)
        ]
        with admin.begin() as connection:
            connection.execute(insert(tables[table]).values(row))
            if terms:
                connection.execute(insert(tables["record_terms"]), terms)
        added: UUID = row["id"]
        return added

    def events() -> list[AuditEvent]:
        outbox = tables["audit_outbox"]
        with admin.connect() as connection:
            rows = connection.execute(outbox.select().where(outbox.c.client_id == client).order_by(outbox.c.created_at))
            return [AuditEvent.model_validate(row.event) for row in rows]

    return Records(store, client, other, add, events)
