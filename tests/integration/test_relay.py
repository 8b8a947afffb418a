"""The trigger relay on the Firestore and Pub/Sub emulators, with the real event functions behind it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from shared.models.identifiers import document_id
from tests.integration.pipeline import CLIENT, Pipeline, running_pipeline
from tests.integration.serving import until


@pytest.fixture(scope="module")
def pipeline() -> Iterator[Pipeline]:
    with running_pipeline() as running:
        yield running


@pytest.fixture(autouse=True)
def _no_faults(pipeline: Pipeline) -> None:
    chaos(pipeline)


def chaos(pipeline: Pipeline, **members: float) -> httpx.Response:
    return httpx.post(pipeline.settings.url("relay") + "/chaos", json=members, trust_env=False)


def make_context(pipeline: Pipeline, *, client: Any = CLIENT) -> str:
    context_id = document_id("ctx")
    pipeline.store.collection("contexts").document(context_id).create(
        {"clientId": str(client), "version": 7, "openTaskCount": 0, "openTaskCountAt": None}
    )
    return context_id


def make_task(pipeline: Pipeline, context_id: str, **changes: Any) -> Any:
    reference = pipeline.store.collection("tasks").document(document_id("task"))
    members = {"clientId": str(CLIENT), "contextId": context_id, "isOpen": True, "deletedAt": None, "label": "l"}
    reference.create(members | changes)
    return reference


def context(pipeline: Pipeline, context_id: str) -> dict[str, Any]:
    return pipeline.store.collection("contexts").document(context_id).get().to_dict() or {}


def wait_for_count(pipeline: Pipeline, context_id: str, count: int) -> None:
    until(lambda: context(pipeline, context_id)["openTaskCount"] == count)


def settled(pipeline: Pipeline) -> None:
    until(lambda: pipeline.relay_status()["pending"] == 0)


def test_the_context_counts_its_open_tasks_and_keeps_its_version(pipeline: Pipeline) -> None:
    context_id = make_context(pipeline)
    tasks = [make_task(pipeline, context_id) for _ in range(3)]
    make_task(pipeline, context_id, isOpen=False)
    make_task(pipeline, context_id, deletedAt=datetime.now(UTC))
    make_task(pipeline, context_id, clientId="another")
    wait_for_count(pipeline, context_id, 3)
    tasks[0].update({"isOpen": False, "completed": True})
    wait_for_count(pipeline, context_id, 2)
    tasks[1].update({"deletedAt": datetime.now(UTC)})
    wait_for_count(pipeline, context_id, 1)
    tasks[2].delete()
    wait_for_count(pipeline, context_id, 0)
    assert context(pipeline, context_id)["version"] == 7


def test_a_task_that_moves_is_counted_where_it_is(pipeline: Pipeline) -> None:
    first, second = make_context(pipeline), make_context(pipeline)
    task = make_task(pipeline, first)
    wait_for_count(pipeline, first, 1)
    task.update({"contextId": second})
    wait_for_count(pipeline, second, 1)
    wait_for_count(pipeline, first, 0)


def test_events_that_are_doubled_delayed_and_reordered_leave_the_right_count(pipeline: Pipeline) -> None:
    context_id = make_context(pipeline)
    assert chaos(pipeline, seed=7, delay=0.3, duplicate=0.5, reorder=0.3, hold=0.7).is_success
    tasks = [make_task(pipeline, context_id) for _ in range(20)]
    for task in tasks[:13]:
        task.update({"isOpen": False})
    settled(pipeline)
    counts = pipeline.relay_status()["counts"]
    assert counts["delivered"] > counts["accepted"]
    assert context(pipeline, context_id)["openTaskCount"] == 7


def test_a_missing_or_foreign_context_is_left_alone(pipeline: Pipeline) -> None:
    foreign = make_context(pipeline, client="another")
    make_task(pipeline, foreign)
    make_task(pipeline, "ctx_missing")
    settled(pipeline)
    assert context(pipeline, foreign)["openTaskCountAt"] is None
    assert context(pipeline, "ctx_missing") == {}
    assert pipeline.relay_status()["counts"].get("deadLettered", 0) == 0


def test_an_event_over_512_kb_is_dropped_as_in_production(pipeline: Pipeline) -> None:
    context_id = make_context(pipeline)
    make_task(pipeline, context_id, label="x" * 600_000)
    until(lambda: pipeline.relay_status()["counts"].get("oversized") == 1)
    settled(pipeline)
    assert context(pipeline, context_id)["openTaskCount"] == 0


def test_a_path_outside_ascii_reaches_the_function(pipeline: Pipeline) -> None:
    context_id = make_context(pipeline)
    members = {"clientId": str(CLIENT), "contextId": context_id, "isOpen": True, "deletedAt": None}
    pipeline.store.collection("tasks").document('täsk 100% "1"').create(members)
    wait_for_count(pipeline, context_id, 1)


def test_a_restarted_relay_registers_again_and_goes_on(pipeline: Pipeline) -> None:
    pipeline.kill_relay()
    pipeline.start_relay()
    assert set(pipeline.relay_status()["registered"]) == {"on_task_written", "relay_audit_event", "write_audit_log"}
    context_id = make_context(pipeline)
    make_task(pipeline, context_id)
    wait_for_count(pipeline, context_id, 1)


def test_an_event_is_sent_again_while_its_function_is_down(pipeline: Pipeline) -> None:
    context_id = make_context(pipeline)
    pipeline.functions.ask_to_stop()
    pipeline.functions.stop()
    make_task(pipeline, context_id)
    until(lambda: pipeline.relay_status()["counts"].get("retried", 0) >= 1)
    pipeline.functions.start()
    wait_for_count(pipeline, context_id, 1)
    settled(pipeline)
    assert pipeline.relay_status()["deadLetters"] == []


def test_what_the_emulators_did_not_send_is_refused(pipeline: Pipeline) -> None:
    relay = pipeline.settings.url("relay")
    answers = [
        httpx.post(relay + path, content=b"%", trust_env=False).status_code
        for path in (
            "/functions/projects/p/triggers/on_task_written",
            "/functions/projects/p/triggers/write_audit_log",
            "/chaos",
        )
    ]
    assert answers == [404, 404, 400]


@pytest.mark.parametrize("function", ["on-task-written", "relay-audit-event", "write-audit-log"])
def test_a_forged_event_has_no_effect_and_is_not_echoed(pipeline: Pipeline, function: str) -> None:
    for options in ({"content": b"canary"}, {"json": {"canary": 1}, "headers": {"ce-id": "canary", "ce-type": "x"}}):
        answer = pipeline.call(function, **options)
        assert (answer.status_code, answer.content) == (204, b"")
    assert "canary" not in json.dumps(pipeline.relay_status())
