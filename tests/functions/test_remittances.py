"""The routes about payers' files through the real app on in-memory stores."""

from __future__ import annotations

import base64
import random
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from infra.local.demo_accounts import LAKESIDE, RIVERSIDE, Organisation, demo_id
from shared.models.roles import Role
from tests.functions.in_memory import Answer, InMemoryProduct
from tests.payer_file_samples import acknowledgement_of, remittance_of

BACKEND = "/api/v1/modes/backend"
LINE = ("CLP*CLM-835*1*100*80**12*P-77", "CAS*CO*45*20")


class BillingOffice:
    """One product, asked as people of an organisation; with a claim CLM-835 of 100 dollars at Riverside."""

    def __init__(self, product: InMemoryProduct) -> None:
        self.product = product
        row = {"client_id": RIVERSIDE.id, "claim_number": "CLM-835", "amount": Decimal("100.00"), "status": "accepted"}
        row |= {"patient_id": demo_id("patient", RIVERSIDE.key, "MRN553"), "service_date": date(2026, 9, 22)}
        product.records.tables.add("claims", row)

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        role: Role | str = Role.BILLER,
        organisation: Organisation = RIVERSIDE,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        content = {} if body is None else {"json": body}
        return self.product.request(
            method, f"{BACKEND}{path}", role=role, organisation=organisation, headers=headers, **content
        )

    def post(self, *segments: str, trace: str = "T-1", amount: str = "80", **how: Any) -> Answer:
        return self.ask("POST", "/remittances", {"content": remittance_of(trace, *segments, amount=amount)}, **how)


@pytest.fixture
def office(product: InMemoryProduct) -> BillingOffice:
    return BillingOffice(product)


def test_new_file_is_201_and_a_known_one_200(office: BillingOffice) -> None:
    first, second = office.post(*LINE), office.post(*LINE)
    assert (first.status, second.status) == (201, 200)
    assert [one["outcome"] for one in first.json["files"][0]["lines"]] == ["posted"]
    assert [one["outcome"] for one in second.json["files"][0]["lines"]] == ["already_posted"]
    assert first.json["files"][0]["totals"]["postedCents"] == 8000
    claim = office.ask("GET", "/claims/CLM-835").json
    assert claim["status"] == "paid"


def test_same_request_with_a_key_gets_the_same_answer(office: BillingOffice) -> None:
    key = {"Idempotency-Key": "post-1"}
    first, second = office.post(*LINE, headers=key), office.post(*LINE, headers=key)
    assert (second.status, second.json) == (first.status, first.json) == (201, first.json)
    other = office.post(*LINE, trace="T-2", headers=key)
    assert (other.status, other.json["code"]) == (422, "idempotency_mismatch")


def test_file_is_shown_listed_and_matched(office: BillingOffice) -> None:
    posted = office.post("CLP*NONE*1*100*80**12*X").json["files"][0]
    assert (posted["lines"][0]["outcome"], posted["lines"][0]["reason"]) == ("not_posted", "unknown_claim")
    assert office.ask("GET", f"/remittances/{posted['id']}", role=Role.AUDITOR).json["lines"] == posted["lines"]
    listed = office.ask("GET", "/remittances?unmatched=true").json["remittances"]
    assert [one["id"] for one in listed] == [posted["id"]]
    path = f"/remittances/{posted['id']}/lines/1/match"
    unknown = office.ask("POST", path, {"claimId": "CLM-NONE"})
    assert (unknown.status, unknown.json["code"]) == (404, "not_found")
    matched = office.ask("POST", path, {"claimId": "CLM-835"})
    assert (matched.status, matched.json["lines"][0]["claimNumber"]) == (200, "CLM-835")
    again = office.ask("POST", path, {"claimId": "CLM-835"})
    assert (again.status, again.json["code"]) == (409, "already_posted")
    assert office.ask("GET", "/remittances?unmatched=true").json["remittances"] == []


