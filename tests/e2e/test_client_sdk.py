"""The real Firebase client SDK under the real security rules, beside the API (see client_sdk.mjs)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.person import Person
from tests.stack import ROOT

PROGRAM = Path(__file__).with_name("client_sdk.mjs")
REFUSED = (
    "otherContext",
    "otherTasks",
    "allTasks",
    "othersThread",
    "everyThread",
    "allContexts",
    "outbox",
    "update",
    "remove",
    "create",
    "updateContext",
    "unknownCollection",
)


@pytest.fixture(scope="module")
def seen(manager: Person, stranger: Person) -> Any:
    """What the client saw, in one run."""
    stack = manager.stack
    sign_in = next(
        one for one in stack.described["signIns"] if (one["role"], one["client"]) == ("manager", manager.client)
    )
    asked = {
        "project": stack.project,
        "gateway": stack.gateway,
        "auth": stack.auth,
        "firestore": stack.firestore,
        "email": sign_in["email"],
        "password": sign_in["password"],
        "otherContext": stranger.open(),
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


def test_a_context_that_the_api_opened_can_be_listened_to(seen: Any) -> None:
    assert seen["sameRecord"] is True
    assert (seen["context"]["mode"], seen["context"]["openTaskCount"]) == ("eligibility", 0)


def test_a_task_made_through_the_api_arrives_at_the_listener(seen: Any) -> None:
    assert seen["task"] == {"sameId": True, "label": "Call the payer"}


def test_the_open_task_count_follows_at_the_listener(seen: Any) -> None:
    assert seen["openTaskCount"] == 1
    assert seen["completed"] is True


def test_a_reply_arrives_at_who_listens_to_the_own_thread(seen: Any) -> None:
    assert seen["reply"] == {"sameId": True, "sameContent": True}


def test_everything_else_is_denied(seen: Any) -> None:
    assert seen["refused"] == dict.fromkeys(REFUSED, "permission-denied")
