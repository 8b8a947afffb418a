"""Any JSON at all as the body, any text as a parameter or id, of users and records: never a 5xx."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.models.api.record_writes import INPUT_MODELS
from shared.models.roles import Role
from shared.web.operations import Operation
from tests.functions.in_memory import DECLARED, InMemoryProduct, named

RECORDS = "/api/v1/records"
SWEPT = [(DECLARED[name].prefix, one) for name in ("users", "records") for one in DECLARED[name].declared]
WITH_BODY = [(prefix, one) for prefix, one in SWEPT if one.body is not None]
WITH_ID = [(prefix, one) for prefix, one in SWEPT if "<" in one.path]
NAMES = ["type", "data", "q", "limit", "cursor", "email", "name", "role", "version", "code", "password", "assistant"]
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4))
BODIES = st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=8), JSON, max_size=5)
anything = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)


def ask(product: InMemoryProduct, operation: Operation, path: str, body: Any) -> int:
    content: dict[str, Any] = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
    status: int = product.request(operation.method, path, role=Role.ADMIN, **content).status
    # An import is stored in PostgreSQL alone: an acceptable one gets as far as the database that is not here.
    return 200 if status == 503 and operation.path == "/import" else status


def path_of(prefix: str, operation: Operation, given_id: str) -> str:
    parts = (prefix + operation.path).split("/")
    return "/".join(given_id if part.startswith("<") else part for part in parts)


@pytest.mark.parametrize(("prefix", "operation"), WITH_BODY, ids=named)
def test_no_body_breaks_an_operation(product: InMemoryProduct, prefix: str, operation: Operation) -> None:
    @anything
    @given(BODIES)
    def sweep(body: dict[str, Any]) -> None:
        path = path_of(prefix, operation, "01975f3c-0000-7000-8000-000000000001")
        assert ask(product, operation, path, body) < 500

    sweep()


@pytest.mark.parametrize("record_type", INPUT_MODELS)
def test_no_data_breaks_writing_a_record(product: InMemoryProduct, record_type: str) -> None:
    members = [info.alias or name for name, info in INPUT_MODELS[record_type].model_fields.items()]
    write = next(one for _, one in SWEPT if (one.method, one.path) == ("POST", "/"))

    @anything
    @given(st.dictionaries(st.sampled_from(members), JSON), st.none() | st.integers())
    def sweep(data: dict[str, Any], version: int | None) -> None:
        body = {"type": record_type, "data": data} | ({} if version is None else {"version": version})
        assert ask(product, write, f"{RECORDS}/", body) < 500

    sweep()


@pytest.mark.parametrize(("prefix", "operation"), WITH_ID, ids=named)
def test_no_id_breaks_an_operation(product: InMemoryProduct, prefix: str, operation: Operation) -> None:
    @anything
    @given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300))
    def sweep(text: str) -> None:
        path = path_of(prefix, operation, quote(text, safe=""))
        assert ask(product, operation, path, {} if operation.body else None) < 500

    sweep()
