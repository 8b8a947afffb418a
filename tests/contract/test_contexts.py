"""ContextRepository, MemberRepository, OpenTaskStore and AuditOutbox: one contract, both implementations."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from shared.domain.session import MAX_OPEN_CONTEXTS
from shared.errors import ConflictError, NotFoundError, UnauthenticatedError
from shared.models.firestore.documents import ContextDocument, MemberDocument, SessionDocument
from shared.models.replay import Replayed
from shared.repositories.projection_protocols import OpenTasks, Place
from shared.repositories.protocols import Change, KeptAnswer
from tests.contract.conftest import Live
from tests.contract.test_tasks import IMPOSSIBLE_IDS
from tests.unit.factories import NOW, context, event, kept, key, session, task


def unkept(_context: ContextDocument, _new: bool) -> None:
    return None


def opened(live: Live, wanted: ContextDocument, by: SessionDocument) -> tuple[ContextDocument, bool]:
    return live.store.contexts.open(wanted, by, event(live.client), unkept)


def test_opening_makes_the_context_and_the_session_with_one_event(live: Live) -> None:
    wanted = context(live.client, facts=({"label": "Coverage", "value": "active", "source": "coverages/1"},))
    mine = session(wanted)
    assert opened(live, wanted, mine) == (wanted, True)
    assert live.store.contexts.get(live.client, wanted.id) == wanted
    assert live.store.contexts.session(mine.id) == mine
    assert len(live.events()) == 1


def test_a_rule_makes_a_context_that_nobody_has_opened_and_finds_it_again(live: Live) -> None:
    wanted = context(live.client)
    assert live.store.contexts.make(wanted, event(live.client)) == wanted
    assert live.store.contexts.make(wanted.model_copy(update={"summary": "late"}), event(live.client)) == wanted
    assert len(live.events()) == 1
    assert opened(live, wanted, session(wanted)) == (wanted, False)
    foreign = context(uuid4())
    opened(live, foreign, session(foreign))
    with pytest.raises(ConflictError):
        live.store.contexts.make(foreign.model_copy(update={"client_id": str(live.client)}), event(live.client))


def test_who_makes_a_context_at_once_makes_one(live: Live) -> None:
    wanted = context(live.client)
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda _: live.store.contexts.make(wanted, event(live.client)), range(16)))
    assert made == [wanted] * 16
    assert len(live.events()) == 1


def test_several_contexts_are_read_at_once_without_those_of_others(live: Live) -> None:
    first, second, foreign = context(live.client), context(live.client), context(uuid4())
    for one in (first, second, foreign):
        opened(live, one, session(one))
    asked = (second.id, "ctx_unknown", foreign.id, first.id)
    assert live.store.contexts.several(live.client, asked) == {first.id: first, second.id: second}
    assert live.store.contexts.several(live.client, ()) == {}


def test_a_colleague_shares_the_context_as_it_is(live: Live) -> None:
    first = context(live.client, status="pending", summary="Known already")
    opened(live, first, session(first))
    again = first.model_copy(update={"status": "proceed", "summary": "fresh"})
    assert opened(live, again, session(again)) == (first, False)
    assert live.store.contexts.get(live.client, first.id) == first


def test_the_session_points_at_the_newest_and_remembers_the_others(live: Live) -> None:
    first, second = context(live.client), context(live.client, mode="front-desk")
    mine = session(first)
    opened(live, first, mine)
    later = NOW + timedelta(minutes=1)
    opened(live, second, session(second, id=mine.id, updated_at=later, last_activity_at=later))
    idle_until = NOW + timedelta(hours=2)
    opened(live, first, session(first, id=mine.id, idle_until=idle_until))
    stored = live.store.contexts.session(mine.id)
    assert stored is not None
    assert stored.current_mode == "eligibility"
    assert stored.current_contexts == {"eligibility": first.id, "front-desk": second.id}
    assert stored.open_contexts == (second.id, first.id)
    assert stored.version == 3
    assert (stored.idle_until, stored.expire_at) == (idle_until, mine.expire_at)
    assert stored.created_at == NOW


def test_the_oldest_open_contexts_are_forgotten(live: Live) -> None:
    contexts = [context(live.client) for _ in range(MAX_OPEN_CONTEXTS + 2)]
    mine = session(contexts[0])
    for wanted in contexts:
        opened(live, wanted, session(wanted, id=mine.id))
    stored = live.store.contexts.session(mine.id)
    assert stored is not None
    assert stored.open_contexts == tuple(one.id for one in contexts[2:])


def test_an_ended_session_opens_nothing(live: Live) -> None:
    first, second = context(live.client), context(live.client)
    mine = session(first, ended_at=NOW)
    opened(live, first, mine)
    with pytest.raises(UnauthenticatedError):
        opened(live, second, session(second, id=mine.id))
    assert live.store.contexts.get(live.client, second.id) is None
    assert len(live.events()) == 1


def test_the_answer_to_keep_is_made_from_what_is_stored(live: Live) -> None:
    first, asked = context(live.client, summary="stored"), key()
    opened(live, first, session(first))
    again = first.model_copy(update={"summary": "fresh"})

    def keep(stored: ContextDocument, new: bool) -> KeptAnswer:
        return kept(asked, f"{stored.summary} {new}")

    live.store.contexts.open(again, session(again), event(live.client), keep)
    with pytest.raises(Replayed) as replayed:
        live.store.kept_answers.recall(asked)
    assert replayed.value.body == "stored False"
    with pytest.raises(Replayed):
        live.store.contexts.open(again, session(again), event(live.client), keep)
    assert len(live.events()) == 2


def test_eight_colleagues_who_open_at_once_get_one_context(live: Live) -> None:
    wanted = context(live.client)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: opened(live, wanted, session(wanted)), range(8)))
    assert [new for _, new in answers].count(True) == 1
    assert {found.id for found, _ in answers} == {wanted.id}
    assert len(live.events()) == 8


def test_tabs_of_one_sign_in_may_open_at_once(live: Live) -> None:
    contexts = [context(live.client) for _ in range(6)]
    mine = session(contexts[0])
    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(lambda one: opened(live, one, session(one, id=mine.id)), contexts))
    assert all(new for _, new in answers)
    stored = live.store.contexts.session(mine.id)
    assert stored is not None
    assert set(stored.open_contexts) == {one.id for one in contexts}
    assert stored.version == 6


def test_another_client_sees_no_context_and_cannot_take_its_id(live: Live) -> None:
    wanted = context(live.client)
    opened(live, wanted, session(wanted))
    stranger = uuid4()
    assert live.store.contexts.get(stranger, wanted.id) is None
    with pytest.raises(NotFoundError):
        live.store.contexts.change(stranger, wanted.id, lambda found: Change(found, None))
    theirs = wanted.model_copy(update={"client_id": str(stranger)})
    with pytest.raises(ConflictError):
        live.store.contexts.open(theirs, session(theirs), event(stranger), unkept)
    assert live.store.contexts.get(live.client, wanted.id) == wanted


@pytest.mark.parametrize("context_id", IMPOSSIBLE_IDS)
def test_an_id_that_no_context_can_have_is_not_found(live: Live, context_id: str) -> None:
    with pytest.raises(NotFoundError):
        live.store.contexts.get(live.client, context_id)
    with pytest.raises(NotFoundError):
        live.store.contexts.session(context_id)
    with pytest.raises(NotFoundError):
        live.store.contexts.change(live.client, context_id, lambda found: Change(found, None))


def test_unknown_contexts_and_sessions_are_none(live: Live) -> None:
    assert live.store.contexts.get(live.client, "ctx_unknown") is None
    assert live.store.contexts.session("uid_unknown_1") is None


def test_sixteen_threads_change_one_context_and_none_is_lost(live: Live) -> None:
    wanted = context(live.client)
    opened(live, wanted, session(wanted))

    def decide(found: ContextDocument) -> Change[ContextDocument]:
        return Change(found.model_copy(update={"version": found.version + 1}), None)

    with ThreadPoolExecutor(16) as threads:
        changed = list(
            threads.map(lambda _: live.store.contexts.change(live.client, wanted.id, decide).version, range(16))
        )
    assert sorted(changed) == list(range(2, 18))
    assert len(live.events()) == 1


def test_a_member_is_found_by_uid_alone(live: Live) -> None:
    member = MemberDocument(client_id=str(live.client), user_id=str(uuid4()), role="biller", tokens_valid_after=NOW)
    uid = f"uid-{live.client.hex}"
    members = live.people({uid: member}).members
    assert members.get(uid) == member
    assert members.get("uid-unknown") is None
    for impossible in IMPOSSIBLE_IDS:
        assert members.get(impossible) is None


def test_an_event_added_twice_is_there_once(live: Live) -> None:
    happened = event(live.client, metadata={"route": "GET /x"})
    live.outbox.add(happened)
    live.outbox.add(happened)
    assert live.events() == [happened]


def test_contexts_are_found_by_their_patient_and_by_the_payers_they_rest_on(live: Live) -> None:
    patients, payers = [str(uuid4()) for _ in range(35)], [str(uuid4()) for _ in range(2)]
    made = [
        context(live.client, id=f"ctx_{uuid4().hex}", patient_uuid=one, payer_uuids=(payers[0],) if n < 2 else ())
        for n, one in enumerate(patients)
    ]
    foreign = context(uuid4(), id=f"ctx_{uuid4().hex}", patient_uuid=patients[0], payer_uuids=tuple(payers))
    free = context(live.client, id=f"ctx_{uuid4().hex}", patient_uuid=None)
    for one in (*made, foreign, free):
        opened(live, one, session(one, id=f"uid_{uuid4().int % 10**9}"))

    def found(wanted: list[str], of: list[str]) -> list[str]:
        return sorted(one.id for one in live.store.contexts.about(live.client, patients=wanted, payers=of))

    assert found(patients, payers) == sorted(one.id for one in made)
    assert found(patients[3:4], []) == [made[3].id]
    assert found([], payers) == sorted(one.id for one in made[:2])
    assert found([], payers[1:]) == []
    assert found([], []) == []


def test_open_tasks_are_counted_and_the_newest_count_is_kept(live: Live) -> None:
    wanted = context(live.client)
    opened(live, wanted, session(wanted))
    place = Place(str(live.client), wanted.id)
    mine: dict[str, Any] = {"context_id": wanted.id, "audience": (f"ctx:{wanted.id}",)}
    for members in ({}, {}, {"is_open": False, "state": "completed"}, {"deleted_at": NOW}, {"context_id": "ctx_other"}):
        live.store.tasks.create(task(live.client, **mine | members), event(live.client))
    live.store.tasks.create(task(uuid4(), **mine), event())
    counted = live.open_tasks.count(place)
    assert counted.count == 2
    assert live.open_tasks.keep(place, counted)
    assert not live.open_tasks.keep(place, OpenTasks(9, counted.at))
    assert not live.open_tasks.keep(place, OpenTasks(9, counted.at - timedelta(seconds=1)))
    stored = live.store.contexts.get(live.client, wanted.id)
    assert stored is not None
    assert (stored.open_task_count, stored.open_task_count_at, stored.version) == (2, counted.at, 1)


def test_a_count_is_kept_on_the_organisations_own_context_only(live: Live) -> None:
    wanted = context(live.client)
    opened(live, wanted, session(wanted))
    counted = OpenTasks(5, NOW)
    assert not live.open_tasks.keep(Place(str(uuid4()), wanted.id), counted)
    assert not live.open_tasks.keep(Place(str(live.client), "ctx_unknown"), counted)
    assert not live.open_tasks.keep(Place(str(live.client), "a/b"), counted)
    assert live.store.contexts.get(live.client, wanted.id) == wanted
