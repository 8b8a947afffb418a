"""Typed events: what is read from CloudEvents, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from google.events.cloud.firestore_v1 import DocumentEventData
from google.protobuf import json_format  # type: ignore[import-untyped]  # it ships no types

from shared.errors import PermanentEventError
from shared.events.cloud_event import CloudEvent, parse_cloud_event
from shared.events.documents import DocumentEvent, DocumentPattern, parse_document_event
from shared.events.messages import parse_message
from shared.events.values import GeoPoint, Reference

PUBLISHED = Path(__file__).parents[3] / "shared/data/cloudevents-data/google/events/cloud"
FIRESTORE = "//firestore.googleapis.com/projects/project-id/databases/(default)"
WRITTEN = "google.cloud.firestore.document.v1.written"
needs_published_events = pytest.mark.skipif(not PUBLISHED.is_dir(), reason="../shared/data/cloudevents-data is absent")


def headers(**changes: str | None) -> dict[str, str]:
    fields: dict[str, str | None] = {
        "Content-Type": "application/json",
        "ce-specversion": "1.0",
        "ce-id": "event-1",
        "ce-source": FIRESTORE,
        "ce-type": WRITTEN,
        "ce-time": "2026-11-23T08:00:00.5Z",
    }
    fields |= {name.replace("_", "-") if name != "content_type" else "Content-Type": v for name, v in changes.items()}
    return {name: value for name, value in fields.items() if value is not None}


def read(data: dict[str, Any], pattern: str = "gcf-test/{id}", **changes: str | None) -> DocumentEvent:
    event = parse_cloud_event(headers(**changes), json.dumps(data).encode())
    return parse_document_event(event, pattern=DocumentPattern(pattern), project="project-id")


def document(name: str = "gcf-test/one", fields: Mapping[str, Any] | None = None) -> dict[str, Any]:
    return {
        "name": f"projects/project-id/databases/(default)/documents/{name}",
        "fields": fields or {},
        "updateTime": "2026-11-23T08:00:00.123456789Z",
    }


@needs_published_events
def test_the_published_simple_event_has_both_sides() -> None:
    event = read(json.loads((PUBLISHED / "firestore/v1/DocumentEventData-simple.json").read_text()))
    assert event.params == {"id": "2Vm2mI1d0wIaK2Waj5to"}
    assert event.before == {"another test": "asd", "count": 3, "foo": "bar"}
    assert event.after == {"another test": "asd", "count": 4, "foo": "bar"}
    assert event.update_time == datetime(2020, 4, 23, 12, 0, 27, 247187, tzinfo=UTC)


@needs_published_events
@pytest.mark.parametrize("protobuf", [False, True])
def test_the_published_complex_event_decodes_every_kind_of_value(*, protobuf: bool) -> None:
    raw = (PUBLISHED / "firestore/v1/DocumentEventData-complex.json").read_text()
    body, content_type = raw.encode(), "application/json"
    if protobuf:
        body = json_format.Parse(raw, DocumentEventData.pb()()).SerializeToString()
        content_type = "application/protobuf"
    event = parse_document_event(
        parse_cloud_event(headers(content_type=content_type), body),
        pattern=DocumentPattern("gcf-test/{id}"),
        project="project-id",
    )
    assert event.before is None
    assert event.after == {
        "arrayValue": (1, 2),
        "booleanValue": True,
        "doubleValue": 5.5,
        "geoPointValue": GeoPoint(51.4543, -0.9781),
        "intValue": 50,
        "mapValue": {"field1": "x", "field2": ("x", 1)},
        "nullValue": None,
        "referenceValue": Reference("foo/bar/baz/qux"),
        "stringValue": "text",
        "timestampValue": datetime(2020, 4, 23, 14, 23, 53, 241000, tzinfo=UTC),
    }


@needs_published_events
@pytest.mark.parametrize(
    ("file", "data"), [("binary", b"\1\2\3\4"), ("text", b"test message 3"), ("duplicatedFields", b"\1\2\3\4")]
)
def test_the_published_messages_are_decoded(file: str, data: bytes) -> None:
    body = (PUBLISHED / f"pubsub/v1/MessagePublishedData-{file}.json").read_bytes()
    event = parse_cloud_event(
        headers(
            ce_type="google.cloud.pubsub.topic.v1.messagePublished",
            ce_source="//pubsub.googleapis.com/projects/p/topics/t",
        ),
        body,
    )
    message = parse_message(event, topic="t")
    assert (message.id, message.data) == ("message-id", data)
    assert message.publish_time == datetime(2021, 2, 5, 4, 6, 14, 109000, tzinfo=UTC)


@needs_published_events
@pytest.mark.parametrize(
    "file", sorted(PUBLISHED.rglob("*.json")) if PUBLISHED.is_dir() else [], ids=lambda file: file.stem
)
def test_other_services_events_are_refused(file: Path) -> None:
    event = parse_cloud_event(
        headers(ce_type=f"google.cloud.{file.stem}", ce_source="//x.googleapis.com"), file.read_bytes()
    )
    with pytest.raises(PermanentEventError):
        parse_document_event(event, pattern=DocumentPattern("gcf-test/{id}"), project="project-id")
    with pytest.raises(PermanentEventError):
        parse_message(event, topic="my-topic")


def test_bytes_and_nanoseconds_are_read_as_the_store_means_them() -> None:
    fields = {"raw": {"bytesValue": "AAEC"}, "at": {"timestampValue": "1969-12-31T23:59:59.999999999Z"}}
    event = read({"value": document(fields=fields)})
    assert event.after == {"raw": b"\0\1\2", "at": datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)}


def test_a_deletion_has_only_a_before() -> None:
    event = read({"oldValue": document()})
    assert (event.before, event.after, event.update_time) == ({}, None, None)


def test_a_percent_encoded_attribute_is_decoded() -> None:
    event = read({"value": document("gcf-test/ä b")}, ce_document="gcf-test/%C3%A4%20b")
    assert event.document == "gcf-test/ä b"


def test_a_structured_event_is_read_like_a_binary_one() -> None:
    envelope = {"specversion": "1.0", "id": "e", "source": FIRESTORE, "type": WRITTEN, "data": {"value": document()}}
    event = parse_cloud_event({"Content-Type": "application/cloudevents+json"}, json.dumps(envelope).encode())
    read_event = parse_document_event(event, pattern=DocumentPattern("gcf-test/{id}"), project="project-id")
    assert read_event.params == {"id": "one"}


@pytest.mark.parametrize("missing", ["ce_id", "ce_source", "ce_type", "ce_specversion"])
def test_a_request_without_a_required_attribute_is_no_event(missing: str) -> None:
    with pytest.raises(PermanentEventError):
        parse_cloud_event(headers(**{missing: None}), b"{}")


@pytest.mark.parametrize(
    "event",
    [
        CloudEvent("e", FIRESTORE, WRITTEN, None, "application/protobuf", {}, b"\xff\xff"),
        CloudEvent("e", FIRESTORE, WRITTEN, None, "application/json", {}, b"[]"),
        CloudEvent("e", FIRESTORE, WRITTEN, None, "application/json", {}, b"{}"),
        CloudEvent("e", FIRESTORE, WRITTEN, None, "application/json", {}, b"\xff"),
        CloudEvent("e", "//storage.googleapis.com/x", WRITTEN, None, "application/protobuf", {}, b""),
        CloudEvent(
            "e", FIRESTORE, WRITTEN, None, "application/json", {}, json.dumps({"value": document("tasks/1")}).encode()
        ),
        CloudEvent(
            "e",
            FIRESTORE,
            WRITTEN,
            None,
            "application/json",
            {"document": "gcf-test/two"},
            json.dumps({"value": document()}).encode(),
        ),
    ],
    ids=["garbage", "array", "no document", "no text", "foreign source", "other collection", "other document"],
)
def test_an_event_that_does_not_fit_is_permanent(event: CloudEvent) -> None:
    with pytest.raises(PermanentEventError):
        parse_document_event(event, pattern=DocumentPattern("gcf-test/{id}"), project="project-id")


def test_another_projects_document_is_refused() -> None:
    event = parse_cloud_event(headers(), json.dumps({"value": document()}).encode())
    with pytest.raises(PermanentEventError):
        parse_document_event(event, pattern=DocumentPattern("gcf-test/{id}"), project="other")


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"message": 1}', b'{"message": {"data": "%"}}', b'{"message": {"data": "AQ=="}}']
)
def test_a_broken_message_envelope_is_permanent(body: bytes) -> None:
    event = CloudEvent(
        "e",
        "//pubsub.googleapis.com/projects/p/topics/t",
        "google.cloud.pubsub.topic.v1.messagePublished",
        None,
        "",
        {},
        body,
    )
    with pytest.raises(PermanentEventError):
        parse_message(event, topic="t")


def test_a_pattern_matches_whole_segments_only() -> None:
    pattern = DocumentPattern("inboxes/{uid}/entries/{alertId}")
    assert pattern.match("inboxes/u/entries/a") == {"uid": "u", "alertId": "a"}
    assert pattern.match("inboxes/u/entries") is None
    assert pattern.match("inboxes/u/entries/a/b/c") is None
