"""Audit events from the outboxes to `audit_logs`, on the emulators, PostgreSQL and the real functions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from shared.db.pubsub import AuditTopic
from shared.models.audit import AuditEvent
from shared.models.identifiers import uuid7
from shared.repositories.firestore.waiting_events import FirestoreWaitingEvents
from shared.services.audit_pipeline import OutboxSweep
from tests.integration.pipeline import CLIENT, Pipeline, audit_event, running_pipeline
from tests.integration.serving import until


@pytest.fixture(scope="module")
def pipeline() -> Iterator[Pipeline]:
    with running_pipeline() as running:
        yield running


@pytest.fixture
def topic(pipeline: Pipeline) -> AuditTopic:
    return AuditTopic("demo-mobius", "audit-events", emulator=pipeline.settings.address("pubsub"))


def stored(event: AuditEvent) -> dict[str, Any]:
    return event.model_dump(mode="json", by_alias=True)


def commit(pipeline: Pipeline, event: AuditEvent) -> None:
    pipeline.store.collection("audit_outbox").document(str(event.id)).create(stored(event))


def outbox(pipeline: Pipeline) -> list[str]:
    return [document.id for document in pipeline.store.collection("audit_outbox").list_documents()]


def into_sql_outbox(pipeline: Pipeline, event: AuditEvent, *, seconds_ago: int) -> None:
    pipeline.execute(
        "INSERT INTO audit_outbox (id, client_id, event, created_at) "
        "VALUES (:id, :client, CAST(:event AS jsonb), now() - make_interval(secs => :age))",
        id=event.id,
        client=CLIENT,
        event=json.dumps(stored(event)),
        age=seconds_ago,
    )


def test_a_committed_event_becomes_one_row_and_leaves_the_outbox(pipeline: Pipeline) -> None:
    event = audit_event(resource_id=uuid7(), mode="eligibility", metadata={"count": 2}, patient_ref="patient/1")
    commit(pipeline, event)
    pipeline.wait_for(event)
    (row,) = pipeline.logged(event)
    assert (row["client_id"], row["user_id"], row["resource_id"]) == (event.client_id, event.user_id, event.resource_id)
    assert (row["action"], row["outcome"], row["mode"]) == ("task:create", "success", "eligibility")
    assert (row["metadata"], row["patient_ref"], row["schema"]) == ({"count": 2}, "patient/1", 1)
    assert row["created_at"] == event.created_at
    until(lambda: str(event.id) not in outbox(pipeline))


def test_an_event_that_comes_three_times_is_written_once(pipeline: Pipeline) -> None:
    event, later = audit_event(), audit_event()
    for _ in range(3):
        pipeline.publish(event.model_dump_json(by_alias=True).encode())
    pipeline.publish(later.model_dump_json(by_alias=True).encode())
    pipeline.wait_for(event, later)
    assert len(pipeline.logged(event)) == 1


@pytest.mark.parametrize(
    "message",
    [b"\xff\xfe\x00", b"[]", b"{", b'{"id": "nobody"}', b"[" * 100_000, json.dumps({"id": str(uuid7())}).encode()],
    ids=["bytes", "array", "cut", "members", "deep", "missing"],
)
def test_a_message_that_is_no_event_goes_into_quarantine_and_holds_up_nobody(
    pipeline: Pipeline, message: bytes
) -> None:
    before = len(pipeline.rows("SELECT id FROM audit_quarantine"))
    pipeline.publish(message)
    event = audit_event()
    pipeline.publish(event.model_dump_json(by_alias=True).encode())
    pipeline.wait_for(event)
    until(lambda: len(pipeline.rows("SELECT id FROM audit_quarantine")) == before + 1)


def test_the_quarantine_keeps_the_message_as_it_was_and_clears_its_outbox_row(pipeline: Pipeline) -> None:
    event = audit_event()
    into_sql_outbox(pipeline, event, seconds_ago=0)
    broken = stored(event) | {"action": "no such action"}
    pipeline.publish(json.dumps(broken).encode(), event_id=str(event.id))
    (row,) = until(lambda: pipeline.rows("SELECT * FROM audit_quarantine WHERE message LIKE :id", id=f"%{event.id}%"))
    assert json.loads(row["message"]) == broken
    assert row["reason"] == "the event's members are wrong: action"
    assert not pipeline.rows("SELECT id FROM audit_outbox WHERE id = :id", id=event.id)


def test_what_postgresql_refuses_is_cleaned_and_written(pipeline: Pipeline) -> None:
    event = audit_event()
    raw = stored(event) | {"metadata": {"a\x00": "nul \x00", "b": "\ud800 lone", "c": [1, {"d": "x" * 5000}]}}
    raw["resourceRef"] = "task\x00" + "r" * 1000
    body = json.dumps(raw).replace('"c": [1', '"n": NaN, "c": [1')
    pipeline.publish(body.encode())
    pipeline.wait_for(event)
    (row,) = pipeline.logged(event)
    assert row["metadata"]["a\ufffd"] == "nul \ufffd"
    assert row["metadata"]["b"] == "\ufffd lone"
    assert row["metadata"]["n"] is None
    assert len(row["metadata"]["c"][1]["d"]) == 1000
    assert row["resource_ref"] == "task\ufffd" + "r" * 251


def test_the_sweep_publishes_old_sql_rows_and_the_writer_clears_them(pipeline: Pipeline) -> None:
    old = [audit_event() for _ in range(3)]
    fresh = audit_event()
    for event in old:
        into_sql_outbox(pipeline, event, seconds_ago=90)
    into_sql_outbox(pipeline, fresh, seconds_ago=5)
    assert pipeline.call("sweep-outbox").status_code == 204
    pipeline.wait_for(*old)
    waiting = until(lambda: [row["id"] for row in pipeline.rows("SELECT id FROM audit_outbox")])
    assert waiting == [fresh.id]
    assert not pipeline.logged(fresh)
    pipeline.execute("DELETE FROM audit_outbox WHERE id = :id", id=fresh.id)


def test_killing_the_relay_for_a_while_loses_no_event(pipeline: Pipeline, topic: AuditTopic) -> None:
    pipeline.kill_relay()
    events = [audit_event() for _ in range(250)]
    for event in events:
        commit(pipeline, event)
    pipeline.publish(audit_event(id=(published := uuid7())).model_dump_json(by_alias=True).encode())
    pipeline.start_relay()
    sweep = OutboxSweep(topic, [FirestoreWaitingEvents(pipeline.store)], patience=timedelta(0))
    sweep.run()
    pipeline.wait_for(*events, audit_event(id=published))
    assert not set(outbox(pipeline)) & {str(event.id) for event in events}


def test_the_sweep_leaves_fresh_documents_alone(pipeline: Pipeline, topic: AuditTopic) -> None:
    pipeline.kill_relay()
    event = audit_event()
    commit(pipeline, event)
    OutboxSweep(topic, [FirestoreWaitingEvents(pipeline.store)]).run()
    assert str(event.id) in outbox(pipeline)
    OutboxSweep(topic, [FirestoreWaitingEvents(pipeline.store)], patience=timedelta(0)).run()
    pipeline.start_relay()
    pipeline.wait_for(event)


def test_a_database_that_is_down_for_a_while_loses_no_event(pipeline: Pipeline) -> None:
    pipeline.postgres.stop()
    events = [audit_event() for _ in range(20)]
    for event in events:
        commit(pipeline, event)
    until(lambda: '"outcome": "retry"' in pipeline.functions.log.read_text())
    pipeline.postgres.start()
    pipeline.database.dispose()
    pipeline.wait_for(*events)
