"""What every operation must declare, and that the API's description is made from it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from infra.gateway.__main__ import TARGET
from infra.gateway.openapi import answer_model
from shared.auth.permissions import ROLES_BY_PERMISSION, Permission
from shared.catalog import ROOT
from shared.models.audit import AuditAction
from shared.web.operations import Operation
from shared.web.sse import EventStream
from tests.functions.in_memory import DECLARED, FUNCTIONS, OPERATIONS, named

DESCRIBED = json.loads(TARGET.read_text())["paths"]
LISTED = [(prefix, operation) for prefix, operation in OPERATIONS if operation.listed]
# Operations that touch nobody's data and therefore leave no audit row.
UNRECORDED = {
    ("GET", "/api/v1/health"),
    ("GET", "/api/v1/openapi.json"),
    ("GET", "/api/v1/docs"),
    ("GET", "/api/v1/docs/{asset}"),
    ("GET", "/api/v1/modes"),
    ("GET", "/api/v1/records/types"),
    ("GET", "/api/v1/modes/email-drafter/templates"),  # the product's own texts
    ("GET", "/api/v1/auth/me"),
    ("GET", "/api/v1/auth/oauth"),
    ("GET", "/api/v1/users/me"),
    ("GET", "/api/v1/users/me/preferences"),
    ("GET", "/api/v1/users/roles"),
    ("GET", "/api/v1/users/client"),
    ("GET", "/api/v1/jobs/{job_id}"),  # how far it is; what it did to each record is recorded there
}
PUBLIC = {
    ("POST", "/api/v1/auth/login"),
    ("POST", "/api/v1/auth/refresh"),
    ("POST", "/api/v1/auth/token"),
    ("GET", "/api/v1/auth/oauth"),
    ("GET", "/api/v1/auth/oauth/{provider}/start"),
    ("GET", "/api/v1/auth/oauth/{provider}/callback"),
    ("POST", "/api/v1/users/accept"),
    ("GET", "/api/v1/health"),
    ("GET", "/api/v1/openapi.json"),
    ("GET", "/api/v1/docs"),
    ("GET", "/api/v1/docs/{asset}"),
}


def described_path(prefix: str, operation: Operation) -> str:
    parts = (prefix + operation.path).rstrip("/").split("/")
    return "/".join(f"{{{part.strip('<>').split(':')[-1]}}}" if part.startswith("<") else part for part in parts)


def test_every_http_function_of_the_catalog_declares_operations_under_its_paths() -> None:
    assert set(DECLARED) == {entry.name for entry in FUNCTIONS}
    for entry in FUNCTIONS:
        assert DECLARED[entry.name].declared
        for operation in DECLARED[entry.name].declared:
            path = DECLARED[entry.name].prefix + operation.path
            assert any(f"{path}/".startswith(f"{prefix}/") for prefix in entry.paths), f"{entry.name}: {path}"


@pytest.mark.parametrize(("prefix", "operation"), OPERATIONS, ids=named)
def test_an_operation_declares_its_audit_type_and_its_permission(prefix: str, operation: Operation) -> None:
    assert isinstance(operation.audit, AuditAction)
    assert operation.permission in ROLES_BY_PERMISSION
    place = (operation.method, described_path(prefix, operation))
    if operation.audit is AuditAction.NONE:
        assert place in UNRECORDED or not operation.listed, "say why it leaves no audit row: UNRECORDED above"
    if operation.permission is Permission.PUBLIC:
        assert place in PUBLIC, "say why anybody may: PUBLIC above"


def test_what_is_public_in_the_catalog_is_public_in_the_code() -> None:
    declared = {
        f"{operation.method} {described_path(prefix, operation)}"
        for prefix, operation in OPERATIONS
        if operation.permission is Permission.PUBLIC and "{" not in described_path(prefix, operation)
    }
    assert declared == {public for entry in FUNCTIONS for public in entry.public}


@pytest.mark.parametrize(("prefix", "operation"), LISTED, ids=named)
def test_a_listed_operation_has_a_summary_and_examples(prefix: str, operation: Operation) -> None:
    assert operation.summary, prefix
    assert operation.summary[0].isupper()
    if answer_model(operation) is not None:
        assert operation.example is not None, "an example of the answer"
    if operation.answer is EventStream:
        assert isinstance(operation.example, str), "an example of the events"
    if operation.body is not None:
        assert operation.request_example is not None, "an example of the body"


@pytest.mark.parametrize(("prefix", "operation"), LISTED, ids=named)
def test_a_listed_operation_says_that_one_may_have_to_wait(prefix: str, operation: Operation) -> None:
    if operation.wants_caller or operation.wants_visitor:
        answers = DESCRIBED[described_path(prefix, operation)][operation.method.lower()]["responses"]
        assert "Retry-After" in answers["429"]["headers"]


@pytest.mark.parametrize(("prefix", "operation"), LISTED, ids=named)
def test_a_listed_operation_stands_in_the_description(prefix: str, operation: Operation) -> None:
    described = DESCRIBED[described_path(prefix, operation)][operation.method.lower()]
    assert described["summary"] == operation.summary
    assert described["x-audit"] == operation.audit.value
    assert str(operation.status) in described["responses"]
    if operation.permission is Permission.PUBLIC:
        assert described["security"] == []
    else:
        assert {"401", "403", "404", "422", "503"} <= set(described["responses"])
        assert described["x-roles"] == sorted(ROLES_BY_PERMISSION[operation.permission])
    if operation.body is not None:
        content = described["requestBody"]["content"]["application/json"]
        assert content["schema"]
        assert content["example"] == operation.request_example


def test_the_description_holds_nothing_else() -> None:
    described = {(method.upper(), path) for path, methods in DESCRIBED.items() for method in methods}
    assert described == {(operation.method, described_path(prefix, operation)) for prefix, operation in LISTED}


def test_operation_ids_are_unique() -> None:
    ids = [described["operationId"] for methods in DESCRIBED.values() for described in methods.values()]
    assert len(set(ids)) == len(ids)


def test_no_two_operations_of_a_function_share_a_method_and_a_path() -> None:
    for function in DECLARED.values():
        places = [(operation.method, operation.path.rstrip("/")) for operation in function.declared]
        assert len(set(places)) == len(places)


def test_the_committed_description_is_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "infra.gateway", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("prefix", "operation"), LISTED, ids=named)
def test_an_example_of_a_body_is_a_body(prefix: str, operation: Operation) -> None:
    del prefix
    if operation.body is None or operation.body is dict:
        return
    operation.body.model_validate_json(json.dumps(operation.request_example), strict=True, by_alias=True, by_name=False)
