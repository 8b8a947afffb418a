"""Audit events made storable, whatever a message holds."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.audit_event import MAX_METADATA_BYTES, read_audit_event
from shared.errors import PermanentEventError
from shared.models.audit import AuditAction, own_act
from shared.models.identifiers import uuid7

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=())),
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(st.text(st.characters(exclude_categories=())), inner, max_size=5)
    ),
    max_leaves=20,
)


def event(**changes: Any) -> bytes:
    members = {
        "id": str(uuid7()),
        "createdAt": "2026-11-23T08:00:00Z",
        "clientId": str(uuid7()),
        "userId": str(uuid7()),
        "action": "task:create",
        "resourceType": "task",
        "requestId": "r",
    }
    return json.dumps(members | changes).encode()


@given(st.dictionaries(st.text(st.characters(exclude_categories=())), ANYTHING))
def test_any_metadata_becomes_what_jsonb_takes(metadata: dict[str, Any]) -> None:
    cleaned = read_audit_event(event(metadata=metadata)).metadata
    written = json.dumps(cleaned, ensure_ascii=False, allow_nan=False)
    assert "\\u0000" not in written
    written.encode()


@given(st.binary() | ANYTHING.map(lambda value: json.dumps(value).encode()))
def test_anything_else_is_refused_in_one_way(data: bytes) -> None:
    with pytest.raises(PermanentEventError):
        read_audit_event(data)


def test_too_much_metadata_is_marked_as_cut() -> None:
    metadata = {str(number): "x" * 900 for number in range(MAX_METADATA_BYTES // 900 + 1)}
    assert read_audit_event(event(metadata=metadata)).metadata == {"truncated": True}


def test_a_refusal_names_members_and_no_values() -> None:
    with pytest.raises(PermanentEventError, match=r"^the event's members are wrong: action, clientId$"):
        read_audit_event(event(action="Jane Doe", clientId="Jane Doe"))


def test_what_the_product_does_by_itself_has_no_user_and_names_its_cause() -> None:
    made = own_act(uuid7(), AuditAction.CHECK_RETRY, "eligibility_check", cause="retry-1", mode="eligibility")
    read = read_audit_event(made.model_dump_json(by_alias=True).encode())
    assert read == made
    assert (read.user_id, read.request_id, read.mode) == (None, "retry-1", "eligibility")
