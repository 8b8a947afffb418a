"""Every member of every body of users and records, and every id and parameter, with what people and attackers send.

On real stores, because PostgreSQL refuses what memory takes. Whatever is sent, the answer is no 5xx, and a refusal
names the member.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from shared.models.api.record_writes import INPUT_MODELS
from shared.models.api.users import (
    Acceptance,
    AssistantEdit,
    Invitation,
    NotificationEdit,
    OrganisationEdit,
    OwnEdit,
    UserEdit,
)
from shared.models.identifiers import uuid7
from tests.e2e.person import RECORDS, USERS, Database, Person, unique
from tests.permission_ids import Make, new_record_body

TEXTS = (
    "", " ", "\n", "\t", "a\x00b", "\x7f", "\ud800", "\u202etxt", "\u200b", "\ufeff", "İ", "ﬃ", "\U0001d4b3", "👩‍⚕️",
    "'; DROP TABLE patients; --", "%", "%00", "\\", "a/b", "../../etc/passwd", "<script>", "{}", "[]", "null", "NaN",
    "Infinity", "1e999", "-1", "0", "٣٤٥", "1_000", "a" * 201, "a" * 5000, "x'y\"z",
    "2026-02-30", "0000-00-00", "0001-01-01", "9999-12-31", "10000-01-01", "1799-12-31", "2999-01-01", "03/04/1981",
    "2026-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-01-01 00:00", "today",
    "00000000-0000-0000-0000-000000000000", "{00000000-0000-0000-0000-000000000000}", "urn:uuid:" + "0" * 32, "0" * 32,
    "admin", "client_id", "__proto__", "$where", "a@b", "a@b.c\r\nBcc: x@y.example",
)  # fmt: skip
NUMBERS = (0, -1, 1, 1.5, -0.0, 0.001, 1e-320, 1e308, 2**31, 2**63, 10**30, -(10**30), 100_000_000.01)
OTHERS: tuple[Any, ...] = (None, True, False, [], {}, [None], [[]], {"a": 1}, ["a"], {"$ne": None})
VALUES: tuple[Any, ...] = (*TEXTS, *NUMBERS, *OTHERS)


Some = Callable[..., Sequence[Any]]
EACH = 8  # of a member's values in a reduced run, one in so many; which ones differs from member to member


@pytest.fixture(scope="session")
def some(full_volume: bool) -> Some:
    """`some(values, name)`: all of them at full volume."""

    def chosen(values: Sequence[Any], name: str) -> Sequence[Any]:
        return values if full_volume else values[sum(name.encode()) % EACH :: EACH]

    return chosen


def names(model: Any) -> list[str]:
    """The members of a model, as they are sent."""
    return [info.alias or name for name, info in model.model_fields.items()]


def sent(person: Person, method: str, path: str, body: Any = None) -> httpx.Response:
    """The answer to a body that may hold what no JSON writer of a client would let through."""
    content = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {person.token}", "Content-Type": "application/json"}
    return person.http.request(method, person.stack.gateway + path, content=content, headers=headers)


def sound(answer: httpx.Response, what: str) -> None:
    """No 5xx, and a refusal that names a member."""
    assert answer.status_code < 500, f"{what}: {answer.status_code} {answer.text}"
    if answer.status_code == 422 and answer.json()["code"] != "idempotency_mismatch":
        faults = answer.json()["errors"]
        # The strict parser refuses a text (NUL, half a character) wherever it stands.
        assert faults, f"{what}: {answer.text}"
        assert all(fault["message"] for fault in faults)


@pytest.fixture(scope="session")
def admin(signed_in: Any) -> Person:
    person: Person = signed_in("admin")
    return person


@pytest.fixture(scope="session")
def make(admin: Person) -> Make:
    return Make(admin.done, str(admin.claims["userId"]), admin.done)


@pytest.mark.parametrize(
    ("record_type", "member"), [(kind, name) for kind, model in INPUT_MODELS.items() for name in names(model)]
)
def test_no_value_of_a_records_member_breaks_anything(admin: Person, make: Make, record_type: str, member: str) -> None:
    body = new_record_body(make, record_type)
    for value in VALUES:
        changed = body | {"data": body["data"] | {member: value}}
        answer = sent(admin, "POST", f"{RECORDS}/", changed)
        sound(answer, f"{member}={value!r}")
        if answer.status_code == 422 and answer.json()["errors"][0]["field"].startswith("data"):
            fields = {fault["field"].partition("[")[0] for fault in answer.json()["errors"]}
            assert f"data.{member}" in fields or len(fields) == 1, answer.text
        if answer.status_code == 201:  # taken as it is: it can be read, found in history, and deleted again
            made = answer.json()
            place = f"{RECORDS}/{record_type}/{made['id']}"
            assert sent(admin, "GET", place).json()["data"] == made["data"]
            assert sent(admin, "GET", f"{place}/history").status_code == 200
            assert sent(admin, "DELETE", place).status_code == 200
            body = new_record_body(make, record_type)


@pytest.mark.parametrize("member", ["type", "data", "version", "id", "createdAt", "clientId", "deletedAt"])
def test_no_value_beside_a_records_data_breaks_anything(admin: Person, make: Make, some: Some, member: str) -> None:
    for value in some(VALUES, member):
        body = new_record_body(make, "patient") | {member: value}
        answer = sent(admin, "POST", f"{RECORDS}/", body)
        sound(answer, f"{member}={value!r}")
        assert answer.status_code in {201, 412, 422}, answer.text


SEARCHED = [("q", {}), ("type", {"q": "smith"}), ("limit", {"q": "smith"}), ("cursor", {"q": "smith"})]


@pytest.mark.parametrize(("member", "rest"), SEARCHED)
def test_no_search_breaks_anything(admin: Person, some: Some, member: str, rest: dict[str, Any]) -> None:
    for value in some(VALUES, member):
        sound(sent(admin, "POST", f"{RECORDS}/search", rest | {member: value}), f"{member}={value!r}")
        if isinstance(value, str) and "\ud800" not in value:
            given = "".join(f"&{name}={quote(str(one))}" for name, one in rest.items())
            sound(sent(admin, "GET", f"{RECORDS}/search?{member}={quote(value)}{given}"), f"?{member}={value!r}")


USER_BODIES: dict[str, tuple[str, Any]] = {
    f"POST {USERS}": (USERS, Invitation),
    f"PUT {USERS}/<user_id>": (f"{USERS}/{{}}", UserEdit),
    f"PUT {USERS}/me": (f"{USERS}/me", OwnEdit),
    f"PUT {USERS}/client": (f"{USERS}/client", OrganisationEdit),
    f"POST {USERS}/accept": (f"{USERS}/accept", Acceptance),
}


def invited(person: Person) -> str:
    """A user that nobody else works on."""
    body = {"email": f"{unique('person')}@values.example", "name": "A Person", "role": "biller"}
    return str(person.done("POST", USERS, body)["id"])


@pytest.fixture
def organisation(admin: Person) -> Iterator[None]:
    """The organisation and the admin's name, set back afterwards."""
    before = {path: admin.done("GET", path) for path in (f"{USERS}/client", f"{USERS}/me")}
    yield
    for path, shown in before.items():
        kept = {name: shown[name] for name in ("name", "logoUrl", "timeZone") if name in shown}
        admin.done("PUT", path, kept)


