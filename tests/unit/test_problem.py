"""Every error as application/problem+json."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Response

from shared import errors
from shared.errors import FieldError, MobiusError
from shared.models.replay import IdempotencyMismatchError
from shared.web.problem import field_name, problem, validation_failed

STATUSES: dict[type[MobiusError], tuple[int, str]] = {
    errors.UnauthenticatedError: (401, "unauthenticated"),
    errors.ForbiddenError: (403, "forbidden"),
    errors.NotFoundError: (404, "not_found"),
    errors.RouteNotFoundError: (404, "route_not_found"),
    errors.MethodNotAllowedError: (405, "method_not_allowed"),
    errors.ConflictError: (409, "conflict"),
    errors.InvalidTransitionError: (409, "invalid_transition"),
    errors.PreconditionFailedError: (412, "precondition_failed"),
    errors.PayloadTooLargeError: (413, "payload_too_large"),
    errors.UnsupportedMediaTypeError: (415, "unsupported_media_type"),
    errors.ValidationFailedError: (422, "validation_failed"),
    IdempotencyMismatchError: (422, "idempotency_mismatch"),
    errors.TooManyRequestsError: (429, "too_many_requests"),
    errors.StoreUnavailableError: (503, "store_unavailable"),
    MobiusError: (500, "internal_error"),
}


def body(response: Response) -> dict[str, Any]:
    found: dict[str, Any] = response.get_json(force=True)
    return found


def family(base: type[MobiusError]) -> set[type[MobiusError]]:
    return {base, *(member for child in base.__subclasses__() for member in family(child))}


def test_every_error_of_the_family_is_listed() -> None:
    assert family(MobiusError) == set(STATUSES)


@pytest.mark.parametrize("kind", STATUSES, ids=lambda kind: kind.__name__)
def test_an_error_has_its_status_code_and_members(kind: type[MobiusError]) -> None:
    response = problem(kind("In words"), "req-1")
    status, code = STATUSES[kind]
    assert (response.status_code, response.content_type) == (status, "application/problem+json")
    assert body(response) == {
        "type": f"urn:mobius:error:{code}",
        "title": kind.title,
        "status": status,
        "detail": "In words",
        "code": code,
        "requestId": "req-1",
        "errors": [],
        "error": "In words",
    }


@pytest.mark.parametrize("kind", STATUSES, ids=lambda kind: kind.__name__)
def test_without_words_the_title_speaks(kind: type[MobiusError]) -> None:
    assert body(problem(kind(), "r"))["error"] == kind.title


def test_a_code_of_its_own_is_told() -> None:
    found = body(problem(errors.NotFoundError("Set one", code="context_not_set"), "r"))
    assert (found["code"], found["type"], found["status"]) == (
        "context_not_set",
        "urn:mobius:error:context_not_set",
        404,
    )


def test_retry_after_is_a_header_and_a_member() -> None:
    response = problem(errors.StoreUnavailableError("Later", retry_after=5), "r")
    assert response.headers["Retry-After"] == "5"
    assert body(response)["retryAfter"] == 5


def test_who_must_sign_in_is_told_how() -> None:
    assert problem(errors.UnauthenticatedError(), "r").headers["WWW-Authenticate"] == "Bearer"


def test_allowed_methods_are_a_header() -> None:
    response = problem(errors.MethodNotAllowedError(allowed=["GET", "OPTIONS"]), "r")
    assert response.headers["Allow"] == "GET, OPTIONS"
    assert body(response)["allowed"] == ["GET", "OPTIONS"]


def test_further_members_are_told() -> None:
    assert body(problem(errors.PreconditionFailedError(current={"version": 2}), "r"))["current"] == {"version": 2}


def test_fields_are_named() -> None:
    error = errors.ValidationFailedError(errors=(FieldError("a", "missing", "is missing"),))
    assert body(problem(error, "r"))["errors"] == [{"field": "a", "code": "missing", "message": "is missing"}]


def test_the_first_fault_is_the_detail() -> None:
    error = validation_failed([(("items", 0, "label"), "missing", "Field required"), (("b",), "x", "y")])
    assert error.detail == "items[0].label: Field required"
    assert [fault.field for fault in error.errors] == ["items[0].label", "b"]
    assert validation_failed([((), "model", "No")]).detail == "No"


@pytest.mark.parametrize(
    ("location", "name"), [((), ""), (("a",), "a"), (("a", "b"), "a.b"), ((0,), "[0]"), (("a", 1, 2, "b"), "a[1][2].b")]
)
def test_a_location_is_a_path(location: tuple[int | str, ...], name: str) -> None:
    assert field_name(location) == name
