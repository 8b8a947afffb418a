"""Functions that are killed between handing an e-mail over and recording it: it is never sent again by itself."""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.draft_writes import new_draft
from tests.e2e.person import LiveStore, Person, until
from tests.permission_ids import DRAFTS
from tests.stack import RunningStack, started_stack

# Each process of the functions dies when it has handed over its first message.
KILLED_AT = "draft.handed_over@1"
LONG_AGO = "2026-01-01T00:00:00Z"
SECONDS = 60.0


@pytest.fixture(scope="module")
def deadly_stack() -> Iterator[RunningStack]:
    with started_stack({"MOBIUS_SCHEDULE_SECONDS": "3", "MOBIUS_FAILPOINTS": KILLED_AT}) as running:
        yield running


def written(stack: RunningStack) -> dict[str, tuple[int, bytes]]:
    """The outbox: each file with its time and content."""
    files = Path(stack.file.parent / "outbox").glob("*.eml")
    return {file.name: (file.stat().st_mtime_ns, file.read_bytes()) for file in files}


def test_a_message_that_was_handed_over_by_a_killed_process_is_never_sent_again_by_itself(
    deadly_stack: RunningStack, http: httpx.Client
) -> None:
    manager, store = Person(deadly_stack, http, role="manager"), LiveStore(deadly_stack, http)
    draft = new_draft(manager, "submit", "approve")
    path, before = f"{DRAFTS}/{draft['id']}", deadly_stack.pids["functions"]
    died = manager.call("POST", f"{path}/send", {})
    assert died.status_code >= 500, died.text
    until(lambda: deadly_stack.pids.get("functions", before) != before, seconds=SECONDS, what="functions again")
    ((name, (at, raw)),) = written(deadly_stack).items()

    def read() -> Any:
        try:
            answer = manager.call("GET", path)
        except httpx.TransportError:
            return None
        return answer.json() if answer.is_success else None

    left = until(read, seconds=SECONDS, what="an answer of the functions that were started again")
    assert (left["state"], left["sentAt"]) == ("sending", None)
    assert message_from_bytes(raw, policy=default)["Message-ID"] == left["messageId"]
    refused = manager.call("POST", f"{path}/send", {})
    assert (refused.status_code, refused.json()["current"]) == (409, "sending")
    store.set_time(f"drafts/{draft['id']}", "attendAt", LONG_AGO)
    until(lambda: read()["state"] == "send_unknown", seconds=SECONDS, what="the sweep")
    version = read()["version"]
    store.set_time(f"drafts/{draft['id']}", "sortAt", LONG_AGO)  # a write that wakes nobody
    other = new_draft(manager)  # time for several more sweeps
    assert read()["version"] == version
    assert written(deadly_stack) == {name: (at, raw)}, "it was handed over again"
    undecided = manager.call("POST", f"{path}/send", {})
    assert undecided.json()["allowed"] == ["resend", "mark_sent"]
    settled = manager.done("POST", f"{path}/send", {"decision": "was_sent"})
    assert (settled["state"], settled["messageId"]) == ("sent", left["messageId"])
    assert manager.done("GET", f"{DRAFTS}/{other['id']}")["state"] == "draft"
