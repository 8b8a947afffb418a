"""Messages, feedback, alerts, inboxes, drafts, jobs and rosters: one contract, both implementations."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.errors import ConflictError, NotFoundError
from shared.models.firestore.alerts import AlertDocument, Audience, InboxEntryDocument, Text
from shared.models.firestore.conversation import (
    CitedSource,
    FeedbackDocument,
    MessageDocument,
    ThinkingStep,
)
from shared.models.firestore.documents import Document
from shared.models.firestore.drafts import DraftDocument, Recipient
from shared.models.firestore.jobs import JobCaller, JobDocument, JobOutcome
from shared.models.firestore.rosters import RosterDocument, RosterMember
from shared.models.guidance import GuidanceAction, GuidanceReason
from shared.models.identifiers import document_id
from shared.models.replay import Replayed
from shared.repositories.changes import Change, Position
from shared.repositories.document_protocols import Delivered, DraftFilter
from tests.contract.conftest import Live
from tests.contract.test_tasks import IMPOSSIBLE_IDS
from tests.unit.factories import NOW, USER, event, kept, key

LATER = NOW + timedelta(days=30)
SAYS = Text(code="coverage_ended", params={"payer": "Bluestem"}, text="Coverage ended")


def base(client: UUID, prefix: str, **members: Any) -> dict[str, Any]:
    given = {"id": document_id(prefix), "client_id": str(client), "created_at": NOW, "updated_at": NOW}
    return given | members


def message(client: UUID, **members: Any) -> MessageDocument:
    given: dict[str, Any] = {
        "context_id": "ctx_1",
        "mode": "eligibility",
        "thread_id": "thread_1",
        "user_id": str(USER),
    }
    steps = (ThinkingStep(tool="coverage", text="Read it", sources=("coverages/1",), milliseconds=3, place=1),)
    form = {"type": "object", "properties": {"label": {"type": "string"}}, "required": ["label"]}
    reason = GuidanceReason(rule_id="E09", code="needed", text="Needed", evidence=("coverages/1",))
    offered = GuidanceAction(label="Check", action="check", params={"force": True}, form=form, reason=reason)
    given |= {"type": "system", "content": "Active.", "thinking": steps, "guidance_actions": (offered,)}
    given |= {"citations": (CitedSource(source="coverages/1", title="Bluestem", place=2),), "sort_at": NOW}
    return MessageDocument(**base(client, "msg", **given | members))


def feedback(client: UUID, **members: Any) -> FeedbackDocument:
    given = {"context_id": "ctx_1", "mode": "eligibility", "message_id": "msg_1", "user_id": str(USER), "rating": "up"}
    return FeedbackDocument(**base(client, "fb", **given | members))


def alert(client: UUID, **members: Any) -> AlertDocument:
    given: dict[str, Any] = {"severity": "warning", "message": SAYS, "audience": Audience(roles=("biller",))}
    given |= {"last_seen_at": NOW, "source": "rule:E11", "expire_at": LATER}
    return AlertDocument(**base(client, "alert", **given | members))


def entry(client: UUID, **members: Any) -> InboxEntryDocument:
    given: dict[str, Any] = {"uid": "uid-a1", "user_id": str(USER), "alert_version": 1, "severity": "warning"}
    return InboxEntryDocument(**base(client, "alert", **given | {"message": SAYS, "expire_at": LATER} | members))


def draft(client: UUID, **members: Any) -> DraftDocument:
    given: dict[str, Any] = {"author_id": str(USER), "recipient": Recipient(kind="payer"), "subject": "S", "body": "B"}
    return DraftDocument(**base(client, "draft", **given | {"content_hash": "h", "sort_at": NOW} | members))


def job(client: UUID, **members: Any) -> JobDocument:
    given: dict[str, Any] = {"kind": "import", "created_by": str(USER)}
    given |= {"outcomes": (JobOutcome(reference="1", code="done"),)}
    asked = JobCaller(uid="uid-1", user_id=str(USER), session_id="uid-1_1", request_id="r", action="record:import")
    given |= {"caller": asked, "items": ("a", "b"), "params": {"date": "2026-12-01"}}
    return JobDocument(**base(client, "job", **given | {"expire_at": LATER} | members))


MAKERS: dict[str, Callable[..., Document]] = {
    "messages": message,
    "feedback": feedback,
    "alerts": alert,
    "drafts": draft,
    "jobs": job,
}


@pytest.fixture(params=MAKERS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def unstamped(document: Any) -> Any:
    return document.model_copy(update={"updated_at": NOW})


def test_what_is_created_is_read_again_with_one_event(live: Live, kind: str) -> None:
    repository, wanted = getattr(live.store, kind), MAKERS[kind](live.client)
    stored, new = repository.create(wanted, event(live.client))
    assert new
    assert unstamped(stored) == wanted
    assert repository.get(live.client, wanted.id) == stored
    assert len(live.events()) == 1


def test_an_id_that_is_there_stays_as_it_is(live: Live, kind: str) -> None:
    repository, wanted = getattr(live.store, kind), MAKERS[kind](live.client)
    stored, _ = repository.create(wanted, event(live.client))
    again = wanted.model_copy(update={"version": 7})
    assert repository.create(again, event(live.client)) == (stored, False)
    assert len(live.events()) == 1


def test_another_organisation_sees_and_takes_nothing(live: Live, kind: str) -> None:
    repository, wanted = getattr(live.store, kind), MAKERS[kind](live.client)
    repository.create(wanted, None)
    other = uuid4()
    assert repository.get(other, wanted.id) is None
    with pytest.raises(NotFoundError):
        repository.change(other, wanted.id, lambda found: Change(found, None))
    with pytest.raises(ConflictError):
        repository.create(wanted.model_copy(update={"client_id": str(other)}), None)


@pytest.mark.parametrize("impossible", IMPOSSIBLE_IDS)
def test_an_impossible_id_is_unknown(live: Live, kind: str, impossible: str) -> None:
    with pytest.raises(NotFoundError):
        getattr(live.store, kind).get(live.client, impossible)


def test_twenty_changes_at_once_are_twenty_versions(live: Live, kind: str) -> None:
    repository, wanted = getattr(live.store, kind), MAKERS[kind](live.client)
    repository.create(wanted, None)

    def step(_: int) -> None:
        def decide(found: Any) -> Change[Any]:
            return Change(found.model_copy(update={"version": found.version + 1}), event(live.client))

        repository.change(live.client, wanted.id, decide)

    with ThreadPoolExecutor(5) as pool:
        list(pool.map(step, range(20)))
    assert repository.get(live.client, wanted.id).version == 21
    assert len(live.events()) == 20


def test_a_repeated_request_gets_the_kept_answer(live: Live, kind: str) -> None:
    repository, asked = getattr(live.store, kind), key()
    repository.create(MAKERS[kind](live.client), event(live.client), kept(asked))
    second = MAKERS[kind](live.client)
    with pytest.raises(Replayed):
        repository.create(second, event(live.client), kept(asked))
    assert repository.get(live.client, second.id) is None
    assert len(live.events()) == 1


def test_a_thread_is_listed_newest_first_in_pages(live: Live) -> None:
    messages = [message(live.client, sort_at=NOW + timedelta(minutes=minute // 2)) for minute in range(5)]
    for one in [*messages, message(live.client, thread_id="thread_2"), message(uuid4())]:
        live.store.messages.create(one, None)
    ordered = sorted(messages, key=lambda one: (one.sort_at, one.id), reverse=True)
    found, before = [], None
    while page := live.store.messages.of_thread(live.client, "ctx_1", "thread_1", before=before, limit=2):
        found += page
        before = Position(page[-1].sort_at, page[-1].id)
    assert found == ordered


def test_feedback_on_a_message_is_listed_by_id(live: Live) -> None:
    mine = sorted((feedback(live.client, message_id="msg_9") for _ in range(3)), key=lambda one: one.id)
    for one in [*mine, feedback(live.client), feedback(uuid4(), message_id="msg_9")]:
        live.store.feedback.create(one, None)
    assert live.store.feedback.of_message(live.client, "msg_9", after=None, limit=2) == mine[:2]
    assert live.store.feedback.of_message(live.client, "msg_9", after=mine[1].id, limit=2) == mine[2:]


def test_alerts_carry_the_stores_time_and_are_listed_by_it(live: Live) -> None:
    first, second, gone = (alert(live.client, dedupe_key=f"key-{number}") for number in range(3))
    begun = datetime.now(UTC) - timedelta(minutes=1)
    for one in (first, second, gone, alert(uuid4(), dedupe_key="key-0")):
        assert live.store.alerts.create(one, None)[0].updated_at > begun

    def bump(found: AlertDocument) -> Change[AlertDocument]:
        return Change(found.model_copy(update={"count": 2, "updated_at": NOW}), None)

    def close(found: AlertDocument) -> Change[AlertDocument]:
        return Change(found.model_copy(update={"state": "resolved", "is_active": False}), None)

    changed = live.store.alerts.change(live.client, first.id, bump)
    assert changed == live.store.alerts.get(live.client, first.id)
    assert changed.updated_at > begun
    live.store.alerts.change(live.client, gone.id, close)
    newest = live.store.alerts.active(live.client, after=None, limit=1)
    rest = live.store.alerts.active(live.client, after=Position(newest[0].updated_at, newest[0].id), limit=5)
    assert [one.id for one in (*newest, *rest)] == [first.id, second.id]


def test_the_latest_alert_with_a_key_is_found_whatever_its_state(live: Live) -> None:
    older, newer = (alert(live.client, dedupe_key="key", created_at=NOW + timedelta(hours=hour)) for hour in (0, 1))
    over = newer.model_copy(update={"state": "resolved", "is_active": False})
    later = alert(uuid4(), dedupe_key="key", created_at=LATER)
    for one in (over, older, later, alert(live.client, dedupe_key="other", created_at=LATER)):
        live.store.alerts.create(one, None)
    found = live.store.alerts.latest_with_key(live.client, "key")
    assert found is not None
    assert found.id == newer.id
    assert live.store.alerts.latest_with_key(live.client, "nobody's") is None


def test_an_older_delivery_changes_nothing_and_what_is_personal_stays(live: Live) -> None:
    uid = document_id("uid")
    first = entry(live.client, uid=uid)
    assert live.store.inboxes.deliver([first, entry(live.client, uid=document_id("uid"))]).written == 2
    assert live.store.inboxes.deliver([first]) == Delivered(0)

    def acknowledge(found: InboxEntryDocument) -> Change[InboxEntryDocument]:
        return Change(found.model_copy(update={"acknowledged_at": NOW, "outcome": "handled"}), event(live.client))

    live.store.inboxes.change(live.client, uid, first.id, acknowledge)
    newer = first.model_copy(update={"alert_version": 3, "count": 5})
    other = entry(live.client, uid=uid)
    assert live.store.inboxes.deliver([newer, other]) == Delivered(2, (other,))
    assert live.store.inboxes.deliver([first.model_copy(update={"alert_version": 2, "count": 2})]).written == 0
    stored = live.store.inboxes.get(live.client, uid, first.id)
    assert stored is not None
    assert (stored.count, stored.alert_version, stored.outcome) == (5, 3, "handled")
    assert len(live.events()) == 1


@pytest.mark.parametrize("fresh", [True, False])
def test_a_delivery_tells_what_is_news(live: Live, *, fresh: bool) -> None:
    uid = document_id("uid")
    first = entry(live.client, uid=uid)
    assert live.store.inboxes.deliver([first], fresh=fresh) == Delivered(1, (first,))
    again = first.model_copy(update={"alert_version": 2, "count": 2})
    assert live.store.inboxes.deliver([again], fresh=fresh) == Delivered(1)
    graver = again.model_copy(update={"alert_version": 3, "severity": "critical"})
    assert live.store.inboxes.deliver([graver], fresh=fresh) == Delivered(1, (graver,))
    milder = graver.model_copy(update={"alert_version": 4, "severity": "info"})
    assert live.store.inboxes.deliver([milder], fresh=fresh) == Delivered(1)


def test_a_delivery_of_many_is_complete_and_repeatable(live: Live) -> None:
    entries = [entry(live.client, uid=f"uid-{number}") for number in range(450)]
    same = [one.model_copy(update={"id": entries[0].id}) for one in entries]
    live.store.inboxes.deliver(same[100:200])
    assert live.store.inboxes.deliver(same).written == 350
    assert live.store.inboxes.deliver(same) == Delivered(0)
    held = live.store.inboxes.behind(live.client, entries[0].id, 2, limit=1000)
    assert {one.uid for one in held} == {one.uid for one in same}


def test_entries_that_are_behind_are_found_in_all_inboxes(live: Live) -> None:
    shared = document_id("alert")
    versions = {document_id("uid"): version for version in (1, 2, 3)}
    for uid, version in versions.items():
        live.store.inboxes.deliver([entry(live.client, id=shared, uid=uid, alert_version=version)])
    live.store.inboxes.deliver([entry(uuid4(), id=shared, uid=document_id("uid"))])
    live.store.inboxes.deliver([entry(live.client, uid=document_id("uid"))])
    found = live.store.inboxes.behind(live.client, shared, 3, limit=9)
    assert [(one.uid, one.alert_version) for one in found] == [item for item in versions.items() if item[1] < 3]
    assert len(live.store.inboxes.behind(live.client, shared, 3, limit=1)) == 1


@pytest.mark.parametrize(("outcome", "taken"), [(None, True), ("handled", True), ("not_mine", False)])
def test_an_alert_is_taken_when_somebody_calls_it_theirs(live: Live, outcome: Any, *, taken: bool) -> None:
    shared, uid = document_id("alert"), document_id("uid")
    live.store.inboxes.deliver([entry(live.client, id=shared, uid=one) for one in (uid, document_id("uid"))])
    assert not live.store.inboxes.is_taken(live.client, shared)

    def acknowledge(found: InboxEntryDocument) -> Change[InboxEntryDocument]:
        return Change(found.model_copy(update={"acknowledged_at": NOW, "outcome": outcome}), None)

    live.store.inboxes.change(live.client, uid, shared, acknowledge)
    assert live.store.inboxes.is_taken(live.client, shared) is taken
    assert not live.store.inboxes.is_taken(uuid4(), shared)


def test_an_inbox_is_one_persons_of_one_organisation(live: Live) -> None:
    uid = document_id("uid")
    mine = [entry(live.client, uid=uid) for _ in range(3)]
    for one in mine:
        live.store.inboxes.deliver([one])
    live.store.inboxes.deliver([entry(uuid4(), uid=uid), entry(live.client, uid=document_id("uid"))])
    changes = live.store.inboxes.changed_since(live.client, uid, after=None, limit=2)
    behind = Position(changes[-1].updated_at, changes[-1].id)
    changes += live.store.inboxes.changed_since(live.client, uid, after=behind, limit=2)
    assert sorted(one.id for one in changes) == sorted(one.id for one in mine)
    active = live.store.inboxes.active(live.client, uid, after=None, limit=9)
    assert [one.id for one in active] == [one.id for one in reversed(changes)]
    assert live.store.inboxes.get(uuid4(), uid, mine[0].id) is None
    with pytest.raises(NotFoundError):
        live.store.inboxes.get(live.client, "a/b/c", mine[0].id)


def test_open_jobs_that_do_not_move_are_found_whosever_they_are(live: Live) -> None:
    long_ago = NOW - timedelta(days=400 + uuid4().int % 10_000)
    mine, theirs = job(live.client, updated_at=long_ago), job(uuid4(), updated_at=long_ago)
    over, moved = job(live.client, is_open=False, updated_at=long_ago), job(live.client, updated_at=LATER)
    for one in (mine, theirs, over, moved):
        live.store.jobs.create(one, None)
    found = {one.id for one in live.open_jobs.unmoved_since(NOW, limit=100)}
    assert {mine.id, theirs.id} <= found
    assert not {over.id, moved.id} & found
    assert len(live.open_jobs.unmoved_since(NOW, limit=1)) == 1


def test_the_sweep_finds_what_is_due_and_what_is_over(live: Live) -> None:
    hours = timedelta(hours=1)
    first, second, later = (alert(live.client, escalate_at=NOW + hours * at, expires_at=LATER) for at in (-2, -1, 1))
    over = alert(live.client, expires_at=NOW - hours)
    gone = alert(live.client, escalate_at=NOW, expires_at=NOW, state="resolved", is_active=False)
    for one in (second, first, later, over, gone):
        live.store.alerts.create(one, None)

    def mine(found: list[AlertDocument]) -> list[str]:
        return [one.id for one in found if one.client_id == str(live.client)]

    assert mine(live.sweep.due(NOW, limit=200)) == [first.id, second.id]
    assert mine(live.sweep.over(NOW, limit=200)) == [over.id]
    assert len(live.sweep.due(NOW, limit=1)) == 1


def test_drafts_are_found_by_what_they_are(live: Live) -> None:
    plain = draft(live.client, sort_at=NOW)
    reviewed = draft(live.client, state="in_review", context_id="ctx_9", sort_at=NOW + timedelta(minutes=1))
    for one in (plain, reviewed, draft(uuid4())):
        live.store.drafts.create(one, None)

    def found(**wanted: Any) -> list[DraftDocument]:
        return live.store.drafts.find(live.client, DraftFilter(**wanted), after=None, limit=9)

    assert found() == [reviewed, plain]
    assert found(state="in_review", context_id="ctx_9", author_id=str(USER)) == [reviewed]
    assert found(author_id="nobody") == []
    after = Position(reviewed.sort_at, reviewed.id)
    assert live.store.drafts.find(live.client, DraftFilter(), after=after, limit=9) == [plain]


def test_a_newer_roster_is_never_overwritten_by_an_older_one(live: Live) -> None:
    people = (RosterMember(uid="uid-a1", user_id=str(USER), role="admin"),)
    first = RosterDocument(**base(live.client, "r", id=str(live.client), members=people, version=2))
    assert live.store.rosters.put(first)
    assert not live.store.rosters.put(first)
    assert not live.store.rosters.put(first.model_copy(update={"version": 1, "members": ()}))
    assert live.store.rosters.get(live.client) == first
    newer = first.model_copy(update={"version": 3, "members": ()})
    assert live.store.rosters.put(newer)
    assert live.store.rosters.get(live.client) == newer
    assert live.store.rosters.get(uuid4()) is None


def test_a_large_roster_is_read_whole_and_shrinks_again(live: Live) -> None:
    people = tuple(
        RosterMember(uid=f"{number:028}", user_id=str(uuid4()), role="eligibility_specialist", push="critical")
        for number in range(10_000)
    )
    large = RosterDocument(**base(live.client, "r", id=str(live.client), members=people, version=1))
    assert live.store.rosters.put(large)
    assert live.store.rosters.get(live.client) == large
    small = large.model_copy(update={"members": people[:3], "version": 2})
    assert live.store.rosters.put(small)
    assert live.store.rosters.get(live.client) == small
    grown = large.model_copy(update={"members": people[:5000], "version": 3})
    assert live.store.rosters.put(grown)
    assert live.store.rosters.get(live.client) == grown
