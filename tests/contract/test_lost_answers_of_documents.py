"""What is lost on the way to messages, feedback, alerts, drafts, jobs, inboxes, sessions and copies of memberships."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from shared.models.audit import AuditEvent
from shared.models.firestore.alerts import InboxEntryDocument
from shared.models.firestore.documents import SessionDocument
from shared.models.firestore.rosters import RosterDocument, RosterMember
from shared.models.identifiers import document_id
from shared.models.replay import Replayed
from shared.models.roles import Role
from shared.models.users import Membership, MembershipChanges
from shared.repositories.changes import Change
from shared.repositories.document_protocols import Delivered
from shared.repositories.firestore.member_mirror import FirestoreMemberMirror
from shared.repositories.firestore.sessions import FirestoreSessionRepository
from shared.repositories.firestore.waiting_events import FirestoreWaitingEvents
from tests.contract.line import Office
from tests.contract.test_documents import MAKERS, base, entry, message
from tests.unit.factories import NOW, USER, context, event, kept, key, session

LATER = NOW + timedelta(hours=1)


@pytest.fixture(params=MAKERS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_a_new_document_is_made_once_and_said_to_be_new(lost: Office, kind: str) -> None:
    repository, wanted, asked = getattr(lost.store, kind), MAKERS[kind](lost.client), key()
    lost.line.losing = 1
    stored, new = repository.create(wanted, event(lost.client), kept(asked))
    assert new
    assert stored == repository.get(lost.client, wanted.id)
    assert lost.line.sent == 1
    assert len(lost.events()) <= 1
    with pytest.raises(Replayed):
        lost.store.kept_answers.recall(asked)


def test_a_document_whose_commit_never_arrived_is_made_at_the_second_attempt(office: Office, kind: str) -> None:
    repository, wanted = getattr(office.store, kind), MAKERS[kind](office.client)
    office.line.losing, office.line.arrives = 1, False
    stored, new = repository.create(wanted, event(office.client))
    assert new
    assert stored == repository.get(office.client, wanted.id)
    assert (office.line.sent, len(office.events())) == (2, 1)


def test_a_document_that_somebody_else_made_is_not_taken_for_ours(office: Office, kind: str) -> None:
    repository, theirs = getattr(office.store, kind), MAKERS[kind](office.client)
    stored, _ = repository.create(theirs, event(office.client))
    office.line.losing, office.line.arrives = 1, False
    again = repository.create(theirs.model_copy(update={"version": 9}), event(office.client))
    assert again == (stored, False)
    assert len(office.events()) == 1


def test_a_change_is_decided_once_and_leaves_one_event(lost: Office, kind: str) -> None:
    repository, wanted = getattr(lost.store, kind), MAKERS[kind](lost.client)
    repository.create(wanted, None)
    lost.line.losing, lost.line.sent = 1, 0
    made: list[AuditEvent] = []

    def decide(found: Any) -> Change[Any]:
        made.append(event(lost.client))
        return Change(found.model_copy(update={"version": found.version + 1}), made[-1])

    changed = repository.change(lost.client, wanted.id, decide)
    assert changed.version == 2
    assert changed == repository.get(lost.client, wanted.id)
    assert (len(made), lost.line.sent) == (1, 1)
    assert [one.id for one in lost.events()] in ([made[0].id], [])


@pytest.mark.parametrize("arrives", [True, False])
def test_a_delivery_is_counted_once(office: Office, arrives: bool) -> None:
    uid = document_id("uid")
    entries = [entry(office.client, uid=uid) for _ in range(3)]
    office.line.losing, office.line.arrives = 1, arrives
    assert office.store.inboxes.deliver(entries) == Delivered(3, tuple(entries))
    assert office.store.inboxes.deliver(entries) == Delivered(0)
    found = office.store.inboxes.active(office.client, uid, after=None, limit=9)
    assert {one.id: one.version for one in found} == dict.fromkeys((one.id for one in entries), 1)


@pytest.mark.parametrize("arrives", [True, False])
def test_a_newer_delivery_is_counted_once_and_keeps_what_is_personal(office: Office, arrives: bool) -> None:
    uid = document_id("uid")
    first = entry(office.client, uid=uid)
    office.store.inboxes.deliver([first])

    def acknowledge(found: InboxEntryDocument) -> Change[InboxEntryDocument]:
        return Change(found.model_copy(update={"acknowledged_at": NOW}), event(office.client))

    office.store.inboxes.change(office.client, uid, first.id, acknowledge)
    newer = [first.model_copy(update={"alert_version": 2, "count": 7}), entry(office.client, uid=uid)]
    # The first commit finds that one of them is there; it is the second one whose answer is lost.
    office.line.passing, office.line.losing, office.line.arrives = 1, 1, arrives
    assert office.store.inboxes.deliver(newer).written == 2
    stored = office.store.inboxes.get(office.client, uid, first.id)
    assert stored is not None
    assert (stored.count, stored.alert_version, stored.acknowledged_at, stored.version) == (7, 2, NOW, 2)


def test_an_entry_is_acknowledged_once(lost: Office) -> None:
    uid = document_id("uid")
    one = entry(lost.client, uid=uid)
    lost.store.inboxes.deliver([one])
    lost.line.losing, lost.line.sent = 1, 0

    def acknowledge(found: InboxEntryDocument) -> Change[InboxEntryDocument]:
        changed = found.model_copy(update={"acknowledged_at": NOW, "version": found.version + 1})
        return Change(changed, event(lost.client))

    assert lost.store.inboxes.change(lost.client, uid, one.id, acknowledge).version == 2
    assert lost.line.sent == 1
    assert len(lost.events()) <= 1


@pytest.mark.parametrize("known", [False, True])
def test_a_roster_is_written_once_and_said_to_be(office: Office, known: bool) -> None:
    people = (RosterMember(uid="uid-a1", user_id=str(USER), role="admin"),)
    roster = RosterDocument(**base(office.client, "r", id=str(office.client), members=people, version=2))
    if known:
        assert office.store.rosters.put(roster.model_copy(update={"version": 1}))
    office.line.losing, office.line.sent = 1, 0
    assert office.store.rosters.put(roster)
    assert office.store.rosters.get(office.client) == roster
    assert not office.store.rosters.put(roster)


class SignIns:
    """A person's sign-ins at the end of the line, and their membership."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.uid = document_id("uid")
        self.repository = FirestoreSessionRepository(office.losing)
        self.mirror = FirestoreMemberMirror(office.losing)
        office.direct.document(f"members/{self.uid}").set({"clientId": str(office.client), "version": 1})

    def wanted(self, number: int = 0, **members: Any) -> SessionDocument:
        begun = int(NOW.timestamp()) + number
        opened = context(self.office.client)
        return session(opened, id=f"{self.uid}_{begun}", uid=self.uid, **members)

    def stored(self, one: SessionDocument) -> SessionDocument:
        found = FirestoreSessionRepository(self.office.direct).latest(one.id)
        assert found is not None
        return found

    def changes(self, **members: Any) -> MembershipChanges:
        given: dict[str, Any] = {"role": Role.BILLER, "status": "active", "tokens_valid_after": None} | members
        one = Membership(self.office.client, USER, self.uid, time_zone="UTC", version=3, **given)
        return MembershipChanges(self.office.client, 3, "UTC", (one,), (one,))


