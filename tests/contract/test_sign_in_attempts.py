"""SignInAttempts, TicketRepository and ProfileRepository: one contract, both implementations."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, insert

from shared.models.identifiers import uuid7
from shared.models.postgres import metadata
from shared.models.sign_in import Profile
from shared.repositories.memory.sign_ins import (
    InMemoryProfileRepository,
    InMemorySignInAttempts,
    InMemoryTicketRepository,
)
from shared.repositories.postgres.sign_ins import (
    PostgresProfileRepository,
    PostgresSignInAttempts,
    PostgresTicketRepository,
)
from shared.repositories.sign_in_protocols import ProfileRepository, SignInAttempts, TicketRepository

NOW = datetime.now(UTC)
SOON = NOW + timedelta(minutes=5)
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class SignIns:
    """What signing in asks of the database; `add` stores a person."""

    attempts: SignInAttempts
    tickets: TicketRepository
    profiles: ProfileRepository
    add: Callable[[Profile], None]


@pytest.fixture(params=["memory", "postgres"])
def sign_ins(request: pytest.FixtureRequest) -> SignIns:
    if request.param == "memory":
        profiles = InMemoryProfileRepository()

        def remember(profile: Profile) -> None:
            profiles.profiles[profile.client_id, profile.user_id] = profile

        return SignIns(InMemorySignInAttempts(), InMemoryTicketRepository(), profiles, remember)
    store, admin = request.getfixturevalue("postgres_engines")
    postgres = store._postgres

    def add(profile: Profile) -> None:
        _store(admin, profile)

    attempts, tickets = PostgresSignInAttempts(postgres), PostgresTicketRepository(postgres)
    return SignIns(attempts, tickets, PostgresProfileRepository(postgres), add)


def _store(admin: Engine, profile: Profile) -> None:
    client = {"id": profile.client_id, "name": profile.client_name, "logo_url": profile.logo_url}
    user = {"id": profile.user_id, "email": profile.email, "name": profile.name, "role": "biller"}
    with admin.begin() as connection:
        connection.execute(insert(metadata.tables["clients"]).values(client | {"time_zone": profile.time_zone}))
        more = {"client_id": profile.client_id, "preferences": profile.preferences}
        connection.execute(insert(metadata.tables["users"]).values(user | more))


def subject() -> str:
    return hashlib.sha256(secrets.token_bytes(8)).hexdigest()


def profile(client: UUID | None = None) -> Profile:
    user = uuid7()
    email = f"{user}@a.example"
    given = {"notifications": {"email": False}}
    return Profile(user, email, "A Biller", client or uuid4(), "A clinic", None, "America/Chicago", given)


def test_attempts_of_a_subject_are_counted_in_a_window(sign_ins: SignIns) -> None:
    mine, other = subject(), subject()
    counts = [sign_ins.attempts.begin(mine, window=HOUR) for _ in range(3)]
    assert [count for count, _ in counts] == [1, 2, 3]
    assert all(timedelta(minutes=59) < left <= HOUR for _, left in counts)
    assert sign_ins.attempts.begin(other, window=HOUR)[0] == 1


def test_a_window_that_is_over_begins_again(sign_ins: SignIns) -> None:
    mine = subject()
    sign_ins.attempts.begin(mine, window=HOUR)
    assert [sign_ins.attempts.begin(mine, window=timedelta(0))[0] for _ in range(2)] == [1, 1]
    assert sign_ins.attempts.begin(mine, window=HOUR)[0] == 2


def test_a_success_forgets_the_attempts_of_its_subject(sign_ins: SignIns) -> None:
    mine, other = subject(), subject()
    for one in (mine, mine, other):
        sign_ins.attempts.begin(one, window=HOUR)
    sign_ins.attempts.succeeded(mine)
    sign_ins.attempts.succeeded(subject())
    assert sign_ins.attempts.begin(mine, window=HOUR)[0] == 1
    assert sign_ins.attempts.begin(other, window=HOUR)[0] == 2


def test_every_attempt_of_many_at_once_is_counted(sign_ins: SignIns) -> None:
    mine = subject()
    with ThreadPoolExecutor(8) as threads:
        counts = list(threads.map(lambda _: sign_ins.attempts.begin(mine, window=HOUR)[0], range(20)))
    assert sorted(counts) == list(range(1, 21))


def test_a_profile_is_a_members_of_their_organisation(sign_ins: SignIns) -> None:
    mine = profile()
    sign_ins.add(mine)
    assert sign_ins.profiles.get(mine.client_id, mine.user_id) == mine
    assert sign_ins.profiles.get(uuid4(), mine.user_id) is None
    assert sign_ins.profiles.get(mine.client_id, uuid4()) is None
