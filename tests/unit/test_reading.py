"""Reading a request: ids, conditions, query and body, each refused with the member's name."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Request
from werkzeug.routing import Rule
from werkzeug.test import EnvironBuilder

from shared.auth.permissions import Permission
from shared.errors import MobiusError, UnsupportedMediaTypeError, ValidationFailedError
from shared.models.api.tasks import NewTask, TaskEdit, TaskMoveRequest, TaskQuery
from shared.models.audit import AuditAction
from shared.models.caller import IdempotencyKey
from shared.web import reading
from shared.web.operations import Operation
from tests.unit.factories import caller


def asked(method: str = "POST", path: str = "/", **options: Any) -> Request:
    return Request(EnvironBuilder(path, method=method, **options).get_environ())


def operation(method: str = "POST", name: str = "create_task", path: str = "/") -> Operation:
    return Operation(
        method=method,
        path=path,
        handler=lambda: None,
        summary="",
        permission=Permission.TASK_WRITE,
        audit=AuditAction.TASK_CREATE,
        status=201,
        example=None,
        request_example=None,
        mode=None,
        body=None,
        query=None,
        answer=None,
        wants_caller=True,
        max_bytes=1000,
        listed=True,
        name=name,
    )


def faults(error: pytest.ExceptionInfo[ValidationFailedError]) -> list[tuple[str, str]]:
    return [(fault.field, fault.code) for fault in error.value.errors]


@pytest.mark.parametrize("given", ["a", "0af7651916cd43dd8448eb211c80319c", "web-1.2:3_4", "x" * 128])
def test_a_sound_request_id_is_taken(given: str) -> None:
    assert reading.request_id(asked(headers={"X-Request-Id": given})) == given


@pytest.mark.parametrize("given", ["", "a b", "<script>", "x" * 129, "é", "a/b", '"a"'])
def test_any_other_request_id_is_not(given: str) -> None:
    assert reading.request_id(asked(headers={"X-Request-Id": given})) is None


@pytest.mark.parametrize(
    ("header", "version"), [('"3"', 3), ("3", 3), ('W/"3"', 3), (' "12" ', 12), ('"999999999"', 999999999)]
)
def test_if_match_is_a_version(header: str, version: int) -> None:
    found = reading.with_conditions(asked("PUT", headers={"If-Match": header}), caller(), operation("PUT"), {}, None)
    assert found.if_match == version


@pytest.mark.parametrize("header", ["*", " * "])
def test_if_match_star_asks_for_nothing(header: str) -> None:
    found = reading.with_conditions(asked("PUT", headers={"If-Match": header}), caller(), operation("PUT"), {}, None)
    assert found.if_match is None


@pytest.mark.parametrize("header", ["", "0", "-1", '"abc"', '"1", "2"', "1.5", "9" * 10, '"01"', "\u0663"])
def test_any_other_if_match_is_refused_by_name(header: str) -> None:
    request = asked("PUT", environ_base={"HTTP_IF_MATCH": header})
    with pytest.raises(ValidationFailedError) as refused:
        reading.with_conditions(request, caller(), operation("PUT"), {}, None)
    assert faults(refused) == [("If-Match", "malformed")]


def keyed(given: str = "k-1", **changes: Any) -> IdempotencyKey:
    request = asked(headers={"Idempotency-Key": given})
    request.url_rule = Rule(changes.pop("rule", "/api/v1/components/tasks/"))
    who = changes.pop("who", caller())
    path = changes.pop("path", {})
    found = reading.with_conditions(request, who, operation(**changes), path, {"label": "a", "n": 1}).idempotency
    assert found is not None
    return found


def test_the_same_key_of_the_same_caller_on_the_same_route_is_the_same() -> None:
    assert keyed() == keyed()
    assert len(keyed().id) == 40


def test_a_key_belongs_to_client_user_and_route() -> None:
    others = [
        keyed("k-2"),
        keyed(rule="/api/v1/components/tasks/bulk"),
        keyed(who=caller(user_id=caller().client_id)),
        keyed(who=caller(client_id=caller().user_id)),
    ]
    assert len({keyed().id, *(other.id for other in others)}) == 5


def test_the_request_is_the_path_and_the_body_in_any_order_of_members() -> None:
    def request_of(body: Any, path: dict[str, str] | None = None) -> str:
        found = reading.with_conditions(
            asked(headers={"Idempotency-Key": "k"}), caller(), operation(), path or {}, body
        ).idempotency
        assert found is not None
        return found.request

    assert request_of({"a": 1, "b": 2}) == request_of({"b": 2, "a": 1})
    different = [request_of({"a": 1}), request_of({"a": "1"}), request_of({"a": 1}, {"id": "x"}), request_of(None)]
    assert len(set(different)) == 4


@pytest.mark.parametrize("given", ["x", "x" * 255, '"8e03978e-40d5-43dd-bc93-6894a57f9324"', "!~"])
def test_visible_ascii_is_a_key(given: str) -> None:
    assert keyed(given)


@pytest.mark.parametrize("given", ["", "x" * 256, "a b", "a\tb", "\x7f", "Ã©"])
def test_any_other_key_is_refused_by_name(given: str) -> None:
    request = asked(environ_base={"HTTP_IDEMPOTENCY_KEY": given})
    with pytest.raises(ValidationFailedError) as refused:
        reading.with_conditions(request, caller(), operation(), {}, None)
    assert faults(refused) == [("Idempotency-Key", "malformed")]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_a_key_counts_on_posts_only(method: str) -> None:
    request = asked(method, headers={"Idempotency-Key": "k"})
    assert reading.with_conditions(request, caller(), operation(method), {}, None).idempotency is None


def test_a_query_is_read_by_its_public_names() -> None:
    found = reading.query(asked("GET", "/?contextId=ctx_1&limit=7&completed=false&key=gateway"), TaskQuery)
    assert isinstance(found, TaskQuery)
    assert (found.context_id, found.limit, found.completed) == ("ctx_1", 7, False)


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        ("/?contextid=ctx_1", ("contextid", "extra_forbidden")),
        ("/?context_id=ctx_1", ("context_id", "extra_forbidden")),
        ("/?limit=0", ("limit", "greater_than_equal")),
        ("/?limit=101", ("limit", "less_than_equal")),
        ("/?limit=many", ("limit", "int_parsing")),
        ("/?limit=5&limit=6", ("limit", "duplicate")),
        ("/?type=urgent", ("type", "literal_error")),
        ("/?contextId=a/b", ("contextId", "string_pattern_mismatch")),
        ("/?due=soon", ("due", "string_pattern_mismatch")),
        ("/?cursor=%00", ("cursor", "unprintable")),
        ("/?cursor=a%0Ab", ("cursor", "unprintable")),
    ],
)
def test_a_query_is_refused_by_name(path: str, fault: tuple[str, str]) -> None:
    with pytest.raises(ValidationFailedError) as refused:
        reading.query(asked("GET", path), TaskQuery)
    assert faults(refused) == [fault]


def test_an_operation_without_parameters_names_those_it_was_given() -> None:
    reading.no_query(asked("GET", "/?key=gateway"))
    with pytest.raises(ValidationFailedError) as refused:
        reading.no_query(asked("GET", "/?a=1&b=2&key=3"))
    assert faults(refused) == [("a", "extra_forbidden"), ("b", "extra_forbidden")]


def test_a_body_is_read_into_its_model() -> None:
    model, parsed = reading.body(asked(json={"contextId": "ctx_1", "label": " a "}), NewTask)
    assert (model.context_id, model.label) == ("ctx_1", "a")
    assert parsed == {"contextId": "ctx_1", "label": " a "}


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({"contextId": "ctx_1"}, ("label", "missing")),
        ({"contextId": "ctx_1", "label": "  "}, ("label", "string_too_short")),
        ({"contextId": "ctx_1", "label": "x" * 301}, ("label", "string_too_long")),
        ({"contextId": "ctx_1", "label": 5}, ("label", "string_type")),
        ({"contextId": 7, "label": "a"}, ("contextId", "string_type")),
        ({"contextId": "ctx_1", "label": "a", "labels": 1}, ("labels", "extra_forbidden")),
        ({"context_id": "ctx_1", "contextId": "ctx_1", "label": "a"}, ("context_id", "extra_forbidden")),
        ({"contextId": "ctx_1", "label": "a", "dueAt": "2026-12-01T09:00:00"}, ("dueAt", "timezone_aware")),
        ({"contextId": "ctx_1", "label": "a", "dueAt": "soon"}, ("dueAt", "datetime_parsing")),
        ({"contextId": "ctx_1", "label": "a", "priority": "HIGH"}, ("priority", "literal_error")),
    ],
)
def test_a_body_is_refused_by_name(body: dict[str, Any], fault: tuple[str, str]) -> None:
    with pytest.raises(ValidationFailedError) as refused:
        reading.body(asked(json=body), NewTask)
    assert faults(refused) == [fault]


def test_members_that_we_returned_are_ignored_in_a_put() -> None:
    model, _ = reading.body(asked("PUT", json={"id": "task_1", "createdAt": "x", "state": 7, "label": "a"}), TaskEdit)
    assert model.model_fields_set == {"label"}


def test_no_body_is_an_empty_one_where_nothing_is_required() -> None:
    assert reading.body(asked(), TaskMoveRequest)[0] == TaskMoveRequest()
    with pytest.raises(UnsupportedMediaTypeError):
        reading.body(asked(), NewTask)
    with pytest.raises(UnsupportedMediaTypeError):
        reading.body(asked(), dict)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "", "application/jsonx"])
def test_a_body_of_another_kind_is_refused(kind: str) -> None:
    with pytest.raises(UnsupportedMediaTypeError):
        reading.body(asked(data=b'{"label":"a"}', content_type=kind), TaskEdit)


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8", "application/fhir+json"])
def test_json_by_any_of_its_names_is_read(kind: str) -> None:
    assert reading.body(asked(data=b'{"label":"a"}', content_type=kind), TaskEdit)[0].label == "a"


def test_free_json_keeps_its_fractions() -> None:
    request = asked(data=b'{"a":0.10}', content_type="application/json")
    assert str(reading.body(request, dict)[0]["a"]) == "0.10"


def test_a_refusal_does_not_repeat_values() -> None:
    for body in ({"contextId": "Jane Doe", "label": "x"}, {"contextId": "c", "label": "x", "priority": "Jane Doe"}):
        with pytest.raises(MobiusError) as refused:
            reading.body(asked(json=body), NewTask)
        assert "Jane" not in refused.value.detail + str(refused.value.errors)
