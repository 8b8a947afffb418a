"""UserRepository, OrganisationRepository and MemberOutbox: one contract, both implementations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, text

from infra.migrations.run import role_urls
from shared.config import Settings
from shared.db.postgres import Postgres, postgres_for
from shared.errors import ConflictError, NotFoundError
from shared.models.audit import AuditEvent
from shared.models.front_desk import FrontDeskSettings
from shared.models.identifiers import uuid7
from shared.models.postgres import metadata
from shared.models.replay import Replayed
from shared.models.roles import Role
from shared.models.users import MembershipChanges, Organisation, User
from shared.repositories.memory.users import (
    InMemoryMemberOutbox,
    InMemoryOrganisationRepository,
    InMemoryPeople,
    InMemoryUserRepository,
)
from shared.repositories.postgres.member_outbox import PostgresMemberOutbox
from shared.repositories.postgres.users import PostgresOrganisationRepository, PostgresUserRepository
from shared.repositories.user_protocols import (
    MemberOutbox,
    OrganisationRepository,
    UserChange,
    UserFilter,
    UserRepository,
)
from tests.unit.factories import event, kept, key

NOW = datetime.now(UTC).replace(microsecond=0)


@dataclass(frozen=True, slots=True)
class Directory:
    """The users and organisations of a store; `age` lets what waits for a client have waited a minute."""

    users: UserRepository
    organisations: OrganisationRepository
    outbox: MemberOutbox
    relay: MemberOutbox
    events: Callable[[UUID], list[AuditEvent]]
    age: Callable[[UUID], None]

    def organisation(self, **members: Any) -> tuple[Organisation, User]:
        """A new organisation with its admin, who has accepted."""
        given: dict[str, Any] = {"name": "A clinic", "logo_url": None, "time_zone": "America/Chicago"} | members
        made = Organisation(id=uuid7(), created_at=NOW, updated_at=NOW, **given)
        admin = user(made.id, role=Role.ADMIN, status="active", uid=f"uid-{uuid7()}")
        self.organisations.create(made, admin, event(made.id))
        return made, admin

    def invited(self, client: UUID, **members: Any) -> User:
        """A new user of an organisation."""
        one = user(client, **members)
        self.users.invite(one, event(client), key=None, kept=None)
        return one


@pytest.fixture(scope="module")
def relay(contract_database: str) -> Iterator[Postgres]:
    url = SecretStr(role_urls(contract_database)["relay"])
    postgres = postgres_for(Settings(project="p", database_urls={"relay": url}), "relay")
    yield postgres
    postgres.engine.dispose()


@pytest.fixture(params=["memory", "postgres"])
def directory(request: pytest.FixtureRequest) -> Directory:
    if request.param == "memory":
        return _in_memory()
    store, admin = request.getfixturevalue("postgres_engines")
    return _in_postgres(store._postgres, request.getfixturevalue("relay"), admin)


def _in_memory() -> Directory:
    people = InMemoryPeople()

    def events(client: UUID) -> list[AuditEvent]:
        return [one for one in people.events if one.client_id == client]

    def age(client: UUID) -> None:
        minute = timedelta(minutes=1)
        people.outbox = [(row[0], row[1], row[2] - minute * (row[0] == client), row[3]) for row in people.outbox]

    outbox = InMemoryMemberOutbox(people)
    organisations = InMemoryOrganisationRepository(people)
    return Directory(InMemoryUserRepository(people), organisations, outbox, outbox, events, age)


def _in_postgres(serving: Postgres, relay: Postgres, admin: Engine) -> Directory:
    def events(client: UUID) -> list[AuditEvent]:
        outbox = metadata.tables["audit_outbox"]
        with admin.connect() as connection:
            rows = connection.execute(
                outbox.select().where(outbox.c.client_id == client).order_by(outbox.c.created_at)
            ).all()
        return [AuditEvent.model_validate(row.event) for row in rows]

    def age(client: UUID) -> None:
        older = "UPDATE member_outbox SET created_at = created_at - interval '1 minute' WHERE client_id = :client"
        with admin.begin() as connection:
            connection.execute(text(older), {"client": client})

    return Directory(
        PostgresUserRepository(serving),
        PostgresOrganisationRepository(serving),
        PostgresMemberOutbox(serving),
        PostgresMemberOutbox(relay, across_clients=True),
        events,
        age,
    )


def user(client: UUID, **members: Any) -> User:
    given: dict[str, Any] = {"id": uuid7(), "name": "A Biller", "role": Role.BILLER, "status": "invited"}
    given |= {"email": f"{uuid7()}@a.example", "created_at": NOW, "updated_at": NOW} | members
    return User(client_id=client, **given)


def taken(outbox: MemberOutbox, client: UUID) -> MembershipChanges:
    """What waits for a client, carried."""
    with outbox.taken(client) as changes:
        return changes


def test_what_is_created_is_read_again_with_one_event(directory: Directory) -> None:
    made, admin = directory.organisation(logo_url="https://a.example/logo.png")
    assert directory.organisations.get(made.id) == made
    assert directory.users.get(made.id, admin.id) == admin
    assert len(directory.events(made.id)) == 1
    seen = event(made.id)
    for _ in range(2):
        directory.users.get(made.id, admin.id, seen=seen)
    assert directory.users.get(made.id, uuid4(), seen=event(made.id)) is None
    assert directory.events(made.id)[1:] == [seen]


def test_another_organisation_sees_and_changes_nothing(directory: Directory) -> None:
    _, mine = directory.organisation()
    other, _ = directory.organisation()
    assert directory.users.get(other.id, mine.id) is None
    with pytest.raises(NotFoundError):
        directory.users.change(other.id, mine.id, lambda one, _: UserChange(one, event(other.id)))
    assert mine.id not in {
        one.id for one in directory.users.find(other.id, UserFilter(), after=None, limit=9, seen=None)
    }
    assert directory.organisations.get(uuid4()) is None
    with pytest.raises(NotFoundError):
        directory.organisations.change(uuid4(), lambda one: (one, event(other.id)))


def test_how_a_desk_is_run_is_kept_with_the_organisation(directory: Directory) -> None:
    made, _ = directory.organisation()
    assert directory.organisations.get(made.id) == made
    own = FrontDeskSettings(arrived_minutes=5, required_forms=("consent_to_treat",))
    changed = replace(made, front_desk=own, version=2)
    directory.organisations.change(made.id, lambda _: (changed, event(made.id)))
    assert directory.organisations.get(made.id) == changed


def test_members_are_listed_by_name_in_pages(directory: Directory) -> None:
    client = directory.organisation()[0].id
    for name in ("zoe", "Bea", "adam", "Bea", "\u00c9mile"):
        directory.invited(client, name=name)
    wanted, names, after = UserFilter(role="biller"), [], None
    while page := directory.users.find(client, wanted, after=after, limit=2, seen=None):
        names += [one.name for one in page]
        after = (page[-1].name.lower(), page[-1].id)
    assert names == ["adam", "Bea", "Bea", "zoe", "\u00c9mile"]


def test_members_are_found_by_role_and_status(directory: Directory) -> None:
    made, admin = directory.organisation()
    invited = directory.invited(made.id)

    def found(**wanted: str) -> list[UUID]:
        return [one.id for one in directory.users.find(made.id, UserFilter(**wanted), after=None, limit=9, seen=None)]

    assert found() == [invited.id, admin.id] or found() == [admin.id, invited.id]
    assert found(role="admin") == found(status="active") == found(role="admin", status="active") == [admin.id]
    assert found(role="admin", status="invited") == []


def test_an_address_is_one_persons_in_any_organisation(directory: Directory) -> None:
    _, admin = directory.organisation()
    other, _ = directory.organisation()
    for again in (user(other.id, email=admin.email), user(admin.client_id, email=admin.email)):
        with pytest.raises(ConflictError) as refused:
            directory.users.invite(again, event(again.client_id), key=None, kept=None)
        assert refused.value.code == "email_in_use"
        assert directory.users.get(again.client_id, again.id) is None
    assert len(directory.events(other.id)) == 1
    taken_by_admin = Organisation(uuid7(), "Another", None, "UTC", NOW, NOW)
    with pytest.raises(ConflictError):
        directory.organisations.create(
            taken_by_admin, user(taken_by_admin.id, email=admin.email), event(taken_by_admin.id)
        )
    assert directory.organisations.get(taken_by_admin.id) is None


def test_a_repeated_invitation_is_replayed(directory: Directory) -> None:
    client, asked = directory.organisation()[0].id, key()
    first, second = user(client), user(client)
    directory.users.invite(first, event(client), key=asked, kept=kept(asked, status=201))
    with pytest.raises(Replayed):
        directory.users.invite(second, event(client), key=asked, kept=kept(asked, status=201))
    assert directory.users.get(client, second.id) is None
    assert len(directory.events(client)) == 2


def test_a_change_is_decided_on_what_there_is_and_leaves_its_event(directory: Directory) -> None:
    made, admin = directory.organisation()
    other = directory.invited(made.id, role=Role.ADMIN, status="active", uid=f"uid-{uuid7()}")
    directory.invited(made.id, role=Role.ADMIN)
    counted: list[int] = []

    def rename(found: User, other_admins: int) -> UserChange:
        counted.append(other_admins)
        return UserChange(replace(found, name="Renamed", version=found.version + 1), event(made.id))

    changed = directory.users.change(made.id, admin.id, rename)
    assert counted == [1], f"{other.id} alone is another active admin"
    assert (changed.name, changed.version) == ("Renamed", 2)
    assert directory.users.get(made.id, admin.id) == changed
    assert len(directory.events(made.id)) == 4


def test_what_a_decision_raises_undoes_everything(directory: Directory) -> None:
    made, admin = directory.organisation()

    def refuse(_: User, __: int) -> UserChange:
        raise ConflictError("no")

    with pytest.raises(ConflictError):
        directory.users.change(made.id, admin.id, refuse)
    assert directory.users.get(made.id, admin.id) == admin
    assert len(directory.events(made.id)) == 1


def test_a_repeated_change_is_replayed(directory: Directory) -> None:
    made, admin = directory.organisation()
    asked = key()

    def rename(found: User, _: int) -> UserChange:
        return UserChange(replace(found, version=found.version + 1), event(made.id), kept(asked))

    directory.users.change(made.id, admin.id, rename, key=asked)
    with pytest.raises(Replayed):
        directory.users.change(made.id, admin.id, rename, key=asked)
    found = directory.users.get(made.id, admin.id)
    assert found is not None
    assert found.version == 2


def test_a_new_member_waits_until_it_is_carried_and_once_more_when_copies_are_old(directory: Directory) -> None:
    made, admin = directory.organisation()
    assert made.id in directory.relay.waiting()
    changes = taken(directory.relay, made.id)
    assert [(one.user_id, one.time_zone) for one in changes.changed] == [(admin.id, "America/Chicago")]
    assert changes.roster == changes.changed
    assert made.id not in directory.relay.waiting()
    directory.age(made.id)
    assert made.id in directory.relay.waiting()
    assert [one.user_id for one in taken(directory.outbox, made.id).changed] == [admin.id]
    assert taken(directory.outbox, made.id).changed == ()
    assert made.id not in directory.relay.waiting()


def test_what_fails_while_it_is_carried_waits_on(directory: Directory) -> None:
    made, _ = directory.organisation()
    with pytest.raises(ConflictError), directory.outbox.taken(made.id):
        raise ConflictError("the other side does not answer")
    assert made.id in directory.relay.waiting()


def test_a_member_without_an_account_is_no_ones_copy(directory: Directory) -> None:
    made, admin = directory.organisation()
    directory.invited(made.id)
    changes = taken(directory.outbox, made.id)
    assert [one.user_id for one in changes.changed] == [admin.id]


def test_the_roster_holds_who_is_active_and_the_version_grows(directory: Directory) -> None:
    made, admin = directory.organisation()
    gone = directory.invited(made.id, status="active", uid=f"uid-{uuid7()}")
    before = taken(directory.outbox, made.id)
    assert {one.user_id for one in before.roster} == {admin.id, gone.id}

    def deactivate(found: User, _: int) -> UserChange:
        changed = replace(found, status="deactivated", version=found.version + 1, tokens_valid_after=NOW)
        return UserChange(changed, event(made.id), mirrored=True)

    directory.users.change(made.id, gone.id, deactivate)
    after = taken(directory.outbox, made.id)
    assert [one.user_id for one in after.roster] == [admin.id]
    assert {(one.user_id, one.status, one.tokens_valid_after) for one in after.changed} >= {
        (gone.id, "deactivated", NOW)
    }
    assert after.version > before.version


def test_a_new_time_zone_reaches_every_member(directory: Directory) -> None:
    made, admin = directory.organisation()
    other = directory.invited(made.id, status="active", uid=f"uid-{uuid7()}")
    directory.age(made.id)
    first = taken(directory.outbox, made.id).version

    def move(found: Organisation) -> tuple[Organisation, AuditEvent]:
        return replace(found, time_zone="Asia/Tokyo", version=found.version + 1), event(made.id)

    directory.organisations.change(made.id, move)
    changes = taken(directory.outbox, made.id)
    assert {one.user_id for one in changes.changed} == {admin.id, other.id}
    assert {one.time_zone for one in changes.roster} == {"Asia/Tokyo"}
    assert changes.version > first
