"""What signing in asks of the stores, of both kinds: tickets and links are taken once, sessions end for good."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import pytest
from google.cloud import firestore
from sqlalchemy import Engine, insert, select

from shared.domain.session import SessionLimits, in_use, new_session
from shared.errors import ConflictError
from shared.models.audit import AuditAction
from shared.models.firestore.documents import MemberDocument, SessionDocument
from shared.models.postgres import metadata
from shared.models.roles import Role
from shared.models.sign_in import SignInLink, Ticket
from shared.models.users import Membership, MembershipChanges, UserStatus
from shared.repositories.firestore.member_mirror import FirestoreMemberMirror
from shared.repositories.firestore.members import MEMBERS
from shared.repositories.firestore.sessions import FirestoreSessionRepository
from shared.repositories.memory.documents import InMemoryDocuments
from shared.repositories.memory.members import InMemoryMemberRepository
from shared.repositories.memory.sign_ins import (
    InMemorySessionRepository,
    InMemorySignInAttempts,
    InMemorySignInLinks,
    InMemoryTicketRepository,
)
from shared.repositories.memory.users import InMemoryMemberMirror, InMemoryPeople
from shared.repositories.postgres.sign_ins import (
    PostgresSignInAttempts,
    PostgresSignInLinks,
    PostgresTicketRepository,
)
from shared.repositories.postgres.store import PostgresRecordStore
from shared.repositories.sign_in_protocols import SessionRepository, SignInAttempts, SignInLinks, TicketRepository
from shared.repositories.user_protocols import MemberMirror
from tests.unit.factories import caller, event

ISSUER, OTHER_ISSUER = "https://id.example", "https://other.example"
NOW = datetime.now(UTC).replace(microsecond=0)
LIMITS = SessionLimits()


@dataclass(frozen=True, slots=True)
class Desk:
    """The tables of signing in, and how many events an organisation has in the outbox."""

    tickets: TicketRepository
    links: SignInLinks
    attempts: SignInAttempts
    client: UUID
    events: Callable[[], int]


@pytest.fixture(params=["memory", "postgres"])
def desk(request: pytest.FixtureRequest) -> Desk:
    client = uuid4()
    if request.param == "memory":
        people = InMemoryPeople()
        links = InMemorySignInLinks(people)
        return Desk(InMemoryTicketRepository(), links, InMemorySignInAttempts(), client, lambda: len(people.events))
    engines: tuple[PostgresRecordStore, Engine] = request.getfixturevalue("postgres_engines")
    store, admin = engines
    outbox = metadata.tables["audit_outbox"]
    with admin.begin() as connection:
        connection.execute(insert(metadata.tables["clients"]).values(id=client, name="A clinic"))

    def events() -> int:
        with admin.connect() as connection:
            return len(connection.execute(select(outbox.c.id).where(outbox.c.client_id == client)).all())

    postgres = store._postgres
    return Desk(
        PostgresTicketRepository(postgres),
        PostgresSignInLinks(postgres),
        PostgresSignInAttempts(postgres),
        client,
        events,
    )


def hashed(secret: object) -> str:
    return sha256(str(secret).encode()).hexdigest()


def ticket(**members: Any) -> Ticket:
    given: dict[str, Any] = {
        "secret_hash": hashed(uuid4()),
        "kind": "exchange_code",
        "content": {"first": True, "link": {"uid": "uid-1"}, "challenge": None},
        "expires_at": NOW + timedelta(hours=1),
    }
    return Ticket(**given | members)


def test_a_ticket_is_redeemed_once_with_what_it_holds(desk: Desk) -> None:
    mine = ticket()
    desk.tickets.issue(mine)
    assert desk.tickets.redeem(mine.secret_hash, "exchange_code", now=NOW) == mine
    assert desk.tickets.redeem(mine.secret_hash, "exchange_code", now=NOW) is None
    assert desk.tickets.redeem(hashed("unknown"), "exchange_code", now=NOW) is None


def test_a_ticket_of_another_kind_is_none_and_stays(desk: Desk) -> None:
    mine = ticket()
    desk.tickets.issue(mine)
    assert desk.tickets.redeem(mine.secret_hash, "oauth_state", now=NOW) is None
    assert desk.tickets.redeem(mine.secret_hash, "exchange_code", now=NOW) == mine


def test_a_ticket_is_over_at_its_time(desk: Desk) -> None:
    mine = ticket()
    desk.tickets.issue(mine)
    assert desk.tickets.redeem(mine.secret_hash, "exchange_code", now=mine.expires_at) is None


def test_of_many_who_redeem_one_ticket_one_gets_it(desk: Desk) -> None:
    mine = ticket()
    desk.tickets.issue(mine)
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda _: desk.tickets.redeem(mine.secret_hash, "exchange_code", now=NOW), range(8)))
    assert [one for one in got if one is not None] == [mine]


def link(**members: str) -> SignInLink:
    given = {"subject_hash": hashed(uuid4()), "issuer": ISSUER, "uid": f"user_{uuid4().hex}"}
    return SignInLink(**given | members)


def test_a_link_leads_to_its_account_and_leaves_one_event(desk: Desk) -> None:
    mine = link()
    assert desk.links.account_of(mine.subject_hash) is None
    for _ in range(2):
        desk.links.add(mine, desk.client, event(desk.client))
    assert desk.links.account_of(mine.subject_hash) == mine.uid
    assert (desk.links.is_linked(mine.uid, ISSUER), desk.links.is_linked(mine.uid, OTHER_ISSUER)) == (True, False)
    assert desk.events() == 1


def test_an_account_has_one_identity_at_an_issuer_and_an_identity_one_account(desk: Desk) -> None:
    mine = link()
    desk.links.add(mine, desk.client, event(desk.client))
    for other in (link(uid=mine.uid), link(subject_hash=mine.subject_hash)):
        with pytest.raises(ConflictError) as refused:
            desk.links.add(other, desk.client, event(desk.client))
        assert refused.value.code == "identity_conflict"
    assert desk.events() == 1
    desk.links.add(link(uid=mine.uid, issuer=OTHER_ISSUER), desk.client, event(desk.client))
    assert desk.links.account_of(mine.subject_hash) == mine.uid


def test_attempts_are_counted_until_one_succeeds(desk: Desk) -> None:
    subject, window = hashed(uuid4()), timedelta(minutes=15)
    counts = [desk.attempts.begin(subject, window=window) for _ in range(3)]
    assert [count for count, _ in counts] == [1, 2, 3]
    assert timedelta() < counts[-1][1] <= window
    desk.attempts.succeeded(subject)
    assert desk.attempts.begin(subject, window=window)[0] == 1


@dataclass(frozen=True, slots=True)
class SignIns:
    """Sessions and the mirror of memberships, of one new person; `member` reads their document."""

    sessions: SessionRepository
    mirror: MemberMirror
    client: UUID
    uid: str
    member: Callable[[], MemberDocument]


@pytest.fixture(params=["memory", "firestore"])
def sign_ins(request: pytest.FixtureRequest) -> SignIns:
    client, uid = uuid4(), f"user_{uuid4().hex}"
    member = MemberDocument(client_id=str(client), user_id=str(uuid4()), role="biller")
    if request.param == "memory":
        documents, members = InMemoryDocuments(), InMemoryMemberRepository({uid: member})
        sessions = InMemorySessionRepository(documents, members)
        return SignIns(sessions, InMemoryMemberMirror(members, documents), client, uid, lambda: members.members[uid])
    store: firestore.Client = request.getfixturevalue("firestore_client")
    at = store.collection(MEMBERS).document(uid)
    at.set(member.model_dump(by_alias=True))

    def read() -> MemberDocument:
        return MemberDocument.model_validate(at.get().to_dict())

    return SignIns(FirestoreSessionRepository(store), FirestoreMemberMirror(store), client, uid, read)


def begun(sign_ins: SignIns, *, ago: timedelta = timedelta(), uid: str | None = None) -> SessionDocument:
    """A session of a sign-in some time ago, stored."""
    who = uid or sign_ins.uid
    me = caller(uid=who, client_id=sign_ins.client, session_id=f"{who}_{int((NOW - ago).timestamp())}")
    return sign_ins.sessions.start(new_session(me, LIMITS, now=NOW - ago), event(sign_ins.client))


def now_of(sign_ins: SignIns, session: SessionDocument) -> SessionDocument:
    stored = sign_ins.sessions.latest(session.id)
    assert stored is not None
    return stored


def test_a_session_says_when_it_was_used_and_when_it_is_over(sign_ins: SignIns) -> None:
    session = begun(sign_ins, ago=timedelta(minutes=30))
    assert session.expire_at == NOW - timedelta(minutes=30) + LIMITS.length
    sign_ins.sessions.touch(in_use(session, LIMITS, now=NOW))
    stored = now_of(sign_ins, session)
    assert (stored.last_activity_at, stored.idle_until, stored.expire_at) == (NOW, NOW + LIMITS.idle, session.expire_at)


def test_a_second_start_of_one_sign_in_changes_nothing(sign_ins: SignIns) -> None:
    session = begun(sign_ins)
    sign_ins.sessions.end_all(sign_ins.uid, at=NOW, event=event(sign_ins.client))
    assert begun(sign_ins).ended_at == NOW
    assert now_of(sign_ins, session).ended_at == NOW


def test_the_end_of_all_sessions_is_for_good_and_for_one_person(sign_ins: SignIns) -> None:
    mine = [begun(sign_ins, ago=timedelta(minutes=minutes)) for minutes in (0, 1, 2)]
    other = begun(sign_ins, uid=f"user_{uuid4().hex}")
    ending = event(sign_ins.client, action=AuditAction.SESSION_END)
    assert sign_ins.sessions.end_all(sign_ins.uid, at=NOW, event=ending) == 3
    assert sign_ins.member().tokens_valid_after == NOW
    sign_ins.sessions.touch(in_use(mine[0], LIMITS, now=NOW))
    for session in mine:
        stored = now_of(sign_ins, session)
        assert (stored.ended_at, stored.version) == (NOW, session.version + 1)
    assert now_of(sign_ins, other).ended_at is None
    again = event(sign_ins.client, action=AuditAction.SESSION_END)
    assert sign_ins.sessions.end_all(sign_ins.uid, at=NOW, event=again) == 0


def changed(sign_ins: SignIns, *, status: UserStatus, valid_after: datetime | None) -> MembershipChanges:
    user_id = UUID(sign_ins.member().user_id)
    one = Membership(sign_ins.client, user_id, sign_ins.uid, Role.MANAGER, status, "UTC", 2, valid_after)
    return MembershipChanges(sign_ins.client, 2, "UTC", (one,), ())


def test_deactivation_ends_every_session(sign_ins: SignIns) -> None:
    sessions = [begun(sign_ins, ago=timedelta(minutes=minutes)) for minutes in (0, 5)]
    sign_ins.mirror.store(changed(sign_ins, status="deactivated", valid_after=None))
    assert all(now_of(sign_ins, session).ended_at is not None for session in sessions)


def test_a_changed_role_ends_the_sessions_before_it(sign_ins: SignIns) -> None:
    before, after = begun(sign_ins, ago=timedelta(minutes=5)), begun(sign_ins)
    sign_ins.mirror.store(changed(sign_ins, status="active", valid_after=NOW - timedelta(minutes=1)))
    assert now_of(sign_ins, before).ended_at is not None
    assert now_of(sign_ins, after).ended_at is None
    assert sign_ins.member().role == "manager"
