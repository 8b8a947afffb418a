"""An e-mail's answer is followed up whenever that is asked for: before it is sent, and all the more afterwards."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from shared.models.firestore.documents import TaskDocument
from shared.models.roles import Role
from tests.functions.draft_office import MODE, DraftOffice
from tests.functions.in_memory import Answer, InMemoryProduct, account
from tests.functions.test_draft_sending import heard

DAY, LATER = "2099-01-05", "2099-02-09"


@pytest.fixture
def office(product: InMemoryProduct) -> DraftOffice:
    return DraftOffice(product)


def asked(office: DraftOffice, draft: Any, day: str = DAY, **headers: Any) -> Answer:
    params = {"draftId": draft["id"], "followUpOn": day}
    body = {"action": "create_follow_up_task", "contextId": draft["contextId"], "params": params}
    return office.ask("POST", f"{MODE}/quick-action", body, **headers)


def followed_up(office: DraftOffice, draft: Any, day: str = DAY, **headers: Any) -> Any:
    answer = asked(office, draft, day, **headers)
    assert answer.status == 200, answer.json
    return answer.json["data"]["draft"]


def tasks(office: DraftOffice) -> dict[str, TaskDocument]:
    held = office.product.live.documents.tasks
    return {one.id: one for one in held.values() if one.source == "rule:email_follow_up"}


def brought(office: DraftOffice, state: str, **members: Any) -> Any:
    sent = office.sent(**members)
    if state == "delivered":
        heard(office, sent["messageId"], action="delivered", status="2.0.0")
    return office.read(sent)


@pytest.mark.parametrize("state", ["sent", "delivered"])
def test_what_is_out_is_followed_up_by_one_task_however_often_that_is_asked(office: DraftOffice, state: str) -> None:
    sent = brought(office, state)
    first = followed_up(office, sent)
    assert (first["state"], first["followUpOn"]) == (state, DAY)
    task = tasks(office)[first["followUpTask"]]
    assert (task.state, task.assigned_to) == ("scheduled", str(account(Role.FRONT_DESK).user_id))
    again = followed_up(office, sent)
    assert (again["version"], again["followUpTask"]) == (first["version"], first["followUpTask"])
    assert len(tasks(office)) == 1
    office.step(sent, "answered")
    assert tasks(office)[first["followUpTask"]].state == "auto_closed"


def test_the_day_that_was_set_before_the_sending_is_asked_for_once(office: DraftOffice) -> None:
    sent = office.sent(followUpOn=DAY)
    assert followed_up(office, sent)["followUpTask"] == sent["followUpTask"]
    assert len(tasks(office)) == 1


def test_of_many_who_ask_at_once_one_makes_the_task(office: DraftOffice) -> None:
    sent = office.sent()
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: asked(office, sent), range(16)))
    assert {one.status for one in answers} == {200}
    assert len(tasks(office)) == 1


def test_a_repeated_key_follows_up_once(office: DraftOffice) -> None:
    sent = office.sent()
    first = followed_up(office, sent, Idempotency_Key="one")
    assert followed_up(office, sent, Idempotency_Key="one") == first
    assert len(tasks(office)) == 1


def test_another_day_takes_the_place_of_the_one_before_and_may_be_taken_back(office: DraftOffice) -> None:
    sent = office.sent(followUpOn=DAY)
    for day in (LATER, DAY):
        now = followed_up(office, sent, day)
        states = {one.id: one.state for one in tasks(office).values()}
        assert now["followUpOn"] == day
        assert [name for name, state in states.items() if state == "scheduled"] == [now["followUpTask"]]


def test_what_came_back_is_followed_up_when_it_is_sent_anew(office: DraftOffice) -> None:
    sent = office.sent()
    heard(office, sent["messageId"])
    planned = followed_up(office, sent)
    assert (planned["state"], planned["followUpOn"], planned["followUpTask"]) == ("bounced", DAY, None)
    assert tasks(office) == {}
    fixed = office.done("PUT", f"{MODE}/drafts/{sent['id']}", {"recipient": {"address": "new@patients.example"}})
    office.step(fixed, "submit")
    office.step(fixed, "approve", {"contentHash": fixed["contentHash"]}, role=Role.MANAGER)
    assert office.step(fixed, "send")["followUpTask"] in tasks(office)


@pytest.mark.parametrize(
    ("steps", "code"),
    [(("discard",), "invalid_transition"), (("retract",), "invalid_transition"), (("answered",), "answered")],
)
def test_nobody_waits_for_the_answer_to_what_is_put_away_taken_back_or_answered(
    office: DraftOffice, steps: tuple[str, ...], code: str
) -> None:
    draft = office.draft() if steps == ("discard",) else office.sent()
    for step in steps:
        office.step(draft, step, {} if step == "answered" else {"reason": "x"})
    refused = asked(office, draft)
    assert (refused.status, refused.json["code"]) == (409, code)
    assert tasks(office) == {}
