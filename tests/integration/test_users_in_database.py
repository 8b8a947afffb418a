"""Users in PostgreSQL as the roles that functions have: races, rows, and what the relay carries."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from threading import Barrier
from uuid import UUID

import pytest

from shared.db.postgres import Postgres
from shared.errors import MobiusError
from shared.models.api.users import Invitation, NotificationEdit, PreferencesEdit, UserEdit
from shared.models.audit import AuditAction
from shared.models.identifiers import uuid7
from shared.models.roles import Role
from shared.models.users import Organisation, User
from shared.repositories.memory.documents import InMemoryDocuments
from shared.repositories.memory.members import InMemoryAuditOutbox, InMemoryAuditPublisher, InMemoryMemberRepository
from shared.repositories.memory.users import InMemoryAccounts, InMemoryMemberMirror
from shared.repositories.postgres.member_outbox import PostgresMemberOutbox
from shared.repositories.postgres.users import PostgresOrganisationRepository, PostgresUserRepository
from shared.repositories.user_protocols import UserChange
from shared.services.access_log import AccessLog
from shared.services.invitations import invited_user
from shared.services.member_sync import MemberSync
from shared.services.users import UserService
from tests.integration.database import Database, running_database
from tests.unit.factories import caller, event


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    with running_database() as running:
        yield running


@pytest.fixture(scope="module")
def serving(database: Database) -> Iterator[Postgres]:
    postgres = database.role("serving")
    yield postgres
    postgres.engine.dispose()


@pytest.fixture(scope="module")
def relay(database: Database) -> Iterator[Postgres]:
    postgres = database.role("relay")
    yield postgres
    postgres.engine.dispose()


@pytest.fixture(scope="module")
def users(serving: Postgres) -> PostgresUserRepository:
    return PostgresUserRepository(serving)


def organisation(serving: Postgres, admins: int = 1) -> tuple[UUID, list[User]]:
    """A new organisation with active admins."""
    now = datetime.now(UTC)
    made = Organisation(uuid7(), "A clinic", None, "America/Chicago", now, now)
    people = [
        invited_user(made.id, Invitation(email=f"{uuid7()}@a.example", name="An Admin", role=Role.ADMIN), now=now)
        for _ in range(admins)
    ]
    PostgresOrganisationRepository(serving).create(made, people[0], event(made.id))
    repository = PostgresUserRepository(serving)
    for one in people[1:]:
        repository.invite(one, event(made.id), key=None, kept=None)
    return made.id, [
        repository.change(made.id, one.id, lambda user, _: UserChange(_accepted(user), event(made.id), mirrored=True))
        for one in people
    ]


def _accepted(user: User) -> User:
    return replace(user, status="active", uid=f"user_{user.id.hex}", version=user.version + 1, invitation_id=None)


def service(serving: Postgres) -> tuple[UserService, InMemoryAccounts]:
    """The service on this database, its other stores in memory."""
    documents = InMemoryDocuments()
    repository = PostgresUserRepository(serving)
    accounts = InMemoryAccounts()
    mirror = InMemoryMemberMirror(InMemoryMemberRepository({}), documents)
    sync = MemberSync(PostgresMemberOutbox(serving), accounts, mirror)
    log = AccessLog(InMemoryAuditPublisher, lambda: InMemoryAuditOutbox(documents))
    return UserService(lambda: repository, lambda: sync, log), accounts


def test_two_admins_who_demote_each_other_at_once_leave_one(serving: Postgres) -> None:
    served, _ = service(serving)
    for _ in range(5):
        client, (first, second) = organisation(serving, admins=2)
        barrier = Barrier(2)

        def demote(pair: tuple[User, User], client: UUID = client, barrier: Barrier = barrier) -> str:
            who, whom = pair
            me = caller(client_id=client, user_id=who.id, role=Role.ADMIN, action=AuditAction.USER_UPDATE)
            barrier.wait(10)
            try:
                return served.update(me, str(whom.id), UserEdit(role=Role.BILLER)).role.value
            except MobiusError as error:
                return error.code

        with ThreadPoolExecutor(2) as pool:
            outcomes = sorted(pool.map(demote, [(first, second), (second, first)]))
        assert outcomes == ["biller", "last_admin"]


def test_a_change_leaves_one_event_and_reaches_the_account(database: Database, serving: Postgres) -> None:
    served, accounts = service(serving)
    client, (admin, other) = organisation(serving, admins=2)
    before = database.value("SELECT count(*) FROM audit_outbox WHERE client_id = :client", client=client)
    me = caller(client_id=client, user_id=admin.id, role=Role.ADMIN, action=AuditAction.USER_DEACTIVATE)
    assert served.deactivate(me, str(other.id)).status == "deactivated"
    after = database.value("SELECT count(*) FROM audit_outbox WHERE client_id = :client", client=client)
    assert after == before + 1
    assert accounts.applied[str(other.uid)].status == "deactivated"


def test_what_a_dead_process_left_is_carried_by_the_sweep_and_again_when_copies_are_old(
    database: Database, serving: Postgres, relay: Postgres
) -> None:
    client, (admin,) = organisation(serving)
    accounts, members = InMemoryAccounts(), InMemoryMemberRepository({})
    outbox = PostgresMemberOutbox(relay, across_clients=True)
    mirror = InMemoryMemberMirror(members, InMemoryDocuments())
    sweep = MemberSync(outbox, accounts, mirror, wait=lambda _: None)
    waiting = "SELECT count(*) FROM member_outbox WHERE client_id = :client"
    accounts.available = False
    with pytest.raises(MobiusError):
        sweep.sweep()
    assert client in outbox.waiting()
    accounts.available = True
    sweep.sweep()
    assert members.members[str(admin.uid)].time_zone == "America/Chicago"
    assert accounts.applied[str(admin.uid)].role is Role.ADMIN
    assert client not in outbox.waiting()
    assert database.value(waiting, client=client) > 0
    database.execute(
        "UPDATE member_outbox SET created_at = created_at - interval '1 minute' WHERE client_id = :client",
        client=client,
    )
    assert client in outbox.waiting()
    sweep.sweep()
    assert database.value(waiting, client=client) == 0


def test_a_new_time_zone_reaches_every_member(database: Database, serving: Postgres) -> None:
    client, people = organisation(serving, admins=3)
    outbox = PostgresMemberOutbox(serving)
    with outbox.taken(client) as changes:
        first = changes.version
    database.execute("DELETE FROM member_outbox WHERE client_id = :client", client=client)
    organisations = PostgresOrganisationRepository(serving)
    organisations.change(
        client, lambda before: (replace(before, time_zone="Asia/Tokyo", version=before.version + 1), event(client))
    )
    with outbox.taken(client) as changes:
        assert {one.user_id for one in changes.changed} == {one.id for one in people}
        assert {one.time_zone for one in changes.roster} == {"Asia/Tokyo"}
        assert changes.version > first


def test_a_choice_of_push_is_carried_by_the_sweep_too(serving: Postgres, relay: Postgres) -> None:
    """As the relay role, which must be allowed to read the choice."""
    served, _ = service(serving)
    client, (admin,) = organisation(serving)
    me = caller(client_id=client, user_id=admin.id, role=Role.ADMIN, action=AuditAction.PREFERENCES_UPDATE)
    wanted = NotificationEdit(desktop=True, urgent_only=True)
    served.set_preferences(me, PreferencesEdit(notifications=wanted))
    with PostgresMemberOutbox(relay, across_clients=True).taken(client) as changes:
        assert [(one.user_id, one.push) for one in changes.roster] == [(admin.id, "critical")]
        assert admin.id in {one.user_id for one in changes.changed}
