"""A Firestore commit whose answer is lost on the way takes effect once, and its request gets its answer."""

from __future__ import annotations

import pytest

from shared.errors import PreconditionFailedError
from shared.models.audit import AuditEvent
from shared.models.firestore.documents import ContextDocument, TaskDocument
from shared.models.replay import Replayed
from shared.repositories.firestore.audit_outbox import FirestoreAuditOutbox
from shared.repositories.protocols import Change, Changes, KeptAnswer
from tests.contract.line import Office
from tests.contract.test_documents import alert, feedback
from tests.unit.factories import context, event, kept, key, session, task


def test_a_new_task_is_made_once(lost: Office) -> None:
    lost.line.losing = 1
    given = task(lost.client)
    assert lost.store.tasks.create(given, event(lost.client)) is None
    assert lost.store.tasks.get(lost.client, given.id) == given
    assert len(lost.events()) <= 1


def test_a_task_whose_id_somebody_else_has_is_not_taken_for_ours(office: Office) -> None:
    given = office.task()
    office.line.losing, office.line.arrives = 1, False
    assert office.store.tasks.create(given.model_copy(update={"label": "x"}), event(office.client)) == given


def test_a_change_is_decided_once_and_leaves_one_event(lost: Office) -> None:
    given = lost.task()
    lost.line.losing = 1
    made: list[AuditEvent] = []

    def decide(found: TaskDocument) -> Change[TaskDocument]:
        if found.version != 1:  # what If-Match does
            raise PreconditionFailedError
        made.append(event(lost.client))
        return Change(found.model_copy(update={"version": 2}), made[-1])

    assert lost.store.tasks.change(lost.client, given.id, decide).version == 2
    assert len(made) == 1
    assert lost.line.sent == 1
    assert [one.id for one in lost.events()] in ([made[0].id], [])


def test_an_event_keeps_its_id_when_the_commit_is_sent_again(office: Office) -> None:
    given = office.task()
    office.line.losing, office.line.arrives = 2, False
    made: list[AuditEvent] = []

    def decide(found: TaskDocument) -> Change[TaskDocument]:
        made.append(event(office.client))
        return Change(found.model_copy(update={"version": found.version + 1}), made[-1])

    assert office.store.tasks.change(office.client, given.id, decide).version == 2
    assert len(made) == 3
    assert [one.id for one in office.events()] == [made[0].id]


def test_a_change_that_somebody_else_wrote_over_is_still_ours(office: Office) -> None:
    given = office.task()
    office.line.losing = 1
    office.line.meanwhile = lambda: office.direct.document(f"tasks/{given.id}").update({"lastEventId": "theirs"})

    def decide(found: TaskDocument) -> Change[TaskDocument]:
        return Change(found.model_copy(update={"version": found.version + 1}), event(office.client))

    assert office.store.tasks.change(office.client, given.id, decide).version == 2
    assert (office.store.tasks.get(office.client, given.id) or given).version == 2
    assert len(office.events()) == 1


def test_a_repetition_that_changes_nothing_leaves_one_event_and_its_answer(office: Office) -> None:
    given, asked = office.task(), key()
    office.line.losing = 1
    same = office.store.tasks.change(
        office.client, given.id, lambda found: Change(found, event(office.client), kept(asked))
    )
    assert same == given
    assert len(office.events()) == 1
    with pytest.raises(Replayed):
        office.store.kept_answers.recall(asked)


def test_several_tasks_are_changed_once(lost: Office) -> None:
    tasks = [lost.task(), lost.task()]
    lost.line.losing = 1

    def decide(found: dict[str, TaskDocument]) -> Changes[TaskDocument]:
        changed = tuple(one.model_copy(update={"version": one.version + 1}) for one in found.values())
        return Changes(changed, event(lost.client))

    lost.store.tasks.change_several(lost.client, [one.id for one in tasks], decide)
    assert [(lost.store.tasks.get(lost.client, one.id) or one).version for one in tasks] == [2, 2]
    assert lost.line.sent == 1


def test_what_comes_with_a_change_comes_once(lost: Office) -> None:
    given, follower = lost.task(), task(lost.client)
    lost.line.losing = 1

    def decide(found: TaskDocument) -> Change[TaskDocument]:
        changed = found.model_copy(update={"version": found.version + 1, "follower_id": follower.id})
        return Change(changed, event(lost.client), None, (follower,))

    assert lost.store.tasks.change(lost.client, given.id, decide).version == 2
    assert lost.store.tasks.get(lost.client, follower.id) == follower
    assert lost.line.sent == 1


@pytest.mark.parametrize("arrives", [False, True])
def test_feedback_is_stored_once_with_its_alert(office: Office, arrives: bool) -> None:
    office.line.losing, office.line.arrives = 1, arrives
    given, raised = feedback(office.client), alert(office.client)
    assert office.store.feedback.create(given, event(office.client), None, (raised,)) == (given, True)
    assert office.store.alerts.get(office.client, raised.id) is not None
    assert len(office.events()) == 1


@pytest.mark.parametrize("known", [False, True])
def test_a_context_is_opened_once_and_said_to_be_new_when_it_is(lost: Office, known: bool) -> None:
    wanted = context(lost.client)
    mine = session(wanted)
    if known:
        lost.store.contexts.open(wanted, mine, event(lost.client), _unkept)
        lost.relay()
    lost.line.losing, lost.line.sent = 1, 0
    assert lost.store.contexts.open(wanted, mine, event(lost.client), _unkept) == (wanted, not known)
    assert lost.line.sent == 1
    stored = lost.store.contexts.session(mine.id)
    assert stored is not None
    assert stored.version == (2 if known else 1)


def test_an_event_of_its_own_is_stored_once(office: Office) -> None:
    office.line.losing = 1
    happened = event(office.client)
    FirestoreAuditOutbox(office.losing).add(happened)
    assert office.events() == [happened]


def _unkept(_context: ContextDocument, _new: bool) -> KeptAnswer | None:
    return None
