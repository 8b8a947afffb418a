"""The letters that guidance offers, and that they are drafted with what the offer holds alone: in memory."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from infra.local.demo_accounts import LAKESIDE, RIVERSIDE, Organisation
from shared.models.roles import Role
from tests.functions.authorization_office import PATIENT, Office, day, today
from tests.functions.claim_office import BillingOffice
from tests.functions.front_desk import Desk
from tests.functions.in_memory import Answer, InMemoryProduct

GUIDANCE = "/api/v1/components/guidance"
DRAFTS = "/api/v1/modes/email-drafter/drafts"
RECORDS = ("visit.record", "authorization.record", "claim.record")


class Post:
    """Somebody who is offered letters in a context, and takes them."""

    def __init__(self, product: InMemoryProduct, context: str, role: Role, where: Organisation = RIVERSIDE) -> None:
        self.product = product
        self.context = context
        self.role = role
        self.where = where

    def offers(self) -> dict[str, Any]:
        """The letters that are offered, by their template."""
        answer = self._ask("GET", f"{GUIDANCE}/{self.context}")
        found = [one for one in answer.json["guidanceActions"] if one["action"] == "draft_email"]
        return {one["params"]["template"]: one for one in found}

    def run(self, action: str, params: dict[str, Any], **headers: str) -> Answer:
        """Carry out an action of guidance."""
        body = {"contextId": self.context, "action": action, "params": params}
        return self._ask("POST", f"{GUIDANCE}/execute", body, **headers)

    def drafted(self, template: str) -> Any:
        """The draft of the letter that is offered, from the offer alone."""
        offer = self.offers()[template]
        assert offer["reason"]["evidence"]
        answer = self.run(offer["action"], offer["params"])
        assert answer.status == 200, answer.json
        draft = answer.json["data"]["draft"]
        assert (draft["template"], draft["state"]) == (template, "draft")
        assert not set(draft["missing"]) & set(RECORDS), "the letter holds for the record"
        return draft

    def kept(self) -> list[Any]:
        """All drafts of this person."""
        found: list[Any] = self._ask("GET", f"{DRAFTS}?author=me").json["drafts"]
        return found

    def record_of(self, draft: Any) -> tuple[str, str, str]:
        """What the draft's context is about."""
        found = self.product.live.contexts.get(self.where.id, draft["contextId"])
        assert found is not None
        return found.mode, found.record_type, found.record_id

    def _ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        content = {} if body is None else {"json": body}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.product.request(
            method, path, role=self.role, organisation=self.where, headers=named or None, **content
        )


@pytest.fixture
def desk(product: InMemoryProduct) -> Desk:
    rows = product.records.tables.rows["visits"]
    rows[:] = [row for row in rows if row["visit_date"] != today()]
    return Desk(product)


def at(desk: Desk, number: str, role: Role = Role.FRONT_DESK) -> Post:
    desk.open(number, "Visit ID")
    return Post(desk.product, desk.context, role)


def test_who_did_not_come_is_written_to_about_the_missed_visit(desk: Desk) -> None:
    desk.visit("V-1")
    desk.visit("V-2", "no_show")
    assert at(desk, "V-1").offers() == {}
    post = at(desk, "V-2")
    draft = post.drafted("no_show_rebook")
    assert post.record_of(draft) == ("email-drafter", "visit", "V-2")
    assert today().strftime("%B") in draft["body"]


def test_a_patient_in_hand_is_written_to_about_the_visit_that_was_missed(desk: Desk) -> None:
    desk.visit("V-2", "no_show")
    desk.open("MRN553", "Patient ID")
    post = Post(desk.product, desk.context, Role.FRONT_DESK)
    assert post.record_of(post.drafted("no_show_rebook")) == ("email-drafter", "visit", "V-2")


def test_a_statement_says_what_is_owed(desk: Desk) -> None:
    billed = {"claim_number": "C-9", "patient_id": PATIENT, "status": "paid", "service_date": today()}
    money = {"amount": Decimal(150), "paid_amount": Decimal("117.75"), "patient_amount": Decimal("32.25")}
    desk.product.records.tables.add("claims", {"client_id": RIVERSIDE.id} | billed | money)
    desk.visit("V-1", "arrived")
    draft = at(desk, "V-1").drafted("balance_reminder")
    assert "$32.25" in draft["body"]
    assert draft["missing"] == ["recipient.address"]


def test_a_letter_is_drafted_once_however_often_it_is_asked_for(desk: Desk) -> None:
    desk.visit("V-2", "no_show")
    post = at(desk, "V-2")
    params = post.offers()["no_show_rebook"]["params"]
    first, again = (post.run("draft_email", params, Idempotency_Key="one-letter") for _ in range(2))
    assert (first.status, again.status, again.json) == (200, 200, first.json)
    assert len(post.kept()) == 1


