"""The context component through the real app on in-memory stores."""

from __future__ import annotations

from typing import Any

import pytest

from infra.local.demo_accounts import LAKESIDE
from shared import bootstrap
from shared.models.roles import Role
from tests.functions.in_memory import Answer, InMemoryProduct

CONTEXT = "/api/v1/components/context"
MRN553 = {"recordType": "Patient ID", "recordId": "MRN553"}


def update(product: InMemoryProduct, body: dict[str, Any], role: Role = Role.ELIGIBILITY_SPECIALIST) -> Answer:
    return product.request("POST", f"{CONTEXT}/update", role=role, json=body)


def current(product: InMemoryProduct, role: Role = Role.ELIGIBILITY_SPECIALIST) -> Answer:
    return product.request("GET", f"{CONTEXT}/current", role=role)


@pytest.fixture
def front_desk(product: InMemoryProduct) -> InMemoryProduct:
    """The product with a second mode."""
    modes = bootstrap.mode_service().modes
    modes["front-desk"] = modes["eligibility"]
    return product


def test_nothing_is_current_before_a_record_is_opened(product: InMemoryProduct) -> None:
    for method, path, body in (
        ("GET", "current", None),
        ("GET", "summary", None),
        ("POST", "quick-action", {"action": "check_eligibility"}),
        ("POST", "update", {"mode": "eligibility"}),
    ):
        content: dict[str, Any] = {} if body is None else {"json": body}
        answer = product.request(method, f"{CONTEXT}/{path}", **content)
        assert (answer.status, answer.json["code"]) == (404, "context_not_set"), path
    assert product.request("GET", f"{CONTEXT}/history").json == {"contexts": []}


def test_a_record_without_a_mode_needs_a_session_that_is_in_one(product: InMemoryProduct) -> None:
    answer = update(product, MRN553)
    assert (answer.status, [fault["field"] for fault in answer.json["errors"]]) == (422, ["mode"])
    assert update(product, MRN553 | {"mode": "eligibility"}).status == 201
    assert update(product, {"recordType": "Other", "recordId": "Fax"}).json["mode"] == "eligibility"
    assert update(product, MRN553).status == 200


def test_the_component_shows_what_the_mode_shows(product: InMemoryProduct) -> None:
    opened = product.open_context()
    assert current(product).json == opened
    mode = "/api/v1/modes/eligibility"
    assert (
        product.request("GET", f"{CONTEXT}/summary").json["summary"]
        == (product.request("GET", f"{mode}/summary").json["summary"])
    )
    asked = {"action": "check_eligibility", "params": {}}
    done = product.request("POST", f"{CONTEXT}/quick-action", json=asked).json
    assert {name: done["data"][name] for name in ("eligible", "requiresAuth", "status")} == {
        "eligible": True,
        "requiresAuth": True,
        "status": "pending",
    }


def test_a_mode_alone_takes_the_record_in_hand_along(front_desk: InMemoryProduct) -> None:
    first = update(front_desk, MRN553 | {"mode": "eligibility"}, Role.MANAGER).json
    second = update(front_desk, {"mode": "front-desk"}, Role.MANAGER)
    assert second.status == 201
    assert second.json["contextId"] != first["contextId"]
    assert (second.json["mode"], second.json["recordUuid"]) == ("front-desk", first["recordUuid"])
    assert current(front_desk, Role.MANAGER).json["contextId"] == second.json["contextId"]
    other = update(front_desk, {"recordType": "Other", "recordId": "Fax 3"}, Role.MANAGER).json
    back = update(front_desk, {"mode": "eligibility"}, Role.MANAGER).json
    assert (other["mode"], back["recordType"], back["recordId"]) == ("front-desk", "Other", "Fax 3")
    listed = front_desk.request("GET", f"{CONTEXT}/history", role=Role.MANAGER).json["contexts"]
    assert [one["contextId"] for one in listed] == [
        back["contextId"],
        other["contextId"],
        second.json["contextId"],
        first["contextId"],
    ]


def test_two_people_on_one_record_share_its_context_but_not_their_history(product: InMemoryProduct) -> None:
    mine = update(product, MRN553 | {"mode": "eligibility"})
    theirs = update(product, MRN553 | {"mode": "eligibility"}, Role.FRONT_DESK)
    assert (mine.status, theirs.status) == (201, 200)
    assert mine.json["contextId"] == theirs.json["contextId"]
    assert product.request("GET", f"{CONTEXT}/history", role=Role.BILLER).json == {"contexts": []}


def test_a_mode_that_the_role_does_not_work_in_is_refused(front_desk: InMemoryProduct) -> None:
    answer = update(front_desk, MRN553 | {"mode": "front-desk"})
    assert (answer.status, answer.json["code"]) == (403, "forbidden")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 422, "validation_failed"),
        ({"recordId": "MRN553"}, 422, "validation_failed"),
        ({"mode": "eligibility", "recordType": "Patient ID"}, 422, "validation_failed"),
        ({"mode": "../x"}, 422, "validation_failed"),
        ({"mode": "dispatch"} | MRN553, 404, "mode_not_found"),
        ({"mode": "eligibility", "recordType": "Patient ID", "recordId": "MRN000"}, 404, "not_found"),
    ],
)
def test_a_wrong_update_is_refused(product: InMemoryProduct, body: dict[str, Any], status: int, code: str) -> None:
    answer = update(product, body)
    assert (answer.status, answer.json["code"]) == (status, code)


def test_another_organisations_context_is_unknown(product: InMemoryProduct) -> None:
    foreign = product.open_context()["contextId"]
    for path in ("current", "summary"):
        answers = [
            product.request("GET", f"{CONTEXT}/{path}?contextId={one}", organisation=LAKESIDE)
            for one in (foreign, "ctx_unknown")
        ]
        assert [(one.status, one.json["detail"]) for one in answers] == [(404, answers[0].json["detail"])] * 2