def test_another_organisation_sees_nothing_of_it(office: BillingOffice) -> None:
    posted = office.post(*LINE, organisation=LAKESIDE).json["files"][0]
    assert posted["lines"][0]["reason"] == "unknown_claim"
    for method, path, body in (
        ("GET", f"/remittances/{posted['id']}", None),
        ("POST", f"/remittances/{posted['id']}/lines/1/match", {"claimId": "CLM-835"}),
    ):
        assert office.ask(method, path, body).status == 404
    assert office.ask("GET", "/remittances").json["remittances"] == []
    assert office.ask("GET", "/claims/CLM-835").json["status"] == "accepted"


def test_acknowledgement_moves_the_claim(office: BillingOffice) -> None:
    office.product.records.tables.rows["claims"][-1]["status"] = "submitted"
    content = acknowledgement_of("CA-1", "HL*2*1*PT", "NM1*QC*1*", "TRN*2*CLM-835", "STC*A7:562:85**U*100")
    answer = office.ask("POST", "/claim-status-files", {"content": content})
    assert (answer.status, answer.json["files"][0]["lines"][0]["claimStatus"]) == (201, "rejected")
    assert office.ask("GET", "/remittances").json["remittances"] == []
    listed = office.ask("GET", "/remittances?kind=acknowledgement").json["remittances"]
    assert [one["traceNumber"] for one in listed] == ["CA-1"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "missing"),
        ({"content": ""}, "string_too_short"),
        ({"content": 5}, "string_type"),
        ({"content": "ISA"}, "isa_expected"),
        ({"content": "ISA*" + "x" * 500}, "isa_incomplete"),
        ({"content": "\u0001" * 100}, "isa_expected"),
        ({"content": remittance_of("T", *LINE)[:-40]}, "truncated"),
        ({"content": remittance_of("T", "CLP*C*1*1.001*1")}, "fraction_of_a_cent"),
        ({"content": remittance_of("T").replace("*P*:", "*P**")}, "delimiter"),
        ({"content": acknowledgement_of("CA")}, "other_transaction"),
        ({"content": "x" * 950_001}, "string_too_long"),
    ],
)
def test_what_is_no_remittance_is_422_naming_why(office: BillingOffice, body: dict[str, Any], code: str) -> None:
    answer = office.ask("POST", "/remittances", body)
    assert answer.status == 422
    assert [(one["field"], one["code"]) for one in answer.json["errors"]] == [("content", code)]


def test_file_over_the_limit_of_a_body_is_413(office: BillingOffice) -> None:
    assert office.ask("POST", "/remittances", {"content": "x" * 1_100_000}).status == 413


@pytest.mark.parametrize("query", ["?cursor=nonsense", "?limit=0", "?limit=101", "?kind=other", "?unmatched=perhaps"])
def test_bad_list_is_422(office: BillingOffice, query: str) -> None:
    assert office.ask("GET", f"/remittances{query}").status == 422


@pytest.mark.parametrize("seed", range(20))
def test_mutated_file_is_never_a_500(office: BillingOffice, seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 (repeatable, not secret)
    content = bytearray(remittance_of("T", *LINE, "NM1*QC*1*ORTIZ*ANA", "PLB*1*20261231*WO:A*5").encode())
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(106, len(content))
        content[at : at + rng.randint(0, 4)] = bytes(rng.choice(b"*~:^-.09 AZ") for _ in range(rng.randint(0, 4)))
    for path in ("/remittances", "/claim-status-files"):
        answer = office.ask("POST", path, {"content": content.decode("latin-1")})
        assert answer.status in {200, 201, 422}, answer.json


def test_no_name_of_the_file_stands_in_the_audit_trail(office: BillingOffice) -> None:
    office.post("CLP*NONE*1*100*80**12*X", "NM1*QC*1*SECRETNAME*ANA", trace="TRACE-77")
    told = " ".join(one.model_dump_json() for one in office.product.records.tables.events)
    assert "SECRETNAME" not in told
    assert "TRACE-77" not in told
    assert base64.b64encode(b"SECRETNAME").decode() not in told
