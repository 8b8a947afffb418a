"""Each HTTP function's real app: paths, methods, sign-in, conditions and every kind of refusal."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest

from infra.local.demo_accounts import LAKESIDE
from shared.auth.permissions import Permission
from shared.models.roles import Role
from shared.web.operations import Operation
from tests.functions.in_memory import OPERATIONS, ORIGIN, Answer, InMemoryProduct, account, named, path_of, token

TASKS = "/api/v1/components/tasks"
ELIGIBILITY = "/api/v1/modes/eligibility"
RECORDS = "/api/v1/records"
SIGNED_IN = [(prefix, one) for prefix, one in OPERATIONS if one.permission is not Permission.PUBLIC]
WITH_BODY = [(prefix, one) for prefix, one in OPERATIONS if one.body is not None]
PATHS = sorted({path_of(prefix, one) for prefix, one in OPERATIONS})
MEMBERS = {"type", "title", "status", "detail", "code", "requestId", "errors", "error"}


def refused(answer: Answer, status: int, code: str) -> dict[str, Any]:
    """The problem's body, checked for its shape."""
    assert (answer.status, answer.content_type) == (status, "application/problem+json")
    body: dict[str, Any] = answer.json
    assert set(body) >= MEMBERS
    assert (body["status"], body["code"]) == (status, code)
    assert body["error"] == body["detail"]
    assert body["requestId"] == answer.headers["X-Request-Id"]
    return body


@pytest.mark.parametrize(("prefix", "operation"), OPERATIONS, ids=named)
def test_a_trailing_slash_changes_nothing_and_never_redirects(
    product: InMemoryProduct, prefix: str, operation: Operation
) -> None:
    path = path_of(prefix, operation).rstrip("/")
    answers = [product.request(operation.method, path + end, role=None) for end in ("", "/")]
    assert [answer.status for answer in answers] == [answers[0].status] * 2
    open_to_all = {415} if operation.body is not None else {200, 404, 422}
    assert answers[0].status in (open_to_all if operation.permission is Permission.PUBLIC else {401})
    assert all("Location" not in answer.headers for answer in answers)


