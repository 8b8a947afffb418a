"""Records through the real app on in-memory stores: what a role sees, finds and is told of the types."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from shared.auth.permissions import ROLES_BY_RECORD_TYPE, ROLES_BY_WRITTEN_TYPE
from shared.models.roles import Role
from tests.functions.in_memory import InMemoryProduct

RECORDS = "/api/v1/records"
ANA = {"mrn": "MRN900", "firstName": "Ana", "lastName": "Ortiz", "dateOfBirth": "1984-02-11", "phone": "303 555 0199"}


def write(product: InMemoryProduct, record_type: str, data: dict[str, Any], **members: Any) -> Any:
    body = {"type": record_type, "data": data} | members
    answer = product.request("POST", f"{RECORDS}/", role=Role.ADMIN, json=body)
    assert answer.status in {200, 201}, answer.json
    return answer.json


def found(product: InMemoryProduct, role: Role, words: str, **members: Any) -> list[str]:
    answer = product.request("POST", f"{RECORDS}/search", role=role, json={"q": words} | members)
    assert answer.status == 200, answer.json
    return [hit["number"] for hit in answer.json["results"]]


def test_what_a_role_does_not_see_does_not_find_a_record_for_it(product: InMemoryProduct) -> None:
    write(product, "patient", ANA)
    write(product, "coverage", {"patientId": "MRN900", "payerId": "BST-01", "memberId": "WX 77-1"})
    for words, number in (("3035550199", "MRN900"), ("303", "MRN900"), ("wx771", "WX 77-1"), ("WX 77", "WX 77-1")):
        assert found(product, Role.FRONT_DESK, words) == [number]
        assert found(product, Role.AUDITOR, words) == []
    assert found(product, Role.AUDITOR, "wx771", type="coverage") == []
    assert found(product, Role.AUDITOR, "Ortiz 2/11/1984") == ["MRN900"]


@pytest.mark.parametrize(
    ("role", "patient", "coverage"),
    [
        (Role.BILLER, ["mrn", "lastName", "firstName", "dateOfBirth", "phone"], ["memberId"]),
        (Role.AUDITOR, ["mrn", "lastName", "firstName", "dateOfBirth"], []),
    ],
)
def test_types_say_what_the_role_searches_by(
    product: InMemoryProduct, role: Role, patient: list[str], coverage: list[str]
) -> None:
    types = {one["type"]: one for one in product.request("GET", f"{RECORDS}/types", role=role).json["types"]}
    assert (types["patient"]["searchable"], types["coverage"]["searchable"]) == (patient, coverage)
    for one in types.values():
        assert ("search" in one["actions"]) == bool(one["searchable"])


def test_a_types_schema_takes_what_the_operation_takes_and_refuses_what_it_refuses(product: InMemoryProduct) -> None:
    types = product.request("GET", f"{RECORDS}/types", role=Role.ADMIN).json["types"]
    schemas = {one["type"]: one["schema"] for one in types}
    for schema in schemas.values():
        Draft202012Validator.check_schema(schema)
        assert schema["additionalProperties"] is False
    check = Draft202012Validator(schemas["patient"], format_checker=Draft202012Validator.FORMAT_CHECKER)
    written = write(product, "patient", ANA)
    assert check.is_valid(ANA)
    assert check.is_valid(written["data"])
    for bad in ({"mrn": "a/b"}, {"dateOfBirth": "1984-02-30"}, {"firstName": None}, {"nickname": "A"}):
        assert not check.is_valid(ANA | bad)
        body = {"type": "patient", "data": ANA | bad, "version": 1}
        assert product.request("POST", f"{RECORDS}/", role=Role.ADMIN, json=body).status == 422


def test_pages_of_a_search_follow_each_other_without_gap_or_double(product: InMemoryProduct) -> None:
    numbers = {f"MRN90{n}" for n in range(5)}
    for number in numbers:
        write(product, "patient", ANA | {"mrn": number})
    seen: list[str] = []
    cursor: dict[str, Any] = {}
    for size in (2, 2, 1):
        body = {"q": "ortiz", "limit": 2} | cursor
        page = product.request("POST", f"{RECORDS}/search", role=Role.BILLER, json=body).json
        assert len(page["results"]) == size
        seen += [hit["number"] for hit in page["results"]]
        cursor = {"cursor": page["nextCursor"]}
    assert cursor == {"cursor": None}
    assert (len(seen), set(seen)) == (5, numbers)


def test_a_cursor_of_another_search_is_refused(product: InMemoryProduct) -> None:
    for number in ("MRN901", "MRN902"):
        write(product, "patient", ANA | {"mrn": number})
    ask = {"q": "ortiz", "limit": 1}
    cursor = product.request("POST", f"{RECORDS}/search", role=Role.BILLER, json=ask).json["nextCursor"]
    other = product.request("POST", f"{RECORDS}/search", role=Role.BILLER, json={"q": "ana", "cursor": cursor})
    assert (other.status, other.json["errors"][0]["field"]) == (422, "cursor")


def test_a_deleted_record_is_gone_and_its_number_stays_taken(product: InMemoryProduct) -> None:
    made = write(product, "patient", ANA)
    place = f"{RECORDS}/patient/MRN900"
    assert product.request("DELETE", place, role=Role.ADMIN, headers={"If-Match": '"1"'}).status == 200
    for method, path in (("GET", place), ("DELETE", place), ("GET", f"{place}/history"),
                         ("GET", f"{RECORDS}/patient/{made['id']}")):  # fmt: skip
        assert product.request(method, path, role=Role.ADMIN).status == 404
    assert found(product, Role.ADMIN, "ortiz") == []
    again = product.request("POST", f"{RECORDS}/", role=Role.ADMIN, json={"type": "patient", "data": ANA})
    assert (again.status, again.json["code"]) == (409, "number_retired")


def test_a_refused_member_is_described_in_plain_words(product: InMemoryProduct) -> None:
    body = {"type": "patient", "data": ANA | {"dateOfBirth": "11.02.1984"}}
    refused = product.request("POST", f"{RECORDS}/", role=Role.ADMIN, json=body).json
    assert refused["detail"] == "data.dateOfBirth: must be a day written YYYY-MM-DD"


def test_a_type_that_a_role_does_not_read_is_nowhere_for_it(
    product: InMemoryProduct, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ROLES_BY_RECORD_TYPE, "claim", frozenset({Role.BILLER}))
    context = {"recordType": "claim", "recordId": "CLM-88"}
    for role, status in ((Role.BILLER, 200), (Role.MANAGER, 404)):
        for path in (f"{RECORDS}/claim/CLM-88", f"{RECORDS}/claim/CLM-88/history"):
            assert product.request("GET", path, role=role).status == status
        assert found(product, role, "CLM-88") == (["CLM-88"] if status == 200 else [])
        types = product.request("GET", f"{RECORDS}/types", role=role).json["types"]
        assert ("claim" in {one["type"] for one in types}) == (status == 200)
        opened = product.request("POST", "/api/v1/modes/eligibility/context", role=role, json=context).status
        assert (opened == 404) == (status == 404)


def test_only_who_writes_a_type_deletes_its_records(product: InMemoryProduct, monkeypatch: pytest.MonkeyPatch) -> None:
    write(product, "patient", ANA)
    monkeypatch.setitem(ROLES_BY_WRITTEN_TYPE, "patient", frozenset({Role.ADMIN}))
    assert product.request("DELETE", f"{RECORDS}/patient/MRN900", role=Role.MANAGER).status == 403
    assert product.request("DELETE", f"{RECORDS}/patient/MRN900", role=Role.ADMIN).status == 200
