"""SessionRepository and MemberMirror: one contract, both implementations."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from shared.models.firestore.documents import MemberDocument, SessionDocument
from shared.models.identifiers import document_id
from shared.models.roles import Role
from shared.models.users import Membership, MembershipChanges
from tests.contract.conftest import Live, People
from tests.contract.test_tasks import IMPOSSIBLE_IDS
from tests.unit.factories import NOW, USER, context, event, session

LATER = NOW + timedelta(hours=1)


class Person:
    """A member of the organisation and their sign-ins."""

    def __init__(self, live: Live) -> None:
        self.live = live
        self.uid = document_id("uid")
        member = MemberDocument(client_id=str(live.client), user_id=str(USER), role="biller")
        self.people: People = live.people({self.uid: member})

    def sign_in(self, at: datetime = NOW, **members: Any) -> SessionDocument:
        """A session that began at a time, as it is stored."""
        wanted = session(context(self.live.client), id=f"{self.uid}_{int(at.timestamp())}", uid=self.uid, **members)
        return self.people.sessions.start(wanted, event(self.live.client))

    def latest(self, given: SessionDocument) -> SessionDocument:
        found = self.people.sessions.latest(given.id)
        assert found is not None
        return found

    def changes(self, *, version: int = 2, roster_version: int = 2, **members: Any) -> MembershipChanges:
        """What is carried after a change of this person."""
        given: dict[str, Any] = {"role": Role.BILLER, "status": "active", "tokens_valid_after": None} | members
        one = Membership(self.live.client, USER, self.uid, time_zone="America/Chicago", version=version, **given)
        roster = (one,) if one.status == "active" else ()
        return MembershipChanges(self.live.client, roster_version, "America/Chicago", (one,), roster)


@pytest.fixture
def person(live: Live) -> Person:
    return Person(live)


def test_a_session_starts_once_and_every_start_leaves_its_event(person: Person) -> None:
    first = person.sign_in()
    assert person.sign_in(role="admin") == first
    assert person.latest(first) == person.people.sessions.get(first.id) == first
    assert len(person.live.events()) == 2


def test_an_ended_session_is_not_started_again(person: Person) -> None:
    ended = person.sign_in(ended_at=NOW)
    assert person.sign_in().ended_at == NOW
    assert person.latest(ended).ended_at == NOW


def test_starts_at_once_make_one_session(person: Person) -> None:
    with ThreadPoolExecutor(8) as threads:
        started = list(threads.map(lambda _: person.sign_in(), range(8)))
    assert len({one.id for one in started}) == 1
    assert len(person.live.events()) == 8


def test_activity_is_noted_and_changes_nothing_else(person: Person) -> None:
    first = person.sign_in()
    person.people.sessions.touch(first.model_copy(update={"last_activity_at": LATER, "role": "admin"}))
    assert person.latest(first) == first.model_copy(update={"last_activity_at": LATER})
    assert len(person.live.events()) == 1


def test_activity_of_a_sign_in_without_a_session_makes_it(person: Person) -> None:
    unknown = session(context(person.live.client), id=f"{person.uid}_1", uid=person.uid, last_activity_at=LATER)
    person.people.sessions.touch(unknown)
    assert person.latest(unknown) == unknown


def test_activity_does_not_take_back_the_end(person: Person) -> None:
    first = person.sign_in(ended_at=NOW)
    person.people.sessions.touch(first.model_copy(update={"last_activity_at": LATER, "ended_at": None}))
    assert person.latest(first).ended_at == NOW


@pytest.mark.parametrize("session_id", IMPOSSIBLE_IDS)
def test_an_id_that_no_session_can_have_is_none(person: Person, session_id: str) -> None:
    assert person.people.sessions.get(session_id) is None
    assert person.people.sessions.latest(session_id) is None


def test_signing_out_ends_every_session_of_the_person_and_older_tokens(person: Person) -> None:
    other = Person(person.live)
    theirs = other.sign_in()
    before = person.sign_in(NOW - timedelta(days=1), ended_at=NOW - timedelta(hours=2))
    mine = [person.sign_in(NOW + timedelta(minutes=minute)) for minute in range(3)]
    events = len(person.live.events())
    assert person.people.sessions.end_all(person.uid, at=LATER, event=event(person.live.client)) == 3
    for one in mine:
        ended = {"ended_at": LATER, "updated_at": LATER, "version": one.version + 1}
        assert person.latest(one) == one.model_copy(update=ended)
    assert person.latest(before) == before
    assert other.latest(theirs) == theirs
    member = person.people.members.get(person.uid)
    assert member is not None
    assert member.tokens_valid_after == LATER
    assert len(person.live.events()) == events + 1


def test_signing_out_twice_ends_nothing_more(person: Person) -> None:
    first = person.sign_in()
    ends = [person.people.sessions.end_all(person.uid, at=LATER, event=event(person.live.client)) for _ in range(2)]
    assert ends == [1, 0]
    assert person.latest(first).version == 2


def test_the_mirror_shows_the_membership_and_the_roster(person: Person) -> None:
    person.people.mirror.store(person.changes(role=Role.MANAGER))
    member = _fresh(person)
    assert (member.role, member.time_zone, member.client_id) == ("manager", "America/Chicago", str(person.live.client))
    roster = person.live.store.rosters.get(person.live.client)
    assert roster is not None
    assert [(one.uid, one.user_id, one.role) for one in roster.members] == [(person.uid, str(USER), "manager")]
    assert (roster.version, roster.time_zone) == (2, "America/Chicago")


def _fresh(person: Person) -> MemberDocument:
    """The membership as it is stored, for somebody who has not asked before."""
    found = person.live.people({}).members.get(person.uid)
    assert found is not None
    return found


def test_an_older_copy_is_never_written_over_a_newer_one(person: Person) -> None:
    person.people.mirror.store(person.changes(version=5, roster_version=9, role=Role.MANAGER))
    person.people.mirror.store(person.changes(version=4, roster_version=8, role=Role.ADMIN, status="deactivated"))
    assert (_fresh(person).role, _fresh(person).status) == ("manager", "active")
    roster = person.live.store.rosters.get(person.live.client)
    assert roster is not None
    assert (roster.version, len(roster.members)) == (9, 1)


def test_the_same_version_again_is_as_good(person: Person) -> None:
    for _ in range(2):
        person.people.mirror.store(person.changes(role=Role.MANAGER))
    assert _fresh(person).role == "manager"


def test_a_sign_out_that_the_database_does_not_know_of_still_counts(person: Person) -> None:
    person.people.sessions.end_all(person.uid, at=LATER, event=event(person.live.client))
    person.people.mirror.store(person.changes(tokens_valid_after=NOW))
    assert _fresh(person).tokens_valid_after == LATER
    much_later = LATER + timedelta(days=1)
    person.people.mirror.store(person.changes(version=3, tokens_valid_after=much_later))
    assert _fresh(person).tokens_valid_after == much_later


def test_deactivation_ends_every_session(person: Person) -> None:
    mine = [person.sign_in(NOW + timedelta(minutes=minute)) for minute in range(3)]
    other = Person(person.live)
    theirs = other.sign_in()
    for _ in range(2):
        person.people.mirror.store(person.changes(status="deactivated"))
    begun = datetime.now(UTC) - timedelta(minutes=1)
    for one in mine:
        ended = person.latest(one)
        assert ended.ended_at is not None
        assert ended.ended_at > begun
        assert ended.version == one.version + 1
    assert other.latest(theirs) == theirs


def test_a_change_of_role_ends_the_sign_ins_from_before(person: Person) -> None:
    before, after = person.sign_in(NOW), person.sign_in(LATER + timedelta(minutes=1))
    person.people.mirror.store(person.changes(tokens_valid_after=LATER))
    assert person.latest(before).ended_at is not None
    assert person.latest(after) == after


def test_another_organisation_has_no_part_in_the_roster(person: Person) -> None:
    person.people.mirror.store(person.changes())
    assert person.live.store.rosters.get(uuid4()) is None
