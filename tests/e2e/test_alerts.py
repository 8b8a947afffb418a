"""Alerts end to end: from the API through the trigger into inboxes, seen by the Firebase client SDK and by the API."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.person import ALERTS, TASKS, Database, Person, Relay, at_once, unique, until
from tests.stack import LAKESIDE, RIVERSIDE, ROOT

PROGRAM = Path(__file__).with_name("inbox_sdk.mjs")
SECONDS = 20.0
REFUSED = (
    "othersEntry",
    "managersLook",
    "strangersLook",
    "othersInbox",
    "allInboxes",
    "withoutClient",
    "update",
    "remove",
    "alert",
    "roster",
)


@pytest.fixture(scope="module")
def seen(manager: Person) -> Any:
    """What the listeners saw, in one run."""
    stack = manager.stack
    people = {
        "manager": ("manager", RIVERSIDE),
        "first": ("biller", RIVERSIDE),
        "second": ("front_desk", RIVERSIDE),
        "bystander": ("eligibility_specialist", RIVERSIDE),
        "stranger": ("biller", LAKESIDE),
    }
    known = {(one["role"], one["client"]): one for one in stack.described["signIns"]}
    asked = {
        "project": stack.project,
        "gateway": stack.gateway,
        "auth": stack.auth,
        "firestore": stack.firestore,
        "roles": ["biller", "front_desk"],
        "people": {
            name: {part: known[place][part] for part in ("email", "password")} for name, place in people.items()
        },
    }
    node = shutil.which("node")
    assert node is not None, "Node.js 20 or newer is needed: install it"
    done = subprocess.run(
        [node, str(PROGRAM)],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "STACK": json.dumps(asked)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{done.stderr}\n{done.stdout}"
    return json.loads(done.stdout)


def test_an_alert_arrives_at_every_recipients_listener(seen: Any) -> None:
    assert seen["alert"] == {"severity": "critical", "text": "The payer portal is down", "count": 1}
    assert seen["milliseconds"] < SECONDS * 1000


def test_nobody_elses_listener_sees_it(seen: Any) -> None:
    assert seen["bystanders"] == 0


def test_an_acknowledgement_is_seen_by_its_person_alone(seen: Any) -> None:
    assert seen["acknowledged"] == {"own": "handled", "other": None}


def test_its_end_is_seen_by_everybody(seen: Any) -> None:
    assert seen["resolved"] is True
    assert seen["ownEntryState"] == "resolved"


def test_everything_else_is_denied(seen: Any) -> None:
    assert seen["refused"] == dict.fromkeys(REFUSED, "permission-denied")


def alert(person: Person, *roles: str, **members: Any) -> dict[str, Any]:
    body = {"message": "The payer portal is down", "audience": {"roles": list(roles)}} | members
    made: dict[str, Any] = person.done("POST", f"{ALERTS}/", body)
    return made


def inbox(person: Person, **query: str) -> dict[str, dict[str, Any]]:
    listed = person.done("GET", f"{ALERTS}/", limit="100", **query)["alerts"]
    return {one["id"]: one for one in listed}


def test_an_alert_is_listed_where_it_is_for_and_goes_when_it_is_over(
    signed_in: Callable[..., Person], manager: Person
) -> None:
    biller, desk = signed_in("biller"), signed_in("front_desk")
    ends = datetime.now(UTC) + timedelta(seconds=4)
    made = alert(manager, "biller", expiresAt=ends.isoformat())
    until(lambda: made["id"] in inbox(biller), seconds=SECONDS, what="the alert in the list")
    assert made["id"] not in inbox(desk)
    until(lambda: made["id"] not in inbox(biller), seconds=SECONDS, what="its end")
    late = biller.call("PUT", f"{ALERTS}/{made['id']}/acknowledge", {})
    assert (late.status_code, late.json()["code"]) == (409, "invalid_transition")


def test_many_who_say_the_same_at_once_meet_in_one_alert(
    signed_in: Callable[..., Person], manager: Person, relay: Relay
) -> None:
    biller, key = signed_in("biller"), unique("portal")
    answers = at_once(
        12,
        lambda _: manager.call(
            "POST",
            f"{ALERTS}/",
            {"message": "Down", "audience": {"roles": ["biller"]}, "dedupeKey": key},
        ),
    )
    assert {answer.status_code for answer in answers} <= {200, 201}
    assert [answer.status_code for answer in answers].count(201) == 1
    (alert_id,) = {answer.json()["id"] for answer in answers}

    def counted() -> bool:
        found = inbox(biller).get(alert_id)
        return found is not None and found["count"] == 12

    until(counted, seconds=SECONDS, what="the twelfth count in the inbox")
    assert relay.status()["deadLetters"] == []


def test_events_in_disorder_leave_the_right_inbox(
    signed_in: Callable[..., Person], manager: Person, relay: Relay
) -> None:
    biller, desk = signed_in("biller"), signed_in("front_desk")
    with relay.faults(seed=7, duplicate=0.5, reorder=0.5, hold=1.0, delay=0.3):
        key = unique("storm")
        kept = [alert(manager, "biller", dedupeKey=key, severity=one)["id"] for one in ("info", "warning", "critical")]
        over = alert(manager, "biller", "front_desk")["id"]
        biller.done("PUT", f"{ALERTS}/{over}/acknowledge", {"outcome": "handled"})
        manager.done("POST", f"{ALERTS}/{over}/resolve")
        until(lambda: relay.status()["pending"] == 0, seconds=40, what="the relay's last delivery")
    found = inbox(biller)
    assert set(kept) == {kept[0]}
    assert (found[kept[0]]["count"], found[kept[0]]["severity"]) == (3, "critical")
    assert over not in found
    assert over not in inbox(desk)
    again = biller.done("PUT", f"{ALERTS}/{over}/acknowledge", {})
    assert (again["outcome"], again["state"]) == ("handled", "resolved")


def test_a_new_assignee_finds_it_in_the_inbox(signed_in: Callable[..., Person], manager: Person) -> None:
    biller = signed_in("biller")
    context = manager.open()
    task = manager.new_task(context, assignedTo=biller.claims["userId"])

    def told() -> dict[str, Any] | None:
        return next((one for one in inbox(biller).values() if one["params"].get("taskId") == task["id"]), None)

    found = until(told, seconds=SECONDS, what="the assignment in the inbox") or {}
    assert (found["code"], found["source"], found["contextId"]) == ("task_assigned", "task", context)
    manager.done("POST", f"{TASKS}/{task['id']}/complete", {})
    until(lambda: told() is None, seconds=SECONDS, what="the end of what is no news any more")


def test_follow_ups_and_pairs_appear_in_the_lists(manager: Person) -> None:
    context = manager.open()
    first = manager.new_task(context, type="shared", followUp={"label": "Call back", "inDays": 2})
    other = manager.new_task(context, type="backend", linkedTo=first["id"])

    def tasks() -> dict[str, str]:
        listed = manager.done("GET", f"{TASKS}/", contextId=context)["tasks"]
        return {one["label"] if one["follows"] else one["id"]: one["state"] for one in listed}

    manager.done("POST", f"{TASKS}/{other['id']}/complete", {})
    ended = {first["id"]: "completed", other["id"]: "completed", "Call back": "open"}
    until(lambda: tasks() == ended, seconds=SECONDS, what="both sides completed, and what follows")
    manager.done("POST", f"{TASKS}/{first['id']}/reopen", {})
    again = {first["id"]: "open", other["id"]: "open", "Call back": "auto_closed"}
    until(lambda: tasks() == again, seconds=SECONDS, what="both sides open again, and nothing that follows")


def test_each_step_is_in_the_audit_log(signed_in: Callable[..., Person], manager: Person, database: Database) -> None:
    biller = signed_in("biller")
    steps: list[tuple[Person, str, str, Any]] = [
        (manager, "POST", "/", {"message": "Down", "audience": {"roles": ["biller"]}}),
        (biller, "PUT", "/{}/acknowledge", {}),
        (biller, "POST", "/{}/snooze", {"until": (datetime.now(UTC) + timedelta(hours=1)).isoformat()}),
        (biller, "POST", "/{}/resolve", None),
    ]
    alert_id, asked = "", []
    for person, method, path, body in steps:
        request_id = unique("alert")
        answer = person.call(method, ALERTS + path.format(alert_id), body, headers={"X-Request-Id": request_id})
        assert answer.is_success, answer.text
        alert_id = answer.json()["id"]
        asked.append(request_id)
    actions = ["alert:create", "alert:acknowledge", "alert:snooze", "alert:resolve"]

    def recorded() -> bool:
        rows = [database.audit_rows(request_id) for request_id in asked]
        return [[row["action"] for row in some] for some in rows] == [[action] for action in actions]

    until(recorded, seconds=SECONDS, what="one audit row for each step")