def test_who_only_looks_is_offered_no_letter_and_drafts_none(desk: Desk) -> None:
    desk.visit("V-2", "no_show")
    post = at(desk, "V-2", Role.AUDITOR)
    assert post.offers() == {}
    assert post.run("draft_email", {"template": "no_show_rebook"}).status == 403


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({}, "missing"),
        ({"template": "nonesuch"}, "unknown_template"),
        ({"template": "no_show_rebook", "recordType": "Visit ID"}, "value_error"),
    ],
)
def test_a_letter_that_cannot_be_is_refused_and_opens_nothing(desk: Desk, params: dict[str, Any], code: str) -> None:
    desk.visit("V-2", "no_show")
    post = at(desk, "V-2")
    known = len(desk.product.live.documents.contexts)
    answer = post.run("draft_email", params)
    assert (answer.status, answer.json["errors"][0]["code"]) == (422, code)
    assert len(desk.product.live.documents.contexts) == known


def test_another_organisations_record_is_not_written_about(desk: Desk) -> None:
    desk.visit("V-2", "no_show")
    post = at(desk, "V-2")
    foreign = {"template": "coverage_inactive_notice", "recordType": "Visit ID", "recordId": "V-none"}
    assert post.run("draft_email", foreign).status == 404
    assert post.kept() == []


def test_why_a_letter_is_not_offered_is_said(desk: Desk) -> None:
    desk.visit("V-1")
    desk.visit("V-2", "no_show")
    told = at(desk, "V-1").run("why_not", {"action": "draft_email"}).json["data"]
    assert (told["available"], told["reason"]["code"]) == (False, "not_offered")
    assert "the patient did not come" in told["reason"]["text"]
    assert at(desk, "V-2").run("why_not", {"action": "draft_email"}).json["data"] == {
        "action": "draft_email",
        "available": True,
    }
    desk.open()
    nobody = Post(desk.product, desk.context, Role.FRONT_DESK).run("why_not", {"action": "draft_email"})
    assert nobody.json["data"]["available"] is False


def test_whose_coverage_is_not_active_is_written_to(product: InMemoryProduct) -> None:
    office = Office(product, Role.FRONT_DESK, LAKESIDE)
    office.open()
    office.act("check_eligibility")
    draft = Post(product, office.context, Role.FRONT_DESK, LAKESIDE).drafted("coverage_inactive_notice")
    assert "not active" in draft["body"]


def test_a_payer_is_asked_about_the_authorization_that_is_awaited(product: InMemoryProduct) -> None:
    office = Office(product)
    office.rule(requires_auth=True)
    other = office.requested(serviceType="PT", periodStart=day(1))
    awaited = office.requested()
    office.open()
    office.act("check_eligibility", serviceType="98", dateOfService=day(0))
    post = Post(product, office.context, Role.ELIGIBILITY_SPECIALIST)
    draft = post.drafted("auth_status_inquiry")
    assert post.record_of(draft) == ("email-drafter", "authorization", awaited["authNumber"])
    assert other["authNumber"] not in draft["body"]
    assert draft["recipient"]["kind"] == "payer"


@pytest.mark.parametrize(
    ("code", "template", "whom"),
    [
        ("CO-197", "appeal_no_auth", "payer"),
        ("CO-50", "appeal_medical_necessity", "payer"),
        ("CO-29", "appeal_timely_filing", "payer"),
        ("CO-252", "corrected_claim_cover", "payer"),
        ("CO-22", "cob_update_request", "patient"),
        ("CO-27", "insurance_info_needed", "patient"),
    ],
)
def test_a_denial_offers_the_letter_of_its_code(product: InMemoryProduct, code: str, template: str, whom: str) -> None:
    office = BillingOffice.at_work(product)
    post = Post(product, office.context, Role.BILLER)
    assert post.offers() == {}
    office.denied(code)
    assert set(post.offers()) == {template}
    draft = post.drafted(template)
    assert draft["recipient"]["kind"] == whom
    assert post.record_of(draft) == ("email-drafter", "claim", "CLM-1")


def test_an_appeal_that_is_open_may_still_be_written(product: InMemoryProduct) -> None:
    office = BillingOffice.at_work(product)
    office.denied("CO-50")
    office.act("start_appeal", ground="medical_necessity")
    post = Post(product, office.context, Role.BILLER)
    assert "disabledReason" not in post.offers()["appeal_medical_necessity"]
    post.drafted("appeal_medical_necessity")