@pytest.mark.parametrize("known", [False, True])
def test_a_session_is_started_once(lost: Office, known: bool) -> None:
    mine = SignIns(lost)
    wanted = mine.wanted()
    if known:
        mine.repository.start(wanted, event(lost.client))
        lost.relay()
    lost.line.losing, lost.line.sent = 1, 0
    assert mine.repository.start(wanted, event(lost.client)) == wanted
    assert mine.stored(wanted) == wanted
    assert len(lost.events()) <= 1


@pytest.mark.parametrize("known", [False, True])
def test_activity_is_noted_though_the_answer_is_lost(office: Office, known: bool) -> None:
    mine = SignIns(office)
    wanted = mine.wanted(last_activity_at=LATER)
    if known:
        mine.repository.start(mine.wanted(), event(office.client))
    office.line.losing = 1
    mine.repository.touch(wanted)
    assert mine.stored(wanted).last_activity_at == LATER


def test_a_sign_out_ends_each_session_once(lost: Office) -> None:
    mine = SignIns(lost)
    started = [mine.repository.start(mine.wanted(number), event(lost.client)) for number in range(3)]
    lost.relay()
    lost.line.losing, lost.line.sent = 1, 0
    assert mine.repository.end_all(mine.uid, at=LATER, event=event(lost.client)) == 3
    assert [mine.stored(one).version for one in started] == [2, 2, 2]
    assert lost.line.sent == 1
    assert len(lost.events()) <= 1


@pytest.mark.parametrize("passing", [0, 1])
def test_copies_of_a_membership_are_written_and_its_sessions_ended_once(office: Office, passing: int) -> None:
    """The first commit writes the copies, the second ends the sessions; either answer may be lost."""
    mine = SignIns(office)
    started = [mine.repository.start(mine.wanted(number), event(office.client)) for number in range(3)]
    office.line.passing, office.line.losing = passing, 1
    mine.mirror.store(mine.changes(status="deactivated"))
    assert [mine.stored(one).version for one in started] == [2, 2, 2]
    member = office.direct.document(f"members/{mine.uid}").get().to_dict() or {}
    assert (member["status"], member["version"]) == ("deactivated", 3)
    assert office.direct.document(f"rosters/{office.client}").get().exists


def test_events_that_were_relayed_leave_the_outbox(office: Office) -> None:
    waiting = [event(office.client) for _ in range(2)]
    for one in waiting:
        office.store.messages.create(message(office.client), one)
    office.line.losing = 1
    FirestoreWaitingEvents(office.losing).published([str(one.id) for one in waiting])
    assert office.events() == []
