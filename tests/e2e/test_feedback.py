"""Feedback from the request to analytics and alerts, and reminders from the task to the alert."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.e2e.person import FEEDBACK, TASKS, Database, LiveStore, Person, Relay, at_once, until

SECONDS = 15.0
RULES = [{"tool": "coverage", "text": "Asked the payer rule", "sources": ["rule:E09"], "milliseconds": "3"}]
DAILY = (
    "SELECT sum(people)::int AS people, sum(up)::int AS up, sum(down)::int AS down, sum(unsafe)::int AS unsafe"
    " FROM feedback_daily WHERE client_id = CAST(:client AS uuid) AND rule = :rule AND mode = 'eligibility'"
)


def test_the_owners_example(manager: Person) -> None:
    said = manager.new_message(manager.open())
    body = {
        "messageId": said,
        "rating": "up",
        "questionnaire": {"improvement": "More details needed", "comments": "Which visit is meant?"},
    }
    given = manager.done("POST", f"{FEEDBACK}/", body)
    assert given == {"success": True, "feedbackId": given["feedbackId"]}
    assert given["feedbackId"].startswith("fb_")
    read = manager.done("GET", f"{FEEDBACK}/{said}")
    assert (read["feedback"]["rating"], read["totals"]["up"], len(read["all"])) == ("up", 1, 1)


def test_another_organisation_and_nobody_know_no_such_message(manager: Person, stranger: Person) -> None:
    said = manager.new_message(manager.open())
    for person, message in ((stranger, said), (manager, "msg_unknown")):
        assert person.call("POST", f"{FEEDBACK}/", {"messageId": message, "rating": "up"}).status_code == 404
        assert person.call("GET", f"{FEEDBACK}/{message}").status_code == 404


def test_feedback_at_once_is_one(manager: Person) -> None:
    said = manager.new_message(manager.open())
    ratings = ["up", "down"] * 10
    given = at_once(20, lambda n: manager.done("POST", f"{FEEDBACK}/rating", {"messageId": said, "rating": ratings[n]}))
    assert len({one["feedbackId"] for one in given}) == 1
    read = manager.done("GET", f"{FEEDBACK}/{said}")
    assert read["totals"]["people"] == 1
    # Each one that differed from the one before it is kept; none is lost, none counts twice.
    assert len(read["feedback"]["history"]) == read["feedback"]["version"] - 1 <= 19


def test_ratings_arrive_in_the_database_once_whatever_the_events_went_through(
    signed_in: Callable[..., Person], database: Database, relay: Relay
) -> None:
    people = [signed_in(role) for role in ("manager", "front_desk", "eligibility_specialist")]
    rule = f"T{time.time_ns()}"
    steps = [RULES[0] | {"sources": [f"rule:{rule}"]}]
    with relay.faults(seed=7, duplicate=0.6, delay=0.5, reorder=0.3):
        said = people[0].new_message(people[0].open(), thinking=steps)
        for rating in ("up", "down", "up"):
            for one in people:
                one.done("POST", f"{FEEDBACK}/rating", {"messageId": said, "rating": rating})
        people[0].done("POST", f"{FEEDBACK}/rating", {"messageId": said, "rating": "down", "reasons": ["unsafe"]})

        def added_up() -> list[dict[str, Any]]:
            rows = database.rows(DAILY, client=people[0].claims["clientId"], rule=rule)
            return rows if rows == [{"people": 3, "up": 2, "down": 1, "unsafe": 1}] else []

        until(added_up, seconds=SECONDS, what="three people's feedback")
    until(lambda: relay.status()["pending"] == 0, seconds=SECONDS, what="the relay's last delivery")
    assert added_up()


def test_an_unsafe_answer_raises_one_alert(manager: Person, live_store: LiveStore) -> None:
    said = manager.new_message(manager.open())
    for rating in ("down", "up", "down"):
        manager.done("POST", f"{FEEDBACK}/", {"messageId": said, "rating": rating, "reasons": ["wrong_patient"]})
    (alert,) = live_store.with_member("alerts", "message.params.messageId", said)
    assert alert["severity"] == "critical"


@pytest.mark.parametrize("runs", [1, 4])
def test_a_reminder_reaches_an_alert_once(
    manager: Person, live_store: LiveStore, database: Database, runs: int
) -> None:
    at = datetime.now(UTC) + timedelta(seconds=2)
    task = manager.new_task(manager.open(), remindAt=[at.isoformat()], assignedTo="role:biller")
    assert datetime.fromisoformat(task["nextReminderAt"]) == at
    url = manager.stack.functions["send_reminders"] + "/"

    def sent() -> list[dict[str, Any]]:
        at_once(runs, lambda _: httpx.post(url, timeout=60, trust_env=False).raise_for_status())
        return live_store.with_member("alerts", "message.params.taskId", task["id"])

    (alert,) = until(sent, seconds=30, what="the reminder's alert")
    assert alert["severity"] == "info"
    assert len(sent()) == 1
    (shown,) = manager.done("GET", f"{TASKS}/", contextId=task["contextId"])["tasks"]
    assert (shown["nextReminderAt"], shown["version"]) == (None, 1)
    rows = "SELECT user_id, client_id FROM audit_logs WHERE action = 'task:remind' AND metadata->'taskIds' ? :task"
    (row,) = until(lambda: database.rows(rows, task=task["id"]), seconds=SECONDS, what="the reminder's audit row")
    assert (row["user_id"], str(row["client_id"])) == (None, manager.claims["clientId"])