@pytest.mark.parametrize(("prefix", "operation"), SIGNED_IN, ids=named)
def test_nobody_gets_in_without_a_token(product: InMemoryProduct, prefix: str, operation: Operation) -> None:
    path = path_of(prefix, operation)
    answer = product.request(operation.method, path, role=None)
    refused(answer, 401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    answer = product.request(operation.method, path, role=None, headers={"Authorization": "Bearer a.b.c"})
    refused(answer, 401, "unauthenticated")
    assert product.events == []


@pytest.mark.parametrize("path", PATHS)
def test_another_method_is_refused_with_those_there_are(product: InMemoryProduct, path: str) -> None:
    answer = product.request("PATCH", path)
    body = refused(answer, 405, "method_not_allowed")
    allowed = answer.headers["Allow"].split(", ")
    assert allowed == body["allowed"]
    assert "OPTIONS" in allowed
    assert {one.method for prefix, one in OPERATIONS if path_of(prefix, one) == path} <= set(allowed)


@pytest.mark.parametrize("path", PATHS)
def test_a_preflight_is_answered_to_configured_origins_only(product: InMemoryProduct, path: str) -> None:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    answer = product.request("OPTIONS", path, role=None, headers=asked | {"Origin": ORIGIN})
    assert (answer.status, answer.data) == (204, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert answer.headers["Access-Control-Max-Age"] == "7200"
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
    foreign = product.request("OPTIONS", path, role=None, headers=asked | {"Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in foreign.headers
    assert foreign.headers["Vary"] == "Origin"
    assert product.events == []


@pytest.mark.parametrize("origin", [ORIGIN + ".evil.example", "null", "http://front.example", ORIGIN.upper(), "*", ""])
def test_an_origin_must_be_exactly_a_configured_one(product: InMemoryProduct, origin: str) -> None:
    answer = product.request("GET", "/api/v1/health", headers={"Origin": origin})
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize(
    "path",
    [
        f"{TASKS}/a/b/c",
        f"{TASKS}//task_1",
        f"{TASKS}/task_1/unknown",
        f"{ELIGIBILITY}/unknown",
        f"{ELIGIBILITY}/context/more",
        f"{RECORDS}/patient/a/b",
        f"{ELIGIBILITY}/patient/a%2Fb/c",
        "/api/v1/unknown",
        "/",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "TRACE"])
def test_an_unknown_path_is_no_route(product: InMemoryProduct, method: str, path: str) -> None:
    refused(product.request(method, path), 404, "route_not_found")


@pytest.mark.parametrize("reference", ["x" * 201, "a%09b", "a%00b", "..%00", "%7F"])
def test_a_path_that_no_record_can_have_is_not_found(product: InMemoryProduct, reference: str) -> None:
    refused(product.request("GET", f"{ELIGIBILITY}/patient/{reference}"), 404, "not_found")
    refused(product.request("DELETE", f"{TASKS}/{reference}"), 404, "not_found")


def test_an_unknown_mode_names_those_there_are(product: InMemoryProduct) -> None:
    for path in ("/api/v1/modes/time-travel", "/api/v1/modes/time-travel/context/"):
        body = refused(product.request("GET", path), 404, "mode_not_found")
        assert "eligibility" in body["allowed"]


@pytest.mark.parametrize(("prefix", "operation"), SIGNED_IN, ids=named)
def test_an_unknown_parameter_is_refused_by_name(product: InMemoryProduct, prefix: str, operation: Operation) -> None:
    answer = product.request(operation.method, path_of(prefix, operation) + "?recorId=1", role=Role.ADMIN)
    body = refused(answer, 422, "validation_failed")
    assert ("recorId", "extra_forbidden") in [(fault["field"], fault["code"]) for fault in body["errors"]]


@pytest.mark.parametrize(("prefix", "operation"), WITH_BODY, ids=named)
@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        ({"data": b"a=1", "content_type": "application/x-www-form-urlencoded"}, 415, "unsupported_media_type"),
        ({"data": b"{", "content_type": "application/json"}, 422, "validation_failed"),
        ({"data": b"[]", "content_type": "application/json"}, 422, "validation_failed"),
        ({"data": b'{"a":NaN}', "content_type": "application/json"}, 422, "validation_failed"),
        ({"data": b'{"a":1,"a":1}', "content_type": "application/json"}, 422, "validation_failed"),
        ({"data": b"\xff", "content_type": "application/json"}, 422, "validation_failed"),
    ],
)
def test_a_body_that_is_no_strict_json_is_refused(
    product: InMemoryProduct, prefix: str, operation: Operation, content: dict[str, Any], status: int, code: str
) -> None:
    answer = product.request(operation.method, path_of(prefix, operation), role=Role.ADMIN, **content)
    refused(answer, status, code)


@pytest.mark.parametrize(("prefix", "operation"), WITH_BODY, ids=named)
def test_a_body_over_the_limit_is_refused(product: InMemoryProduct, prefix: str, operation: Operation) -> None:
    content: dict[str, Any] = {
        "data": b'{"a":"' + b"x" * operation.max_bytes + b'"}',
        "content_type": "application/json",
    }
    refused(
        product.request(operation.method, path_of(prefix, operation), role=Role.ADMIN, **content),
        413,
        "payload_too_large",
    )


def test_a_body_that_hides_its_length_is_refused_at_the_limit(product: InMemoryProduct) -> None:
    body = BytesIO(b'{"label":"' + b"x" * 2_000_000 + b'"}')
    content: dict[str, Any] = {
        "input_stream": body,
        "content_type": "application/json",
        "headers": {"Transfer-Encoding": "chunked"},
    }
    refused(product.request("PUT", f"{TASKS}/task_1", **content), 413, "payload_too_large")
    assert body.tell() < 1_100_000


def test_a_body_of_just_the_limit_is_read(product: InMemoryProduct) -> None:
    start, end = b'{"label":"', b'"}'
    data = start + b"x" * (1_000_000 - len(start) - len(end)) + end
    answer = product.request("PUT", f"{TASKS}/task_1", data=data, content_type="application/json")
    assert refused(answer, 422, "validation_failed")["errors"][0]["field"] == "label"


@pytest.mark.parametrize("given", ["web-1", "0af7651916cd43dd8448eb211c80319c"])
def test_a_request_id_is_echoed(product: InMemoryProduct, given: str) -> None:
    for path in ("/api/v1/health", "/api/v1/unknown", TASKS):
        assert product.request("GET", path, headers={"X-Request-Id": given}).headers["X-Request-Id"] == given


@pytest.mark.parametrize("given", [None, "", "a b", "<b>", "x" * 129])
def test_a_request_id_is_made_where_there_is_none_to_take(product: InMemoryProduct, given: str | None) -> None:
    headers = {} if given is None else {"X-Request-Id": given}
    answers = [product.request("GET", "/api/v1/health", headers=headers) for _ in range(2)]
    made = [answer.headers["X-Request-Id"] for answer in answers]
    assert all(len(one) == 32 for one in made)
    assert made[0] != made[1]


@pytest.mark.parametrize("path", ["/api/v1/health", "/api/v1/unknown", f"{TASKS}/task_1"])
def test_nothing_is_stored_on_the_way(product: InMemoryProduct, path: str) -> None:
    answer = product.request("GET", path)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_version_is_the_etag_and_a_stale_one_is_refused_with_the_current_task(product: InMemoryProduct) -> None:
    made = product.create_task()
    path = f"{TASKS}/{made['id']}"
    first = product.request("PUT", path, json={"label": "second"}, headers={"If-Match": '"1"'})
    assert (first.status, first.headers["ETag"], first.json["version"]) == (200, '"2"', 2)
    stale = product.request("PUT", path, json={"label": "third"}, headers={"If-Match": '"1"'})
    body = refused(stale, 412, "precondition_failed")
    assert (body["current"]["version"], body["current"]["label"]) == (2, "second")
    assert product.request("DELETE", path, headers={"If-Match": 'W/"1"'}).status == 412
    assert product.request("PUT", path, json={"label": "third"}, headers={"If-Match": "*"}).status == 200
    assert refused(product.request("PUT", path, json={}, headers={"If-Match": "x"}), 422, "validation_failed")


def test_a_task_that_we_returned_may_be_put_back(product: InMemoryProduct) -> None:
    made = product.create_task()
    answer = product.request("PUT", f"{TASKS}/{made['id']}", json=made | {"label": "changed"})
    assert (answer.status, answer.json["label"]) == (200, "changed")


def test_a_repeated_post_is_answered_as_the_first(product: InMemoryProduct) -> None:
    body = {"contextId": product.open_context()["contextId"], "label": "once"}
    headers = {"Idempotency-Key": "k-1"}
    first, second = (product.request("POST", TASKS, json=body, headers=headers) for _ in range(2))
    assert (first.status, first.data) == (second.status, second.data) == (201, first.data)
    assert first.headers["ETag"] == second.headers["ETag"] == '"1"'
    other = product.request("POST", TASKS, json=body | {"label": "twice"}, headers=headers)
    refused(other, 422, "idempotency_mismatch")
    assert product.request("POST", TASKS, json=body, headers={"Idempotency-Key": "k-2"}).json["id"] != first.json["id"]
    assert len(product.live.documents.tasks) == 2


def test_a_key_of_somebody_else_is_another_key(product: InMemoryProduct) -> None:
    body = {"contextId": product.open_context()["contextId"], "label": "once"}
    ids = {
        product.request("POST", TASKS, role=role, json=body, headers={"Idempotency-Key": "k-1"}).json["id"]
        for role in (Role.ELIGIBILITY_SPECIALIST, Role.MANAGER)
    }
    assert len(ids) == 2


def test_a_repeated_opening_and_check_are_answered_as_the_first(product: InMemoryProduct) -> None:
    headers = {"Idempotency-Key": "k-1"}
    for path, body in (
        (f"{ELIGIBILITY}/context", {"recordType": "Patient ID", "recordId": "MRN553"}),
        (f"{ELIGIBILITY}/quick-action", {"action": "check_eligibility"}),
    ):
        first, second = (product.request("POST", path, json=body, headers=headers) for _ in range(2))
        assert (first.status, first.data) == (second.status, second.data)
        assert first.status in {200, 201}
    assert len(product.records.tables.rows["eligibility_checks"]) == 1


def test_the_owners_first_request_is_answered_in_his_shape(product: InMemoryProduct) -> None:
    opened = product.open_context()
    assert opened | {"mode": "eligibility", "recordType": "Patient ID", "recordId": "MRN553"} == opened
    answer = product.request("POST", f"{ELIGIBILITY}/quick-action", json={"action": "check_eligibility"}).json
    assert answer["data"] | {"eligible": True, "requiresAuth": True, "status": "pending"} == answer["data"]
    listed = product.request("GET", f"{TASKS}/").json
    assert listed == {"tasks": [], "nextCursor": None}


def test_a_context_is_201_when_new_and_200_when_it_was_there(product: InMemoryProduct) -> None:
    body = {"recordType": "Patient ID", "recordId": "MRN553"}
    assert [product.request("POST", f"{ELIGIBILITY}/context", json=body).status for _ in range(2)] == [201, 200]


@pytest.mark.parametrize("role", [Role.AUDITOR])
def test_who_may_not_is_forbidden(product: InMemoryProduct, role: Role) -> None:
    made = product.create_task()
    refused(product.request("DELETE", f"{TASKS}/{made['id']}", role=role), 403, "forbidden")
    refused(product.request("POST", f"{RECORDS}/import", role=role, json={}), 403, "forbidden")
    product.open_context(role)
    answer = product.request("POST", f"{ELIGIBILITY}/quick-action", role=role, json={"action": "check_eligibility"})
    refused(answer, 403, "forbidden")


def test_somebody_who_is_no_member_any_more_is_forbidden(product: InMemoryProduct) -> None:
    person = account(Role.ELIGIBILITY_SPECIALIST)
    member = product.members.members[person.uid]
    product.members.members[person.uid] = member.model_copy(update={"status": "deactivated"})
    refused(product.request("GET", TASKS), 403, "not_a_member")
    del product.members.members[person.uid]
    refused(product.request("GET", TASKS), 403, "not_a_member")


def test_a_gateway_header_alone_is_never_enough(product: InMemoryProduct) -> None:
    payload = token(account(Role.ADMIN)).split(".")[1]
    answer = product.request("GET", TASKS, role=None, headers={"X-Apigateway-Api-Userinfo": payload})
    refused(answer, 401, "unauthenticated")
    answer = product.request("GET", f"{TASKS}?access_token={token(account(Role.ADMIN))}", role=None)
    refused(answer, 401, "unauthenticated")


def test_another_organisation_gets_the_very_answer_of_an_unknown_record(product: InMemoryProduct) -> None:
    made = product.create_task(type="shared")
    patient = product.request("GET", f"{ELIGIBILITY}/patient/MRN553").json["patient"]["id"]
    headers = {"X-Request-Id": "r"}
    for method, path, unknown in (
        ("DELETE", f"{TASKS}/{made['id']}", f"{TASKS}/task_unknown"),
        ("POST", f"{TASKS}/{made['id']}/complete", f"{TASKS}/task_unknown/complete"),
        ("GET", f"{TASKS}?contextId={made['contextId']}", f"{TASKS}?contextId=ctx_unknown"),
        ("GET", f"{ELIGIBILITY}/context?contextId={made['contextId']}", f"{ELIGIBILITY}/context?contextId=ctx_unknown"),
        ("GET", f"{ELIGIBILITY}/patient/{patient}", f"{ELIGIBILITY}/patient/nobody"),
        ("GET", f"{ELIGIBILITY}/claims/{patient}", f"{ELIGIBILITY}/claims/nobody"),
        ("GET", f"{RECORDS}/patient/{patient}", f"{RECORDS}/patient/nobody"),
        ("GET", f"{RECORDS}/visit/VIS-2041", f"{RECORDS}/visit/nobody"),
    ):
        foreign, none = (
            product.request(method, asked, organisation=LAKESIDE, role=Role.ADMIN, headers=headers)
            for asked in (path, unknown)
        )
        refused(foreign, 404, "not_found")
        assert foreign.data == none.data
    assert product.request("GET", f"{TASKS}/shared", organisation=LAKESIDE).json["tasks"] == []
    found = product.request("GET", f"{RECORDS}/search?q=Vasquez", organisation=LAKESIDE).json
    assert found == {"results": [], "nextCursor": None}


def test_when_reads_cannot_be_recorded_there_is_no_data(product: InMemoryProduct) -> None:
    product.open_context()
    product.topic.available = product.live.outbox.available = False
    answer = product.request("GET", TASKS)
    body = refused(answer, 503, "store_unavailable")
    assert answer.headers["Retry-After"] == str(body["retryAfter"])
    refused(product.request("GET", f"{TASKS}?limit=0"), 503, "store_unavailable")


def test_when_the_database_does_not_answer_it_says_so(product: InMemoryProduct) -> None:
    answer = product.request("POST", f"{RECORDS}/import", role=Role.ADMIN, json={"resourceType": "Bundle"})
    refused(answer, 503, "store_unavailable")
    assert answer.headers["Retry-After"] == "5"


def test_public_pages_need_no_sign_in_and_load_nothing_from_elsewhere(product: InMemoryProduct) -> None:
    assert product.request("GET", "/api/v1/health", role=None).json == {"status": "ok"}
    description = product.request("GET", "/api/v1/openapi.json", role=None)
    assert description.json["openapi"].startswith("3.1")
    page = product.request("GET", "/api/v1/docs", role=None)
    assert page.content_type.startswith("text/html")
    assert "http://" not in page.data.decode()
    assert "https://" not in page.data.decode()
    for asset in ("swagger-ui.css", "swagger-ui-bundle.js", "start.js"):
        assert product.request("GET", f"/api/v1/docs/{asset}", role=None).status == 200
    refused(product.request("GET", "/api/v1/docs/..%2fmain.py", role=None), 404, "route_not_found")
    refused(product.request("GET", "/api/v1/docs/main.py", role=None), 404, "not_found")