@pytest.mark.parametrize("name", USER_BODIES)
def test_no_value_of_a_users_member_breaks_anything(admin: Person, organisation: None, some: Some, name: str) -> None:
    del organisation
    template, model = USER_BODIES[name]
    path = template.format(invited(admin))
    for member in [*names(model), "id", "clientId", "role", "status", "email"]:
        for value in some(VALUES, name + member):
            whole = {"email": f"{unique('p')}@values.example", "name": "A Person", "role": "biller"}
            whole = {"code": "inv_none", "password": "correct horse battery"} if model is Acceptance else whole
            body = whole | {member: value} if name.startswith("POST") else {member: value}
            answer = sent(admin, name.partition(" ")[0], path, body)
            sound(answer, f"{member}={value!r}")
            if answer.is_success and name.startswith("PUT") and value is not None:
                assert sent(admin, "GET", path).status_code == 200


@pytest.mark.parametrize(("group", "model"), [("assistant", AssistantEdit), ("notifications", NotificationEdit)])
def test_no_setting_breaks_anything(admin: Person, some: Some, group: str, model: Any) -> None:
    path = f"{USERS}/me/preferences"
    before = admin.done("GET", path)
    for member in names(model):
        for value in some(VALUES, member):
            sound(sent(admin, "PUT", path, {group: value}), f"{group}={value!r}")
            sound(sent(admin, "PUT", path, {group: {member: value}}), f"{group}.{member}={value!r}")
    assert set(admin.done("GET", path)[group]) == set(before[group])
    admin.done("PUT", path, before)


