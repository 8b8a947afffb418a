"""The feedback function's real app: the owner's example, who may what, and refusals."""

from __future__ import annotations

from typing import Any

import pytest

from infra.local.demo_accounts import LAKESIDE, RIVERSIDE, Organisation
from shared.models.roles import Role
from tests.functions.in_memory import InMemoryProduct
from tests.unit.factories import message

FEEDBACK = "/api/v1/components/feedback"


@pytest.fixture
def said(product: InMemoryProduct) -> str:
    """The id of a message at Riverside."""
    return product.live.messages.create(message(RIVERSIDE.id), None)[0].id


def test_the_owners_example_is_answered_as_the_owner_wrote(product: InMemoryProduct, said: str) -> None:
    body = {
        "messageId": said,
        "rating": "up",
        "questionnaire": {"improvement": "More details needed", "comments": "Which visit is meant?"},
    }
    answer = product.request("POST", f"{FEEDBACK}/", json=body)
    assert answer.status == 200
    assert answer.json == {"success": True, "feedbackId": answer.json["feedbackId"]}
    assert answer.json["feedbackId"].startswith("fb_")
    own = product.request("GET", f"{FEEDBACK}/{said}").json
    assert own["messageId"] == said
    assert own["feedback"]["rating"] == "up"
    assert own["feedback"]["questionnaire"] == body["questionnaire"]
    assert (own["all"], own["totals"]) == (None, None)


@pytest.mark.parametrize("end", ["rating", "questionnaire"])
def test_each_half_is_taken_alone(product: InMemoryProduct, said: str, end: str) -> None:
    halves: dict[str, Any] = {"rating": {"rating": "down"}, "questionnaire": {"questionnaire": {"comments": "No"}}}
    answer = product.request("POST", f"{FEEDBACK}/{end}", json={"messageId": said} | halves[end])
    assert (answer.status, answer.json["success"]) == (200, True)
    for path in ("rating", "questionnaire"):
        assert product.request("GET", f"{FEEDBACK}/{path}").status == 404  # no message has such an id


@pytest.mark.parametrize("role", Role)
def test_staff_give_feedback_and_leads_see_everybodys(product: InMemoryProduct, said: str, role: Role) -> None:
    given = product.request("POST", f"{FEEDBACK}/rating", role=role, json={"messageId": said, "rating": "up"})
    assert given.status == (403 if role is Role.AUDITOR else 200)
    seen = product.request("GET", f"{FEEDBACK}/{said}", role=role)
    assert seen.status == 200
    assert (seen.json["totals"] is not None) == (role in {Role.ADMIN, Role.MANAGER})


def ask(product: InMemoryProduct, method: str, path: str, organisation: Organisation, body: Any) -> tuple[int, Any]:
    answer = product.request(method, path, role=Role.MANAGER, organisation=organisation, json=body)
    return answer.status, {name: value for name, value in answer.json.items() if name != "requestId"}


def test_another_organisations_message_is_an_unknown_one(product: InMemoryProduct, said: str) -> None:
    for method, path, body in (
        ("POST", f"{FEEDBACK}/", {"messageId": "{}", "rating": "up"}),
        ("POST", f"{FEEDBACK}/rating", {"messageId": "{}", "rating": "up"}),
        ("POST", f"{FEEDBACK}/questionnaire", {"messageId": "{}", "questionnaire": {}}),
        ("GET", FEEDBACK + "/{}", None),
    ):
        answers = []
        for message_id in (said, "msg_unknown"):
            sent = body and body | {"messageId": message_id}
            answers.append(ask(product, method, path.format(message_id), LAKESIDE, sent))
        assert answers[0] == answers[1]
        assert answers[0][0] == 404
    assert product.live.documents.feedback == {}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"rating": "up"}, "messageId"),
        ({"messageId": "a/b", "rating": "up"}, "messageId"),
        ({"messageId": "msg_1", "rating": "sideways"}, "rating"),
        ({"messageId": "msg_1", "rating": "down", "reasons": ["bad"]}, "reasons[0]"),
        ({"messageId": "msg_1", "questionnaire": {"comments": 5}}, "questionnaire.comments"),
        ({"messageId": "msg_1", "userId": "somebody"}, "userId"),
        ({"messageId": "msg_1"}, ""),
    ],
)
def test_a_bad_body_is_refused_by_field(product: InMemoryProduct, body: dict[str, Any], field: str) -> None:
    answer = product.request("POST", f"{FEEDBACK}/", json=body)
    assert (answer.status, answer.json["code"]) == (422, "validation_failed")
    assert field in [fault["field"] for fault in answer.json["errors"]]


def test_a_repeated_key_is_answered_as_the_first_time(product: InMemoryProduct, said: str) -> None:
    headers = {"Idempotency-Key": "one"}
    body = {"messageId": said, "rating": "up"}
    first, again = (product.request("POST", FEEDBACK, json=body, headers=headers) for _ in range(2))
    assert (first.status, first.json) == (again.status, again.json)
    other = product.request("POST", FEEDBACK, json=body | {"rating": "down"}, headers=headers)
    assert (other.status, other.json["code"]) == (422, "idempotency_mismatch")
    assert len(product.live.documents.events) == 1
