"""The AI SDK's own client, from npm, in Node: through the gateway, on real stores (see ai_sdk.mjs)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from shared.domain.chat import FAILED
from tests.e2e.chat_instances import chat_instance
from tests.e2e.person import Person
from tests.stack import ROOT, RunningStack

PROGRAM = Path(__file__).with_name("ai_sdk.mjs")
CONTEXTS = 7


def counted(to: int) -> str:
    return "".join(f"{number} " for number in range(to)) + "done"


@pytest.fixture(scope="module")
def seen(stack: RunningStack, manager: Person, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What the client saw, in one run: one streaming gateway and one that passes finished answers on."""
    folder = tmp_path_factory.mktemp("chat")
    node = shutil.which("node")
    assert node is not None, "Node.js 20 or newer is needed: install it"
    with (
        chat_instance(stack, folder) as streaming,
        chat_instance(stack, folder, MOBIUS_STREAMS="finite") as finite,
    ):
        asked = {
            "gateway": streaming.gateway,
            "finite": finite.gateway,
            "token": manager.token,
            "contexts": [manager.open() for _ in range(CONTEXTS)],
        }
        done = subprocess.run(
            [node, str(PROGRAM)],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "CHAT": json.dumps(asked)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 0, f"{done.stderr}\n{done.stdout}"
    return json.loads(done.stdout)


def test_its_chat_shows_the_reply_as_it_is_stored(seen: Any) -> None:
    answered = seen["answered"]
    assert (answered["status"], answered["finished"]) == ("ready", {"finishReason": "stop", "isError": False})
    assert answered["roles"] == ["user", "assistant"] * 2
    assert answered["text"] == "You asked: And her son? That is all."
    assert (answered["sameId"], answered["sameText"], answered["sameThread"]) == (True, True, True)


def test_its_parts_are_the_steps_the_text_the_sources_and_the_offers(seen: Any) -> None:
    answered = seen["answered"]
    assert answered["kinds"] == [
        "reasoning:done",
        "dynamic-tool:output-available",
        "text:done",
        "data-citation",
        "text:done",
        "data-guidance",
    ]
    assert answered["data"] == ["data-citation", "data-guidance"] * 2
    assert answered["metadata"]["status"] == "complete"


def test_its_resume_after_a_dropped_connection_has_the_whole_reply(seen: Any) -> None:
    dropped = seen["dropped"]
    assert dropped["errors"] == ["network error"]
    assert (dropped["before"]["status"], dropped["before"]["whole"]) == ("error", False)
    assert (dropped["status"], dropped["text"]) == ("ready", counted(30))
    assert (dropped["sameId"], dropped["sameText"]) == (True, True)
    assert dropped["messages"] == dropped["before"]["messages"] == 2


def test_a_page_loaded_anew_resumes_the_reply_that_is_being_written(seen: Any) -> None:
    reloaded = seen["reloaded"]
    assert (reloaded["known"], reloaded["wasWriting"]) == (1, True)
    assert (reloaded["status"], reloaded["messages"], reloaded["sameText"]) == ("ready", 2, True)
    assert reloaded["ending"] == "complete"  # its stop() ends the connection; the run is the server's


def test_stopping_ends_its_stream_with_what_is_stored(seen: Any) -> None:
    assert seen["stopped"] == {"status": "ready", "stored": "stopped", "metadata": "stopped", "sameText": True}


def test_the_same_post_with_the_same_key_is_the_same_reply(seen: Any) -> None:
    assert seen["repeated"] == {"same": True, "stored": 2}


def test_a_refusal_is_an_error_with_its_code(seen: Any) -> None:
    assert seen["refused"] == {"status": "error", "errors": ["not_found"]}


def test_a_run_that_fails_is_an_error_in_words_beside_what_was_said(seen: Any) -> None:
    assert seen["failed"] == {"status": "error", "error": FAILED.text, "text": "0 1 2 "}


def test_a_finite_gateway_looks_the_same_to_its_chat(seen: Any) -> None:
    finite = seen["finite"]
    assert (finite["status"], finite["sameText"], finite["text"]) == ("ready", True, counted(14))
    assert (finite["pieces"], finite["parts"]) == (2, 2)