PLACES = [
    ("GET", f"{USERS}/{{}}"),
    ("PUT", f"{USERS}/{{}}"),
    ("DELETE", f"{USERS}/{{}}"),
    ("POST", f"{USERS}/{{}}/reactivate"),
    ("POST", f"{USERS}/{{}}/invitation"),
    ("GET", f"{RECORDS}/{{}}/MRN553"),
    ("DELETE", f"{RECORDS}/{{}}/MRN553"),
    *((method, f"{RECORDS}/{kind}/{{}}{end}") for kind in INPUT_MODELS for method, end in
      (("GET", ""), ("DELETE", ""), ("GET", "/history"))),
]  # fmt: skip


@pytest.mark.parametrize(("method", "template"), PLACES)
def test_no_id_breaks_anything_or_finds_anything(admin: Person, some: Some, method: str, template: str) -> None:
    for value in some(TEXTS, method + template):
        if "\ud800" in value or value.strip() in {"", "../../etc/passwd"}:
            continue  # no UTF-8; or another path than this one
        body: dict[str, Any] | None = {} if method in {"POST", "PUT"} else None
        answer = sent(admin, method, template.format(quote(value, safe="")), body)
        assert answer.status_code == 404, f"{value!r}: {answer.status_code} {answer.text}"
        assert value not in answer.text or len(value) < 7, "an error must not echo what was sent"


@pytest.mark.parametrize("header", ["If-Match", "Idempotency-Key"])
@pytest.mark.parametrize("value", ["", "*", '""', '"0"', '"1"', 'W/"1"', '"9999999999"', "a" * 300, "é", "1,2"])
def test_no_condition_breaks_anything(admin: Person, make: Make, header: str, value: str) -> None:
    body = new_record_body(make, "patient")
    headers: Any = {header: value.encode()}
    sound(admin.call("POST", f"{RECORDS}/", body, headers=headers), value)
    sound(admin.call("PUT", f"{USERS}/{uuid7()}", {"name": "A"}, headers=headers), value)


@pytest.mark.parametrize("path", [f"{RECORDS}/", f"{RECORDS}/search", f"{RECORDS}/import", USERS, f"{USERS}/accept"])
def test_a_body_of_ten_megabytes_is_refused(admin: Person, path: str) -> None:
    assert sent(admin, "POST", path, {"q": "a" * 10_000_000}).status_code == 413


def test_a_duplicate_number_is_refused_and_tells_nothing_of_other_organisations(
    admin: Person, signed_in: Any, make: Make, database: Database
) -> None:
    body = new_record_body(make, "patient")
    admin.done("POST", f"{RECORDS}/", body)
    assert sent(admin, "POST", f"{RECORDS}/", body).json()["code"] == "already_exists"
    elsewhere = signed_in("admin", "Lakeside Clinic")
    assert sent(elsewhere, "POST", f"{RECORDS}/", body).status_code == 201
    rows = database.rows("SELECT client_id FROM patients WHERE mrn = :mrn", mrn=body["data"]["mrn"])
    assert len({row["client_id"] for row in rows}) == 2
